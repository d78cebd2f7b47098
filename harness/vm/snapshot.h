/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that need not boot: the first run of a configuration boots and saves the guest once its
 * agent is ready, later runs restore it in a tenth of the time (docs/decisions/0011-snapshots.md).
 * Main thread only; runs may share a cache directory, also at the same time.
 */
#ifndef VMBENCH_SNAPSHOT_H
#define VMBENCH_SNAPSHOT_H

#include "guest.h"

/* What was done, and in how many seconds; 0 for what was not. */
typedef struct {
    gboolean restored; /* else the guest was booted */
    gboolean saved;    /* it was booted, and is there for later runs */
    char *why_booted;  /* a snapshot is there but is no good: why; else NULL */
    char *why_unsaved; /* it was booted and cannot be saved: why; else NULL */
    char *key;         /* of the snapshot, see snapshot_key.h; NULL when it could not be made */
    double prepare_s;  /* finding out the key, and checking the snapshot */
    double start_s;    /* from QEMU's start to its greeting */
    double load_s;     /* restoring devices and CPUs */
    double agent_s;    /* until the restored guest's agent answers */
    double boot_s;     /* from QEMU's start to READY of the guest that was booted */
    double save_s;     /* saving it */
    double failed_s;   /* an attempt to restore that failed */
} VmbSnapshotReport;

/* Frees the texts. */
void vmb_snapshot_report_clear(VmbSnapshotReport *report);

/*
 * A running guest whose agent is ready under config->nonce, which must be new: restored from its
 * snapshot in `cache_dir` if there is one, else booted and saved there. A snapshot that is no
 * good, or does not answer, is replaced; a guest or directory that does not let itself be saved
 * makes no error either: the report says so, and the guest is booted without. Logs of an attempt
 * that failed are LOG_DIR/restore-console.log and restore-qemu.log.
 *
 * `config` and `alarm` must outlive the guest. *report is overwritten; clear it in any
 * case. NULL: as vmb_guest_start() and, after VMB_BOOT_MS (before scaling),
 * vmb_agent_link_wait_ready(). Free with vmb_guest_free().
 */
VmbGuest *vmb_snapshot_boot(const VmbGuestConfig *config, const char *log_dir,
                            const char *cache_dir, VmbAlarm *alarm, VmbSnapshotReport *report,
                            GError **error);

/* In the directory of a restored guest's logs: what it printed before it was saved. */
#define VMB_SNAPSHOT_BOOT_LOG "boot-console.log"

/* The directory in the user's cache in whose snapshots/ all of vmbench keeps them. Free with g_free(). */
char *vmb_snapshot_directory(void);

#endif
