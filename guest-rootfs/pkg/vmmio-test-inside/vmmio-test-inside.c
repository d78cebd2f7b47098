/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmmio-test-inside [ADDRESS]: for each width of 1, 2, 4 and 8 bytes, write 16 consecutive elements
 * from ADDRESS (default 0xfef00000) and read them back. Prints 64 lines. Every access has exactly
 * the width it names.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ELEMENTS = 16, WINDOW = 4096 };

#define DEFAULT_ADDRESS UINT64_C(0xfef00000)

/*
 * Byte k of element i is i + k, so each byte says where it belongs. Each step doubles the
 * value: its `i` is what the steps before it made, not the element's number.
 */
static uint64_t pattern(uint64_t i)
{
    i |= (i + 1) << 8;
    i |= (i + 0x202) << 16;
    i |= (i + 0x4040404) << 32;
    return i;
}

static void write_element(volatile void *at, int width, uint64_t value)
{
    switch (width) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)at = value;
        break;
    }
}

static uint64_t read_element(const volatile void *at, int width)
{
    switch (width) {
    case 1:
        return *(const volatile uint8_t *)at;
    case 2:
        return *(const volatile uint16_t *)at;
    case 4:
        return *(const volatile uint32_t *)at;
    default:
        return *(const volatile uint64_t *)at;
    }
}

static void test_width(volatile uint8_t *window, int width)
{
    for (int i = 0; i < ELEMENTS; i++) {
        write_element(window + i * width, width, pattern((uint64_t)i));
    }
    for (int i = 0; i < ELEMENTS; i++) {
        printf("%2d: 0x%0*" PRIx64 "\n", i, 2 * width, read_element(window + i * width, width));
    }
}

static volatile uint8_t *map_window(uint64_t address)
{
    int fd = open("/dev/mem", O_RDWR | O_SYNC);
    void *window;

    if (fd < 0) {
        fprintf(stderr, "vmmio-test-inside: cannot open /dev/mem: %s; run as root on a kernel "
                "with CONFIG_DEVMEM\n", strerror(errno));
        return NULL;
    }
    window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)address);
    if (window == MAP_FAILED) {
        fprintf(stderr, "vmmio-test-inside: cannot map 0x%" PRIx64 ": %s; the kernel may keep it "
                "for a driver\n", address, strerror(errno));
        window = NULL;
    }
    close(fd);
    return window;
}

static int parse_address(const char *text, uint64_t *address)
{
    char *end;

    errno = 0;
    *address = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || *address % WINDOW != 0) {
        fprintf(stderr, "vmmio-test-inside: '%s' is not an address; give a multiple of 0x1000 "
                "such as 0xfef00000\n", text);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t address = DEFAULT_ADDRESS;
    volatile uint8_t *window;

    if (argc > 2) {
        fprintf(stderr, "usage: vmmio-test-inside [ADDRESS]\n");
        return 2;
    }
    if (argc == 2 && parse_address(argv[1], &address) < 0) {
        return 2;
    }
    window = map_window(address);
    if (window == NULL) {
        return EXIT_FAILURE;
    }
    for (int width = 1; width <= 8; width *= 2) {
        test_width(window, width);
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "vmmio-test-inside: cannot write the output: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
