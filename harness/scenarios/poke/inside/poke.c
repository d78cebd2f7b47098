/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes one write to /dev/poke and prints what came of it.
 *
 *     vmmio-poke-inside [--nonblock] BYTES
 *
 * writes BYTES times the letter x in one call, and prints the number that the call returned, or the
 * name of its error. SIGINT interrupts it, and so does SIGUSR1, after which the kernel may begin the
 * call again. Exit status 1: there is no such device; 2: called wrongly.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char node[] = "/dev/poke";

static void on_signal(int number)
{
    (void)number;
}

static int usage(void)
{
    fprintf(stderr, "usage: vmmio-poke-inside [--nonblock] BYTES\n");
    return 2;
}

static int poke(size_t bytes, int flags)
{
    char *text = malloc(bytes + 1);
    int fd = open(node, O_WRONLY | flags);
    ssize_t written;

    if (fd < 0 || text == NULL) {
        err(EXIT_FAILURE, "%s", node);
    }
    memset(text, 'x', bytes);
    written = write(fd, text, bytes);
    if (written < 0) {
        printf("%s\n", strerrorname_np(errno));
    } else {
        printf("%zd\n", written);
    }
    close(fd);
    free(text);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct sigaction once = {.sa_handler = on_signal};
    static const struct sigaction again = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    int nonblock = argc == 3 && strcmp(argv[1], "--nonblock") == 0;
    char *end = NULL;
    size_t bytes;

    if (argc != 2 + nonblock) {
        return usage();
    }
    bytes = strtoul(argv[1 + nonblock], &end, 10);
    if (*argv[1 + nonblock] == '\0' || *end != '\0') {
        return usage();
    }
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGUSR1, &again, NULL);
    return poke(bytes, nonblock ? O_NONBLOCK : 0);
}
