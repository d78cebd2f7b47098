/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resume.h"

#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

enum { SECOND_NS = 1000000000 };

static int random_device = -1;

void resume_open(void)
{
    random_device = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
}

static void set_clock(uint64_t clock_ns)
{
    const struct timespec now = {
        .tv_sec = (time_t)(clock_ns / SECOND_NS),
        .tv_nsec = (long)(clock_ns % SECOND_NS),
    };

    if (clock_settime(CLOCK_REALTIME, &now) < 0) {
        perror("vmmio-agent: cannot set the clock");
    }
}

/* RNDADDENTROPY's struct rand_pool_info, which itself ends with an array of no size. */
struct entropy {
    int bits;
    int size; /* bytes */
    uint8_t bytes[AGENT_ENTROPY];
};

/* Without the second request the kernel would mix it in only some minutes later. */
static void add_entropy(const uint8_t *bytes)
{
    struct entropy entropy = {.bits = 8 * AGENT_ENTROPY, .size = AGENT_ENTROPY};

    memcpy(entropy.bytes, bytes, AGENT_ENTROPY);
    if (ioctl(random_device, RNDADDENTROPY, &entropy) < 0 || ioctl(random_device, RNDRESEEDCRNG) < 0) {
        perror("vmmio-agent: cannot add entropy");
    }
}

void resume_apply(const struct agent_resume *resume)
{
    set_clock(resume->clock_ns);
    add_entropy(resume->entropy);
}
