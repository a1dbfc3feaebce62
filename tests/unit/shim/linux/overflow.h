/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in. */
#ifndef _SHIM_LINUX_OVERFLOW_H
#define _SHIM_LINUX_OVERFLOW_H

#define struct_size(p, member, count) \
	__builtin_offsetof(__typeof__(*(p)), member[count])

#endif /* _SHIM_LINUX_OVERFLOW_H */
