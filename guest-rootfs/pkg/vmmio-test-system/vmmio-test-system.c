/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmmio-test-system irq|dma|hammer ROUNDS: what a guest can do with a vMMIO device beside
 * plain accesses. The device is modelled by tests/boot/system_handler.c. Exit status 0: all as
 * it should be; 1: not, and standard error says what; 2: called wrongly.
 */
#include "tests.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fail(const char *format, ...)
{
    char text[256];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    /* One write: four processes may fail at the same time. */
    fprintf(stderr, "vmmio-test-system: %s\n", text);
    return -1;
}

static const struct {
    const char *name;
    int (*run)(uint64_t rounds);
} tests[] = {{"irq", test_irq}, {"dma", test_dma}, {"hammer", test_hammer}};

static int parse_rounds(const char *text, uint64_t *rounds)
{
    char *end;

    errno = 0;
    *rounds = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0' && *text != '-' && *rounds > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    uint64_t rounds;

    for (size_t i = 0; argc == 3 && i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (strcmp(argv[1], tests[i].name) == 0 && parse_rounds(argv[2], &rounds) == 0) {
            return tests[i].run(rounds) == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    fprintf(stderr, "usage: vmmio-test-system irq|dma|hammer ROUNDS\n");
    return 2;
}
