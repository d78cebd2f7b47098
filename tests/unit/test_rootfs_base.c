/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that start from an archive that somebody else made. */
#include "test_rootfs_fixture.h"
#include "test_rootfs_newc.h"

#include <unistd.h>

static const RootfsOwner all = {0755, 0, 0};

/* ---- What GNU cpio makes and unpacks ---- */

static char *base_archive(const char *compress)
{
    g_autofree char *command = g_strdup_printf(
        "umask 022; mkdir -p tree/usr/bin; ln -s usr/bin tree/bin; mkfifo tree/pipe;"
        "echo tool >tree/usr/bin/tool; chmod 4711 tree/usr/bin/tool;"
        "ln tree/usr/bin/tool tree/usr/bin/alias; ln tree/usr/bin/tool tree/zlast;"
        "printf x >\"tree/$(printf '\\377\\376')\"; cd tree;"
        "find . | sort | cpio --quiet -o -H newc -R 7:8 | %s >../base.cpio", compress);

    g_free(run(command));
    return test_path("base.cpio");
}

static const char *const unpackers[] = {
    "cpio --quiet -id <../out.cpio", "bsdcpio --quiet -id <../out.cpio",
};

START_TEST(every_member_survives)
{
    g_autofree char *base = base_archive("cat");
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *command = g_strdup_printf(
        "mkdir out; cd out; %s; find . ! -name . | sort | xargs stat -c '%%A %%h %%N';"
        "cat zlast usr/bin/alias usr/bin/tool", unpackers[_i]);
    g_autofree char *text = NULL;

    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_write(image, output, &error));
    text = run(command);
    ck_assert_str_eq(text,
        "lrwxrwxrwx 1 './bin' -> 'usr/bin'\n"
        "prw-r--r-- 1 './pipe'\n"
        "drwxr-xr-x 3 './usr'\n"
        "drwxr-xr-x 2 './usr/bin'\n"
        "-rws--x--x 3 './usr/bin/alias'\n"
        "-rws--x--x 3 './usr/bin/tool'\n"
        "-rws--x--x 3 './zlast'\n"
        "-rw-r--r-- 1 './'$'\\377\\376'\n"
        "tool\ntool\ntool\n");
}
END_TEST

/* In which order the names come does not matter, nor which of them has the data. */
START_TEST(links_and_owners_in_any_order)
{
    g_autofree char *base = test_path("base.cpio");
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    g_free(run("mkdir tree; cd tree; echo text >a; ln a b; ln a c;"
               "printf 'c\nb\na\n' | cpio --quiet -o -H newc -R 7:8 >../base.cpio"));
    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_write(image, output, &error));
    text = run("mkdir out; cd out; cpio --quiet -id <../out.cpio; cat a b c; stat -c '%h %u %g' a b c");
    ck_assert_str_eq(text, "text\ntext\ntext\n3 7 8\n3 7 8\n3 7 8\n");
}
END_TEST

static const char *const compressions[] = {"gzip", "xz --check=crc32", "zstd -q"};

/* Noise does not get smaller: what is packed is longer than what was. */
START_TEST(compressed_archives_give_the_same)
{
    g_autofree char *noise = run("mkdir tree; head -c 100000 /dev/urandom >tree/noise");
    g_autofree char *base = base_archive("cat");
    g_autofree char *command = g_strdup_printf("%s <base.cpio >packed", compressions[_i]);
    g_autofree char *packed = test_path("packed");
    g_autofree char *first = test_path("1.cpio");
    g_autofree char *second = test_path("2.cpio");
    g_autoptr(RootfsImage) other = rootfs_image_new(ROOTFS_MACHINE_X86);

    g_free(run(command));
    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_load_base(other, packed, TRUE, &error));
    must(rootfs_image_write(image, first, &error));
    must(rootfs_image_write(other, second, &error));
    g_free(run("cmp 1.cpio 2.cpio; cpio --quiet -it <2.cpio | grep -qx usr/bin/tool"));
}
END_TEST

/* ---- Archives by hand ---- */

static char *save(const GString *archive)
{
    return test_file("hand.cpio", archive->str, archive->len);
}

static void expect_refused(const GString *archive, const char *part)
{
    g_autofree char *path = save(archive);

    ck_assert(!rootfs_image_load_base(image, path, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, path, part);
}

START_TEST(devices_keep_their_numbers)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    newc_member(archive, "null", 020666, 1, 3, "");
    newc_member(archive, "disk", 060660, 259, 70000, "");
    newc_trailer(archive);
    path = save(archive);
    must(rootfs_image_load_base(image, path, TRUE, &error));
    must(rootfs_image_write(image, output, &error));
    text = run("cpio --quiet -itv <out.cpio | grep -v ^d | sed 's/  */ /g' | cut -d' ' -f 1,5,6,10");
    ck_assert_str_eq(text, "brw-rw---- 259, 70000 disk\ncrw-rw-rw- 1, 3 null\n");
}
END_TEST

START_TEST(names_in_any_spelling)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    newc_member(archive, ".", 040700, 0, 0, "");
    newc_member(archive, "/a", 0100644, 0, 0, "first");
    newc_member(archive, "./b//c/", 040755, 0, 0, "");
    newc_member(archive, "./a", 0100644, 0, 0, "second");
    newc_trailer(archive);
    path = save(archive);
    must(rootfs_image_load_base(image, path, TRUE, &error));
    must(rootfs_image_write(image, output, &error));
    text = run("cpio --quiet -it <out.cpio; cpio --quiet -i --to-stdout a <out.cpio");
    ck_assert_str_eq(text, ".\na\nb\nb/c\nsecond");
}
END_TEST

START_TEST(archives_one_after_the_other)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    newc_member(archive, "a", 0100644, 0, 0, "1");
    newc_trailer(archive);
    g_string_append_len(archive, "\0\0\0\0\0\0\0\0", 8);
    newc_member(archive, "b", 0100644, 0, 0, "2");
    newc_trailer(archive);
    while (archive->len % 512 != 0) {
        g_string_append_c(archive, '\0');
    }
    path = save(archive);
    g_free(run("printf 3 >c; echo c | cpio --quiet -o -H newc | gzip >>hand.cpio"));
    must(rootfs_image_load_base(image, path, TRUE, &error));
    must(rootfs_image_write(image, output, &error));
    text = run("cpio --quiet -i --to-stdout <out.cpio");
    ck_assert_str_eq(text, "123");
}
END_TEST

/* Members a to d: a in `x`, b in `y`, and so on. */
static const struct joined {
    const char *make, *names, *problem;
} joined[] = {
    {"gzip <x >base; gzip <y >>base", "a\nb\n", NULL},
    {"gzip <x >base; cat y >>base; gzip <z >>base", "a\nb\nc\n", NULL},
    {"gzip <x >base; head -c 600 /dev/zero >>base; xz -C crc32 <y >>base", "a\nb\n", NULL},
    {"cat x y | gzip >base", "a\nb\n", NULL},
    {"(cat x; head -c 70000 /dev/zero; cat y) | zstd -q >base", "a\nb\n", NULL},
    {"xz <x >base; xz <y >>base", "a\nb\n", NULL},
    {"zstd -q <x >base; zstd -q <y >>base", "a\nb\n", NULL},
    {"cat x y z >base", "a\nb\nc\n", NULL},
    {"cat x >base; zstd -q <y >>base; zstd -q <z >>base", "a\nb\nc\n", NULL},
    {"zstd -q <x >base; cat y >>base", NULL, "only more of the same"},
    {"xz <x >base; gzip <y >>base", NULL, "only more of the same"},
    {"gzip <x >base; echo garbage >>base", NULL, "no cpio archive"},
    {"(cat x; echo garbage) | gzip >base", NULL, "no cpio archive"},
    {"gzip <x >base; gzip <y | head -c 40 >>base", NULL, "gzip data is cut or damaged"},
};

START_TEST(archives_joined)
{
    g_autofree char *command = g_strdup_printf(
        "for pair in ax by cz; do name=${pair%%?}; head -c 100000 /dev/urandom >$name;"
        "echo $name | cpio --quiet -o -H newc >${pair#?}; done; %s", joined[_i].make);
    g_autofree char *base = test_path("base");
    g_autofree char *output = test_path("out.cpio");

    g_free(run(command));
    for (gint data = FALSE; data <= TRUE; data++) {
        g_autofree char *names = NULL;

        rootfs_image_free(image);
        image = rootfs_image_new(ROOTFS_MACHINE_X86);
        if (joined[_i].problem != NULL) {
            ck_assert(!rootfs_image_load_base(image, base, data, &error));
            EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, base, joined[_i].problem, "make it again");
            continue;
        }
        must(rootfs_image_load_base(image, base, data, &error));
        must(data ? rootfs_image_write(image, output, &error) : TRUE);
        names = data ? run("cpio --quiet -it <out.cpio | grep -vx '[.]'; mkdir out; cd out;"
                           "cpio --quiet -id <../out.cpio;"
                           "for name in *; do cmp $name ../$name; done") : NULL;
        ck_assert_msg(!data || strcmp(names, joined[_i].names) == 0, "%s", names);
        ck_assert(rootfs_image_has(image, "/b"));
    }
}
END_TEST

/* One bit anywhere: in a gzip file of stored blocks each is data. */
START_TEST(a_bit_that_flipped)
{
    g_autofree char *base = test_path("base");
    g_autofree char *bytes = NULL;
    gsize len;

    g_free(run("seq 5 >a; echo a | cpio --quiet -o -H newc >x; python3 -c 'import sys, gzip;"
               "sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read(), 0))' <x >base"));
    ck_assert(g_file_get_contents(base, &bytes, &len, NULL));
    for (gsize at = 10; at < len; at++) {
        bytes[at] ^= 4;
        ck_assert(g_file_set_contents_full(base, bytes, (gssize)len, G_FILE_SET_CONTENTS_NONE, 0600,
                                           NULL));
        ck_assert_msg(!rootfs_image_load_base(image, base, FALSE, &error), "byte %zu", at);
        EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, base, "damaged", "make it again");
        bytes[at] ^= 4;
    }
}
END_TEST

static const struct place {
    const char *make, *problem;
} places[] = {
    {"mkfifo base", "is no regular file; write it to one first"},
    {"mkdir base", "is a directory; pack it"},
    {"ln -s /dev/null base", "is no regular file"},
};

START_TEST(what_is_no_file)
{
    g_autofree char *path = test_path("base");

    g_free(run(places[_i].make));
    ck_assert(!rootfs_image_load_base(image, path, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, path, places[_i].problem);
}
END_TEST

START_TEST(cut_anywhere)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;

    newc_member(archive, "directory", 040755, 0, 0, "");
    newc_member(archive, "directory/file", 0100644, 0, 0, "some bytes");
    newc_member(archive, "link", 0120777, 0, 0, "directory");
    newc_trailer(archive);
    path = save(archive);
    for (gsize len = archive->len - 4; len > 0; len--) {
        ck_assert_int_eq(truncate(path, (off_t)len), 0);
        ck_assert(!rootfs_image_load_base(image, path, TRUE, &error));
        EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, path, "truncated");
    }
}
END_TEST

START_TEST(what_is_no_archive)
{
    static const char *const texts[] = {"", "hello\n", "070701", "070702nothing", "\x1f\x8b\x08"};
    g_autoptr(GString) archive = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_string_assign(archive, texts[i]);
        expect_refused(archive, "no cpio archive");
    }
    newc_member(archive, "a", 0100644, 0, 0, "1");
    g_string_prepend(archive, "text before it\n");
    expect_refused(archive, "cpio");
    g_string_assign(archive, "");
    newc_member(archive, "a", 0100644, 0, 0, "1");
    g_string_append(archive, "text");
    newc_member(archive, "b", 0100644, 0, 0, "2");
    newc_trailer(archive);
    expect_refused(archive, "cpio");
}
END_TEST

START_TEST(members_that_climb_out)
{
    static const char *const names[] = {"..", "../x", "a/../../x", "/.."};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GString) archive = g_string_new(NULL);

        newc_member(archive, names[i], 0100644, 0, 0, "1");
        newc_trailer(archive);
        expect_refused(archive, "'..' part");
    }
}
END_TEST

START_TEST(unreadable_archive)
{
    g_autofree char *path = test_path("missing.cpio");

    ck_assert(!rootfs_image_load_base(image, path, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_BASE, path, "No such file", "check the path");
}
END_TEST

/* ---- What is added to a base ---- */

START_TEST(added_over_the_base)
{
    g_autofree char *base = base_archive("cat");
    g_autofree char *file = test_file("mine", "mine\n", 5);
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    must(rootfs_image_load_base(image, base, TRUE, &error));
    ck_assert(!rootfs_image_add_file(image, "/bin/tool", file, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/usr/bin/tool", "--replace");
    must(rootfs_image_add_directory(image, "/usr", &all, &error));
    rootfs_image_set_replace(image, TRUE);
    must(rootfs_image_add_file(image, "/bin/tool", file, &all, &error));
    ck_assert(!rootfs_image_add_file(image, "/usr/bin/tool", file, &all, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/usr/bin/tool", "twice");
    rootfs_image_free(image);
    image = rootfs_image_new(ROOTFS_MACHINE_X86);
    rootfs_image_set_replace(image, TRUE);
    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_add_file(image, "/bin/tool", file, &all, &error));
    must(rootfs_image_write(image, output, &error));
    text = run("mkdir out; cd out; cpio --quiet -id <../out.cpio; stat -c %h usr/bin/alias;"
               "cat usr/bin/tool usr/bin/alias zlast");
    ck_assert_str_eq(text, "2\nmine\ntool\ntool\n");
}
END_TEST

/* A program of a name that the base has elsewhere: refused, or found by that name, whichever is first. */
START_TEST(a_program_instead_of_the_bases)
{
    g_autofree char *base = base_archive("cat");
    g_autofree char *file = test_file("mine", "mine\n", 5);
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_add_file(image, "/sbin/alias", file, &all, &error));
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/sbin/alias", "has /usr/bin/alias", "--replace");
    rootfs_image_set_replace(image, TRUE);
    must(rootfs_image_write(image, output, &error));
    text = run("mkdir out; cd out; cpio --quiet -id <../out.cpio; readlink usr/bin/alias; cat sbin/alias;"
               "cat usr/bin/tool");
    ck_assert_str_eq(text, "/sbin/alias\nmine\ntool\n");
    g_free(text);
    must(rootfs_image_write_added(image, output, &error));
    text = run("cpio --quiet -it <out.cpio");
    ck_assert_str_eq(text, "sbin\nsbin/alias\nusr/bin/alias\n");
}
END_TEST

START_TEST(another_name_of_the_bases_program)
{
    g_autofree char *base = base_archive("cat");
    g_autofree char *output = test_path("out.cpio");

    must(rootfs_image_load_base(image, base, TRUE, &error));
    must(rootfs_image_add_symlink(image, "/sbin/tool", "../bin/tool", &all, &error));
    must(rootfs_image_write(image, output, &error));
}
END_TEST

/* The kernel goes through links that are there already. */
START_TEST(members_below_a_link)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    g_autofree char *path = NULL;
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *names = NULL;

    newc_member(archive, "usr", 040755, 0, 0, "");
    newc_member(archive, "usr/lib", 040755, 0, 0, "");
    newc_member(archive, "lib", 0120777, 0, 0, "usr/lib");
    newc_trailer(archive);
    newc_member(archive, "lib/f", 0100644, 0, 0, "text");
    newc_trailer(archive);
    path = save(archive);
    must(rootfs_image_load_base(image, path, TRUE, &error));
    must(rootfs_image_write(image, output, &error));
    names = run("cpio --quiet -it <out.cpio");
    ck_assert_str_eq(names, ".\nlib\nusr\nusr/lib\nusr/lib/f\n");
    g_string_assign(archive, "");
    newc_member(archive, "a", 0120777, 0, 0, "a");
    newc_member(archive, "a/f", 0100644, 0, 0, "");
    newc_trailer(archive);
    rootfs_image_free(image);
    image = rootfs_image_new(ROOTFS_MACHINE_X86);
    expect_refused(archive, "ring of links");
}
END_TEST

/* Its mode and owner stay as the base has them, or become what is asked for. */
START_TEST(the_root_directory)
{
    g_autoptr(GString) archive = g_string_new(NULL);
    const char *list = "cpio --quiet -itvn <out.cpio | sed 's/  */ /g' | cut -d' ' -f 1-4,9";
    g_autofree char *path = NULL;
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *kept = NULL;
    g_autofree char *changed = NULL;
    g_autofree char *added = NULL;

    newc_member(archive, ".", 040711, 0, 0, "");
    newc_trailer(archive);
    path = save(archive);
    must(rootfs_image_load_base(image, path, TRUE, &error));
    must(rootfs_image_write(image, output, &error));
    kept = run(list);
    ck_assert_str_eq(kept, "drwx--x--x 2 0 0 .\n");
    must(rootfs_image_add_directory(image, "/", &(RootfsOwner){01755, 3, 4}, &error));
    must(rootfs_image_write(image, output, &error));
    changed = run(list);
    ck_assert_str_eq(changed, "drwxr-xr-t 2 3 4 .\n");
    must(rootfs_image_write_added(image, output, &error));
    added = run(list);
    ck_assert_str_eq(added, changed);
}
END_TEST

START_TEST(only_what_was_added)
{
    g_autofree char *base = base_archive("gzip");
    g_autofree char *file = test_file("mine", "mine\n", 5);
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *text = NULL;

    must(rootfs_image_load_base(image, base, FALSE, &error));
    must(rootfs_image_add_file(image, "/bin/mine", file, &all, &error));
    must(rootfs_image_add_file(image, "/opt/mine", file, &all, &error));
    must(rootfs_image_write_added(image, output, &error));
    text = run("cpio --quiet -it <out.cpio");
    ck_assert_str_eq(text, "opt\nopt/mine\nusr/bin/mine\n");
}
END_TEST

static Suite *base_suite(void)
{
    Suite *suite = suite_create("rootfs_base");
    TCase *tc = tcase_create("base");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, every_member_survives, 0, G_N_ELEMENTS(unpackers));
    tcase_add_test(tc, links_and_owners_in_any_order);
    tcase_add_loop_test(tc, compressed_archives_give_the_same, 0, G_N_ELEMENTS(compressions));
    tcase_add_test(tc, devices_keep_their_numbers);
    tcase_add_test(tc, names_in_any_spelling);
    tcase_add_test(tc, archives_one_after_the_other);
    tcase_add_loop_test(tc, archives_joined, 0, G_N_ELEMENTS(joined));
    tcase_add_test(tc, a_bit_that_flipped);
    tcase_add_loop_test(tc, what_is_no_file, 0, G_N_ELEMENTS(places));
    tcase_add_test(tc, cut_anywhere);
    tcase_add_test(tc, what_is_no_archive);
    tcase_add_test(tc, members_that_climb_out);
    tcase_add_test(tc, unreadable_archive);
    tcase_add_test(tc, added_over_the_base);
    tcase_add_test(tc, a_program_instead_of_the_bases);
    tcase_add_test(tc, another_name_of_the_bases_program);
    tcase_add_test(tc, members_below_a_link);
    tcase_add_test(tc, the_root_directory);
    tcase_add_test(tc, only_what_was_added);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(base_suite());
}
