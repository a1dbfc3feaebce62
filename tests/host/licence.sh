#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, nobody could tell under which licence a file is.
. "$(dirname "$0")/lib.sh"

unlicensed() {
	local file

	find . \( -path ./.git -o -path ./build -o -path ./LICENSES \) -prune \
		-o -type f ! -name '*.o' ! -name '*.pyc' ! -name '.checkpatch-*' -print |
	while read -r file; do
		head -n 3 "$file" | grep -q SPDX-License-Identifier || echo "$file"
	done
}

silent "each file names its licence" unlicensed
done_testing
