#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the ways to move bytes (sendfile, splice, MSG_ZEROCOPY, ...) would lose some.
. "$(dirname "$0")/lib.sh"

run_suite data
