/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot_copy.h"
#include "snapshot_seal.h"

#define LOCK "lock"
#define HASHES "hashes.ini"
#define DRAFT "draft-"
#define INI "snapshot.ini"
#define CONSOLE "console.log"

struct VmbSnapshotStore {
    char *dir;
    int lock;
    VmbHashes *hashes;
};

/* A directory to be renamed; locked by its writer, so that others see whether he lives. */
typedef struct {
    char *path;
    int fd;
} Draft;

static gboolean fail(const char *what, const char *path, GError **error)
{
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s %s: %s", what, path, g_strerror(errno));
    return FALSE;
}

static void lock(VmbSnapshotStore *store)
{
    while (flock(store->lock, LOCK_EX) != 0 && errno == EINTR) {
        continue;
    }
}

static void unlock(VmbSnapshotStore *store)
{
    flock(store->lock, LOCK_UN);
}

/* Nothing in it is a directory. */
static void remove_directory(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        unlink(file);
    }
    rmdir(path);
}

static void remove_if_stale(const char *draft)
{
    int fd = open(draft, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        remove_directory(draft);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* A directory of the store and what counts for its removal. */
typedef struct {
    char *path;
    struct timespec used;
    gint64 bytes;
} Entry;

static void entry_free(gpointer data)
{
    Entry *entry = data;

    g_free(entry->path);
    g_free(entry);
}

static gint64 directory_bytes(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    gint64 bytes = 0;
    const char *name;
    struct stat s;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        if (stat(file, &s) == 0) {
            bytes += (gint64)s.st_blocks * 512;
        }
    }
    return bytes;
}

static gint compare_use(gconstpointer a, gconstpointer b)
{
    const struct timespec *first = &(*(Entry *const *)a)->used;
    const struct timespec *second = &(*(Entry *const *)b)->used;

    if (first->tv_sec != second->tv_sec) {
        return first->tv_sec > second->tv_sec ? -1 : 1;
    }
    return first->tv_nsec > second->tv_nsec ? -1 : first->tv_nsec < second->tv_nsec;
}

/* The snapshots, the one used last first. */
static GPtrArray *list_snapshots(VmbSnapshotStore *store)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func(entry_free);
    g_autoptr(GDir) dir = g_dir_open(store->dir, 0, NULL);
    const char *name;
    struct stat s;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(store->dir, name, NULL);

        if (!g_str_has_prefix(name, DRAFT) && stat(path, &s) == 0 && S_ISDIR(s.st_mode)) {
            Entry *entry = g_new0(Entry, 1);

            entry->used = s.st_mtim;
            entry->bytes = directory_bytes(path);
            entry->path = g_steal_pointer(&path);
            g_ptr_array_add(entries, entry);
        }
    }
    g_ptr_array_sort(entries, compare_use);
    return entries;
}

static gboolean is_forgotten(const Entry *entry)
{
    return g_get_real_time() / G_USEC_PER_SEC - entry->used.tv_sec > VMB_SNAPSHOTS_MAX_S;
}

static void remove_too_many(VmbSnapshotStore *store)
{
    g_autoptr(GPtrArray) entries = list_snapshots(store);
    gint64 bytes = 0;

    for (guint i = 0; i < entries->len; i++) {
        const Entry *entry = entries->pdata[i];

        bytes += entry->bytes;
        if (i >= VMB_SNAPSHOTS_MAX || (i > 0 && bytes > VMB_SNAPSHOTS_MAX_BYTES) ||
            (i >= VMB_SNAPSHOTS_MIN && is_forgotten(entry))) {
            remove_directory(entry->path);
        }
    }
}

static void remove_stale(VmbSnapshotStore *store)
{
    g_autoptr(GDir) dir = g_dir_open(store->dir, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_prefix(name, DRAFT)) {
            g_autofree char *path = g_build_filename(store->dir, name, NULL);

            remove_if_stale(path);
        }
    }
}

VmbSnapshotStore *vmb_snapshot_store_open(const char *cache_dir, GError **error)
{
    g_autoptr(VmbSnapshotStore) store = g_new0(VmbSnapshotStore, 1);
    g_autofree char *lock_path = NULL;
    g_autofree char *hashes_path = NULL;

    store->dir = g_build_filename(cache_dir, "snapshots", NULL);
    store->lock = -1;
    if (g_mkdir_with_parents(store->dir, 0755) != 0) {
        fail("cannot make", store->dir, error);
        return NULL;
    }
    lock_path = g_build_filename(store->dir, LOCK, NULL);
    store->lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (store->lock < 0) {
        fail("cannot write", lock_path, error);
        return NULL;
    }
    hashes_path = g_build_filename(store->dir, HASHES, NULL);
    store->hashes = vmb_hashes_load(hashes_path);
    lock(store);
    remove_stale(store);
    unlock(store);
    return g_steal_pointer(&store);
}

void vmb_snapshot_store_free(VmbSnapshotStore *store)
{
    if (store->lock >= 0) {
        close(store->lock);
    }
    g_clear_pointer(&store->hashes, vmb_hashes_free);
    g_free(store->dir);
    g_free(store);
}

VmbHashes *vmb_snapshot_store_hashes(VmbSnapshotStore *store)
{
    return store->hashes;
}

static gboolean begin(VmbSnapshotStore *store, Draft *draft, GError **error)
{
    draft->path = g_build_filename(store->dir, DRAFT "XXXXXX", NULL);
    draft->fd = -1;
    lock(store); /* or another run takes it for stale before it is locked */
    if (g_mkdtemp_full(draft->path, 0755) != NULL) {
        draft->fd = open(draft->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (draft->fd < 0 || flock(draft->fd, LOCK_EX | LOCK_NB) != 0) {
        fail("cannot make a directory in", store->dir, error);
    }
    unlock(store);
    return draft->fd >= 0;
}

/* What is left of it, when it was not renamed. */
static void end(Draft *draft)
{
    if (draft->fd >= 0) {
        remove_directory(draft->path);
        close(draft->fd);
    }
    g_free(draft->path);
}

static int create(const Draft *draft, const char *name, GError **error)
{
    int fd = openat(draft->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0) {
        fail("cannot make a file in", draft->path, error);
    }
    return fd;
}

static gboolean write_file(const Draft *draft, const char *name, const void *bytes, gsize len,
                           GError **error)
{
    int fd = create(draft, name, error);
    gboolean ok = fd >= 0 && vmb_write_all(fd, bytes, len, error);

    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

void vmb_snapshot_store_keep_hashes(VmbSnapshotStore *store)
{
    g_autofree char *text = NULL;
    Draft draft;

    if (!vmb_hashes_text(store->hashes, &text)) {
        return;
    }
    if (begin(store, &draft, NULL) && write_file(&draft, HASHES, text, strlen(text), NULL)) {
        g_autofree char *from = g_build_filename(draft.path, HASHES, NULL);
        g_autofree char *to = g_build_filename(store->dir, HASHES, NULL);

        if (rename(from, to) != 0) {
            g_debug("%s: %s", to, g_strerror(errno)); /* the draft goes away all the same */
        }
    }
    end(&draft);
}

void vmb_snapshot_files_close(VmbSnapshotFiles *files)
{
    if (files->ram_fd >= 0) {
        close(files->ram_fd);
    }
    if (files->state_fd >= 0) {
        close(files->state_fd);
    }
    files->ram_fd = files->state_fd = -1;
    g_clear_pointer(&files->console, g_bytes_unref);
}

/* For people: one that is not there is missed by nothing else. */
static GBytes *read_console(int dir)
{
    int fd = openat(dir, CONSOLE, O_RDONLY | O_CLOEXEC);
    GBytes *console = fd >= 0 ? vmb_read_all(fd, NULL) : NULL;

    if (fd >= 0) {
        close(fd);
    }
    return console;
}

/* The last step makes it used just now. */
static int open_files(VmbSnapshotStore *store, const char *key, VmbSnapshotFiles *files)
{
    g_autofree char *path = g_build_filename(store->dir, key, NULL);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ini = -1;

    if (dir >= 0) {
        ini = openat(dir, INI, O_RDONLY | O_CLOEXEC);
        files->ram_fd = openat(dir, "ram", O_RDONLY | O_CLOEXEC);
        files->state_fd = openat(dir, "state", O_RDONLY | O_CLOEXEC);
        files->console = read_console(dir);
        futimens(dir, NULL);
        close(dir);
    }
    return ini;
}

static gboolean exists(VmbSnapshotStore *store, const char *key)
{
    g_autofree char *path = g_build_filename(store->dir, key, NULL);

    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

gboolean vmb_snapshot_store_find(VmbSnapshotStore *store, const char *key, VmbSnapshotFiles *files,
                                 GError **error)
{
    gboolean there, ok;
    int ini;

    *files = (VmbSnapshotFiles){.ram_fd = -1, .state_fd = -1};
    lock(store);
    there = exists(store, key);
    ini = open_files(store, key, files);
    unlock(store);
    ok = there && vmb_seal_check(ini, key, files->ram_fd, files->state_fd, &files->nonce, error);
    if (ini >= 0) {
        close(ini);
    }
    if (!ok) {
        vmb_snapshot_files_close(files);
    }
    return ok;
}

static gboolean write_bytes(const Draft *draft, const char *name, GBytes *bytes, GError **error)
{
    return write_file(draft, name, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
}

static gboolean write_snapshot(const Draft *draft, const char *key, const VmbSnapshotFiles *files,
                               GError **error)
{
    g_autoptr(GBytes) state = vmb_read_all(files->state_fd, error);
    int ram = state != NULL ? create(draft, "ram", error) : -1;
    g_autofree char *text = NULL;

    if (ram < 0) {
        return FALSE;
    }
    if (vmb_copy_sparse(files->ram_fd, ram, error)) {
        text = vmb_seal_text(key, ram, state, files->nonce);
    }
    close(ram);
    return text != NULL &&
           write_bytes(draft, "state", state, error) &&
           (files->console == NULL || write_bytes(draft, CONSOLE, files->console, error)) &&
           write_file(draft, INI, text, strlen(text), error);
}

static gboolean publish(VmbSnapshotStore *store, const Draft *draft, const char *key,
                        GError **error)
{
    g_autofree char *path = g_build_filename(store->dir, key, NULL);
    gboolean ok;

    lock(store);
    remove_directory(path);
    ok = rename(draft->path, path) == 0 || fail("cannot make", path, error);
    remove_too_many(store);
    unlock(store);
    return ok;
}

gboolean vmb_snapshot_store_keep(VmbSnapshotStore *store, const char *key,
                                 const VmbSnapshotFiles *files, GError **error)
{
    Draft draft;
    gboolean ok = begin(store, &draft, error) && write_snapshot(&draft, key, files, error) &&
                  publish(store, &draft, key, error);

    end(&draft);
    return ok;
}
