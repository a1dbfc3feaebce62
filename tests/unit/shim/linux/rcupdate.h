/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host stand-in: ordering as in the kernel; what kfree_rcu() gets is freed at
 * once, or when no reader can have it if a test sets shim_defer (shim.h).
 */
#ifndef _SHIM_LINUX_RCUPDATE_H
#define _SHIM_LINUX_RCUPDATE_H

#include "shim.h"

struct rcu_head {
	void *unused[2];
};

#define unlikely(cond)	__builtin_expect(!!(cond), 0)
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)

/* What these pair with is said where they are used */
#define smp_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
/* As above */
#define smp_store_release(p, v)		__atomic_store_n(p, v, __ATOMIC_RELEASE)
/* As above */
#define smp_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE)

#define rcu_dereference(p)		__atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_dereference_check(p, c)	((void)(c), rcu_dereference(p))
#define rcu_dereference_protected(p, c)	((void)(c), READ_ONCE(p))
#define rcu_assign_pointer(p, v)	__atomic_store_n(&(p), v, __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v)		__atomic_store_n(&(p), v, __ATOMIC_RELAXED)
#define kfree_rcu(p, ...)		shim_free_rcu(p)

#endif /* _SHIM_LINUX_RCUPDATE_H */
