#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the netlink specification would describe another protocol.
. "$(dirname "$0")/lib.sh"

spec() { python3 tests/check-spec.py > "$tmp/log" 2>&1 || { cat "$tmp/log"; return 1; }; }

silent "the netlink specification agrees with the header" spec
done_testing
