/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QOM property "stats": what a range and its endpoint count. */
#include "dma_request.h"

#include <string.h>

#define VMMIO0 "/machine/peripheral/vmmio0"
#define VMMIO1 "/machine/peripheral/vmmio1"

static JsonObject *get_stats(struct qtest *vm, const char *path)
{
    return qmp_get_object(vm, path, "stats");
}

static void check_count(JsonObject *stats, const char *name, int64_t expected)
{
    ck_assert_msg(json_object_has_member(stats, name), "no member %s", name);
    ck_assert_msg(json_object_get_int_member(stats, name) == expected, "%s is %" PRId64 ", not %"
                  PRId64, name, json_object_get_int_member(stats, name), expected);
}

typedef struct Counts {
    const char *name;
    int64_t value;
} Counts;

/* All counters of a range: those that are not named must be 0. */
static void check_range(struct qtest *vm, const char *path, const Counts *expected, size_t n)
{
    static const char *const names[] = { "reads", "writes", "bytes", "errors", "timeouts",
                                         "lost", "unclaimed", "claims" };
    g_autoptr(JsonObject) stats = get_stats(vm, path);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        int64_t value = 0;

        for (size_t k = 0; k < n; k++) {
            value = strcmp(expected[k].name, names[i]) == 0 ? expected[k].value : value;
        }
        check_count(stats, names[i], value);
    }
}
#define CHECK_RANGE(vm, path, ...)                                                                 \
    check_range(vm, path, (const Counts[]){ __VA_ARGS__ },                                         \
                G_N_ELEMENTS(((const Counts[]){ __VA_ARGS__ })))

/* Answered accesses; their number is `count`, and the figures must fit each other. */
static void check_latency(struct qtest *vm, int64_t count, int64_t at_least_ns)
{
    g_autoptr(JsonObject) stats = get_stats(vm, VMMIO0);
    JsonObject *latency = json_object_get_object_member(stats, "latency");
    JsonArray *histogram = json_object_get_array_member(latency, "histogram");
    int64_t min = json_object_get_int_member(latency, "min-ns");
    int64_t mean = json_object_get_int_member(latency, "mean-ns");
    int64_t max = json_object_get_int_member(latency, "max-ns");
    int64_t sum = 0;

    check_count(latency, "count", count);
    ck_assert_int_ge(min, at_least_ns);
    ck_assert_int_ge(mean, min);
    ck_assert_int_ge(max, mean);
    for (guint i = 0; i < json_array_get_length(histogram); i++) {
        int64_t in_bucket = json_array_get_int_element(histogram, i);

        sum += in_bucket;
        if (min >> i == 1 || max >> i == 1) {
            ck_assert_int_gt(in_bucket, 0);
        }
        if (min >> i > 1 || max >> i == 0) {
            ck_assert_int_eq(in_bucket, 0);
        }
    }
    ck_assert_int_eq(sum, count);
    /* The bucket of the longest is the last. */
    if (count > 0) {
        ck_assert_int_eq(max >> (json_array_get_length(histogram) - 1), 1);
    } else {
        ck_assert_int_eq(max, 0);
        ck_assert_uint_eq(json_array_get_length(histogram), 0);
    }
}

/* An access that is answered with these data, or with an error. */
static void answered_read(struct qtest *vm, struct peer *peer, unsigned size, bool error)
{
    uint8_t request[PEER_PACKET];

    qtest_send_read(vm, size, DEVICE_BASE);
    peer_receive(peer, request);
    if (error) {
        peer_set_error(request);
    }
    peer_answer(peer, request, 0x55);
    qtest_answer_value(vm);
}

static void answered_write(struct qtest *vm, struct peer *peer, unsigned size)
{
    uint8_t request[PEER_PACKET];

    qtest_send_write(vm, size, DEVICE_BASE, 1);
    peer_receive(peer, request);
    peer_send(peer, request, sizeof(request));
    g_free(qtest_answer(vm));
}

START_TEST(nothing_at_first)
{
    g_autoptr(JsonObject) stats = NULL;
    g_autofree char *tree = NULL;
    struct qtest vm;

    device_start(&vm, "");
    CHECK_RANGE(&vm, VMMIO0, { "claims", 0 });
    check_latency(&vm, 0, 0);
    stats = get_stats(&vm, VMMIO0);
    ck_assert(!json_object_get_boolean_member(stats, "handler-connected"));
    /* What is looked at by people stays short. */
    tree = qmp_human(&vm, "info qtree");
    ck_assert_ptr_nonnull(strstr(tree, "dev: vmmio, id \"vmmio0\""));
    ck_assert_ptr_null(strstr(tree, "histogram"));
    qtest_stop(&vm);
}
END_TEST

START_TEST(accesses)
{
    g_autoptr(JsonObject) stats = NULL;
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    qtest_read(&vm, 8, DEVICE_BASE);
    qtest_write(&vm, 2, DEVICE_BASE, 1);
    CHECK_RANGE(&vm, VMMIO0, { "reads", 1 }, { "writes", 1 }, { "bytes", 10 }, { "unclaimed", 2 });
    check_latency(&vm, 0, 0);

    device_connect_and_claim(&vm, &peer);
    answered_read(&vm, &peer, 4, false);
    answered_read(&vm, &peer, 1, true);
    answered_read(&vm, &peer, 8, false);
    answered_write(&vm, &peer, 2);
    CHECK_RANGE(&vm, VMMIO0, { "reads", 4 }, { "writes", 2 }, { "bytes", 25 }, { "unclaimed", 2 },
                { "errors", 1 }, { "claims", 1 });
    check_latency(&vm, 4, 1);
    stats = get_stats(&vm, VMMIO0);
    ck_assert(json_object_get_boolean_member(stats, "handler-connected"));
    qtest_stop(&vm);
}
END_TEST

/* The handler takes its time before it answers. */
START_TEST(latency)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "");
    device_connect_and_claim(&vm, &peer);
    for (unsigned i = 0; i < 3; i++) {
        qtest_send_read(&vm, 4, DEVICE_BASE);
        peer_receive(&peer, request);
        g_usleep(20 * 1000);
        peer_answer(&peer, request, 1);
        qtest_answer_value(&vm);
    }
    check_latency(&vm, 3, 20 * 1000 * 1000);
    qtest_stop(&vm);
}
END_TEST

START_TEST(no_answer)
{
    g_autoptr(JsonObject) stats = NULL;
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=50");
    device_connect_and_claim(&vm, &peer);
    qtest_read(&vm, 4, DEVICE_BASE);
    qtest_write(&vm, 4, DEVICE_BASE, 0);
    CHECK_RANGE(&vm, VMMIO0, { "reads", 1 }, { "writes", 1 }, { "bytes", 8 }, { "timeouts", 2 },
                { "claims", 1 });
    check_latency(&vm, 0, 0);
    /* What comes too late is no answer: it counts for the endpoint. */
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_answer(&peer, request, 1);
    peer_receive(&peer, request);
    /* Behind it on the stream, so that the device has dealt with it. */
    dma_expect_written(&peer, 1, DMA_RAM);
    check_latency(&vm, 0, 0);
    stats = get_stats(&vm, VMMIO0);
    check_count(json_object_get_object_member(stats, "endpoint"), "unsolicited", 1);
    qtest_stop(&vm);
}
END_TEST

START_TEST(connection_lost)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "timeout-ms=0");
    device_connect_and_claim(&vm, &peer);
    qtest_send_read(&vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, request);
    peer_close(&peer);
    qtest_answer_value(&vm);
    CHECK_RANGE(&vm, VMMIO0, { "reads", 1 }, { "bytes", 4 }, { "lost", 1 }, { "claims", 1 });
    qtest_stop(&vm);
}
END_TEST

/* Two ranges of an endpoint: each its own accesses, both the same socket. */
START_TEST(two_ranges)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=0 -device vmmio,id=vmmio1,listen=127.0.0.1:0,start=0x1000000000");
    device_connect_and_claim(&vm, &peer);
    answered_read(&vm, &peer, 4, false);
    qtest_read(&vm, 2, 0x1000000000);
    CHECK_RANGE(&vm, VMMIO0, { "reads", 1 }, { "bytes", 4 }, { "claims", 1 });
    CHECK_RANGE(&vm, VMMIO1, { "reads", 1 }, { "bytes", 2 }, { "unclaimed", 1 });
    qtest_stop(&vm);
}
END_TEST

#define WORD_0_OF_CLIENT "00 00 00 80 00 00 00 00 "

/* What two connections have brought, also when one of them has ended. */
static void check_endpoint(struct qtest *vm)
{
    g_autoptr(JsonObject) stats = get_stats(vm, VMMIO0);
    JsonObject *link = json_object_get_object_member(stats, "endpoint");

    check_count(link, "connections", 2);
    check_count(link, "packets-received", 1 + 2 + 2 + 1 + 1 + 6);
    check_count(link, "packets-sent", 2 + 6);
    check_count(link, "unknown-opcodes", 2);
    check_count(link, "long-packets", 1);
    check_count(link, "unsolicited", 1);
    check_count(link, "dma-reads", 3);
    check_count(link, "dma-writes", 3);
    check_count(link, "dma-errors", 2);
}

START_TEST(endpoint)
{
    struct qtest vm;
    struct peer idle, peer;

    device_start(&vm, "ping-ms=0");
    device_connect(&vm, "vmmio0", &idle);
    device_connect_and_claim(&vm, &peer);
    answered_read(&vm, &peer, 4, false);
    answered_write(&vm, &peer, 4);
    peer_send_text(&peer, WORD_0_OF_CLIENT "33");
    peer_send_text(&peer, WORD_0_OF_CLIENT "34");
    /* A reply to nothing; a packet of two blocks, which are one packet. */
    peer_send_text(&peer, "00 00 00 00 11 22 33 44  01");
    peer_send_text(&peer, "00 01 00 80");
    peer_send_text(&peer, "");
    dma_expect_written(&peer, 4, DMA_RAM);
    dma_expect_written(&peer, 4, DMA_RAM);
    dma_expect_data(&peer, 4, DMA_RAM, (const uint8_t *)"\1\2\3\4");
    dma_expect_refused(&peer, 0, DMA_RAM);
    dma_expect_data(&idle, 4, DMA_RAM, (const uint8_t *)"\1\2\3\4");

    check_endpoint(&vm);
    peer_close(&peer);
    device_await_released(&vm);
    check_endpoint(&vm);
    qtest_stop(&vm);
}
END_TEST

/* The policy for it does not matter: there was nobody to ask. */
START_TEST(handler_gone)
{
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "on-disconnect=error");
    device_connect_and_claim(&vm, &peer);
    peer_close(&peer);
    device_await_released(&vm);
    qtest_read(&vm, 4, DEVICE_BASE);
    CHECK_RANGE(&vm, VMMIO0, { "reads", 1 }, { "bytes", 4 }, { "unclaimed", 1 }, { "claims", 1 });
    qtest_stop(&vm);
}
END_TEST

/* Wait until the endpoint counts as many packets that are not whole. */
static void await_unfinished(struct qtest *vm, gint64 count)
{
    gint64 end = g_get_monotonic_time() + DEVICE_TEST_SECONDS * G_USEC_PER_SEC;
    gint64 now;

    do {
        g_autoptr(JsonObject) stats = get_stats(vm, VMMIO0);

        g_usleep(1000);
        ck_assert(g_get_monotonic_time() < end);
        now = json_object_get_int_member(json_object_get_object_member(stats, "endpoint"),
                                         "unfinished");
    } while (now != count);
}

/* A claim in two halves; then the first bytes of a packet, behind which the connection ends. */
START_TEST(unfinished)
{
    uint8_t claim[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    device_start(&vm, "ping-ms=0");
    device_connect(&vm, "vmmio0", &peer);
    peer_parse(DEVICE_CLAIM_0, claim);
    peer_send(&peer, claim, PEER_PACKET / 2);
    await_unfinished(&vm, 1);
    peer_send(&peer, claim + PEER_PACKET / 2, PEER_PACKET / 2);
    device_await_claims(&vm, "vmmio0", 1);
    await_unfinished(&vm, 0);
    peer_send(&peer, claim, 1);
    await_unfinished(&vm, 1);
    peer_close(&peer);
    device_await_released(&vm);
    await_unfinished(&vm, 1);
    qtest_stop(&vm);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("stats", nothing_at_first, accesses, latency, no_answer, connection_lost,
                      two_ranges, endpoint, handler_gone, unfinished);
}
