/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AF_SERVAL sockets.
 */
#ifndef _SERVAL_SOCKET_H
#define _SERVAL_SOCKET_H

#include <linux/net.h>
#include <linux/sockptr.h>

struct proto;
struct proto_ops;
struct serval_conn;
struct serval_net;
struct sock;

/* socket.c */
int serval_socket_init(void);
int serval_socket_register(void);
void serval_socket_unregister(void);
void serval_socket_override(struct proto_ops *ops);
const struct proto_ops *serval_native_ops(void);
const struct proto *serval_native_prot(void);
const struct proto_ops *serval_stream_ops(void);
int serval_socket_bind(struct socket *sock, const void *addr, int len);

/* sockopt.c */
int serval_setsockopt(struct socket *sock, int level, int optname,
		      sockptr_t optval, unsigned int optlen);
int serval_getsockopt(struct socket *sock, int level, int optname,
		      char __user *optval, int __user *optlen);

#endif /* _SERVAL_SOCKET_H */
