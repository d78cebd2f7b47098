/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "hw/core/split-irq.h"
#include "hw/or-irq.h"
#include "hw/qdev-core.h"
#include "hw/sysbus.h"
#include "vmmio.h"
#include "vmmio-board.h"
#include "vmmio-irq-users.h"

#define UNNAMED_OUTPUT "unnamed-gpio-out["
#define UNNAMED_INPUT "unnamed-gpio-in["
#define SYSBUS_OUTPUT SYSBUS_DEVICE_GPIO_IRQ "["

/* Gates behind gates: no board has more than two in a row. */
#define DEPTH_MAX 4

typedef struct {
    qemu_irq input;
    GString *names;
    unsigned depth;
} UserSearch;

static void find_users(qemu_irq input, GString *names, unsigned depth);

static bool drives(Object *dev, ObjectProperty *output, qemu_irq input)
{
    return (g_str_has_prefix(output->name, SYSBUS_OUTPUT) ||
            g_str_has_prefix(output->name, UNNAMED_OUTPUT)) &&
           object_property_get_link(dev, output->name, NULL) == OBJECT(input);
}

/* A gate is no user: those who drive its inputs are. */
static void find_users_of_gate(Object *gate, UserSearch *search)
{
    ObjectPropertyIterator properties;
    ObjectProperty *property;

    object_property_iter_init(&properties, gate);
    while ((property = object_property_iter_next(&properties))) {
        if (g_str_has_prefix(property->name, UNNAMED_INPUT) && search->depth < DEPTH_MAX) {
            find_users(IRQ(object_resolve_path_component(gate, property->name)), search->names,
                       search->depth + 1);
        }
    }
}

char *vmmio_irq_user_name(Object *dev)
{
    g_autofree char *path = object_get_canonical_path(dev);

    return g_strdup_printf("%s (%s)", object_get_typename(dev), path);
}

static void add_user(Object *dev, UserSearch *search)
{
    g_autofree char *name = vmmio_irq_user_name(dev);

    if (object_dynamic_cast(dev, TYPE_OR_IRQ) || object_dynamic_cast(dev, TYPE_SPLIT_IRQ)) {
        find_users_of_gate(dev, search);
    } else if (!object_dynamic_cast(dev, TYPE_VMMIO) && !vmmio_board_drives_every_irq(dev) &&
               !strstr(search->names->str, name)) {
        g_string_append_printf(search->names, "%s%s", search->names->len ? ", " : "", name);
    }
}

static int visit_device(Object *dev, void *opaque)
{
    UserSearch *search = opaque;
    ObjectPropertyIterator properties;
    ObjectProperty *property;

    if (!object_dynamic_cast(dev, TYPE_DEVICE)) {
        return 0;
    }
    object_property_iter_init(&properties, dev);
    while ((property = object_property_iter_next(&properties))) {
        if (drives(dev, property, search->input)) {
            add_user(dev, search);
            break;
        }
    }
    return 0;
}

static void find_users(qemu_irq input, GString *names, unsigned depth)
{
    UserSearch search = { input, names, depth };

    object_child_foreach_recursive(object_get_root(), visit_device, &search);
}

char *vmmio_irq_users(qemu_irq input)
{
    GString *names = g_string_new(NULL);

    find_users(input, names, 0);
    return g_string_free(names, names->len == 0);
}
