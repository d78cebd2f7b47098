/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a scenario.ini: what is read, and what is refused. */
#include "scenario.h"

#include "ini_file.h"
#include "tap.h"

/* Lines 1 to 10: what the steps are about. */
#define BEFORE                                                                                     \
    "[scenario]\ntimeout = 5\n"                                                                    \
    "[range regs]\n[handler model]\ncommand = ./model\n"                                           \
    "[guest peer]\n[step server]\nrun = /bin/cat\nbackground = yes\n[step it]\n"

static VmbScenario *load(const char *step)
{
    g_autofree char *text = g_strconcat(BEFORE, step, NULL);
    g_autoptr(GError) error = NULL;
    VmbScenario *scenario;

    ini_write(text);
    scenario = vmb_scenario_load(ini_directory, "name", &error);
    ck_assert_msg(scenario != NULL, "%s", error != NULL ? error->message : "");
    ck_assert_uint_ge(scenario->steps->len, 2);
    return scenario;
}

static const VmbStep *step_of(const VmbScenario *scenario)
{
    return g_ptr_array_index(scenario->steps, 1);
}

/* ---- What is read ---- */

START_TEST(a_program_and_nothing_else)
{
    g_autoptr(VmbScenario) scenario = load("run = /bin/echo 'a b' c\n");
    const VmbStep *step = step_of(scenario);

    ck_assert_int_eq(step->kind, VMB_STEP_RUN);
    ck_assert_str_eq(step->name, "it");
    ck_assert_uint_eq(step->line, 10);
    ck_assert_uint_eq(step->ms, 5000);
    ck_assert_str_eq(step->argv[1], "a b");
    ck_assert_str_eq(step->argv[2], "c");
    ck_assert_ptr_null(step->argv[3]);
    ck_assert_int_eq(step->guest, -1);
    ck_assert_int_eq(step->exit_status, 0);
    ck_assert(!step->background);
    ck_assert_uint_eq(step->out.line, 0);
    ck_assert_uint_eq(step->err.line, 0);
    ck_assert_ptr_null(step->text);
}
END_TEST

START_TEST(all_of_a_program)
{
    g_autoptr(VmbScenario) scenario = load(
        "run = /bin/p\ntimeout = 1.5\nenvironment = A=b c;D=\ndirectory = /tmp\nguest = peer\n"
        "background = yes\nstdin-text = in\\n\nexit = 3\nstdout = out\nstderr-text = e\\n\n"
        "[step end]\nwait = it\n");
    const VmbStep *step = step_of(scenario);

    ck_assert_uint_eq(step->ms, 1500);
    ck_assert_str_eq(step->environment[0], "A=b c");
    ck_assert_str_eq(step->environment[1], "D=");
    ck_assert_str_eq(step->directory, "/tmp");
    ck_assert_int_eq(step->guest, 0);
    ck_assert(step->background);
    ck_assert_str_eq(step->text, "in\n");
    ck_assert_int_eq(step->exit_status, 3);
    ck_assert_str_eq(step->out.file, "out");
    ck_assert_uint_eq(step->out.line, 19);
    ck_assert_str_eq(step->err.text, "e\n");
    ck_assert_uint_eq(step->err.line, 20);
}
END_TEST

START_TEST(a_signal_lines_and_a_file_of_input)
{
    g_autoptr(VmbScenario) scenario =
        load("run = /bin/p\nsignal = 11\nstdin = in\nstdout-lines = lines\n");
    const VmbStep *step = step_of(scenario);

    ck_assert_int_eq(step->exit_status, -1);
    ck_assert_uint_eq(step->signal_number, 11);
    ck_assert_str_eq(step->input_file, "in");
    ck_assert_str_eq(step->out.patterns, "lines");
    ck_assert_ptr_null(step->out.file);
}
END_TEST

START_TEST(steps_by_their_verbs)
{
    static const struct {
        const char *text;
        VmbStepKind kind;
        guint target;
    } cases[] = {
        {"wait = server\n", VMB_STEP_WAIT, 0},
        {"start = model\n", VMB_STEP_START, 0},
        {"stop = model\n", VMB_STEP_STOP, 0},
        {"kill = model\n", VMB_STEP_KILL, 0},
        {"restart = model\n", VMB_STEP_RESTART, 0},
        {"wait-claim = regs\n", VMB_STEP_CLAIM, 0},
        {"wait-release = regs\n", VMB_STEP_RELEASE, 0},
        {"output = model\nstdout-text = x\n", VMB_STEP_OUTPUT, 0},
        {"send = model\ntext = x\n", VMB_STEP_SEND, 0},
        {"send = model\nbytes = 00 ff\n", VMB_STEP_SEND, 0},
        {"bytes-at = 0xfef00000\nbytes = aa 01\n", VMB_STEP_BYTES, 0},
        {"bus-error = 0xfef00000\n", VMB_STEP_BUS_ERROR, 0},
        {"reset = yes\n", VMB_STEP_RESET, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VmbScenario) scenario = load(cases[i].text);

        ck_assert_int_eq(step_of(scenario)->kind, cases[i].kind);
        ck_assert_uint_eq(step_of(scenario)->target, cases[i].target);
        ck_assert_int_eq(step_of(scenario)->guest, -1);
    }
}
END_TEST

START_TEST(a_reset_of_the_tested_guest_is_known)
{
    g_autoptr(VmbScenario) tested = load("reset = yes\n");
    g_autoptr(VmbScenario) other = load("reset = yes\nguest = peer\n");
    g_autoptr(VmbScenario) none = load("stop = model\n");

    ck_assert(tested->resets);
    ck_assert(!other->resets);
    ck_assert_int_eq(step_of(other)->guest, 0);
    ck_assert(!none->resets);
}
END_TEST

START_TEST(a_handler_is_awaited_unless_told)
{
    g_autoptr(VmbScenario) claims = load("start = model\n");
    g_autoptr(VmbScenario) does_not = load("restart = model\nclaim = no\n");

    ck_assert(step_of(claims)->claim);
    ck_assert(!step_of(does_not)->claim);
}
END_TEST

START_TEST(text_goes_to_programs_and_handlers)
{
    g_autoptr(VmbScenario) program = load("send = server\ntext = a\\n\n");
    g_autoptr(VmbScenario) handler = load("send = model\ntext = b\n");

    ck_assert(step_of(program)->to_program);
    ck_assert_str_eq(step_of(program)->text, "a\n");
    ck_assert(!step_of(handler)->to_program);
    ck_assert_str_eq(step_of(handler)->text, "b");
}
END_TEST

START_TEST(bytes_go_there_as_well)
{
    static const guint8 expected[] = {0x00, 0xff};
    g_autoptr(VmbScenario) scenario = load("send = model\nbytes = 00 ff\n");
    const VmbStep *step = step_of(scenario);

    ck_assert_ptr_null(step->text);
    ck_assert_mem_eq(step->bytes->data, expected, sizeof(expected));
    ck_assert_uint_eq(step->bytes->len, sizeof(expected));
}
END_TEST

START_TEST(bytes_at_an_address)
{
    static const guint8 expected[] = {0xaa, 0x00, 0xff, 0x01};
    g_autoptr(VmbScenario) scenario =
        load("bytes-at = 0xfef00004\nwidth = 4\nbytes = aa 00\tFF  01\n");
    const VmbStep *step = step_of(scenario);

    ck_assert_uint_eq(step->address, 0xfef00004);
    ck_assert_uint_eq(step->width, 4);
    ck_assert_uint_eq(step->bytes->len, 4);
    ck_assert_mem_eq(step->bytes->data, expected, 4);
}
END_TEST

START_TEST(bus_errors_of_reads_and_writes)
{
    g_autoptr(VmbScenario) read = load("bus-error = 16\nwidth = 8\n");
    g_autoptr(VmbScenario) write = load("bus-error = 16\nwidth = 2\nwrite = 12 34\n");

    ck_assert_uint_eq(step_of(read)->address, 16);
    ck_assert_uint_eq(step_of(read)->width, 8);
    ck_assert_ptr_null(step_of(read)->bytes);
    ck_assert_uint_eq(step_of(write)->bytes->len, 2);
}
END_TEST

/* ---- What is refused ---- */

#define NOTHING                                                                                    \
    "the step does nothing: give it run, wait, start, stop, kill, restart, wait-claim, "           \
    "wait-release, output, send, bytes-at, bus-error or reset"
#define OUTPUT "with `output` say what it is to be: `stdout`, `stdout-lines` or `stdout-text`"
#define BYTES                                                                                      \
    "with `bytes-at` say which: `bytes = aa aa aa aa`, as many as accesses of `width` bytes read"
#define SEND "with `send` say what: `text = ok\\n` or `bytes = 6f 6b 0a`"
#define NO_END(text)                                                                               \
    "no step before this one is called `" text "` and has `background = yes`, nor a handler with " \
    "`may-end = yes`"
#define BYTE(text)                                                                                 \
    "`" text "` is no byte: write two hexadecimal digits for each, `aa 01`"

static void expect_problem(const char *step, guint line, const char *problem)
{
    g_autofree char *text = g_strconcat(BEFORE, step, NULL);
    g_autoptr(GError) error = NULL;

    ini_write(text);
    ck_assert_msg(vmb_scenario_load(ini_directory, "name", &error) == NULL, "%s", step);
    ini_expect_error(error, line, problem);
}

START_TEST(wrong_steps)
{
    static const struct {
        const char *text;
        guint line; /* 10 is that of the group */
        const char *problem;
    } cases[] = {
        {"", 10, NOTHING},
        {"timeout = 1\n", 10, NOTHING},
        {"run = a\nwait = server\n", 12, "the step has `run` already: make two steps of it"},
        {"run = a\nexits = 1\n", 12, "`exits` is no key that this group has: did you mean `exit`?"},
        {"stop = model\nclaim = no\n", 12,
         "`claim` is no key that this group has: take one of `stop`, `timeout`"},
        {"run = a\ntimeout = 0\n", 12, "`0` is no time: write seconds, from 0.001 to 86400"},
        {"run = a\nexit = 256\n", 12,
         "`256` is no number from 0 to 255: write digits, or 0x and hexadecimal ones"},
        {"run = a\nexit = 1\nsignal = 11\n", 13,
         "a program ends by exit or by a signal: leave one of them"},
        {"run = a\nsignal = 0\n", 12, "signals begin with 1: SIGSEGV is 11"},
        {"run = a\nsignal = 65\n", 12,
         "`65` is no number from 0 to 64: write digits, or 0x and hexadecimal ones"},
        {"run = a\nstdin = f\nstdin-text = t\n", 13,
         "`stdin` names a file already: leave one of them"},
        {"run = a\nguest = pear\n", 12, "`pear` is no guest: did you mean `peer`?"},
        {"run = a\nbackground = y\n", 12, "`y` is no yes or no: did you mean `yes`?"},
        {"run = a\nenvironment = A=1;B\n", 12,
         "`B` is no variable: write NAME=VALUE;NAME=VALUE"},
        {"run = a\nstdout = f\nstdout-text = t\n", 13,
         "line 12 says already what it is to be: leave one of them"},
        {"run = a\nstderr-text = t\nstderr-lines = f\n", 12,
         "line 13 says already what it is to be: leave one of them"},
        {"wait = servre\n", 11, NO_END("servre")},
        {"wait = it\n", 11, NO_END("it")},
        {"wait = model\n", 11, NO_END("model")},
        {"start = modle\n", 11, "`modle` is no handler: did you mean `model`?"},
        {"stop = x\n", 11, "`x` is no handler: take one of `model`"},
        {"kill = x\n", 11, "`x` is no handler: take one of `model`"},
        {"restart = x\n", 11, "`x` is no handler: take one of `model`"},
        {"start = model\nclaim = 2\n", 12, 
         "`2` is no yes or no: take one of `yes`, `no`, `true`, `false`"},
        {"wait-claim = reg\n", 11, "`reg` is no range: did you mean `regs`?"},
        {"wait-release = reg\n", 11, "`reg` is no range: did you mean `regs`?"},
        {"output = model\n", 10, OUTPUT},
        {"output = server\nstdout = f\n", 11, "`server` is no handler: take one of `model`"},
        {"send = model\n", 10, SEND},
        {"send = model\ntext = x\nbytes = 78\n", 10, SEND},
        {"send = model\nbytes = 1g\n", 12, BYTE("1g")},
        {"send = x\ntext = y\n", 11, "`x` is no handler: take one of `model`"},
        {"bytes-at = 0\n", 10, BYTES},
        {"bytes-at = 0\nwidth = 2\nbytes = aa aa aa\n", 10, BYTES},
        {"bytes-at = 0\nbytes = a\n", 12, BYTE("a")},
        {"bytes-at = 0\nbytes = aa zz\n", 12, BYTE("zz")},
        {"bytes-at = 0\nbytes = aaaa\n", 12, BYTE("aaaa")},
        {"bytes-at = 0\nbytes = +1\n", 12, BYTE("+1")},
        {"bytes-at = 0\nbytes =\n", 12, "write 1 to 4096 bytes"},
        {"bytes-at = x\nbytes = aa\n", 11,
         "`x` is no number from 0 to 18446744073709551615: write digits, or 0x and hexadecimal "
         "ones"},
        {"bytes-at = 0\nwidth = 3\nbytes = aa\n", 12, "an access has 1, 2, 4 or 8 bytes"},
        {"bytes-at = 0\nwidth = 0\nbytes = aa\n", 12, "an access has 1, 2, 4 or 8 bytes"},
        {"bytes-at = 0\nwidth = 16\nbytes = aa\n", 12,
         "`16` is no number from 0 to 8: write digits, or 0x and hexadecimal ones"},
        {"bytes-at = 2\nwidth = 4\nbytes = aa aa aa aa\n", 11,
         "the address is no multiple of the width, 4"},
        {"bus-error = 1\nwidth = 2\n", 11, "the address is no multiple of the width, 2"},
        {"bus-error = 0\nwidth = 2\nwrite = aa\n", 13, "write as many bytes as `width`, 2"},
        {"reset = no\n", 11, "write `reset = yes`"},
        {"reset = yes\nguest = x\n", 12, "`x` is no guest: take one of `peer`"},
        {"run =\n", 11, "Text was empty (or contained only whitespace)"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        expect_problem(cases[i].text, cases[i].line, cases[i].problem);
    }
}
END_TEST

START_TEST(nobody_would_look_at_it)
{
    static const struct {
        const char *text;
        guint line;
    } cases[] = {
        {"run = a\nbackground = yes\nexit = 1\n", 13},
        {"run = a\nbackground = yes\nsignal = 2\n", 13},
        {"run = a\nbackground = yes\nexit = 0\n[step x]\nwait = server\n", 13},
        {"run = a\nstdout = x\nbackground = yes\n", 12},
        {"run = a\nbackground = yes\nstderr-lines = x\n", 13},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        expect_problem(cases[i].text, cases[i].line,
                       "nobody waits for the program's end, so that this is not looked at: add a step "
                       "with `wait = it`");
    }
}
END_TEST

START_TEST(more_bytes_than_a_step_has)
{
    g_autoptr(GString) text = g_string_new(BEFORE "bytes-at = 0\nbytes =");
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 4097; i++) {
        g_string_append(text, " 00");
    }
    ini_write(text->str);
    ck_assert_ptr_null(vmb_scenario_load(ini_directory, "name", &error));
    ini_expect_error(error, 12, "write 1 to 4096 bytes");
}
END_TEST

START_TEST(what_there_is_none_of)
{
    g_autoptr(GError) error = NULL;

    ini_write("[scenario]\n[step it]\nstart = x\n");
    ck_assert_ptr_null(vmb_scenario_load(ini_directory, "name", &error));
    ini_expect_error(error, 3, "`x` is no handler: there is none");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_step");
    TCase *cases = tcase_create("step");

    tcase_add_checked_fixture(cases, ini_make_directory, ini_remove_directory);
    tcase_add_test(cases, a_program_and_nothing_else);
    tcase_add_test(cases, all_of_a_program);
    tcase_add_test(cases, a_signal_lines_and_a_file_of_input);
    tcase_add_test(cases, steps_by_their_verbs);
    tcase_add_test(cases, a_reset_of_the_tested_guest_is_known);
    tcase_add_test(cases, a_handler_is_awaited_unless_told);
    tcase_add_test(cases, text_goes_to_programs_and_handlers);
    tcase_add_test(cases, bytes_go_there_as_well);
    tcase_add_test(cases, bytes_at_an_address);
    tcase_add_test(cases, bus_errors_of_reads_and_writes);
    tcase_add_test(cases, wrong_steps);
    tcase_add_test(cases, nobody_would_look_at_it);
    tcase_add_test(cases, more_bytes_than_a_step_has);
    tcase_add_test(cases, what_there_is_none_of);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
