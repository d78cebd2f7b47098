/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one guest is made of, and the QEMU command line that says so. */
#ifndef VMBENCH_CONFIG_H
#define VMBENCH_CONFIG_H

#include "error.h"
#include "machine.h"

/* The window of the example. */
#define VMB_RANGE_START "0xfef00000"
#define VMB_RANGE_SIZE "0x1000"

/* Where our init is in an image that is not ours. */
#define VMB_INIT "/vmbench-init"

/* The id of the example's device. */
#define VMB_DEVICE_ID "vmmio0"

typedef struct {
    const VmbMachine *machine;
    char *qemu_dir;    /* holds bin/qemu-system-* and share/qemu */
    char *kernel;      /* file */
    char *device_tree; /* file, NULL when the machine needs none */
    char *initrd;      /* file */
    guint ram_mib;     /* of a machine whose memory is not fixed; 0: what it usually has */
    guint port;        /* of the example's endpoint on 127.0.0.1, 0: any free one */
    guint irq;         /* interrupt of the example's range, 0: none */
    char *properties;  /* more of the example's device, "on-disconnect=wait,..."; NULL: none */
    char **devices;    /* values of -device; NULL: the example's range alone */
    char **places;     /* where the user has asked for each of them, for messages; NULL: nowhere */
    gboolean network;  /* a network card, on a network where 10.0.2.2 is this host */
    char *append;      /* more words for the kernel's command line, NULL: none */
    gboolean kvm;      /* use KVM, and TCG when QEMU cannot */
    gboolean shell;    /* an interactive shell on the console */
    gboolean login;    /* with `shell`: a login prompt in front of it */
    char *init;        /* init of the image, which ours (VMB_INIT) becomes; NULL: ours is all */
    gboolean own_init; /* ours is at VMB_INIT, not at /init */
    gboolean can_reset; /* the guest may be reset, and boots again; else QEMU ends then */
    char **extra;      /* more arguments of QEMU's, for somebody who looks inside; NULL: none */
    gboolean by_hand;  /* without a harness: the console is QEMU's standard input and output, */
    char *console;     /* or a socket that QEMU makes by this name; NULL: it is not */
    guint64 nonce;     /* secret; marks this run's frames on the results line */
} VmbGuestConfig;

void vmb_guest_config_free(VmbGuestConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbGuestConfig, vmb_guest_config_free)

/* Descriptors that QEMU inherits under these numbers: connected sockets. */
enum {
    VMB_FD_QMP = 3,
    VMB_FD_CONSOLE = 4,
    VMB_FD_RESULTS = 5,
    VMB_FD_RAM = 6,   /* see VmbGuestMemory */
    VMB_FD_STATE = 7, /* file that QEMU saves its state in, or loads it from */
};

/* FALSE: VMB_ERROR_SETUP, a file is missing or unreadable, or the port is taken. */
gboolean vmb_guest_config_check(const VmbGuestConfig *config, GError **error);

/* The guest's memory in MiB. */
guint vmb_guest_config_ram_mib(const VmbGuestConfig *config);

/* The values of -device that are vMMIO ranges, in order. Free with g_strfreev(). */
char **vmb_guest_config_devices(const VmbGuestConfig *config);

/*
 * QEMU's argv; unless config->by_hand it expects the descriptors above. Free with g_strfreev().
 */
char **vmb_guest_config_command(const VmbGuestConfig *config);

/* Where a guest's RAM and state are: for snapshots. */
typedef enum {
    VMB_MEMORY_OWN,      /* QEMU's own, and nobody else's */
    VMB_MEMORY_SHARED,   /* the file VMB_FD_RAM, of vmb_guest_config_ram_mib(): what the guest writes
                            is there */
    VMB_MEMORY_INCOMING, /* a private copy of that file; QEMU waits for migrate-incoming. Unless
                            config->can_reset the machine has no kernel to boot. */
} VmbGuestMemory;

/* The same for a guest that is saved or restored. */
char **vmb_guest_config_command_for(const VmbGuestConfig *config, VmbGuestMemory memory);

/* An argv as a shell would take it, an option a line. Free with g_free(). */
char *vmb_command_text(const char *const *argv);

/* TRUE when 127.0.0.1:port can be listened on. */
gboolean vmb_port_is_free(guint port);

#endif
