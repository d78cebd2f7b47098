/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers. */
#include "handle.h"

#include "handler_program.h"
#include "placeholders.h"

struct VmbenchHandler {
    Vmbench *bench;
    VmbHandler *handler;
};

void vmbench_handler_free(VmbenchHandler *handler)
{
    vmb_handler_free(handler->handler);
    g_free(handler);
}

/* The endpoint is the last argument unless a word says where it is to be. */
static char **complete(const char *const *argv, const char *endpoint)
{
    const VmbPlaceholder known[] = {{"endpoint", endpoint}, {NULL, NULL}};
    gboolean placed = vmb_placeholders_has((char **)argv, "endpoint");
    g_auto(GStrv) filled = vmb_placeholders_fill_all((char **)argv, known);

    return vmb_handler_argv(NULL, filled, placed ? NULL : endpoint);
}

/* Messages call it what the caller does. */
static VmbHandler *start(Vmbench *bench, const char *const *given, char **command, GError **error)
{
    g_autofree char *name = g_strdup_printf("handler-%u", bench->handlers->len + 1);
    g_autofree char *title = g_strjoinv(" ", (char **)given);
    g_auto(GStrv) environment = vmb_handler_environment(NULL);
    const VmbHandlerSpec spec = {
        .name = name, .title = title, .argv = (const char *const *)command,
        .environment = (const char *const *)environment,
    };

    return vmb_handler_start_spec(&spec, bench->logs, bench->alarm, error);
}

VmbenchHandler *vmbench_handler_start(Vmbench *bench, guint range, const char *const *argv,
                                      GError **error)
{
    g_autofree char *endpoint = vmbench_endpoint(bench, range, error);
    g_auto(GStrv) command = endpoint != NULL ? complete(argv, endpoint) : NULL;
    VmbHandler *started =
        command != NULL ? start(bench, argv, command, error) : NULL;
    VmbenchHandler *handler;

    if (started == NULL) {
        return NULL;
    }
    handler = g_new0(VmbenchHandler, 1);
    handler->bench = bench;
    handler->handler = started;
    g_ptr_array_add(bench->handlers, handler);
    return handler;
}

GBytes *vmbench_handler_output(VmbenchHandler *handler, guint lines, GError **error)
{
    if (!vmb_handler_wait_lines(handler->handler, lines, handler->bench->ms, error)) {
        return NULL;
    }
    return g_string_free_to_bytes(vmb_handler_output(handler->handler));
}

gboolean vmbench_handler_stop(VmbenchHandler *handler, GError **error)
{
    return vmb_handler_stop(handler->handler, error);
}

gboolean vmbench_handler_kill(VmbenchHandler *handler, GError **error)
{
    return vmb_handler_kill(handler->handler, error);
}
