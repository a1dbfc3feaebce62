#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the contracts in the code would not be readable as documentation.
. "$(dirname "$0")/lib.sh"

kernel_doc() {
	local kdir

	kdir=$(readlink -e "$("$LAB/kernels" 6.12)/kdir")
	"$(dirname "$(readlink -e "$kdir/scripts/mod/modpost")")/../kernel-doc" -none \
		module/*.[ch] include/uapi/linux/*.h
}

silent "kernel-doc: module/ and the uapi header" kernel_doc
done_testing
