/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's command line, and the set-ups that are refused before QEMU starts. */
#include "config.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static char *directory;

static void make_directory(void)
{
    g_autofree char *bin = NULL;

    directory = g_dir_make_tmp("vmbench-config-XXXXXX", NULL);
    bin = g_build_filename(directory, "bin", NULL);
    ck_assert_int_eq(g_mkdir(bin, 0755), 0);
}

static char *in_directory(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void remove_file(const char *name)
{
    g_autofree char *path = in_directory(name);

    g_remove(path);
}

static const char *const needed[] = {
    "bin/qemu-system-aarch64", "bin/qemu-system-x86_64", "kernel", "initrd", "dtb",
};

static void remove_directory(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        remove_file(needed[i]);
    }
    remove_file("bin");
    g_rmdir(directory);
    g_free(directory);
}

/* A guest whose files all exist. */
static VmbGuestConfig *complete_config(const char *machine)
{
    VmbGuestConfig *config = g_new0(VmbGuestConfig, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        g_autofree char *path = in_directory(needed[i]);

        ck_assert(g_file_set_contents(path, "", 0, NULL));
    }
    config->machine = vmb_machine_find(machine);
    config->qemu_dir = g_strdup(directory);
    config->kernel = in_directory("kernel");
    config->initrd = in_directory("initrd");
    config->device_tree =
        config->machine->device_tree != NULL ? in_directory("dtb") : NULL;
    config->nonce = 0x0123456789abcdef;
    return config;
}

/* The word after `option`, number `nth` of its kind; NULL when there are fewer. */
static const char *value_of(char **argv, const char *option, guint nth)
{
    for (; *argv != NULL; argv++) {
        if (strcmp(*argv, option) == 0 && nth-- == 0) {
            return argv[1];
        }
    }
    return NULL;
}

START_TEST(pi_command)
{
    g_autoptr(VmbGuestConfig) config = complete_config("raspi4b");
    g_auto(GStrv) argv = vmb_guest_config_command(config);
    g_autofree char *program = in_directory("bin/qemu-system-aarch64");
    g_autofree char *firmware = in_directory("share/qemu");

    ck_assert_str_eq(argv[0], program);
    ck_assert_str_eq(value_of(argv, "-L", 0), firmware);
    ck_assert_str_eq(value_of(argv, "-M", 0), "raspi4b");
    ck_assert_str_eq(value_of(argv, "-accel", 0), "tcg,thread=single");
    ck_assert_str_eq(value_of(argv, "-dtb", 0), config->device_tree);
    ck_assert_str_eq(value_of(argv, "-kernel", 0), config->kernel);
    ck_assert_str_eq(value_of(argv, "-initrd", 0), config->initrd);
    ck_assert_str_eq(value_of(argv, "-append", 0),
                     "console=ttyS1,115200 quiet cryptomgr.notests panic=-1 vmbench.results=ttyAMA0");
    ck_assert_str_eq(value_of(argv, "-serial", 0), "chardev:results");
    ck_assert_str_eq(value_of(argv, "-serial", 1), "chardev:console");
    ck_assert_str_eq(value_of(argv, "-device", 0),
                     "vmmio,id=vmmio0,start=0xfef00000,size=0x1000,listen=127.0.0.1:0");
    ck_assert_ptr_null(value_of(argv, "-accel", 1));
}
END_TEST

START_TEST(the_range_has_its_interrupt)
{
    g_autoptr(VmbGuestConfig) config = complete_config("raspi4b");

    config->irq = 177;
    g_auto(GStrv) argv = vmb_guest_config_command(config);

    ck_assert_str_eq(value_of(argv, "-device", 0),
                     "vmmio,id=vmmio0,start=0xfef00000,size=0x1000,listen=127.0.0.1:0,irq=177");
}
END_TEST

START_TEST(the_range_has_more_properties)
{
    g_autoptr(VmbGuestConfig) config = complete_config("raspi4b");

    config->irq = 177;
    config->properties = g_strdup("on-disconnect=wait,timeout-ms=0");
    g_auto(GStrv) argv = vmb_guest_config_command(config);

    ck_assert_str_eq(value_of(argv, "-device", 0),
                     "vmmio,id=vmmio0,start=0xfef00000,size=0x1000,listen=127.0.0.1:0,irq=177,"
                     "on-disconnect=wait,timeout-ms=0");
}
END_TEST

START_TEST(memory_is_a_choice_where_the_board_has_one)
{
    g_autoptr(VmbGuestConfig) x86 = complete_config("x86");
    g_autoptr(VmbGuestConfig) pi = complete_config("raspi4b");

    x86->ram_mib = 1024;
    g_auto(GStrv) x86_argv = vmb_guest_config_command(x86);
    g_auto(GStrv) pi_argv = vmb_guest_config_command(pi);

    ck_assert_str_eq(value_of(x86_argv, "-m", 0), "1024");
    ck_assert_ptr_null(value_of(pi_argv, "-m", 0));
}
END_TEST

START_TEST(x86_command)
{
    g_autoptr(VmbGuestConfig) config = complete_config("x86");

    config->port = 4300;
    g_auto(GStrv) argv = vmb_guest_config_command(config);

    ck_assert_str_eq(value_of(argv, "-M", 0), "pc");
    ck_assert_str_eq(value_of(argv, "-accel", 0), "tcg");
    ck_assert_str_eq(value_of(argv, "-m", 0), "256");
    ck_assert_ptr_null(value_of(argv, "-dtb", 0));
    ck_assert_str_eq(value_of(argv, "-append", 0),
                     "console=ttyS0,115200 quiet cryptomgr.notests no_timer_check panic=-1 "
                     "vmbench.results=ttyS1");
    ck_assert_str_eq(value_of(argv, "-serial", 0), "chardev:console");
    ck_assert_str_eq(value_of(argv, "-serial", 1), "chardev:results");
    ck_assert_ptr_nonnull(strstr(value_of(argv, "-device", 0), "listen=127.0.0.1:4300"));
}
END_TEST

START_TEST(the_network_is_asked_for)
{
    static const char *const cards[][2] = {
        {"raspi4b", "usb-net,netdev=network"},
        {"x86", "virtio-net-pci,romfile=,netdev=network"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cards); i++) {
        g_autoptr(VmbGuestConfig) config = complete_config(cards[i][0]);
        g_auto(GStrv) without = vmb_guest_config_command(config);

        config->network = TRUE;
        g_auto(GStrv) with = vmb_guest_config_command(config);

        ck_assert_ptr_null(value_of(without, "-netdev", 0));
        ck_assert_str_eq(value_of(with, "-netdev", 0), "user,id=network,ipv6=off");
        ck_assert_str_eq(value_of(with, "-device", 1), cards[i][1]);
    }
}
END_TEST

START_TEST(other_devices_replace_the_example)
{
    const char *const devices[] = {"vmmio,id=a,irq=80", "vmmio,id=b", NULL};
    g_autoptr(VmbGuestConfig) config = complete_config("raspi4b");

    config->devices = g_strdupv((char **)devices);
    config->append = g_strdup("mem=512M");
    g_auto(GStrv) argv = vmb_guest_config_command(config);

    ck_assert_str_eq(value_of(argv, "-device", 0), devices[0]);
    ck_assert_str_eq(value_of(argv, "-device", 1), devices[1]);
    ck_assert_ptr_null(value_of(argv, "-device", 2));
    ck_assert(g_str_has_suffix(value_of(argv, "-append", 0), " vmbench.results=ttyAMA0 mem=512M"));
}
END_TEST

START_TEST(ram_can_be_a_file)
{
    g_autoptr(VmbGuestConfig) config = complete_config("raspi4b");
    g_auto(GStrv) own = vmb_guest_config_command_for(config, VMB_MEMORY_OWN);
    g_auto(GStrv) shared = vmb_guest_config_command_for(config, VMB_MEMORY_SHARED);

    ck_assert_ptr_null(value_of(own, "-object", 0));
    ck_assert_str_eq(value_of(shared, "-machine", 0), "memory-backend=ram");
    ck_assert_str_eq(value_of(shared, "-object", 0),
                     "memory-backend-file,id=ram,size=2048M,mem-path=/proc/self/fd/6,share=on");
    ck_assert_str_eq(value_of(shared, "-kernel", 0), config->kernel);
    ck_assert_ptr_null(value_of(shared, "-incoming", 0));
}
END_TEST

START_TEST(a_restored_guest_loads_a_kernel_only_for_resets)
{
    g_autoptr(VmbGuestConfig) config = complete_config("x86");
    g_auto(GStrv) plain = vmb_guest_config_command_for(config, VMB_MEMORY_INCOMING);

    config->can_reset = TRUE;
    g_auto(GStrv) resettable = vmb_guest_config_command_for(config, VMB_MEMORY_INCOMING);

    ck_assert_str_eq(value_of(plain, "-incoming", 0), "defer");
    ck_assert_str_eq(value_of(plain, "-object", 0),
                     "memory-backend-file,id=ram,size=256M,mem-path=/proc/self/fd/6,"
                     "share=off,readonly=on,rom=off");
    ck_assert_ptr_null(value_of(plain, "-kernel", 0));
    ck_assert_ptr_null(value_of(plain, "-append", 0));
    ck_assert(g_strv_contains((const char *const *)plain, "-no-reboot"));
    ck_assert_str_eq(value_of(resettable, "-kernel", 0), config->kernel);
    ck_assert(!g_strv_contains((const char *const *)resettable, "-no-reboot"));
}
END_TEST

START_TEST(kvm_comes_first_and_only_where_it_can)
{
    g_autoptr(VmbGuestConfig) pi = complete_config("raspi4b");
    g_autoptr(VmbGuestConfig) x86 = complete_config("x86");

    pi->kvm = TRUE;
    x86->kvm = x86->machine->can_use_kvm;
    g_auto(GStrv) pi_argv = vmb_guest_config_command(pi);
    g_auto(GStrv) x86_argv = vmb_guest_config_command(x86);

    ck_assert_str_eq(value_of(pi_argv, "-accel", 0), "tcg,thread=single");
    if (x86->kvm) {
        ck_assert_str_eq(value_of(x86_argv, "-accel", 0), "kvm");
        ck_assert_str_eq(value_of(x86_argv, "-accel", 1), "tcg");
    } else {
        ck_assert_str_eq(value_of(x86_argv, "-accel", 0), "tcg");
    }
}
END_TEST

START_TEST(a_shell_has_a_console_with_escape_keys)
{
    g_autoptr(VmbGuestConfig) config = complete_config("x86");
    g_auto(GStrv) plain = vmb_guest_config_command(config);

    config->shell = TRUE;
    g_auto(GStrv) argv = vmb_guest_config_command(config);

    ck_assert(g_strv_contains((const char *const *)argv, "socket,id=console,fd=4,mux=on"));
    ck_assert_str_eq(value_of(argv, "-mon", 1), "chardev=console,mode=readline");
    ck_assert(g_str_has_suffix(value_of(argv, "-append", 0), " vmbench.shell=1"));
    ck_assert(!g_strv_contains((const char *const *)argv, "-no-reboot"));
    ck_assert(g_strv_contains((const char *const *)plain, "socket,id=console,fd=4"));
    ck_assert(g_strv_contains((const char *const *)plain, "-no-reboot"));
    ck_assert_ptr_null(value_of(plain, "-mon", 1));
}
END_TEST

START_TEST(a_command_to_use_by_hand_has_one_terminal)
{
    g_autoptr(VmbGuestConfig) config = complete_config("raspi4b");

    config->shell = TRUE;
    config->by_hand = TRUE;
    g_auto(GStrv) argv = vmb_guest_config_command(config);

    ck_assert_str_eq(value_of(argv, "-append", 0),
                     "console=ttyS1,115200 quiet cryptomgr.notests vmbench.shell=1");
    ck_assert_str_eq(value_of(argv, "-chardev", 0), "stdio,id=console,mux=on,signal=off");
    ck_assert_ptr_null(value_of(argv, "-chardev", 1));
    ck_assert_str_eq(value_of(argv, "-serial", 0), "null");
    ck_assert_str_eq(value_of(argv, "-serial", 1), "chardev:console");
}
END_TEST

START_TEST(a_complete_set_up_is_accepted)
{
    g_autoptr(VmbGuestConfig) config = complete_config(_i == 0 ? "raspi4b" : "x86");
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_guest_config_check(config, &error));
    ck_assert_ptr_null(error);
}
END_TEST

START_TEST(each_missing_file_is_named_with_its_option)
{
    static const struct {
        const char *file;
        const char *option;
    } cases[] = {
        {"bin/qemu-system-aarch64", "--qemu-dir"},
        {"kernel", "--kernel"},
        {"initrd", "--initrd"},
        {"dtb", "--dtb"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VmbGuestConfig) config = complete_config("raspi4b");
        g_autofree char *path = in_directory(cases[i].file);
        g_autoptr(GError) error = NULL;

        remove_file(cases[i].file);
        ck_assert(!vmb_guest_config_check(config, &error));
        ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
        ck_assert_ptr_nonnull(strstr(error->message, path));
        ck_assert_ptr_nonnull(strstr(error->message, "No such file"));
        ck_assert_ptr_nonnull(strstr(error->message, cases[i].option));
    }
}
END_TEST

START_TEST(a_directory_is_no_kernel)
{
    g_autoptr(VmbGuestConfig) config = complete_config("x86");
    g_autoptr(GError) error = NULL;

    g_free(config->kernel);
    config->kernel = g_strdup(directory);
    ck_assert(!vmb_guest_config_check(config, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "directory"));
}
END_TEST

START_TEST(a_taken_port_is_refused)
{
    g_autoptr(VmbGuestConfig) config = complete_config("x86");
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    g_autoptr(GError) error = NULL;

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    config->port = ntohs(address.sin_port);
    ck_assert(!vmb_port_is_free(config->port));
    ck_assert(!vmb_guest_config_check(config, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, "is taken: give another with --port"));
    close(fd);
    ck_assert(vmb_port_is_free(config->port));
}
END_TEST

START_TEST(a_command_can_be_pasted_into_a_shell)
{
    const char *const argv[] = {"a b", "it's", "plain", "-x", "", NULL};
    g_autofree char *text = vmb_command_text(argv);
    g_auto(GStrv) parsed = NULL;

    ck_assert(g_shell_parse_argv(text, NULL, &parsed, NULL));
    ck_assert_str_eq(parsed[0], "a b");
    ck_assert_str_eq(parsed[1], "it's");
    ck_assert_str_eq(parsed[2], "plain");
    ck_assert_str_eq(parsed[3], "-x");
    ck_assert_str_eq(parsed[4], "");
    ck_assert_ptr_null(parsed[5]);
    ck_assert_str_eq(text, "'a b' 'it'\\''s' plain \\\n    -x ''");
}
END_TEST

START_TEST(machines_are_found_by_name)
{
    gsize count = 0;

    ck_assert_str_eq(vmb_machines(&count)[0].name, "raspi4b");
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(vmb_machine_find("x86")->name, "x86");
    ck_assert_ptr_null(vmb_machine_find("X86"));
    ck_assert_ptr_null(vmb_machine_find(""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *cases = tcase_create("config");

    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, pi_command);
    tcase_add_test(cases, the_range_has_its_interrupt);
    tcase_add_test(cases, the_range_has_more_properties);
    tcase_add_test(cases, memory_is_a_choice_where_the_board_has_one);
    tcase_add_test(cases, x86_command);
    tcase_add_test(cases, the_network_is_asked_for);
    tcase_add_test(cases, other_devices_replace_the_example);
    tcase_add_test(cases, ram_can_be_a_file);
    tcase_add_test(cases, a_restored_guest_loads_a_kernel_only_for_resets);
    tcase_add_test(cases, kvm_comes_first_and_only_where_it_can);
    tcase_add_test(cases, a_shell_has_a_console_with_escape_keys);
    tcase_add_test(cases, a_command_to_use_by_hand_has_one_terminal);
    tcase_add_loop_test(cases, a_complete_set_up_is_accepted, 0, 2);
    tcase_add_test(cases, each_missing_file_is_named_with_its_option);
    tcase_add_test(cases, a_directory_is_no_kernel);
    tcase_add_test(cases, a_taken_port_is_refused);
    tcase_add_test(cases, a_command_can_be_pasted_into_a_shell);
    tcase_add_test(cases, machines_are_found_by_name);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
