/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many DMA requests a second go through a connection, with up to 1024 of them outstanding:
 *
 *     dma-stream [-m] [-a ADDRESS] read|write COUNT CPU A.B.C.D:PORT|unix:PATH
 *     dma-stream [-m] [-a ADDRESS] read|write COUNT CPU tcp|unix CPU
 *
 * The first form asks a VM. The second is its yardstick: the same requests to a child process that
 * sends the same 64 bytes back, each side tied to a CPU. Requests are of 32 bytes, in turn over
 * 64 KiB from ADDRESS on (default 0). Each goes out by a send() of its own, with -m as many by
 * one as there is room for. Prints requests a second. Exit status 1: an error, a failed request
 * or a reply out of order.
 */
#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "wire.h"

enum {
    OUTSTANDING = 1024,
    BULK = OUTSTANDING * VMMIO_BLOCK,
    SPAN = 64 * 1024,
    STEP = VMMIO_DATA_BYTES_MAX,
};

struct options {
    bool many; /* requests by one send() */
    bool write;
    uint64_t address;
    unsigned long count;
};

struct stream {
    const struct channel *channel;
    const struct options *options;
    uint8_t unsent[BULK];
    size_t unsent_at, unsent_len; /* bytes of unsent[] */
    unsigned long made;           /* requests, unsent ones too */
    uint8_t replies[BULK];
    size_t have; /* bytes of replies[], less than a packet between calls */
    unsigned long answered;
};

static void make_request(const struct options *options, unsigned long number,
                         uint8_t block[VMMIO_BLOCK])
{
    struct vmmio_packet packet = {
        .opcode = options->write ? VMMIO_OP_WRITEA : VMMIO_OP_READ,
        .from_client = true,
        .tag = (uint32_t)number,
        .size = STEP,
        .byte_enable = options->write ? vmmio_byte_enable_mask(STEP) : 0,
        .addr = options->address + number * STEP % SPAN,
    };

    for (unsigned i = 0; i < STEP / 8; i++) {
        packet.data[i] = options->write ? number : VMMIO_FILL_WORD;
    }
    vmmio_encode(&packet, block);
}

/* Make what may be outstanding, or one request; only when all made before is sent. */
static void make_requests(struct stream *s)
{
    unsigned long most = s->answered + OUTSTANDING;

    if (most > s->options->count) {
        most = s->options->count;
    }
    if (!s->options->many && most > s->made + 1) {
        most = s->made + 1;
    }
    s->unsent_at = 0;
    s->unsent_len = 0;
    while (s->made < most) {
        make_request(s->options, s->made++, s->unsent + s->unsent_len);
        s->unsent_len += VMMIO_BLOCK;
    }
}

/* False: the socket is full, or there is nothing to send before a reply arrives. */
static bool send_some(struct stream *s)
{
    size_t n;

    if (s->unsent_at == s->unsent_len) {
        make_requests(s);
    }
    if (s->unsent_at == s->unsent_len) {
        return false;
    }
    n = channel_send_some(s->channel, s->unsent + s->unsent_at, s->unsent_len - s->unsent_at);
    s->unsent_at += n;
    return n > 0;
}

static void check_reply(struct stream *s, const uint8_t block[VMMIO_BLOCK])
{
    struct vmmio_packet packet;

    vmmio_decode(block, &packet);
    if (packet.error) {
        errx(EXIT_FAILURE, "the VM refused a request for 0x%" PRIx64, packet.addr);
    }
    if (packet.tag != (uint32_t)s->answered) {
        errx(EXIT_FAILURE, "reply %lu has the tag of request %" PRIu32, s->answered, packet.tag);
    }
    s->answered++;
}

static void receive_some(struct stream *s)
{
    size_t n = channel_receive(s->channel, s->replies + s->have, sizeof(s->replies) - s->have);
    size_t used = 0;

    if (n == 0) {
        errx(EXIT_FAILURE, "the other side closed after %lu replies", s->answered);
    }
    s->have += n;
    for (; s->have - used >= VMMIO_BLOCK; used += VMMIO_BLOCK) {
        check_reply(s, s->replies + used);
    }
    s->have -= used;
    memmove(s->replies, s->replies + used, s->have);
}

/* A full socket may be full because the other side waits for us to read. */
static void wait_for_progress(struct stream *s)
{
    if (s->unsent_at == s->unsent_len || channel_wait_either(s->channel)) {
        receive_some(s);
    }
}

static double measure(const struct channel *channel, const struct options *options)
{
    static struct stream stream;
    uint64_t start = bench_now_ns();

    stream.channel = channel;
    stream.options = options;
    while (stream.answered < options->count) {
        if (!send_some(&stream)) {
            wait_for_progress(&stream);
        }
    }
    return (double)options->count * 1e9 / (double)(bench_now_ns() - start);
}

static void echo(const struct channel *channel)
{
    static uint8_t bytes[BULK];
    size_t len;

    while ((len = channel_receive(channel, bytes, sizeof(bytes))) > 0) {
        channel_send(channel, bytes, len);
    }
}

/* Start the yardstick's other side on its CPU; *channel becomes the connection to it. */
static pid_t start_echo(const char *kind, const char *cpu, struct channel *channel)
{
    struct channel ends[2];
    pid_t child;

    channel_pair(kind, false, ends);
    child = fork();
    if (child < 0) {
        err(EXIT_FAILURE, "fork");
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        channel_close(&ends[0]);
        bench_pin(cpu);
        echo(&ends[1]);
        exit(EXIT_SUCCESS);
    }
    channel_close(&ends[1]);
    *channel = ends[0];
    return child;
}

static void end_usage(void)
{
    errx(EXIT_FAILURE, "usage: dma-stream [-m] [-a ADDRESS] read|write COUNT CPU "
         "ENDPOINT|tcp CPU|unix CPU");
}

/* Returns the index of the first argument that is no option. */
static int parse(int argc, char **argv, struct options *options)
{
    int letter;

    while ((letter = getopt(argc, argv, "ma:")) != -1) {
        if (letter == 'm') {
            options->many = true;
        } else if (letter == 'a') {
            options->address = strtoull(optarg, NULL, 0);
        } else {
            end_usage();
        }
    }
    if ((argc - optind != 4 && argc - optind != 5) ||
        (strcmp(argv[optind], "read") != 0 && strcmp(argv[optind], "write") != 0)) {
        end_usage();
    }
    options->write = argv[optind][0] == 'w';
    options->count = bench_number(argv[optind + 1], "COUNT");
    return optind;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int first = parse(argc, argv, &options);
    const char *where = argv[first + 3];
    const char *echo_cpu = argv[first + 4];
    struct channel channel;
    pid_t child = -1;

    if (echo_cpu != NULL) {
        child = start_echo(where, echo_cpu, &channel);
    } else {
        channel = channel_connect(where, false);
    }
    bench_pin(argv[first + 2]);
    printf("%.1f\n", measure(&channel, &options));
    channel_close(&channel);
    return child < 0 || waitpid(child, NULL, 0) == child ? EXIT_SUCCESS : EXIT_FAILURE;
}
