#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, sockets would not be called what they were bound or connected to.
# not on: debug, options and calls take the same steps
. "$(dirname "$0")/lib.sh"

run_suite names
