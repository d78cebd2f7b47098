/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the image builder: what an image is. */
#ifndef ROOTFS_IMAGE_INSIDE_H
#define ROOTFS_IMAGE_INSIDE_H

#include "rootfs_image.h"

struct RootfsImage {
    RootfsMachine machine;
    gboolean replace;
    RootfsCompression compression;
    char *vermagic;        /* of the kernel; NULL: not known */
    GHashTable *variables; /* of templates: name -> value */
    GHashTable *used;      /* names of them that a template had */
    GError *unfit;  /* why a kernel does not unpack the base archive; NULL: it does */
    GHashTable *base; /* paths of all that the base archive has, also of what is replaced since */
    GTree *entries; /* path -> RootfsEntry; only what was asked for and what the base has */
};

#endif
