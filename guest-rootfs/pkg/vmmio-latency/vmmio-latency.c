/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmmio-latency [-a ADDRESS] [-n COUNT] [-w WIDTH] [-b BATCHES] read|write|drain: time accesses to
 * one address through /dev/mem. COUNT accesses are shared by the batches; each batch prints one
 * line, the nanoseconds of one access of it.
 *
 * A read ends each batch of writes, because posted writes are over only when a later read is
 * answered. `write` leaves it out of the time, `drain` has it in: the writes and their arrival.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 4096, MIN_BATCHES = 5 };

struct options {
    uint64_t address;
    uint64_t count;
    uint64_t batches;
    uint64_t width;
    bool write;
    bool drain; /* a batch of writes is over when the handler has them */
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define DEFINE_LOOPS(type)                                                  \
    static void read_##type(volatile void *at, uint64_t count)              \
    {                                                                       \
        for (; count > 0; count--) {                                        \
            (void)*(volatile type *)at;                                     \
        }                                                                   \
    }                                                                       \
    static void write_##type(volatile void *at, uint64_t count)             \
    {                                                                       \
        for (; count > 0; count--) {                                        \
            *(volatile type *)at = (type)count;                             \
        }                                                                   \
    }

DEFINE_LOOPS(uint8_t)
DEFINE_LOOPS(uint16_t)
DEFINE_LOOPS(uint32_t)
DEFINE_LOOPS(uint64_t)

/* One loop an access kind: no branch on the width inside the timed part. */
static void (*select_loop(const struct options *options))(volatile void *, uint64_t)
{
    switch (options->width) {
    case 1:
        return options->write ? write_uint8_t : read_uint8_t;
    case 2:
        return options->write ? write_uint16_t : read_uint16_t;
    case 4:
        return options->write ? write_uint32_t : read_uint32_t;
    default:
        return options->write ? write_uint64_t : read_uint64_t;
    }
}

static void run_batches(volatile void *at, const struct options *options)
{
    void (*loop)(volatile void *, uint64_t) = select_loop(options);
    uint64_t count = options->count / options->batches;

    read_uint8_t(at, 1); /* the first access pays for the page fault */
    for (uint64_t i = 0; i < options->batches; i++) {
        uint64_t start = now_ns();
        uint64_t end;

        loop(at, count);
        end = now_ns();
        if (options->write) {
            read_uint8_t(at, 1);
        }
        end = options->drain ? now_ns() : end;
        printf("%.1f\n", (double)(end - start) / (double)count);
    }
}

static volatile uint8_t *map_page(uint64_t address)
{
    int fd = open("/dev/mem", O_RDWR | O_SYNC);
    void *page = MAP_FAILED;

    if (fd >= 0) {
        page = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                    (off_t)(address & ~(uint64_t)(WINDOW - 1)));
    }
    if (page == MAP_FAILED) {
        fprintf(stderr, "vmmio-latency: cannot map 0x%" PRIx64 " through /dev/mem: %s\n", address,
                strerror(errno));
        page = NULL;
    }
    if (fd >= 0) {
        close(fd);
    }
    return page;
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0' && *text != '-';
}

static bool check_options(const struct options *options)
{
    if (options->width != 1 && options->width != 2 && options->width != 4 && options->width != 8) {
        fprintf(stderr, "vmmio-latency: -w is 1, 2, 4 or 8 bytes\n");
    } else if (options->address % options->width != 0) {
        fprintf(stderr, "vmmio-latency: -a is a multiple of the width\n");
    } else if (options->batches < MIN_BATCHES || options->count < options->batches) {
        fprintf(stderr, "vmmio-latency: -b is at least %d, -n at least -b\n", MIN_BATCHES);
    } else {
        return true;
    }
    return false;
}

static bool parse_operation(const char *word, struct options *options)
{
    options->drain = strcmp(word, "drain") == 0;
    options->write = options->drain || strcmp(word, "write") == 0;
    return options->write || strcmp(word, "read") == 0;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
    bool good = true;
    int letter;

    while (good && (letter = getopt(argc, argv, "a:n:w:b:")) != -1) {
        uint64_t *value = letter == 'a'   ? &options->address
                          : letter == 'n' ? &options->count
                          : letter == 'w' ? &options->width
                                          : &options->batches;

        good = letter != '?' && parse_number(optarg, value);
    }
    if (!good || optind != argc - 1 || !parse_operation(argv[optind], options)) {
        fprintf(stderr, "usage: vmmio-latency [-a ADDRESS] [-n COUNT] [-w WIDTH] [-b BATCHES] "
                "read|write|drain\n");
        return false;
    }
    return check_options(options);
}

int main(int argc, char **argv)
{
    struct options options = {
        .address = 0xfef00000, .count = 10000, .batches = MIN_BATCHES, .width = 4,
    };
    volatile uint8_t *page;

    if (!parse_options(argc, argv, &options)) {
        return 2;
    }
    page = map_page(options.address);
    if (page == NULL) {
        return EXIT_FAILURE;
    }
    run_batches(page + options.address % WINDOW, &options);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
