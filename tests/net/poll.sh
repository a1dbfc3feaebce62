#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, event-driven programs would hang or spin on services.
. "$(dirname "$0")/lib.sh"

run_suite poll
