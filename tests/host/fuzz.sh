#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a crafted packet could crash a host.
. "$(dirname "$0")/lib.sh"

fuzz() { make -s -C tests/unit fuzz > "$tmp/log" 2>&1 || { cat "$tmp/log"; return 1; }; }

silent "${FUZZ_SECONDS:-60} s of fuzzing find nothing" fuzz
done_testing
