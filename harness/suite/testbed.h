/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest that tests are run in, one after the other: as long as they want the same machine and none of
 * them fails it is kept, and booted, or restored from a snapshot, when they do not. Main thread only.
 */
#ifndef VMBENCH_TESTBED_H
#define VMBENCH_TESTBED_H

#include <sys/types.h>

#include "guest.h"
#include "result.h"
#include "run_options.h"

typedef struct VmbTestbed VmbTestbed;

/*
 * `options` is borrowed; directories of guests are made below `logs`, called vmb_testbed_prefix() and a
 * number. Free with vmb_testbed_free().
 */
VmbTestbed *vmb_testbed_new(const VmbRunOptions *options, const char *logs);
void vmb_testbed_free(VmbTestbed *bed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbTestbed, vmb_testbed_free)

/* For guests of the process `pid`. Free with g_free(). */
char *vmb_testbed_prefix(pid_t pid);

/*
 * See to it that there is a guest for the test, with its agent ready; the result is told how. FALSE: all
 * that keeps a guest from booting; vmb_testbed_discard() is to be called then.
 */
gboolean vmb_testbed_prepare(VmbTestbed *bed, const VmbCase *test, VmbResult *result,
                             GError **error);

/*
 * What has happened to the guest that is there since its last test, of which nobody has told. NULL: nothing,
 * there is none, or the user has ended the run. Free with g_free().
 */
char *vmb_testbed_loss(const VmbTestbed *bed);

/* End the guest, if there is one, and remove its directory. Its tests have taken what they need. */
void vmb_testbed_discard(VmbTestbed *bed);

/* Of the guest that is there; borrowed, until it is discarded. */
VmbGuest *vmb_testbed_guest(const VmbTestbed *bed);
VmbAlarm *vmb_testbed_alarm(const VmbTestbed *bed);
const VmbGuestConfig *vmb_testbed_config(const VmbTestbed *bed);
const char *vmb_testbed_logs(const VmbTestbed *bed);

/*
 * A test has failed: what raised the alarm is told, and what is left of its guest can be asked. It is to
 * be discarded then.
 */
void vmb_testbed_calm(const VmbTestbed *bed);

/* With --keep-on-fail: leave the failed guest to the user for as long as that takes. */
void vmb_testbed_hold(const VmbTestbed *bed, const char *console);

/*
 * Values of -device for the test's ranges. Each endpoint has an address of its own, 127.0.0.1, .2, ..., so
 * that the device tells them apart, and all have `port`. Free with g_strfreev().
 */
char **vmb_testbed_devices(const VmbCase *test, const char *port);

/*
 * What the test's machine is made of, with what is added to its image, as one text: equal texts can share
 * a guest. Free with g_free().
 */
char *vmb_testbed_key(const VmbCase *test);

#endif
