/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that people make, booted: what they add is there, and their own init is kept. */
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "screen.h"
#include "tap.h"

static const char *const machines[] = {"raspi4b", "x86"};

static Child child;

static void setup(void)
{
    child_init(&child);
    g_setenv("XDG_CACHE_HOME", child.dir, TRUE); /* what is built is kept there */
}

static void teardown(void)
{
    child_finish(&child);
}

/* Run a shell script in the private directory. */
static void make(const char *script)
{
    g_autofree char *whole = g_strdup_printf("cd '%s'; %s", child.dir, script);
    const char *args[] = {"-ec", whole, NULL};

    child.program = "/bin/sh";
    ck_assert_msg(child_run(&child, args) == 0, "%s%s", child.out, child.err);
    child.program = NULL;
}

/* A program, a library's user, a module that speaks when it is loaded, and a script of init.d. */
static const char sources[] =
    "mkdir -p greet drv init.d;"
    "printf '#include <stdio.h>\\nint main(void) { puts(\"greetings\"); return 0; }\\n' >greet/a.c;"
    "printf '#include <linux/module.h>\\nstatic int n;\\nmodule_param(n, int, 0444);\\n"
    "static int __init begin(void) { pr_err(\"drv: n is %%d\\\\n\", n); return 0; }\\n"
    "module_init(begin);\\nMODULE_LICENSE(\"GPL\");\\n' >drv/drv.c;"
    "printf '[module]\\nparameters = n=42\\n' >drv/module.ini;"
    "printf '#!/bin/sh\\necho script on @MACHINE@ with $(cut -d\" \" -f 1 /proc/modules)\\n'"
    ">init.d/10-say.in; chmod +x init.d/10-say.in; ";

static void start(const char *command, const char *machine, const char *const *options)
{
    g_autoptr(GPtrArray) args = g_ptr_array_new();

    g_ptr_array_add(args, (char *)command);
    g_ptr_array_add(args, (char *)"--machine");
    g_ptr_array_add(args, (char *)machine);
    g_ptr_array_add(args, (char *)"--port");
    g_ptr_array_add(args, (char *)"0");
    for (; *options != NULL; options++) {
        g_ptr_array_add(args, (char *)*options);
    }
    g_ptr_array_add(args, NULL);
    screen_open(&child);
    child_start(&child, TRUE, (const char *const *)args->pdata);
}

static void leave(const char *keys)
{
    screen_type(keys);
    ck_assert_msg(screen_wait_end() == 0, "%s", screen_text());
    screen_close();
}

START_TEST(an_image_with_all_that_is_added)
{
    const char *machine = machines[_i];
    g_autofree char *script = g_strdup_printf(
        "%s '%s' rootfs build --machine %s --pkg greet --module drv --overlay "
        "init.d:/etc/vmbench/init.d --compress zstd -o mine.cpio.zst",
        sources, g_getenv("VMBENCH"), machine);
    g_autofree char *image = child_path(&child, "mine.cpio.zst");
    g_autofree char *says = g_strdup_printf("script on %s with drv\r", machine);

    make(script);
    start("shell", machine, (const char *const[]){"--initrd", image, NULL});
    screen_await("drv: n is 42\r");
    screen_await(says);
    screen_await("/ # ");
    screen_type("hello; greet\n");
    screen_await("Hello, World!\r");
    screen_await("greetings\r");
    leave("exit\n");
}
END_TEST

/*
 * In the order of their names; what goes wrong is told, and the next one's turn comes all the same. And
 * what the messages of the builder say is taken.
 */
START_TEST(what_init_starts_and_remedies)
{
    g_autofree char *scripts = g_strdup_printf("%s/scripts:/etc/vmbench/init.d", child.dir);
    g_autofree char *bad = child_path(&child, "bad");
    g_autofree char *overlay = child_path(&child, "over");
    g_autofree char *libs = child_path(&child, "libs");
    g_autofree char *program = g_strdup_printf("%s/program:/usr/bin/program", child.dir);

    make("mkdir scripts bad; printf '#!/bin/sh\\necho first; exit 3\\n' >scripts/10;"
         "printf '#!/bin/sh\\necho never\\n' >scripts/15; printf '#!/bin/sh\\necho second\\n' >scripts/20;"
         "printf '#!/bin/sh\\nkill -9 $$\\n' >scripts/30; chmod +x scripts/[123]0;"
         "printf '#include <linux/module.h>\\nstatic int __init begin(void) { return -ENODEV; }\\n"
         "module_init(begin);\\nMODULE_LICENSE(\"GPL\");\\n' >bad/bad.c");
    make("mkdir -p over/etc libs; echo 'a @COLOUR@ door' >over/etc/door.in;"
         "echo 'int one(void) { return 1; }' | gcc -shared -fPIC -x c - -o libs/libown.so;"
         "echo 'int one(void); int main(void) { return one() - 1; }' |"
         "gcc -x c - -o program -Llibs -lown");
    start("shell", "x86", (const char *const[]){
        "--overlay", scripts, "--module", bad, "--overlay", overlay, "--set", "COLOUR=red",
        "--add", program, "--with-libs", "--libs-from", libs, NULL});
    screen_await("vmmio-init: cannot load the module bad.ko: No such device\r\n"
                 "first\r\n"
                 "vmmio-init: /etc/vmbench/init.d/10 ended with status 3\r\n"
                 "second\r\n"
                 "vmmio-init: /etc/vmbench/init.d/30 was killed by signal 9\r\n");
    screen_await("/ # ");
    screen_type("cat /etc/door; cd /usr/lib; ls libown.so && program && echo 'it r''uns'\n");
    screen_await("a red door\r");
    screen_await("it runs\r");
    screen_type("ls -l $(cat /proc/sys/kernel/modprobe)\n");
    screen_await("/usr/sbin/modprobe -> /bin/busybox\r");
    leave("exit\n");
}
END_TEST

/* ---- Programs of the 32-bit processors ---- */

/* The head of an ELF32 program of `size` bytes, loaded to 0x100000; the code follows. */
#define HEAD(machine, flags, size) \
    0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, machine, 0, 1, 0, 0, 0, \
    0x54, 0, 0x10, 0, 52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, flags, 52, 0, 32, 0, 1, 0, 40, 0, \
    0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, size, 0, 0, 0, size, 0, 0, 0, \
    5, 0, 0, 0, 0, 0x10, 0, 0

/* write(1, "it runs\n", 8); exit(0) */
static const guint8 i386[] = {
    HEAD(3, 0, 123),
    0xbb, 1, 0, 0, 0,          /* mov $1, %ebx */
    0xb9, 0x73, 0, 0x10, 0,    /* mov $0x100073, %ecx */
    0xba, 8, 0, 0, 0,          /* mov $8, %edx */
    0xb8, 4, 0, 0, 0,          /* mov $4, %eax */
    0xcd, 0x80,                /* int $0x80 */
    0xb8, 1, 0, 0, 0,          /* mov $1, %eax */
    0x31, 0xdb,                /* xor %ebx, %ebx */
    0xcd, 0x80,                /* int $0x80 */
    'i', 't', ' ', 'r', 'u', 'n', 's', '\n',
};
static const guint8 arm[] = {
    HEAD(40, 5, 124),          /* EABI 5 */
    1, 0, 0xa0, 0xe3,          /* mov r0, #1 */
    0x14, 0x10, 0x8f, 0xe2,    /* add r1, pc, #20 */
    8, 0x20, 0xa0, 0xe3,       /* mov r2, #8 */
    4, 0x70, 0xa0, 0xe3,       /* mov r7, #4 */
    0, 0, 0, 0xef,             /* svc 0 */
    0, 0, 0xa0, 0xe3,          /* mov r0, #0 */
    1, 0x70, 0xa0, 0xe3,       /* mov r7, #1 */
    0, 0, 0, 0xef,             /* svc 0 */
    'i', 't', ' ', 'r', 'u', 'n', 's', '\n',
};

static const struct older {
    const char *machine;
    const guint8 *bytes;
    gssize len;
} older[] = {{"raspi4b", arm, sizeof(arm)}, {"x86", i386, sizeof(i386)}};

/* As the image builder lets them in. */
START_TEST(a_program_of_the_32_bit_processor)
{
    g_autofree char *program = child_path(&child, "older");
    g_autofree char *added = g_strconcat(program, ":/usr/bin/older:755", NULL);

    ck_assert(g_file_set_contents(program, (const char *)older[_i].bytes, older[_i].len, NULL));
    start("shell", older[_i].machine, (const char *const[]){"--add", added, NULL});
    screen_await("/ # ");
    screen_type("older\n");
    screen_await("it runs\r");
    leave("exit\n");
}
END_TEST

/* ---- Login ---- */

static void log_in(const char *user, const char *password)
{
    screen_await(" login: ");
    screen_type(user);
    screen_type("\n");
    screen_await("Password: ");
    screen_type(password);
    screen_type("\n");
}

/* One after the other, and the next one's turn comes after each. */
START_TEST(logins)
{
    start("boot", machines[_i], (const char *const[]){NULL});
    screen_await("`exit` logs out; `poweroff` or Ctrl-A X ends the guest\r");
    log_in("root", "toor");
    screen_await("Login incorrect");
    screen_clear();
    log_in("pi", "raspberry");
    screen_type("id\n");
    screen_await("uid=1000(pi)");
    screen_clear();
    screen_type("exit\n");
    log_in("root", "root");
    screen_await("~ # ");
    screen_type("id\n");
    screen_await("uid=0(root)");
    screen_clear();
    screen_type("exit\n");
    log_in("root", "root");
    screen_await("~ # ");
    leave("poweroff\n");
}
END_TEST

/*
 * The third one goes on to a shell; by then two pauses of a second have been made. They are counted from
 * a start to the next, of which the first takes longer to reach the clock: one second is for that.
 */
START_TEST(a_login_that_fails_at_once)
{
    g_autofree char *script = child_script(
        &child, "login",
        "cut -d' ' -f 1 /proc/uptime >>/tmp/tries\n"
        "[ $(wc -l </tmp/tries) -ge 3 ] || exit 1\n"
        "awk 'NR == 1 { first = $1 } END { print NR, ($1 - first > 1 ? \"paused\" : \"flooded\") }' "
        "/tmp/tries\n"
        "exec /bin/sh");
    g_autofree char *login = g_strconcat(script, ":/bin/login", NULL);

    start("boot", machines[_i], (const char *const[]){"--replace", "--add", login, NULL});
    screen_await("3 paused\r");
    leave("\x01x");
}
END_TEST

/* ---- Somebody else's image ---- */

/*
 * A busybox and an init of its own that runs `commands` first, without anything of the bench, and with the
 * /proc that debootstrap leaves in a container.
 */
static char *busy_image(const char *machine, const char *init, const char *commands)
{
    g_autofree char *script = g_strdup_printf(
        "mkdir -p own/bin own/%s; ln -s /proc own/proc;"
        "cpio --quiet -id bin/busybox <'%s/%s.cpio'; mv bin/busybox own/bin/;"
        "for name in sh cat echo mkdir mount poweroff readlink; do ln -s busybox own/bin/$name; done;"
        "printf '#!/bin/sh\\nset -e\\n%s\\necho the own init is $$\\nexec sh\\n' >own/%s/init;"
        "chmod +x own/%s/init;"
        "cd own; find . | cpio --quiet -o -H newc | gzip >../own.cpio.gz",
        init, g_getenv("IMAGES"), machine, commands, init, init);

    make(script);
    return child_path(&child, "own.cpio.gz");
}

static char *foreign_image(const char *machine, const char *init)
{
    return busy_image(machine, init, ":");
}

/*
 * Without building it again. In a file with two names only the one is replaced, and of a device the numbers
 * too. `own` gets them behind the rest of the image: the kernel takes one archive behind the other.
 */
START_TEST(what_is_added_to_an_image_and_replaced)
{
    const char *machine = machines[_i];
    g_autofree char *script = g_strdup_printf(
        "%s mkdir -p more/etc; echo old >more/etc/a; ln more/etc/a more/etc/b; echo new >new;"
        "mknod more/etc/device c 1 5; echo 'nod /etc/device 600 0 0 c 1 3' >manifest;"
        "(cat '%s/%s.cpio'; cd more; find . | cpio --quiet -o -H newc) >own.cpio",
        sources, g_getenv("IMAGES"), machine);
    g_autofree char *image = child_path(&child, "own.cpio");
    g_autofree char *manifest = child_path(&child, "manifest");
    g_autofree char *replaced = g_strdup_printf("%s/new:/etc/b", child.dir);
    g_autofree char *greet = child_path(&child, "greet");
    g_autofree char *drv = child_path(&child, "drv");
    g_autofree char *text = g_strdup_printf("%s/greet/a.c:/opt/text:600", child.dir);

    make(script);
    start("shell", machine, (const char *const[]){
        "--initrd", image, "--replace", "--add", replaced, "--manifest", manifest, "--pkg", greet,
        "--module", drv, "--add", text, NULL});
    screen_await("drv: n is 42\r");
    screen_await("/ # ");
    screen_type("cat /etc/a /etc/b; stat -c '%a %h %T' /etc/b /etc/device\n");
    screen_await("old\r\nnew\r\n644 1 0\r\n600 1 3\r\n");
    screen_type("greet; stat -c 'mode %a' /opt/text /\n");
    screen_await("greetings\r");
    screen_await("mode 600\r\nmode 755\r");
    leave("exit\n");
}
END_TEST

static const struct kept {
    const char *machine, *where;
} kept[] = {{"raspi4b", "."}, {"x86", "."}, {"x86", "sbin"}};

START_TEST(an_own_init_is_kept)
{
    g_autofree char *image = foreign_image(kept[_i].machine, kept[_i].where);
    g_autofree char *greet = child_path(&child, "greet");
    g_autofree char *drv = child_path(&child, "drv");
    /* Not even with all that the bench's own images have does it become one. */
    g_autofree char *mark = g_strdup_printf("%s/greet/a.c:/etc/vmbench/init.d/README", child.dir);

    make(sources);
    start("boot", kept[_i].machine,
          (const char *const[]){"--initrd", image, "--pkg", greet, "--module", drv, "--add", mark,
                                NULL});
    screen_await("from here on the console is the image's own, as it is; Ctrl-A X ends the guest\r");
    screen_await("drv: n is 42\r");
    screen_await("the own init is 1\r");
    screen_await("/ # ");
    screen_type("greet\n");
    screen_await("greetings\r");
    /* The agent has begun before the init, and complains of nothing that this left unmounted. */
    ck_assert_ptr_null(strstr(screen_text(), "vmmio-agent: "));
    leave("poweroff -f\n"); /* which takes a driver on the Pi */
}
END_TEST

/* What it would find without us; and the agent works on behind it. */
START_TEST(an_own_init_that_mounts)
{
    g_autofree char *image = busy_image(machines[_i], ".",
                                        "mkdir -p /proc /sys /dev; mount -t proc p /proc;"
                                        "mount -t sysfs s /sys; mount -t devtmpfs d /dev; echo >/done");
    g_autofree char *requests = child_path(&child, "requests");
    const char *args[] = {"serve", "--machine", machines[_i], "--initrd", image, NULL};

    ck_assert(g_file_set_contents(requests,
                                  "{\"run\": [\"sh\", \"-c\", \"until [ -e /done ]; do :; done; "
                                  "[ -e /proc/1/cmdline -a -e /sys/class -a -c /dev/null ]\"]}\n",
                                  -1, NULL));
    child.input = requests;
    ck_assert_msg(child_run(&child, args) == 0, "%s%s", child.out, child.err);
    ck_assert_msg(strstr(child.out, "{\"exit\":0,") != NULL, "%s", child.out);
}
END_TEST

START_TEST(the_benchs_init_instead)
{
    g_autofree char *image = foreign_image("x86", ".");

    start("shell", "x86", (const char *const[]){"--initrd", image, "--init", "bench", NULL});
    screen_await("`exit` or Ctrl-A X ends the guest\r");
    screen_await("/ # ");
    screen_type("readlink /proc/1/exe\n");
    screen_await("/vmbench-init\r");
    leave("exit\n");
}
END_TEST

/* With a file of this size, such as "200M". */
static char *large_image(const char *init, const char *size)
{
    g_autofree char *script = g_strdup_printf("truncate -s %s own/large; cd own; find . |"
                                              "cpio --quiet -o -H newc | gzip -1 >../large.cpio.gz", size);

    g_free(foreign_image("x86", init));
    make(script);
    return child_path(&child, "large.cpio.gz");
}

START_TEST(a_large_image_gets_memory_and_its_named_init_runs)
{
    g_autofree char *image = large_image("opt", "200M"); /* the usual memory has no room */

    start("boot", "x86", (const char *const[]){"--initrd", image, "--init", "/opt/init", NULL});
    screen_await("the own init is 1\r");
    leave("\x01x");
}
END_TEST

START_TEST(an_image_without_room_is_told)
{
    g_autofree char *image = large_image(".", "120M"); /* the kernel itself takes what is missing */
    const char *args[] = {"boot", "--machine", "x86", "--port", "0", "--initrd", image, "--memory",
                          "256", NULL};

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_PANIC);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, "has no room for its image") != NULL, "%s", child.err);
}
END_TEST

/* ---- Without vmbench ---- */

/* Boot by the command that is printed with these options. */
static void boot_printed(const char *command, const char *machine, const char *options)
{
    g_autofree char *script = g_strdup_printf(
        "'%s' %s --machine %s --port 0 --logs logs --print-command %s >command",
        g_getenv("VMBENCH"), command, machine, options);
    const char *args[] = {"-c", ". \"$PWD/command\"", NULL};
    g_autofree char *here = g_get_current_dir();

    make(script);
    ck_assert_int_eq(chdir(child.dir), 0);
    child.program = "/bin/sh";
    screen_open(&child);
    child_start(&child, TRUE, args);
    ck_assert_int_eq(chdir(here), 0);
}

START_TEST(a_printed_command_has_the_additions)
{
    const char *machine = machines[_i];

    make("echo some text >text");
    boot_printed("boot", machine, "--add text:/opt/text");
    log_in("root", "root");
    screen_await("~ # ");
    screen_type("cat /opt/text\n");
    screen_await("some text\r");
    leave("poweroff\n");
}
END_TEST

START_TEST(a_printed_command_keeps_an_own_init)
{
    g_free(foreign_image("x86", "."));
    boot_printed("boot", "x86", "--initrd own.cpio.gz");
    screen_await("the own init is 1\r");
    screen_await("/ # ");
    leave("\x01x");
}
END_TEST

/* The first run's image has the init of the bench, here an older one that cannot be run. */
START_TEST(an_image_of_an_earlier_run)
{
    g_free(foreign_image("x86", "."));
    make("\"$VMBENCH\" boot --machine x86 --port 0 --logs first --print-command --initrd own.cpio.gz;"
         "mv first/*/image.cpio earlier.cpio; : >vmbench-init;"
         "echo vmbench-init | cpio --quiet -o -H newc >>earlier.cpio");
    boot_printed("boot", "x86", "--initrd earlier.cpio");
    screen_await("the own init is 1\r");
    screen_await("/ # ");
    leave("\x01x");
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, 3 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(tc, setup, teardown);
    suite_add_tcase(suite, tc);
    return tc;
}

static Suite *rootfs_boot_suite(void)
{
    Suite *suite = suite_create("rootfs_boot");
    TCase *added = add_case(suite, "added");
    TCase *login = add_case(suite, "login");
    TCase *own = add_case(suite, "own");
    TCase *printed = add_case(suite, "printed");

    tcase_add_loop_test(added, an_image_with_all_that_is_added, 0, G_N_ELEMENTS(machines));
    tcase_add_test(added, what_init_starts_and_remedies);
    tcase_add_loop_test(added, what_is_added_to_an_image_and_replaced, 0, G_N_ELEMENTS(machines));
    tcase_add_loop_test(added, a_program_of_the_32_bit_processor, 0, G_N_ELEMENTS(older));
    tcase_add_loop_test(login, logins, 0, G_N_ELEMENTS(machines));
    tcase_add_loop_test(login, a_login_that_fails_at_once, 0, G_N_ELEMENTS(machines));
    tcase_add_loop_test(own, an_own_init_is_kept, 0, G_N_ELEMENTS(kept));
    tcase_add_loop_test(own, an_own_init_that_mounts, 0, G_N_ELEMENTS(machines));
    tcase_add_test(own, the_benchs_init_instead);
    tcase_add_test(own, a_large_image_gets_memory_and_its_named_init_runs);
    tcase_add_test(own, an_image_without_room_is_told);
    tcase_add_loop_test(printed, a_printed_command_has_the_additions, 0, G_N_ELEMENTS(machines));
    tcase_add_test(printed, a_printed_command_keeps_an_own_init);
    tcase_add_test(printed, an_image_of_an_earlier_run);
    return suite;
}

int main(void)
{
    return tap_run(rootfs_boot_suite());
}
