/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * New TCPv6 and UDPv6 socks for AF_SERVAL sockets.
 */
#ifndef _SERVAL_NEWSOCK_H
#define _SERVAL_NEWSOCK_H

struct net;
struct socket;

void serval_newsock_learn(struct socket *sock);
int serval_newsock(struct net *net, struct socket *sock, int protocol,
		   int kern);

#endif /* _SERVAL_NEWSOCK_H */
