/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that tests start through vmb_snapshot_boot(), under TCG, with QEMU, images and handler of
 * the build. A line of TAP comment says how each came up. Failures are Check failures.
 */
#ifndef TESTS_SNAPSHOT_RUN_H
#define TESTS_SNAPSHOT_RUN_H

#include "settings.h"
#include "snapshot.h"
#include "tap.h"

#define RUN_MS 60000
#define TIMEOUT_SCALE 4
/* Each test boots some guests, on a host that may be busy. */
#define TEST_SECONDS 600

extern char *run_root;  /* temporary directory of this program's files */
extern char *run_cache; /* a directory of snapshots in it, so that a boot serves several tests */

/* One guest and all that it needs. */
typedef struct {
    VmbSettings *settings;
    VmbGuestConfig *config;
    VmbAlarm *alarm;
    VmbSnapshotReport report;
    VmbGuest *guest;
    char *logs;
} Run;

/* Everything but the guest, whose configuration may be changed before run_boot(). */
void run_prepare(Run *run, const char *machine);

/* The guest, from `cache` if it can be. Its agent is ready. */
void run_boot(Run *run, const char *cache);

/* Both. */
void run_start(Run *run, const char *machine, const char *cache);

/* End the guest and free everything. */
void run_end(Run *run);

/* What `sh -c script` in the guest prints; it must succeed. Free with g_free(). */
char *run_shell(const Run *run, const char *script);

/* The memory example, without and with its handler, byte for byte. */
void run_assert_device_works(Run *run);

/* How the guest came up. */
void run_assert_restored(const Run *run);
void run_assert_saved(const Run *run);

/*
 * Make sure of a snapshot in run_cache; returns the path of one of its files. Free with g_free().
 */
char *run_snapshot_file(const char *machine, const char *name);

/* main() of a program of such tests: run_root is there for the suite, and removed after it. */
int run_suite(Suite *suite);

#endif
