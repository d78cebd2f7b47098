# SPDX-License-Identifier: GPL-2.0-or-later
#
#   make              set everything up and build
#   make demo         the example on both machines, compared byte for byte (MACHINE=M: on one)
#   make shell        an interactive guest, MACHINE=raspi4b or MACHINE=x86
#   make check        every test, and those without a guest once more under sanitizers
#   make check-slow   the tests that take long and download, as root: an own Debian in the guests
#   make bench        the speed figures, also as build/bench.json
#   make fuzz         both fuzzers, SECONDS=600 for that long
#   make fuzz-corpus  keep what the fuzzers found
#   make valgrind     the client library's tests under valgrind
#   make clean        remove what was built here; QEMU and the kernels stay in the cache
#   make help         this list
#
# QEMU_DIR=DIR uses a ready QEMU instead of building one, SANITIZED_QEMU_DIR=DIR likewise;
# BUILD=DIR builds elsewhere.

MACHINE ?=
BUILD ?= build
QEMU_DIR ?=
SANITIZED = $(BUILD)-sanitized
SANITIZED_QEMU_DIR ?=
SECONDS ?= 600
VMBENCH = $(BUILD)/harness/vmbench

all: setup
	@ci/build "$(BUILD)" "$(QEMU_DIR)"

# Each step finds out in milliseconds that there is nothing to do.
setup:
	@ci/setup-packages
	@$(if $(QEMU_DIR),,qemu-device/prepare)
	@guest-rootfs/prepare

sanitized: all
	@ci/setup-packages --sanitizers
	@$(if $(SANITIZED_QEMU_DIR),,qemu-device/prepare --sanitized)
	@ci/build-sanitized "$(SANITIZED)" "$(BUILD)" "$(SANITIZED_QEMU_DIR)"

demo: all
	@$(VMBENCH) demo --machine $(or $(MACHINE),all)

check: sanitized
	@ci/check $(BUILD) $(SANITIZED)

check-slow: all
	@ci/setup-packages --slow
	@meson test -C $(BUILD) --no-rebuild --suite slow -v

# However long it takes: meson's limit for a test is lifted.
fuzz: sanitized
	@FUZZ_SECONDS=$(SECONDS) meson test -C $(SANITIZED) --no-rebuild --suite fuzz -t 0 -v

fuzz-corpus: sanitized
	@ninja -C $(SANITIZED) --quiet minimise_wire minimise_conn

valgrind: all
	@meson test -C $(BUILD) --no-rebuild --suite valgrind

bench: all
	@$(VMBENCH) bench

shell: all
	@$(VMBENCH) shell --machine $(or $(MACHINE),raspi4b)

# The comment above.
help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

clean:
	rm -rf $(BUILD) $(SANITIZED)

.PHONY: all setup sanitized demo check check-slow valgrind fuzz fuzz-corpus bench shell help clean
