/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "snapshot_key.h"
#include "snapshot_store.h"

/* Limits, before scaling. */
#define MIGRATE_MS 10000
#define RESUME_MS 10000
#define DROP_CACHES_MS 10000

#define STATE_URI "file:/proc/self/fd/%d"

/* One call of vmb_snapshot_boot(). */
typedef struct {
    const VmbGuestConfig *config;
    const char *log_dir;
    VmbAlarm *alarm;
    VmbSnapshotStore *store; /* NULL: there is none */
    VmbSnapshotReport *report;
} Boot;

void vmb_snapshot_report_clear(VmbSnapshotReport *report)
{
    g_clear_pointer(&report->why_booted, g_free);
    g_clear_pointer(&report->why_unsaved, g_free);
    g_clear_pointer(&report->key, g_free);
}

/* Seconds since *from, which becomes now. */
static double lap(gint64 *from)
{
    gint64 now = g_get_monotonic_time();
    double seconds = (double)(now - *from) / G_USEC_PER_SEC;

    *from = now;
    return seconds;
}

/* ---- QEMU's migration, into and out of a file ---- */

static gboolean call(VmbQmp *qmp, const char *command, JsonObject *arguments, GError **error)
{
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, command, arguments, error);

    return node != NULL;
}

/* RAM that is in a file stays there: only devices and CPUs are written or read. */
static gboolean ignore_shared_ram(VmbQmp *qmp, GError **error)
{
    JsonObject *capability = json_object_new();
    JsonArray *capabilities = json_array_new();
    JsonObject *arguments = json_object_new();

    json_object_set_string_member(capability, "capability", "x-ignore-shared");
    json_object_set_boolean_member(capability, "state", TRUE);
    json_array_add_object_element(capabilities, capability);
    json_object_set_array_member(arguments, "capabilities", capabilities);
    return call(qmp, "migrate-set-capabilities", arguments, error);
}

static gboolean start_migration(VmbQmp *qmp, gboolean incoming, GError **error)
{
    g_autofree char *uri = g_strdup_printf(STATE_URI, VMB_FD_STATE);
    JsonObject *arguments = json_object_new();

    json_object_set_string_member(arguments, "uri", uri);
    if (incoming) {
        json_object_set_boolean_member(arguments, "exit-on-error", FALSE);
    }
    return call(qmp, incoming ? "migrate-incoming" : "migrate", arguments, error);
}

/* As soon as it has ended, *done becomes TRUE. FALSE: it failed. */
static gboolean ask_migration(VmbQmp *qmp, gboolean *done, GError **error)
{
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, "query-migrate", NULL, error);
    JsonObject *reply;
    const char *status;

    if (node == NULL) {
        return FALSE;
    }
    reply = json_node_get_object(node);
    status = json_object_get_string_member_with_default(reply, "status", "none");
    *done = g_str_equal(status, "completed");
    if (g_str_equal(status, "failed")) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "QEMU: %s",
                    json_object_get_string_member_with_default(reply, "error-desc",
                                                               "the migration failed"));
        return FALSE;
    }
    return TRUE;
}

static gboolean wait_migration(VmbGuest *guest, VmbQmp *qmp, gint64 deadline, GError **error)
{
    gboolean done = FALSE;

    while (g_get_monotonic_time() < deadline) {
        if (!ask_migration(qmp, &done, error)) {
            return FALSE;
        }
        if (done) {
            return TRUE;
        }
        if (!vmb_guest_pause(guest, 1, error)) {
            return FALSE;
        }
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "QEMU's migration does not end in time");
    return FALSE;
}

static gboolean migrate(const Boot *boot, VmbGuest *guest, VmbQmp *qmp, gboolean incoming,
                        GError **error)
{
    gint64 deadline = g_get_monotonic_time() + vmb_alarm_scaled_us(boot->alarm, MIGRATE_MS);

    return ignore_shared_ram(qmp, error) && start_migration(qmp, incoming, error) &&
           wait_migration(guest, qmp, deadline, error);
}

/* ---- Restoring ---- */

static gboolean load(const Boot *boot, VmbGuest *guest, guint64 nonce, GError **error)
{
    gint64 time = g_get_monotonic_time();
    VmbQmp *qmp = vmb_guest_qmp(guest, error);

    boot->report->start_s = lap(&time);
    if (qmp == NULL || !migrate(boot, guest, qmp, TRUE, error) ||
        !call(qmp, "cont", NULL, error)) {
        return FALSE;
    }
    boot->report->load_s = lap(&time);
    vmb_agent_link_resume(vmb_guest_agent(guest), nonce);
    if (!vmb_agent_link_wait_ready(vmb_guest_agent(guest), RESUME_MS, error)) {
        return FALSE;
    }
    boot->report->agent_s = lap(&time);
    return TRUE;
}

/* A log that is missing is none of the guest's faults. */
static void keep_boot_log(const Boot *boot, const VmbSnapshotFiles *snapshot)
{
    g_autofree char *path = g_build_filename(boot->log_dir, VMB_SNAPSHOT_BOOT_LOG, NULL);
    g_autoptr(GError) error = NULL;
    gsize len;

    if (snapshot->console != NULL) {
        const char *text = g_bytes_get_data(snapshot->console, &len);

        if (!g_file_set_contents(path, text != NULL ? text : "", (gssize)len, &error)) {
            g_debug("%s", error->message);
        }
    }
}

static VmbGuest *restore(const Boot *boot, const VmbSnapshotFiles *snapshot, GError **error)
{
    VmbGuestFiles files = {VMB_MEMORY_INCOMING, snapshot->ram_fd, snapshot->state_fd};
    g_autoptr(VmbGuest) guest =
        vmb_guest_start_on(boot->config, &files, boot->log_dir, boot->alarm, error);

    if (guest == NULL || !load(boot, guest, snapshot->nonce, error)) {
        return NULL;
    }
    vmb_guest_accept(guest);
    keep_boot_log(boot, snapshot);
    return g_steal_pointer(&guest);
}

/* The guest that is booted instead writes logs of its own. */
static void set_logs_aside(const char *log_dir)
{
    static const char *const names[] = {"console.log", "qemu.log"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *aside = g_strconcat("restore-", names[i], NULL);
        g_autofree char *from = g_build_filename(log_dir, names[i], NULL);
        g_autofree char *to = g_build_filename(log_dir, aside, NULL);

        if (rename(from, to) != 0 && errno != ENOENT) {
            g_debug("%s: %s", from, g_strerror(errno)); /* the new log replaces it */
        }
    }
}

/* NULL without an error: boot. */
static VmbGuest *try_snapshot(const Boot *boot, GError **error)
{
    VmbSnapshotReport *report = boot->report;
    gint64 time = g_get_monotonic_time();
    g_autoptr(GError) why = NULL;
    VmbSnapshotFiles files;
    gboolean found = vmb_snapshot_store_find(boot->store, report->key, &files, &why);
    VmbGuest *guest;

    report->prepare_s += lap(&time);
    guest = found ? restore(boot, &files, &why) : NULL;
    vmb_snapshot_files_close(&files);
    report->restored = guest != NULL;
    if (guest == NULL && vmb_alarm_error(boot->alarm) != NULL) {
        g_propagate_error(error, g_error_copy(vmb_alarm_error(boot->alarm)));
    } else if (why != NULL) {
        report->failed_s = lap(&time);
        report->start_s = report->load_s = 0;
        report->why_booted = g_strdup(why->message);
        set_logs_aside(boot->log_dir);
    }
    return guest;
}

/* ---- Booting and saving ---- */

static VmbGuest *cold_boot(const Boot *boot, const VmbGuestFiles *files, GError **error)
{
    gint64 time = g_get_monotonic_time();
    g_autoptr(VmbGuest) guest =
        files != NULL ? vmb_guest_start_on(boot->config, files, boot->log_dir, boot->alarm, error)
                      : vmb_guest_start(boot->config, boot->log_dir, boot->alarm, error);

    if (guest == NULL) {
        return NULL;
    }
    if (files != NULL) {
        vmb_guest_accept(guest); /* it can do all that any other can */
    }
    if (!vmb_agent_link_wait_ready(vmb_guest_agent(guest), VMB_BOOT_MS, error)) {
        return NULL;
    }
    boot->report->boot_s = lap(&time);
    return g_steal_pointer(&guest);
}

/* Pages that hold copies of files need not be saved. An image without a shell saves them, too. */
static gboolean drop_caches(const Boot *boot, VmbGuest *guest, GError **error)
{
    const char *argv[] = {"sh", "-c", "echo 3 > /proc/sys/vm/drop_caches", NULL};
    g_autoptr(VmbProgramResult) result =
        vmb_agent_link_run(vmb_guest_agent(guest), argv, DROP_CACHES_MS, NULL);

    if (result == NULL && vmb_alarm_error(boot->alarm) != NULL) {
        g_propagate_error(error, g_error_copy(vmb_alarm_error(boot->alarm)));
        return FALSE;
    }
    return TRUE;
}

/* The files changed while the guest booted from them: it is not what its key says. */
static gboolean check_key(const Boot *boot, GError **error)
{
    g_autofree char *key =
        vmb_snapshot_key(boot->config, vmb_snapshot_store_hashes(boot->store), error);

    if (key != NULL && !g_str_equal(key, boot->report->key)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "kernel, image or QEMU changed meanwhile");
        return FALSE;
    }
    return key != NULL;
}

static GBytes *read_log(const char *path)
{
    char *text = NULL;
    gsize len;

    return g_file_get_contents(path, &text, &len, NULL) ? g_bytes_new_take(text, len) : NULL;
}

static gboolean save_stopped(const Boot *boot, VmbGuest *guest, VmbQmp *qmp,
                             const VmbGuestFiles *files, GError **error)
{
    g_autofree char *log = g_build_filename(boot->log_dir, "console.log", NULL);
    g_autoptr(GBytes) console = read_log(log);
    VmbSnapshotFiles snapshot = {files->ram_fd, files->state_fd, boot->config->nonce, console};

    return migrate(boot, guest, qmp, FALSE, error) && check_key(boot, error) &&
           vmb_snapshot_store_keep(boot->store, boot->report->key, &snapshot, error);
}

/* FALSE: the guest does not run on. */
static gboolean save(const Boot *boot, VmbGuest *guest, const VmbGuestFiles *files, GError **error)
{
    gint64 time = g_get_monotonic_time();
    g_autoptr(GError) why = NULL;
    VmbQmp *qmp = vmb_guest_qmp(guest, error);

    if (qmp == NULL || !drop_caches(boot, guest, error) || !call(qmp, "stop", NULL, error)) {
        return FALSE;
    }
    boot->report->saved = save_stopped(boot, guest, qmp, files, &why);
    boot->report->why_unsaved = why != NULL ? g_strdup(why->message) : NULL;
    boot->report->save_s = lap(&time);
    return call(qmp, "cont", NULL, error);
}

static VmbGuest *boot_and_save(const Boot *boot, VmbGuestFiles *files, GError **error)
{
    g_autoptr(VmbGuest) guest = cold_boot(boot, files, error);

    return guest != NULL && save(boot, guest, files, error) ? g_steal_pointer(&guest) : NULL;
}

static gboolean make_files(const Boot *boot, VmbGuestFiles *files)
{
    off_t bytes = (off_t)vmb_guest_config_ram_mib(boot->config) << 20;

    files->ram_fd = memfd_create("vmbench-ram", MFD_CLOEXEC);
    files->state_fd = memfd_create("vmbench-state", MFD_CLOEXEC);
    if (files->ram_fd < 0 || files->state_fd < 0 || ftruncate(files->ram_fd, bytes) != 0) {
        boot->report->why_unsaved = g_strdup_printf("no memory for it: %s", g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

static VmbGuest *boot_on_files(const Boot *boot, GError **error)
{
    VmbGuestFiles files = {VMB_MEMORY_SHARED, -1, -1};
    VmbGuest *guest = make_files(boot, &files) ? boot_and_save(boot, &files, error)
                                               : cold_boot(boot, NULL, error);

    if (files.ram_fd >= 0) {
        close(files.ram_fd);
    }
    if (files.state_fd >= 0) {
        close(files.state_fd);
    }
    return guest;
}

/* FALSE: there is no place for snapshots, and the report says why. */
static gboolean open_store(Boot *boot, const char *cache_dir)
{
    gint64 time = g_get_monotonic_time();
    g_autoptr(GError) why = NULL;

    boot->store = vmb_snapshot_store_open(cache_dir, &why);
    if (boot->store != NULL) {
        VmbHashes *hashes = vmb_snapshot_store_hashes(boot->store);

        boot->report->key = vmb_snapshot_key(boot->config, hashes, &why);
        vmb_snapshot_store_keep_hashes(boot->store);
    }
    boot->report->prepare_s = lap(&time);
    boot->report->why_unsaved = why != NULL ? g_strdup(why->message) : NULL;
    return boot->report->key != NULL;
}

VmbGuest *vmb_snapshot_boot(const VmbGuestConfig *config, const char *log_dir,
                            const char *cache_dir, VmbAlarm *alarm, VmbSnapshotReport *report,
                            GError **error)
{
    Boot boot = {config, log_dir, alarm, NULL, report};
    g_autoptr(GError) cause = NULL;
    VmbGuest *guest = NULL;

    memset(report, 0, sizeof(*report));
    if (!open_store(&boot, cache_dir)) {
        guest = cold_boot(&boot, NULL, &cause);
    } else {
        guest = try_snapshot(&boot, &cause);
        if (guest == NULL && cause == NULL) {
            guest = boot_on_files(&boot, &cause);
        }
    }
    g_clear_pointer(&boot.store, vmb_snapshot_store_free);
    if (guest == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return guest;
}

char *vmb_snapshot_directory(void)
{
    return g_build_filename(g_get_user_cache_dir(), "vmmio-bench", NULL);
}
