/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much CPU time a handler spends on a request, with libcoreio or bare:
 *
 *     client-cpu coreio|bare COUNT CPU
 *     client-cpu exec COUNT CPU PROGRAM [ARGUMENT...]
 *
 * This process plays the VM: it sends COUNT reads of 4 bytes, each after the reply to the one
 * before. A child answers them, through the library or by recv() and send() alone, and prints the
 * microseconds of CPU time that one took it, kernel included. Both are tied to the same CPU: waking
 * another one up costs ten times as much, and varies by more than what is measured here. With
 * `exec` the child runs PROGRAM, adding the endpoint, COUNT and the number of requests before
 * that are to bring caches up to speed. Exit status 1: an error.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "coreio-ctx.h"
#include "wire.h"

#define START 0xfef00000u

enum { WARM_UP = 1000, DATA_AT = 3 * 8 };

static uint8_t memory[256];
static unsigned long left;
static double began;

static double cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Called for each request; the first ones bring caches and TCP up to speed. */
static void count_request(unsigned long count)
{
    if (left == count) {
        began = cpu_us();
    }
    left--;
}

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    (void)flags;
    memcpy(buf, memory + addr % 64, len);
    count_request(*(const unsigned long *)priv);
    return 0;
}

static void serve_by_library(const char *endpoint, unsigned long count)
{
    static const coreio_func_t func = {.read = on_read};
    coreio_ctx *ctx = coreio_ctx_new();

    if (ctx == NULL || coreio_ctx_register(ctx, 0, &func, &count) != 0 ||
        coreio_ctx_connect(ctx, endpoint) != 0) {
        errx(EXIT_FAILURE, "libcoreio cannot connect to %s", endpoint);
    }
    coreio_ctx_run(ctx, -1);
    coreio_ctx_free(ctx);
}

/* As little as a handler can do: no framing, no decoding, the same read of a memory. */
static void serve_bare(const char *endpoint, unsigned long count)
{
    struct channel channel = channel_connect(endpoint, false);
    struct vmmio_packet claim = {.opcode = VMMIO_OP_RGN_CLAIM, .from_client = true};
    uint8_t block[VMMIO_BLOCK];

    vmmio_encode(&claim, block);
    channel_send(&channel, block, sizeof(block));
    while (channel_receive(&channel, block, sizeof(block)) == sizeof(block)) {
        memcpy(block + DATA_AT, memory, 4);
        count_request(count);
        channel_send(&channel, block, sizeof(block));
    }
}

/* The handler: prints its figure when the VM has gone. */
static void handle(const char *kind, const char *endpoint, unsigned long count)
{
    double spent;

    left = count + WARM_UP;
    if (strcmp(kind, "coreio") == 0) {
        serve_by_library(endpoint, count);
    } else {
        serve_bare(endpoint, count);
    }
    spent = cpu_us() - began;
    if (left != 0) {
        errx(EXIT_FAILURE, "%lu requests did not arrive", left);
    }
    printf("%.4f\n", spent / (double)count);
}

/* A handler in another language. */
static void run_handler(char **command, int words, const char *endpoint, const char *count)
{
    char warm_up[16];
    char *argv[words + 4];

    snprintf(warm_up, sizeof(warm_up), "%d", WARM_UP);
    memcpy(argv, command, (size_t)words * sizeof(*argv));
    argv[words] = (char *)endpoint;
    argv[words + 1] = (char *)count;
    argv[words + 2] = warm_up;
    argv[words + 3] = NULL;
    execvp(argv[0], argv);
    err(EXIT_FAILURE, "%s", argv[0]);
}

static int listen_on(struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof(*address)) != 0 ||
        listen(fd, 1) != 0) {
        err(EXIT_FAILURE, "cannot listen on %s", address->sun_path);
    }
    return fd;
}

static void drive(int listener, unsigned long count)
{
    struct channel channel = {.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
    struct vmmio_packet read = {.opcode = VMMIO_OP_READ, .size = 4, .addr = START};
    uint8_t block[VMMIO_BLOCK];

    if (channel.fd < 0) {
        err(EXIT_FAILURE, "accept");
    }
    channel_receive_all(&channel, block, sizeof(block)); /* the claim */
    for (unsigned long i = 0; i < count + WARM_UP; i++) {
        vmmio_encode(&read, block);
        channel_send(&channel, block, sizeof(block));
        if (!channel_receive_all(&channel, block, sizeof(block))) {
            errx(EXIT_FAILURE, "the handler closed after %lu requests", i);
        }
    }
    channel_close(&channel);
}

static bool is_usage(int argc, char **argv)
{
    if (argc > 4) {
        return strcmp(argv[1], "exec") == 0;
    }
    return argc == 4 && (strcmp(argv[1], "coreio") == 0 || strcmp(argv[1], "bare") == 0);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char endpoint[sizeof("unix:") + sizeof(address.sun_path)];
    unsigned long count;
    int listener, status;
    pid_t child;

    if (!is_usage(argc, argv)) {
        errx(EXIT_FAILURE, "usage: client-cpu coreio|bare COUNT CPU, or\n"
                           "       client-cpu exec COUNT CPU PROGRAM [ARGUMENT...]");
    }
    count = bench_number(argv[2], "COUNT");
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/client-cpu-%ld", (long)getpid());
    snprintf(endpoint, sizeof(endpoint), "unix:%s", address.sun_path);
    listener = listen_on(&address);
    bench_pin(argv[3]);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (argc > 4) {
            run_handler(argv + 4, argc - 4, endpoint, argv[2]);
        }
        handle(argv[1], endpoint, count);
        return EXIT_SUCCESS;
    }
    drive(listener, count);
    unlink(address.sun_path);
    return waitpid(child, &status, 0) == child && status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
