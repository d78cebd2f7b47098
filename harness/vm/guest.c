/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "excuse.h"
#include "log_tail.h"
#include "pin.h"
#include "process.h"
#include "refusal.h"
#include "stream.h"

#define QUIT_MS 5000
#define RESET_MS 5000
#define CLAIM_POLL_MS 5

struct VmbGuest {
    const VmbGuestConfig *config;
    VmbAlarm *alarm;
    VmbAlarm *trial; /* owned: the same, of a guest on trial; or NULL */
    VmbProcess *process;
    VmbQmp *qmp;
    VmbConsole *console;
    VmbAgentLink *agent;
    char *qemu_log;
    char *endpoint;
    gboolean greeted; /* QMP takes commands */
    gboolean may_end;
    gboolean no_reboot; /* QEMU ends when the guest resets */
    gboolean resetting; /* vmb_guest_reset() is at work */
    guint resets;       /* of the machine, since that began */
};

static void raise_reset(VmbGuest *guest, const char *what, const char *reason)
{
    vmb_alarm_raise(guest->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_RESET,
                                "the guest %s by itself (%s): run nothing in it that powers it off "
                                "or restarts it",
                                what, reason));
}

/* What QEMU's end means; a panic explains it best, then what QEMU said over QMP. */
static void on_qemu_ended(gpointer data)
{
    VmbGuest *guest = data;

    vmb_console_drain(guest->console);
    vmb_qmp_drain(guest->qmp);
    if (guest->may_end && vmb_process_succeeded(guest->process)) {
        return;
    }
    g_autofree char *end = vmb_process_end_text(guest->process);
    g_autofree char *last_words = vmb_last_line(guest->qemu_log);
    GError *refusal = last_words != NULL ? vmb_refusal_error(guest->config, last_words) : NULL;

    if (refusal != NULL) {
        vmb_alarm_raise(guest->alarm, refusal);
        return;
    }
    if (vmb_process_succeeded(guest->process) && last_words == NULL) {
        raise_reset(guest, "reset or powered off", "QEMU ended with exit status 0");
        return;
    }
    vmb_alarm_raise(guest->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_QEMU_DIED,
                                "QEMU ended with %s%s%s: see its log, then run again", end,
                                last_words != NULL ? ": " : "",
                                last_words != NULL ? last_words : ""));
}

/* The guest did it, or a person. The kernel's own words explain it better. */
static void take_guest_end(VmbGuest *guest, const char *reason)
{
    if (guest->may_end || guest->resetting) {
        return; /* firmware may reset once more */
    }
    vmb_console_drain(guest->console);
    raise_reset(guest, g_str_equal(reason, "guest-shutdown") ? "powered off" : "reset", reason);
}

static void on_qmp_event(gpointer data, const char *name, JsonObject *event_data)
{
    VmbGuest *guest = data;
    gboolean is_reset = g_str_equal(name, "RESET");

    guest->resets += is_reset ? 1 : 0;
    if ((is_reset || g_str_equal(name, "SHUTDOWN")) && event_data != NULL &&
        json_object_get_boolean_member_with_default(event_data, "guest", FALSE)) {
        take_guest_end(guest, json_object_get_string_member_with_default(event_data, "reason",
                                                                         "for no stated reason"));
    }
}

static gboolean greet(VmbGuest *guest, GError **error)
{
    guest->greeted = guest->greeted || vmb_qmp_handshake(guest->qmp, error);
    return guest->greeted;
}

static gboolean settle(gpointer data, GError **error)
{
    return vmb_console_settle(((VmbGuest *)data)->console, error);
}

static char *excuse(gpointer data, GError **error)
{
    VmbGuest *guest = data;

    return greet(guest, error) ? vmb_excuse_ask(guest->qmp, error) : NULL;
}

static const char *stuck(gpointer data, gint64 since)
{
    return vmb_console_stuck(((VmbGuest *)data)->console, since);
}

static const VmbWitness witness = {settle, excuse, stuck};

/* A connected pair: the far end is QEMU's descriptor number `target`; returns ours, or -1. */
static int make_line(GSubprocessLauncher *launcher, int target, GError **error)
{
    int far;
    int ours = vmb_stream_pair(&far, error);

    if (ours >= 0) {
        g_subprocess_launcher_take_fd(launcher, far, target);
    }
    return ours;
}

static gboolean connect_lines(VmbGuest *guest, GSubprocessLauncher *launcher, const char *log_dir,
                              guint64 nonce, GError **error)
{
    g_autofree char *console_log = g_build_filename(log_dir, "console.log", NULL);
    int qmp = make_line(launcher, VMB_FD_QMP, error);
    int results = qmp >= 0 ? make_line(launcher, VMB_FD_RESULTS, error) : -1;
    int console = results >= 0 ? make_line(launcher, VMB_FD_CONSOLE, error) : -1;

    if (qmp >= 0) {
        guest->qmp = vmb_qmp_new(qmp, guest->alarm, on_qmp_event, guest);
    }
    if (results >= 0) {
        guest->agent = vmb_agent_link_new(results, nonce, guest->alarm);
        vmb_agent_link_set_witness(guest->agent, &witness, guest);
    }
    if (console >= 0) {
        guest->console = vmb_console_new(console, console_log, guest->alarm, error);
    }
    return guest->console != NULL;
}

static void give_files(GSubprocessLauncher *launcher, const VmbGuestFiles *files)
{
    g_subprocess_launcher_take_fd(launcher, fcntl(files->ram_fd, F_DUPFD_CLOEXEC, 0), VMB_FD_RAM);
    g_subprocess_launcher_take_fd(launcher, fcntl(files->state_fd, F_DUPFD_CLOEXEC, 0),
                                  VMB_FD_STATE);
}

static VmbGuest *start(const VmbGuestConfig *config, const VmbGuestFiles *files,
                       const char *log_dir, VmbAlarm *alarm, GError **error)
{
    VmbGuestMemory memory = files != NULL ? files->memory : VMB_MEMORY_OWN;
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();
    g_auto(GStrv) argv = vmb_guest_config_command_for(config, memory);
    g_autoptr(VmbGuest) guest = g_new0(VmbGuest, 1);

    guest->trial = files != NULL ? vmb_alarm_new_trial(alarm) : NULL;
    guest->alarm = files != NULL ? guest->trial : alarm;
    guest->config = config;
    guest->no_reboot = !config->shell && !config->can_reset;
    guest->qemu_log = g_build_filename(log_dir, "qemu.log", NULL);
    if (!vmb_guest_config_check(config, error) ||
        !vmb_process_log_to(launcher, guest->qemu_log, TRUE, error) ||
        !connect_lines(guest, launcher, log_dir, config->nonce, error)) {
        return NULL;
    }
    if (files != NULL) {
        give_files(launcher, files);
    }
    guest->process =
        vmb_process_start(launcher, (const char *const *)argv, on_qemu_ended, guest, error);
    if (guest->process == NULL) {
        return NULL;
    }
    return g_steal_pointer(&guest);
}

VmbGuest *vmb_guest_start(const VmbGuestConfig *config, const char *log_dir, VmbAlarm *alarm,
                          GError **error)
{
    return start(config, NULL, log_dir, alarm, error);
}

VmbGuest *vmb_guest_boot(const VmbGuestConfig *config, const char *log_dir, VmbAlarm *alarm,
                         GError **error)
{
    g_autoptr(VmbGuest) guest = vmb_guest_start(config, log_dir, alarm, error);

    return guest != NULL && vmb_agent_link_wait_ready(guest->agent, VMB_BOOT_MS, error)
               ? g_steal_pointer(&guest) : NULL;
}

VmbGuest *vmb_guest_start_on(const VmbGuestConfig *config, const VmbGuestFiles *files,
                             const char *log_dir, VmbAlarm *alarm, GError **error)
{
    return start(config, files, log_dir, alarm, error);
}

void vmb_guest_accept(VmbGuest *guest)
{
    vmb_alarm_commit(guest->trial);
}

void vmb_guest_free(VmbGuest *guest)
{
    g_clear_pointer(&guest->process, vmb_process_free);
    g_clear_pointer(&guest->qmp, vmb_qmp_free);
    g_clear_pointer(&guest->agent, vmb_agent_link_free);
    g_clear_pointer(&guest->console, vmb_console_free);
    g_clear_pointer(&guest->trial, vmb_alarm_free);
    g_free(guest->qemu_log);
    g_free(guest->endpoint);
    g_free(guest);
}

VmbQmp *vmb_guest_qmp(VmbGuest *guest, GError **error)
{
    return greet(guest, error) ? guest->qmp : NULL;
}

static JsonNode *get_property(VmbGuest *guest, const char *id, const char *property, GError **error)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);

    return greet(guest, error) ? vmb_qmp_get(guest->qmp, path, property, error) : NULL;
}

char *vmb_guest_endpoint_of(VmbGuest *guest, const char *id, GError **error)
{
    g_autoptr(JsonNode) node = get_property(guest, id, "endpoint", error);
    char *endpoint;

    if (node == NULL) {
        return NULL;
    }
    endpoint = JSON_NODE_HOLDS_VALUE(node) ? json_node_dup_string(node) : NULL;
    if (endpoint == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROTOCOL,
                    "the device names no endpoint: rebuild QEMU with `make`");
    }
    return endpoint;
}

const char *vmb_guest_endpoint(VmbGuest *guest, GError **error)
{
    if (guest->endpoint == NULL) {
        guest->endpoint = vmb_guest_endpoint_of(guest, VMB_DEVICE_ID, error);
    }
    return guest->endpoint;
}

static gboolean on_poll_time(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean flag_condition(gpointer data)
{
    return *(gboolean *)data;
}

gboolean vmb_guest_pause(VmbGuest *guest, guint ms, GError **error)
{
    VmbLimit limit = {60000, VMB_ERROR_PROTOCOL, "the event loop stands still"};
    gboolean over = FALSE;
    guint timer = g_timeout_add(ms, on_poll_time, &over);
    gboolean ok = vmb_wait(guest->alarm, flag_condition, &over, limit, error);

    if (!over) {
        g_source_remove(timer);
    }
    return ok;
}

static void set_no_claim(VmbGuest *guest, const char *id, gboolean connected, GError **error)
{
    g_autofree char *endpoint = vmb_guest_endpoint_of(guest, id, NULL);

    if (connected) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_NO_CLAIM,
                    "the handler runs but claims nothing at %s: it must connect there and register "
                    "range 0", endpoint);
    } else {
        g_set_error(error, VMB_ERROR, VMB_ERROR_NO_CLAIM,
                    "the device at %s has not noticed its handler's end: see QEMU's log", endpoint);
    }
}

gboolean vmb_guest_wait_handler(VmbGuest *guest, const char *id, gboolean connected, guint ms,
                                GError **error)
{
    gint64 deadline = g_get_monotonic_time() + vmb_alarm_scaled_us(guest->alarm, ms);

    while (g_get_monotonic_time() < deadline) {
        g_autoptr(JsonNode) node = get_property(guest, id, "handler-connected", error);

        if (node == NULL) {
            return FALSE;
        }
        if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_boolean(node) == connected) {
            return TRUE;
        }
        if (!vmb_guest_pause(guest, CLAIM_POLL_MS, error)) {
            return FALSE;
        }
    }
    set_no_claim(guest, id, connected, error);
    return FALSE;
}

gboolean vmb_guest_wait_claim(VmbGuest *guest, guint ms, GError **error)
{
    return vmb_guest_wait_handler(guest, VMB_DEVICE_ID, TRUE, ms, error);
}

gboolean vmb_guest_pin_vcpus(VmbGuest *guest, int cpu, GError **error)
{
    g_autoptr(JsonNode) node =
        greet(guest, error) ? vmb_qmp_call(guest->qmp, "query-cpus-fast", NULL, error) : NULL;
    JsonArray *vcpus =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    for (guint i = 0; vcpus != NULL && i < json_array_get_length(vcpus); i++) {
        JsonObject *vcpu = json_array_get_object_element(vcpus, i);

        if (!vmb_pin((pid_t)json_object_get_int_member(vcpu, "thread-id"), cpu, error)) {
            return FALSE;
        }
    }
    return vcpus != NULL;
}

gboolean vmb_guest_pin(VmbGuest *guest, int cpu, GError **error)
{
    return vmb_process_pin(guest->process, cpu, error);
}

char *vmb_guest_monitor(VmbGuest *guest, const char *command, GError **error)
{
    JsonObject *arguments = json_object_new();
    g_autoptr(JsonNode) node = NULL;

    json_object_set_string_member(arguments, "command-line", command);
    if (!greet(guest, error)) {
        json_object_unref(arguments);
        return NULL;
    }
    node = vmb_qmp_call(guest->qmp, "human-monitor-command", arguments, error);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_dup_string(node) : NULL;
}

VmbAgentLink *vmb_guest_agent(VmbGuest *guest)
{
    return guest->agent;
}

VmbConsole *vmb_guest_console(VmbGuest *guest)
{
    return guest->console;
}

static gboolean command(VmbGuest *guest, const char *name, JsonObject *arguments, GError **error)
{
    g_autoptr(JsonNode) node = vmb_qmp_call(guest->qmp, name, arguments, error);

    return node != NULL;
}

/* What QEMU does when the machine is to be reset: -no-reboot is for resets by others. */
static gboolean set_reboot_action(VmbGuest *guest, const char *action, GError **error)
{
    JsonObject *arguments = json_object_new();

    json_object_set_string_member(arguments, "reboot", action);
    return command(guest, "set-action", arguments, error);
}

static gboolean reset_condition(gpointer data)
{
    return ((VmbGuest *)data)->resets > 0;
}

/* While the VM stands still nothing comes over the results line: old and new do not mix. */
static gboolean reset_machine(VmbGuest *guest, GError **error)
{
    static const VmbLimit limit = {RESET_MS, VMB_ERROR_QEMU_DIED,
                                   "QEMU does not reset the machine: see its log"};

    if (!command(guest, "stop", NULL, error)) {
        return FALSE;
    }
    vmb_agent_link_restart(guest->agent);
    guest->resets = 0;
    return command(guest, "system_reset", NULL, error) &&
           vmb_wait(guest->alarm, reset_condition, guest, limit, error) &&
           command(guest, "cont", NULL, error);
}

gboolean vmb_guest_reset(VmbGuest *guest, guint ms, GError **error)
{
    gboolean ok;

    if (!greet(guest, error)) {
        return FALSE;
    }
    guest->resetting = TRUE;
    ok = set_reboot_action(guest, "reset", error) && reset_machine(guest, error) &&
         vmb_agent_link_wait_ready(guest->agent, ms, error) &&
         (!guest->no_reboot || set_reboot_action(guest, "shutdown", error));
    guest->resetting = FALSE;
    return ok;
}

gboolean vmb_guest_quit(VmbGuest *guest, GError **error)
{
    if (!greet(guest, error)) {
        return FALSE;
    }
    vmb_guest_allow_end(guest);
    vmb_qmp_send(guest->qmp, "quit");
    if (!vmb_process_wait_or_kill(guest->process, QUIT_MS, guest->alarm, error)) {
        return FALSE;
    }
    if (!vmb_process_succeeded(guest->process)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_QEMU_DIED,
                    "QEMU did not quit when told to and was killed: see its log");
        return FALSE;
    }
    return TRUE;
}

void vmb_guest_allow_end(VmbGuest *guest)
{
    guest->may_end = TRUE;
    vmb_console_allow_end(guest->console);
    vmb_qmp_allow_close(guest->qmp);
}

gboolean vmb_guest_has_ended(const VmbGuest *guest)
{
    return vmb_process_has_ended(guest->process);
}
