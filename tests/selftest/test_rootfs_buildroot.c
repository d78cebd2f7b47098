/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image of buildroot's layout, booted as it is with a program of the user's. */
#include <string.h>

#include "screen.h"
#include "tap.h"
#include "vmbench_child.h"

static const char *const machines[] = {"raspi4b", "x86"};

static Child child;

static void setup(void)
{
    child_init(&child);
}

static void teardown(void)
{
    screen_close();
    child_finish(&child);
}

/* A root filesystem as buildroot leaves it with its defaults: BusyBox's init, and a login on the console. */
static const char buildroot[] =
    "cd '%s'; mkdir -p root/etc/init.d; cd root; mkdir bin sbin dev proc sys run tmp root;"
    " cpio --quiet -id bin/busybox <'%s/%s.cpio'; mknod -m 622 dev/console c 5 1;"
    "for name in cat hostname ln login mkdir mount poweroff sh umount; do ln -s busybox bin/$name; done;"
    "for name in getty init swapoff swapon; do ln -s ../bin/busybox sbin/$name; done;"
    "printf '#!/bin/sh\n/bin/mount -t devtmpfs devtmpfs /dev\nexec 0</dev/console 1>/dev/console "
    "2>/dev/console\nexec /sbin/init \"$@\"\n' >init; chmod +x init;"
    "printf '%%s\n' '::sysinit:/bin/mount -t proc proc /proc' '::sysinit:/bin/mount -o remount,rw /'"
    "  '::sysinit:/bin/mkdir -p /dev/pts /dev/shm' '::sysinit:/bin/mount -a' '::sysinit:/sbin/swapon -a'"
    "  'null::sysinit:/bin/ln -sf /proc/self/fd /dev/fd' '::sysinit:/bin/hostname -F /etc/hostname'"
    "  '::sysinit:/etc/init.d/rcS' 'console::respawn:/sbin/getty -L console 0 vt100'"
    "  '::shutdown:/sbin/swapoff -a' '::shutdown:/bin/umount -a -r' >etc/inittab;"
    "printf '%%s\n' 'proc /proc proc defaults 0 0' 'devpts /dev/pts devpts defaults 0 0'"
    "  'tmpfs /tmp tmpfs mode=1777 0 0' 'sysfs /sys sysfs defaults 0 0' >etc/fstab;"
    "printf '#!/bin/sh\necho the rc scripts run\n' >etc/init.d/rcS; chmod +x etc/init.d/rcS;"
    "echo root::0:0:root:/root:/bin/sh >etc/passwd; echo root:x:0: >etc/group;"
    "echo root::10933:0:99999:7::: >etc/shadow; echo buildroot >etc/hostname;"
    "echo Welcome to Buildroot >etc/issue;"
    "find . | LC_ALL=C sort | cpio --quiet -o -H newc | gzip >../rootfs.cpio.gz; cd ..;"
    "echo 'int puts(const char *s); int main(void) { return puts(\"my test runs\") < 0; }' >mytest.c;"
    "%s-linux-gnu-gcc -static -o mytest mytest.c";

START_TEST(a_root_filesystem_of_buildroot)
{
    const char *machine = machines[_i];
    g_autofree char *script = g_strdup_printf(buildroot, child.dir, g_getenv("IMAGES"), machine,
                                              g_str_equal(machine, "x86") ? "x86_64" : "aarch64");
    g_autofree char *image = child_path(&child, "rootfs.cpio.gz");
    g_autofree char *program = g_strdup_printf("%s/mytest:/usr/bin/mytest", child.dir);
    const char *make[] = {"-ec", script, NULL};
    const char *boot[] = {"boot", "--machine", machine, "--port", "0", "--initrd", image,
                          "--add", program, NULL};

    child.program = "/bin/sh";
    ck_assert_msg(child_run(&child, make) == 0, "%s%s", child.out, child.err);
    child.program = NULL;
    screen_open(&child);
    child_start(&child, TRUE, boot);
    screen_await("the rc scripts run\r");
    screen_await("Welcome to Buildroot\r");
    screen_await("buildroot login: ");
    screen_type("root\n"); /* who has no password */
    screen_await("# ");
    screen_type("mytest; cat /proc/1/comm\n");
    screen_await("my test runs\r\ninit\r");
    screen_type("poweroff\n");
    ck_assert_msg(screen_wait_end() == 0, "%s", screen_text());
}
END_TEST

static Suite *rootfs_buildroot_suite(void)
{
    Suite *suite = suite_create("rootfs_buildroot");
    TCase *tc = tcase_create("rootfs_buildroot");

    tcase_set_timeout(tc, 3 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_root_filesystem_of_buildroot, 0, G_N_ELEMENTS(machines));
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(rootfs_buildroot_suite());
}
