#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, make install would leave something out, or uninstall something behind.
. "$(dirname "$0")/lib.sh"

# On a copy: the tree itself stays as it is.
prepare() {
	mkdir "$tmp/tree" &&
		cp -r Kbuild Makefile dkms.conf module include userspace scripts Documentation "$tmp/tree"
}

# O in the environment: as an argument it would be kbuild's too
# What kbuild says of keys and maps that headers lack matters only if it fails.
run_make() {
	O="$tmp/o" make -s -C "$tmp/tree" KDIR="$kdir" DESTDIR="$tmp/dest" PREFIX=/usr "$@" \
		> "$tmp/make" 2>&1 || { cat "$tmp/make"; return 1; }
}
installed() { [ "$([ ! -d "$tmp/dest" ] || find "$tmp/dest" -path "*$1" | wc -l)" = 1 ]; }
nothing_left() { find "$tmp/dest" ! -type d; }

kdir=$("$LAB/kernels" 6.12)/kdir
silent "a copy of the tree" prepare
silent "make install" run_make install
for file in '/updates/serval.ko*' /bin/serval /bin/svcat /include/linux/serval.h \
	/include/netinet/serval.h /include/libserval/serval.h; do
	silent "installs $file" installed "$file"
done
silent "make uninstall" run_make uninstall
silent "leaves nothing" nothing_left
done_testing
