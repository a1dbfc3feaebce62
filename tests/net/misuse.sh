#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, an unprivileged program could bring the kernel down.
. "$(dirname "$0")/lib.sh"

run_suite misuse
