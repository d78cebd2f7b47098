/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an image goes, and that nothing else is left there, whatever happens. */
#include "test_rootfs_fixture.h"

#include "rootfs_output.h"
#include "rootfs_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_files(const char *expected)
{
    g_autofree char *list = run("ls -A | sort | xargs");

    ck_assert_str_eq(g_strchomp(list), expected);
}

/* From now on no file system can make a file without a name: as some cannot. */
static void forbid_nameless_files(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {G_N_ELEMENTS(steps), steps};

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/*
 * From now on a disk is full (the error is `code`), for whoever writes so much at once: TAP is written
 * in less.
 */
static void fill_disk(guint code)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 8192, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {G_N_ELEMENTS(steps), steps};

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static const struct packing {
    guint code;
    RootfsCompression how;
    const char *needed, *remedy;
} packings[] = {
    {ENOSPC, ROOTFS_COMPRESSION_NONE, "out: the disk is full: 3.0 MiB are needed, and there is room for ",
     " MiB; make room, or write it to another"},
    {ENOSPC, ROOTFS_COMPRESSION_GZIP, "out: the disk is full: up to 3.0 MiB are needed, and there is room "
     "for ", " MiB; make room, or write it to another"},
    {ENOSPC, ROOTFS_COMPRESSION_ZSTD, "up to 3.0 MiB are needed", "make room"},
    {EDQUOT, ROOTFS_COMPRESSION_NONE, "out: the quota is used up: 3.0 MiB are needed; remove files of yours",
     "or write it to another disk"},
};

/* Noise, which packs to no less; and a name more of a file needs next to nothing. */
START_TEST(a_full_disk_is_told)
{
    g_autofree char *noise = NULL;
    g_autofree char *base = test_path("base");
    g_autofree char *path = test_path("out");

    g_free(run("mkdir tree; cd tree; head -c 2M /dev/urandom >a; ln a b; head -c 1M /dev/urandom >../noise;"
               "find a b | cpio --quiet -o -H newc >../base; cd ..; rm -r tree"));
    noise = test_path("noise");
    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_add_file(image, "/noise", noise, &(RootfsOwner){0644, 0, 0}, &error));
    rootfs_image_set_compression(image, packings[_i].how);
    fill_disk(packings[_i].code);
    ck_assert(!rootfs_image_write(image, path, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_OUTPUT, packings[_i].needed, packings[_i].remedy);
    expect_files("base noise");
}
END_TEST

/* ---- Places ---- */

START_TEST(a_device_is_no_place)
{
    g_autofree char *link = test_path("link");

    ck_assert(!rootfs_image_write(image, "/dev/null", &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_OUTPUT, "/dev/null: is there, and no regular file", "name a file");
    ck_assert_int_eq(symlink("/dev/null", link), 0);
    ck_assert(!rootfs_image_write(image, link, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_OUTPUT, link, "no regular file");
    g_free(run("test -c /dev/null; test -L link"));
}
END_TEST

/* To a file that is there and to one that is not, through a directory's link as well. */
START_TEST(links_are_followed)
{
    static const char *const links[] = {"there", "not", "first"};

    g_free(run("mkdir sub; echo old >sub/old; ln -s sub dir; ln -s dir/old there; ln -s sub/new not;"
               "ln -s second first; ln -s \"$PWD/sub/third\" second"));
    for (gsize i = 0; i < G_N_ELEMENTS(links); i++) {
        g_autofree char *path = test_path(links[i]);

        must(rootfs_image_write(image, path, &error));
    }
    g_free(run("for link in there not first second; do test -L $link; done;"
               "for file in old new third; do cpio --quiet -it <sub/$file; done"));
}
END_TEST

START_TEST(a_ring_of_links)
{
    g_autofree char *path = test_path("a");

    g_free(run("ln -s b a; ln -s a b"));
    ck_assert(!rootfs_image_write(image, path, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_OUTPUT, path, "name a file");
}
END_TEST

START_TEST(others_may_read_what_the_umask_allows)
{
    g_autofree char *output = test_path("out.cpio");
    mode_t old = umask(027);
    struct stat info;

    must(rootfs_image_write(image, output, &error));
    ck_assert_uint_eq(umask(old), 027);
    ck_assert_int_eq(stat(output, &info), 0);
    ck_assert_uint_eq(info.st_mode, S_IFREG | 0640);
}
END_TEST

/* ---- Interrupted ---- */

/* In a process of its own: a signal comes as soon as it can be put off; the writer must notice. */
static void be_interrupted(int signal_number)
{
    g_autofree char *path = test_path("out.cpio");
    sigset_t before;

    signal(signal_number, SIG_DFL); /* Check has handlers */
    rootfs_signals_hold(&before);
    raise(signal_number);
    if (!rootfs_image_write(image, path, &error) && strstr(error->message, "interrupted") != NULL) {
        rootfs_signals_restore(&before); /* ends here */
    }
    _exit(0);
}

static int status_of(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void expect_nothing_left(int signal_number)
{
    g_autofree char *old = test_file("out.cpio", "old", 3);
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        be_interrupted(signal_number);
    }
    status = status_of(pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), signal_number);
    expect_files("out.cpio");
    g_free(run("grep -qx old out.cpio"));
}

START_TEST(a_signal_leaves_nothing)
{
    must(rootfs_image_add_directory(image, "/x", &(RootfsOwner){0755, 0, 0}, &error));
    expect_nothing_left(signals[_i]);
    forbid_nameless_files();
    expect_nothing_left(signals[_i]);
}
END_TEST

START_TEST(while_it_is_written_it_has_no_name)
{
    g_autofree char *path = test_path("out.cpio");
    pid_t pid = fork();

    if (pid == 0) {
        RootfsOutput *output = rootfs_output_open(path, NULL);

        raise(output != NULL && write(output->fd, "part", 4) == 4 ? SIGKILL : SIGABRT);
    }
    ck_assert_int_eq(WTERMSIG(status_of(pid)), SIGKILL);
    expect_files("");
}
END_TEST

START_TEST(where_every_file_has_a_name)
{
    g_autofree char *path = test_path("out.cpio");
    RootfsOutput *output;

    forbid_nameless_files();
    output = rootfs_output_open(path, &error);
    must(output != NULL);
    ck_assert_ptr_nonnull(output->temporary);
    rootfs_output_close(output);
    expect_files("");
    must(rootfs_image_write(image, path, &error));
    must(rootfs_image_write(image, path, &error));
    expect_files("out.cpio");
}
END_TEST

START_TEST(a_signal_that_is_ignored_ends_nothing)
{
    g_autofree char *path = test_path("out.cpio");
    void (*handler)(int) = signal(signals[_i], SIG_IGN);
    sigset_t before;

    rootfs_signals_hold(&before);
    raise(signals[_i]);
    must(rootfs_image_write(image, path, &error));
    rootfs_signals_restore(&before);
    signal(signals[_i], handler);
}
END_TEST

START_TEST(signals_have_their_effect_afterwards)
{
    g_autofree char *path = test_path("out.cpio");
    sigset_t before, after;

    pthread_sigmask(SIG_SETMASK, NULL, &before);
    must(rootfs_image_write(image, path, &error));
    ck_assert(!rootfs_image_write(image, test_dir, &error));
    g_clear_error(&error);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        ck_assert_int_eq(sigismember(&before, signals[i]), sigismember(&after, signals[i]));
    }
}
END_TEST

static Suite *output_suite(void)
{
    Suite *suite = suite_create("rootfs_output");
    TCase *tc = tcase_create("output");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, a_full_disk_is_told, 0, G_N_ELEMENTS(packings));
    tcase_add_test(tc, a_device_is_no_place);
    tcase_add_test(tc, links_are_followed);
    tcase_add_test(tc, a_ring_of_links);
    tcase_add_test(tc, others_may_read_what_the_umask_allows);
    tcase_add_loop_test(tc, a_signal_leaves_nothing, 0, G_N_ELEMENTS(signals));
    tcase_add_loop_test(tc, a_signal_that_is_ignored_ends_nothing, 0, G_N_ELEMENTS(signals));
    tcase_add_test(tc, while_it_is_written_it_has_no_name);
    tcase_add_test(tc, where_every_file_has_a_name);
    tcase_add_test(tc, signals_have_their_effect_afterwards);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(output_suite());
}
