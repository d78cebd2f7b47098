/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM is saved to a file and goes on in another QEMU, started with -incoming. */
#ifndef TESTS_SNAPSHOT_H
#define TESTS_SNAPSHOT_H

#include "qmp.h"

/* A new file to save to. The caller unlinks it and frees the name. */
char *snapshot_path(void);

/* Execute `migrate` or `migrate-incoming` with that file, and wait until it is done. */
void snapshot_migrate(struct qtest *vm, const char *command, const char *path);

/* Save the VM, then end it in order. */
void snapshot_save_and_quit(struct qtest *vm, const char *path);

/* Wait until a VM that was loaded, or told to go on, runs. */
void snapshot_await_running(struct qtest *vm);

#endif
