# SPDX-License-Identifier: GPL-2.0-or-later
# What qemu-system-x86_64 of the bench can emulate: the three PC machines, two
# serial lines and a network card.
CONFIG_I440FX=y
CONFIG_Q35=y
CONFIG_MICROVM=y
CONFIG_VMMIO=y
CONFIG_SERIAL_ISA=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_NET=y
