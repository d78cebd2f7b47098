/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "power.h"

#include "startup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

void power_load_driver(void)
{
    static const char driver[] = "bcm2835_wdt.ko";
    int error = startup_load_module(driver, "");

    if (error != 0 && error != -ENOENT) { /* only a Pi's image has it */
        dprintf(STDERR_FILENO, "vmmio-init: cannot load %s (%s): poweroff and reboot will not end "
                "the guest, Ctrl-A X does\n", driver, strerror(-error));
    }
}

void power_off(void)
{
    sync();
    reboot(RB_POWER_OFF);
}

/* Nothing but system calls: there is no more to be done than that. */
static void on_signal(int number)
{
    if (number == SIGTERM) {
        sync();
        reboot(RB_AUTOBOOT);
    } else {
        power_off();
    }
}

void power_catch_signals(void)
{
    static const int signals[] = {SIGTERM, SIGUSR1, SIGUSR2};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &action, NULL);
    }
}
