/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver that is added at boot, with its device outside; and what a reset of the VM does to both. */
#include <gio/gio.h>
#include <string.h>

#include "screen.h"
#include "tap.h"

static const struct {
    const char *name, *parameters;
} machines[] = {{"raspi4b", ""}, {"x86", "gsi=16"}};

static Child child;
static char *port;

static void setup(void)
{
    child_init(&child);
    g_setenv("XDG_CACHE_HOME", child.dir, TRUE); /* what is built is kept there */
    port = child_free_port();
}

static void teardown(void)
{
    screen_close();
    child_finish(&child);
    g_free(port);
}

/* Run a shell script in the private directory; returns what it prints, which is the child's. */
static const char *make(const char *script)
{
    g_autofree char *whole = g_strdup_printf("cd '%s'; %s", child.dir, script);
    const char *args[] = {"-ec", whole, NULL};

    child.program = "/bin/sh";
    ck_assert_msg(child_run(&child, args) == 0, "%s%s", child.out, child.err);
    child.program = NULL;
    return child.out;
}

/* ---- The device ---- */

static GSubprocess *start_device(const char *option)
{
    g_autofree char *endpoint = g_strdup_printf("127.0.0.1:%s", port);
    GSubprocess *device = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL,
        g_getenv("POKE_OUTSIDE"), option, endpoint, NULL);

    ck_assert_ptr_nonnull(device);
    return device;
}

/* The device has printed this when it returns. */
static void await_line(GSubprocess *device, const char *line)
{
    g_autoptr(GDataInputStream) output =
        g_data_input_stream_new(g_subprocess_get_stdout_pipe(device));
    g_autofree char *got = g_data_input_stream_read_line(output, NULL, NULL, NULL);

    g_filter_input_stream_set_close_base_stream(G_FILTER_INPUT_STREAM(output), FALSE);
    ck_assert_str_eq(got, line);
}

static void let_succeed(GSubprocess *device)
{
    GOutputStream *input = g_subprocess_get_stdin_pipe(device);

    ck_assert(g_output_stream_write_all(input, "ok\n", 3, NULL, NULL, NULL));
    ck_assert(g_output_stream_flush(input, NULL, NULL));
}

static void end_device(GSubprocess *device)
{
    g_subprocess_force_exit(device);
    ck_assert(g_subprocess_wait(device, NULL, NULL));
}

/* ---- Added at boot ---- */

/* A copy of poke under another name, which goes behind a module of no use. */
static void make_modules(const char *parameters)
{
    g_autofree char *script = g_strdup_printf(
        "cp -r '%s/guest-rootfs/modules/poke' prod; sed -i 's/\"poke\"/\"prod\"/' prod/*.c;"
        "printf '[module]\\nafter = early\\nparameters = %s\\n' >prod/module.ini; mkdir early;"
        "printf '#include <linux/module.h>\\nMODULE_LICENSE(\"GPL\");\\n' >early/early.c",
        g_getenv("SOURCE"), parameters);

    make(script);
}

static void log_in(void)
{
    screen_await(" login: ");
    screen_type("root\n");
    screen_await("Password: ");
    screen_type("root\n");
    screen_await("~ # ");
}

START_TEST(a_driver_that_is_added_at_boot)
{
    make_modules(machines[_i].parameters);

    g_autofree char *prod = child_path(&child, "prod");
    g_autofree char *early = child_path(&child, "early");
    const char *args[] = {"boot", "--machine", machines[_i].name, "--port", port,
                          "--module", prod, "--module", early, NULL};

    screen_open(&child);
    child_start(&child, TRUE, args);
    log_in();

    g_autoptr(GSubprocess) device = start_device("--text");

    screen_type("until echo hello >/dev/prod; do usleep 10000; done 2>/dev/null\n");
    await_line(device, "POKE!!! hello\\x0a");
    screen_type("echo loaded $(cut -d' ' -f 1 /proc/modules)\n");
    screen_await(" prod early\r"); /* the last one first */
    screen_type("echo interrupts $(grep prod /proc/interrupts)\n");
    screen_await(" prod\r");
    end_device(device);
    screen_type("\001x");
    ck_assert_msg(screen_wait_end() == 0, "%s", screen_text());
}
END_TEST

/* It cannot be loaded before the one that it uses, and has been built with that one's symbols. */
START_TEST(modules_that_use_each_other)
{
    g_autofree char *user = child_path(&child, "a-user");
    g_autofree char *base = child_path(&child, "z-base");
    const char *args[] = {"boot", "--machine", "x86", "--port", port, "--module", user, "--module", base,
                          NULL};

    make("mkdir a-user z-base; echo 'int sum(int a, int b);' >z-base/base.h;"
         "printf '#include <linux/module.h>\n#include \"base.h\"\nint sum(int a, int b) { return a + b; }\n"
         "EXPORT_SYMBOL_GPL(sum);\nMODULE_LICENSE(\"GPL\");\n' >z-base/z-base.c;"
         "printf '#include <linux/module.h>\n#include \"base.h\"\nstatic int __init begin(void)\n"
         "{ pr_err(\"the sum is %%d\\\\n\", sum(20, 22)); return 0; }\nmodule_init(begin);\n"
         "MODULE_LICENSE(\"GPL\");\n' >a-user/a-user.c;"
         "printf '[module]\nafter = z-base\n' >a-user/module.ini");
    screen_open(&child);
    child_start(&child, TRUE, args);
    screen_await("the sum is 42\r");
    screen_type("\001x");
    ck_assert_msg(screen_wait_end() == 0, "%s", screen_text());
}
END_TEST

/* ---- A reset of the VM ---- */

/* By hand, as this QEMU has a monitor: Ctrl-A C goes there and back. */
static void boot_by_hand(const char *machine)
{
    g_autofree char *script = g_strdup_printf(
        "'%s' shell --machine %s --port %s --print-command >boot", g_getenv("VMBENCH"), machine, port);
    g_autofree char *command = child_path(&child, "boot");
    const char *args[] = {command, NULL};

    make(script);
    child.program = "/bin/sh";
    screen_open(&child);
    child_start(&child, TRUE, args);
    screen_await("/ # ");
}

static void reset_vm(void)
{
    screen_type("\001c");
    screen_await("(qemu) ");
    screen_clear();
    screen_type("system_reset\n");
    screen_type("\001c");
    screen_await("/ # ");
}

static void insert(const char *parameters)
{
    g_autofree char *line = g_strdup_printf("insmod /lib/modules/poke.ko %s; lsmod\n", parameters);

    screen_clear();
    screen_type(line);
    screen_await("\npoke ");
}

START_TEST(a_reset_while_a_write_waits)
{
    boot_by_hand(machines[_i].name);

    g_autoptr(GSubprocess) device = start_device("--hold");

    insert(machines[_i].parameters);
    screen_type("until echo >/dev/poke; do usleep 10000; done 2>/dev/null\n");
    await_line(device, "POKE!!!");
    reset_vm();
    insert(machines[_i].parameters);
    screen_type("echo >/dev/poke; echo result $?\n");
    await_line(device, "POKE!!!");
    let_succeed(device);
    screen_await("result 0\r");
    end_device(device);
    screen_type("\001x");
    ck_assert_msg(screen_wait_end() == 0, "%s", screen_text());
}
END_TEST

static Suite *rootfs_driver_suite(void)
{
    Suite *suite = suite_create("rootfs_driver");
    TCase *tc = tcase_create("rootfs_driver");

    tcase_set_timeout(tc, 3 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_driver_that_is_added_at_boot, 0, G_N_ELEMENTS(machines));
    tcase_add_test(tc, modules_that_use_each_other);
    tcase_add_loop_test(tc, a_reset_while_a_write_waits, 0, G_N_ELEMENTS(machines));
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(rootfs_driver_suite());
}
