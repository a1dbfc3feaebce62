#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, TCP Fast Open would cost a round trip more or lose its first data.
. "$(dirname "$0")/lib.sh"

run_suite fastopen
