# SPDX-License-Identifier: GPL-2.0-only
# TAP for the scripts of this directory; sourced by them.
# shellcheck shell=bash disable=SC2034

set -uo pipefail
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB=$TOP/scripts/lab
KERNELS=(6.1 6.12)
checks=0 failures=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$TOP" || exit

# silent TEXT COMMAND...: passes if the command succeeds without a word
silent() {
	local text=$1 word=ok

	shift
	checks=$((checks + 1))
	if ! "$@" > "$tmp/output" 2>&1 || [ -s "$tmp/output" ]; then
		word='not ok'
		failures=$((failures + 1))
	fi
	echo "$word $checks - $text"
	sed 's/^/# /' "$tmp/output"
}

done_testing() {
	echo "1..$checks"
	exit $((failures > 0))
}
