/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench: boots guests whose memory has a window to a program outside. See commands.h. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "adopted.h"
#include "commands.h"
#include "nearest.h"
#include "paths.h"

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *purpose;
} commands[] = {
    {"run", vmb_run_main, "run scenarios, a verdict for each"},
    {"list", vmb_list_main, "list the scenarios"},
    {"demo", vmb_demo_main, "run the memory example on each machine and check every byte"},
    {"shell", vmb_shell_main, "boot a guest to an interactive shell"},
    {"boot", vmb_boot_main, "boot a guest to a login prompt, or to an image of your own"},
    {"serve", vmb_serve_main, "boot a guest for another program to run programs in"},
    {"rootfs", vmb_rootfs_main, "build a guest image: vmbench rootfs build --help"},
    {"bench", vmb_bench_main, "measure, and write build/bench.json"},
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: vmbench COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].purpose);
    }
    fprintf(out,
            "\nvmbench COMMAND --help lists the command's options.\n"
            "Exit status: 0 success; 1 mismatch, 2 usage, 3 bad set-up, 4 boot timeout,\n"
            "5 kernel panic, 6 QEMU died, 7 handler died, 8 handler never claimed, 9 program\n"
            "missing in the guest, 10 program failed, 11 program timeout, 12 protocol error,\n"
            "13 test not reached, 14 program killed by a signal, 15 kernel oops, 16 kernel hang,\n"
            "17 the guest reset or powered off, 18 skipped; 128 + N when ended by signal N.\n");
}

static int refuse(const char *word)
{
    const char *names[G_N_ELEMENTS(commands) + 1] = {NULL};
    const char *nearest;

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        names[i] = commands[i].name;
    }
    nearest = vmb_nearest(word, names);
    fprintf(stderr, "vmbench: no command is called %s%s%s: see vmbench --help\n", word,
            nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "");
    return VMB_ERROR_USAGE;
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    vmb_adopted_accept();
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("vmbench %s\n", VMB_VERSION);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].main(argc - 1, argv + 1);
        }
    }
    if (argc > 1) {
        return refuse(argv[1]);
    }
    print_usage(stderr);
    return VMB_ERROR_USAGE;
}
