/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 32

static void become(const char *path, const char *const *args, int out, int err)
{
    const char *argv[ARGS_MAX + 2] = { path };

    for (unsigned i = 0; i < ARGS_MAX && args[i]; i++) {
        argv[i + 1] = args[i];
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execv(path, (char *const *)argv);
    _exit(127);
}

void program_run(struct program *program, const char *path, const char *const *args)
{
    int out[2], err[2];

    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
    program->pid = fork();
    ck_assert_int_ge(program->pid, 0);
    if (program->pid == 0) {
        become(path, args, out[1], err[1]);
    }
    close(out[1]);
    close(err[1]);
    program->out = fdopen(out[0], "r");
    program->err = fdopen(err[0], "r");
}

void program_expect_line(FILE *stream, const char *start)
{
    char line[256];

    do {
        ck_assert_msg(fgets(line, sizeof(line), stream) != NULL, "no line '%s'", start);
    } while (strcmp(line, "tick\n") == 0);
    ck_assert_msg(strncmp(line, start, strlen(start)) == 0, "want '%s', got: %s", start, line);
}

void program_expect_end(FILE *stream)
{
    char line[256];

    ck_assert_msg(fgets(line, sizeof(line), stream) == NULL, "one line too many: %s", line);
}

static int reap(struct program *program)
{
    int status;

    ck_assert_int_eq(waitpid(program->pid, &status, 0), program->pid);
    fclose(program->out);
    fclose(program->err);
    return status;
}

int program_wait(struct program *program)
{
    int status = reap(program);

    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void program_kill(struct program *program)
{
    kill(program->pid, SIGKILL);
    reap(program);
}
