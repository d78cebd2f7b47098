/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs of docs/client-library.md, of the headers and of the manual, and one as people have
 * them: each against a VM that speaks bytes. They are in the directory PROGRAMS.
 */
#include "fake_vm.h"
#include "program.h"
#include "tap.h"
#include "vector.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEST_SECONDS 60
#define PATH_SIZE 512

static struct fake_vm vm, dma;
static struct program program;

static void start(void)
{
    fake_vm_bind(&vm, NULL);
    fake_vm_listen(&vm);
}

static void run_with(const char *name, const char *const *args)
{
    const char *directory = getenv("PROGRAMS");
    char path[PATH_SIZE];

    ck_assert_msg(directory != NULL, "set PROGRAMS to the directory of the programs");
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    program_run(&program, path, args);
}

static void run(const char *name, const char *target)
{
    run_with(name, (const char *[]){ target, NULL });
}

static void run_and_accept(const char *name)
{
    run(name, vm.target);
    fake_vm_accept(&vm);
    fake_vm_expect_vector(&vm, "claim-0");
}

/* Its last line, and that it ends with status 1. */
static void check_end(const char *line)
{
    program_expect_line(program.err, line);
    program_expect_end(program.err);
    ck_assert_int_eq(program_wait(&program), 1);
}

/* A vector to another address of range 0: the low bytes of 0xfef00000 + offset. */
static struct vector at_offset(const char *name, unsigned offset)
{
    struct vector packet;

    vector_load(name, &packet);
    packet.bytes[16] = (uint8_t)offset;
    packet.bytes[17] = (uint8_t)(offset >> 8);
    return packet;
}

/* Send it; the reply is the same but for the first `len` bytes of data. */
static void ask(struct vector request, const void *data, size_t len)
{
    fake_vm_send(&vm, request.bytes, request.len);
    memcpy(request.bytes + 24, data, len);
    fake_vm_expect(&vm, request.bytes, request.len);
}

static void ask_failing(struct vector request)
{
    fake_vm_send(&vm, request.bytes, request.len);
    request.bytes[3] |= 0x40;
    fake_vm_expect(&vm, request.bytes, request.len);
}

/* Line 0 of range 0. */
static void expect_level(uint8_t level)
{
    struct vector update;

    vector_load("irq-raise", &update);
    update.bytes[0] = 0;
    update.bytes[16] = 0;
    update.bytes[24] = level;
    fake_vm_expect(&vm, update.bytes, update.len);
}

START_TEST(registers_keep_their_bytes)
{
    run_and_accept("registers");
    ask(at_offset("writea-8", 0), "\0\1\2\3\4\5\6\7", 8);
    ask(at_offset("read-1", 3), "\3", 1);
    ask(at_offset("read-1", 7), "\7", 1);
    ask(at_offset("read-1", 8), "\0", 1);
    ask_failing(at_offset("read-1", 16));
    ask_failing(at_offset("writea-8", 9));
    ask_failing(at_offset("writea-8", 0xffc));
    fake_vm_hang_up(&vm);
    check_end("registers: Connection reset by peer\n");
}
END_TEST

/* Each level goes out before the reply. */
START_TEST(the_last_register_is_an_interrupt)
{
    struct vector packet;

    run_and_accept("registers");
    for (unsigned i = 0; i < 2; i++) {
        packet = at_offset("write-1", 12);
        fake_vm_send(&vm, packet.bytes, packet.len);
        expect_level(1);
        packet = at_offset("read-1", 12);
        fake_vm_send(&vm, packet.bytes, packet.len);
        expect_level(0);
        packet.bytes[24] = 0x7e;
        fake_vm_expect(&vm, packet.bytes, packet.len);
    }
    program_kill(&program);
}
END_TEST

/* Nobody listens: one line, and not a crash. */
START_TEST(refused)
{
    static const char *const names[] = { "registers", "stream", "old_style", "man" };
    char line[64];

    close(vm.listener);
    run(names[_i], vm.target);
    snprintf(line, sizeof(line), "%s: Connection refused\n", _i == 3 ? "device" : names[_i]);
    check_end(line);
}
END_TEST

static void expect_event(const struct fake_vm *of, const char *event)
{
    char line[192];

    snprintf(line, sizeof(line), "%s: %s\n", of->target, event);
    program_expect_line(program.out, line);
}

/* Two VMs: one that goes away and comes again, and one that does not notice. */
START_TEST(loop_stays_connected)
{
    struct fake_vm other;

    fake_vm_bind(&other, NULL);
    fake_vm_listen(&other);
    run_with("loop", (const char *[]){ vm.target, other.target, NULL });
    fake_vm_accept(&vm);
    fake_vm_expect_vector(&vm, "claim-0");
    expect_event(&vm, "connected");
    fake_vm_accept(&other);
    fake_vm_expect_vector(&other, "claim-0");
    expect_event(&other, "connected");
    fake_vm_send_vector(&vm, "reset");
    expect_event(&vm, "range 0 is reset");
    fake_vm_hang_up(&vm);
    expect_event(&vm, "Connection reset by peer");
    fake_vm_accept(&vm);
    fake_vm_expect_vector(&vm, "claim-0");
    expect_event(&vm, "connected");
    ask(at_offset("read-1", 3), "\xaa", 1);
    fake_vm_send_vector(&other, "writea-8");
    fake_vm_expect_vector(&other, "writea-8");
    program_kill(&program);
}
END_TEST

START_TEST(loop_refuses_bad_arguments)
{
    const char *args[18] = { NULL };

    run_with("loop", args);
    program_expect_line(program.err, "usage: loop TARGET...");
    ck_assert_int_eq(program_wait(&program), 2);
    for (unsigned i = 0; i < 17; i++) {
        args[i] = vm.target;
    }
    run_with("loop", args);
    program_expect_line(program.err, "usage: loop TARGET...");
    ck_assert_int_eq(program_wait(&program), 2);
    run("loop", "localhost:none");
    check_end("loop: localhost:none: Invalid argument\n");
}
END_TEST

/* A page of the guest is at 0x40001000. */
static struct vector page_at_register_0(void)
{
    struct vector write = at_offset("writea-8", 0);

    memcpy(write.bytes + 24, "\x00\x10\x00\x40\0\0\0\0", 8);
    return write;
}

static struct vector read_of_left(void)
{
    struct vector read = at_offset("read-8-secure", 0);

    read.bytes[0] = 0;
    return read;
}

static void read_left(uint8_t blocks)
{
    ask(read_of_left(), (uint8_t[8]){ blocks }, 8);
}

/* There is no order between two connections: the last block may be under way yet. */
static void read_until_none_is_left(void)
{
    struct vector read = read_of_left();
    uint8_t reply[64];

    do {
        fake_vm_send(&vm, read.bytes, read.len);
        fake_vm_receive(&vm, reply, sizeof(reply));
        ck_assert_uint_le(reply[24], 1);
    } while (reply[24] != 0);
}

/* The 128 requests of a block, each the reply to itself. */
static void take_block(uint8_t value)
{
    for (unsigned i = 0; i < 128; i++) {
        uint8_t expected[64] = { 0, 0, 0, 0x80, 0, 0, 0, 0, 5, 0, 0x20, 0, 0xff, 0xff, 0xff, 0xff,
                                 (uint8_t)(i * 32), (uint8_t)(0x10 + i / 8), 0, 0x40 };
        uint8_t got[64];

        memset(expected + 24, value, 32);
        fake_vm_receive(&dma, got, sizeof(got));
        memcpy(expected + 4, got + 4, 4); /* the tag */
        ck_assert_mem_eq(got, expected, sizeof(got));
        fake_vm_send(&dma, got, sizeof(got));
    }
}

static void take_stream(void)
{
    struct vector page = page_at_register_0();

    ask(page, page.bytes + 24, 8);
    dma = vm;
    dma.conn = -1;
    fake_vm_accept(&dma);
    read_left(100);
    ask_failing(page); /* not before the last block is written */
    for (uint8_t block = 100; block > 0; block--) {
        take_block(block);
    }
    read_until_none_is_left();
    read_left(0);
    fake_vm_hang_up(&dma);
}

START_TEST(stream_fills_a_page)
{
    run_and_accept("stream");
    read_left(0);
    take_stream();
    fake_vm_hang_up(&vm);
    check_end("stream: Connection reset by peer\n");
}
END_TEST

/* The VM takes no second connection at first: the write fails, and a later one does not. */
START_TEST(stream_begins_anew_after_a_failure)
{
    char directory[] = "/tmp/coreio-XXXXXX", path[sizeof(directory) + sizeof("/vm")];
    int conn;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/vm", directory);
    fake_vm_stop(&vm);
    fake_vm_bind_unix(&vm, path, NULL);
    fake_vm_listen(&vm);
    run_and_accept("stream");
    conn = vm.conn;
    close(vm.listener);
    unlink(path);
    ask_failing(page_at_register_0());
    read_left(0);
    fake_vm_bind_unix(&vm, path, NULL);
    fake_vm_listen(&vm);
    vm.conn = conn;
    take_stream();
    program_kill(&program);
    unlink(path);
    rmdir(directory);
}
END_TEST

START_TEST(example_reads_as_42)
{
    static const char *const names[] = { "coreio.h", "coreio-ctx.h", "man" };

    run_and_accept(names[_i]);
    ask(at_offset("read-1", 3), "\x2a", 1);
    fake_vm_hang_up(&vm);
    ck_assert_int_eq(program_wait(&program), 1);
}
END_TEST

START_TEST(old_style_keeps_its_bytes)
{
    static const char *const names[] = { "old_style", "old_style_cxx", "old_style_static" };

    run_and_accept(names[_i]);
    ask(at_offset("writea-8", 0), "\0\1\2\3\4\5\6\7", 8);
    ask(at_offset("read-1", 3), "\3", 1);
    fake_vm_hang_up(&vm);
    check_end("old_style: Connection reset by peer\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("programs");
    TCase *tcase = tcase_create("programs");

    tcase_set_timeout(tcase, TEST_SECONDS);
    tcase_add_checked_fixture(tcase, start, NULL);
    tcase_add_test(tcase, registers_keep_their_bytes);
    tcase_add_test(tcase, the_last_register_is_an_interrupt);
    tcase_add_loop_test(tcase, refused, 0, 4);
    tcase_add_test(tcase, loop_stays_connected);
    tcase_add_test(tcase, loop_refuses_bad_arguments);
    tcase_add_test(tcase, stream_fills_a_page);
    tcase_add_test(tcase, stream_begins_anew_after_a_failure);
    tcase_add_loop_test(tcase, example_reads_as_42, 0, 3);
    tcase_add_loop_test(tcase, old_style_keeps_its_bytes, 0, 3);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
