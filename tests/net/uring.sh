#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, io_uring programs could not use services.
. "$(dirname "$0")/lib.sh"

run_suite uring
