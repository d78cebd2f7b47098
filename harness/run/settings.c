/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "frame.h"
#include "kvm.h"
#include "paths.h"
#include "rootfs_short_options.h"

#define PORT_MAX 65535

/* MiB. */
#define MEMORY_MIN 64
#define MEMORY_MAX 65536

void vmb_settings_free(VmbSettings *settings)
{
    g_free(settings->machine);
    g_free(settings->qemu_dir);
    g_free(settings->guest_dir);
    g_free(settings->images);
    g_free(settings->kernel);
    g_free(settings->dtb);
    g_free(settings->initrd);
    g_free(settings->fixtures);
    g_free(settings->handler);
    g_free(settings->logs);
    g_free(settings->accel);
    g_free(settings->properties);
    g_strfreev(settings->ranges);
    g_free(settings);
}

/* An option's value that was not given: the environment's, else the build's. */
static void fill_in(char **value, const char *variable, const char *built_in)
{
    const char *set = g_getenv(variable);

    if (*value == NULL) {
        *value = g_strdup(set != NULL && set[0] != '\0' ? set : built_in);
    }
}

static void fill_in_all(VmbSettings *settings)
{
    fill_in(&settings->machine, "VMBENCH_MACHINE", "all");
    fill_in(&settings->qemu_dir, "VMBENCH_QEMU_DIR", VMB_QEMU_DIR);
    fill_in(&settings->guest_dir, "VMBENCH_GUEST_DIR", VMB_GUEST_DIR);
    fill_in(&settings->images, "VMBENCH_IMAGES", VMB_IMAGES_DIR);
    fill_in(&settings->kernel, "VMBENCH_KERNEL", NULL);
    fill_in(&settings->dtb, "VMBENCH_DTB", NULL);
    fill_in(&settings->initrd, "VMBENCH_INITRD", NULL);
    fill_in(&settings->fixtures, "VMBENCH_FIXTURES", VMB_FIXTURES_DIR);
    fill_in(&settings->handler, "VMBENCH_HANDLER", VMB_HANDLER);
    fill_in(&settings->logs, "VMBENCH_LOGS", VMB_LOGS_DIR);
    fill_in(&settings->accel, "VMBENCH_ACCEL", "auto");
}

/* Whoever waits for a claim asks QEMU by the names that ranges are given here. */
static gboolean check_id(const char *option, const char *value, GError **error)
{
    g_auto(GStrv) words = g_strsplit(value, ",", -1);

    for (char **word = words; *word != NULL; word++) {
        if (g_str_has_prefix(*word, "id=")) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                        "%s %s: leave `%s` out: ranges are called vmmio0, vmmio1, ... in their order",
                        option, value, *word);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_ids(const VmbSettings *settings, GError **error)
{
    for (char **range = settings->ranges; range != NULL && *range != NULL; range++) {
        if (!check_id("--range", *range, error)) {
            return FALSE;
        }
    }
    return settings->properties == NULL || check_id("--properties", settings->properties, error);
}

static gboolean check_values(const VmbSettings *settings, GError **error)
{
    static const char *const accelerators[] = {"auto", "tcg", "kvm", NULL};

    if (!g_strv_contains(accelerators, settings->accel)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "--accel %s: it is auto, tcg or kvm",
                    settings->accel);
        return FALSE;
    }
    if (settings->port != VMB_PORT_UNSET && (settings->port < 0 || settings->port > PORT_MAX)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "--port %d: it is 0 to %d", settings->port,
                    PORT_MAX);
        return FALSE;
    }
    if (settings->memory != 0 &&
        (settings->memory < MEMORY_MIN || settings->memory > MEMORY_MAX)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "--memory %d: it is %d to %d, in MiB",
                    settings->memory, MEMORY_MIN, MEMORY_MAX);
        return FALSE;
    }
    if (!(settings->timeout_scale > 0 && settings->timeout_scale <= 1000)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "--timeout-scale: a number above 0, at most 1000");
        return FALSE;
    }
    return check_ids(settings, error);
}

/* What the command runs: one guest with any ranges, the memory example in them, scenarios, or nothing. */
typedef enum {
    RUNS_A_GUEST,
    RUNS_EXAMPLE,
    RUNS_SCENARIOS,
    RUNS_NOTHING,
} Kind;

/* What no option has taken is left in *words. */
static gboolean parse_words(GOptionContext *context, VmbSettings *s, Kind kind,
                            const GOptionEntry *extra, int argc, char **argv, char ***words,
                            GError **error)
{
    GOptionEntry entries[] = {
        {"machine", 'm', 0, G_OPTION_ARG_STRING, &s->machine, "raspi4b, x86 or all", "M"},
        {"qemu-dir", 0, 0, G_OPTION_ARG_FILENAME, &s->qemu_dir, "Built QEMU", "DIR"},
        {"guest-dir", 0, 0, G_OPTION_ARG_FILENAME, &s->guest_dir, "Kernels, by machine", "DIR"},
        {"images", 0, 0, G_OPTION_ARG_FILENAME, &s->images, "Guest images", "DIR"},
        {"kernel", 0, 0, G_OPTION_ARG_FILENAME, &s->kernel, "Kernel to boot", "FILE"},
        {"dtb", 0, 0, G_OPTION_ARG_FILENAME, &s->dtb, "Device tree for it", "FILE"},
        {"initrd", 0, 0, G_OPTION_ARG_FILENAME, &s->initrd, "Guest image to boot", "FILE"},
        {"logs", 0, 0, G_OPTION_ARG_FILENAME, &s->logs, "Where logs go", "DIR"},
        {"accel", 0, 0, G_OPTION_ARG_STRING, &s->accel, "auto, tcg or kvm", "A"},
        {"memory", 0, 0, G_OPTION_ARG_INT, &s->memory,
         "Of an x86, in MiB; else 256, and more for a larger image", "N"},
        {"timeout-scale", 0, 0, G_OPTION_ARG_DOUBLE, &s->timeout_scale,
         "Multiply every timeout", "X"},
        G_OPTION_ENTRY_NULL,
    };

    if (kind == RUNS_A_GUEST) {
        entries[0].description = "raspi4b or x86";
    }
    if (kind == RUNS_NOTHING) {
        entries[1] = (GOptionEntry)G_OPTION_ENTRY_NULL; /* the others are for guests */
    }
    g_option_context_add_main_entries(context, entries, NULL);
    if (extra != NULL) {
        g_option_context_add_main_entries(context, extra, NULL);
    }
    *words = rootfs_short_options_split(argc, argv, entries, extra);
    return g_option_context_parse_strv(context, words, error);
}

static void add_device_options(GOptionContext *context, VmbSettings *s)
{
    const GOptionEntry entries[] = {
        {"properties", 0, 0, G_OPTION_ARG_STRING, &s->properties,
         "Of each range, as -device takes them: on-disconnect=wait,timeout-ms=0", "P"},
        {"network", 0, 0, G_OPTION_ARG_NONE, &s->network,
         "A network card: run network-up there, and this host is 10.0.2.2", NULL},
        {"port", 0, 0, G_OPTION_ARG_INT, &s->port, "Endpoint's port, 0: any free one", "N"},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_add_main_entries(context, entries, NULL);
}

static void add_range_option(GOptionContext *context, VmbSettings *s)
{
    const GOptionEntry entries[] = {
        {"range", 0, 0, G_OPTION_ARG_STRING_ARRAY, &s->ranges,
         "A range in the place of the example's, and again for more: START:SIZE[:IRQ][,PROPERTY=VALUE...]",
         "R"},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_add_main_entries(context, entries, NULL);
}

static void add_example_options(GOptionContext *context, VmbSettings *s)
{
    const GOptionEntry entries[] = {
        {"fixtures", 0, 0, G_OPTION_ARG_FILENAME, &s->fixtures, "Expected outputs", "DIR"},
        {"handler", 0, 0, G_OPTION_ARG_FILENAME, &s->handler, "Program to run outside", "PROGRAM"},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_add_main_entries(context, entries, NULL);
}

VmbSettings *vmb_settings_new(GError **error)
{
    g_autoptr(VmbSettings) settings = g_new0(VmbSettings, 1);

    settings->timeout_scale = 1.0;
    settings->port = VMB_PORT_UNSET;
    fill_in_all(settings);
    return check_values(settings, error) ? g_steal_pointer(&settings) : NULL;
}

static VmbSettings *parse(int argc, char **argv, const char *summary, Kind kind,
                          const GOptionEntry *extra, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(VmbSettings) settings = g_new0(VmbSettings, 1);
    g_autoptr(GError) cause = NULL;
    g_autofree char *name = g_strdup_printf("vmbench %s", argv[0]);
    g_auto(GStrv) words = NULL;

    settings->timeout_scale = 1.0;
    settings->port = VMB_PORT_UNSET;
    argv[0] = name;
    g_option_context_set_summary(context, summary);
    if (kind == RUNS_A_GUEST || kind == RUNS_EXAMPLE) {
        add_device_options(context, settings);
    }
    if (kind == RUNS_A_GUEST) {
        add_range_option(context, settings);
    }
    if (kind == RUNS_EXAMPLE) {
        add_example_options(context, settings);
    }
    if (!parse_words(context, settings, kind, extra, argc, argv, &words, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "%s: see %s --help", cause->message, name);
        return NULL;
    }
    if (g_strv_length(words) > 1) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "%s is no option: see %s --help", words[1],
                    name);
        return NULL;
    }
    fill_in_all(settings);
    return check_values(settings, error) ? g_steal_pointer(&settings) : NULL;
}

VmbSettings *vmb_settings_parse(int argc, char **argv, const char *summary,
                                const GOptionEntry *extra, GError **error)
{
    return parse(argc, argv, summary, RUNS_A_GUEST, extra, error);
}

VmbSettings *vmb_settings_parse_scenarios(int argc, char **argv, const char *summary,
                                          const GOptionEntry *extra, GError **error)
{
    return parse(argc, argv, summary, RUNS_SCENARIOS, extra, error);
}

VmbSettings *vmb_settings_parse_choice(int argc, char **argv, const char *summary,
                                       const GOptionEntry *extra, GError **error)
{
    return parse(argc, argv, summary, RUNS_NOTHING, extra, error);
}

VmbSettings *vmb_settings_parse_example(int argc, char **argv, const char *summary,
                                        const GOptionEntry *extra, GError **error)
{
    return parse(argc, argv, summary, RUNS_EXAMPLE, extra, error);
}

static gboolean check_memory(const VmbSettings *settings, const VmbMachine *machines, gsize count,
                             GError **error)
{
    for (gsize i = 0; settings->memory != 0 && i < count; i++) {
        if (machines[i].ram_is_fixed) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                        "--memory %d: the memory of %s is fixed: give --machine x86, or leave it "
                        "away", settings->memory, machines[i].name);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean vmb_settings_machines(const VmbSettings *settings, const VmbMachine **first,
                               gsize *count, GError **error)
{
    gboolean all = g_str_equal(settings->machine, "all");

    if (all) {
        *first = vmb_machines(count);
    } else {
        *first = vmb_machine_find(settings->machine);
        *count = 1;
    }
    if (*first == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "no machine is called %s: it is raspi4b, x86 or all", settings->machine);
        return FALSE;
    }
    if (all && (settings->kernel != NULL || settings->dtb != NULL || settings->initrd != NULL)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "--kernel, --dtb and --initrd are for one machine: give --machine too");
        return FALSE;
    }
    return check_memory(settings, *first, *count, error);
}

const VmbMachine *vmb_settings_one_machine(const VmbSettings *settings, const char *what,
                                           GError **error)
{
    const VmbMachine *machine;
    gsize count;

    if (!vmb_settings_machines(settings, &machine, &count, error)) {
        return NULL;
    }
    if (count != 1) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "%s is on one machine: give --machine raspi4b or --machine x86", what);
        return NULL;
    }
    return machine;
}

static char *given_or(const char *given, const char *directory, const char *sub, const char *file)
{
    return given != NULL ? g_strdup(given) : g_build_filename(directory, sub, file, NULL);
}

static void say_no_kvm(gboolean *said, const char *why)
{
    if (!*said) {
        printf("no KVM (%s): going on with TCG\n", why);
        *said = TRUE;
    }
}

/* TCG is a choice when the user made it, else a fallback; one against a wish is said, once. */
static gboolean decide_kvm(const VmbSettings *settings, const VmbMachine *machine)
{
    static gboolean said_foreign, said_unusable;
    g_autofree char *why = NULL;

    if (g_str_equal(settings->accel, "tcg")) {
        return FALSE;
    }
    if (!machine->can_use_kvm) {
        if (g_str_equal(settings->accel, "kvm")) {
            why = g_strdup_printf("%s's CPU is not the host's", machine->name);
            say_no_kvm(&said_foreign, why);
        }
        return FALSE;
    }
    if (vmb_kvm_is_usable(&why)) {
        return TRUE;
    }
    say_no_kvm(&said_unusable, why);
    return FALSE;
}

/* None of which a program in a guest could guess. */
static guint64 make_nonce(void)
{
    guint64 nonce = 0;

    /* At most 256 bytes come whole and, once the host has booted, at once. */
    while (nonce == AGENT_NO_NONCE) {
        if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce)) {
            g_error("getrandom: %s", g_strerror(errno));
        }
    }
    return nonce;
}

VmbGuestConfig *vmb_settings_guest_with(const VmbSettings *settings, const VmbMachine *machine,
                                        gboolean network)
{
    VmbGuestConfig *config = g_new0(VmbGuestConfig, 1);
    g_autofree char *image =
        g_strdup_printf("%s%s.cpio", machine->name, network ? "-network" : "");

    config->machine = machine;
    config->qemu_dir = g_strdup(settings->qemu_dir);
    config->kernel = given_or(settings->kernel, settings->guest_dir, machine->name, "kernel");
    config->initrd = given_or(settings->initrd, settings->images, ".", image);
    if (machine->device_tree != NULL) {
        config->device_tree =
            given_or(settings->dtb, settings->guest_dir, machine->name, machine->device_tree);
    }
    config->port = settings->port == VMB_PORT_UNSET ? 0 : (guint)settings->port;
    config->properties = g_strdup(settings->properties);
    config->network = network;
    config->ram_mib = (guint)settings->memory;
    config->kvm = decide_kvm(settings, machine);
    config->nonce = make_nonce();
    return config;
}

VmbGuestConfig *vmb_settings_guest(const VmbSettings *settings, const VmbMachine *machine)
{
    return vmb_settings_guest_with(settings, machine, settings->network);
}

char *vmb_settings_log_dir(const VmbSettings *settings, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(settings->logs, name, NULL);

    if (g_mkdir_with_parents(path, 0755) != 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot make the directory %s: %s: choose another with --logs", path,
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&path);
}
