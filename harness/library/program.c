/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs in the guest. */
#include "handle.h"

#include <string.h>

#include "program.h"

struct VmbenchProgram {
    Vmbench *bench;
    VmbProgram *program;
};

void vmbench_program_free(VmbenchProgram *program)
{
    vmb_program_free(program->program);
    g_free(program);
}

static GBytes *bytes_of(const GString *text)
{
    return g_bytes_new(text->str, text->len);
}

void vmbench_outcome_clear(VmbenchOutcome *outcome)
{
    g_clear_pointer(&outcome->out, g_bytes_unref);
    g_clear_pointer(&outcome->err, g_bytes_unref);
    memset(outcome, 0, sizeof(*outcome));
}

GBytes *vmbench_run(Vmbench *bench, const char *const *argv, GError **error)
{
    g_autoptr(VmbProgramResult) result =
        vmb_program_run(vmb_guest_agent(bench->guest), argv, bench->ms, error);

    return result != NULL ? bytes_of(result->out) : NULL;
}

static VmbProgram *start(Vmbench *bench, const VmbenchCommand *command, GError **error)
{
    g_autoptr(GBytes) input = g_bytes_new(command->input, command->input_len);
    const VmbProgramSpec spec = {
        .argv = command->argv,
        .env = command->environment,
        .cwd = command->directory,
        .input = input,
        .keep_input = command->keep_input,
    };

    return vmb_program_start(vmb_guest_agent(bench->guest), &spec, error);
}

static gboolean wait(VmbProgram *program, guint ms, VmbenchOutcome *outcome, GError **error)
{
    const VmbProgramResult *result = vmb_program_result(program);

    memset(outcome, 0, sizeof(*outcome));
    if (!vmb_program_wait(program, ms, error)) {
        return FALSE;
    }
    outcome->out = bytes_of(result->out);
    outcome->err = bytes_of(result->err);
    outcome->exited = result->exited;
    outcome->value = result->value;
    return TRUE;
}

gboolean vmbench_run_command(Vmbench *bench, const VmbenchCommand *command,
                             VmbenchOutcome *outcome, GError **error)
{
    g_autoptr(VmbProgram) program = start(bench, command, error);

    memset(outcome, 0, sizeof(*outcome));
    return program != NULL && wait(program, bench->ms, outcome, error);
}

VmbenchProgram *vmbench_start(Vmbench *bench, const VmbenchCommand *command, GError **error)
{
    VmbProgram *started = start(bench, command, error);
    VmbenchProgram *program;

    if (started == NULL) {
        return NULL;
    }
    program = g_new0(VmbenchProgram, 1);
    program->bench = bench;
    program->program = started;
    g_ptr_array_add(bench->programs, program);
    return program;
}

void vmbench_program_send(VmbenchProgram *program, const void *bytes, gsize len)
{
    if (len > 0) {
        vmb_program_send(program->program, bytes, len);
    } else {
        vmb_program_end_input(program->program);
    }
}

void vmbench_program_signal(VmbenchProgram *program, int number)
{
    vmb_program_signal(program->program, number);
}

gboolean vmbench_program_wait_output(VmbenchProgram *program, const char *text, GError **error)
{
    return vmb_program_wait_output(program->program, text, program->bench->ms, error);
}

gboolean vmbench_program_wait(VmbenchProgram *program, VmbenchOutcome *outcome, GError **error)
{
    return wait(program->program, program->bench->ms, outcome, error);
}
