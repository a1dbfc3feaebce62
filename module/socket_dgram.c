// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_SERVAL datagram sockets: native UDPv6 sockets that UDP never sees.
 *
 * As in socket.c the struct sock is a native one and proto_ops are a copy of
 * the native table.  Of UDP's code the receive queue is used, with its
 * accounting, and what works on any socket; the socket has no port and is in
 * none of UDP's tables.
 *
 *	socket()  connection with a random L and an unconnected flow, which has
 *		  the id that datagrams are sent from; both until release()
 *	bind()	  DEMUX target in the service table (socket.c)
 *	sendmsg() the first one binds to a random ID, so that it can be
 *		  answered; datagram.c
 *	recvmsg() from the queue that datagram.c fills
 *
 * What a connected socket does besides is in socket_dgram_conn.c.
 */
#include <linux/module.h>
#include <linux/udp.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/udp.h>

#include "dgram_conn.h"
#include "newsock.h"
#include "sal.h"
#include "socket.h"

/* Room for all headers before UDP's */
#define HEADROOM	(MAX_HEADER + SERVAL_OUTER_MAX + SERVAL_DATAGRAM_LEN)
/* A datagram that fits a page with them is built in one piece */
#define LINEAR_MAX	SKB_MAX_ORDER(HEADROOM + sizeof(struct udphdr), 0)

/* UDPv6's own, learned at load: they are not exported */
static const struct proto_ops *native_ops;

static struct proto_ops dgram_ops __ro_after_init;

/* The socket owns it until release() */
static struct serval_conn *own_conn(struct serval_net *sn,
				    const struct sock *sk)
{
	struct serval_conn *conn;

	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	rcu_read_unlock();
	return conn;
}

/**
 * serval_dgram_init() - prepare a new socket
 * @sn: namespace
 * @sk: UDPv6 socket that has its connection
 *
 * Return: 0 or -ENOMEM; then the connection is gone.
 */
int serval_dgram_init(struct serval_net *sn, struct sock *sk)
{
	struct serval_conn *conn = own_conn(sn, sk);
	struct serval_flow *fl = serval_flow_alloc_unconnected(conn);

	if (fl && !serval_flow_insert_random(sn, fl)) {
		serval_conn_set_sock(conn, sk);
		return 0;
	}
	if (fl)
		serval_flow_free(fl);
	serval_conn_release(sn, conn);
	return -ENOMEM;
}

static int serval_dgram_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct serval_conn *conn;
	struct serval_net *sn;

	if (!sk)
		return 0;
	sn = serval_net(sock_net(sk));
	conn = own_conn(sn, sk);
	lock_sock(sk);
	serval_socket_unbind(sn, conn, sk);
	serval_dgram_close(sn, conn, sk);
	serval_delay_cancel_sock(sn, sk);
	release_sock(sk);
	serval_conn_release(sn, conn);
	return native_ops->release(sock);
}

static int serval_dgram_bind(struct socket *sock, struct sockaddr *uaddr,
			     int len)
{
	return serval_socket_bind(sock, uaddr, len);
}

/* What a socket needs before its first datagram */
static int prepare_send(struct serval_net *sn, struct serval_conn *conn,
			struct sock *sk)
{
	int err = serval_encap_prepare(sn, conn);

	if (unlikely(err))
		return err;
	if (likely(READ_ONCE(serval_options(conn)->bound) &&
		   READ_ONCE(sk->sk_bound_dev_if) == sn->dev->ifindex))
		return 0;
	lock_sock(sk);
	err = sk->sk_state == TCP_CLOSE ? 0 : -ENOTCONN;
	/* an attempt to connect that failed leaves its flow */
	if (!err && inet_sk(sk)->inet_dport)
		err = serval_dgram_disconnect(sn, conn, sk);
	if (!err)
		err = serval_socket_take_device(sn, conn, sk) ?:
		      serval_socket_autobind(sn, conn, sk);
	release_sock(sk);
	return err;
}

static bool is_below(const struct service_id *id, const struct serval_conn *conn)
{
	const struct serval_options *opt = serval_options(conn);
	unsigned int bytes = opt->bits / 8, bits = opt->bits % 8;

	if (memcmp(id->s_sid, opt->name.s_sid, bytes))
		return false;
	return !bits || !((id->s_sid[bytes] ^ opt->name.s_sid[bytes]) >>
			  (8 - bits));
}

static bool is_control(const struct cmsghdr *cmsg, int level, int type,
		       size_t size)
{
	return cmsg->cmsg_level == level && cmsg->cmsg_type == type &&
	       cmsg->cmsg_len == CMSG_LEN(size);
}

/* The name to send from, if the program gives one: what it was asked by; NULL
 * if there is no choice.  And the size of each datagram in a piece of several.
 */
static int parse_control(struct msghdr *msg, const struct serval_conn *conn,
			 struct service_id *from, u16 *gso_size)
{
	struct cmsghdr *cmsg;

	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (is_control(cmsg, SOL_UDP, UDP_SEGMENT, sizeof(*gso_size))) {
			memcpy(gso_size, CMSG_DATA(cmsg), sizeof(*gso_size));
			continue;
		}
		if (!from || !is_control(cmsg, SOL_SERVAL, SERVAL_DEST,
					 sizeof(*from)))
			return -EINVAL;
		memcpy(from, CMSG_DATA(cmsg), sizeof(*from));
		if (!is_below(from, conn))
			return -EADDRNOTAVAIL;
	}
	return 0;
}

static int parse_destination(const struct msghdr *msg,
			     struct serval_datagram *dg)
{
	struct serval_address addr;
	int err;

	if (!msg->msg_name)
		return -EDESTADDRREQ;
	err = serval_address_parse(msg->msg_name, msg->msg_namelen, &addr);
	if (err)
		return err;
	dg->to = addr.sv->sv_srvid;
	dg->advised = addr.advised;
	dg->oif = addr.oif;
	dg->port = addr.port;
	return 0;
}

/* Each call is a datagram, and a copy */
static int check_send(const struct sock *sk, const struct msghdr *msg,
		      size_t size)
{
	if (msg->msg_flags & (MSG_OOB | MSG_MORE) ||
	    (msg->msg_flags & MSG_ZEROCOPY && sock_flag(sk, SOCK_ZEROCOPY)))
		return -EOPNOTSUPP;
	return size > U16_MAX ? -EMSGSIZE : 0;
}

static void set_segments(struct sk_buff *skb, size_t size, u16 gso_size)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (likely(!gso_size || size <= gso_size))
		return;
	shinfo->gso_size = gso_size;
	shinfo->gso_type = SKB_GSO_UDP_L4;
	shinfo->gso_segs = DIV_ROUND_UP(size, gso_size);
}

/* Return: at the UDP header, with headroom for all others; or an ERR_PTR */
static struct sk_buff *build(struct sock *sk, struct msghdr *msg, size_t size,
			     u16 gso_size)
{
	size_t linear = sizeof(struct udphdr);
	struct sk_buff *skb;
	struct udphdr *uh;
	int err;

	if (unlikely(gso_size && size > gso_size * UDP_MAX_SEGMENTS))
		return ERR_PTR(-EINVAL);
	if (size <= LINEAR_MAX)
		linear += size;
	size += sizeof(*uh);
	skb = sock_alloc_send_pskb(sk, HEADROOM + linear, size - linear,
				   msg->msg_flags & MSG_DONTWAIT, &err,
				   PAGE_ALLOC_COSTLY_ORDER);
	if (!skb)
		return ERR_PTR(err);
	skb_reserve(skb, HEADROOM);
	skb_put(skb, linear);
	skb->data_len = size - linear;
	skb->len = size;
	err = skb_copy_datagram_from_iter(skb, sizeof(*uh), &msg->msg_iter,
					  size - sizeof(*uh));
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	set_segments(skb, size - sizeof(*uh), gso_size);
	skb_reset_transport_header(skb);
	uh = udp_hdr(skb);
	uh->dest = htons(SERVAL_PORT);
	uh->len = htons(size);
	/* of the constant pseudo header (Documentation/protocol.rst 2.4) */
	uh->check = ~csum_tcpudp_magic(0, 0, size, IPPROTO_UDP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	return skb;
}

static int send_connected(struct serval_net *sn, struct serval_conn *conn,
			  struct sock *sk, struct msghdr *msg, size_t size)
{
	u8 tos = inet6_sk(sk)->tclass | inet_sk(sk)->tos;
	u16 gso_size = READ_ONCE(udp_sk(sk)->gso_size);
	struct serval_flow *fl;
	struct sk_buff *skb;
	int err = 0;

	if (msg->msg_name)
		return -EISCONN;
	if (unlikely(msg->msg_controllen))
		err = parse_control(msg, conn, NULL, &gso_size);
	if (err)
		return err;
	skb = build(sk, msg, size, gso_size);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	rcu_read_lock();
	fl = rcu_dereference(conn->flow);
	/* that it has just moved away from does as well */
	if (likely(fl && serval_flow_receives(fl))) {
		err = serval_dgram_send(sn, fl, sk, skb, tos);
	} else {
		kfree_skb(skb);
		err = -ENOTCONN;
	}
	rcu_read_unlock();
	return err;
}

static int send_unconnected(struct serval_net *sn, struct serval_conn *conn,
			    struct sock *sk, struct msghdr *msg, size_t size)
{
	u16 gso_size = READ_ONCE(udp_sk(sk)->gso_size);
	struct serval_datagram dg;
	struct sk_buff *skb;
	int err;

	err = parse_destination(msg, &dg) ?: prepare_send(sn, conn, sk);
	if (err)
		return err;
	dg.from = *serval_conn_local(conn);
	dg.tos = inet6_sk(sk)->tclass | inet_sk(sk)->tos;
	if (unlikely(msg->msg_controllen)) {
		err = parse_control(msg, conn, &dg.from, &gso_size);
		if (err)
			return err;
	}
	skb = build(sk, msg, size, gso_size);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	return serval_datagram_send(sn, sk, conn, skb, &dg);
}

static int serval_dgram_sendmsg(struct socket *sock, struct msghdr *msg,
				size_t size)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn = own_conn(sn, sk);
	int err;

	err = check_send(sk, msg, size);
	if (err)
		return err;
	if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		err = send_unconnected(sn, conn, sk, msg, size);
	else
		err = send_connected(sn, conn, sk, msg, size);
	if (err > 0)
		err = net_xmit_errno(err);
	/* what the queue layer drops is lost on the way, as with UDP */
	return err && err != -ENOBUFS ? err : (int)size;
}

/* Where it comes from first, if a router passed it on */
static bool has_origin(const struct sk_buff *skb, struct in6_addr *origin)
{
	u16 len = serval_datagram_cb(skb)->len;
	struct serval_pkt pkt;

	/* verified when it came, and in the head ever since */
	if (len == SERVAL_DATAGRAM_LEN ||
	    serval_wire_parse(skb_transport_header(skb) - len, len, &pkt) ||
	    !pkt.hops)
		return false;
	*origin = pkt.origin;
	return true;
}

static void put_name(struct msghdr *msg, const struct sk_buff *skb)
{
	const struct serval_datagram_cb *cb = serval_datagram_cb(skb);
	struct in6_addr saddr = serval_outer_saddr(skb);
	bool passed_on = has_origin(skb, &saddr);
	DECLARE_SOCKADDR(struct serval_name *, name, msg->msg_name);

	name->sv = (struct sockaddr_sv) {
		.sv_family = serval_family,
		.sv_srvid = cb->from,
	};
	msg->msg_namelen = serval_name_locate(name, &saddr, cb->iif);
	/* at the same place in both */
	name->locator.sin.sin_port = passed_on ? 0 : cb->port;
}

static void put_dest(struct msghdr *msg, const struct sk_buff *skb,
		     const struct serval_conn *conn)
{
	const struct serval_datagram_cb *cb = serval_datagram_cb(skb);
	struct service_id dest = *serval_conn_local(conn);
	struct serval_pkt pkt;

	/* verified when it came, and in the head ever since */
	if (!serval_wire_parse(skb_transport_header(skb) - cb->len, cb->len,
			       &pkt) && pkt.has & SERVAL_HAS_SERVICE)
		dest = pkt.service[0];
	put_cmsg(msg, SOL_SERVAL, SERVAL_DEST, sizeof(dest), &dest);
}

static int copy_out(struct sock *sk, struct msghdr *msg, struct sk_buff *skb,
		    int off, int len)
{
	const struct serval_options *opt;
	const struct serval_conn *conn;
	int err;

	err = skb_copy_datagram_msg(skb, off, msg, len);
	if (err)
		return err;
	sock_recv_cmsgs(msg, sk, skb);
	if (msg->msg_name)
		put_name(msg, skb);
	conn = own_conn(serval_net(sock_net(sk)), sk);
	opt = serval_options(conn);
	if (unlikely(READ_ONCE(opt->recv_dest)))
		put_dest(msg, skb, conn);
	if (unlikely(READ_ONCE(opt->gro)))
		udp_cmsg_recv(msg, sk, skb);
	return 0;
}

static int serval_dgram_recvmsg(struct socket *sock, struct msghdr *msg,
				size_t size, int flags)
{
	struct sock *sk = sock->sk;
	int err, off, len, copied;
	struct sk_buff *skb;

	if (unlikely(flags & MSG_ERRQUEUE))
		return native_ops->recvmsg(sock, msg, size, flags);
	off = sk_peek_offset(sk, flags);
	skb = __skb_recv_udp(sk, flags, &off, &err);
	/* the end is not something to wait for */
	if (!skb)
		return err == -EAGAIN &&
		       READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN ? 0 : err;
	len = udp_skb_len(skb);
	copied = min_t(size_t, size, len - off);
	if (copied < len - off)
		msg->msg_flags |= MSG_TRUNC;
	err = copy_out(sk, msg, skb, off, copied);
	if (unlikely(err)) {
		if (!(flags & MSG_PEEK))
			atomic_inc(&sk->sk_drops);
		kfree_skb(skb);
		return err;
	}
	if (flags & MSG_TRUNC)
		copied = len;
	skb_consume_udp(sk, skb, flags & MSG_PEEK ? -copied : copied);
	return copied;
}

static __poll_t serval_dgram_poll(struct file *file, struct socket *sock,
				  poll_table *wait)
{
	struct sock *sk = sock->sk;
	const struct serval_conn *conn;
	__poll_t mask;

	mask = native_ops->poll(file, sock, wait);
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_LISTEN:
		conn = own_conn(serval_net(sock_net(sk)), sk);
		return list_empty_careful(&conn->options->backlog->list) ? 0 :
		       EPOLLIN | EPOLLRDNORM;
	case TCP_SYN_SENT:
		return mask & ~(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	}
	return mask;
}

/**
 * serval_dgram_set_gro() - take several datagrams in one, or not
 * @sock: socket
 * @on:   UDP_GRO
 *
 * Return: 0, -ENOMEM or what UDP says.
 */
int serval_dgram_set_gro(struct socket *sock, int on)
{
	struct serval_net *sn = serval_net(sock_net(sock->sk));
	struct serval_options *opt;
	int err;

	opt = serval_conn_set_options(own_conn(sn, sock->sk),
				      GFP_KERNEL_ACCOUNT);
	if (!opt)
		return -ENOMEM;
	/* what GRO asks of the socket */
	err = sock_common_setsockopt(sock, SOL_UDP, UDP_GRO,
				     KERNEL_SOCKPTR(&on), sizeof(on));
	if (!err)
		WRITE_ONCE(opt->gro, on);
	return err;
}

/**
 * serval_dgram_set_recv_dest() - tell what a datagram was sent to, or not
 * @sock: socket
 * @on:   SERVAL_RECVDEST
 *
 * Return: 0 or -ENOMEM.
 */
int serval_dgram_set_recv_dest(struct socket *sock, bool on)
{
	struct serval_net *sn = serval_net(sock_net(sock->sk));
	struct serval_options *opt;

	opt = serval_conn_set_options(own_conn(sn, sock->sk),
				      GFP_KERNEL_ACCOUNT);
	if (!opt)
		return -ENOMEM;
	WRITE_ONCE(opt->recv_dest, on);
	return 0;
}

/* UDP's other options would make packets that have no place here */
static int set_udp(struct socket *sock, int optname, sockptr_t optval,
		   unsigned int optlen)
{
	int val;

	switch (optname) {
	case UDP_SEGMENT:
		return sock_common_setsockopt(sock, SOL_UDP, optname, optval,
					      optlen);
	case UDP_GRO:
		if (optlen < sizeof(val))
			return -EINVAL;
		if (copy_from_sockptr(&val, optval, sizeof(val)))
			return -EFAULT;
		return serval_dgram_set_gro(sock, !!val);
	}
	return -ENOPROTOOPT;
}

static int serval_dgram_setsockopt(struct socket *sock, int level, int optname,
				   sockptr_t optval, unsigned int optlen)
{
	switch (level) {
	case SOL_UDP:
		return set_udp(sock, optname, optval, optlen);
	case SOL_TCP:
	case SOL_TLS:
		return -ENOPROTOOPT;
	}
	return serval_setsockopt(sock, level, optname, optval, optlen);
}

/**
 * serval_dgram_ops() - operations of an AF_SERVAL datagram socket
 */
const struct proto_ops *serval_dgram_ops(void)
{
	return &dgram_ops;
}

/**
 * serval_dgram_learn() - learn UDPv6's operations and derive ours
 *
 * Return: 0 or what socket() says.
 */
int __init serval_dgram_learn(void)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, AF_INET6, SOCK_DGRAM, IPPROTO_UDP,
			       &sock);
	if (err)
		return err;
	native_ops = sock->ops;
	serval_newsock_learn(sock);
	sock_release(sock);

	dgram_ops = *native_ops;
	dgram_ops.owner = THIS_MODULE;
	dgram_ops.release = serval_dgram_release;
	dgram_ops.bind = serval_dgram_bind;
	serval_dgram_conn_override(&dgram_ops);
	dgram_ops.poll = serval_dgram_poll;
	dgram_ops.getname = serval_socket_getname;
	dgram_ops.ioctl = serval_ioctl;
	dgram_ops.setsockopt = serval_dgram_setsockopt;
	dgram_ops.getsockopt = serval_getsockopt;
	dgram_ops.sendmsg = serval_dgram_sendmsg;
	dgram_ops.recvmsg = serval_dgram_recvmsg;
	serval_ops_no_sendpage(&dgram_ops);
	return 0;
}
