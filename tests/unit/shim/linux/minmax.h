/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in. */
#ifndef _SHIM_LINUX_MINMAX_H
#define _SHIM_LINUX_MINMAX_H

#define min_t(type, a, b) ({		\
	type _a = (a);			\
	type _b = (b);			\
	_a < _b ? _a : _b; })
#define min(a, b)	min_t(__typeof__(a), a, b)

#endif /* _SHIM_LINUX_MINMAX_H */
