/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pin.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

VmbCpuPair vmb_cpu_pair(void)
{
    VmbCpuPair pair = {0, 0};
    cpu_set_t allowed;
    int found = 0;

    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof(allowed), &allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
        if (CPU_ISSET(cpu, &allowed)) {
            if (found++ == 0) {
                pair.near_end = cpu;
            }
            pair.far_end = cpu;
        }
    }
    return pair;
}

gboolean vmb_pin(pid_t thread, int cpu, GError **error)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(thread, sizeof(set), &set) != 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "cannot tie thread %d to CPU %d: %s",
                    (int)thread, cpu, g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

gboolean vmb_pin_all(pid_t process, int cpu, GError **error)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", (int)process);
    g_autoptr(GDir) threads = g_dir_open(path, 0, NULL);
    const char *name;

    while (threads != NULL && (name = g_dir_read_name(threads)) != NULL) {
        vmb_pin((pid_t)atoi(name), cpu, NULL); /* a thread may end at any time */
    }
    return vmb_pin(process, cpu, error);
}
