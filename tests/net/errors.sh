#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program could not tell a service that is not there from one that is slow.
. "$(dirname "$0")/lib.sh"

run_suite errors
