/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: malloc() that can fail and is counted, see shim.h. */
#ifndef _SHIM_LINUX_SLAB_H
#define _SHIM_LINUX_SLAB_H

#include <linux/types.h>

#include "shim.h"

typedef unsigned int __bitwise gfp_t;

#define GFP_KERNEL	0U
#define GFP_NOWAIT	0U
#define __GFP_NOWARN	0U

#define kmalloc(size, gfp)	((void)(gfp), shim_alloc(size))
#define kzalloc(size, gfp)	((void)(gfp), shim_zalloc(size))
#define kfree(p)		shim_free(p)

#endif /* _SHIM_LINUX_SLAB_H */
