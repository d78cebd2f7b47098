/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rerun.h"

#include <string.h>

#include "case_handler.h"
#include "case_words.h"

/* Stands for the port, which the script knows, in words that are quoted: no word of a user's has it. */
#define PORT_MARK "\001"

/*
 * `start` waits for gdb's socket: QEMU makes that when its devices listen. A signal's trap is there because
 * dash runs none of EXIT for a signal without one.
 */
static const char functions[] =
    "here=$(cd \"$(dirname \"$0\")\" && pwd) && cd \"$here\" || exit\n"
    "PORT=${PORT:-4300}\n"
    "started=\n"
    "rm -f qmp gdb\n"
    "trap 'status=$?; kill $started 2>/dev/null; wait; rm -f qmp gdb *.console *.in; exit $status' EXIT\n"
    "trap 'exit 143' HUP INT TERM\n"
    "\n"
    "# start NAME DIRECTORY COMMAND...: a handler, as soon as the device listens\n"
    "start() {\n"
    "    if ! (cd \"$2\") 2>/dev/null; then\n"
    "        echo \"$0: the handler $1 cannot be started in $2: put its scenario back there,"
    " or change the path in this script\" >&2\n"
    "        exit 1\n"
    "    fi\n"
    "    rm -f \"handler-$1.in\" && mkfifo \"handler-$1.in\" || exit\n"
    "    (cd \"$2\" && shift 2 && until [ -S \"$here/gdb\" ]; do sleep 0.1; done && exec \"$@\") \\\n"
    "        <>\"handler-$1.in\" >\"rerun-$1.log\" 2>&1 &\n"
    "    started=\"$started $!\"\n"
    "    echo \"handler: $1, prints to $here/rerun-$1.log, reads $here/handler-$1.in\"\n"
    "}\n"
    "\n"
    "# beside NAME CONSOLE COMMAND...: a guest beside the tested one\n"
    "beside() {\n"
    "    (shift 2 && exec \"$@\") </dev/null >\"rerun-$1.log\" 2>&1 &\n"
    "    started=\"$started $!\"\n"
    "    echo \"guest:   $1, with a shell: socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:$here/$2"
    " (Ctrl-] leaves it)\"\n"
    "}\n\n";

/* A command as the script has it, where the port can be another each time. */
static char *command_text(const char *const *argv)
{
    g_autofree char *text = vmb_command_text(argv);
    GString *script = g_string_new(text);

    /* A word with the mark is in single quotes. */
    g_string_replace(script, PORT_MARK "'", "'\"$PORT\"", 0);
    g_string_replace(script, PORT_MARK, "'\"$PORT\"'", 0);
    return g_string_free(script, FALSE);
}

static char *quote(const char *word)
{
    const char *const words[] = {word, NULL};

    return vmb_command_text(words);
}

/* ---- What is in it ---- */

static void append_exact(GString *text, const VmbCaseRun *run, const VmbGuestConfig *config,
                         const char *image)
{
    g_autofree char *path = g_canonicalize_filename(image, run->logs);
    VmbGuestConfig kept = *config;

    kept.initrd = path;
    g_auto(GStrv) argv = vmb_guest_config_command(&kept);
    g_autofree char *command = vmb_command_text((const char *const *)argv);
    g_auto(GStrv) lines = g_strsplit(command, "\n", -1);
    g_autofree char *comment = g_strjoinv("\n# ", lines);

    g_string_append_printf(text, "# %s\n\n", comment);
}

static const VmbScenarioHandler *handler_at(const VmbCaseRun *run, guint index)
{
    return g_ptr_array_index(run->test->scenario->handlers, index);
}

static gboolean ran_at_the_end(const VmbCaseRun *run, guint handler)
{
    return run->starts[handler] > 0 && !run->stopped[handler];
}

static char *endpoint_of(const VmbCaseRun *run, guint range)
{
    const VmbScenarioRange *where = g_ptr_array_index(run->test->scenario->ranges, range);

    return g_strdup_printf("127.0.0.%u:%s", where->endpoint + 1, PORT_MARK);
}

static void append_handler(GString *text, const VmbCaseRun *run, guint index)
{
    const VmbScenario *scenario = run->test->scenario;
    const VmbScenarioHandler *handler = handler_at(run, index);
    g_autofree char *endpoint = endpoint_of(run, handler->range);
    g_auto(VmbCaseWords) words = {0};
    g_autofree char *name = quote(handler->name);
    g_autofree char *directory = quote(scenario->directory);

    vmb_case_words_set(run->test, handler->range, endpoint, &words);
    g_auto(GStrv) argv = vmb_case_handler_command(scenario, handler, &words);
    g_auto(GStrv) environment = vmb_case_handler_environment(handler, &words);
    g_autofree char *variables = command_text((const char *const *)environment);
    g_autofree char *command = command_text((const char *const *)argv);

    g_string_append_printf(text, "start %s %s env %s \\\n    %s\n", name, directory, variables,
                           command);
}

/* Of a guest beside, which has no other console. */
static char *console_name(guint guest)
{
    return g_strdup_printf("guest-%u.console", guest + 1);
}

static void append_beside(GString *text, const VmbCaseRun *run, guint index)
{
    const VmbScenarioGuest *guest = g_ptr_array_index(run->test->scenario->guests, index);
    VmbGuestConfig by_hand = *(const VmbGuestConfig *)g_ptr_array_index(run->configs, index);
    g_autofree char *name = quote(guest->name);
    g_autofree char *console = console_name(index);

    by_hand.by_hand = TRUE;
    by_hand.shell = TRUE;
    by_hand.console = console;
    g_auto(GStrv) argv = vmb_guest_config_command(&by_hand);
    g_autofree char *command = vmb_command_text((const char *const *)argv);

    g_string_append_printf(text, "beside %s %s %s\n", name, console, command);
}

static void append_places(GString *text, const VmbCaseRun *run, const VmbGuestConfig *config)
{
    const VmbScenario *scenario = run->test->scenario;

    g_string_append(text, "cat <<EOF\n");
    for (guint i = 0; i < scenario->ranges->len; i++) {
        const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, i);

        g_string_append_printf(text, "vMMIO:   %s at %s, handlers connect to 127.0.0.%u:$PORT (another port: "
                               "PORT=N $0)\n", range->id, range->start, range->endpoint + 1);
    }
    g_string_append_printf(text, "console: this terminal; Ctrl-A X ends it all, Ctrl-A C is QEMU's monitor\n"
                           "QMP:     socat - UNIX-CONNECT:$here/qmp\n"
                           "gdb:     gdb-multiarch -ex 'set architecture %s' -ex "
                           "'target remote $here/gdb'\nEOF\n", config->machine->gdb_architecture);
}

static void append_tested(GString *text, const VmbCaseRun *run, const VmbGuestConfig *config,
                          const char *image)
{
    static char *inspection[] = {"-qmp", "unix:qmp,server=on,wait=off",
                                 "-gdb", "unix:gdb,server=on,wait=off", NULL};
    g_auto(GStrv) devices = vmb_testbed_devices(run->test, PORT_MARK);
    VmbGuestConfig by_hand = *config;

    by_hand.by_hand = TRUE;
    by_hand.shell = TRUE;
    by_hand.initrd = (char *)image;
    by_hand.devices = devices;
    by_hand.extra = inspection;
    g_auto(GStrv) argv = vmb_guest_config_command(&by_hand);
    g_autofree char *command = command_text((const char *const *)argv);

    /*
     * In the background, for traps wait until what is in front ends; but at the terminal, which dash takes
     * from descriptor 0 there.
     */
    g_string_append_printf(text, "exec 3<&0\n%s <&3 3<&- &\nstarted=\"$started $!\"\nwait $!\n",
                           command);
}

char *vmb_rerun_script(const VmbCaseRun *run, const VmbGuestConfig *config, const char *image)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text,
                           "#!/bin/sh\n"
                           "# The machine of %s again, with a shell of its guest on this terminal.\n"
                           "#\n"
                           "# The test itself ran QEMU so, with its lines on descriptors that it was given; "
                           "a guest\n# that was restored had its memory from a snapshot of that:\n"
                           "#\n",
                           run->test->id);
    append_exact(text, run, config, image);
    g_string_append(text, functions);
    append_places(text, run, config);
    for (guint i = 0; i < run->configs->len; i++) {
        append_beside(text, run, i);
    }
    for (guint i = 0; i < run->test->scenario->handlers->len; i++) {
        if (ran_at_the_end(run, i)) {
            append_handler(text, run, i);
        }
    }
    append_tested(text, run, config, image);
    return g_string_free(text, FALSE);
}
