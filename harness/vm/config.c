/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void vmb_guest_config_free(VmbGuestConfig *config)
{
    g_free(config->qemu_dir);
    g_free(config->kernel);
    g_free(config->device_tree);
    g_free(config->initrd);
    g_free(config->properties);
    g_strfreev(config->devices);
    g_strfreev(config->places);
    g_free(config->append);
    g_free(config->init);
    g_strfreev(config->extra);
    g_free(config->console);
    g_free(config);
}

static char *qemu_path(const VmbGuestConfig *config)
{
    return g_build_filename(config->qemu_dir, "bin", config->machine->qemu_program, NULL);
}

static gboolean check_file(const char *path, const char *what, const char *remedy, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int reason = fd < 0 ? errno : 0;

    if (fd >= 0) {
        close(fd);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return TRUE;
        }
        reason = EISDIR;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s %s: %s: %s", what, path,
                g_strerror(reason), remedy);
    return FALSE;
}

gboolean vmb_guest_config_check(const VmbGuestConfig *config, GError **error)
{
    g_autofree char *qemu = qemu_path(config);

    if (!check_file(qemu, "QEMU", "run `make` to build it, or give --qemu-dir", error) ||
        !check_file(config->kernel, "kernel", "run `make` to fetch it, or give --kernel", error) ||
        !check_file(config->initrd, "guest image", "run `make` to build it, or give --initrd",
                    error)) {
        return FALSE;
    }
    if (config->device_tree != NULL &&
        !check_file(config->device_tree, "device tree", "run `make` to fetch it, or give --dtb",
                    error)) {
        return FALSE;
    }
    if (!vmb_port_is_free(config->port)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "port %u of 127.0.0.1 is taken: give another with --port (0: any free one)",
                    config->port);
        return FALSE;
    }
    return TRUE;
}

static void add(GPtrArray *argv, const char *first, ...) G_GNUC_NULL_TERMINATED;

static void add(GPtrArray *argv, const char *first, ...)
{
    va_list more;

    va_start(more, first);
    for (const char *arg = first; arg != NULL; arg = va_arg(more, const char *)) {
        g_ptr_array_add(argv, g_strdup(arg));
    }
    va_end(more);
}

static void add_printf(GPtrArray *argv, const char *option, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void add_printf(GPtrArray *argv, const char *option, const char *format, ...)
{
    va_list values;

    g_ptr_array_add(argv, g_strdup(option));
    va_start(values, format);
    g_ptr_array_add(argv, g_strdup_vprintf(format, values));
    va_end(values);
}

guint vmb_guest_config_ram_mib(const VmbGuestConfig *config)
{
    return config->ram_mib > 0 ? config->ram_mib : config->machine->ram_mib;
}

static void add_accelerator(GPtrArray *argv, const VmbGuestConfig *config)
{
    /* QEMU takes the first that works. */
    if (config->kvm && config->machine->can_use_kvm) {
        add(argv, "-accel", "kvm", NULL);
    }
    add(argv, "-accel", config->machine->tcg, NULL);
}

/* The kernel's command line; init/cmdline.h has what the guest's init reads of it. */
static char *kernel_words(const VmbGuestConfig *config)
{
    GString *words = g_string_new(NULL);

    /* Debian's kernels test their ciphers at boot, which takes 0.4 s of the 2.5 under TCG. */
    g_string_append_printf(words, "console=%s quiet cryptomgr.notests", config->machine->console);
    if (config->machine->linux_words != NULL) {
        g_string_append_printf(words, " %s", config->machine->linux_words);
    }
    if (!config->by_hand) {
        /* panic=-1 with -no-reboot: a guest that panicked or reset ends an x86 QEMU at once. */
        g_string_append_printf(words,
                               " panic=-1 vmbench.results=%s", config->machine->results_tty);
    }
    if (config->own_init) {
        g_string_append(words, " rdinit=" VMB_INIT);
    }
    if (config->init != NULL) {
        g_string_append_printf(words, " vmbench.init=%s", config->init);
    } else if (config->shell) {
        g_string_append_printf(words, " vmbench.shell=%s", config->login ? "login" : "1");
    }
    if (config->append != NULL) {
        g_string_append_printf(words, " %s", config->append);
    }
    return g_string_free(words, FALSE);
}

static void add_kernel(GPtrArray *argv, const VmbGuestConfig *config)
{
    g_autofree char *words = kernel_words(config);

    add(argv, "-kernel", config->kernel, "-initrd", config->initrd, NULL);
    if (config->device_tree != NULL) {
        add(argv, "-dtb", config->device_tree, NULL);
    }
    add(argv, "-append", words, NULL);
}

static char *example_device(const VmbGuestConfig *config)
{
    g_autofree char *irq = config->irq > 0 ? g_strdup_printf(",irq=%u", config->irq) : g_strdup("");

    return g_strdup_printf("vmmio,id=%s,start=%s,size=%s,listen=127.0.0.1:%u%s%s%s", VMB_DEVICE_ID,
                           VMB_RANGE_START, VMB_RANGE_SIZE, config->port, irq,
                           config->properties != NULL ? "," : "",
                           config->properties != NULL ? config->properties : "");
}

char **vmb_guest_config_devices(const VmbGuestConfig *config)
{
    char **devices;

    if (config->devices != NULL) {
        return g_strdupv(config->devices);
    }
    devices = g_new0(char *, 2);
    devices[0] = example_device(config);
    return devices;
}

static void add_devices(GPtrArray *argv, const VmbGuestConfig *config)
{
    g_auto(GStrv) devices = vmb_guest_config_devices(config);

    for (char **device = devices; *device != NULL; device++) {
        add(argv, "-device", *device, NULL);
    }
}

/* signal=off: Ctrl-C is the guest's. */
static void add_terminal(GPtrArray *argv, const VmbGuestConfig *config)
{
    if (config->console != NULL) {
        add_printf(argv, "-chardev", "socket,id=console,mux=on,server=on,wait=off,path=%s",
                   config->console);
    } else {
        add(argv, "-chardev", "stdio,id=console,mux=on,signal=off", NULL);
    }
    add(argv, "-mon", "chardev=console,mode=readline", NULL);
    if (config->machine->results_first) {
        add(argv, "-serial", "null", NULL);
    }
    add(argv, "-serial", "chardev:console", NULL);
}

static void add_network(GPtrArray *argv, const VmbGuestConfig *config)
{
    if (config->network) {
        add(argv, "-netdev", "user,id=network,ipv6=off", NULL);
        add_printf(argv, "-device", "%s,netdev=network", config->machine->network);
    }
}

static void add_lines(GPtrArray *argv, const VmbGuestConfig *config)
{
    add_printf(argv, "-chardev", "socket,id=qmp,fd=%d", VMB_FD_QMP);
    add(argv, "-mon", "chardev=qmp,mode=control", NULL);
    /* mux: Ctrl-A X quits and Ctrl-A C reaches the monitor, on the interactive console only. */
    add_printf(argv, "-chardev", "socket,id=console,fd=%d%s", VMB_FD_CONSOLE,
               config->shell ? ",mux=on" : "");
    if (config->shell) {
        add(argv, "-mon", "chardev=console,mode=readline", NULL);
    }
    add_printf(argv, "-chardev", "socket,id=results,fd=%d", VMB_FD_RESULTS);
    if (config->machine->results_first) {
        add(argv, "-serial", "chardev:results", "-serial", "chardev:console", NULL);
    } else {
        add(argv, "-serial", "chardev:console", "-serial", "chardev:results", NULL);
    }
}

static void add_board(GPtrArray *argv, const VmbGuestConfig *config, VmbGuestMemory memory)
{
    const VmbMachine *machine = config->machine;
    guint ram_mib = vmb_guest_config_ram_mib(config);
    gboolean incoming = memory == VMB_MEMORY_INCOMING;

    for (const char *const *arg = machine->board; *arg != NULL; arg++) {
        g_ptr_array_add(argv, g_strdup(*arg));
    }
    if (!machine->ram_is_fixed) {
        add_printf(argv, "-m", "%u", ram_mib);
    }
    if (memory == VMB_MEMORY_OWN) {
        return;
    }
    add(argv, "-machine", "memory-backend=ram", NULL);
    add_printf(argv, "-object",
               "memory-backend-file,id=ram,size=%uM,mem-path=/proc/self/fd/%d,%s", ram_mib, VMB_FD_RAM,
               incoming ? "share=off,readonly=on,rom=off" : "share=on");
    if (incoming) {
        add(argv, "-incoming", "defer", NULL);
    }
}

char **vmb_guest_config_command(const VmbGuestConfig *config)
{
    return vmb_guest_config_command_for(config, VMB_MEMORY_OWN);
}

char **vmb_guest_config_command_for(const VmbGuestConfig *config, VmbGuestMemory memory)
{
    GPtrArray *argv = g_ptr_array_new();

    g_ptr_array_add(argv, qemu_path(config));
    g_ptr_array_add(argv, g_strdup("-L"));
    g_ptr_array_add(argv, g_build_filename(config->qemu_dir, "share", "qemu", NULL));
    add_board(argv, config, memory);
    add_accelerator(argv, config);
    add(argv, "-nodefaults", "-no-user-config", "-display", "none", NULL);
    if (!config->shell && !config->can_reset) {
        add(argv, "-no-reboot", NULL); /* nobody reboots this guest on purpose */
    }
    if (memory != VMB_MEMORY_INCOMING || config->can_reset) {
        add_kernel(argv, config); /* a restored guest has it in its RAM; to load it takes 0.1 s */
    }
    add_devices(argv, config);
    add_network(argv, config);
    for (char **word = config->extra; word != NULL && *word != NULL; word++) {
        add(argv, *word, NULL);
    }
    if (config->by_hand) {
        add_terminal(argv, config);
    } else {
        add_lines(argv, config);
    }
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}

static char *shell_word(const char *word)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";
    gboolean is_plain = word[0] != '\0' && word[strspn(word, plain)] == '\0';

    return is_plain ? g_strdup(word) : g_shell_quote(word);
}

char *vmb_command_text(const char *const *argv)
{
    GString *text = g_string_new(NULL);

    for (; *argv != NULL; argv++) {
        g_autofree char *word = shell_word(*argv);
        const char *before = word[0] == '-' ? " \\\n    " : " ";

        g_string_append_printf(text, "%s%s", text->len > 0 ? before : "", word);
    }
    return g_string_free(text, FALSE);
}

gboolean vmb_port_is_free(guint port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    gboolean is_free;

    /* As QEMU does: connections of an earlier run that linger are no hindrance. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    is_free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0;
    close(fd);
    return is_free;
}
