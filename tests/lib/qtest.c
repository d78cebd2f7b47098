/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qtest.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void qtest_fail(const struct qtest *vm, const char *format, ...)
{
    g_autofree char *printed = qtest_stderr(vm);
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "QEMU printed:\n%s\n", printed);
    ck_abort_msg("%s", message);
}

/* Our end of a socket pair as streams; *theirs is QEMU's end. */
static GSocketConnection *open_pair(int *theirs, GDataInputStream **in)
{
    int fds[2];
    g_autoptr(GSocket) socket = NULL;
    GSocketConnection *conn;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *theirs = fds[1];
    socket = g_socket_new_from_fd(fds[0], NULL);
    ck_assert_ptr_nonnull(socket);
    g_socket_set_timeout(socket, QTEST_SECONDS);
    conn = g_socket_connection_factory_create_connection(socket);
    *in = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(conn)));
    return conn;
}

static char *qemu_command(const char *system, const char *args, int qtest_fd, int qmp_fd)
{
    const char *dir = g_getenv("QEMU_DIR");

    ck_assert_msg(dir != NULL, "set QEMU_DIR to what qemu-device/prepare --print-dir prints");
    return g_strdup_printf("'%s/bin/qemu-system-%s' -L '%s/share/qemu' -display none -nodefaults "
                           "-chardev socket,id=qtest,fd=%d -qtest chardev:qtest -qtest-log none "
                           "-chardev socket,id=qmp,fd=%d -mon chardev=qmp,mode=control %s",
                           dir, system, dir, qtest_fd, qmp_fd, args);
}

static void keep_over_exec(int fd)
{
    fcntl(fd, F_SETFD, 0);
}

static pid_t spawn(char **argv, int stderr_fd, int qtest_fd, int qmp_fd)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        /* The second look is for a parent that died before the first took effect. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) {
            _exit(126);
        }
        dup2(stderr_fd, STDERR_FILENO);
        keep_over_exec(qtest_fd);
        keep_over_exec(qmp_fd);
        execv(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    return pid;
}

void qtest_start(struct qtest *vm, const char *system, const char *format, ...)
{
    g_autofree char *args = NULL;
    g_autofree char *command = NULL;
    g_auto(GStrv) argv = NULL;
    int qtest_fd, qmp_fd;
    va_list list;

    memset(vm, 0, sizeof(*vm));
    va_start(list, format);
    args = g_strdup_vprintf(format, list);
    va_end(list);
    vm->commands = open_pair(&qtest_fd, &vm->answers);
    vm->qmp = open_pair(&qmp_fd, &vm->qmp_answers);
    vm->stderr_fd = memfd_create("qemu-stderr", MFD_CLOEXEC);
    ck_assert_int_ge(vm->stderr_fd, 0);
    command = qemu_command(system, args, qtest_fd, qmp_fd);
    ck_assert_msg(g_shell_parse_argv(command, NULL, &argv, NULL), "cannot parse: %s", command);
    vm->pid = spawn(argv, vm->stderr_fd, qtest_fd, qmp_fd);
    vm->pidfd = pidfd_open(vm->pid, 0);
    ck_assert_int_ge(vm->pidfd, 0);
    close(qtest_fd);
    close(qmp_fd);
}

int qtest_wait_exit(struct qtest *vm)
{
    struct pollfd ended = { .fd = vm->pidfd, .events = POLLIN };
    int status;

    if (poll(&ended, 1, QTEST_SECONDS * 1000) != 1) {
        qtest_fail(vm, "QEMU has not ended within %d s", QTEST_SECONDS);
    }
    ck_assert_int_eq(waitpid(vm->pid, &status, 0), vm->pid);
    close(vm->pidfd);
    g_clear_object(&vm->answers);
    g_clear_object(&vm->commands);
    g_clear_object(&vm->qmp_answers);
    g_clear_object(&vm->qmp);
    if (!WIFEXITED(status)) {
        qtest_fail(vm, "QEMU was ended by signal %d", WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

void qtest_stop(struct qtest *vm)
{
    int status;

    ck_assert_int_eq(kill(vm->pid, SIGTERM), 0);
    status = qtest_wait_exit(vm);
    if (status != 0) {
        qtest_fail(vm, "QEMU ended with exit status %d", status);
    }
    close(vm->stderr_fd);
}

/* A QEMU with the address sanitizer says once that it uses coroutines, as if in doubt. */
static void drop_coroutine_notice(char *text)
{
    char *notice = strstr(text, "==WARNING: ASan doesn't fully support makecontext/swapcontext");
    char *end = notice ? strchr(notice, '\n') : NULL;

    if (end) {
        while (notice > text && notice[-1] != '\n') {
            notice--;
        }
        memmove(notice, end + 1, strlen(end + 1) + 1);
    }
}

char *qtest_stderr(const struct qtest *vm)
{
    struct stat file;
    char *text;
    ssize_t len;

    ck_assert_int_eq(fstat(vm->stderr_fd, &file), 0);
    text = g_malloc0((size_t)file.st_size + 1);
    len = pread(vm->stderr_fd, text, (size_t)file.st_size, 0);
    ck_assert_int_eq(len, file.st_size);
    drop_coroutine_notice(text);
    return text;
}

static void await_stderr(const struct qtest *vm, const char *text, guint times)
{
    gint64 deadline = g_get_monotonic_time() + QTEST_SECONDS * G_TIME_SPAN_SECOND;

    for (;;) {
        g_autofree char *printed = qtest_stderr(vm);
        g_auto(GStrv) between = g_strsplit(printed, text, -1);

        if (g_strv_length(between) > times) {
            return;
        }
        if (g_get_monotonic_time() > deadline) {
            qtest_fail(vm, "QEMU did not print %u times: %s", times, text);
        }
        g_usleep(1000);
    }
}

void qtest_await_stderr(const struct qtest *vm, const char *text)
{
    await_stderr(vm, text, 1);
}

void qtest_await_stderr_twice(const struct qtest *vm, const char *text)
{
    await_stderr(vm, text, 2);
}

void qtest_send(struct qtest *vm, const char *format, ...)
{
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(vm->commands));
    g_autofree char *command = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    command = g_strdup_vprintf(format, args);
    va_end(args);
    line = g_strconcat(command, "\n", NULL);
    if (!g_output_stream_write_all(out, line, strlen(line), NULL, NULL, NULL)) {
        qtest_fail(vm, "QEMU takes no qtest command: %s", command);
    }
}

static char *next_line(struct qtest *vm)
{
    g_autoptr(GError) error = NULL;
    char *line = g_data_input_stream_read_line(vm->answers, NULL, NULL, &error);

    if (!line) {
        qtest_fail(vm, "no answer over qtest: %s", error ? error->message : "QEMU is gone");
    }
    return line;
}

/* True when the line reports a level rather than answers a command. */
static bool note_irq(struct qtest *vm, const char *line)
{
    unsigned input;
    char verb[8];

    if (sscanf(line, "IRQ %7s %u", verb, &input) != 2) {
        return false;
    }
    ck_assert_uint_lt(input, QTEST_IRQS_MAX);
    vm->irq_level[input] = strcmp(verb, "raise") == 0;
    return true;
}

char *qtest_answer(struct qtest *vm)
{
    for (;;) {
        g_autofree char *line = next_line(vm);

        if (note_irq(vm, line)) {
            continue;
        }
        if (!g_str_has_prefix(line, "OK")) {
            qtest_fail(vm, "qtest command failed: %s", line);
        }
        return g_strdup(g_strchug(line + strlen("OK")));
    }
}

uint64_t qtest_answer_value(struct qtest *vm)
{
    g_autofree char *text = qtest_answer(vm);
    guint64 value;

    if (!g_str_has_prefix(text, "0x") ||
        !g_ascii_string_to_unsigned(text + 2, 16, 0, G_MAXUINT64, &value, NULL)) {
        qtest_fail(vm, "not the answer to a read: %s", text);
    }
    return value;
}

static char size_letter(unsigned size)
{
    return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

void qtest_send_read(struct qtest *vm, unsigned size, uint64_t addr)
{
    qtest_send(vm, "read%c 0x%" PRIx64, size_letter(size), addr);
}

void qtest_send_write(struct qtest *vm, unsigned size, uint64_t addr, uint64_t value)
{
    qtest_send(vm, "write%c 0x%" PRIx64 " 0x%" PRIx64, size_letter(size), addr, value);
}

uint64_t qtest_read(struct qtest *vm, unsigned size, uint64_t addr)
{
    qtest_send_read(vm, size, addr);
    return qtest_answer_value(vm);
}

void qtest_write(struct qtest *vm, unsigned size, uint64_t addr, uint64_t value)
{
    qtest_send_write(vm, size, addr, value);
    g_free(qtest_answer(vm));
}

void qtest_allow_leaks(void)
{
    g_setenv("ASAN_OPTIONS", "detect_leaks=0", TRUE);
}

void qtest_intercept_irqs(struct qtest *vm, const char *qom_path)
{
    qtest_send(vm, "irq_intercept_in %s", qom_path);
    g_free(qtest_answer(vm));
}

void qtest_await_irq(struct qtest *vm, unsigned input, bool level)
{
    while (vm->irq_level[input] != level) {
        g_autofree char *line = next_line(vm);

        if (!note_irq(vm, line)) {
            qtest_fail(vm, "an IRQ report was expected, not: %s", line);
        }
    }
}
