/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a scenario's command lines that are known when its guest runs. */
#ifndef VMBENCH_CASE_WORDS_H
#define VMBENCH_CASE_WORDS_H

#include "case_run.h"
#include "placeholders.h"

typedef struct {
    char *endpoint; /* HOST:PORT of the range's endpoint */
    char *port;
    char *irq;
    VmbPlaceholder known[8]; /* {endpoint}, {port}, {irq}, {start}, {machine}, {scenario},
                                {handlers} */
} VmbCaseWords;

/* Those of the range `range`. FALSE: as vmb_guest_endpoint_of(). Clear them in any case. */
gboolean vmb_case_words_make(const VmbCaseRun *run, guint range, VmbCaseWords *words,
                             GError **error);

/* The same with an endpoint that is known. */
void vmb_case_words_set(const VmbCase *test, guint range, const char *endpoint, VmbCaseWords *words);

void vmb_case_words_clear(VmbCaseWords *words);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VmbCaseWords, vmb_case_words_clear)

#endif
