/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots on disk, without guests: what is kept, what is removed, and who is disturbed by it. */
#include "snapshot_store.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot.h"
#include "tap.h"

#define RAM_BYTES (4 * 1024 * 1024)
/* A page in the middle that is not zero, and half a page at the end. */
#define RAM_AT (1024 * 1024)

static char *directory;
static VmbSnapshotStore *store;

static void open_store(void)
{
    g_autoptr(GError) error = NULL;

    store = vmb_snapshot_store_open(directory, &error);
    ck_assert_msg(store != NULL, "%s", error != NULL ? error->message : "");
}

static void set_up(void)
{
    directory = g_dir_make_tmp("vmbench-store-XXXXXX", NULL);
    open_store();
}

static void tear_down(void)
{
    const char *argv[] = {"rm", "-rf", directory, NULL};

    vmb_snapshot_store_free(store);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(directory);
}

static char *in_store(const char *name)
{
    return g_build_filename(directory, "snapshots", name, NULL);
}

static gboolean exists(const char *name)
{
    g_autofree char *path = in_store(name);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void keep(const char *key, const char *text, guint64 nonce)
{
    VmbSnapshotFiles files = {memfd_create("ram", 0), memfd_create("state", 0), nonce, NULL};
    g_autoptr(GError) error = NULL;
    ssize_t len = (ssize_t)strlen(text);

    ck_assert_int_eq(ftruncate(files.ram_fd, RAM_BYTES), 0);
    ck_assert_int_eq(pwrite(files.ram_fd, text, (gsize)len, RAM_AT), len);
    ck_assert_int_eq(pwrite(files.ram_fd, text, (gsize)len, RAM_BYTES - len), len);
    ck_assert_int_eq(pwrite(files.state_fd, text, (gsize)len, 0), len);
    ck_assert_msg(vmb_snapshot_store_keep(store, key, &files, &error), "%s",
                  error != NULL ? error->message : "");
    vmb_snapshot_files_close(&files);
}

static void assert_holds(const VmbSnapshotFiles *files, const char *text)
{
    gsize len = strlen(text);
    g_autofree char *got = g_malloc0(len + 1);
    struct stat s;

    ck_assert_int_eq(pread(files->state_fd, got, len, 0), (ssize_t)len);
    ck_assert_str_eq(got, text);
    ck_assert_int_eq(pread(files->ram_fd, got, len, RAM_AT), (ssize_t)len);
    ck_assert_str_eq(got, text);
    ck_assert_int_eq(pread(files->ram_fd, got, len, (off_t)(RAM_BYTES - len)), (ssize_t)len);
    ck_assert_str_eq(got, text);
    ck_assert_int_eq(fstat(files->ram_fd, &s), 0);
    ck_assert_int_eq(s.st_size, RAM_BYTES);
    ck_assert_int_lt(s.st_blocks * 512, RAM_BYTES / 4);
}

START_TEST(what_is_kept_is_found)
{
    VmbSnapshotFiles files;
    g_autoptr(GError) error = NULL;

    ck_assert(!vmb_snapshot_store_find(store, "one", &files, &error));
    ck_assert_ptr_null(error);
    keep("one", "first", 7);
    ck_assert(vmb_snapshot_store_find(store, "one", &files, &error));
    ck_assert_uint_eq(files.nonce, 7);
    assert_holds(&files, "first");
    vmb_snapshot_files_close(&files);
    ck_assert(!vmb_snapshot_store_find(store, "two", &files, &error));
}
END_TEST

START_TEST(a_reader_keeps_what_is_replaced)
{
    VmbSnapshotFiles old, new;

    keep("one", "first", 1);
    ck_assert(vmb_snapshot_store_find(store, "one", &old, NULL));
    keep("one", "other", 2);
    ck_assert(vmb_snapshot_store_find(store, "one", &new, NULL));
    assert_holds(&old, "first");
    assert_holds(&new, "other");
    ck_assert_uint_eq(new.nonce, 2);
    vmb_snapshot_files_close(&old);
    vmb_snapshot_files_close(&new);
}
END_TEST

/* Under another key it would be another guest's. */
START_TEST(a_snapshot_is_good_under_its_name_only)
{
    g_autofree char *one = in_store("one");
    g_autofree char *two = in_store("two");
    VmbSnapshotFiles files;
    g_autoptr(GError) error = NULL;

    keep("one", "first", 1);
    ck_assert_int_eq(g_rename(one, two), 0);
    ck_assert(!vmb_snapshot_store_find(store, "two", &files, &error));
    ck_assert_ptr_nonnull(error);
}
END_TEST

/* Uses and changes are told apart by the file system's clock, which ticks some times in 10 ms. */
static void let_the_clock_tick(void)
{
    g_usleep(20000);
}

static void flip_byte(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    guint8 byte;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 0x01;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void damage_state(const char *path)
{
    flip_byte(path, 0);
}

/* Its times are put back: they alone must not decide. */
static void damage_ram(const char *path)
{
    struct stat s;

    ck_assert_int_eq(stat(path, &s), 0);
    flip_byte(path, RAM_AT);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, (struct timespec[]){s.st_atim, s.st_mtim}, 0), 0);
}

static void cut_off(const char *path)
{
    struct stat s;

    ck_assert_int_eq(stat(path, &s), 0);
    ck_assert_int_eq(truncate(path, s.st_size / 2), 0);
}

static void remove_it(const char *path)
{
    ck_assert_int_eq(g_remove(path), 0);
}

static void replace_text(const char *path, const char *from, const char *to)
{
    g_autofree char *content = NULL;
    g_autoptr(GString) text = NULL;

    ck_assert(g_file_get_contents(path, &content, NULL, NULL));
    text = g_string_new(content);
    ck_assert_uint_eq(g_string_replace(text, from, to, 0), 1);
    ck_assert(g_file_set_contents(path, text->str, -1, NULL));
}

static void other_version(const char *path)
{
    replace_text(path, "version=1", "version=99");
}

/* The agent would not answer to it. */
static void other_nonce(const char *path)
{
    replace_text(path, "nonce=", "nonce=f");
}

static void no_ini(const char *path)
{
    ck_assert(g_file_set_contents(path, "[[[", -1, NULL));
}

static const struct {
    const char *file;
    void (*damage)(const char *path);
    const char *why;
} damages[] = {
    {"state", damage_state, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"state", cut_off, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"state", remove_it, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"ram", damage_ram, "the snapshot is damaged: its RAM was changed or copied"},
    {"ram", cut_off, "the snapshot is damaged: its RAM was changed or copied"},
    {"ram", remove_it, "the snapshot is damaged: its RAM is missing"},
    {"snapshot.ini", other_version, "the snapshot was made by another version of vmbench"},
    {"snapshot.ini", other_nonce, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"snapshot.ini", no_ini, "the snapshot is damaged: snapshot.ini cannot be read"},
};

/* Told once, and the next one that is kept takes its place. */
START_TEST(a_damaged_snapshot_is_told_and_replaced)
{
    g_autofree char *dir = in_store("one");
    g_autofree char *path = g_build_filename(dir, damages[_i].file, NULL);
    VmbSnapshotFiles files;
    g_autoptr(GError) error = NULL;

    keep("one", "first", 1);
    let_the_clock_tick();
    damages[_i].damage(path);
    ck_assert(!vmb_snapshot_store_find(store, "one", &files, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_str_eq(error->message, damages[_i].why);
    keep("one", "other", 2);
    ck_assert(vmb_snapshot_store_find(store, "one", &files, NULL));
    assert_holds(&files, "other");
    vmb_snapshot_files_close(&files);
}
END_TEST

START_TEST(the_least_recently_used_goes)
{
    VmbSnapshotFiles files;

    for (int i = 0; i < VMB_SNAPSHOTS_MAX; i++) {
        g_autofree char *key = g_strdup_printf("key%d", i);

        keep(key, "text", 1);
        let_the_clock_tick();
    }
    ck_assert(vmb_snapshot_store_find(store, "key0", &files, NULL));
    vmb_snapshot_files_close(&files);
    let_the_clock_tick();
    keep("more", "text", 1);
    ck_assert(exists("key0"));
    ck_assert(!exists("key1"));
    ck_assert(exists("key2"));
    ck_assert(exists("more"));
}
END_TEST

static void set_used(const char *key, gint64 days_ago)
{
    g_autofree char *path = in_store(key);
    struct timespec times[2] = {{.tv_sec = time(NULL) - days_ago * 24 * 3600}};

    times[1] = times[0];
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(the_forgotten_go)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e"};
    static const int days[] = {6, 8, 9, 10, 11};

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        keep(keys[i], "text", 1);
    }
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        set_used(keys[i], days[i]);
    }
    keep("new", "text", 1);
    ck_assert(exists("new") && exists("a"));
    ck_assert(exists("b")); /* the third */
    ck_assert(!exists("c") && !exists("d") && !exists("e"));
}
END_TEST

START_TEST(only_dead_runs_drafts_are_removed)
{
    g_autofree char *dead = in_store("draft-000001");
    g_autofree char *alive = in_store("draft-000002");
    g_autofree char *ram = g_build_filename(dead, "ram", NULL);
    int fd;

    ck_assert_int_eq(g_mkdir(dead, 0755), 0);
    ck_assert(g_file_set_contents(ram, "x", 1, NULL));
    ck_assert_int_eq(g_mkdir(alive, 0755), 0);
    fd = open(alive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    vmb_snapshot_store_free(store);
    open_store();
    ck_assert(!exists("draft-000001"));
    ck_assert(exists("draft-000002"));
    close(fd);
}
END_TEST

START_TEST(hashes_outlive_the_store)
{
    g_autofree char *file = in_store("file");
    g_autofree char *text = NULL;

    ck_assert(g_file_set_contents(file, "x", 1, NULL));
    ck_assert_ptr_nonnull(vmb_hashes_get(vmb_snapshot_store_hashes(store), file, NULL));
    vmb_snapshot_store_keep_hashes(store);
    vmb_snapshot_store_free(store);
    open_store();
    ck_assert_ptr_nonnull(vmb_hashes_get(vmb_snapshot_store_hashes(store), file, NULL));
    ck_assert(!vmb_hashes_text(vmb_snapshot_store_hashes(store), &text));
}
END_TEST

/* Where docs/writing-tests.md says, and no level deeper. */
START_TEST(the_users_are_in_the_cache)
{
    g_autofree char *cache = g_build_filename(directory, "cache", NULL);
    g_autofree char *there = g_build_filename(cache, "vmmio-bench", "snapshots", NULL);
    g_autofree char *deeper = g_build_filename(there, "snapshots", NULL);

    g_setenv("XDG_CACHE_HOME", cache, TRUE);
    g_autofree char *users = vmb_snapshot_directory();
    g_autoptr(VmbSnapshotStore) own = vmb_snapshot_store_open(users, NULL);

    ck_assert_ptr_nonnull(own);
    ck_assert_msg(g_file_test(there, G_FILE_TEST_IS_DIR), "%s", users);
    ck_assert(!g_file_test(deeper, G_FILE_TEST_EXISTS));
}
END_TEST

static Suite *store_suite(void)
{
    Suite *suite = suite_create("snapshot_store");
    TCase *cases = tcase_create("snapshot_store");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, what_is_kept_is_found);
    tcase_add_test(cases, a_reader_keeps_what_is_replaced);
    tcase_add_test(cases, a_snapshot_is_good_under_its_name_only);
    tcase_add_loop_test(cases, a_damaged_snapshot_is_told_and_replaced, 0, G_N_ELEMENTS(damages));
    tcase_add_test(cases, the_least_recently_used_goes);
    tcase_add_test(cases, the_forgotten_go);
    tcase_add_test(cases, only_dead_runs_drafts_are_removed);
    tcase_add_test(cases, hashes_outlive_the_store);
    tcase_add_test(cases, the_users_are_in_the_cache);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return tap_run(store_suite());
}
