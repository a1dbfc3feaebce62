#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the module would not build where it should, or build where it must not.
. "$(dirname "$0")/lib.sh"

build() { "$LAB/build-module" "$1" > /dev/null; }

# refused TEXT VERSION AUTOCONF
refused() {
	local kdir=$tmp/kdir

	mkdir -p "$kdir/include/config"
	printf 'kernelversion:\n\t@echo %s\n' "$2" > "$kdir/Makefile"
	echo "$3" > "$kdir/include/config/auto.conf"
	silent "$1" one_sentence "$kdir"
}

one_sentence() {
	! scripts/check-kernel "$1" 2> "$tmp/said" || return
	[ "$(wc -l < "$tmp/said")" = 1 ] && grep -q '6\.1 to 6\.12.*KDIR=' "$tmp/said"
}

for kernel in "${KERNELS[@]}"; do
	silent "the module builds without a warning: Linux $kernel" build "$kernel"
	silent "its headers are accepted" scripts/check-kernel "$("$LAB/kernels" "$kernel")/kdir"
done
refused "an older kernel is refused in one sentence" 6.0.19 CONFIG_64BIT=y
refused "a later one" 6.13.1 CONFIG_64BIT=y
refused "a 32-bit one" 6.12.1 CONFIG_X86_32=y
silent "missing headers" one_sentence "$tmp/none"
done_testing
