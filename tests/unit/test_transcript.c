/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's trace of accesses: what is kept of it when there are very many. */
#include "transcript.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tap.h"

static char *directory, *trace, *table;
static FILE *qemu; /* its end of the file */
static VmbTranscript *transcript;

static void set_up(void)
{
    static const VmbTranscriptLimits limits = {16384, 32768, 65536};

    directory = g_dir_make_tmp("vmbench-transcript-XXXXXX", NULL);
    trace = g_build_filename(directory, "trace", NULL);
    table = g_build_filename(directory, "table", NULL);
    transcript = vmb_transcript_new(trace, &limits, NULL);
    ck_assert_ptr_nonnull(transcript);
    qemu = fopen(trace, "a");
    ck_assert_ptr_nonnull(qemu);
}

static void tear_down(void)
{
    fclose(qemu);
    vmb_transcript_free(transcript);
    g_unlink(trace);
    g_unlink(table);
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(directory);
    g_free(trace);
    g_free(table);
}

/* As QEMU writes them; the number of an access is its value. */
static void trace_accesses(guint from, guint to)
{
    for (guint i = from; i < to; i++) {
        fprintf(qemu, "vmmio_access /machine/peripheral/vmmio0 time=%uus write addr=0xfef00000 size=4 "
                "data=0x%x handler latency=1500ns\n", 1000000 + i, i);
    }
    fflush(qemu);
}

static char **format(void)
{
    g_autofree char *text = NULL;

    ck_assert(vmb_transcript_format(transcript, table, 1000000, ""));
    ck_assert(g_file_get_contents(table, &text, NULL, NULL));
    return g_strsplit(g_strchomp(text), "\n", -1);
}

static void assert_access(const char *line, guint number)
{
    g_autofree char *want = g_strdup_printf(
        "%12.6f  vmmio0   write 0x0fef00000 4  0x%08x                1.5 us  handler", number / 1e6,
        number);

    ck_assert_str_eq(line, want);
}

START_TEST(a_short_one_is_whole)
{
    trace_accesses(0, 300);
    vmb_transcript_trim(transcript);
    g_auto(GStrv) lines = format();

    ck_assert_uint_eq(g_strv_length(lines), 301);
    for (guint i = 0; i < 300; i++) {
        assert_access(lines[i + 1], i);
    }
}
END_TEST

/* The line that tells how many are left out stands between two runs of accesses without a gap. */
static void assert_gap(char **lines, guint count)
{
    guint gap = 1, left_out;

    while (lines[gap] != NULL && lines[gap][0] != '#') {
        assert_access(lines[gap], gap - 1);
        gap++;
    }
    ck_assert_ptr_nonnull(lines[gap]);
    ck_assert_int_eq(sscanf(lines[gap], "# %u accesses are left out here", &left_out), 1);
    for (guint i = gap + 1; lines[i] != NULL; i++) {
        assert_access(lines[i], i - 2 + left_out);
    }
    ck_assert_uint_eq(g_strv_length(lines) - 2 + left_out, count);
    ck_assert_uint_gt(left_out, count / 2);
    ck_assert_uint_gt(gap, 100);
}

START_TEST(of_a_long_one_the_middle_is_left_out)
{
    struct stat file;

    for (guint i = 0; i < 100; i++) {
        trace_accesses(1000 * i, 1000 * (i + 1));
        vmb_transcript_trim(transcript);
    }
    ck_assert_int_eq(stat(trace, &file), 0);
    ck_assert_int_gt(file.st_size, 8 * 1024 * 1024);
    ck_assert_int_lt(file.st_blocks * 512, 512 * 1024);
    g_auto(GStrv) lines = format();

    assert_gap(lines, 100000);
}
END_TEST

/* A flood between two looks, and an end that is in the middle of a line. */
START_TEST(one_look_will_do)
{
    trace_accesses(0, 50000);
    fprintf(qemu, "vmmio_access /machine/peripheral/vmmio0 time=");
    fflush(qemu);
    vmb_transcript_trim(transcript);
    g_auto(GStrv) lines = format();

    assert_gap(lines, 50000);
}
END_TEST

static gboolean end_loop(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

START_TEST(a_timer_looks_after_it)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

    trace_accesses(0, 50000);
    g_timeout_add(1000, end_loop, loop);
    g_main_loop_run(loop);
    g_auto(GStrv) lines = format();

    assert_gap(lines, 50000);
}
END_TEST

START_TEST(a_table_without_room_is_told)
{
    trace_accesses(0, 1);
    ck_assert(!vmb_transcript_format(transcript, "/dev/full", 1000000, ""));
    ck_assert(!vmb_transcript_format(transcript, "/nowhere/table", 1000000, ""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transcript");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, a_short_one_is_whole);
    tcase_add_test(all, of_a_long_one_the_middle_is_left_out);
    tcase_add_test(all, one_look_will_do);
    tcase_add_test(all, a_timer_looks_after_it);
    tcase_add_test(all, a_table_without_room_is_told);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
