/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AF_SERVAL sockets.
 */
#ifndef _SERVAL_SOCKET_H
#define _SERVAL_SOCKET_H

#include <linux/net.h>
#include <linux/sockptr.h>
#include <linux/serval.h>

#include "addr.h"
#include "compat.h"

struct net;
struct proto;
struct proto_ops;
struct serval_conn;
struct serval_net;
struct sock;

/**
 * struct serval_address - a parsed socket address
 * @sv:      in the caller's buffer
 * @advised: address that follows it, :: = none
 * @oif:     device that goes with @advised
 * @port:    port that goes with @advised: only of use for datagrams
 */
struct serval_address {
	const struct sockaddr_sv *sv;
	struct in6_addr advised;
	int oif;
	__be16 port;
};

/* What programs get: 52 bytes, as published, or 64 over IPv6 */
struct serval_name {
	struct sockaddr_sv sv;
	union serval_sockaddr locator;
};

/* socket.c */
int serval_socket_init(void);
int serval_socket_register(void);
void serval_socket_unregister(void);
void serval_socket_override(struct proto_ops *ops);
const struct proto_ops *serval_native_ops(void);
const struct proto *serval_native_prot(void);
const struct proto_ops *serval_stream_ops(void);
int serval_socket_make(struct net *net, struct socket *sock);
int serval_socket_bind(struct socket *sock, const void *addr, int len);
int serval_socket_autobind(struct serval_net *sn, struct serval_conn *conn,
			   struct sock *sk);
void serval_socket_unbind(struct serval_net *sn, struct serval_conn *conn,
			  struct sock *sk);
int serval_socket_take_device(struct serval_net *sn, struct serval_conn *conn,
			      struct sock *sk);
int serval_socket_ask(struct serval_conn *conn,
		      const struct serval_address *addr);
int serval_socket_getname(struct socket *sock, struct sockaddr *uaddr,
			  int peer);
int serval_address_parse(const void *uaddr, int len,
			 struct serval_address *addr);
int serval_name_locate(struct serval_name *name, const struct in6_addr *addr,
		       int ifindex);

/* socket_dgram.c */
int serval_dgram_learn(void);
int serval_dgram_init(struct serval_net *sn, struct sock *sk);
const struct proto_ops *serval_dgram_ops(void);
int serval_dgram_set_gro(struct socket *sock, int on);
int serval_dgram_set_recv_dest(struct socket *sock, bool on);

/* socket_dgram_conn.c */
int serval_dgram_disconnect(struct serval_net *sn, struct serval_conn *conn,
			    struct sock *sk);
void serval_dgram_close(struct serval_net *sn, struct serval_conn *conn,
			struct sock *sk);
void serval_dgram_conn_override(struct proto_ops *ops);

/* sockioctl.c */
int serval_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int serval_socket_migrate(struct socket *sock, struct serval_migrate *m);

/* sockopt.c */
int serval_setsockopt(struct socket *sock, int level, int optname,
		      sockptr_t optval, unsigned int optlen);
int serval_getsockopt(struct socket *sock, int level, int optname,
		      char __user *optval, int __user *optlen);

#endif /* _SERVAL_SOCKET_H */
