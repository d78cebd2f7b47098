/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <sys/mman.h>
#include <unistd.h>

/* The reset vector is at 0. */
#define BRANCH_TO_CODE 0x14000080 /* b 0x200 */

/* A firmware image in a file without a name, which the QEMU to come inherits. */
static int make_firmware(const uint32_t *words, size_t count)
{
    uint32_t branch = GUINT32_TO_LE(BRANCH_TO_CODE);
    int fd = memfd_create("firmware", 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, &branch, sizeof(branch), 0), sizeof(branch));
    for (size_t i = 0; i < count; i++) {
        uint32_t word = GUINT32_TO_LE(words[i]);

        ck_assert_int_eq(pwrite(fd, &word, sizeof(word), GUEST_CODE + (off_t)i * 4), sizeof(word));
    }
    return fd;
}

void guest_start(struct qtest *vm, const char *machine, const char *properties,
                 const uint32_t *words, size_t count)
{
    int firmware = make_firmware(words, count);

    qtest_start(vm, "aarch64",
                DEVICE_VIRT " -S -bios /proc/self/fd/%d %s"
                " -device vmmio,id=vmmio0,listen=127.0.0.1:0,%s",
                firmware, machine, properties);
    close(firmware);
    qmp_open(vm);
}

void guest_run(struct qtest *vm, struct peer *peer, const char *machine, const char *properties,
               const uint32_t *words, size_t count)
{
    guest_start(vm, machine, properties, words, count);
    device_connect_and_claim(vm, peer);
    qmp_run(vm, "cont");
}

void guest_start_reader(struct qtest *vm, const char *machine, const char *properties)
{
    static const uint32_t reader[] = {
        0xd2bfde01, /*    mov  x1, #0xfef00000 */
        0xd2a80603, /*    mov  x3, #0x40300000 */
        0x52800004, /*    mov  w4, #0          */
        0xb9400022, /* 1: ldr  w2, [x1]        */
        0xb9000062, /*    str  w2, [x3]        */
        0x11000484, /*    add  w4, w4, #1      */
        0xb9000464, /*    str  w4, [x3, #4]    */
        0x17fffffc, /*    b    1b              */
    };

    guest_start(vm, machine, properties, reader, G_N_ELEMENTS(reader));
}

void guest_start_aborting_reader(struct qtest *vm, const char *machine, const char *properties)
{
    static const uint32_t reader[] = {
        0xd5385205, /*    mrs  x5, esr_el1     0 at first, else this is the exception */
        0xd2a80603, /*    mov  x3, #0x40300000 */
        0xb5000085, /*    cbnz x5, 1f          */
        0xd2bfde01, /*    mov  x1, #0xfef00000 */
        0xb9400022, /*    ldr  w2, [x1]        */
        0x14000000, /*    b    .               */
        0xb9000065, /* 1: str  w5, [x3]        */
        0x14000000, /*    b    .               */
    };

    guest_start(vm, machine, properties, reader, G_N_ELEMENTS(reader));
}

static void await_result(struct qtest *vm, unsigned offset, uint32_t value, bool or_more)
{
    gint64 end = g_get_monotonic_time() + QTEST_SECONDS * G_TIME_SPAN_SECOND;
    uint64_t got;

    while ((got = qtest_read(vm, 4, GUEST_RESULTS + offset)) != value &&
           !(or_more && got > value)) {
        if (g_get_monotonic_time() > end) {
            qtest_fail(vm, "the guest left 0x%" PRIx64 ", expected 0x%x", got, value);
        }
        g_usleep(1000);
    }
}

void guest_await_result(struct qtest *vm, unsigned offset, uint32_t value)
{
    await_result(vm, offset, value, false);
}

void guest_await_at_least(struct qtest *vm, unsigned offset, uint32_t value)
{
    await_result(vm, offset, value, true);
}
