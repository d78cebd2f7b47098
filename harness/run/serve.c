/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmbench serve: a guest for another program, such as the pytest plugin of harness/coreio/python.
 * Standard output is JSON, an object a line; docs/python.md has its members.
 */
#include "commands.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "additions.h"
#include "agent_watch.h"
#include "guest.h"
#include "ranges.h"
#include "requests.h"
#include "settings.h"
#include "snapshot.h"

static const char summary[] =
    "Boot a machine for a program that writes requests to standard input and reads answers from\n"
    "standard output, each a JSON object on a line: {\"run\": [PROGRAM, ARGUMENT...]} or\n"
    "{\"wait\": \"claim\" or \"release\"}. The end of the input ends the guest.";

typedef struct {
    VmbAlarm *alarm;
    VmbGuest *guest;
    VmbRequests *requests;
    FILE *answers;
} Serve;

/* Takes the object. When nobody reads it the alarm is raised: there is nothing left to serve. */
static void answer(const Serve *serve, JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_node_take_object(node, object);
    text = json_to_string(node, FALSE);
    if (fprintf(serve->answers, "%s\n", text) < 0 || fflush(serve->answers) != 0) {
        vmb_alarm_raise(serve->alarm,
                        g_error_new(VMB_ERROR, VMB_ERROR_SETUP, "cannot write an answer: %s: close "
                                    "the input first", g_strerror(errno)));
    }
}

static void answer_error(const Serve *serve, const GError *error)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "error", error->message);
    json_object_set_int_member(object, "status", vmb_exit_status(error, serve->alarm));
    answer(serve, object);
}

/* What a program prints is bytes, JSON is text. */
static void add_bytes(JsonObject *object, const char *name, const GString *bytes)
{
    g_autofree char *text = g_base64_encode((const guchar *)bytes->str, bytes->len);

    json_object_set_string_member(object, name, text);
}

static void answer_result(const Serve *serve, const VmbProgramResult *result)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, result->exited ? "exit" : "signal", result->value);
    add_bytes(object, "stdout", result->out);
    add_bytes(object, "stderr", result->err);
    answer(serve, object);
}

static void answer_ready(const Serve *serve, const VmbGuestConfig *config, const char *endpoint,
                         const char *log_dir)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "machine", config->machine->name);
    json_object_set_string_member(object, "endpoint", endpoint);
    json_object_set_int_member(object, "irq", config->irq);
    json_object_set_string_member(object, "logs", log_dir);
    answer(serve, object);
}

static gboolean run(const Serve *serve, const VmbRequest *request, GError **error)
{
    g_autoptr(VmbProgramResult) result =
        vmb_agent_link_run(vmb_guest_agent(serve->guest), (const char *const *)request->argv,
                           request->timeout_ms, error);

    if (result != NULL) {
        answer_result(serve, result);
    }
    return result != NULL;
}

static gboolean wait_handler(const Serve *serve, const VmbRequest *request, GError **error)
{
    gboolean ok = vmb_guest_wait_handler(serve->guest, VMB_DEVICE_ID, request->claimed,
                                         request->timeout_ms, error);

    if (ok) {
        answer(serve, json_object_new());
    }
    return ok;
}

/* A program that cannot run or does not end is an answer; FALSE when the guest cannot go on. */
static gboolean serve_request(const Serve *serve, const VmbRequest *request, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (request->argv != NULL ? run(serve, request, &cause)
                              : wait_handler(serve, request, &cause)) {
        return TRUE;
    }
    if (vmb_alarm_error(serve->alarm) == NULL) {
        answer_error(serve, cause);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

static gboolean serve_requests(const Serve *serve, GError **error)
{
    VmbRequest *request;

    while (vmb_requests_next(serve->requests, &request, error)) {
        g_autoptr(VmbRequest) taken = request;

        if (taken == NULL) {
            return TRUE;
        }
        if (!serve_request(serve, taken, error)) {
            return FALSE;
        }
    }
    return FALSE;
}

static VmbGuest *restore(const Serve *serve, const VmbGuestConfig *config, const char *log_dir,
                         GError **error)
{
    g_autofree char *snapshots = vmb_snapshot_directory();
    VmbSnapshotReport report;
    VmbGuest *guest =
        vmb_snapshot_boot(config, log_dir, snapshots, serve->alarm, &report, error);

    if (report.why_booted != NULL) {
        fprintf(stderr, "vmbench: booted: %s\n", report.why_booted);
    }
    vmb_snapshot_report_clear(&report);
    return guest;
}

/* An image that was made for this guest will hardly come again, and a port or a card is not in a snapshot. */
static VmbGuest *boot(const Serve *serve, const VmbGuestConfig *config, const char *log_dir,
                      GError **error)
{
    gboolean of_its_own = g_str_has_prefix(config->initrd, log_dir);

    return of_its_own || config->network || config->port != 0
               ? vmb_guest_boot(config, log_dir, serve->alarm, error)
               : restore(serve, config, log_dir, error);
}

/* The last word of its kernel, and whether a program wrote where the agent alone does. */
static gboolean check_line(VmbGuest *guest, const VmbGuestConfig *config, GError **error)
{
    VmbAgentLink *agent = vmb_guest_agent(guest);

    return vmb_agent_link_hear(agent, error) && vmb_agent_link_settle(agent, error) &&
           vmb_agent_link_check_noise(agent, config->machine->results_tty, error);
}

static gboolean boot_and_serve(Serve *serve, const VmbGuestConfig *config, const char *log_dir,
                               GError **error)
{
    g_autoptr(VmbGuest) guest = boot(serve, config, log_dir, error);
    const char *endpoint = guest != NULL ? vmb_guest_endpoint(guest, error) : NULL;

    if (endpoint == NULL) {
        return FALSE;
    }
    serve->guest = guest;
    answer_ready(serve, config, endpoint, log_dir);
    return serve_requests(serve, error) && check_line(guest, config, error) &&
           vmb_guest_quit(guest, error);
}

static int serve_on(const VmbSettings *settings, VmbAdditions *additions,
                    const VmbMachine *machine, Serve *serve)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *log_dir = vmb_settings_log_dir(settings, machine->name, &error);
    g_autoptr(VmbGuestConfig) config = vmb_settings_guest(settings, machine);

    config->irq = machine->irq;
    if (log_dir != NULL && vmb_ranges_apply(settings, config, &error) &&
        vmb_additions_apply(additions, settings, config, log_dir, &error) &&
        boot_and_serve(serve, config, log_dir, &error)) {
        return 0;
    }
    answer_error(serve, error);
    return vmb_fail(error, serve->alarm);
}

int vmb_serve_main(int argc, char **argv)
{
    g_auto(VmbAdditions) additions = {.init = NULL};
    g_autoptr(GArray) options = vmb_additions_options(&additions);
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbSettings) settings = vmb_settings_parse(
        argc, argv, summary, (const GOptionEntry *)(void *)options->data, &error);
    const VmbMachine *machine =
        settings != NULL ? vmb_settings_one_machine(settings, "a served guest", &error) : NULL;
    Serve serve = {.guest = NULL};
    int status;

    if (machine == NULL) {
        return vmb_fail(error, NULL);
    }
    serve.answers = vmb_take_stdout();
    serve.alarm = vmb_alarm_new(settings->timeout_scale);
    serve.requests = serve.answers != NULL ? vmb_requests_new(STDIN_FILENO, serve.alarm) : NULL;
    if (serve.requests == NULL) {
        fprintf(stderr, "vmbench: serve needs standard input and output: open both\n");
        status = VMB_ERROR_SETUP;
    } else {
        vmb_alarm_watch_signals(serve.alarm);
        signal(SIGPIPE, SIG_IGN); /* answer() finds out */
        status = serve_on(settings, &additions, machine, &serve);
        vmb_requests_free(serve.requests);
    }
    vmb_alarm_free(serve.alarm);
    if (serve.answers != NULL) {
        fclose(serve.answers);
    }
    return status;
}
