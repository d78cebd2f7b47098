/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole system on the machine that MACHINE names, with the TCG threads that THREADS names
 * (single or multi): a handler outside, a Debian kernel and processes inside. One boot serves all
 * tests, so they run in this process, in order: the first boots, the last ends the guest. (Of a
 * fixture that fails, Check's TAP output says nothing.) Logs are kept below LOGS.
 */
#include <string.h>

#include "guest.h"
#include "handler.h"
#include "settings.h"
#include "tap.h"

#define BOOT_MS 120000
#define CLAIM_MS 30000
#define PROGRAM_MS 60000

#define SIGBUS_NUMBER 7 /* on both guests */

/* What differs between the machines beside the kernel. */
typedef struct {
    const char *name;
    const char *const *board; /* after the harness's own options */
    gboolean faults; /* an error is seen as SIGBUS, not as all ones */
} System;

static const char *const pi_board[] = {"-global", "vmmio.irq=177", NULL};
static const char *const x86_board[] = {"-smp", "4", "-global", "vmmio.irq=16", NULL};

static const System systems[] = {
    {"raspi4b", pi_board, TRUE},
    {"x86", x86_board, FALSE},
};

static const System *under_test;
static VmbSettings *settings;
static VmbMachine machine;
static VmbGuestConfig *config;
static VmbAlarm *events;
static VmbGuest *guest;
static VmbHandler *handler;

#define ck_assert_no_error(condition, error) \
    ck_assert_msg(condition, "%s", (error) != NULL ? (error)->message : "no reason given")

static const char *setting(const char *name)
{
    const char *value = g_getenv(name);

    ck_assert_msg(value != NULL, "%s is not set: run this with meson test", name);
    return value;
}

static const System *find_system(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(systems); i++) {
        if (g_str_equal(systems[i].name, name)) {
            return &systems[i];
        }
    }
    ck_abort_msg("MACHINE=%s is no machine", name);
}

static char **joined(const char *const *first, const char *const *second)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (; *first != NULL; first++) {
        g_strv_builder_add(builder, *first);
    }
    for (; *second != NULL; second++) {
        g_strv_builder_add(builder, *second);
    }
    return g_strv_builder_end(builder);
}

/* The harness's machine with four CPUs and an interrupt. */
static void configure(void)
{
    char *argv[] = {(char *)"system", (char *)"--accel", (char *)"tcg", NULL};
    g_autoptr(GError) error = NULL;

    under_test = find_system(setting("MACHINE"));
    settings = vmb_settings_parse(3, argv, "", NULL, &error);
    ck_assert_no_error(settings != NULL, error);
    machine = *vmb_machine_find(under_test->name);
    machine.board = (const char *const *)joined(machine.board, under_test->board);
    machine.tcg = g_strdup_printf("tcg,thread=%s", setting("THREADS"));
    config = vmb_settings_guest(settings, &machine);
}

static void start_handler(const char *logs)
{
    g_autoptr(GError) error = NULL;
    const char *endpoint = vmb_guest_endpoint(guest, &error);

    ck_assert_no_error(endpoint != NULL, error);
    handler = vmb_handler_start(setting("SYSTEM_HANDLER"), endpoint, logs, events, &error);
    ck_assert_no_error(handler != NULL, error);
    ck_assert_no_error(vmb_guest_wait_claim(guest, CLAIM_MS, &error), error);
}

START_TEST(system_boots)
{
    g_autofree char *logs = NULL;
    g_autoptr(GError) error = NULL;

    configure();
    logs = g_strdup_printf("%s/%s-%s", setting("LOGS"), under_test->name, setting("THREADS"));
    ck_assert_int_eq(g_mkdir_with_parents(logs, 0755), 0);
    events = vmb_alarm_new(1.0);
    guest = vmb_guest_start(config, logs, events, &error);
    ck_assert_no_error(guest != NULL, error);
    ck_assert_no_error(vmb_guest_endpoint(guest, &error) != NULL, error);
    ck_assert_no_error(vmb_agent_link_wait_ready(vmb_guest_agent(guest), BOOT_MS, &error), error);
    start_handler(logs);
}
END_TEST

static VmbProgramResult *run(const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    VmbProgramResult *result;

    ck_assert_msg(handler != NULL, "the system has not booted");
    result = vmb_agent_link_run(vmb_guest_agent(guest), argv, PROGRAM_MS, &error);
    ck_assert_no_error(result != NULL, error);
    return result;
}

static void check_success(const char *const *argv, const char *output)
{
    g_autoptr(VmbProgramResult) result = run(argv);

    ck_assert_msg(result->exited && result->value == 0, "%s %s: %s %u: %s", argv[0], argv[1],
                  result->exited ? "exit status" : "signal", result->value, result->err->str);
    ck_assert_str_eq(result->out->str, output);
}

START_TEST(process_gets_interrupts)
{
    static const char *const load[] = {"vmmio-uio-load", NULL};
    static const char *const test[] = {"vmmio-test-system", "irq", "50", NULL};

    check_success(load, "");
    check_success(test, "50 interrupts\n");
    check_success(test, "50 interrupts\n");
}
END_TEST

/* Each width at the register that always fails: widths in bits, as devmem takes them. */
static const struct {
    const char *width;
    const char *ones;
} widths[] = {
    {"8", "0xFF\n"}, {"16", "0xFFFF\n"}, {"32", "0xFFFFFFFF\n"}, {"64", "0xFFFFFFFFFFFFFFFF\n"},
};

static void check_sigbus(const char *const *argv)
{
    g_autoptr(VmbProgramResult) result = run(argv);

    ck_assert_msg(!result->exited && result->value == SIGBUS_NUMBER, "%s bits: %s %u", argv[2],
                  result->exited ? "exit status" : "signal", result->value);
}

START_TEST(error_reaches_the_process)
{
    for (gsize i = 0; i < G_N_ELEMENTS(widths); i++) {
        const char *const read[] = {"devmem", "0xfef00000", widths[i].width, NULL};
        const char *const write[] = {"devmem", "0xfef00008", widths[i].width, "1", NULL};

        if (under_test->faults) {
            check_sigbus(read);
            check_sigbus(write);
        } else {
            check_success(read, widths[i].ones);
            check_success(write, "");
        }
    }
}
END_TEST

START_TEST(dma_reaches_a_buffer)
{
    static const char *const test[] = {"vmmio-test-system", "dma", "1", NULL};

    check_success(test, "2056 transfers\n");
}
END_TEST

START_TEST(four_cpus_use_one_range)
{
    static const char *const test[] = {"vmmio-test-system", "hammer", "300", NULL};

    check_success(test, "4 CPUs, 300 rounds\n");
}
END_TEST

START_TEST(system_quits)
{
    g_autoptr(GError) error = NULL;

    ck_assert_msg(handler != NULL, "there is no system to quit");
    ck_assert_no_error(vmb_handler_stop(handler, &error), error);
    ck_assert_no_error(vmb_guest_quit(guest, &error), error);
    g_clear_pointer(&handler, vmb_handler_free);
    g_clear_pointer(&guest, vmb_guest_free);
    g_clear_pointer(&config, vmb_guest_config_free);
    g_clear_pointer(&events, vmb_alarm_free);
    g_clear_pointer(&settings, vmb_settings_free);
    g_strfreev((char **)machine.board);
    g_free((char *)machine.tcg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("system");
    TCase *cases = tcase_create("system");

    tcase_add_test(cases, system_boots);
    tcase_add_test(cases, process_gets_interrupts);
    tcase_add_test(cases, error_reaches_the_process);
    tcase_add_test(cases, dma_reaches_a_buffer);
    tcase_add_test(cases, four_cpus_use_one_range);
    tcase_add_test(cases, system_quits);
    suite_add_tcase(suite, cases);
    return tap_run_in_process(suite);
}
