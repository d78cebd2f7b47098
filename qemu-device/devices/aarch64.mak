# SPDX-License-Identifier: GPL-2.0-or-later
# What qemu-system-aarch64 of the bench can emulate. QEMU's own lists are not
# included: every device here is one that a board needs or a scenario uses.
CONFIG_RASPI=y
CONFIG_ARM_VIRT=y
CONFIG_VMMIO=y

# Devices of the Pi 4 that its Kconfig entry does not select.
CONFIG_FRAMEBUFFER=y
CONFIG_OR_IRQ=y
CONFIG_PL011=y
CONFIG_SD=y
CONFIG_SDHCI=y
CONFIG_SPLIT_IRQ=y
CONFIG_UNIMP=y
CONFIG_USB_DWC2=y
CONFIG_USB_NETWORK=y
CONFIG_USB_STORAGE_BOT=y

# `virt` with devices that come and go.
CONFIG_USB_XHCI_PCI=y
