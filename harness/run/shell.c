/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench shell and vmbench boot: a guest's console on the user's terminal. */
#include "commands.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "additions.h"
#include "guest.h"
#include "ranges.h"
#include "report.h"
#include "settings.h"
#include "stream.h"
#include "terminal.h"

/* Where handlers look for a vMMIO endpoint by convention. */
#define CONVENTIONAL_PORT 4300

static const char boot_summary[] =
    "Boot a machine to a login prompt (root, password root; or pi, password raspberry). An image of\n"
    "your own (--initrd) keeps its init. Programs outside connect to the endpoint that is printed\n"
    "first. `poweroff` or Ctrl-A X ends it; Ctrl-A H lists the other keys.";

static const char summary[] =
    "Boot a machine to an interactive shell. Programs outside connect to the endpoint that\n"
    "is printed first. `exit`, `poweroff` or Ctrl-A X ends it, `reboot` boots it again with the same\n"
    "endpoint; Ctrl-A H lists the other keys.";

/* With more than this still to be shown, the guest waits. */
#define UNSHOWN_MAX 65536

/*
 * Standard output blocks, because its mode is shared with the user's shell: as much as has room
 * wherever poll() says that something has.
 */
#define WRITE_MAX 128

typedef struct {
    VmbGuest *guest;
    VmbStream *input;
    GByteArray *unshown; /* console output that standard output has not taken yet */
    guint output_source;
    guint8 last_byte; /* of the input so far */
    gboolean is_typed_at; /* there was some */
    gboolean has_login; /* of the bench's, where `exit` only logs out */
    gboolean is_left;   /* nobody will ever type anything */
} Shell;

static gboolean stdout_has_room(void)
{
    struct pollfd writable = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&writable, 1, 0) > 0;
}

/* Never blocks: a terminal that is stopped must not keep a signal from being seen. */
static void show(Shell *shell)
{
    gsize done = 0;

    while (done < shell->unshown->len && stdout_has_room()) {
        ssize_t n = write(STDOUT_FILENO, shell->unshown->data + done,
                          MIN(shell->unshown->len - done, WRITE_MAX));

        if (n >= 0) {
            done += (gsize)n;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            done = shell->unshown->len; /* nobody looks any more; the log has it all */
        }
    }
    g_byte_array_remove_range(shell->unshown, 0, (guint)done);
    vmb_console_pause(vmb_guest_console(shell->guest), shell->unshown->len > UNSHOWN_MAX);
}

static gboolean on_output_room(int fd, GIOCondition condition, gpointer data)
{
    Shell *shell = data;

    (void)fd;
    (void)condition;
    show(shell);
    if (shell->unshown->len > 0) {
        return G_SOURCE_CONTINUE;
    }
    shell->output_source = 0;
    return G_SOURCE_REMOVE;
}

static void on_console(gpointer data, const guint8 *bytes, gsize len)
{
    Shell *shell = data;

    g_byte_array_append(shell->unshown, bytes, (guint)len);
    show(shell);
    if (shell->unshown->len > 0 && shell->output_source == 0) {
        shell->output_source = g_unix_fd_add(STDOUT_FILENO, G_IO_OUT | G_IO_HUP | G_IO_ERR,
                                             on_output_room, shell);
    }
}

static gboolean shown_condition(gpointer data)
{
    return ((Shell *)data)->unshown->len == 0;
}

/* Show what is left of the console's output, unless the run was cut short. */
static gboolean finish_output(Shell *shell, gboolean ok, VmbAlarm *alarm, GError **error)
{
    VmbLimit none = {0, VMB_ERROR_BOOT_TIMEOUT, ""};

    vmb_console_drain(vmb_guest_console(shell->guest));
    if (ok) {
        ok = vmb_wait(alarm, shown_condition, shell, none, error);
    }
    if (shell->unshown->len > 0) {
        tcflush(STDOUT_FILENO, TCOFLUSH); /* a stopped terminal must take the verdict at least */
    }
    vmb_console_set_tap(vmb_guest_console(shell->guest), NULL, NULL);
    g_clear_handle_id(&shell->output_source, g_source_remove);
    g_byte_array_unref(shell->unshown);
    return ok;
}

static void on_input(gpointer data, const guint8 *bytes, gsize len)
{
    Shell *shell = data;

    shell->is_typed_at = TRUE;
    shell->last_byte = bytes[len - 1];
    vmb_console_send(vmb_guest_console(shell->guest), bytes, len);
}

/*
 * The end of a script ends the shell. A word does it, not Ctrl-D: that one is lost when it
 * comes before the shell has switched its terminal to reading key by key. At a login without a script
 * there is nobody for it.
 */
static void on_input_end(gpointer data)
{
    Shell *shell = data;
    const char *text = shell->last_byte == '\n' ? "exit\n" : "\nexit\n";

    shell->is_left = shell->has_login && !shell->is_typed_at;
    if (!shell->is_left) {
        vmb_console_send(vmb_guest_console(shell->guest), text, strlen(text));
    }
}

static const VmbStreamEvents input_events = {on_input, on_input_end};

static void start_input(Shell *shell)
{
    int fd = dup(STDIN_FILENO);

    if (fd >= 0) {
        shell->input = vmb_stream_new(fd, &input_events, shell);
    }
}

static gboolean booted_condition(gpointer data)
{
    Shell *shell = data;

    return vmb_agent_link_is_ready(vmb_guest_agent(shell->guest)) ||
           vmb_guest_has_ended(shell->guest);
}

static gboolean ended_condition(gpointer data)
{
    Shell *shell = data;

    return shell->is_left || vmb_agent_link_shell_ended(vmb_guest_agent(shell->guest)) ||
           vmb_guest_has_ended(shell->guest);
}

/* Until the shell or QEMU ends. Keys go to the guest at once, a script only when it can read. */
static gboolean interact(Shell *shell, VmbAlarm *alarm, GError **error)
{
    VmbLimit boot = {VMB_BOOT_MS, VMB_ERROR_BOOT_TIMEOUT,
                     "the guest did not boot in time: look at the console, or try "
                     "--timeout-scale 4"};
    VmbLimit none = {0, VMB_ERROR_BOOT_TIMEOUT, ""};
    gboolean is_terminal = vmb_terminal_make_raw();

    if (is_terminal) {
        start_input(shell);
    }
    if (!vmb_wait(alarm, booted_condition, shell, boot, error)) {
        return FALSE;
    }
    if (!is_terminal) {
        start_input(shell);
    }
    return vmb_wait(alarm, ended_condition, shell, none, error);
}

/* What an init of the image's own shows, and takes for its end, nobody knows here. */
static const char *how_to_leave(const VmbGuestConfig *config)
{
    if (config->init != NULL) {
        return "from here on the console is the image's own, as it is; Ctrl-A X ends the guest";
    }
    return config->login ? "`exit` logs out; `poweroff` or Ctrl-A X ends the guest"
                         : "`exit` or Ctrl-A X ends the guest";
}

/* Of what the device says twice, the last counts. Free with g_free(). */
static char *value_of(const char *device, const char *name)
{
    g_auto(GStrv) words = g_strsplit(device, ",", -1);
    char *value = NULL;

    for (char **word = words; *word != NULL; word++) {
        if (g_str_has_prefix(*word, name)) {
            g_free(value);
            value = g_strdup(*word + strlen(name));
        }
    }
    return value;
}

static gboolean print_endpoint(VmbGuest *guest, const char *device, GError **error)
{
    g_autofree char *id = value_of(device, "id=");
    g_autofree char *start = value_of(device, "start=");
    g_autofree char *size = value_of(device, "size=");
    g_autofree char *endpoint = vmb_guest_endpoint_of(guest, id, error);

    if (endpoint == NULL) {
        return FALSE;
    }
    printf("vMMIO endpoint: %s (range %s, size %s)\n", endpoint, start, size);
    return TRUE;
}

static gboolean print_endpoints(VmbGuest *guest, const VmbGuestConfig *config,
                                gboolean conventional, GError **error)
{
    g_auto(GStrv) devices = vmb_guest_config_devices(config);

    if (!conventional) {
        printf("port %d is taken\n", CONVENTIONAL_PORT);
    }
    for (char **device = devices; *device != NULL; device++) {
        if (!print_endpoint(guest, *device, error)) {
            return FALSE;
        }
    }
    printf("%s\n\n", how_to_leave(config));
    fflush(stdout);
    return TRUE;
}

static gboolean run(VmbGuestConfig *config, const char *log_dir, gboolean conventional,
                    VmbAlarm *alarm, GError **error)
{
    g_autoptr(VmbGuest) guest = vmb_guest_start(config, log_dir, alarm, error);

    if (guest == NULL || !print_endpoints(guest, config, conventional, error)) {
        return FALSE;
    }
    Shell shell = {
        .guest = guest, .unshown = g_byte_array_new(), .last_byte = '\n',
        .has_login = config->login && config->init == NULL,
    };

    vmb_guest_allow_end(guest);
    vmb_agent_link_allow_restart(vmb_guest_agent(guest));
    vmb_console_set_tap(vmb_guest_console(guest), on_console, &shell);
    gboolean ok = finish_output(&shell, interact(&shell, alarm, error), alarm, error);

    g_clear_pointer(&shell.input, vmb_stream_free);
    vmb_terminal_restore();
    return ok && (vmb_guest_has_ended(guest) || vmb_guest_quit(guest, error));
}

/* TRUE unless the convention is wanted and cannot be kept. */
static gboolean choose_port(const VmbSettings *settings, VmbGuestConfig *config)
{
    if (settings->port != VMB_PORT_UNSET) {
        return TRUE;
    }
    config->port = vmb_port_is_free(CONVENTIONAL_PORT) ? CONVENTIONAL_PORT : 0;
    return config->port != 0;
}

typedef struct {
    const char *name; /* of the command */
    const char *what; /* for messages */
    const char *summary;
    gboolean login;
} Kind;

/* What both the guest and the printed command are made of. */
static gboolean prepare(const Kind *kind, const VmbSettings *settings, VmbAdditions *additions,
                        VmbGuestConfig *config, const char *log_dir, GError **error)
{
    config->shell = TRUE;
    config->login = kind->login;
    config->irq = config->machine->irq;
    return vmb_ranges_apply(settings, config, error) &&
           vmb_additions_apply(additions, settings, config, log_dir, error);
}

/* The image of the command is to outlive other runs on the machine. */
static VmbGuestConfig *config_by_hand(const Kind *kind, const VmbSettings *settings,
                                      VmbAdditions *additions, const VmbMachine *machine,
                                      GError **error)
{
    g_autofree char *name = g_strdup_printf("%s-%s-command", machine->name, kind->name);
    g_autofree char *log_dir = vmb_settings_log_dir(settings, name, error);
    g_autoptr(VmbGuestConfig) config = vmb_settings_guest(settings, machine);

    config->by_hand = TRUE;
    if (settings->port == VMB_PORT_UNSET) {
        config->port = CONVENTIONAL_PORT;
    }
    if (log_dir == NULL || !prepare(kind, settings, additions, config, log_dir, error) ||
        !vmb_guest_config_check(config, error)) {
        return NULL;
    }
    return g_steal_pointer(&config);
}

static int print_command(const Kind *kind, const VmbSettings *settings, VmbAdditions *additions,
                         const VmbMachine *machine)
{
    FILE *out = vmb_take_stdout(); /* no note on KVM in the middle of it */
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbGuestConfig) config =
        config_by_hand(kind, settings, additions, machine, &error);

    if (config == NULL) {
        return vmb_fail(error, NULL);
    }
    g_auto(GStrv) argv = vmb_guest_config_command(config);
    g_autofree char *text = vmb_command_text((const char *const *)argv);

    if (out == NULL || fprintf(out, "%s\n", text) < 0 || fclose(out) != 0) {
        g_set_error(&error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write the command to standard output: %s", g_strerror(errno));
        return vmb_fail(error, NULL);
    }
    return 0;
}

static int boot_on(const Kind *kind, const VmbSettings *settings, VmbAdditions *additions,
                   const VmbMachine *machine, VmbAlarm *alarm)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *log_dir = vmb_settings_log_dir(settings, machine->name, &error);
    g_autoptr(VmbReport) report =
        log_dir != NULL ? vmb_report_new(machine->name, log_dir, &error) : NULL;

    if (report == NULL) {
        return vmb_fail(error, alarm);
    }
    g_autoptr(VmbGuestConfig) config = vmb_settings_guest(settings, machine);
    gboolean conventional = choose_port(settings, config);

    if (prepare(kind, settings, additions, config, log_dir, &error)) {
        vmb_report_log_command(report, config);
        if (run(config, log_dir, conventional, alarm, &error)) {
            return 0;
        }
    }
    vmb_report_failed(report, error);
    return vmb_exit_status(error, alarm);
}

static int interactive_main(const Kind *kind, int argc, char **argv)
{
    g_auto(VmbAdditions) additions = {.init = NULL};
    gboolean print = FALSE;
    const GOptionEntry print_option = {
        "print-command", 0, 0, G_OPTION_ARG_NONE, &print,
        "Boot nothing: print a QEMU command that does it without vmbench", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) options = vmb_additions_options(&additions);

    g_array_append_val(options, print_option);
    g_autoptr(VmbSettings) settings = vmb_settings_parse(
        argc, argv, kind->summary, (const GOptionEntry *)(void *)options->data, &error);
    const VmbMachine *machine =
        settings != NULL ? vmb_settings_one_machine(settings, kind->what, &error) : NULL;

    if (machine == NULL) {
        return vmb_fail(error, NULL);
    }
    if (print) {
        return print_command(kind, settings, &additions, machine);
    }
    g_autoptr(VmbAlarm) alarm = vmb_alarm_new(settings->timeout_scale);

    vmb_alarm_watch_signals(alarm);
    return boot_on(kind, settings, &additions, machine, alarm);
}

int vmb_shell_main(int argc, char **argv)
{
    static const Kind kind = {"shell", "a shell", summary, FALSE};

    return interactive_main(&kind, argc, argv);
}

int vmb_boot_main(int argc, char **argv)
{
    static const Kind kind = {"boot", "an interactive guest", boot_summary, TRUE};

    return interactive_main(&kind, argc, argv);
}
