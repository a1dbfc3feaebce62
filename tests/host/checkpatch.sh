#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, kernel developers could not read the code as theirs.
. "$(dirname "$0")/lib.sh"

# It leaves a cache of names where it stands.
checkpatch() { (cd "$tmp" && "$LAB/checkpatch" "$@"); }

for dir in module include userspace tests/unit tests/prog tests/user; do
	mapfile -t files < <(find "$TOP/$dir" -name '*.[ch]')
	[ "${#files[@]}" = 0 ] || silent "checkpatch --strict: $dir" checkpatch "${files[@]}"
done
done_testing
