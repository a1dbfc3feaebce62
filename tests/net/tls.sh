#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, kernel TLS on a service would fail, or break TLS of other programs and pin the module.
. "$(dirname "$0")/lib.sh"

modprobe tls 2>/dev/null	# built in, or a module
run_suite tls
