/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An x86 guest makes a pin of its IOAPIC level-triggered when a driver asks for the interrupt,
 * which may be long after a handler has raised the line: see docs/decisions/0009-ioapic-lines.md.
 */
#include "device.h"
#include "snapshot.h"

#include <unistd.h>

#define PC "-accel qtest -M pc -m 32 -device vmmio,id=vmmio0,listen=127.0.0.1:0,irq=20"
#define PIN 20

/* IRQ_UPDATE of range 0, line 0; and RESET of range 0. */
#define IRQ_WORDS "00 00 00 80 00 00 00 00  41 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00 "
#define RAISE IRQ_WORDS "01"
#define LOWER IRQ_WORDS "00"
#define RESET_0 "00 00 00 00 00 00 00 00  ff"

/* 82093AA: register select and window; an entry of the redirection table, its lower half first. */
#define SELECT UINT64_C(0xfec00000)
#define WINDOW UINT64_C(0xfec00010)
#define ENTRY(pin) (0x10 + 2 * (pin))
#define VECTOR 0x30
#define DELIVERED (1u << 14) /* "remote IRR" */
#define LEVEL (1u << 15)
#define MASKED (1u << 16)

static void start(struct qtest *vm, struct peer *peer)
{
    qtest_allow_leaks();
    qtest_start(vm, "x86_64", PC);
    qmp_open(vm);
    qtest_intercept_irqs(vm, "ioapic");
    device_connect_and_claim(vm, peer);
}

static void set_level(struct qtest *vm, struct peer *peer, bool level)
{
    peer_send_text(peer, level ? RAISE : LOWER);
    qtest_await_irq(vm, PIN, level);
}

static void set_up(struct qtest *vm, uint32_t mode)
{
    qtest_write(vm, 4, SELECT, ENTRY(PIN));
    qtest_write(vm, 4, WINDOW, VECTOR | mode);
}

static bool is_delivered(struct qtest *vm)
{
    qtest_write(vm, 4, SELECT, ENTRY(PIN));
    return (qtest_read(vm, 4, WINDOW) & DELIVERED) != 0;
}

START_TEST(raised_when_its_pin_is_ready)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer);
    set_up(&vm, LEVEL);
    ck_assert(!is_delivered(&vm));
    set_level(&vm, &peer, true);
    ck_assert(is_delivered(&vm));
    qtest_stop(&vm);
}
END_TEST

START_TEST(raised_before_its_pin_is_set_up)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer);
    set_level(&vm, &peer, true);
    set_up(&vm, LEVEL | MASKED);
    ck_assert(!is_delivered(&vm));
    set_up(&vm, LEVEL);
    ck_assert(is_delivered(&vm));
    qtest_stop(&vm);
}
END_TEST

START_TEST(raised_before_a_reset)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer);
    set_up(&vm, LEVEL | MASKED);
    set_level(&vm, &peer, true);
    qmp_run_until_event(&vm, "system_reset", "RESET");
    peer_expect(&peer, RESET_0, NULL);
    set_up(&vm, LEVEL);
    ck_assert(is_delivered(&vm));
    qtest_stop(&vm);
}
END_TEST

/* While the pin is as after a reset, or given up by its driver. */
START_TEST(lowered_before_its_pin_is_set_up)
{
    struct qtest vm;
    struct peer peer;

    start(&vm, &peer);
    set_up(&vm, LEVEL | MASKED);
    set_level(&vm, &peer, true);
    set_up(&vm, MASKED);
    set_level(&vm, &peer, false);
    set_up(&vm, LEVEL);
    ck_assert(!is_delivered(&vm));
    qtest_stop(&vm);
}
END_TEST

/* Of a line that its device does not drive again: one that no device has. */
START_TEST(raised_before_the_vm_is_saved)
{
    g_autofree char *path = snapshot_path();
    struct qtest vm;

    qtest_start(&vm, "x86_64", "-accel qtest -M pc -m 32");
    qmp_open(&vm);
    qtest_send(&vm, "set_irq_in ioapic unnamed-gpio-in %u 1", PIN);
    g_free(qtest_answer(&vm));
    snapshot_save_and_quit(&vm, path);

    qtest_start(&vm, "x86_64", "-accel qtest -M pc -m 32 -incoming file:%s", path);
    qmp_open(&vm);
    snapshot_await_running(&vm);
    set_up(&vm, LEVEL);
    ck_assert(is_delivered(&vm));
    qtest_stop(&vm);
    unlink(path);
}
END_TEST

int main(void)
{
    return DEVICE_RUN("ioapic", raised_when_its_pin_is_ready, raised_before_its_pin_is_set_up,
                      raised_before_a_reset, lowered_before_its_pin_is_set_up,
                      raised_before_the_vm_is_saved);
}
