/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_path.h"

#include "rootfs_entry.h"

#include <string.h>
#include <sys/stat.h>

enum { LINKS_MAX = 40 };

const char *rootfs_path_problem(const char *path)
{
    if (path[0] != '/') {
        return "is not absolute; begin it with '/'";
    }
    if (strlen(path) > ROOTFS_PATH_MAX) {
        return "is longer than 4095 bytes; shorten it";
    }
    if (strcmp(path, "/TRAILER!!!") == 0) {
        return "is the name that ends a cpio archive; choose another one";
    }
    for (const char *part = path; part != NULL; part = strchr(part + 1, '/')) {
        size_t len = strcspn(part + 1, "/");

        if (len == 0) {
            return "is '/', ends in '/' or has '//'; name each part once";
        }
        if (len > ROOTFS_PART_MAX) {
            return "has a part of more than 255 bytes; shorten it";
        }
        if (strncmp(part + 1, "..", len) == 0 && len <= 2) {
            return "has a '.' or '..' part; write the path without it";
        }
    }
    return NULL;
}

/* The link at `path`, or NULL when there is something else or nothing. */
static const RootfsEntry *find_link(GTree *entries, const char *path)
{
    const RootfsEntry *entry = g_tree_lookup(entries, path);

    return entry != NULL && entry->type == S_IFLNK ? entry : NULL;
}

static void take_part(GString *done, const char *part, gsize len)
{
    if (len == 2 && strncmp(part, "..", 2) == 0) {
        const char *slash = strrchr(done->str, '/');

        g_string_truncate(done, slash != NULL ? (gsize)(slash - done->str) : 0);
    } else if (len > 0 && strncmp(part, ".", len) != 0) {
        g_string_append_c(done, '/');
        g_string_append_len(done, part, (gssize)len);
    }
}

char *rootfs_path_resolve(GTree *entries, const char *path, gboolean last)
{
    g_autoptr(GString) done = g_string_new(NULL);
    g_autofree char *rest = g_strdup(path);
    const char *at = rest;

    for (guint links = 0; *at != '\0';) {
        gsize len = strcspn(at, "/");
        gsize before = done->len;
        const RootfsEntry *link;

        take_part(done, at, len);
        at += len + strspn(at + len, "/");
        link = find_link(entries, done->str);
        if (link == NULL || (*at == '\0' && !last)) {
            continue;
        }
        if (++links > LINKS_MAX) {
            return NULL;
        }
        g_string_truncate(done, link->target[0] == '/' ? 0 : before);
        char *longer = g_strconcat(link->target, "/", at, NULL);

        g_free(rest);
        at = rest = longer;
    }
    return g_string_free(g_steal_pointer(&done), FALSE);
}

gboolean rootfs_path_escapes(const char *path, const char *target)
{
    g_auto(GStrv) parts = g_strsplit(target, "/", -1);
    int depth = 0;

    for (const char *at = path; target[0] != '/' && (at = strchr(at + 1, '/')) != NULL;) {
        depth++;
    }
    for (char **part = parts; *part != NULL && depth >= 0; part++) {
        if (g_str_equal(*part, "..")) {
            depth--;
        } else if ((*part)[0] != '\0' && !g_str_equal(*part, ".")) {
            depth++;
        }
    }
    return depth < 0;
}
