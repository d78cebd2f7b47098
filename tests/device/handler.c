/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "handler.h"

#include "device.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    int code; /* what becomes of the process, as waitid() tells */
    int status;
} outcomes[] = {
    [HANDLER_KILLED] = { CLD_KILLED, SIGKILL },
    [HANDLER_STOPPED] = { CLD_STOPPED, SIGSTOP },
    [HANDLER_CUT_OFF] = { CLD_EXITED, EXIT_SUCCESS },
};

static void fail_now(struct peer *peer, const uint8_t request[PEER_PACKET], HandlerFault fault)
{
    switch (fault) {
    case HANDLER_KILLED:
        raise(SIGKILL);
        break;
    case HANDLER_STOPPED:
        raise(SIGSTOP);
        break;
    case HANDLER_CUT_OFF:
        peer_send(peer, request, PEER_PACKET / 2);
        _exit(EXIT_SUCCESS);
    }
}

/* Only a system reset sends something else than a read. */
static void serve(const char *endpoint, uint32_t value, unsigned answers, HandlerFault fault)
{
    uint8_t packet[PEER_PACKET];
    struct peer peer;

    peer_connect(&peer, endpoint);
    peer_send_text(&peer, DEVICE_CLAIM_0);
    while (recv(peer.fd, packet, sizeof(packet), MSG_WAITALL) == sizeof(packet)) {
        if (packet[8] != 0x01) {
            continue;
        }
        if (answers == 0) {
            fail_now(&peer, packet, fault);
        }
        answers--;
        peer_answer(&peer, packet, value);
    }
    _exit(EXIT_FAILURE);
}

pid_t handler_start(const char *endpoint, uint32_t value, unsigned answers, HandlerFault fault)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) {
            _exit(EXIT_FAILURE);
        }
        serve(endpoint, value, answers, fault);
    }
    return pid;
}

void handler_await_fault(pid_t handler, HandlerFault fault)
{
    gint64 end = g_get_monotonic_time() + QTEST_SECONDS * G_TIME_SPAN_SECOND;
    siginfo_t info = { 0 };

    while (info.si_pid == 0) {
        ck_assert_int_eq(waitid(P_PID, (id_t)handler, &info,
                                WEXITED | WSTOPPED | WNOHANG | WNOWAIT), 0);
        ck_assert_msg(g_get_monotonic_time() < end, "the handler is not asked any more");
        g_usleep(1000);
    }
    ck_assert_int_eq(info.si_code, outcomes[fault].code);
    ck_assert_int_eq(info.si_status, outcomes[fault].status);
}

void handler_end(pid_t handler)
{
    kill(handler, SIGKILL);
    ck_assert_int_eq(waitpid(handler, NULL, 0), handler);
}
