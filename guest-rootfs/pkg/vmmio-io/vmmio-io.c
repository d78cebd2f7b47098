/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory by hand, each access of exactly the width that is named.
 *
 *     vmmio-io read ADDRESS WIDTH [COUNT]      prints the bytes, "aa aa aa aa", in memory's order
 *     vmmio-io write ADDRESS WIDTH BYTE...     writes them: as many as some accesses of WIDTH take
 *
 * WIDTH is 1, 2, 4 or 8, ADDRESS a multiple of it. Exit status: 0; 1, the memory cannot be mapped; 2,
 * called wrongly; 3, a bus error, whose address is on standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, BYTES_MAX = 4096 };

enum { EXIT_MAP = 1, EXIT_USAGE = 2, EXIT_BUS_ERROR = 3 };

/* What the access under way is to, for the handler of SIGBUS. */
static uint64_t current;

__attribute__((noreturn))
static void on_bus_error(int number)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "vmmio-io: bus error at 0x%" PRIx64 "\n", current);

    (void)number;
    if (write(STDERR_FILENO, text, (size_t)len) < 0) {
        _exit(EXIT_MAP);
    }
    _exit(EXIT_BUS_ERROR);
}

__attribute__((noreturn))
static void usage(void)
{
    fprintf(stderr, "usage: vmmio-io read ADDRESS WIDTH [COUNT]\n"
            "       vmmio-io write ADDRESS WIDTH BYTE...\n");
    exit(EXIT_USAGE);
}

static uint64_t parse(const char *text, int base, uint64_t most)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &end, base);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value > most) {
        usage();
    }
    return value;
}

static volatile uint8_t *map(uint64_t address, size_t size)
{
    uint64_t start = address & ~(uint64_t)(PAGE - 1);
    size_t before = (size_t)(address - start);
    int fd = open("/dev/mem", O_RDWR | O_SYNC);
    uint8_t *window = MAP_FAILED;

    if (fd >= 0) {
        window = mmap(NULL, before + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)start);
    }
    if (window == MAP_FAILED) {
        fprintf(stderr, "vmmio-io: cannot map 0x%" PRIx64 ": %s; run as root on a kernel with "
                "CONFIG_DEVMEM, and not what the kernel keeps for itself\n", address,
                strerror(errno));
        exit(EXIT_MAP);
    }
    return window + before;
}

static void load(volatile void *at, unsigned width, void *bytes)
{
    uint8_t b = 0;
    uint16_t h = 0;
    uint32_t w = 0;
    uint64_t d = 0;

    switch (width) {
    case 1:
        b = *(volatile uint8_t *)at;
        memcpy(bytes, &b, width);
        break;
    case 2:
        h = *(volatile uint16_t *)at;
        memcpy(bytes, &h, width);
        break;
    case 4:
        w = *(volatile uint32_t *)at;
        memcpy(bytes, &w, width);
        break;
    default:
        d = *(volatile uint64_t *)at;
        memcpy(bytes, &d, width);
        break;
    }
}

static void store(volatile void *at, unsigned width, const void *bytes)
{
    uint16_t h;
    uint32_t w;
    uint64_t d;

    switch (width) {
    case 1:
        *(volatile uint8_t *)at = *(const uint8_t *)bytes;
        break;
    case 2:
        memcpy(&h, bytes, width);
        *(volatile uint16_t *)at = h;
        break;
    case 4:
        memcpy(&w, bytes, width);
        *(volatile uint32_t *)at = w;
        break;
    default:
        memcpy(&d, bytes, width);
        *(volatile uint64_t *)at = d;
        break;
    }
}

static void read_bytes(uint64_t address, unsigned width, size_t count)
{
    volatile uint8_t *at = map(address, width * count);

    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[8];

        current = address + i * width;
        load(at + i * width, width, bytes);
        for (unsigned k = 0; k < width; k++) {
            printf("%s%02x", i + k > 0 ? " " : "", bytes[k]);
        }
    }
    printf("\n");
}

static void write_bytes(uint64_t address, unsigned width, char **words, size_t count)
{
    volatile uint8_t *at = map(address, count);
    uint8_t bytes[BYTES_MAX];

    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)parse(words[i], 16, UINT8_MAX);
    }
    for (size_t i = 0; i < count; i += width) {
        current = address + i;
        store(at + i, width, bytes + i);
    }
}

int main(int argc, char **argv)
{
    bool reads = argc >= 4 && argc <= 5 && strcmp(argv[1], "read") == 0;
    bool writes = argc >= 5 && strcmp(argv[1], "write") == 0;
    uint64_t address;
    unsigned width;

    if (!reads && !writes) {
        usage();
    }
    address = parse(argv[2], 0, UINT64_MAX);
    width = (unsigned)parse(argv[3], 10, 8);
    if (width == 0 || (width & (width - 1)) != 0 || address % width != 0) {
        usage();
    }
    signal(SIGBUS, on_bus_error);
    if (reads) {
        read_bytes(address, width, argc == 5 ? parse(argv[4], 10, BYTES_MAX / width) : 1);
    } else {
        size_t count = (size_t)argc - 4;

        if (count % width != 0 || count > BYTES_MAX) {
            usage();
        }
        write_bytes(address, width, argv + 4, count);
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_MAP;
}
