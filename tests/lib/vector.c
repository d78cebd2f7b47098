/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vector.h"

#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {
    "iface", "extra_blocks", "error", "from_client", "tag",   "opcode", "size",  "sid",
    "flags", "byte_enable",  "addr",  "data0",       "data1", "data2",  "data3", "data4",
};
_Static_assert(sizeof(keys) / sizeof(keys[0]) == VECTOR_FIELDS, "one place for each key");

static unsigned key_index(const char *key)
{
    for (unsigned i = 0; i < VECTOR_FIELDS; i++) {
        if (strcmp(keys[i], key) == 0) {
            return i;
        }
    }
    ck_abort_msg("unknown key '%s' in a wire vector", key);
}

uint64_t vector_field(const struct vector *vector, const char *key)
{
    return vector->fields[key_index(key)];
}

static void parse_field(struct vector *vector, const char *line)
{
    char key[32];
    unsigned long long value;
    int used = 0;
    char *end;

    sscanf(line, " %31[a-z0-9_] = %n", key, &used);
    value = strtoull(line + used, &end, 0);
    ck_assert_msg(used > 0 && end > line + used && end[strspn(end, " \n")] == '\0',
                  "%s: want 'key = value', got: %s", vector->name, line);
    if (strcmp(key, "reserved") == 0) {
        vector->reserved = value != 0;
    } else {
        vector->fields[key_index(key)] = value;
    }
}

static void parse_bytes(struct vector *vector, const char *line)
{
    unsigned value;
    int used;

    while (sscanf(line, " %2x%n", &value, &used) == 1) {
        ck_assert_msg(vector->len < VECTOR_BYTES_MAX, "%s: too many bytes", vector->name);
        vector->bytes[vector->len++] = (uint8_t)value;
        line += used;
    }
    ck_assert_msg(line[strspn(line, " \n")] == '\0', "%s: not hex: %s", vector->name, line);
}

static void parse_line(struct vector *vector, char *line)
{
    line[strcspn(line, "#")] = '\0';
    if (strchr(line, '=')) {
        parse_field(vector, line);
    } else {
        parse_bytes(vector, line);
    }
}

static void load_file(const char *path, struct vector *vector)
{
    const char *slash = strrchr(path, '/');
    FILE *file = fopen(path, "r");
    char line[256];

    ck_assert_msg(file != NULL, "cannot open the wire vector %s", path);
    memset(vector, 0, sizeof(*vector));
    snprintf(vector->name, sizeof(vector->name), "%.*s", (int)strcspn(slash + 1, "."), slash + 1);
    while (fgets(line, sizeof(line), file)) {
        parse_line(vector, line);
    }
    fclose(file);
    ck_assert_msg(vector->len > 0 && vector->len % 64 == 0, "%s: %zu bytes are no packet", path,
                  vector->len);
}

static const char *fixtures(void)
{
    const char *dir = getenv("FIXTURES");

    ck_assert_msg(dir != NULL, "set FIXTURES to the source tree's fixtures directory");
    return dir;
}

void vector_load(const char *name, struct vector *vector)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/wire/%s.txt", fixtures(), name);
    load_file(path, vector);
}

size_t vector_load_all(struct vector **vectors)
{
    char pattern[4096];
    size_t count;
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s/wire/*.txt", fixtures());
    ck_assert_msg(glob(pattern, 0, NULL, &found) == 0, "no wire vectors at %s", pattern);
    count = found.gl_pathc;
    *vectors = calloc(count, sizeof(**vectors));
    ck_assert_ptr_nonnull(*vectors);
    for (size_t i = 0; i < count; i++) {
        load_file(found.gl_pathv[i], &(*vectors)[i]);
    }
    globfree(&found);
    return count;
}
