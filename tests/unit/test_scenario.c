/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scenario.ini but for its steps: what is read, and what is refused. */
#include "scenario.h"

#include "ini_file.h"
#include "tap.h"

#define NO_NAME " cannot name its logs: write letters, digits, blanks, -, _ and ., and not . alone"
#define STEP "[step one]\nrun = /bin/true\n"

static VmbScenario *load(const char *text)
{
    g_autoptr(GError) error = NULL;
    VmbScenario *scenario;

    ini_write(text);
    scenario = vmb_scenario_load(ini_directory, "name", &error);
    ck_assert_msg(scenario != NULL, "%s", error != NULL ? error->message : "");
    return scenario;
}

/* ---- What is read ---- */

START_TEST(what_nobody_says)
{
    g_autoptr(VmbScenario) scenario = load("[scenario]\n" STEP);
    const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, 0);
    gsize count;

    vmb_machines(&count);
    ck_assert_str_eq(scenario->name, "name");
    ck_assert_str_eq(scenario->directory, ini_directory);
    ck_assert_str_eq(scenario->file, ini_path);
    ck_assert_ptr_null(scenario->title);
    ck_assert_ptr_null(scenario->groups);
    ck_assert_uint_eq(scenario->machines->len, count);
    ck_assert_uint_eq(scenario->ms, 30000);
    ck_assert(!scenario->isolate && !scenario->misbehaves && !scenario->network &&
              !scenario->needs_kvm);
    ck_assert_uint_eq(scenario->ranges->len, 1);
    ck_assert_str_eq(range->id, "vmmio0");
    ck_assert_str_eq(range->start, "0xfef00000");
    ck_assert_str_eq(range->size, "0x1000");
    ck_assert(range->irq == 0 && !range->any_irq && range->endpoint == 0);
    ck_assert_ptr_null(range->properties);
    ck_assert_uint_eq(scenario->steps->len, 1);
}
END_TEST

START_TEST(all_that_can_be_said)
{
    g_autoptr(VmbScenario) scenario = load(
        "[scenario]\ntitle = A title\nmachines = x86; x86\ngroups = fast;mine\ntimeout = 2.5\n"
        "isolate = yes\nmisbehaves = yes\nnetwork = true\nneeds = kvm\nappend = quiet\n"
        "add = scenario.ini:/bin/a;/bin/sh:/b\npkg = .\nmodule = .\noverlay = .:/opt\n"
        "manifest = scenario.ini\n" STEP);

    ck_assert_str_eq(scenario->title, "A title");
    ck_assert_uint_eq(scenario->machines->len, 1);
    ck_assert_ptr_eq(g_ptr_array_index(scenario->machines, 0), vmb_machine_find("x86"));
    ck_assert(vmb_scenario_runs_on(scenario, vmb_machine_find("x86")));
    ck_assert(!vmb_scenario_runs_on(scenario, vmb_machine_find("raspi4b")));
    ck_assert_str_eq(scenario->groups[1], "mine");
    ck_assert_uint_eq(scenario->ms, 2500);
    ck_assert(scenario->isolate && scenario->misbehaves && scenario->network &&
              scenario->needs_kvm);
    ck_assert_str_eq(scenario->append, "quiet");
    g_autofree char *file = g_build_filename(ini_directory, "scenario.ini:/bin/a", NULL);
    g_autofree char *package = g_build_filename(ini_directory, ".", NULL);

    ck_assert_str_eq(scenario->files[0], file);
    ck_assert_str_eq(scenario->files[1], "/bin/sh:/b");
    ck_assert_str_eq(scenario->packages[0], package);
    ck_assert_ptr_nonnull(scenario->modules[0]);
    ck_assert_ptr_nonnull(scenario->overlays[0]);
    ck_assert_ptr_nonnull(scenario->manifests[0]);
}
END_TEST

START_TEST(ranges_handlers_and_guests)
{
    g_autoptr(VmbScenario) scenario = load(
        "[guest peer]\nmachine = raspi4b\nnetwork = yes\n"
        "[handler ..the Ölmodell-2_x]\ncommand = ./model --name 'two words'\nenvironment = A=1;B=\n"
        "range = b\nmay-end = yes\n"
        "[scenario]\n[range a]\nirq = yes\n"
        "[range b]\nstart = 0xfef01000\nsize = 8192\nirq = 120\nendpoint = 1\n"
        "properties = on-disconnect=wait;timeout-ms=0\n" STEP);
    const VmbScenarioRange *a = g_ptr_array_index(scenario->ranges, 0);
    const VmbScenarioRange *b = g_ptr_array_index(scenario->ranges, 1);
    const VmbScenarioHandler *handler = g_ptr_array_index(scenario->handlers, 0);
    const VmbScenarioGuest *guest = g_ptr_array_index(scenario->guests, 0);

    ck_assert_str_eq(a->name, "a");
    ck_assert_str_eq(a->id, "vmmio0");
    ck_assert_str_eq(b->name, "b");
    ck_assert_str_eq(b->id, "vmmio1");
    ck_assert(a->any_irq && a->irq == 0);
    ck_assert_str_eq(b->start, "0xfef01000");
    ck_assert_str_eq(b->size, "0x2000");
    ck_assert_uint_eq(b->irq, 120);
    ck_assert_uint_eq(b->endpoint, 1);
    ck_assert_str_eq(b->properties, "on-disconnect=wait,timeout-ms=0");
    ck_assert_str_eq(handler->name, "..the Ölmodell-2_x");
    ck_assert_str_eq(handler->command[2], "two words");
    ck_assert_str_eq(handler->environment[1], "B=");
    ck_assert_uint_eq(handler->range, 1);
    ck_assert(handler->ends);
    ck_assert_str_eq(guest->name, "peer");
    ck_assert_ptr_eq(guest->machine, vmb_machine_find("raspi4b"));
    ck_assert(guest->network);
}
END_TEST

START_TEST(interrupts_that_a_machine_has_to_spare)
{
    g_autoptr(VmbScenario) scenario = load(
        "[scenario]\n[range a]\nirq = yes\n[range b]\nstart = 0xfef01000\n"
        "[range c]\nstart = 0xfef02000\nirq = 120\n"
        "[range d]\nstart = 0xfef03000\nirq = yes\n" STEP);
    const VmbMachine *raspi4b = vmb_machine_find("raspi4b");

    ck_assert_uint_eq(vmb_scenario_irq(scenario, raspi4b, 0), 177);
    ck_assert_uint_eq(vmb_scenario_irq(scenario, raspi4b, 1), 0);
    ck_assert_uint_eq(vmb_scenario_irq(scenario, raspi4b, 2), 120);
    ck_assert_uint_eq(vmb_scenario_irq(scenario, raspi4b, 3), 178);
}
END_TEST

START_TEST(paths)
{
    g_autoptr(VmbScenario) scenario = load("[scenario]\n" STEP);
    const VmbMachine *x86 = vmb_machine_find("x86");
    g_autofree char *relative = vmb_scenario_path(scenario, x86, "out-{machine}.{machine}");
    g_autofree char *absolute = vmb_scenario_path(scenario, x86, "/a/{machine}");
    g_autofree char *expected = g_build_filename(ini_directory, "out-x86.x86", NULL);

    ck_assert_str_eq(relative, expected);
    ck_assert_str_eq(absolute, "/a/x86");
}
END_TEST

/* ---- What is refused ---- */

START_TEST(wrong_scenarios)
{
    static const struct {
        const char *text;
        guint line;
        const char *problem;
    } cases[] = {
        {"", 1, "it has no group [scenario]: begin with that"},
        {STEP, 1, "it has no group [scenario]: begin with that"},
        {"\n[scenario]\n", 2, "it does nothing: add a group [step NAME] with `run = PROGRAM`"},
        {"[scenario]\n\n[stp x]\n", 3,
         "`stp x` is no group of a scenario: did you mean `step NAME`?"},
        {"[scenario]\n[step ]\n", 2,
         "`step ` is no group of a scenario: did you mean `step NAME`?"},
        {"[scenario]\nmachine = x86\n", 2,
         "`machine` is no key that this group has: did you mean `machines`?"},
        {"[scenario]\nmachines = x86;raspi4\n", 2,
         "`raspi4` is no machine: did you mean `raspi4b`?"},
        {"[scenario]\nmachines =\n", 2, "name a machine: raspi4b;x86"},
        {"[scenario]\nneeds = kvn\n", 2,
         "`kvn` is no thing that a host can lack: did you mean `kvm`?"},
        {"[scenario]\ntimeout = soon\n", 2,
         "`soon` is no time: write seconds, from 0.001 to 86400"},
        {"[scenario]\nisolate = ye\n", 2, "`ye` is no yes or no: did you mean `yes`?"},
        {"[scenario]\n[range a]\nsise = 1\n", 3,
         "`sise` is no key that this group has: did you mean `size`?"},
        {"[scenario]\n[range a]\nstart = 0xfef00800\n", 3, "it is a multiple of 0x1000"},
        {"[scenario]\n[range a]\n\nsize = 0x800\n", 4, "it is a multiple of 0x1000, and not 0"},
        {"[scenario]\n[range a]\nsize = 0\n", 3, "it is a multiple of 0x1000, and not 0"},
        {"[scenario]\n[range a]\nstart = here\n", 3,
         "`here` is no number from 0 to 18446744073709551615: write digits, or 0x and hexadecimal "
         "ones"},
        {"[scenario]\n[range a]\nirq = 1020\n", 3,
         "`1020` is no number from 0 to 1019: write digits, or 0x and hexadecimal ones"},
        {"[scenario]\n[range a]\nirq = any\n", 3,
         "`any` is no yes or no: take one of `yes`, `no`, `true`, `false`"},
        {"[scenario]\n[range a]\nendpoint = 8\n", 3,
         "`8` is no number from 0 to 7: write digits, or 0x and hexadecimal ones"},
        {"[scenario]\n[range a]\nproperties = wait\n", 3,
         "`wait` is no property: write on-disconnect=wait;timeout-ms=0"},
        {"[scenario]\n[range a]\nproperties = poll-us=0;id=a\n", 3,
         "leave `id=a` out: a range has its id from vmbench"},
        {"[scenario]\n[range a]\nproperties = a=1,b=2\n", 3,
         "`a=1,b=2` is no property: write on-disconnect=wait;timeout-ms=0"},
        {"[scenario]\n[range a]\n[range b]\n[range c]\n[range d]\n[range e]\n[range f]\n[range g]\n"
         "[range h]\n[range i]\n", 10, "a machine has at most 8 ranges"},
        {"[scenario]\n[range a]\nsize = 0x2000\n[range b]\nstart = 0xfef01000\n" STEP, 4,
         "it overlaps the range `a` at 0xfef00000: give it another `start`"},
        {"[scenario]\n[range a]\n[range b]\nstart = 0xfeeff000\nsize = 0x1001000\n" STEP, 3,
         "it overlaps the range `a` at 0xfef00000: give it another `start`"},
        {"[scenario]\n[handler h]\n", 2, "`command` is missing: name a program"},
        {"[scenario]\n[handler h]\ncommand = a\nrange = x\n", 4,
         "`x` is no range: take one of `vmmio0`"},
        {"[scenario]\n[handler h]\nenvironment = A\ncommand = a\n", 3,
         "`A` is no variable: write NAME=VALUE;NAME=VALUE"},
        {"[scenario]\n[handler h]\ncommand = a\nenvironment = =A\n", 4,
         "`=A` is no variable: write NAME=VALUE;NAME=VALUE"},
        {"[scenario]\n[handler h]\ncommand = a\ncmd = a\n", 4,
         "`cmd` is no key that this group has: take one of `command`, `environment`, `range`, `may-end`"},
        {"[scenario]\n[handler a/b]\ncommand = a\n" STEP, 2, "`a/b`" NO_NAME},
        {"[scenario]\n\n[guest ../../escaped]\n" STEP, 3, "`../../escaped`" NO_NAME},
        {"[scenario]\n[guest ..]\n" STEP, 2, "`..`" NO_NAME},
        {"[scenario]\n[guest a:b]\n" STEP, 2, "`a:b`" NO_NAME},
        {"[scenario]\n[guest g]\nmachine = x68\n", 3, "`x68` is no machine: did you mean `x86`?"},
        {"[scenario]\n[guest g]\nrange = x\n", 3,
         "`range` is no key that this group has: take one of `machine`, `network`"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        ini_write(cases[i].text);
        ck_assert_msg(vmb_scenario_load(ini_directory, "name", &error) == NULL, "%s",
                      cases[i].text);
        ini_expect_error(error, cases[i].line, cases[i].problem);
    }
}
END_TEST

/* In the order of the file, and no mistake that only follows from another one. */
START_TEST(all_mistakes_are_told)
{
    static const struct {
        guint line;
        const char *problem;
    } mistakes[] = {
        {2, "`quick` is no yes or no: take one of `yes`, `no`, `true`, `false`"},
        {3, "`machine` is no key that this group has: did you mean `machines`?"},
        {5, "`runs` is no key that this group has: did you mean `run`?"},
        {6, "`x` is no number from 0 to 255: write digits, or 0x and hexadecimal ones"},
        {7, "`nobody` is no guest: there is none"},
        {9, "`command` is missing: name a program"},
        {10, "`comand` is no key that this group has: did you mean `command`?"},
        {12, "it is a multiple of 0x1000"},
    };
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        g_string_append_printf(all, "%s%s:%u: %s", i > 0 ? "\n" : "", ini_path, mistakes[i].line,
                               mistakes[i].problem);
    }
    ini_write("[scenario]\nisolate = quick\nmachine = x86\n[step a]\nruns = a\nexit = x\n"
              "guest = nobody\nrun = a\n[handler h]\ncomand = sh\n[range r]\nstart = 1\n"
              "[step c]\nwait = h\n[step d]\nwait = a\n[step e]\nstart = h\n");
    ck_assert_ptr_null(vmb_scenario_load(ini_directory, "name", &error));
    ck_assert_str_eq(error->message, all->str);
}
END_TEST

START_TEST(quotes_that_do_not_end)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *start = g_strdup_printf("%s:3: ", ini_path);

    ini_write("[scenario]\n[handler h]\ncommand = a 'b\n");
    ck_assert_ptr_null(vmb_scenario_load(ini_directory, "name", &error));
    ck_assert(g_str_has_prefix(error->message, start));
    ck_assert_ptr_nonnull(strstr(error->message, "quot"));
}
END_TEST

/* ---- Files that it names ---- */

static void expect_missing(const char *key, guint line)
{
    g_autofree char *text =
        g_strdup_printf("[scenario]\n[step one]\nrun = /bin/true\n%s = out-{machine}\n", key);
    g_autofree char *path = g_build_filename(ini_directory, "out-x86", NULL);
    g_autofree char *problem = g_strdup_printf("there is no file %s", path);
    g_autoptr(VmbScenario) scenario = load(text);
    g_autoptr(GError) error = NULL;

    ck_assert(!vmb_scenario_check(scenario, vmb_machine_find("x86"), &error));
    ini_expect_error(error, line, problem);
    ck_assert(g_file_set_contents(path, "text {{x}}\n", -1, NULL));
    ck_assert(vmb_scenario_check(scenario, vmb_machine_find("x86"), NULL));
    g_remove(path);
}

START_TEST(files_have_to_be_there)
{
    expect_missing("stdout", 4);
    expect_missing("stdout-lines", 4);
    expect_missing("stderr", 4);
    expect_missing("stderr-lines", 4);
    expect_missing("stdin", 2);
}
END_TEST

START_TEST(wrong_patterns_are_named_with_their_file)
{
    g_autofree char *path = g_build_filename(ini_directory, "lines", NULL);
    g_autofree char *expected = g_strdup_printf("%s:2: it has {{ without }}", path);
    g_autoptr(VmbScenario) scenario =
        load("[scenario]\n[step one]\nrun = /bin/true\nstdout-lines = lines\n");
    g_autoptr(GError) error = NULL;

    ck_assert(g_file_set_contents(path, "one\n{{two\n", -1, NULL));
    ck_assert(!vmb_scenario_check(scenario, vmb_machine_find("x86"), &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_str_eq(error->message, expected);
    g_remove(path);
}
END_TEST

/* ---- Handlers ---- */

static void expect_handler(const char *command, const char *problem)
{
    g_autofree char *text =
        g_strdup_printf("[scenario]\n[handler h]\ncommand = %s x\n" STEP, command);
    g_autoptr(VmbScenario) scenario = load(text);
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_scenario_check(scenario, vmb_machine_find("x86"), &error) == (problem == NULL));
    if (problem != NULL) {
        ini_expect_error(error, 3, problem);
    }
}

START_TEST(handlers_have_to_be_there)
{
    g_autofree char *path = g_build_filename(ini_directory, "model", NULL);
    g_autofree char *script = g_build_filename(ini_directory, "model.py", NULL);
    g_autofree char *not_there = g_strdup_printf("the handler's program %s is not there", path);
    g_autofree char *not_executable =
        g_strdup_printf("the handler's program %s is not executable: chmod +x it", path);

    expect_handler("nosuch", "the handler's program nosuch is neither a file of the scenario's "
                   "directory, nor one of the bench's handlers, nor in PATH");
    expect_handler("./model", not_there);
    ck_assert(g_file_set_contents(path, "#!/bin/sh\n", -1, NULL));
    ck_assert(g_file_set_contents(script, "import coreio\n", -1, NULL));
    expect_handler("model", not_executable);
    ck_assert_int_eq(g_chmod(path, 0755), 0);
    expect_handler("model", NULL);
    expect_handler("model.py", NULL);
    expect_handler("sh", NULL);
    expect_handler("{handlers}/nosuch", NULL);
    g_remove(script);
    g_remove(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario");
    TCase *cases = tcase_create("scenario");

    tcase_add_checked_fixture(cases, ini_make_directory, ini_remove_directory);
    tcase_add_test(cases, what_nobody_says);
    tcase_add_test(cases, all_that_can_be_said);
    tcase_add_test(cases, ranges_handlers_and_guests);
    tcase_add_test(cases, interrupts_that_a_machine_has_to_spare);
    tcase_add_test(cases, paths);
    tcase_add_test(cases, wrong_scenarios);
    tcase_add_test(cases, all_mistakes_are_told);
    tcase_add_test(cases, quotes_that_do_not_end);
    tcase_add_test(cases, files_have_to_be_there);
    tcase_add_test(cases, wrong_patterns_are_named_with_their_file);
    tcase_add_test(cases, handlers_have_to_be_there);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
