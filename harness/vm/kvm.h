/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host's KVM can be used. */
#ifndef VMBENCH_KVM_H
#define VMBENCH_KVM_H

#include <glib.h>

/*
 * TRUE when the kernel lets this process make a KVM machine. Otherwise *why says what is in the way; free
 * with g_free(). The first call looks, which takes 2 s at most; later ones repeat what it said. Main thread
 * only.
 */
gboolean vmb_kvm_is_usable(char **why);

/* The same of the device `path`, each time, for at most `ms`: for a test. */
gboolean vmb_kvm_try(const char *path, guint ms, char **why);

#endif
