/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything is, and how to run it. Each value comes from its option, else from the
 * environment (--qemu-dir: VMBENCH_QEMU_DIR), else from what the build was configured with.
 */
#ifndef VMBENCH_SETTINGS_H
#define VMBENCH_SETTINGS_H

#include "config.h"

/* The user leaves the endpoint's port to the subcommand. */
#define VMB_PORT_UNSET G_MININT

typedef struct {
    char *machine;   /* a machine's name, or "all" */
    char *qemu_dir;  /* see VmbGuestConfig */
    char *guest_dir; /* holds MACHINE/kernel and the device trees */
    char *images;    /* holds MACHINE.cpio and MACHINE-network.cpio */
    char *kernel;    /* NULL: in guest_dir */
    char *dtb;       /* NULL: in guest_dir */
    char *initrd;    /* NULL: in images */
    char *fixtures;  /* holds memory/ */
    char *handler;   /* program */
    char *logs;      /* directory; a directory for each machine is made in it */
    char *accel;     /* "auto", "tcg" or "kvm" */
    char *properties; /* see VmbGuestConfig; an option alone */
    char **ranges;   /* of --range, as it is; NULL: the example's. An option alone */
    gboolean network; /* a network card, and the image for it; an option alone */
    gint memory;     /* ram_mib of VmbGuestConfig; an option alone */
    gint port;       /* of the endpoint, 0: any free one; or VMB_PORT_UNSET */
    double timeout_scale;
} VmbSettings;

void vmb_settings_free(VmbSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbSettings, vmb_settings_free)

/* Without a command line. NULL: VMB_ERROR_USAGE, a variable has a bad value. Free alike. */
VmbSettings *vmb_settings_new(GError **error);

/*
 * Read the command line of a subcommand that boots one guest; argv[0] is the subcommand's name.
 * `summary` is for --help, `extra` (may be NULL) are the subcommand's own options. --help prints and
 * ends the process. NULL: VMB_ERROR_USAGE. Free with vmb_settings_free().
 */
VmbSettings *vmb_settings_parse(int argc, char **argv, const char *summary,
                                const GOptionEntry *extra, GError **error);

/*
 * The same for one that runs scenarios, whose files say what --range, --properties, --network and --port
 * would.
 */
VmbSettings *vmb_settings_parse_scenarios(int argc, char **argv, const char *summary,
                                          const GOptionEntry *extra, GError **error);

/* The same for one that runs nothing, but chooses scenarios: --machine alone. */
VmbSettings *vmb_settings_parse_choice(int argc, char **argv, const char *summary,
                                       const GOptionEntry *extra, GError **error);

/*
 * The same for a command that runs the memory example, whose range is where it is: --fixtures and --handler
 * are for that.
 */
VmbSettings *vmb_settings_parse_example(int argc, char **argv, const char *summary,
                                        const GOptionEntry *extra, GError **error);

/*
 * The machines to run: *count of them, from *first on. FALSE: VMB_ERROR_USAGE, no such machine,
 * one file given for all machines, or memory for one that has a fixed amount.
 */
gboolean vmb_settings_machines(const VmbSettings *settings, const VmbMachine **first,
                               gsize *count, GError **error);

/*
 * The one machine to run. NULL: VMB_ERROR_USAGE, no such machine, or all of them; `what` is then
 * told to be on one machine.
 */
const VmbMachine *vmb_settings_one_machine(const VmbSettings *settings, const char *what,
                                           GError **error);

/*
 * The guest of a machine, with a fresh nonce; an unset port is any free one. Says so, once, when
 * KVM is wanted and not usable. Free with vmb_guest_config_free().
 */
VmbGuestConfig *vmb_settings_guest(const VmbSettings *settings, const VmbMachine *machine);

/* The same, with or without a network card whatever the settings say. */
VmbGuestConfig *vmb_settings_guest_with(const VmbSettings *settings, const VmbMachine *machine,
                                        gboolean network);

/*
 * LOGS/name, made with its parents. NULL: VMB_ERROR_SETUP, it cannot be made. Free with g_free().
 */
char *vmb_settings_log_dir(const VmbSettings *settings, const char *name, GError **error);

#endif
