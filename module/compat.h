/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the supported kernels, 6.1 to 6.12.
 *
 * The only file that looks at the kernel's version.  The core is written in
 * the newest spelling; what an older kernel lacks is supplied here.
 */
#ifndef _SERVAL_COMPAT_H
#define _SERVAL_COMPAT_H

#include <linux/version.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/sysctl.h>
#include <net/inet_common.h>
#include <net/sock.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#error "serval supports Linux 6.1 to 6.12"
#endif

#if BITS_PER_LONG != 64
#error "serval supports 64-bit kernels only"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
/* 6.12: asm/unaligned.h became linux/unaligned.h; commit 5f60d5f6bbc1 */
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
/* 6.10: accept() takes a proto_accept_arg; commit 92ef0fd55ac8 */
#define SERVAL_ACCEPT_ARGS	int flags, bool kern
#define SERVAL_ACCEPT_PASS	flags, kern
#define SERVAL_ACCEPT_FLAGS	flags
#else
#define SERVAL_ACCEPT_ARGS	struct proto_accept_arg *arg
#define SERVAL_ACCEPT_PASS	arg
#define SERVAL_ACCEPT_FLAGS	((arg)->flags)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
/* 6.5: sendpage() is gone; commit dc97391e6610 */
#define serval_ops_no_sendpage(ops)	((ops)->sendpage = sock_no_sendpage)
#else
#define serval_ops_no_sendpage(ops)	do { } while (0)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
/* 6.6: sysctl tables carry their size; commit 95d4977876aa */
static inline struct ctl_table_header *
register_net_sysctl_sz(struct net *net, const char *path,
		       struct ctl_table *table, size_t size)
{
	return register_net_sysctl(net, path, table);
}

/* 6.6: a dump's attributes moved into a genl_info; commit 5c670a010de4 */
#define serval_dump_attrs(cb)	(genl_dumpit_info(cb)->attrs)
#else
#define serval_dump_attrs(cb)	(genl_info_dump(cb)->attrs)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
/* 6.11: handlers of sysctls get a const table; commit 78eb4ea25cd5 */
#define SERVAL_CTL_TABLE	struct ctl_table
#else
#define SERVAL_CTL_TABLE	const struct ctl_table
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
/* 6.10: __assign_str() lost its second argument; commit 2c92ca849fcc */
#define serval_assign_str(dst, src)	__assign_str(dst, src)
#else
#define serval_assign_str(dst, src)	__assign_str(dst)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
/* 6.6: IP_RECVERR, and 6.7: IPV6_RECVERR, moved into the flags of the socket;
 * commits 6b5f43ea0815, 3fa29971c695
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define serval_recverr4(sk)	(inet_sk(sk)->recverr)
#else
#define serval_recverr4(sk)	inet_test_bit(RECVERR, sk)
#endif
#define serval_recverr(sk)	(serval_recverr4(sk) || inet6_sk(sk)->recverr)
#else
#define serval_recverr(sk)	(inet_test_bit(RECVERR, sk) || \
				 inet6_test_bit(RECVERR6, sk))
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
/* 6.12: NETIF_F_LLTX became dev->lltx; commit 00d066a4d4ed */
#define serval_dev_set_lltx(dev)	((dev)->features |= NETIF_F_LLTX)
#else
#define serval_dev_set_lltx(dev)	((dev)->lltx = true)
#endif

/* 6.12.y: netns_local became netns_immutable, within one stable series, so
 * the header itself is asked (see Kbuild); commit 0c493da86374
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define serval_dev_set_netns_local(dev) ((dev)->features |= NETIF_F_NETNS_LOCAL)
#elif defined(SERVAL_HAVE_NETNS_IMMUTABLE)
#define serval_dev_set_netns_local(dev)	((dev)->netns_immutable = true)
#else
#define serval_dev_set_netns_local(dev)	((dev)->netns_local = true)
#endif

/* 6.1.y and 6.12.y: syn_recv_sock() got a callback for the child, within one
 * stable series (see Kbuild)
 */
#ifdef SERVAL_HAVE_OPT_CHILD_INIT
#define SERVAL_CHILD_ARGS	\
	bool *own, void (*init)(struct sock *child, const struct sock *sk)
#define SERVAL_CHILD_PASS	own, init
#else
#define SERVAL_CHILD_ARGS	bool *own
#define SERVAL_CHILD_PASS	own
#endif

#endif /* _SERVAL_COMPAT_H */
