/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (256 * 1024)

/*
 * A group for each file, named by the hash of its path, which may hold what a group's name may
 * not.
 */
#define PATH "path"
#define IDENTITY "identity"
#define SHA256 "sha256"

struct VmbHashes {
    GKeyFile *known;
    gboolean changed;
    char *answer;
};

VmbHashes *vmb_hashes_load(const char *path)
{
    VmbHashes *hashes = g_new0(VmbHashes, 1);

    hashes->known = g_key_file_new();
    g_key_file_load_from_file(hashes->known, path, G_KEY_FILE_NONE, NULL);
    return hashes;
}

void vmb_hashes_free(VmbHashes *hashes)
{
    g_key_file_unref(hashes->known);
    g_free(hashes->answer);
    g_free(hashes);
}

char *vmb_file_identity(int fd)
{
    struct stat s;

    if (fstat(fd, &s) != 0) {
        return NULL;
    }
    return g_strdup_printf("%jx:%jx %jd %jd.%09ld %jd.%09ld", (uintmax_t)s.st_dev,
                           (uintmax_t)s.st_ino, (intmax_t)s.st_size, (intmax_t)s.st_mtim.tv_sec,
                           s.st_mtim.tv_nsec, (intmax_t)s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
}

static char *read_hash(int fd)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guint8 *bytes = g_malloc(READ_BYTES);
    ssize_t n;

    while ((n = read(fd, bytes, READ_BYTES)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0) {
            g_checksum_update(sum, bytes, n);
        }
    }
    return n == 0 ? g_strdup(g_checksum_get_string(sum)) : NULL;
}

static void remember(VmbHashes *hashes, const char *group, const char *path, const char *identity)
{
    g_key_file_set_string(hashes->known, group, PATH, path);
    g_key_file_set_string(hashes->known, group, IDENTITY, identity);
    g_key_file_set_string(hashes->known, group, SHA256, hashes->answer);
    hashes->changed = TRUE;
}

static gboolean get(VmbHashes *hashes, const char *path, int fd)
{
    g_autofree char *group = g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1);
    g_autofree char *known = g_key_file_get_string(hashes->known, group, IDENTITY, NULL);
    g_autofree char *identity = vmb_file_identity(fd);

    if (identity == NULL) {
        return FALSE;
    }
    if (g_strcmp0(known, identity) == 0) {
        hashes->answer = g_key_file_get_string(hashes->known, group, SHA256, NULL);
    }
    if (hashes->answer != NULL) {
        return TRUE;
    }
    hashes->answer = read_hash(fd);
    if (hashes->answer == NULL) {
        return FALSE;
    }
    g_autofree char *after = vmb_file_identity(fd);

    if (g_strcmp0(identity, after) != 0) {
        errno = EBUSY; /* somebody is writing it */
        return FALSE;
    }
    remember(hashes, group, path, identity);
    return TRUE;
}

const char *vmb_hashes_get(VmbHashes *hashes, const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    gboolean ok;

    g_clear_pointer(&hashes->answer, g_free);
    ok = fd >= 0 && get(hashes, path, fd);
    if (!ok) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "cannot read %s: %s", path,
                    g_strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok ? hashes->answer : NULL;
}

static gboolean is_current(GKeyFile *known, const char *group)
{
    g_autofree char *path = g_key_file_get_string(known, group, PATH, NULL);
    g_autofree char *identity = g_key_file_get_string(known, group, IDENTITY, NULL);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    g_autofree char *now = fd >= 0 ? vmb_file_identity(fd) : NULL;

    if (fd >= 0) {
        close(fd);
    }
    return now != NULL && g_strcmp0(identity, now) == 0;
}

gboolean vmb_hashes_text(const VmbHashes *hashes, char **text)
{
    g_auto(GStrv) groups = g_key_file_get_groups(hashes->known, NULL);

    if (!hashes->changed) {
        return FALSE;
    }
    for (char **group = groups; *group != NULL; group++) {
        if (!is_current(hashes->known, *group)) {
            g_key_file_remove_group(hashes->known, *group, NULL);
        }
    }
    *text = g_key_file_to_data(hashes->known, NULL, NULL);
    return TRUE;
}
