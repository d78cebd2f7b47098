/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/notify.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "system/system.h"
#include "vmmio-board.h"
#include "vmmio-irq.h"
#include "vmmio-irq-users.h"

static bool parse_list(VmmioState *s, Error **errp)
{
    g_auto(GStrv) items = g_strsplit(s->irq_list ? s->irq_list : "", ":", -1);

    for (unsigned i = 0; items[i]; i++) {
        if (i == VMMIO_SYSTEM_IRQS_MAX) {
            error_setg(errp, "vmmio: irq=%s has more than %u numbers", s->irq_list,
                       VMMIO_SYSTEM_IRQS_MAX);
            return false;
        }
        if (qemu_strtoui(items[i], NULL, 0, &s->irq_number[i]) < 0) {
            error_setg(errp, "vmmio: irq=%s: \"%s\" is no number; write irq=80 or irq=177:178",
                       s->irq_list, items[i]);
            return false;
        }
        s->n_irqs++;
    }
    return true;
}

typedef struct {
    unsigned number;
    bool found;
} Search;

static void look_for_number(VmmioState *s, void *opaque)
{
    Search *search = opaque;

    for (unsigned i = 0; i < s->n_irqs; i++) {
        search->found |= s->irq_number[i] == search->number;
    }
}

static bool vmmio_has(unsigned number)
{
    Search search = { .number = number };

    vmmio_foreach(look_for_number, &search);
    return search.found;
}

/* Two lines on one input would hide each other: the last change would win. */
static bool check_not_given(VmmioState *s, unsigned index, Error **errp)
{
    unsigned number = s->irq_number[index];
    bool given = vmmio_has(number);

    for (unsigned i = 0; i < index; i++) {
        given |= s->irq_number[i] == number;
    }
    if (given) {
        error_setg(errp, "vmmio: irq=%u is given twice: each line needs a number of its own",
                   number);
    }
    return !given;
}

/* What the board needs the input for, or the devices wired to it. NULL: it is free. */
static char *user_of(unsigned number)
{
    char *reserved = vmmio_board_irq_reserved(number);

    return reserved ? reserved : vmmio_irq_users(vmmio_board_irq(number, NULL));
}

static bool is_free(unsigned number)
{
    g_autofree char *user = user_of(number);

    return !user && !vmmio_has(number);
}

/* "3, 6, 16-23" */
static char *free_numbers(void)
{
    GString *text = g_string_new(NULL);

    for (unsigned first = 0; vmmio_board_irq(first, NULL); first++) {
        unsigned end = first;

        while (vmmio_board_irq(end, NULL) && is_free(end)) {
            end++;
        }
        if (end > first) {
            g_string_append_printf(text, "%s%u", text->len ? ", " : "", first);
            if (end - first > 1) {
                g_string_append_printf(text, "-%u", end - 1);
            }
            first = end;
        }
    }
    return g_string_free(text, false);
}

static void refuse(unsigned number, const char *user)
{
    g_autofree char *numbers = free_numbers();

    error_report("vmmio: irq=%u is not free: %s has it; free are %s", number, user,
                 numbers[0] ? numbers : "none");
    exit(1);
}

/* With the -device option in front of what is said, as when the device was realized. */
static void check_sharing(VmmioState *s, void *opaque)
{
    loc_push_restore(&s->location);
    for (unsigned i = 0; i < s->n_irqs; i++) {
        g_autofree char *user = user_of(s->irq_number[i]);

        if (!user) {
            continue;
        }
        if (!vmmio_board_shares_irqs()) {
            refuse(s->irq_number[i], user);
        }
        warn_report("vmmio: irq=%u is shared with %s: the guest sees the level that either "
                    "set last", s->irq_number[i], user);
    }
    loc_pop(&s->location);
}

static void on_machine_complete(Notifier *notifier, void *data)
{
    vmmio_foreach(check_sharing, NULL);
}

/* Devices that come behind ours on the command line count too. */
static void check_when_machine_is_complete(void)
{
    static Notifier notifier = { .notify = on_machine_complete };
    static bool added;

    if (!added) {
        added = true;
        qemu_add_machine_init_done_notifier(&notifier);
    }
}

bool vmmio_irqs_connect(VmmioState *s, Error **errp)
{
    if (!parse_list(s, errp)) {
        return false;
    }
    for (unsigned i = 0; i < s->n_irqs; i++) {
        qemu_irq input;

        if (!check_not_given(s, i, errp)) {
            return false;
        }
        input = vmmio_board_irq(s->irq_number[i], errp);
        if (!input) {
            return false;
        }
        sysbus_init_irq(SYS_BUS_DEVICE(s), &s->irq[i]);
        sysbus_connect_irq(SYS_BUS_DEVICE(s), i, input);
    }
    loc_save(&s->location);
    check_when_machine_is_complete();
    return true;
}
