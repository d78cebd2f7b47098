/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target for a connection of the vmmio device: see fuzz_vm.h. */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "system/cpu-timers.h"
#include "fuzz_vm.h"
#include "vmmio-stream.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
ssize_t __wrap_vmmio_stream_read(VmmioStream *stream, uint8_t *bytes, size_t len, bool sleep);
ssize_t __real_vmmio_stream_read(VmmioStream *stream, uint8_t *bytes, size_t len, bool sleep);

/* QEMU's virtual clock, and how a thread sleeps, belong to the fuzzer. */
int64_t cpus_get_virtual_clock(void)
{
    return fuzz_vm_clock_ms() * SCALE_MS;
}

void cpus_set_virtual_clock(int64_t new_time)
{
    g_assert_not_reached();
}

static ssize_t read_now(VmmioStream *stream, uint8_t *bytes, size_t len)
{
    fuzz_vm_before_receive();
    return __real_vmmio_stream_read(stream, bytes, len, false);
}

ssize_t __wrap_vmmio_stream_read(VmmioStream *stream, uint8_t *bytes, size_t len, bool sleep)
{
    ssize_t n = read_now(stream, bytes, len);

    if (n == QIO_CHANNEL_ERR_BLOCK && sleep) {
        fuzz_vm_sleep(VMMIO_SLICE_MS);
        n = read_now(stream, bytes, len);
    }
    return n;
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
