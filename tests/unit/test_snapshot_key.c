/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guests may share a snapshot: whatever decides what a booted guest is changes its key. */
#include "snapshot_key.h"

#include <glib/gstdio.h>
#include <string.h>

#include "tap.h"

static char *directory;
static VmbHashes *hashes;
static VmbGuestConfig *config;
static char *first; /* the key of `config` as it is at first */

static char *in_directory(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void write_text(const char *path, const char *text)
{
    g_autofree char *parent = g_path_get_dirname(path);

    ck_assert_int_eq(g_mkdir_with_parents(parent, 0755), 0);
    ck_assert(g_file_set_contents(path, text, -1, NULL));
}

static char *make_file(const char *name)
{
    char *path = in_directory(name);

    write_text(path, name);
    return path;
}

static char *key(void)
{
    g_autoptr(GError) error = NULL;
    char *text = vmb_snapshot_key(config, hashes, &error);

    ck_assert_msg(text != NULL, "%s", error != NULL ? error->message : "");
    ck_assert_uint_eq(strlen(text), 64);
    return text;
}

static void assert_same(void)
{
    g_autofree char *now = key();

    ck_assert_str_eq(now, first);
}

static void assert_other(void)
{
    g_autofree char *now = key();

    ck_assert_str_ne(now, first);
}

static void set_up(void)
{
    directory = g_dir_make_tmp("vmbench-key-XXXXXX", NULL);
    config = g_new0(VmbGuestConfig, 1);
    config->machine = vmb_machine_find("raspi4b");
    config->qemu_dir = g_strdup(directory);
    g_free(make_file("bin/qemu-system-aarch64"));
    g_free(make_file("bin/qemu-system-x86_64"));
    g_free(make_file("share/qemu/bios.bin"));
    config->kernel = make_file("kernel");
    config->initrd = make_file("image");
    config->device_tree = make_file("tree");
    config->nonce = 1;
    hashes = vmb_hashes_load("/nonexistent");
    first = key();
}

static void tear_down(void)
{
    const char *argv[] = {"rm", "-rf", directory, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    vmb_guest_config_free(config);
    vmb_hashes_free(hashes);
    g_free(first);
    g_free(directory);
}

START_TEST(what_differs_from_run_to_run_does_not_count)
{
    config->nonce = 2;
    config->port = 4300;
    config->can_reset = TRUE;
    assert_same();
}
END_TEST

START_TEST(where_files_lie_does_not_count)
{
    g_autofree char *elsewhere = in_directory("elsewhere");

    ck_assert_int_eq(g_rename(config->kernel, elsewhere), 0);
    g_free(config->kernel);
    config->kernel = g_steal_pointer(&elsewhere);
    assert_same();
}
END_TEST

static const char *const files[] = {
    "bin/qemu-system-aarch64", "share/qemu/bios.bin", "kernel", "image", "tree",
};

/* Of the same length, so that the size does not tell. */
START_TEST(every_files_content_counts)
{
    g_autofree char *path = in_directory(files[_i]);
    g_autofree char *text = g_strdup(files[_i]);

    text[0] = '!';
    write_text(path, text);
    assert_other();
    write_text(path, files[_i]);
    assert_same();
}
END_TEST

START_TEST(another_machines_qemu_does_not_count)
{
    g_autofree char *path = in_directory("bin/qemu-system-x86_64");

    write_text(path, "changed");
    assert_same();
}
END_TEST

static void other_machine(void)
{
    config->machine = vmb_machine_find("x86");
}

static void other_irq(void)
{
    config->irq = 177;
}

static void other_properties(void)
{
    config->properties = g_strdup("timeout-ms=5");
}

static void network(void)
{
    config->network = TRUE;
}

static void other_words(void)
{
    config->append = g_strdup("mem=512M");
}

static void own_init(void)
{
    config->own_init = TRUE;
}

static void a_shell(void)
{
    config->shell = TRUE;
}

static void no_tree(void)
{
    g_clear_pointer(&config->device_tree, g_free);
}

static void (*const changes[])(void) = {
    other_machine, other_irq, other_properties, network, other_words, own_init, a_shell, no_tree,
};

START_TEST(every_option_of_the_guest_counts)
{
    changes[_i]();
    assert_other();
}
END_TEST

START_TEST(the_accelerator_counts)
{
    g_autofree char *tcg = NULL;

    config->machine = vmb_machine_find("x86");
    tcg = key();
    config->kvm = TRUE;
    g_autofree char *kvm = key();

    ck_assert_str_ne(tcg, kvm);
}
END_TEST

static void set_devices(const char *one, const char *two)
{
    const char *devices[] = {one, two, NULL};

    g_strfreev(config->devices);
    config->devices = g_strdupv((char **)devices);
}

/* Which ranges share an endpoint counts, where it is does not. */
START_TEST(addresses_count_by_which_are_equal)
{
    g_autofree char *apart = NULL;
    g_autofree char *apart_elsewhere = NULL;
    g_autofree char *together = NULL;
    g_autofree char *other_start = NULL;

    set_devices("vmmio,start=1,listen=unix:/tmp/a/x", "vmmio,start=2,listen=unix:/tmp/a/y,irq=1");
    apart = key();
    set_devices("vmmio,start=1,listen=127.0.0.1:1", "vmmio,start=2,listen=unix:/z,irq=1");
    apart_elsewhere = key();
    set_devices("vmmio,start=1,listen=unix:/z", "vmmio,start=2,listen=unix:/z,irq=1");
    together = key();
    set_devices("vmmio,start=3,listen=unix:/tmp/a/x", "vmmio,start=2,listen=unix:/tmp/a/y,irq=1");
    other_start = key();
    ck_assert_str_eq(apart, apart_elsewhere);
    ck_assert_str_ne(apart, together);
    ck_assert_str_ne(apart, other_start);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    g_autoptr(GError) error = NULL;

    g_remove(config->initrd);
    ck_assert_ptr_null(vmb_snapshot_key(config, hashes, &error));
    ck_assert_int_eq(error->code, VMB_ERROR_SETUP);
    ck_assert_ptr_nonnull(strstr(error->message, config->initrd));
}
END_TEST

/* What is remembered of a file that did not change is believed; of one that did it is not. */
START_TEST(hashes_are_remembered)
{
    g_autofree char *path = in_directory("hashes.ini");
    g_autofree char *lies = in_directory("lies.ini");
    g_autofree char *text = NULL;
    g_autofree char *none = NULL;
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "kernel", -1);
    g_autoptr(GString) changed = NULL;

    ck_assert(vmb_hashes_text(hashes, &text));
    write_text(path, text);
    vmb_hashes_free(hashes);
    hashes = vmb_hashes_load(path);
    assert_same();
    ck_assert(!vmb_hashes_text(hashes, &none));

    changed = g_string_new(text);
    ck_assert_uint_eq(g_string_replace(changed, hash, "believed", 0), 1);
    write_text(lies, changed->str);
    vmb_hashes_free(hashes);
    hashes = vmb_hashes_load(lies);
    ck_assert_str_eq(vmb_hashes_get(hashes, config->kernel, NULL), "believed");
    write_text(config->kernel, "kernel");
    ck_assert_str_eq(vmb_hashes_get(hashes, config->kernel, NULL), hash);
}
END_TEST

START_TEST(files_that_are_gone_are_forgotten)
{
    g_autofree char *text = NULL;

    g_remove(config->kernel);
    ck_assert(vmb_hashes_text(hashes, &text));
    ck_assert_ptr_null(strstr(text, config->kernel));
    ck_assert_ptr_nonnull(strstr(text, config->initrd));
}
END_TEST

static Suite *key_suite(void)
{
    Suite *suite = suite_create("snapshot_key");
    TCase *cases = tcase_create("snapshot_key");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, what_differs_from_run_to_run_does_not_count);
    tcase_add_test(cases, where_files_lie_does_not_count);
    tcase_add_loop_test(cases, every_files_content_counts, 0, G_N_ELEMENTS(files));
    tcase_add_test(cases, another_machines_qemu_does_not_count);
    tcase_add_loop_test(cases, every_option_of_the_guest_counts, 0, G_N_ELEMENTS(changes));
    tcase_add_test(cases, the_accelerator_counts);
    tcase_add_test(cases, addresses_count_by_which_are_equal);
    tcase_add_test(cases, a_missing_file_is_named);
    tcase_add_test(cases, hashes_are_remembered);
    tcase_add_test(cases, files_that_are_gone_are_forgotten);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return tap_run(key_suite());
}
