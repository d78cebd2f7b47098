/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a Vmbench is made of, for the files of this directory. */
#ifndef VMBENCH_LIBRARY_HANDLE_H
#define VMBENCH_LIBRARY_HANDLE_H

#include "guest.h"
#include "handler.h"
#include "settings.h"
#include "vmbench.h"

struct Vmbench {
    VmbSettings *settings;
    VmbGuestConfig *config;
    VmbAlarm *alarm;
    VmbGuest *guest;
    GPtrArray *programs; /* of VmbenchProgram */
    GPtrArray *handlers; /* of VmbenchHandler */
    char *logs;
    gboolean keep_logs;
    gboolean restored;
    guint ms; /* of a wait */
};

void vmbench_program_free(VmbenchProgram *program);
void vmbench_handler_free(VmbenchHandler *handler);

/* The id of the device behind range number `range`. NULL: VMB_ERROR_USAGE. Free with g_free(). */
char *vmbench_range_id(const Vmbench *bench, guint range, GError **error);

#endif
