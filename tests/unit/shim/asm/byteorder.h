/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: the system's uapi header and the kernel's short names. */
#ifndef _SHIM_ASM_BYTEORDER_H
#define _SHIM_ASM_BYTEORDER_H

#include_next <asm/byteorder.h>

#define cpu_to_be16	__cpu_to_be16
#define be32_to_cpu	__be32_to_cpu
#define cpu_to_be32	__cpu_to_be32
#define be64_to_cpu	__be64_to_cpu

#endif /* _SHIM_ASM_BYTEORDER_H */
