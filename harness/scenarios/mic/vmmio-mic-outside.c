/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outside half of the microphone: a sound file, played into buffers of the guest.
 *
 *     vmmio-mic-outside ENDPOINT FILE.wav
 *
 * mic_registers.h tells what the guest sees. Runs until the VM has gone. Exit status: 1 when the
 * file cannot be used or it cannot connect, 2 when called wrongly, 3 when the VM has gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "mic.h"

enum { EXIT_CANNOT = 1, EXIT_USAGE = 2, EXIT_VM_GONE = 3 };

static int fail(const char *what, const char *target, int error, int status)
{
    fprintf(stderr, "vmmio-mic-outside: %s %s: %s\n", what, target, strerror(error));
    return status;
}

/* The context's events and the microphone's time, in one loop. Returns why it ended. */
static int serve(coreio_ctx *ctx, struct mic *mic)
{
    struct pollfd watched[] = {
        {.fd = coreio_ctx_fd(ctx), .events = POLLIN},
        {.fd = mic_timer_fd(mic), .events = POLLIN},
    };
    int error = watched[0].fd < 0 ? watched[0].fd : coreio_ctx_dispatch(ctx);

    while (error == 0) {
        poll(watched, 2, -1);
        mic_tick(mic);
        error = coreio_ctx_dispatch(ctx); /* sends what the tick has begun */
    }
    return error;
}

static int run(coreio_ctx *ctx, struct mic *mic, const char *endpoint)
{
    int error = coreio_ctx_connect(ctx, endpoint);

    if (error == -EINVAL) {
        fprintf(stderr, "vmmio-mic-outside: bad endpoint '%s': give HOST:PORT or unix:/PATH\n",
                endpoint);
        return EXIT_USAGE;
    }
    if (error != 0) {
        return fail("cannot connect to", endpoint, -error, EXIT_CANNOT);
    }
    error = serve(ctx, mic);
    coreio_ctx_disconnect(ctx);
    return fail("lost the VM at", endpoint, -error, EXIT_VM_GONE);
}

static int run_with(struct recording *recording, const char *endpoint)
{
    coreio_ctx *ctx = coreio_ctx_new();
    struct mic *mic = ctx != NULL ? mic_new(ctx, recording) : NULL;
    int status = mic != NULL ? run(ctx, mic, endpoint)
                             : fail("no microphone at", endpoint, errno, EXIT_CANNOT);

    coreio_ctx_free(ctx);
    if (mic != NULL) {
        mic_free(mic);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct recording *recording;
    int status;

    if (argc != 3) {
        fprintf(stderr, "usage: vmmio-mic-outside ENDPOINT FILE.wav\n");
        return EXIT_USAGE;
    }
    recording = recording_open(argv[2]);
    if (recording == NULL) {
        return EXIT_CANNOT;
    }
    status = run_with(recording, argv[1]);
    recording_close(recording);
    return status;
}
