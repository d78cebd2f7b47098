/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outside half of poke: the device that /dev/poke of a guest drives.
 *
 *     vmmio-poke-outside [--text] [--hold] ENDPOINT
 *
 * prints `POKE!!!` for each write to /dev/poke, with --text also what was written. With --hold each
 * poke lasts until a line comes on the standard input: `ok` lets it succeed, any other fail; after
 * the end of the input it lasts for ever. poke_registers.h tells what the guest sees.
 *
 * Exit status: 1 when it cannot connect, 2 when called wrongly, 3 when the VM has gone.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coreio-ctx.h"
#include "poke_registers.h"

enum { RANGE = 0, LINE = 0, RANGE_SIZE = 4096 };

enum { EXIT_CANNOT = 1, EXIT_USAGE = 2, EXIT_VM_GONE = 3 };

struct device {
    coreio_ctx *ctx;
    bool print_text, hold;
    uint32_t status;
    bool interrupt; /* at the end of the poke under way */
    size_t length;  /* of the text; more than its room when too much was written */
    uint8_t text[POKE_TEXT_MAX];
};

/*
 * The line changes at most twice for each access of the guest, which is answered: so there is always
 * room to send its level.
 */
static void set_line(struct device *device, unsigned level)
{
    coreio_ctx_irq_update(device->ctx, RANGE, LINE, level);
}

static void reset(struct device *device)
{
    device->status = POKE_IDLE;
    device->length = 0;
    set_line(device, 0);
}

static void end(struct device *device, uint32_t status)
{
    device->status = status;
    if (device->interrupt) {
        set_line(device, 1);
    }
}

static void print_text(const struct device *device)
{
    for (size_t i = 0; i < device->length; i++) {
        int byte = device->text[i];

        printf(isprint(byte) && byte != '\\' ? "%c" : "\\x%02x", byte);
    }
}

static void start(struct device *device, bool interrupt)
{
    bool possible = device->status == POKE_IDLE && device->length <= POKE_TEXT_MAX;

    device->interrupt = interrupt;
    if (!possible) {
        end(device, POKE_FAILED);
        return;
    }
    device->status = POKE_BUSY;
    printf(device->print_text ? "POKE!!! " : "POKE!!!");
    if (device->print_text) {
        print_text(device);
    }
    putchar('\n');
    if (!device->hold) {
        end(device, POKE_DONE);
    }
}

static void command(struct device *device, uint32_t value)
{
    if (value == POKE_RESET) {
        reset(device);
    } else if (value == POKE_START || value == POKE_START_IRQ) {
        start(device, value == POKE_START_IRQ);
    }
}

static void append(struct device *device, const uint8_t *bytes, size_t count)
{
    if (device->length + count <= POKE_TEXT_MAX) {
        memcpy(device->text + device->length, bytes, count);
        device->length += count;
    } else {
        device->length = POKE_TEXT_MAX + 1;
    }
}

/* Registers are little-endian, whatever this machine is. */
static uint32_t get_u32(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static int on_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    struct device *device = priv;
    uint64_t offset = addr % RANGE_SIZE;

    (void)flags;
    if (offset == POKE_REG_DATA) {
        append(device, buf, len);
    } else if (offset == POKE_REG_COMMAND && len == 4) {
        command(device, get_u32(buf));
    }
    return 0;
}

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    const struct device *device = priv;
    uint64_t offset = addr % RANGE_SIZE;

    (void)flags;
    memset(buf, 0, len);
    if (offset == POKE_REG_ID && len == 4) {
        put_u32(buf, POKE_ID);
    } else if (offset == POKE_REG_STATUS && len == 4) {
        put_u32(buf, device->status);
    }
    return 0;
}

static void on_reset(void *priv, unsigned rid)
{
    (void)rid;
    reset(priv);
}

/* A line for the poke that waits for it. FALSE: there are no more. */
static bool take_line(struct device *device)
{
    char *line = NULL;
    size_t size = 0;
    bool there = getline(&line, &size, stdin) > 0;

    if (there) {
        end(device, strcmp(line, "ok\n") == 0 ? POKE_DONE : POKE_FAILED);
    }
    free(line);
    return there;
}

/* The guest's accesses and the lines of the input in one loop. Returns why it ended. */
static int serve(struct device *device)
{
    struct pollfd watched[] = {
        {.fd = coreio_ctx_fd(device->ctx), .events = POLLIN},
        {.events = POLLIN},
    };
    int error = watched[0].fd < 0 ? watched[0].fd : coreio_ctx_dispatch(device->ctx);
    bool lines = device->hold;

    while (error == 0) {
        watched[1].fd = lines && device->status == POKE_BUSY ? STDIN_FILENO : -1;
        watched[1].revents = 0;
        poll(watched, 2, -1);
        if (watched[1].revents != 0) {
            lines = take_line(device);
        }
        error = coreio_ctx_dispatch(device->ctx); /* sends a new level too */
    }
    return error;
}

static int fail(const char *what, const char *endpoint, int error, int status)
{
    fprintf(stderr, "vmmio-poke-outside: %s %s: %s\n", what, endpoint, strerror(-error));
    return status;
}

static int run(struct device *device, const char *endpoint)
{
    static const coreio_func_t func = {.read = on_read, .write = on_write};
    static const coreio_events_t events = {.reset = on_reset};
    int error;

    coreio_ctx_register(device->ctx, RANGE, &func, device);
    coreio_ctx_set_events(device->ctx, &events, device);
    error = coreio_ctx_connect(device->ctx, endpoint);
    if (error == -EINVAL) {
        fprintf(stderr, "vmmio-poke-outside: bad endpoint '%s': give HOST:PORT or unix:/PATH\n",
                endpoint);
        return EXIT_USAGE;
    }
    if (error != 0) {
        return fail("cannot connect to", endpoint, error, EXIT_CANNOT);
    }
    return fail("lost the VM at", endpoint, serve(device), EXIT_VM_GONE);
}

/* NULL: called wrongly. */
static const char *parse(int argc, char **argv, struct device *device)
{
    static const struct option options[] = {
        {"text", no_argument, NULL, 't'}, {"hold", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        device->print_text |= option == 't';
        device->hold |= option == 'h';
        if (option == '?') {
            return NULL;
        }
    }
    return optind == argc - 1 ? argv[optind] : NULL;
}

int main(int argc, char **argv)
{
    static struct device device;
    const char *endpoint;
    int status;

    opterr = 0;
    endpoint = parse(argc, argv, &device);
    if (endpoint == NULL) {
        fprintf(stderr, "usage: vmmio-poke-outside [--text] [--hold] ENDPOINT\n");
        return EXIT_USAGE;
    }
    device.ctx = coreio_ctx_new();
    if (device.ctx == NULL) {
        return fail("no device at", endpoint, -errno, EXIT_CANNOT);
    }
    /* Each line is seen when it happens; and none is taken from the input before it is needed. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    status = run(&device, endpoint);
    coreio_ctx_free(device.ctx);
    return status;
}
