#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, programs could not open, half-close, hand on or end connections as they do over TCP.
. "$(dirname "$0")/lib.sh"

run_suite calls
