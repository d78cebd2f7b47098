/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's interactive shell and the line itself, on pseudo terminals. */
#include "agent_host.h"
#include "tap.h"

#include "line.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

static void open_terminal(int *master, int *slave, char *name)
{
    ck_assert_int_eq(openpty(master, slave, name, NULL, NULL), 0);
    ck_assert_int_eq(strncmp(name, "/dev/", 5), 0);
}

START_TEST(shell_has_a_terminal_and_reports_its_end)
{
    static const char script[] = "tty && : </dev/tty && exit 3\nexit 4\n";
    struct agent_frame frame;
    struct agent_exit status;
    char name[64];
    int master, slave;

    open_terminal(&master, &slave, name);
    agent_start(name + 5);
    ck_assert_int_eq(write(master, script, sizeof(script) - 1), sizeof(script) - 1);
    frame = agent_receive();
    ck_assert_uint_eq(frame.type, AGENT_SHELL_EXIT);
    ck_assert(agent_exit_decode(frame.payload, frame.length, &status));
    ck_assert_int_eq(status.kind, AGENT_EXIT_EXITED);
    ck_assert_uint_eq(status.value, 3);
    agent_stop();
    close(master);
    close(slave);
}
END_TEST

START_TEST(shell_that_cannot_start_is_reported)
{
    struct agent_frame frame;
    struct agent_exit status;

    agent_start("no-such-terminal");
    frame = agent_receive();
    ck_assert_uint_eq(frame.type, AGENT_SHELL_EXIT);
    ck_assert(agent_exit_decode(frame.payload, frame.length, &status));
    ck_assert_int_eq(status.kind, AGENT_EXIT_EXEC_FAILED);
    ck_assert_uint_eq(status.value, ENOENT);
    agent_stop();
}
END_TEST

static void pass_all_bytes(int from, int to)
{
    uint8_t sent[256], received[256];
    size_t have = 0;

    for (int i = 0; i < 256; i++) {
        sent[i] = (uint8_t)i;
    }
    ck_assert_int_eq(write(from, sent, sizeof(sent)), sizeof(sent));
    while (have < sizeof(received)) {
        struct pollfd slot = {.fd = to, .events = POLLIN};
        ssize_t n;

        ck_assert_int_eq(poll(&slot, 1, AGENT_PATIENCE_MS), 1);
        n = read(to, received + have, sizeof(received) - have);
        ck_assert_int_gt(n, 0);
        have += (size_t)n;
    }
    ck_assert_mem_eq(sent, received, sizeof(sent));
}

START_TEST(the_line_is_transparent)
{
    char name[64];
    int master, slave, fd;

    open_terminal(&master, &slave, name);
    fd = line_open(name + 5, 0);
    ck_assert_int_ge(fd, 0);
    pass_all_bytes(master, fd);
    pass_all_bytes(fd, master);
    close(fd);
    close(slave);
    close(master);
}
END_TEST

START_TEST(a_line_that_is_not_there)
{
    ck_assert_int_eq(line_open("no-such-terminal", 20), -ENOENT);
    ck_assert_int_eq(line_open("null", 0), -ENOTTY);
}
END_TEST

static TCase *terminal_tests(void)
{
    TCase *tc = tcase_create("terminals");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, shell_has_a_terminal_and_reports_its_end);
    tcase_add_test(tc, shell_that_cannot_start_is_reported);
    tcase_add_test(tc, the_line_is_transparent);
    tcase_add_test(tc, a_line_that_is_not_there);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("agent_terminal");

    suite_add_tcase(suite, terminal_tests());
    return tap_run(suite);
}
