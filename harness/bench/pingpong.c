/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench's yardstick for an access: 64 bytes to and fro between two processes over loopback
 * TCP or a Unix socket, both blocking or both polling, each tied to a CPU (blocking: perhaps the
 * same one).
 *
 *     pingpong tcp|unix block|poll COUNT BATCHES CPU CPU
 *
 * COUNT round trips are shared by the batches, as with vmmio-latency in the guest; each batch
 * prints one line, the nanoseconds of one round trip of it. Exit status 1: an error.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"

enum { PACKET = 64 };

static void echo(const struct channel *channel)
{
    char packet[PACKET];

    while (channel_receive_all(channel, packet, PACKET)) {
        channel_send(channel, packet, PACKET);
    }
}

static double time_batch(const struct channel *channel, unsigned long count)
{
    char packet[PACKET] = {0};
    uint64_t start = bench_now_ns();

    for (unsigned long i = 0; i < count; i++) {
        channel_send(channel, packet, PACKET);
        if (!channel_receive_all(channel, packet, PACKET)) {
            exit(EXIT_FAILURE); /* the other side ended and has said why */
        }
    }
    return (double)(bench_now_ns() - start) / (double)count;
}

int main(int argc, char **argv)
{
    struct channel ends[2];
    unsigned long batches, count;
    pid_t child;

    if (argc != 7) {
        errx(EXIT_FAILURE, "usage: pingpong tcp|unix block|poll COUNT BATCHES CPU CPU");
    }
    batches = bench_number(argv[4], "BATCHES");
    count = bench_number(argv[3], "COUNT") / batches;
    if (count == 0) {
        errx(EXIT_FAILURE, "COUNT is at least BATCHES");
    }
    channel_pair(argv[1], channel_poll_from(argv[2]), ends);
    child = fork();
    if (child < 0) {
        err(EXIT_FAILURE, "fork");
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        channel_close(&ends[0]);
        bench_pin(argv[6]);
        echo(&ends[1]);
        return EXIT_SUCCESS;
    }
    channel_close(&ends[1]);
    bench_pin(argv[5]);
    while (batches-- > 0) {
        printf("%.1f\n", time_batch(&ends[0], count));
    }
    channel_close(&ends[0]);
    return waitpid(child, NULL, 0) == child ? EXIT_SUCCESS : EXIT_FAILURE;
}
