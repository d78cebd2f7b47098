/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console_logs.h"

#include "snapshot.h"

/* All its bytes: a guest may print a NUL. NULL: it is not there. Free with g_bytes_unref(). */
static GBytes *read_log(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *text = NULL;
    gsize len;

    return g_file_get_contents(path, &text, &len, NULL) ? g_bytes_new_take(text, len) : NULL;
}

static void append_part(GString *text, const char *title, GBytes *part)
{
    gsize len = 0;
    const char *bytes = part != NULL ? g_bytes_get_data(part, &len) : NULL;

    g_string_append_printf(text, "---- %s ----\n", title);
    g_string_append_len(text, bytes, (gssize)len);
    if (len > 0 && bytes[len - 1] != '\n') {
        g_string_append_c(text, '\n');
    }
}

/* A guest that is not restored has printed its boot where it prints all else. */
static gboolean write_guest(const char *bundle, const char *guest, GError **error)
{
    g_autofree char *path = g_build_filename(bundle, "guest-console.log", NULL);
    g_autoptr(GBytes) boot = read_log(guest, VMB_SNAPSHOT_BOOT_LOG);
    g_autoptr(GBytes) log = read_log(guest, "console.log");
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
    g_autoptr(GBytes) log = read_log(bundle, "console.log");

    return log == NULL || g_bytes_get_size(log) > 0 || g_file_set_contents(path, why, -1, error);
}

gboolean vmb_console_logs_write(const char *bundle, const char *guest, GError **error)
{
    return write_guest(bundle, guest, error) && explain_silence(bundle, error);
}
