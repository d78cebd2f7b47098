/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds a guest's initial root filesystem as an uncompressed newc cpio archive. Equal input
 * gives equal bytes: entries are sorted by path, owners and modes are those that were asked
 * for, inode numbers count from 1, and every time is SOURCE_DATE_EPOCH or 0. The root directory is among
 * the entries, for without one Linux makes it 1777, as any tmpfs.
 *
 * An image is used by one thread at a time. All functions that can fail return FALSE with
 * *error set in the ROOTFS_ERROR domain; its message names the path and the remedy. After an
 * error the image is as it was before the call, where nothing else is said.
 */
#ifndef ROOTFS_IMAGE_H
#define ROOTFS_IMAGE_H

#include <glib.h>

typedef enum {
    ROOTFS_MACHINE_RASPI4B, /* programs are aarch64, and 32-bit ARM */
    ROOTFS_MACHINE_X86,     /* programs are x86_64, and i386 */
} RootfsMachine;

#define ROOTFS_ERROR rootfs_error_quark()

typedef enum {
    ROOTFS_ERROR_PATH,      /* guest path is relative, ends in "/", or has empty, . or .. parts */
    ROOTFS_ERROR_DUPLICATE, /* guest path or program name is taken, or a parent is no directory */
    ROOTFS_ERROR_BASE,      /* base archive unreadable, truncated, damaged or no cpio */
    ROOTFS_ERROR_SOURCE,    /* host file unreadable, no regular file, 4 GiB - 1 or more, damaged,
                               changed */
    ROOTFS_ERROR_MACHINE,   /* host file is a program, library or module for another architecture */
    ROOTFS_ERROR_FOREIGN,   /* the base archive's programs are another machine's */
    ROOTFS_ERROR_LIBRARY,   /* a dynamic program's loader or library is missing */
    ROOTFS_ERROR_MODULE,    /* kernel module missing, for another kernel, or badly described */
    ROOTFS_ERROR_BUILD,     /* a package, library or module cannot be built from its source */
    ROOTFS_ERROR_INIT,      /* /init is missing or cannot be executed */
    ROOTFS_ERROR_VALUE,     /* mode, owner, device number, link target or machine name is bad */
    ROOTFS_ERROR_SYNTAX,    /* manifest line or HOST:GUEST specification is malformed */
    ROOTFS_ERROR_OUTPUT,    /* the archive cannot be written */
} RootfsError;

GQuark rootfs_error_quark(void);

typedef struct {
    guint mode; /* permission bits, 0 to 07777 */
    guint uid;
    guint gid;
} RootfsOwner;

typedef struct RootfsImage RootfsImage;

/* "raspi4b" or "x86". Errors: VALUE for any other name. */
gboolean rootfs_machine_parse(const char *name, RootfsMachine *machine, GError **error);

/* The name that it has there. A static text. */
const char *rootfs_machine_name(RootfsMachine machine);

/* How the archive is written. */
typedef enum {
    ROOTFS_COMPRESSION_NONE,
    ROOTFS_COMPRESSION_GZIP,
    ROOTFS_COMPRESSION_ZSTD,
} RootfsCompression;

/* "gzip" or "zstd". Errors: VALUE for any other name. */
gboolean rootfs_compression_parse(const char *name, RootfsCompression *compression,
                                  GError **error);

/* An empty image; free it with rootfs_image_free(). */
RootfsImage *rootfs_image_new(RootfsMachine machine);
void rootfs_image_free(RootfsImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsImage, rootfs_image_free)

/*
 * Start from the cpio archive `path` (newc, odc or binary; plain or compressed by gzip, zstd or xz;
 * several one after the other, as the kernel takes them). Its files are held in memory until the
 * image is freed; without `data` their bytes are passed over, but for the few files that matter to
 * what is added, which is enough to add to it (rootfs_image_write_added()). Only while the image is
 * empty. Errors: BASE; FOREIGN (what would start, its init or else its shell, is for another machine).
 */
gboolean rootfs_image_load_base(RootfsImage *image, const char *path, gboolean data,
                                GError **error);

/*
 * Check that a kernel unpacks the base archive as it is: newc cpio, and if xz then with its CRC32 or no
 * check. Errors: BASE.
 */
gboolean rootfs_image_check_base(RootfsImage *image, GError **error);

/* ROOTFS_COMPRESSION_NONE unless this is called. Equal input still gives equal bytes. */
void rootfs_image_set_compression(RootfsImage *image, RootfsCompression compression);

/* Whether what is added takes the place of what the base has there (it is a DUPLICATE else). */
void rootfs_image_set_replace(RootfsImage *image, gboolean replace);

/*
 * The kernel that will boot, by what its modules say of it (rootfs_kernel_vermagic()): from now on a
 * kernel module for another one is a MODULE error, and templates have a value for KERNEL.
 */
void rootfs_image_set_kernel(RootfsImage *image, const char *vermagic);

/*
 * The value of @NAME@ in templates (rootfs_directory.h), once. Errors: VALUE for a name that is not
 * capitals, digits and '_' with a capital first, for one that has a value already, and for MACHINE and
 * KERNEL, whose values are those of what boots.
 */
gboolean rootfs_image_set_variable(RootfsImage *image, const char *name, const char *value,
                                   GError **error);

/* TRUE when a template that was added has @NAME@. */
gboolean rootfs_image_has_used(RootfsImage *image, const char *name);

/* Put a template's text there. Errors: those of rootfs_image_add_file(), and VALUE. */
gboolean rootfs_image_add_template(RootfsImage *image, const char *guest, const char *host,
                                   const RootfsOwner *owner, GError **error);

/*
 * All that is added: `guest` is absolute. Directories on its way that the image has as links are
 * followed, as the guest would: with /bin -> usr/bin there, /bin/ls becomes /usr/bin/ls.
 *
 * Put the regular file `host` there. It is checked now and read again by rootfs_image_write(). An ELF file
 * is checked that the guest can execute (ET_EXEC and ET_DYN), that lies directly in a directory of libraries
 * (ET_DYN), or whose name ends in .ko (ET_REL): it is for the machine, undamaged, and the kernel the right
 * one. Another ET_DYN is checked when a program needs it as its library. All others, and those with debugging
 * information alone, are data and taken as they are.
 * Errors: PATH, DUPLICATE, SOURCE, MACHINE, MODULE, VALUE.
 */
gboolean rootfs_image_add_file(RootfsImage *image, const char *guest, const char *host,
                               const RootfsOwner *owner, GError **error);

/*
 * The same with a file that is open, which stays the caller's: its bytes are read now. `host` is for
 * messages.
 */
gboolean rootfs_image_add_open(RootfsImage *image, const char *guest, int fd, const char *host,
                               const RootfsOwner *owner, GError **error);

/* The same with the file's bytes in memory. Errors: PATH, DUPLICATE, VALUE. */
gboolean rootfs_image_add_bytes(RootfsImage *image, const char *guest, GBytes *bytes,
                                const RootfsOwner *owner, GError **error);

/*
 * A directory, also "/" itself. Parents that nobody adds are made, mode 0755, owner 0:0, and "/" likewise
 * unless the base has it; rootfs_image_write_added() leaves that as it is.
 * Errors: PATH, DUPLICATE, VALUE.
 */
gboolean rootfs_image_add_directory(RootfsImage *image, const char *guest,
                                    const RootfsOwner *owner, GError **error);

/* The same, mode 0755, owner 0:0, until another one is added there. */
gboolean rootfs_image_imply_directory(RootfsImage *image, const char *guest, GError **error);

/*
 * A symbolic link to `target`, a non-empty text. Errors: PATH, DUPLICATE, VALUE (also for a target
 * that climbs above the root).
 */
gboolean rootfs_image_add_symlink(RootfsImage *image, const char *guest, const char *target,
                                  const RootfsOwner *owner, GError **error);

/*
 * A device node, `type` 'b' or 'c'. No privilege is needed: it exists in the archive only.
 * `major` is below 4096, `minor` below 1048576. Errors: PATH, DUPLICATE, VALUE.
 */
gboolean rootfs_image_add_device(RootfsImage *image, const char *guest, char type, guint major,
                                 guint minor, const RootfsOwner *owner, GError **error);

/*
 * Take a file that the base has out of the image, to put another into its place: its bytes, or NULL
 * when the base has no such file. The caller frees them.
 */
GBytes *rootfs_image_take_from_base(RootfsImage *image, const char *guest);

/* TRUE when the image has anything at this path, or a directory there; the latter follows links. */
gboolean rootfs_image_has(RootfsImage *image, const char *guest);
gboolean rootfs_image_has_directory(RootfsImage *image, const char *guest);

/* Whether the base archive has this very path, whatever was added since. */
gboolean rootfs_image_base_has(const RootfsImage *image, const char *path);

/*
 * The kernel module `name` that the base has in /lib/modules: its file there, NAME.ko with a '-' for a '_'
 * or the reverse, and *bytes, what is in it; NULL when it has none. The caller frees both.
 */
char *rootfs_image_bases_module(RootfsImage *image, const char *name, GBytes **bytes);

/* TRUE when an executable file is there; links are followed. */
gboolean rootfs_image_has_program(RootfsImage *image, const char *guest);

/* Bytes of memory that the files take in a guest, whose pages have 4 KiB; and those that were added. */
guint64 rootfs_image_size(RootfsImage *image);
guint64 rootfs_image_added_size(RootfsImage *image);

/* Check that there is an executable /init: the kernel starts nothing else. Errors: INIT. */
gboolean rootfs_image_check_init(RootfsImage *image, GError **error);

/*
 * Check that every dynamic program and library that was added finds its loader and libraries in
 * the image, those of its libraries too. What a base brings is not looked at. Errors: LIBRARY.
 */
gboolean rootfs_image_check_libraries(RootfsImage *image, GError **error);

/*
 * Copy from this host the libraries that the check would miss, into /usr/lib: from `directories`
 * first (each a directory of libraries or a sysroot; NULL-terminated, or NULL), then from where
 * Debian has the libraries of the cross compilers and its own. Errors: LIBRARY, and those of
 * rootfs_image_add_file(); what was added before stays.
 */
gboolean rootfs_image_add_libraries(RootfsImage *image, const char *const *directories,
                                    GError **error);

/*
 * Check the libraries and write the archive. It appears under the name `output` whole or not at all:
 * it is written aside and then put there. `output` is a regular file or nothing, or a link to such a
 * place. SIGINT, SIGTERM and SIGHUP are put off until nothing is left to clean up. Errors: LIBRARY;
 * DUPLICATE (something lies below a path that is no directory, or two of /bin, /sbin, /usr/bin and
 * /usr/sbin hold the same name and one of these was added); SOURCE (a file vanished or changed, as its
 * number, size or time of change tells);
 * VALUE (SOURCE_DATE_EPOCH is no time);
 * OUTPUT.
 */
gboolean rootfs_image_write(RootfsImage *image, const char *output, GError **error);

/*
 * The same without what the base has: a second archive, for the kernel to unpack over the first.
 */
gboolean rootfs_image_write_added(RootfsImage *image, const char *output, GError **error);

#endif
