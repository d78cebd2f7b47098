/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench rootfs build, as far as it goes without a guest. */
#include "rootfs_script.h"

#include "error.h"
#include "tap.h"

/* ---- Packages ---- */

static const struct package {
    const char *make, *installed;
} packages[] = {
    {"program p hi", "usr/bin/p"},
    {"program p hi; printf 'p: main.o\\n\\t$(CC) $(LDFLAGS) -o $@ $^\\n' >p/Makefile", "usr/bin/p"},
    {"program p hi; printf 'q: main.o\\n\\t$(CC) $(LDFLAGS) -o $@ $^\\ninstall: q\\n"
     "\\tinstall -D q $(DESTDIR)$(PREFIX)/bin/q\\n' >p/Makefile", "usr/bin/q"},
    {"program p hi; printf 'project(\"p\", \"c\")\\nexecutable(\"r\", \"main.c\", install: true)\\n' |"
     "tr '\"' \"'\" >p/meson.build", "usr/bin/r"},
};

START_TEST(each_kind_of_package)
{
    const struct package *package = &packages[_i];
    g_autofree char *script = g_strdup_printf(
        "%s; $build --pkg p; in_image %s; cpio --quiet -id %s <out.cpio; %s; ls p", package->make,
        package->installed, package->installed, package->installed);
    g_autofree char *expected = g_strdup_printf("%s\nhi\n", package->installed);

    must(script);
    ck_assert_msg(g_str_has_prefix(child.out, expected), "%s", child.out);
    ck_assert_ptr_null(strstr(child.out, ".o\n")); /* nothing is built beside the sources */
}
END_TEST

START_TEST(another_makes_variables_are_its_own)
{
    must("program p hi; $build --pkg p; mv out.cpio before; rm -r vmmio-bench;"
         "MAKEFLAGS=' -- CFLAGS=-O0 NAME=q' $build --pkg p; cmp before out.cpio");
}
END_TEST

/* The builder has files of its own beside what it builds, and goals of make. */
START_TEST(a_package_may_have_any_name)
{
    must_print("for name in log files files.new settings stage lock program library a.o; do"
               "  program $name hi;"
               "  for turn in 1 2; do"
               "    $build --pkg $name; cpio --quiet -idu usr/bin/$name <out.cpio; usr/bin/$name;"
               "  done;"
               "done",
               "hi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\nhi\n");
}
END_TEST

START_TEST(a_library_for_programs)
{
    must_print("mkdir -p own p; echo 'int own(void);' >own/own.h; echo 'int own(void) { return 7; }'"
               ">own/own.c; printf '#include \"own.h\"\\nint main(void) { return own(); }' >p/p.c;"
               "$build --lib own --pkg p; cpio --quiet -id usr/bin/p <out.cpio; usr/bin/p || echo $?",
               "7\n");
}
END_TEST

START_TEST(libraries_that_use_each_other)
{
    must_print("mkdir one two p; echo 'int one(int n);' >one/one.h; echo 'int two(int n);' >two/two.h;"
               "printf '#include \"two.h\"\\nint one(int n) { return n ? two(n - 1) : 1; }' >one/a.c;"
               "printf '#include \"one.h\"\\nint two(int n) { return n ? one(n - 1) : 2; }' >two/b.c;"
               "printf '#include \"two.h\"\\nint main(void) { return two(3); }' >p/p.c;"
               "for libs in '--lib one --lib two' '--lib two --lib one'; do $build $libs --pkg p;"
               "cpio --quiet -id usr/bin/p <out.cpio; usr/bin/p || echo $?; rm usr/bin/p; done",
               "1\n1\n");
}
END_TEST

START_TEST(only_what_changed_is_built_again)
{
    must_print("program p hi; echo 'int other;' >p/other.c; program q hi; $build --pkg p --pkg q;"
               "objects() { find vmmio-bench -path '*/[pq]-*.o' -printf '%f %h %T@\\n' | sort; };"
               "objects >before; echo 'int more;' >>p/main.c; $build --pkg p --pkg q; objects >after;"
               "comm -13 before after | sed 's, .*/, ,; s,-.*,,'", "main.o p\n");
}
END_TEST

/* Each changes what the program says to "new", and make alone would not see it. */
static const struct change {
    const char *make, *change;
} changes[] = {
    {"program p old; program q new; touch -d @1 q/main.c", "mv q/main.c p"},
    {"program p old; $makefile; program q new; touch -d @1 q/main.c", "mv q/main.c p"},
    {"program p old; $meson; program q new; touch -d @1 q/main.c", "mv q/main.c p"},
    {"library old; user", "library new"},
    {"library old; user; $makefile", "library new"},
    {"library old; user; $meson", "library new"},
    {"library old; user; echo '#define own() \"new\"' >keep; touch -d @1 keep", "mv keep own/own.h"},
};

START_TEST(what_make_would_not_see)
{
    g_autofree char *script = g_strdup_printf(
        "makefile() { printf 'p: main.c\\n\\t$(CC) $(CPPFLAGS) $(LDFLAGS) -o p main.c $(LDLIBS)\\n'"
        "  >p/Makefile; }; makefile=makefile;"
        "meson() { printf 'project(\"p\", \"c\")\\nexecutable(\"p\", \"main.c\", install: true)\\n' |"
        "  tr '\"' \"'\" >p/meson.build; }; meson=meson;"
        "library() { mkdir -p own; echo '#define own() own_()' >own/own.h;"
        "  echo \"const char *own_(void) { return \\\"$1\\\"; }\" >own/own.c; };"
        "user() { mkdir -p own p; printf '#include <stdio.h>\\nconst char *own_(void);\\n"
        "const char *own(void);\\n"
        "#include \"own.h\"\\nint main(void) { puts(own()); }\\n' >p/main.c; };"
        "says() { $build $libs --pkg p; cpio --quiet -id usr/bin/p <out.cpio; usr/bin/p; rm usr/bin/p; };"
        "%s; [ ! -d own ] || libs='--lib own'; says; %s; says", changes[_i].make, changes[_i].change);

    must_print(script, "old\nnew\n");
}
END_TEST

START_TEST(links_in_sources)
{
    must_print("program p hi; mkdir common; mv p/main.c common; ln -s ../common/main.c p/main.c;"
               "printf 'p: main.c\\n\\t$(CC) $(LDFLAGS) -o $@ $^\\n' >p/Makefile; $build --pkg p;"
               "module drv; mv drv/drv.c common; ln -s ../common/drv.c drv; $build --pkg p --module drv;"
               "cpio --quiet -id usr/bin/p <out.cpio; usr/bin/p", "hi\n");
}
END_TEST

START_TEST(what_a_package_installs_is_no_template)
{
    must_print("mkdir p; echo '@HERE@' >p/x.in; printf 'install:\\n\\tinstall -D x.in $(DESTDIR)/opt/x.in\\n'"
               ">p/Makefile; $build --pkg p; cpio --quiet -i --to-stdout opt/x.in <out.cpio", "@HERE@\n");
}
END_TEST

/* ---- Two at a time ---- */

/* Each begins with what the other builds second. */
START_TEST(two_that_build_the_same_two)
{
    must("rule() { program $1 hi; printf 'install:\\n\\ttouch %s/%s.begun; until [ -e %s/%s.begun ]; do "
         "sleep 0.01; done\\n\\t$(CC) $(LDFLAGS) -o x main.c; install -D x $(DESTDIR)/usr/bin/%s\\n' "
         "$PWD $1 $PWD $2 $1 >$1/Makefile; }; rule a b; rule b a;"
         "$build --pkg a --pkg b & $build --pkg b --pkg a -o other.cpio; wait $!; cmp out.cpio other.cpio");
}
END_TEST

START_TEST(who_waits_says_so_and_can_be_ended)
{
    must_print("program p hi; $build --pkg p; rm out.cpio; exec 9>$(echo vmmio-bench/rootfs/x86/p-*/lock);"
               "flock 9; $build --pkg p 2>told & pid=$!; until [ -s told ]; do sleep 0.01; done;"
               "kill $pid; wait $pid || echo $?; sed 's, [^ ]*/p-.*, p,' told; test ! -e out.cpio",
               "143\nwaiting for another process that builds in p\n");
}
END_TEST

START_TEST(equal_input_in_another_directory)
{
    must("program p hi; module drv; sed -i 's/return 0/return WARN_ON(jiffies == 1)/' drv/drv.c;"
         "mkdir there; cp -r p drv there;"
         "$build --pkg p --module drv; mv out.cpio one.cpio; cd there;"
         "$build --pkg p --module drv; cmp ../one.cpio out.cpio");
}
END_TEST

/* ---- Files ---- */

START_TEST(files_of_every_kind)
{
    must_print("mkdir -p tree/etc/x; echo '@MACHINE@ @WHO@' >tree/etc/x/y.in; echo t >text;"
               "echo 'slink /etc/x/z y 777 0 0' >m; $build --overlay tree --overlay tree/etc:/opt "
               "--set WHO=me --add text:/etc/x/t:600:1:2 --manifest m --compress gzip;"
               "zcat out.cpio >plain; cpio --quiet -itvn 'etc/x/*' <plain |"
               "sed 's/  */ /g' | cut -d' ' -f 1,3-5,9-; cpio --quiet -i --to-stdout opt/x/y <plain",
               "-rw------- 1 2 2 etc/x/t\n-rw-r--r-- 0 0 7 etc/x/y\nlrwxrwxrwx 0 0 1 etc/x/z -> y\n"
               "x86 me\n");
}
END_TEST

START_TEST(values_behind_short_options)
{
    must_print("echo x >f; ${build%%--machine*} -of.cpio -mx86 -af:/opt/f; cpio --quiet -it <f.cpio |"
               "grep -x opt/f", "opt/f\n");
}
END_TEST

START_TEST(names_of_any_bytes)
{
    must_print("odd=$(printf 'a b\\n\\377'); mkdir tree; echo one >\"tree/1$odd\"; echo two >\"2$odd\";"
               "$build --overlay tree:/opt --add \"2$odd:/opt/2$odd\";"
               "cpio --quiet -id opt <out.cpio; cpio --quiet -id 'opt/*' <out.cpio;"
               "cat \"opt/1$odd\" \"opt/2$odd\"; bsdcpio --quiet -it <out.cpio | grep -ac ^opt/[12]a",
               "one\ntwo\n2\n");
}
END_TEST

START_TEST(a_dynamic_program_and_its_libraries)
{
    must_print("program p hi; gcc -o dyn p/main.c; $build --add dyn:/usr/bin/dyn --with-libs;"
               "mkdir root; cd root; cpio --quiet -id 'lib*' 'usr/lib*' usr/bin/dyn <../out.cpio;"
               "ls -d lib64/ld-linux-x86-64.so.2 usr/lib/libc.so.6; chroot . /usr/bin/dyn",
               "lib64/ld-linux-x86-64.so.2\nusr/lib/libc.so.6\nhi\n");
}
END_TEST

/* ---- Mistakes ---- */

static const struct mistake {
    const char *script, *says;
    int status;
} mistakes[] = {
    {"$build --machine", "Missing argument for --machine: see vmbench rootfs build --help",
     VMB_ERROR_USAGE},
    {"$build --pakage p", "Unknown option --pakage: see vmbench rootfs build --help", VMB_ERROR_USAGE},
    {"$build here", "here is no option", VMB_ERROR_USAGE},
    {"$build --set X", "--set X: it is no NAME=VALUE", VMB_ERROR_USAGE},
    {"mkdir t; echo @MACHINE@ >t/x.in; $build --overlay t --set WHO=me", "--set WHO=me: no template has "
     "@WHO@; a template is a file of an --overlay whose name ends in .in", VMB_ERROR_USAGE},
    {"$build --set lower=x", "--set lower=x: the name 'lower' is not made of capitals", VMB_ERROR_SETUP},
    {"mkdir t; echo @KERNEL@ >t/x.in; $build --overlay t --set KERNEL=6.6",
     "--set KERNEL=6.6: the name 'KERNEL' is taken: its value is that of what boots; choose another one",
     VMB_ERROR_SETUP},
    {"mkdir t; echo @MACHINE@ >t/x.in; $build --overlay t --set MACHINE=vax",
     "--set MACHINE=vax: the name 'MACHINE' is taken", VMB_ERROR_SETUP},
    {"mkdir t; echo @WHO@ >t/x.in; $build --overlay t --set WHO=me --set WHO=you",
     "--set WHO=you: the name 'WHO' has a value already; set it once", VMB_ERROR_SETUP},
    {"mkdir t; $build --add t:/t", "t: is a directory; add what lies in it with --overlay DIR:GUEST",
     VMB_ERROR_SETUP},
    {"$build --add one", "'one' is no HOST:GUEST", VMB_ERROR_USAGE},
    {"$build --machine vax", "machine 'vax' is unknown", VMB_ERROR_SETUP},
    {"$build --compress rar", "compression 'rar' is unknown", VMB_ERROR_SETUP},
    {"$build --base nowhere", "base archive nowhere: cannot be read: No such file", VMB_ERROR_SETUP},
    {"echo x >b; $build --base b", "base archive b: is truncated, damaged or no cpio", VMB_ERROR_SETUP},
    {"$build --base $IMAGES/raspi4b.cpio", "raspi4b.cpio: its /init is a program for aarch64",
     VMB_ERROR_USAGE},
    {"$build --add /proc/version:/x", "/proc/version: has more or fewer bytes than its size says; add a "
     "copy of it", VMB_ERROR_SETUP},
    {"$build --add /sys/kernel/uevent_seqnum:/x", "uevent_seqnum: has more or fewer bytes than its size",
     VMB_ERROR_SETUP},
    {"$build --set -mX=1", "--set -mX=1: the name '-mX' is not made of capitals", VMB_ERROR_SETUP},
    {"$build --no-base --base $IMAGES/x86.cpio", "--no-base and --base exclude each other; leave one of "
     "them out: see vmbench rootfs build --help", VMB_ERROR_USAGE},
    {"$build -o ''", "--output is empty; give the name of a file: see vmbench", VMB_ERROR_USAGE},
    {"$build --no-base", "/init of the image is missing", VMB_ERROR_SETUP},
    {"$build --add /nowhere:/x", "/nowhere: cannot be read: No such file", VMB_ERROR_SETUP},
    {"$build --add /bin/true:/usr/bin/x", "/bin/true: needs /lib64/ld-linux-x86-64.so.2, which is not in",
     VMB_ERROR_SETUP},
    {"echo x >f; $build --add f:/init", "guest path /init is in the base archive already; give --replace",
     VMB_ERROR_SETUP},
    {"echo x >f; $build --add f:/usr/bin/ls", "/usr/bin/ls: the guest has /bin/ls", VMB_ERROR_SETUP},
    {"truncate -s 4294967295 f; little_memory; $build --add f:/x",
     "f: has 4 GiB - 1 or more, and an image takes files below that; split it", VMB_ERROR_SETUP},
    {"claim ffffffff >b; little_memory; $build --base b",
     "base archive b: member '/f' says that it has 4 GiB - 1 or more", VMB_ERROR_SETUP},
    {"(claim ffffffff; head -c 256M /dev/zero) | gzip -1 >b; little_memory; $build --base b",
     "base archive b: member '/f' says that it has 4 GiB - 1 or more", VMB_ERROR_SETUP},
    {"claim fffffffe >b; little_memory; $build --base b",
     "base archive b: is truncated, damaged or no cpio", VMB_ERROR_SETUP},
#ifndef MUCH_MEMORY
    {"(claim 38000000; head -c 896M /dev/zero) | gzip -1 >b; little_memory; $build --base b",
     "base archive b: member '/f' makes it larger than the memory there is; leave out", VMB_ERROR_SETUP},
    {"mkdir t; truncate -s 300M t/1 t/2 t/3; cd t; ls | cpio --quiet -o -H newc | gzip -1 >../b; cd ..;"
     "little_memory; $build --base b",
     "base archive b: member '/3' makes it larger than the memory there is; leave out", VMB_ERROR_SETUP},
    {"links 250000 4000 >b; little_memory; $build --base b",
     " makes it larger than the memory there is; leave out", VMB_ERROR_SETUP},
    {"links 2000000 4 >b; little_memory; $build --base b",
     " makes it larger than the memory there is; leave out", VMB_ERROR_SETUP},
#endif
    {"echo x >f; $build --add f:/opt/$(printf 'x%.0s' $(seq 256))", "has a part of more than 255 bytes",
     VMB_ERROR_SETUP},
    {"echo x >f; $build --add f:$(printf '/x%.0s' $(seq 2048))", "is longer than 4095 bytes",
     VMB_ERROR_SETUP},
    {"echo 'int main(void){' >a.c; mkdir p; mv a.c p; $build --pkg p", "p: cannot be built: see the lines",
     VMB_ERROR_SETUP},
    {"mkdir p; $build --pkg p", "holds no meson.build, no Makefile and no C files", VMB_ERROR_SETUP},
    {"mkdir p; echo 'x:' >p/Makefile; $build --pkg p", "makes no program p", VMB_ERROR_SETUP},
    {"$build --pkg nowhere", "nowhere: No such file or directory; name the directory of the sources",
     VMB_ERROR_SETUP},
    {"$build --overlay nowhere", "directory nowhere: cannot be read: No such file or directory; check the",
     VMB_ERROR_SETUP},
    {"$build --with-libs --libs-from nowhere", "--libs-from nowhere: cannot be read: No such file or "
     "directory; name a directory that is there", VMB_ERROR_SETUP},
    {"$build --libs-from /etc/passwd", "--libs-from /etc/passwd: cannot be read: Not a directory",
     VMB_ERROR_SETUP},
    {"$build --manifest nowhere", "manifest nowhere: cannot be read: No such file or directory; check the",
     VMB_ERROR_SETUP},
    {"$build --kernel-modules nowhere", "kernel modules: directory nowhere: cannot be read: No such file or "
     "directory; check the", VMB_ERROR_SETUP},
    {"echo 'dir /x 999 0 0' >m; $build --manifest m", "m:1: '999' is no octal number; write a mode like 755",
     VMB_ERROR_USAGE},
    {"mkdir b; $build --base b", "base archive b: is a directory; pack it", VMB_ERROR_SETUP},
    {"cat b.cpio | $build --base /dev/stdin", "base archive /dev/stdin: is no regular file; write it",
     VMB_ERROR_SETUP},
    {"mkdir t; mkfifo t/x.in; $build --overlay t", "t/x.in: is a device, pipe or socket", VMB_ERROR_SETUP},
    {"program p hi; mkdir c; : >c/vmmio-bench; XDG_CACHE_HOME=$PWD/c $build --pkg p",
     "what is built is kept there: make it writable", VMB_ERROR_SETUP},
    {"mkdir 'a b'; : >'a b/c.c'; $build --pkg 'a b'", "has a blank or one of", VMB_ERROR_SETUP},
    {"program p hi; XDG_CACHE_HOME=\"$PWD/a b\" $build --pkg p", "has a blank or one of", VMB_ERROR_SETUP},
    {"program p hi; : >p/Makefile; ln -s nowhere p/link; $build --pkg p",
     "cannot be copied: mend or remove what", VMB_ERROR_SETUP},
    {"program p hi; PATH=/nowhere; $build --pkg p", "pkg/build", VMB_ERROR_SETUP},
    {"$build --add /etc/hostname:/x -o /nowhere/out.cpio",
     "cannot write /nowhere/out.cpio: No such file or directory; name a file in",
     VMB_ERROR_SETUP},
    {"program p hi; $ROOTFS_BUILD --machine x86 -o out.cpio --pkg p",
     "p: rootfs-build builds nothing from source; use vmbench rootfs build", 1},
    {"$ROOTFS_BUILD --machine x86 -o out.cpio --lib p",
     "p: rootfs-build builds nothing from source", 1},
};

START_TEST(a_mistake_is_named)
{
    must_fail(mistakes[_i].script, mistakes[_i].says, mistakes[_i].status);
}
END_TEST

/* The user's own files, not the copies that are built, and once. */
static const struct faulty {
    const char *make, *option, *file;
} faulty[] = {
    {"program p hi", "--pkg p", "p/main.c"},
    {"program p hi; printf 'p: main.c\\n\\t$(CC) -o p '$PWD'/p/main.c\\n' >p/Makefile", "--pkg p",
     "p/main.c"},
    {"program p hi; printf 'p:\\n\\t$(CC) -o p $(CURDIR)/main.c\\n' >p/Makefile", "--pkg p", "p/main.c"},
    {"program p hi; printf 'project(\"p\", \"c\")\\nexecutable(\"p\", \"main.c\", install: true)\\n' |"
     "tr '\"' \"'\" >p/meson.build", "--pkg p", "p/main.c"},
    {"program p hi; program own hi", "--lib own --pkg p", "own/main.c"},
    {"module drv", "--module drv", "drv/drv.c"},
    {"module drv; echo 'obj-m := drv.o' >drv/Kbuild", "--module drv", "drv/drv.c"},
};

START_TEST(a_compilers_error_names_the_users_file)
{
    g_autofree char *script = g_strdup_printf(
        "%s; echo 'int x = y;' >>%s; ! $build %s 2>told; cat told >&2;"
        "grep 'error: .*y' told | sed \"s,^$PWD/,,; s,:.*,,\"", faulty[_i].make, faulty[_i].file,
        faulty[_i].option);
    g_autofree char *expected = g_strconcat(faulty[_i].file, "\n", NULL);

    must_print(script, expected);
}
END_TEST

/* A fake compiler stands in for one that is missing: PATH has the rest of what the script needs. */
START_TEST(a_missing_compiler_is_named)
{
    ck_assert_int_eq(run("program p hi; mkdir bin; for tool in /usr/bin/*; do case $tool in *-gcc*) ;;"
                         "*) ln -s $tool bin/ ;; esac; done; PATH=$PWD/bin; $build --pkg p"),
                     VMB_ERROR_SETUP);
    ck_assert_msg(strstr(child.err, "no compiler x86_64-linux-gnu-gcc: install Debian's packages gcc"),
                  "%s", child.err);
}
END_TEST

static Suite *rootfs_build_suite(void)
{
    Suite *suite = suite_create("rootfs_build");
    TCase *tc = tcase_create("rootfs_build");

    tcase_set_timeout(tc, PATIENCE_SECONDS);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, each_kind_of_package, 0, G_N_ELEMENTS(packages));
    tcase_add_test(tc, a_library_for_programs);
    tcase_add_test(tc, libraries_that_use_each_other);
    tcase_add_test(tc, another_makes_variables_are_its_own);
    tcase_add_test(tc, a_package_may_have_any_name);
    tcase_add_test(tc, only_what_changed_is_built_again);
    tcase_add_loop_test(tc, what_make_would_not_see, 0, G_N_ELEMENTS(changes));
    tcase_add_test(tc, links_in_sources);
    tcase_add_test(tc, what_a_package_installs_is_no_template);
    tcase_add_test(tc, two_that_build_the_same_two);
    tcase_add_test(tc, who_waits_says_so_and_can_be_ended);
    tcase_add_test(tc, equal_input_in_another_directory);
    tcase_add_test(tc, files_of_every_kind);
    tcase_add_test(tc, values_behind_short_options);
    tcase_add_test(tc, names_of_any_bytes);
    tcase_add_test(tc, a_dynamic_program_and_its_libraries);
    tcase_add_loop_test(tc, a_mistake_is_named, 0, G_N_ELEMENTS(mistakes));
    tcase_add_loop_test(tc, a_compilers_error_names_the_users_file, 0, G_N_ELEMENTS(faulty));
    tcase_add_test(tc, a_missing_compiler_is_named);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(rootfs_build_suite());
}
