/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include "hw/core/cpu.h"
#include "io/channel-socket.h"
#include "qapi/error.h"
#include "fuzz_model.h"
#include "fuzz_vm.h"

/* Threads that can sleep one inside the other, and turns that no connection needs to end. */
#define DEPTH_MAX 3
#define TURNS_MAX 100000

/* Small, so that a peer that leaves them full is reached within one script. */
#define SOCKET_BYTES 4096

/* The run in progress. */
static struct fuzz_vm {
    struct fuzz_script script;
    struct fuzz_peer peer;
    struct fuzz_model model;
    VmmioConn *conn;
    int epoll_fd;
    int burst_fd;
    bool reaped;        /* the link thread has let the connection go */
    bool serving;       /* it is at work */
    bool posting;       /* one thread at a time posts, so that the order is known */
    unsigned sleepers;  /* threads that sleep now */
    uint64_t posted;    /* posted writes that the device took */
    size_t called_back; /* index behind the packet of the last callback */
} vm;

static int64_t clock_ms;
static CPUState cpu; /* of every vCPU: stopping is for all of them */

static void step(void);

int64_t fuzz_vm_clock_ms(void)
{
    return clock_ms;
}

void fuzz_vm_before_receive(void)
{
    fuzz_model_look(&vm.model);
}

void fuzz_vm_sleep(int milliseconds)
{
    vm.sleepers++;
    if (vm.sleepers <= DEPTH_MAX && !fuzz_script_ended(&vm.script)) {
        step();
    }
    vm.sleepers--;
    clock_ms += milliseconds;
    if (vm.sleepers >= DEPTH_MAX || fuzz_script_ended(&vm.script)) {
        cpu.stop = true; /* nobody else can act: whoever waits for ever is asked to leave */
    }
}

static size_t unsent(void)
{
    return vm.conn->queue->len + vm.conn->out->len - vm.conn->out_sent;
}

/* Packets that are no replies come here, each once, in order, before the end; no long ones. */
static void on_packet(VmmioConn *conn, const struct vmmio_packet *packet, const uint8_t *block,
                      void *opaque)
{
    size_t index = conn->stats.packets_received - 1;
    uint32_t tag;

    g_assert_true(vmmio_conn_is_open(conn));
    for (; vm.called_back < index; vm.called_back++) {
        g_assert_true(fuzz_peer_sent_reply(&vm.peer, vm.called_back, &tag) ||
                      fuzz_peer_sent(&vm.peer, vm.called_back)[1] > 0);
    }
    g_assert_cmpuint(vm.called_back++, ==, index);
    g_assert_false(fuzz_peer_sent_reply(&vm.peer, index, &tag));
    g_assert_cmpint(memcmp(block, fuzz_peer_sent(&vm.peer, index), VMMIO_BLOCK), ==, 0);
    g_assert_cmpuint(packet->extra_blocks, ==, 0);
    if (!packet->from_client) {
        return;
    }
    if (packet->opcode == VMMIO_OP_READ || packet->opcode == VMMIO_OP_WRITEA) {
        vmmio_block_make_reply(vmmio_conn_make_reply(conn, block), true);
    } else if (packet->opcode == VMMIO_OP_RGN_CLAIM && packet->iface >= 0x80) {
        vmmio_conn_shutdown(conn);
    }
}

static bool readable_fd(int fd, short events)
{
    struct pollfd pfd = { .fd = fd, .events = events };

    return poll(&pfd, 1, 0) > 0 && (pfd.revents & events);
}

static bool readable(short events)
{
    return readable_fd(vm.conn->stream.fd, events);
}

/* When the link thread is left asleep, there is nothing for it to do. */
static void check_idle(void)
{
    g_assert_false(vm.conn->closed);
    if (vm.conn->n_attended == 0) {
        g_assert_false(readable(POLLIN));
    }
    if (!vm.conn->sending && unsent() > 0) {
        g_assert_false(readable(POLLOUT));
    }
}

static bool timer_is_set(void)
{
    struct itimerspec left;

    g_assert_cmpint(timerfd_gettime(vm.burst_fd, &left), ==, 0);
    return left.it_value.tv_nsec > 0 || readable_fd(vm.burst_fd, POLLIN);
}

/* The timer is over: all accesses were long ago, as the script's threads have no clock. */
static bool look_at_burst(void)
{
    if (!vm.conn->in_burst) {
        return false;
    }
    g_assert_true(timer_is_set());
    g_assert_cmpint(vmmio_burst_look(vm.conn), ==, 0);
    g_assert_false(vm.conn->in_burst);
    timerfd_settime(vm.burst_fd, 0, &(struct itimerspec){ { 0 } }, NULL);
    return true;
}

/* The link thread wakes up, if epoll wakes it. True when it did something. */
static bool link_turn(void)
{
    struct epoll_event event;

    if (vm.reaped || vm.serving) {
        return false;
    }
    if (epoll_wait(vm.epoll_fd, &event, 1, 0) == 0) {
        if (look_at_burst()) {
            return true;
        }
        check_idle();
        return false;
    }
    vm.serving = true;
    vm.reaped = !vmmio_conn_serve(vm.conn, event.events);
    vm.serving = false;
    if (vm.reaped) {
        epoll_ctl(vm.epoll_fd, EPOLL_CTL_DEL, vm.conn->stream.fd, NULL);
    }
    return true;
}

static VmmioWait make_wait(uint8_t how)
{
    VmmioWait wait = {
        .cpu = &cpu,
        .restartable = how & 0x80,
        .leave_ns = how & 0x40 ? 0 : INT64_MAX,
        .clock = QEMU_CLOCK_VIRTUAL,
        .deadline_ns = INT64_MAX,
    };

    if (how & 0x20) {
        wait.deadline_ns = (clock_ms + (how & 3)) * SCALE_MS;
    }
    if (how & 4) {
        wait.poll_ns = 1; /* looks once before it sleeps */
    }
    if (how & 8) {
        vm.conn->burst_accesses = UINT_MAX / 2; /* this one is in a burst, if it is answered */
    }
    return wait;
}

static void start_request(struct fuzz_access *access)
{
    struct vmmio_packet p = { .opcode = VMMIO_OP_READ, .size = 4, .addr = vm.posted };

    access->request = g_new0(VmmioRequest, 1);
    access->started = false;
    access->answered = false;
    vmmio_encode(&p, access->request->block);
    vmmio_request_start(access->request, vmmio_conn_ref(vm.conn));
}

/* What the wait told is what the model says, and it did not tell the same by chance. */
static void wait_for_request(struct fuzz_access *access, uint8_t how)
{
    VmmioWait wait = make_wait(how);
    VmmioOutcome outcome;

    access->waiting = true;
    outcome = vmmio_request_wait(access->request, &wait);
    access->waiting = false;
    fuzz_model_look(&vm.model);
    g_assert_cmpint(outcome, !=, VMMIO_PENDING);
    g_assert_cmpint(outcome == VMMIO_ANSWERED, ==, access->answered);
    if (outcome == VMMIO_LOST) {
        g_assert_true(vm.conn->closed);
    } else if (outcome == VMMIO_TIMED_OUT) {
        g_assert_cmpint(wait.deadline_ns, <=, clock_ms * SCALE_MS);
    } else if (outcome == VMMIO_INTERRUPTED) {
        g_assert_true(cpu.stop || wait.leave_ns == 0 || (wait.restartable && cpu.exit_request));
    }
}

static void end_request(struct fuzz_access *access)
{
    vmmio_request_end(access->request);
    g_free(access->request);
    access->request = NULL;
    access->started = false;
}

/* An access from start to end, or the next part of one that is under way. */
static void act_as_vcpu(void)
{
    struct fuzz_access *access = &vm.model.accesses[fuzz_byte(&vm.script) % FUZZ_VCPUS];
    uint8_t how = fuzz_byte(&vm.script);

    if (access->waiting) {
        return;
    }
    if (!access->request) {
        start_request(access);
    }
    wait_for_request(access, how);
    if (how & 0x10) {
        end_request(access);
    }
}

/* A write that is not answered and carries its number; perhaps only if there is room at once. */
static VmmioOutcome post_one(uint8_t how)
{
    struct vmmio_packet p = { .opcode = VMMIO_OP_WRITE, .size = 4, .addr = vm.posted };
    VmmioWait wait = make_wait(how);
    bool may_wait = how & 8;
    uint8_t block[VMMIO_BLOCK];
    VmmioOutcome outcome;

    vmmio_encode(&p, block);
    outcome = vmmio_conn_post(vm.conn, block, may_wait ? &wait : NULL);
    g_assert_true(outcome != VMMIO_PENDING || (!may_wait && unsent() >= VMMIO_POSTED_MAX));
    g_assert_true(outcome != VMMIO_LOST || vm.conn->closed);
    if (outcome == VMMIO_ANSWERED) {
        vm.posted++;
        g_assert_cmpuint(unsent(), <=, VMMIO_POSTED_MAX + VMMIO_BLOCK);
    }
    return outcome;
}

static void post_many(void)
{
    unsigned count = fuzz_count(&vm.script, 2 * VMMIO_POSTED_MAX / VMMIO_BLOCK);
    uint8_t how = fuzz_byte(&vm.script);

    if (vm.posting) {
        return;
    }
    vm.posting = true;
    while (count-- > 0 && post_one(how) == VMMIO_ANSWERED) {
    }
    vm.posting = false;
}

static void send_resets(unsigned count)
{
    struct vmmio_packet p = { .opcode = VMMIO_OP_RESET };
    uint8_t block[VMMIO_BLOCK];

    vmmio_encode(&p, block);
    while (count-- > 0) {
        g_assert_true(vmmio_conn_send(vm.conn, block) || vm.conn->closed);
    }
}

/* One thing that the script says, and a look at what came of it. */
static void step(void)
{
    switch (fuzz_byte(&vm.script) % 16) {
    case 0 ... 4:
        fuzz_peer_step(&vm.peer, &vm.script);
        break;
    case 5 ... 8:
        act_as_vcpu();
        break;
    case 9 ... 10:
        link_turn();
        break;
    case 11:
        post_many();
        break;
    case 12 ... 13:
        send_resets(fuzz_count(&vm.script, 2 * VMMIO_UNSENT_MAX / VMMIO_BLOCK));
        break;
    case 14:
        cpu.exit_request = fuzz_byte(&vm.script) & 1;
        cpu.stop = fuzz_byte(&vm.script) & 1;
        break;
    case 15:
        vmmio_conn_shutdown(vm.conn);
        break;
    }
    fuzz_model_look(&vm.model);
    g_assert_cmpuint(unsent(), <=, VMMIO_UNSENT_MAX + VMMIO_INPUT_BYTES);
}

static void start_connection(void)
{
    const int bytes = SOCKET_BYTES;
    int fds[2];
    QIOChannelSocket *ioc;

    cpu.exit_request = false;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    fuzz_peer_open(&vm.peer, fds[1]);
    ioc = qio_channel_socket_new_fd(fds[0], &error_abort);
    vm.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    vm.burst_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    vm.conn = vmmio_conn_new(QIO_CHANNEL(ioc), fds[0], vm.epoll_fd, vm.burst_fd, "fuzz",
                             on_packet, NULL);
    vm.model.conn = vm.conn;
    vm.model.peer = &vm.peer;
}

/* A peer that reads again gets everything, and the VM takes in everything. */
static void settle_down(void)
{
    unsigned turns = 0;

    vm.peer.lazy = false;
    do {
        fuzz_peer_read(&vm.peer);
        fuzz_model_look(&vm.model);
        g_assert_cmpuint(turns++, <, TURNS_MAX);
    } while (link_turn());
    if (!vm.conn->closed && vm.peer.fd >= 0) {
        g_assert_cmpuint(unsent(), ==, 0);
        g_assert_cmpuint(vm.peer.posted, ==, vm.posted);
        g_assert_cmpuint(vm.peer.n_requests, ==, vm.model.n_requests);
        g_assert_cmpuint(vm.conn->stats.packets_received, ==, vm.peer.n_packets);
    }
}

static void end_connection(void)
{
    unsigned turns = 0;

    fuzz_peer_close(&vm.peer);
    while (!vm.reaped) {
        g_assert_cmpuint(turns++, <, TURNS_MAX);
        g_assert_true(link_turn());
    }
    for (unsigned i = 0; i < FUZZ_VCPUS; i++) {
        if (vm.model.accesses[i].request) {
            wait_for_request(&vm.model.accesses[i], 0);
            end_request(&vm.model.accesses[i]);
        }
    }
    g_assert_cmpuint(vm.conn->refs, ==, 1);
    vmmio_conn_unref(vm.conn);
    close(vm.epoll_fd);
    close(vm.burst_fd);
}

void fuzz_vm_run(const uint8_t *bytes, size_t len)
{
    vm = (struct fuzz_vm){ .script = { bytes, bytes + len } };
    start_connection();
    while (!fuzz_script_ended(&vm.script)) {
        cpu.stop = false;
        step();
    }
    settle_down();
    end_connection();
}
