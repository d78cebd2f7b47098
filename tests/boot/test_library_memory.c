/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvmbench: the memory example byte by byte, on the machine that MACHINE names. */
#include <glib/gstdio.h>
#include <string.h>

#include "tap.h"
#include "vmbench.h"

#define WINDOW 0xfef00000

static const char *const inside[] = {"vmmio-test-inside", NULL};
static const char *const outside[] = {"vmmio-test-outside", NULL};

static Vmbench *bench;
static GError *error;

#define ck_assert_well(what) \
    ck_assert_msg(what, "%s: %s", vmb_verdict_name(error->code), error->message)

#define ck_assert_fails(what, verdict) \
    do { \
        ck_assert(!(what)); \
        ck_assert_msg(g_error_matches(error, VMB_ERROR, verdict), "%s: %s", \
                      vmb_verdict_name(error->code), error->message); \
        g_clear_error(&error); \
    } while (0)

static void boot(void)
{
    const VmbenchOptions options = {.machine = g_getenv("MACHINE")};

    bench = vmbench_boot(&options, &error);
    ck_assert_well(bench != NULL);
}

static void end(void)
{
    ck_assert_well(vmbench_check(bench, &error));
    vmbench_free(bench);
}

static void expect_fixture(GBytes *got, const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("FIXTURES"), "memory", name, NULL);

    ck_assert_well(got != NULL && vmbench_compare_file(got, path, &error));
    g_bytes_unref(got);
}

static VmbenchHandler *start_handler(void)
{
    VmbenchHandler *handler = vmbench_handler_start(bench, 0, outside, &error);

    ck_assert_well(handler != NULL && vmbench_wait_claim(bench, 0, &error));
    return handler;
}

START_TEST(unclaimed_bytes_are_aa)
{
    static const guint8 aa[16] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
                                  0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};

    for (guint width = 1; width <= 8; width *= 2) {
        ck_assert_well(vmbench_expect_bytes(bench, WINDOW, width, aa, sizeof(aa), &error));
    }
    expect_fixture(vmbench_run(bench, inside, &error), "inside-unclaimed.txt");
}
END_TEST

START_TEST(the_handler_keeps_what_is_written)
{
    VmbenchHandler *handler = start_handler();

    expect_fixture(vmbench_run(bench, inside, &error), "inside-handled.txt");
    expect_fixture(vmbench_handler_output(handler, 128, &error), "outside.txt");
    ck_assert_well(vmbench_handler_stop(handler, &error));
    ck_assert_well(vmbench_wait_release(bench, 0, &error));
}
END_TEST

/* As in a scenario: nobody has to make it executable, nor to say where the module is. */
START_TEST(a_handler_in_python_has_what_it_needs)
{
    static const char model[] = "import coreio, sys\n"
                                "def read(priv, addr, buf, flags):\n"
                                "    buf[:] = bytes([0x5a]) * len(buf)\n"
                                "    return 0\n"
                                "coreio.connect(sys.argv[1])\n"
                                "coreio.register(0, read, lambda *access: 0)\n"
                                "coreio.mainloop(-1)\n";
    static const guint8 bytes[] = {0x5a, 0x5a};
    g_autofree char *directory = g_dir_make_tmp("vmbench-model-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "model.py", NULL);
    const char *const argv[] = {path, NULL};

    ck_assert(g_file_set_contents_full(path, model, -1, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
    g_unsetenv("PYTHONPATH");
    ck_assert_well(vmbench_handler_start(bench, 0, argv, &error) != NULL);
    ck_assert_well(vmbench_wait_claim(bench, 0, &error));
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW, 2, bytes, sizeof(bytes), &error));
    g_remove(path);
    g_rmdir(directory);
}
END_TEST

START_TEST(bytes_are_in_the_order_of_memory)
{
    guint8 bytes[160];

    start_handler();
    for (guint i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (guint8)(0xf0 - i);
    }
    ck_assert_well(vmbench_write(bench, WINDOW + 0x20, 8, bytes, sizeof(bytes), &error));
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW + 0x20, 1, bytes, sizeof(bytes), &error));
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW + 0x22, 2, bytes + 2, 4, &error));
}
END_TEST

/* The handler's log is of the accesses themselves: their number, widths and data. */
START_TEST(each_access_has_its_width)
{
    static const char log[] = "write fef00008 2 0000000000002211 0\n"
                              "write fef0000a 2 0000000000004433 0\n"
                              "read  fef00008 4 0\n";
    static const guint8 bytes[] = {0x11, 0x22, 0x33, 0x44};
    VmbenchHandler *handler = start_handler();
    g_autoptr(GBytes) output = NULL;

    ck_assert_well(vmbench_write(bench, WINDOW + 8, 2, bytes, 4, &error));
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW + 8, 4, bytes, 4, &error));
    output = vmbench_handler_output(handler, 3, &error);
    ck_assert_well(output != NULL && vmbench_compare(output, log, strlen(log), &error));
}
END_TEST

START_TEST(a_wrong_byte_is_shown)
{
    static const guint8 expected[] = {0xaa, 0xab, 0xaa, 0xaa};

    ck_assert(!vmbench_expect_bytes(bench, WINDOW, 4, expected, 4, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_MISMATCH));
    ck_assert_ptr_nonnull(strstr(error->message, "memory at 0xfef00000"));
    ck_assert_ptr_nonnull(strstr(error->message, "- 00000000  aa ab aa aa"));
    ck_assert_ptr_nonnull(strstr(error->message, "+ 00000000  aa aa aa aa"));
    g_clear_error(&error);
    ck_assert_fails(vmbench_expect_bus_error(bench, WINDOW, 4, &error), VMB_ERROR_MISMATCH);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    static const VmbenchOptions no_machine = {.machine = "vax"};
    static const guint8 bytes[3] = {0};

    ck_assert_fails(vmbench_write(bench, WINDOW, 3, bytes, 3, &error), VMB_ERROR_USAGE);
    ck_assert_fails(vmbench_write(bench, WINDOW + 1, 2, bytes, 2, &error), VMB_ERROR_USAGE);
    ck_assert_fails(vmbench_write(bench, WINDOW, 2, bytes, 3, &error), VMB_ERROR_USAGE);
    ck_assert_fails(vmbench_read(bench, WINDOW, 1, 0, &error), VMB_ERROR_USAGE);
    ck_assert_fails(vmbench_read(bench, WINDOW, 1, 4097, &error), VMB_ERROR_USAGE);
    ck_assert_fails(vmbench_wait_claim(bench, 1, &error), VMB_ERROR_USAGE);
    ck_assert_fails(vmbench_reset(bench, &error), VMB_ERROR_USAGE);
    ck_assert_fails(vmbench_boot(&no_machine, &error), VMB_ERROR_USAGE);
}
END_TEST

START_TEST(programs_end_in_each_way)
{
    static const char *const fails[] = {"sh", "-c", "echo no >&2; exit 7", NULL};
    static const char *const dies[] = {"sh", "-c", "cat; kill -KILL $$", NULL};
    static const char *const missing[] = {"no-such-program", NULL};
    const VmbenchCommand command = {.argv = dies, .input = "a\0b", .input_len = 3};
    VmbenchOutcome outcome;

    ck_assert_fails(vmbench_run(bench, fails, &error), VMB_ERROR_PROGRAM_FAILED);
    ck_assert_fails(vmbench_run(bench, dies, &error), VMB_ERROR_PROGRAM_SIGNAL);
    ck_assert_fails(vmbench_run(bench, missing, &error), VMB_ERROR_PROGRAM_MISSING);
    ck_assert_well(vmbench_run_command(bench, &command, &outcome, &error));
    ck_assert(!outcome.exited);
    ck_assert_uint_eq(outcome.value, 9);
    ck_assert_well(vmbench_compare(outcome.out, "a\0b", 3, &error));
    ck_assert_uint_eq(g_bytes_get_size(outcome.err), 0);
    vmbench_outcome_clear(&outcome);
    ck_assert_ptr_null(outcome.out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("library_memory");
    TCase *cases = tcase_create("memory");

    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, boot, end);
    tcase_add_test(cases, unclaimed_bytes_are_aa);
    tcase_add_test(cases, the_handler_keeps_what_is_written);
    tcase_add_test(cases, a_handler_in_python_has_what_it_needs);
    tcase_add_test(cases, bytes_are_in_the_order_of_memory);
    tcase_add_test(cases, each_access_has_its_width);
    tcase_add_test(cases, a_wrong_byte_is_shown);
    tcase_add_test(cases, what_makes_no_sense_is_refused);
    tcase_add_test(cases, programs_end_in_each_way);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
