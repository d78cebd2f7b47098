/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers. */
#include "handle.h"

#include <string.h>

#include "paths.h"
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

/* One of the bench's own, or as it is. */
static char *find_program(const char *program)
{
    g_autofree char *built = g_build_filename(VMB_HANDLERS_DIR, program, NULL);

    return strchr(program, '/') == NULL && g_file_test(built, G_FILE_TEST_IS_EXECUTABLE)
               ? g_steal_pointer(&built) : g_strdup(program);
}

/* The endpoint is the last argument unless a word says where it is to be. */
static char **complete(const char *const *argv, const char *endpoint)
{
    const VmbPlaceholder known[] = {{"endpoint", endpoint}, {NULL, NULL}};
    gboolean placed = vmb_placeholders_has((char **)argv, "endpoint");
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *program = find_program(argv[0]);

    g_strv_builder_add(builder, program);
    for (const char *const *word = argv + 1; *word != NULL; word++) {
        g_autofree char *filled = vmb_placeholders_fill(*word, known);

        g_strv_builder_add(builder, filled);
    }
    if (!placed) {
        g_strv_builder_add(builder, endpoint);
    }
    return g_strv_builder_end(builder);
}

/* Messages call it what the caller does. */
static VmbHandler *start(Vmbench *bench, const char *const *given, char **command, GError **error)
{
    g_autofree char *name = g_strdup_printf("handler-%u", bench->handlers->len + 1);
    g_autofree char *title = g_strjoinv(" ", (char **)given);
    const VmbHandlerSpec spec = {
        .name = name, .title = title, .argv = (const char *const *)command,
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
