/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent.h"

#include "child.h"
#include "line.h"
#include "orphans.h"
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A login that fails at once must not flood the console: one starts so often at most. */
enum { LOGIN_MS = 1000 };

/* One that sleeps in a driver cannot be killed: what it holds up must not last for ever. */
enum { SWEEP_MS = 1000 };

/* What poll() watches: the line, SIGCHLD, and three pipes of each run. */
enum { POLL_LINE, POLL_CHILD, POLL_RUNS, POLL_COUNT = POLL_RUNS + 3 * AGENT_RUNS };

struct agent {
    struct line line;
    struct run runs[AGENT_RUNS];
    unsigned turn; /* run that is pumped first: a chatty one must not starve the others */
    int child_fd;  /* signalfd for SIGCHLD */
    const struct agent_config *config;
    pid_t shell;   /* 0: none */
    int64_t shell_since; /* ms, monotonic: when it started */
    int64_t shell_due; /* ms, monotonic: no login starts before; 0 when none is waited for */
    bool shell_ended; /* SHELL_EXIT is still to be sent */
    struct agent_exit shell_status;
};

/* Too big for a small stack, and there is one agent a process. */
static struct agent the_agent;

static struct run *find_run(struct agent *agent, uint32_t id)
{
    for (unsigned i = 0; i < AGENT_RUNS; i++) {
        if (agent->runs[i].active && agent->runs[i].id == id) {
            return &agent->runs[i];
        }
    }
    return NULL;
}

static struct run *find_free(struct agent *agent)
{
    for (unsigned i = 0; i < AGENT_RUNS; i++) {
        if (!agent->runs[i].active) {
            return &agent->runs[i];
        }
    }
    return NULL;
}

static bool has_nonce(const struct agent *agent)
{
    return agent->line.parser.nonce != AGENT_NO_NONCE;
}

static int start_run(struct agent *agent, const struct agent_frame *frame)
{
    struct agent_run what;
    struct run *run = find_free(agent);

    if (!agent_run_decode(frame->payload, frame->length, &what)) {
        return EINVAL;
    }
    if (find_run(agent, frame->id) != NULL) {
        return EEXIST;
    }
    return run == NULL ? EAGAIN : run_start(run, frame->id, &what);
}

static void handle_run(struct agent *agent, const struct agent_frame *frame)
{
    int error = start_run(agent, frame);

    if (error != 0) {
        uint8_t payload[AGENT_EXIT_LENGTH];

        agent_exit_encode(&(struct agent_exit){AGENT_EXIT_EXEC_FAILED, (uint32_t)error}, payload);
        line_send(&agent->line, &(struct agent_frame){.type = AGENT_EXIT, .id = frame->id,
                                                      .length = sizeof(payload),
                                                      .payload = payload});
    }
}

static void send_ready(struct agent *agent)
{
    uint8_t version[4];

    agent_u32_encode(AGENT_PROTOCOL_VERSION, version);
    line_send(&agent->line, &(struct agent_frame){.type = AGENT_READY, .length = sizeof(version),
                                                  .payload = version});
}

/* This guest was just booted, or restored from a snapshot, and belongs to that run from now on. */
static void handle_resume(struct agent *agent, const struct agent_frame *frame)
{
    struct agent_resume resume;

    if (agent_resume_decode(frame->payload, frame->length, &resume)) {
        agent->config->resumed(&resume);
        line_set_nonce(&agent->line, resume.nonce);
        send_ready(agent);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void start_shell(struct agent *agent)
{
    int error = child_shell(agent->config->shell, agent->config->login, &agent->shell);

    if (error != 0) {
        agent->shell_status = (struct agent_exit){AGENT_EXIT_EXEC_FAILED, (uint32_t)error};
        agent->shell_ended = true;
    }
    agent->shell_due = 0;
    agent->shell_since = now_ms();
}

/* For poll(): until the next login is due, -1 when none is waited for. */
static int shell_timeout(const struct agent *agent)
{
    int64_t left = agent->shell_due - now_ms();

    if (agent->shell_due == 0) {
        return -1;
    }
    return left > 0 ? (int)left : 0;
}

static void start_due_shell(struct agent *agent)
{
    if (shell_timeout(agent) == 0) {
        start_shell(agent);
    }
}

static void handle_shell_end(struct agent *agent, int wait_status)
{
    agent->shell = 0;
    if (agent->config->login) {
        agent->shell_due = agent->shell_since + LOGIN_MS;
    } else {
        agent->shell_status = run_exit_status(wait_status);
        agent->shell_ended = true;
    }
}

static void handle_reaped(struct agent *agent, pid_t pid, int wait_status)
{
    if (pid == agent->shell) {
        handle_shell_end(agent, wait_status);
        return;
    }
    for (unsigned i = 0; i < AGENT_RUNS; i++) {
        if (agent->runs[i].active && !agent->runs[i].ended && agent->runs[i].pid == pid) {
            run_reaped(&agent->runs[i], wait_status);
        }
    }
}

static void reap(struct agent *agent)
{
    struct signalfd_siginfo info;
    int wait_status;
    pid_t pid;

    /* Several deaths may share one signal, so its contents are not used. */
    while (read(agent->child_fd, &info, sizeof(info)) > 0) {
        continue;
    }
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        handle_reaped(agent, pid, wait_status);
    }
}

/* Children of one that is killed are found in the next round, when it has been reaped. */
static void sweep(struct agent *agent)
{
    int64_t end = now_ms() + SWEEP_MS;
    int64_t left = SWEEP_MS;

    while (left > 0 && orphans_exist(agent->shell)) {
        struct pollfd death = {.fd = agent->child_fd, .events = POLLIN};

        orphans_kill(agent->shell);
        poll(&death, 1, (int)left);
        reap(agent);
        left = end - now_ms();
    }
}

static void handle_request(struct agent *agent, const struct agent_frame *frame)
{
    struct run *run = find_run(agent, frame->id);

    if (frame->type == AGENT_RUN) {
        handle_run(agent, frame);
    } else if (frame->type == AGENT_PING) {
        line_send(&agent->line, &(struct agent_frame){.type = AGENT_PONG, .id = frame->id,
                                                      .length = frame->length,
                                                      .payload = frame->payload});
    } else if (frame->type == AGENT_INPUT && run != NULL) {
        run_input(run, frame->payload, frame->length);
    } else if (frame->type == AGENT_SIGNAL && run != NULL && frame->length == 1) {
        run_signal(run, frame->payload[0]);
    } else if (frame->type == AGENT_SWEEP) {
        sweep(agent);
    }
}

/* Until it has a nonce anybody could ask. */
static void handle_frame(void *context, const struct agent_frame *frame)
{
    struct agent *agent = context;

    if (frame->type == AGENT_RESUME) {
        handle_resume(agent, frame);
    } else if (has_nonce(agent)) {
        handle_request(agent, frame);
    }
}

static void send_shell_exit(struct agent *agent)
{
    uint8_t payload[AGENT_EXIT_LENGTH];

    if (agent->shell_ended && has_nonce(agent) && line_has_room(&agent->line, sizeof(payload))) {
        agent_exit_encode(&agent->shell_status, payload);
        line_send(&agent->line, &(struct agent_frame){.type = AGENT_SHELL_EXIT,
                                                      .length = sizeof(payload),
                                                      .payload = payload});
        agent->shell_ended = false;
    }
}

static void pump(struct agent *agent)
{
    send_shell_exit(agent);
    for (unsigned i = 0; i < AGENT_RUNS; i++) {
        struct run *run = &agent->runs[(agent->turn + i) % AGENT_RUNS];

        if (run->active) {
            run_pump(run, &agent->line);
        }
    }
    agent->turn = (agent->turn + 1) % AGENT_RUNS;
}

/* poll() skips negative descriptors. */
static void watch(struct pollfd *slot, int fd, bool wanted, short events)
{
    slot->fd = wanted ? fd : -1;
    slot->events = events;
    slot->revents = 0;
}

static int wait_for_work(struct agent *agent, struct pollfd *fds)
{
    const struct line *line = &agent->line;
    bool room = line_has_room(line, AGENT_FRAME_PAYLOAD);
    short events = (short)((line_can_answer(line) ? POLLIN : 0) | (line->queued ? POLLOUT : 0));

    watch(&fds[POLL_LINE], line->fd, true, events);
    watch(&fds[POLL_CHILD], agent->child_fd, true, POLLIN);
    for (unsigned i = 0; i < AGENT_RUNS; i++) {
        const struct run *run = &agent->runs[i];
        struct pollfd *slot = &fds[POLL_RUNS + 3 * i];

        watch(&slot[0], run->in, run->active && run->waiting > 0, POLLOUT);
        watch(&slot[1], run->out[0], run->active && room, POLLIN);
        watch(&slot[2], run->out[1], run->active && room, POLLIN);
    }
    return poll(fds, POLL_COUNT, shell_timeout(agent)) < 0 && errno != EINTR ? -errno : 0;
}

static int serve_once(struct agent *agent)
{
    struct pollfd fds[POLL_COUNT];
    int error = wait_for_work(agent, fds);

    if (error == 0 && (fds[POLL_LINE].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        error = line_read(&agent->line, handle_frame, agent);
    }
    if (error == 0) {
        if (fds[POLL_CHILD].revents != 0) {
            reap(agent);
        }
        start_due_shell(agent);
        pump(agent);
        error = line_flush(&agent->line);
    }
    return error;
}

/* Without a line nobody can ask for anything: the shell is all there is. */
static int serve_shell_only(struct agent *agent)
{
    int wait_status;

    while (!agent->shell_ended) {
        if (agent->shell == 0) {
            poll(NULL, 0, shell_timeout(agent));
            start_due_shell(agent);
        } else if (waitpid(agent->shell, &wait_status, 0) >= 0) {
            handle_shell_end(agent, wait_status);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return agent->shell_status.kind == AGENT_EXIT_EXEC_FAILED ? -(int)agent->shell_status.value : 0;
}

static int start(struct agent *agent, const struct agent_config *config)
{
    sigset_t child;
    int error;

    agent->config = config;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &child, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return -errno;
    }
    agent->child_fd = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
    if (agent->child_fd < 0) {
        return -errno;
    }
    line_init(&agent->line, config->fd, AGENT_NO_NONCE);
    error = orphans_adopt();
    if (error != 0) {
        return error;
    }
    if (config->shell != NULL) {
        start_shell(agent);
    }
    return 0;
}

/* Nobody is left to ask for their end. */
static void kill_runs(const struct agent *agent)
{
    for (unsigned i = 0; i < AGENT_RUNS; i++) {
        if (agent->runs[i].active) {
            run_signal(&agent->runs[i], SIGKILL);
        }
    }
}

int agent_serve(const struct agent_config *config)
{
    struct agent *agent = &the_agent;
    int error = start(agent, config);

    if (error != 0) {
        return error;
    }
    if (config->fd < 0) {
        return serve_shell_only(agent);
    }
    send_ready(agent);
    while (error == 0) {
        error = serve_once(agent);
    }
    kill_runs(agent);
    return error == -EPIPE ? 0 : error;
}
