#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A handler can be a shell script: this one starts the C program of the memory example.
exec "$OUTSIDE" "$1"
