#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, programs could not tune or inspect their connections.
. "$(dirname "$0")/lib.sh"

run_suite options
