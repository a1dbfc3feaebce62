#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the tools could misread what a user types or a kernel answers.
. "$(dirname "$0")/lib.sh"

make -s -C userspace check
