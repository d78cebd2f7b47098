/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -trace 'vmmio_*': a line for every packet and every change of state. */
#include "dma_request.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define RANGE "/machine/peripheral/vmmio0"

/* IRQ_UPDATE of range 0 to level 1, but for word 2, the line. */
#define IRQ_UP(line)                                                                               \
    "00 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00 " line " 00 00 00 00 00 00 00  01"

static char *start(struct qtest *vm)
{
    char *path = NULL;
    int fd = g_file_open_tmp("vmmio-trace-XXXXXX", &path, NULL);

    ck_assert_int_ge(fd, 0);
    close(fd);
    qtest_start(vm, "aarch64",
                DEVICE_VIRT " -accel qtest -trace enable=vmmio_*,file=%s "
                "-device vmmio,id=vmmio0,listen=127.0.0.1:0,irq=80,timeout-ms=100", path);
    qmp_open(vm);
    return path;
}

/* One of everything; a DMA request is answered when all before it has been seen to. */
static void make_session(struct qtest *vm)
{
    uint8_t packet[PEER_PACKET];
    struct peer peer;

    qtest_read(vm, 2, DEVICE_BASE + 6);
    device_connect_and_claim(vm, &peer);
    qtest_send_read(vm, 4, DEVICE_BASE);
    peer_expect(&peer, DEVICE_READ_4, packet);
    peer_answer(&peer, packet, 0x600d);
    g_free(qtest_answer(vm));
    peer_send(&peer, packet, sizeof(packet));
    peer_send_text(&peer, IRQ_UP("00"));
    peer_send_text(&peer, IRQ_UP("05"));
    peer_send_text(&peer, "03 00 00 80 00 00 00 00  41");
    peer_send_text(&peer, "00 00 00 80 00 00 00 00  7e");
    peer_send_text(&peer, "00 01 00 80 00 00 00 00  7e");
    peer_send_text(&peer, DEVICE_CLAIM_0);
    dma_expect_written(&peer, 4, DMA_RAM);
    qtest_write(vm, 1, DEVICE_BASE + 1, 0x55);
    qmp_run_until_event(vm, "system_reset", "RESET");
    qtest_send_read(vm, 8, DEVICE_BASE + 8);
    for (unsigned i = 0; i < 3; i++) { /* the write, RESET, the read */
        peer_receive(&peer, packet);
    }
    peer_close(&peer);
    g_free(qtest_answer(vm));
    device_await_released(vm);
}

/* Each in this order, others may be between. "*" stands for a number, such as the client's port. */
static const char *const expected[] = {
    "vmmio_access " RANGE " time=*us read addr=0xfef00006 size=2 data=0xaaaa unclaimed latency=*ns",
    "vmmio_read " RANGE " addr=0xfef00006 size=2 data=0xaaaa",
    "vmmio_connected 127.0.0.1:* client 127.0.0.1:*",
    "vmmio_packet 127.0.0.1:* received RGN_CLAIM iface=0 tag=0 ",
    "vmmio_claimed " RANGE " by 127.0.0.1:*",
    "vmmio_packet 127.0.0.1:* sent READ iface=0 tag=0 addr=0xfef00000 size=4 ",
    "vmmio_packet 127.0.0.1:* received READ iface=0 tag=0 addr=0xfef00000 size=4 data=0x600d ",
    "vmmio_access " RANGE " time=*us read addr=0xfef00000 size=4 data=0x600d handler latency=*ns",
    "vmmio_read " RANGE " addr=0xfef00000 size=4 data=0x600d",
    "vmmio_unsolicited 127.0.0.1:* unsolicited or late reply READ tag=0 ignored",
    "vmmio_packet 127.0.0.1:* received IRQ_UPDATE iface=0 tag=0 addr=0x0 size=0 data=0x1 error=0",
    "vmmio_irq " RANGE " line=0 level=1",
    "vmmio_no_such_line " RANGE " line=5",
    "vmmio_irq_ignored 127.0.0.1:* does not hold range 3",
    "vmmio_unknown_opcode 127.0.0.1:* opcode 0x7e dropped",
    "vmmio_long_packet 127.0.0.1:* packet with 1 further blocks skipped",
    "vmmio_packet 127.0.0.1:* received WRITEA iface=0 ",
    "vmmio_dma 127.0.0.1:* WRITEA addr=0x40000000 size=4 ok=1",
    "vmmio_packet 127.0.0.1:* sent WRITEA iface=0 ",
    "vmmio_write " RANGE " addr=0xfef00001 size=1 data=0x55",
    "vmmio_packet 127.0.0.1:* sent WRITEA iface=0 tag=1 addr=0xfef00001 size=1 data=0x55 error=0",
    "vmmio_timed_out " RANGE " addr=0xfef00001",
    "vmmio_access " RANGE " time=*us write addr=0xfef00001 size=1 data=0x55 unanswered latency=*ns",
    "vmmio_packet 127.0.0.1:* sent RESET iface=0 ",
    "vmmio_packet 127.0.0.1:* sent READ iface=0 tag=2 addr=0xfef00008 size=8 ",
    "vmmio_conn_closed 127.0.0.1:*",
    "vmmio_unanswered " RANGE " addr=0xfef00008",
    "vmmio_access " RANGE
    " time=*us read addr=0xfef00008 size=8 data=0xaaaaaaaaaaaaaaaa unanswered latency=*ns",
};

/* Behind which the expected text is in the log, or NULL. */
static const char *find_behind(const char *log, const char *text)
{
    g_autofree char *quoted = g_regex_escape_string(text, -1);
    g_auto(GStrv) parts = g_strsplit(quoted, "\\*", -1);
    g_autofree char *pattern = g_strjoinv("\\d+", parts);
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    int end;

    ck_assert_ptr_nonnull(regex);
    if (!g_regex_match(regex, log, 0, &match)) {
        return NULL;
    }
    ck_assert(g_match_info_fetch_pos(match, 0, NULL, &end));
    return log + end;
}

START_TEST(a_session)
{
    g_autofree char *log = NULL;
    g_autofree char *path = NULL;
    const char *rest;
    struct qtest vm;

    path = start(&vm);
    make_session(&vm);
    qtest_stop(&vm);
    ck_assert(g_file_get_contents(path, &log, NULL, NULL));
    rest = log;
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const char *behind = find_behind(rest, expected[i]);

        ck_assert_msg(behind, "no line '%s' in what is left of the log:\n%s", expected[i], rest);
        rest = behind;
    }
    ck_assert_ptr_nonnull(find_behind(log, "vmmio_released " RANGE " by 127.0.0.1:*"));
    g_remove(path);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("trace", a_session);
}
