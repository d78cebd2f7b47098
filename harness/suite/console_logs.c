/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console_logs.h"

#include "snapshot.h"

static char *read_log(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

static void append_part(GString *text, const char *title, const char *part)
{
    gboolean ends = part == NULL || part[0] == '\0' || g_str_has_suffix(part, "\n");

    g_string_append_printf(text, "---- %s ----\n%s%s", title, part != NULL ? part : "",
                           ends ? "" : "\n");
}

/* A guest that is not restored has printed its boot where it prints all else. */
static gboolean write_guest(const char *bundle, const char *guest, GError **error)
{
    g_autofree char *path = g_build_filename(bundle, "guest-console.log", NULL);
    g_autofree char *boot = read_log(guest, VMB_SNAPSHOT_BOOT_LOG);
    g_autofree char *log = read_log(guest, "console.log");
    g_autoptr(GString) text = g_string_new(NULL);

    if (boot != NULL) {
        append_part(text, "the boot, behind which the guest was saved", boot);
    }
    append_part(text, boot != NULL ? "since it was restored, for this test and those before it"
                                   : "since the guest was started", log);
    return g_file_set_contents(path, text->str, (gssize)text->len, error);
}

static gboolean explain_silence(const char *bundle, GError **error)
{
    static const char why[] = "# nothing during this test: its kernel prints only what is urgent, unless "
                              "the scenario says `append = loglevel=7`\n";
    g_autofree char *path = g_build_filename(bundle, "console.log", NULL);
    g_autofree char *log = read_log(bundle, "console.log");

    return log == NULL || log[0] != '\0' || g_file_set_contents(path, why, -1, error);
}

gboolean vmb_console_logs_write(const char *bundle, const char *guest, GError **error)
{
    return write_guest(bundle, guest, error) && explain_silence(bundle, error);
}
