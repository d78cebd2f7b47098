/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots on disk: a directory for each, CACHE/snapshots/KEY, with
 *
 *   ram           the guest's RAM; holes where it is zero
 *   state         its devices and CPUs, as QEMU writes them
 *   console.log   what it printed up to then
 *   snapshot.ini  the nonce that its agent answers to, and a seal over all of this
 *                 but console.log, which is for people
 *
 * A snapshot is written as a draft under another name and renamed when it is whole, so that a run
 * which is killed leaves none that is not. Readers open files and keep them: one who removes or
 * replaces a snapshot disturbs nobody. A lock, held for milliseconds, orders what takes several
 * steps.
 *
 * The RAM is not hashed, which would take as long as to boot: it is good as long as it is the
 * very file that was written, unchanged, and the host was not restarted meanwhile, because nothing
 * waits until it is on the disk. Main thread only.
 */
#ifndef VMBENCH_SNAPSHOT_STORE_H
#define VMBENCH_SNAPSHOT_STORE_H

#include "error.h"
#include "snapshot_hash.h"

/*
 * Beyond these the snapshots used least recently are removed; and those that were not used for a week, but
 * for the newest three.
 */
#define VMB_SNAPSHOTS_MIN 3
#define VMB_SNAPSHOTS_MAX_S (7 * 24 * 3600)
#define VMB_SNAPSHOTS_MAX 20
#define VMB_SNAPSHOTS_MAX_BYTES (G_GINT64_CONSTANT(4) << 30)

typedef struct VmbSnapshotStore VmbSnapshotStore;

/*
 * CACHE/snapshots, made with its parents, without the drafts of runs that were killed. NULL:
 * VMB_ERROR_SETUP, it cannot be made or written. Free with vmb_snapshot_store_free().
 */
VmbSnapshotStore *vmb_snapshot_store_open(const char *cache_dir, GError **error);
void vmb_snapshot_store_free(VmbSnapshotStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbSnapshotStore, vmb_snapshot_store_free)

/* The remembered hashes of files. Borrowed from the store. */
VmbHashes *vmb_snapshot_store_hashes(VmbSnapshotStore *store);

/* Keep them for later runs. One that cannot be written is none the worse but slower: no error. */
void vmb_snapshot_store_keep_hashes(VmbSnapshotStore *store);

/* A snapshot's files, open for reading, -1 when there are none; vmb_snapshot_files_close() ends all. */
typedef struct {
    int ram_fd;
    int state_fd;
    guint64 nonce; /* of the run that made it */
    GBytes *console; /* what it has printed; NULL: that is not known */
} VmbSnapshotFiles;

void vmb_snapshot_files_close(VmbSnapshotFiles *files);

/*
 * Open a snapshot and note that it was used. FALSE without an error: there is none. FALSE with one:
 * VMB_ERROR_SETUP, there is but it is no good, and why.
 */
gboolean vmb_snapshot_store_find(VmbSnapshotStore *store, const char *key, VmbSnapshotFiles *files,
                                 GError **error);

/*
 * Keep a snapshot under `key`, instead of the one there may be, and remove those that are too many.
 * Reads all of files->ram_fd, which is a memfd or file with holes, and of files->state_fd. Blocks
 * while it writes: some 0.1 s. FALSE: VMB_ERROR_SETUP, it cannot be written; nothing is left
 * of it, and there may be none under `key` any more.
 */
gboolean vmb_snapshot_store_keep(VmbSnapshotStore *store, const char *key,
                                 const VmbSnapshotFiles *files, GError **error);

#endif
