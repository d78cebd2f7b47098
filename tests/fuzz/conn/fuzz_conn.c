/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target for a connection of the vmmio device: see fuzz_vm.h. */
#include "qemu/osdep.h"
#include <poll.h>
#include "io/channel.h"
#include "qemu/module.h"
#include "system/cpu-timers.h"
#include "fuzz_vm.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
gint __wrap_g_poll(GPollFD *fds, guint count, gint timeout);
ssize_t __wrap_qio_channel_read(QIOChannel *ioc, char *buf, size_t len, Error **errp);
ssize_t __real_qio_channel_read(QIOChannel *ioc, char *buf, size_t len, Error **errp);

/* QEMU's virtual clock, and how a thread sleeps and receives, belong to the fuzzer. */
int64_t cpus_get_virtual_clock(void)
{
    return fuzz_vm_clock_ms() * SCALE_MS;
}

void cpus_set_virtual_clock(int64_t new_time)
{
    g_assert_not_reached();
}

gint __wrap_g_poll(GPollFD *fds, guint count, gint timeout)
{
    struct pollfd look = { .fd = fds->fd, .events = (short)fds->events };
    int n;

    g_assert_cmpuint(count, ==, 1);
    if (timeout > 0) {
        fuzz_vm_sleep(timeout);
    }
    n = poll(&look, 1, 0);
    fds->revents = (gushort)look.revents;
    return n;
}

ssize_t __wrap_qio_channel_read(QIOChannel *ioc, char *buf, size_t len, Error **errp)
{
    fuzz_vm_before_receive();
    return __real_qio_channel_read(ioc, buf, len, errp);
}

static bool sleep_on_condition(QemuCond *cond, QemuMutex *mutex, int milliseconds,
                               const char *file, int line)
{
    qemu_mutex_unlock(mutex);
    fuzz_vm_sleep(milliseconds);
    qemu_mutex_lock(mutex);
    return false;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    module_call_init(MODULE_INIT_QOM);
    qemu_cond_timedwait_func = sleep_on_condition;
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    fuzz_vm_run(bytes, len);
    return 0;
}
