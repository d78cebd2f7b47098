/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File systems of few bytes, in a mount namespace that only this process and its children see: they go with
 * it. Failures are Check failures.
 */
#ifndef TESTS_SMALL_DISK_H
#define TESTS_SMALL_DISK_H

#include <glib.h>

/* Begin such a namespace: as root, or in a user namespace. */
void small_disk_begin(void);

/* Mount one with so many KiB over the directory `path`, which is made. */
void small_disk_mount(const char *path, guint kib);

/* Write to it until there is no byte left. */
void small_disk_fill(const char *path);

/* Unmount it. */
void small_disk_unmount(const char *path);

#endif
