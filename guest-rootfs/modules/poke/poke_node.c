/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poke_node.h"

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "poke_registers.h"

/* Whom the node pokes. It lives as long as a file is open: that keeps the module. */
static struct poke *poked;

static ssize_t poke_write(struct file *file, const char __user *from, size_t length,
                          loff_t *offset)
{
    u8 *text;
    int error;

    length = min_t(size_t, length, POKE_TEXT_MAX);
    text = vmemdup_user(from, length);
    if (IS_ERR(text)) {
        return PTR_ERR(text);
    }
    error = poke_text(poked, text, length, !(file->f_flags & O_NONBLOCK));
    kvfree(text);
    return error ?: length;
}

static const struct file_operations operations = {
    .owner = THIS_MODULE,
    .write = poke_write,
    .llseek = noop_llseek,
};

static int major;
static struct class poke_class = { .name = "poke" };

static void remove_class(void *unused)
{
    class_unregister(&poke_class);
}

static void remove_major(void *unused)
{
    unregister_chrdev(major, "poke");
}

static void remove_node(void *unused)
{
    device_destroy(&poke_class, MKDEV(major, 0));
}

/* The kernel's devtmpfs shows the device of a class; mknod works as well. */
int poke_node_add(struct poke *poke)
{
    struct device *parent = poke->device;
    int error = class_register(&poke_class);
    struct device *node;

    poked = poke;
    error = error ?: devm_add_action_or_reset(parent, remove_class, NULL);
    if (error) {
        return error;
    }
    major = register_chrdev(0, "poke", &operations);
    error = major < 0 ? major : devm_add_action_or_reset(parent, remove_major, NULL);
    if (error) {
        return error;
    }
    node = device_create(&poke_class, parent, MKDEV(major, 0), NULL, "poke");
    return IS_ERR(node) ? PTR_ERR(node) : devm_add_action_or_reset(parent, remove_node, NULL);
}
