/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_manifest.h"

#include "rootfs_source.h"

#include <string.h>
#include <unistd.h>

enum { OCTAL = 8, DECIMAL = 10 };

struct line {
    RootfsImage *image;
    const char *directory; /* of the manifest */
    char **words;
};

static gboolean parse_number(const char *text, guint base, guint *value, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, base, 0, G_MAXUINT32, &number, NULL)) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX, "'%s' is no %s", text,
                    base == OCTAL ? "octal number; write a mode like 755"
                                  : "decimal number; write one from 0 to 4294967295");
        return FALSE;
    }
    *value = (guint)number;
    return TRUE;
}

/* Three words: MODE UID GID. */
static gboolean parse_owner(char **words, RootfsOwner *owner, GError **error)
{
    return parse_number(words[0], OCTAL, &owner->mode, error) &&
           parse_number(words[1], DECIMAL, &owner->uid, error) &&
           parse_number(words[2], DECIMAL, &owner->gid, error);
}

static gboolean add_dir(const struct line *line, GError **error)
{
    RootfsOwner owner;

    return parse_owner(line->words + 2, &owner, error) &&
           rootfs_image_add_directory(line->image, line->words[1], &owner, error);
}

static gboolean add_file(const struct line *line, GError **error)
{
    g_autofree char *host = g_path_is_absolute(line->words[2])
                            ? g_strdup(line->words[2])
                            : g_build_filename(line->directory, line->words[2], NULL);
    RootfsOwner owner;

    return parse_owner(line->words + 3, &owner, error) &&
           rootfs_image_add_file(line->image, line->words[1], host, &owner, error);
}

static gboolean add_slink(const struct line *line, GError **error)
{
    RootfsOwner owner;

    return parse_owner(line->words + 3, &owner, error) &&
           rootfs_image_add_symlink(line->image, line->words[1], line->words[2], &owner, error);
}

static gboolean add_nod(const struct line *line, GError **error)
{
    RootfsOwner owner;
    guint major, minor;

    if (!parse_owner(line->words + 2, &owner, error) ||
        !parse_number(line->words[6], DECIMAL, &major, error) ||
        !parse_number(line->words[7], DECIMAL, &minor, error)) {
        return FALSE;
    }
    if (strlen(line->words[5]) != 1) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "'%s' is no device type; take b or c", line->words[5]);
        return FALSE;
    }
    return rootfs_image_add_device(line->image, line->words[1], line->words[5][0], major, minor,
                                   &owner, error);
}

static const struct kind {
    const char *name;
    guint words;
    const char *usage;
    gboolean (*add)(const struct line *line, GError **error);
} kinds[] = {
    {"dir", 5, "dir GUEST MODE UID GID", add_dir},
    {"file", 6, "file GUEST HOST MODE UID GID", add_file},
    {"slink", 6, "slink GUEST TARGET MODE UID GID", add_slink},
    {"nod", 8, "nod GUEST MODE UID GID b|c MAJOR MINOR", add_nod},
};

static const struct kind *find_kind(const char *name, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                "'%s' is unknown; a line begins with dir, file, slink or nod", name);
    return NULL;
}

/* Words between blanks, as a NULL-ended array. */
static GPtrArray *split_words(char *text)
{
    GPtrArray *words = g_ptr_array_new();
    char *rest = NULL;

    for (char *word = strtok_r(text, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        g_ptr_array_add(words, word);
    }
    g_ptr_array_add(words, NULL);
    return words;
}

static gboolean load_line(RootfsImage *image, const char *directory, char *text, GError **error)
{
    g_autoptr(GPtrArray) words = split_words(text);
    struct line line = {image, directory, (char **)words->pdata};
    const struct kind *kind;

    if (words->len == 1 || line.words[0][0] == '#') {
        return TRUE;
    }
    kind = find_kind(line.words[0], error);
    if (kind == NULL) {
        return FALSE;
    }
    if (words->len - 1 != kind->words) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "has %u words; write: %s (a name with blanks: by --add or --overlay)",
                    words->len - 1, kind->usage);
        return FALSE;
    }
    return kind->add(&line, error);
}

/* NULL: it cannot be read or is no text. */
static char *read_text(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = rootfs_source_read(path, error);
    gsize len = 0;
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, &len) : NULL;

    if (bytes == NULL) {
        g_prefix_error(error, "manifest ");
        return NULL;
    }
    if (len > 0 && memchr(text, '\0', len) != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "%s: holds a NUL byte; a manifest is text: name another file", path);
        return NULL;
    }
    return len > 0 ? g_strndup(text, len) : g_strdup("");
}

gboolean rootfs_manifest_load(RootfsImage *image, const char *path, GError **error)
{
    g_autofree char *text = read_text(path, error);
    g_autofree char *directory = g_path_get_dirname(path);
    g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        if (!load_line(image, directory, lines[i], error)) {
            g_prefix_error(error, "%s:%u: ", path, i + 1);
            return FALSE;
        }
    }
    return lines != NULL;
}

static gboolean parse_spec_owner(char **parts, const char *host, RootfsOwner *owner,
                                 GError **error)
{
    owner->mode = access(host, X_OK) == 0 ? 0755 : 0644;
    if (parts[2] == NULL) {
        return TRUE;
    }
    return parts[3] == NULL ? parse_number(parts[2], OCTAL, &owner->mode, error)
                            : parse_owner(parts + 2, owner, error);
}

gboolean rootfs_image_add_spec(RootfsImage *image, const char *spec, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ":", -1);
    guint count = g_strv_length(parts);
    RootfsOwner owner = {0};

    if ((count != 2 && count != 3 && count != 5) || parts[0][0] == '\0') {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_SYNTAX,
                    "'%s' is no HOST:GUEST[:MODE[:UID:GID]]; write the file's path here and its path "
                    "there (a name with a colon: by --overlay or a manifest)", spec);
        return FALSE;
    }
    if (!parse_spec_owner(parts, parts[0], &owner, error)) {
        g_prefix_error(error, "%s: ", spec);
        return FALSE;
    }
    return rootfs_image_add_file(image, parts[1], parts[0], &owner, error);
}
