/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a Check suite and print TAP on standard output for `meson test`. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <check.h>
#include <stdlib.h>

/* Takes ownership of the suite. Returns main()'s exit status. */
static inline int tap_run_as(Suite *suite, enum fork_status fork_status)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_set_fork_status(runner, fork_status);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Each test in a process of its own. */
static inline int tap_run(Suite *suite)
{
    return tap_run_as(suite, CK_FORK_GETENV);
}

/* All in this process, for what one fixture holds for all of them. Check has no timeouts then. */
static inline int tap_run_in_process(Suite *suite)
{
    return tap_run_as(suite, CK_NOFORK);
}

#endif
