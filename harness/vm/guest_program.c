/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest_program.h"

#include <signal.h>
#include <string.h>

#include "agent_watch.h"

/* How long a killed program gets to end, before scaling. */
#define KILL_MS 2000

typedef enum { RUNNING, ENDED, LOST } State;

struct VmbProgram {
    VmbAgentLink *link; /* valid while RUNNING */
    guint32 id;
    char *name;
    State state;
    struct agent_exit end; /* when ENDED */
    VmbProgramResult *result;
    gboolean overflow;
    GByteArray *unsent; /* of its standard input */
    guint unacked;      /* bytes of INPUT that the guest has not taken */
    gboolean input_ends;
    gboolean end_sent;
    VmbProgramTap tap; /* NULL: none */
    gpointer tap_out, tap_err;
};

void vmb_program_result_free(VmbProgramResult *result)
{
    g_string_free(result->out, TRUE);
    g_string_free(result->err, TRUE);
    g_free(result);
}

static VmbProgramResult *result_new(void)
{
    VmbProgramResult *result = g_new0(VmbProgramResult, 1);

    result->out = g_string_new(NULL);
    result->err = g_string_new(NULL);
    return result;
}

/* As much as the guest has promised to have room for. */
static void send_input(VmbProgram *program)
{
    GByteArray *unsent = program->unsent;
    guint sent = 0;

    while (sent < unsent->len && program->unacked < AGENT_INPUT_WINDOW) {
        guint n = MIN(unsent->len - sent, AGENT_INPUT_WINDOW - program->unacked);

        n = MIN(n, AGENT_FRAME_PAYLOAD);
        vmb_agent_link_send(program->link, AGENT_INPUT, program->id, unsent->data + sent, n);
        program->unacked += n;
        sent += n;
    }
    g_byte_array_remove_range(unsent, 0, sent);
    if (unsent->len == 0 && program->input_ends && !program->end_sent) {
        vmb_agent_link_send(program->link, AGENT_INPUT, program->id, NULL, 0);
        program->end_sent = TRUE;
    }
}

static void take_ack(VmbProgram *program, const struct agent_frame *frame)
{
    guint32 taken = frame->length == 4 ? agent_u32_decode(frame->payload) : G_MAXUINT32;

    if (taken > program->unacked) {
        vmb_agent_link_violated(program->link,
                                "an INPUT_ACK that is malformed: rebuild the guest image");
        return;
    }
    program->unacked -= taken;
    send_input(program);
}

static void take_output(VmbProgram *program, const struct agent_frame *frame)
{
    VmbProgramResult *result = program->result;

    if (result->out->len + result->err->len + frame->length > VMB_OUTPUT_MAX) {
        if (!program->overflow) {
            vmb_program_signal(program, SIGKILL);
        }
        program->overflow = TRUE;
        return;
    }
    g_string_append_len(frame->stream == 2 ? result->err : result->out,
                        (const char *)frame->payload, frame->length);
    if (program->tap != NULL) {
        program->tap(frame->stream == 2 ? program->tap_err : program->tap_out, frame->payload,
                     frame->length);
    }
}

static void take_exit(VmbProgram *program, const struct agent_frame *frame)
{
    if (!agent_exit_decode(frame->payload, frame->length, &program->end)) {
        vmb_agent_link_violated(program->link,
                                "an EXIT that is malformed: rebuild the guest image");
        return;
    }
    program->state = ENDED;
    program->result->exited = program->end.kind == AGENT_EXIT_EXITED;
    program->result->value = program->end.value;
    vmb_agent_link_detach(program->link, program->id);
}

static void on_frame(gpointer data, const struct agent_frame *frame)
{
    VmbProgram *program = data;

    if (frame == NULL) {
        program->state = LOST;
    } else if (frame->type == AGENT_OUTPUT) {
        take_output(program, frame);
    } else if (frame->type == AGENT_EXIT) {
        take_exit(program, frame);
    } else if (frame->type == AGENT_INPUT_ACK) {
        take_ack(program, frame);
    }
}

static VmbProgram *program_new(VmbAgentLink *link, const char *name)
{
    VmbProgram *program = g_new0(VmbProgram, 1);

    program->link = link;
    program->name = g_strdup(name);
    program->result = result_new();
    program->unsent = g_byte_array_new();
    program->id = vmb_agent_link_attach(link, on_frame, program);
    return program;
}

VmbProgram *vmb_program_start(VmbAgentLink *link, const VmbProgramSpec *spec, GError **error)
{
    guint8 payload[AGENT_FRAME_PAYLOAD];
    gsize length = agent_run_encode(spec->argv, spec->env, spec->cwd, payload);

    if (length == 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "%s: its arguments and variables must be at most %d and fit into %d bytes: "
                    "shorten them",
                    spec->argv[0] != NULL ? spec->argv[0] : "a program", AGENT_RUN_STRINGS,
                    AGENT_FRAME_PAYLOAD);
        return NULL;
    }
    VmbProgram *program = program_new(link, spec->argv[0]);

    program->tap = spec->tap;
    program->tap_out = spec->tap_out;
    program->tap_err = spec->tap_err;
    vmb_agent_link_send(link, AGENT_RUN, program->id, payload, length);
    if (spec->input != NULL) {
        gsize len;
        gconstpointer bytes = g_bytes_get_data(spec->input, &len);

        vmb_program_send(program, bytes, len);
    }
    if (!spec->keep_input) {
        vmb_program_end_input(program);
    }
    return program;
}

void vmb_program_send(VmbProgram *program, const void *bytes, gsize len)
{
    if (program->state == RUNNING && !program->input_ends && len > 0) {
        g_byte_array_append(program->unsent, bytes, (guint)len);
        send_input(program);
    }
}

void vmb_program_end_input(VmbProgram *program)
{
    program->input_ends = TRUE;
    if (program->state == RUNNING) {
        send_input(program);
    }
}

void vmb_program_signal(VmbProgram *program, int number)
{
    guint8 payload = (guint8)number;

    if (program->state == RUNNING) {
        vmb_agent_link_send(program->link, AGENT_SIGNAL, program->id, &payload, 1);
    }
}

gboolean vmb_program_has_ended(const VmbProgram *program)
{
    return program->state != RUNNING;
}

static gboolean ended_condition(gpointer data)
{
    return vmb_program_has_ended(data);
}

void vmb_program_free(VmbProgram *program)
{
    VmbLimit limit = {KILL_MS, VMB_ERROR_PROGRAM_TIMEOUT, ""};

    if (program->state == RUNNING) {
        vmb_program_signal(program, SIGKILL);
        vmb_wait_grace(vmb_agent_link_alarm(program->link), ended_condition, program, limit, NULL);
    }
    if (program->state == RUNNING) {
        vmb_agent_link_detach(program->link, program->id);
    }
    vmb_program_result_free(program->result);
    g_byte_array_unref(program->unsent);
    g_free(program->name);
    g_free(program);
}

/* Its end, as far as that is no result. */
static gboolean check_end(const VmbProgram *program, GError **error)
{
    if (program->state == LOST) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_RESET, "the guest was reset while %s ran in it",
                    program->name);
    } else if (program->end.kind == AGENT_EXIT_EXEC_FAILED) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_MISSING,
                    "the guest cannot run %s (%s): is it in the image? rebuild it, or give "
                    "another with --initrd",
                    program->name, g_strerror((gint)program->end.value));
    } else if (program->overflow) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED,
                    "%s wrote more than %u MiB and was killed: make it write less", program->name,
                    VMB_OUTPUT_MAX / (1024 * 1024));
    } else {
        return TRUE;
    }
    return FALSE;
}

gboolean vmb_program_wait(VmbProgram *program, guint ms, GError **error)
{
    g_autofree char *what = g_strdup_printf("%s did not end in time", program->name);

    return (program->state != RUNNING ||
            vmb_agent_link_wait(program->link, ended_condition, program, ms, what, error)) &&
           (program->state == LOST || vmb_agent_link_settle(program->link, error)) &&
           check_end(program, error);
}

typedef struct {
    const VmbProgram *program;
    VmbProgramTest test;
    gpointer data;
    gsize seen; /* bytes of output that the test has seen and found too few */
    gboolean found;
} OutputWait;

static gboolean output_condition(gpointer data)
{
    OutputWait *wait = data;
    const VmbProgramResult *result = wait->program->result;
    gsize have = result->out->len + result->err->len;

    if (!wait->found && have != wait->seen) {
        wait->seen = have;
        wait->found = wait->test(wait->data, result);
    }
    return wait->found || vmb_program_has_ended(wait->program);
}

gboolean vmb_program_wait_until(VmbProgram *program, VmbProgramTest test, gpointer data,
                                const char *what, guint ms, GError **error)
{
    g_autofree char *late = g_strdup_printf("%s did not print %s in time", program->name, what);
    OutputWait wait = {.program = program, .test = test, .data = data, .seen = G_MAXSIZE};

    if (!output_condition(&wait) &&
        !vmb_agent_link_wait(program->link, output_condition, &wait, ms, late, error)) {
        return FALSE;
    }
    if (wait.found) {
        return TRUE;
    }
    if (vmb_program_wait(program, ms, error)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_MISMATCH, "%s ended without printing %s",
                    program->name, what);
    }
    return FALSE;
}

typedef struct {
    const char *needle;
    gsize out_seen; /* bytes that were looked through in vain */
    gsize err_seen;
} Needle;

static gboolean find(const GString *text, const char *needle, gsize *seen)
{
    gsize len = strlen(needle);
    gsize from = *seen > len ? *seen - len : 0;

    *seen = text->len;
    return memmem(text->str + from, text->len - from, needle, len) != NULL;
}

static gboolean needle_test(gpointer data, const VmbProgramResult *result)
{
    Needle *needle = data;

    return find(result->out, needle->needle, &needle->out_seen) ||
           find(result->err, needle->needle, &needle->err_seen);
}

gboolean vmb_program_wait_output(VmbProgram *program, const char *needle, guint ms, GError **error)
{
    g_autofree char *what = g_strdup_printf("`%s`", needle);
    Needle data = {.needle = needle};

    return vmb_program_wait_until(program, needle_test, &data, what, ms, error);
}

const VmbProgramResult *vmb_program_result(const VmbProgram *program)
{
    return program->result;
}

VmbProgramResult *vmb_agent_link_run(VmbAgentLink *link, const char *const *argv, guint ms,
                                     GError **error)
{
    VmbProgramSpec spec = {.argv = argv};
    g_autoptr(VmbProgram) program = vmb_program_start(link, &spec, error);

    if (program == NULL || !vmb_program_wait(program, ms, error)) {
        return NULL;
    }
    VmbProgramResult *result = program->result;

    program->result = result_new();
    return result;
}

/* The last line of its standard error, after a colon; empty when there is none. */
static char *last_words(const VmbProgramResult *result)
{
    g_autofree char *err = g_utf8_make_valid(result->err->str, -1);
    const char *newline = strrchr(g_strchomp(err), '\n');
    const char *words = newline != NULL ? newline + 1 : err;

    return words[0] != '\0' ? g_strdup_printf(": %s", words) : g_strdup("");
}

gboolean vmb_program_result_check(const VmbProgramResult *result, const char *program, guint status,
                                  GError **error)
{
    g_autofree char *words = last_words(result);
    g_autofree char *wanted =
        status != 0 ? g_strdup_printf(" instead of exit status %u", status) : g_strdup("");

    if (!result->exited) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_SIGNAL,
                    "%s in the guest ended with signal %u (%s)%s%s: try it in `vmbench shell`",
                    program, result->value, strsignal((int)result->value), wanted, words);
        return FALSE;
    }
    if (result->value != status) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED,
                    "%s in the guest ended with exit status %u%s%s: try it in `vmbench shell`",
                    program, result->value, wanted, words);
        return FALSE;
    }
    return TRUE;
}
