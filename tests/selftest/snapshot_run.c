/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_run.h"

#include <stdio.h>

#include "handler.h"

char *run_root;
char *run_cache;

void run_prepare(Run *run, const char *machine)
{
    char *argv[] = {(char *)"test", (char *)"--accel", (char *)"tcg", NULL};
    g_autoptr(GError) error = NULL;

    run->settings = vmb_settings_parse(3, argv, "", NULL, &error);
    ck_assert_msg(run->settings != NULL, "%s", error != NULL ? error->message : "");
    run->config = vmb_settings_guest(run->settings, vmb_machine_find(machine));
    run->alarm = vmb_alarm_new(TIMEOUT_SCALE);
    run->logs = g_build_filename(run_root, "logs-XXXXXX", NULL);
    ck_assert_ptr_nonnull(g_mkdtemp(run->logs));
}

void run_boot(Run *run, const char *cache_dir)
{
    g_autoptr(GError) error = NULL;

    run->guest = vmb_snapshot_boot(run->config, run->logs, cache_dir, run->alarm, &run->report,
                                   &error);
    ck_assert_msg(run->guest != NULL, "%s", error != NULL ? error->message : "");
    ck_assert(vmb_agent_link_is_ready(vmb_guest_agent(run->guest)));
    printf("# %s: %s%s, prepare %.3f start %.3f load %.3f agent %.3f boot %.3f save %.3f: %s %s\n",
           run->config->machine->name, run->report.restored ? "restored" : "booted",
           run->report.saved ? " and saved" : "", run->report.prepare_s, run->report.start_s,
           run->report.load_s, run->report.agent_s, run->report.boot_s, run->report.save_s,
           run->report.why_booted != NULL ? run->report.why_booted : "",
           run->report.why_unsaved != NULL ? run->report.why_unsaved : "");
    fflush(stdout);
}

void run_start(Run *run, const char *machine, const char *cache_dir)
{
    run_prepare(run, machine);
    run_boot(run, cache_dir);
}

void run_end(Run *run)
{
    g_autoptr(GError) error = NULL;

    ck_assert_msg(vmb_guest_quit(run->guest, &error), "%s", error != NULL ? error->message : "");
    vmb_guest_free(run->guest);
    vmb_snapshot_report_clear(&run->report);
    vmb_guest_config_free(run->config);
    vmb_settings_free(run->settings);
    vmb_alarm_free(run->alarm);
    g_free(run->logs);
}

/* A program's standard output; it must succeed. Free with g_free(). */
static char *output_of(const Run *run, const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbProgramResult) result =
        vmb_agent_link_run(vmb_guest_agent(run->guest), argv, RUN_MS, &error);

    ck_assert_msg(result != NULL, "%s", error != NULL ? error->message : "");
    ck_assert_msg(result->exited && result->value == 0, "%s: %s", argv[0], result->err->str);
    return g_strdup(result->out->str);
}

char *run_shell(const Run *run, const char *script)
{
    return output_of(run, (const char *const[]){"sh", "-c", script, NULL});
}

static void assert_fixture(const Run *run, const char *fixture, const char *got)
{
    g_autofree char *path = g_build_filename(run->settings->fixtures, "memory", fixture, NULL);
    g_autofree char *expected = NULL;

    ck_assert(g_file_get_contents(path, &expected, NULL, NULL));
    ck_assert_str_eq(got, expected);
}

void run_assert_device_works(Run *run)
{
    static const char *const inside[] = {"vmmio-test-inside", NULL};
    g_autoptr(GError) error = NULL;
    const char *endpoint = vmb_guest_endpoint(run->guest, &error);
    g_autofree char *unclaimed = output_of(run, inside);
    g_autofree char *handled = NULL;
    g_autoptr(VmbHandler) handler =
        vmb_handler_start(run->settings->handler, endpoint, run->logs, run->alarm, &error);

    assert_fixture(run, "inside-unclaimed.txt", unclaimed);
    ck_assert_msg(handler != NULL && vmb_guest_wait_claim(run->guest, RUN_MS, &error), "%s",
                  error != NULL ? error->message : "");
    handled = output_of(run, inside);
    assert_fixture(run, "inside-handled.txt", handled);
    ck_assert(vmb_handler_stop(handler, &error));
}

void run_assert_restored(const Run *run)
{
    ck_assert_msg(run->report.restored, "%s",
                  run->report.why_booted != NULL ? run->report.why_booted : "there is no snapshot");
    ck_assert(!run->report.saved);
    ck_assert_ptr_null(run->report.why_booted);
    ck_assert_ptr_null(run->report.why_unsaved);
}

void run_assert_saved(const Run *run)
{
    ck_assert(!run->report.restored);
    ck_assert_msg(run->report.saved, "%s",
                  run->report.why_unsaved != NULL ? run->report.why_unsaved : "no reason");
    ck_assert_ptr_null(run->report.why_unsaved);
}

char *run_snapshot_file(const char *machine, const char *name)
{
    Run run;
    char *path;

    run_start(&run, machine, run_cache);
    ck_assert(run.report.restored || run.report.saved);
    path = g_build_filename(run_cache, "snapshots", run.report.key, name, NULL);
    run_end(&run);
    return path;
}

static void make_root(void)
{
    run_root = g_dir_make_tmp("vmbench-snapshot-XXXXXX", NULL);
    if (run_root == NULL) {
        fprintf(stderr, "cannot make a temporary directory\n");
        exit(EXIT_FAILURE);
    }
    run_cache = g_build_filename(run_root, "cache", NULL);
}

static int remove_root(void)
{
    const char *argv[] = {"rm", "-rf", run_root, NULL};
    int status;

    return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                        &status, NULL) ? status : EXIT_FAILURE;
}

int run_suite(Suite *suite)
{
    int failed;

    make_root();
    failed = tap_run(suite);
    return remove_root() == 0 ? failed : EXIT_FAILURE;
}
