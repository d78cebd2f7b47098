/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program that vmbench serves may ask for, a JSON object on a line. Main thread only. */
#ifndef VMBENCH_REQUESTS_H
#define VMBENCH_REQUESTS_H

#include "alarm.h"

/* The longest line, in bytes; the guest takes no longer command line either. */
#define VMB_REQUEST_MAX 65536

typedef struct VmbRequests VmbRequests;

/*
 * {"run": ["PROGRAM", "ARGUMENT", ...]}, {"wait": "claim"} or {"wait": "release"}; any of them with
 * "timeout": SECONDS, which is 60 when left out.
 */
typedef struct {
    char **argv;       /* NULL: wait */
    gboolean claimed;  /* wait until the range has a handler, or has none */
    guint timeout_ms;
} VmbRequest;

void vmb_request_free(VmbRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbRequest, vmb_request_free)

/*
 * Parse one line. NULL: VMB_ERROR_USAGE, it is no such object. Free with vmb_request_free().
 */
VmbRequest *vmb_request_parse(const char *line, GError **error);

/*
 * Read from a copy of `fd`, which stays open; the alarm is borrowed. NULL: it cannot be copied.
 * Free with vmb_requests_free().
 */
VmbRequests *vmb_requests_new(int fd, VmbAlarm *alarm);
void vmb_requests_free(VmbRequests *requests);

/*
 * Wait for the next request, without a limit. TRUE with *request, to be freed with
 * vmb_request_free(), or with NULL there when the input has ended. FALSE: VMB_ERROR_USAGE, a line
 * that is no request or too long; or the alarm's error.
 */
gboolean vmb_requests_next(VmbRequests *requests, VmbRequest **request, GError **error);

#endif
