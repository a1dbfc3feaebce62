// SPDX-License-Identifier: GPL-2.0-only
/*
 * AF_SERVAL stream sockets: native TCPv6 sockets on ULIDs.
 *
 * socket() makes a TCPv6 sock (newsock.c); proto_ops are a copy of TCPv6's with
 * the calls of this file in place of those that carry addresses.
 * inet_connection_sock_af_ops are a copy too, with the shortcut to IP in place
 * of queue_xmit; accepted children inherit them.  Orphans keep them, until the
 * module is unloaded.
 *
 *	socket()  connection with an L of its own, owned by the struct socket; the
 *		  L is the socket's address from the start
 *	bind()	  DEMUX target in the service table, nothing in TCP
 *	listen()  TCP port, so that children share its bucket
 *	connect() flow with a random id, then TCP's connect to the service's R
 *	accept()  the child's connection gets its owner
 *	release() the table forgets it; TCP's leftovers are the collector's
 */
#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/security.h>
#include <linux/user_namespace.h>
#include <net/addrconf.h>
#include <net/inet_connection_sock.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>
#include <net/tcp.h>

#include "events.h"
#include "fastopen.h"
#include "newsock.h"
#include "sal.h"
#include "socket.h"
#include "ulid.h"

/* TCPv6's own, learned at load: they are not exported */
static const struct proto_ops *native_ops;
static const struct inet_connection_sock_af_ops *native_af_ops;
static const struct proto *native_prot;

static struct proto_ops stream_ops __ro_after_init;
static struct inet_connection_sock_af_ops af_ops __ro_after_init;

/* The address behind the service ID */
static int parse_advisory(const void *uaddr, int len,
			  struct serval_address *addr)
{
	const struct sockaddr_in6 *sin6 = uaddr;
	const struct sockaddr_in *sin = uaddr;

	if (len == sizeof(*sin6) && sin6->sin6_family == AF_INET6) {
		addr->advised = sin6->sin6_addr;
		addr->port = sin6->sin6_port;
		if (!serval_addr_needs_device(&addr->advised))
			return 0;
		addr->oif = sin6->sin6_scope_id;
		return addr->oif ? 0 : -EINVAL;
	}
	if (len != sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	addr->port = sin->sin_port;
	if (sin->sin_addr.s_addr)
		addr->advised = serval_addr_from4(sin->sin_addr.s_addr);
	return 0;
}

/**
 * serval_address_parse() - check what a program gave as an address
 * @uaddr: struct sockaddr_sv, perhaps with a struct sockaddr_in or
 *         sockaddr_in6 behind it
 * @len:   of both
 * @addr:  result
 *
 * Return: 0, -EINVAL, -EAFNOSUPPORT.
 */
int serval_address_parse(const void *uaddr, int len,
			 struct serval_address *addr)
{
	const u8 known = SVSF_GLOBAL_SCOPE | SVSF_STRICT | SVSF_ANYCAST |
			 SVSF_MULTICAST;
	const struct sockaddr_sv *sv = uaddr;

	*addr = (struct serval_address) { .sv = sv };
	if (len < (int)sizeof(*sv))
		return len >= (int)sizeof(sv->sv_family) &&
		       sv->sv_family != serval_family ? -EAFNOSUPPORT : -EINVAL;
	if (sv->sv_family != serval_family)
		return -EAFNOSUPPORT;
	if (!memchr_inv(sv->sv_srvid.s_sid, 0, sizeof(sv->sv_srvid)))
		return -EINVAL;
	if (sv->sv_flags & ~known)
		return -EINVAL;
	if (len == sizeof(*sv))
		return 0;
	return parse_advisory(sv + 1, len - sizeof(*sv), addr);
}

static void set_address(struct sock *sk, const struct serval_conn *conn)
{
	sk->sk_v6_rcv_saddr = serval_conn_laddr(conn);
	inet6_sk(sk)->saddr = sk->sk_v6_rcv_saddr;
}

static bool conn_init(struct serval_net *sn, struct sock *sk)
{
	struct serval_conn *conn = serval_conn_alloc(GFP_KERNEL_ACCOUNT);

	if (!conn)
		return false;
	conn->owned = true;
	conn->owner = sk;
	conn->protocol = sk->sk_protocol;
	if (serval_conn_insert_new(sn, conn)) {
		serval_conn_free(conn);
		return false;
	}
	set_address(sk, conn);
	return true;
}

static void sock_init(struct serval_net *sn, struct sock *sk)
{
	sk->sk_userlocks |= SOCK_BINDADDR_LOCK;	/* disconnect keeps the L */
	sk->sk_ipv6only = 1;
	sk->sk_bound_dev_if = sn->dev->ifindex;
	if (sk->sk_protocol == IPPROTO_TCP) {
		inet_csk(sk)->icsk_af_ops = &af_ops;
		return;
	}
	/* packets find it by its connection's flow */
	sock_set_flag(sk, SOCK_RCU_FREE);
	/* they say what UDP's own calls can do, and those are not used */
	sk->sk_socket->flags = 0;
}

static int create(struct net *net, struct socket *sock, int protocol, int kern,
		  const struct proto_ops *ops)
{
	struct serval_net *sn = serval_net(net);
	int err;

	err = serval_newsock(net, sock, protocol, kern);
	if (err)
		return err;
	serval_early_start(sn);
	sock_init(sn, sock->sk);
	err = conn_init(sn, sock->sk) ? 0 : -ENOMEM;
	if (!err && sock->type == SOCK_DGRAM)
		err = serval_dgram_init(sn, sock->sk);
	if (err) {
		sk_common_release(sock->sk);
		sock->sk = NULL;
		return err;
	}
	sock->ops = ops;
	return 0;
}

/**
 * serval_socket_make() - give a datagram socket that accept() made its sock
 * @net:  namespace
 * @sock: without one
 *
 * Return: 0; the socket has no connection yet.  Or what socket() says.
 */
int serval_socket_make(struct net *net, struct socket *sock)
{
	int err;

	err = serval_newsock(net, sock, IPPROTO_UDP, 0);
	if (err)
		return err;
	sock_init(serval_net(net), sock->sk);
	security_sock_graft(sock->sk, sock);
	return 0;
}

static int serval_create(struct net *net, struct socket *sock, int protocol,
			 int kern)
{
	switch (sock->type) {
	case SOCK_STREAM:
		if (protocol && protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		return create(net, sock, IPPROTO_TCP, kern, &stream_ops);
	case SOCK_DGRAM:
		if (protocol && protocol != IPPROTO_UDP)
			return -EPROTONOSUPPORT;
		return create(net, sock, IPPROTO_UDP, kern, serval_dgram_ops());
	}
	return -ESOCKTNOSUPPORT;
}

static void bind_rule(struct serval_rule *rule, struct sock *sk,
		      const struct service_id *id, u16 bits, u8 flags)
{
	*rule = (struct serval_rule) {
		.id = *id,
		.bits = bits,
		.type = SERVAL_SERVICE_DEMUX,
		.flags = flags,
		.priority = SERVAL_BIND_PRIORITY,
		.weight = SERVAL_BIND_WEIGHT,
		.encap = SERVAL_UDP_DEFAULT,
		.sk = sk,
	};
}

/**
 * serval_socket_unbind() - give a socket's name back
 * @sn:   namespace
 * @conn: the socket's
 * @sk:   socket, locked
 */
void serval_socket_unbind(struct serval_net *sn, struct serval_conn *conn,
			  struct sock *sk)
{
	struct serval_options *opt = conn->options;
	struct serval_rule rule;

	if (!opt || !opt->bound)
		return;
	/* a listener leaves its group with its port, UDP only with a port */
	if (sk->sk_protocol == IPPROTO_UDP &&
	    rcu_access_pointer(sk->sk_reuseport_cb))
		reuseport_detach_sock(sk);
	bind_rule(&rule, sk, &opt->name, opt->bits, opt->flags);
	serval_service_put_bind(sn, &rule);
	serval_event_service(sn, SERVAL_CMD_SERVICE_DEL_NTF, &rule);
	opt->bound = false;
}

static bool is_bound_to(const struct serval_options *opt,
			const struct service_id *id, u16 bits)
{
	return opt->bound && opt->bits == bits &&
	       !memcmp(&opt->name, id, sizeof(*id));
}

/* The new name first, so that a failure leaves the old one */
static int do_bind(struct serval_net *sn, struct serval_conn *conn,
		   struct sock *sk, const struct service_id *id, u16 bits,
		   u8 flags)
{
	struct serval_options *opt;
	struct serval_rule rule;
	int err;

	opt = serval_conn_set_options(conn, GFP_KERNEL_ACCOUNT);
	if (!opt)
		return -ENOMEM;
	if (is_bound_to(opt, id, bits))
		return 0;
	/* readers use the socket under RCU alone */
	sock_set_flag(sk, SOCK_RCU_FREE);
	bind_rule(&rule, sk, id, bits, flags);
	err = serval_service_add(sn, &rule, NULL);
	if (err)
		return err;
	serval_socket_unbind(sn, conn, sk);
	opt->name = *id;
	opt->bits = bits;
	opt->flags = flags;
	opt->bound = true;
	WRITE_ONCE(opt->autobound, false);
	if (sk->sk_protocol == IPPROTO_UDP)
		serval_service_join(sn, &rule);
	serval_event_service(sn, SERVAL_CMD_SERVICE_NEW_NTF, &rule);
	return 0;
}

/**
 * serval_socket_autobind() - give a socket a random name
 * @sn:   namespace
 * @conn: the socket's
 * @sk:   socket, locked; keeps the name it may have
 *
 * Return: 0 or -ENOMEM.
 */
int serval_socket_autobind(struct serval_net *sn, struct serval_conn *conn,
			   struct sock *sk)
{
	struct service_id id;
	int err;

	if (serval_options(conn)->bound)
		return 0;
	get_random_bytes(&id, sizeof(id));
	err = do_bind(sn, conn, sk, &id, SERVICE_ID_MAX_PREFIX_BITS, 0);
	if (!err)
		WRITE_ONCE(conn->options->autobound, true);
	return err;
}

static void mask_id(struct service_id *id, u16 bits)
{
	unsigned int i = bits / 8;

	if (i >= SERVICE_ID_LEN)
		return;
	id->s_sid[i] &= 0xff00 >> (bits % 8);
	memset(id->s_sid + i + 1, 0, SERVICE_ID_LEN - i - 1);
}

static bool is_local(struct net *net, const struct serval_address *addr)
{
	struct net_device *dev;
	bool local = false;

	if (serval_addr_is4(&addr->advised))
		return inet_addr_type(net, serval_addr_to4(&addr->advised)) ==
		       RTN_LOCAL;
	rcu_read_lock();
	dev = addr->oif ? dev_get_by_index_rcu(net, addr->oif) : NULL;
	if (dev || !addr->oif)
		local = ipv6_chk_addr(net, &addr->advised, dev, 0);
	rcu_read_unlock();
	return local;
}

static int check_bind(struct sock *sk, const struct serval_address *addr, u16 bits)
{
	struct net *net = sock_net(sk);

	/* a short prefix takes names that others may want, as a low port */
	if (bits < SERVICE_ID_MAX_PREFIX_BITS &&
	    !ns_capable(net->user_ns, CAP_NET_BIND_SERVICE))
		return -EACCES;
	if (!ipv6_addr_any(&addr->advised) && !is_local(net, addr))
		return -EADDRNOTAVAIL;
	return 0;
}

/**
 * serval_socket_bind() - bind to a service ID or a prefix
 * @sock: AF_SERVAL socket
 * @uaddr: struct sockaddr_sv, perhaps with a struct sockaddr_in or
 *         sockaddr_in6: the local address that a later connect() is to use
 * @len:  of both
 *
 * A second bind() replaces the first.
 *
 * Return: 0, -EINVAL, -EAFNOSUPPORT, -EADDRINUSE, -EACCES (prefix without
 * CAP_NET_BIND_SERVICE), -EADDRNOTAVAIL, -ENOMEM.
 */
int serval_socket_bind(struct socket *sock, const void *uaddr, int len)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn;
	struct service_id id;
	struct serval_address addr;
	u16 bits;
	int err;

	err = serval_address_parse(uaddr, len, &addr);
	if (err)
		return err;
	bits = addr.sv->sv_prefix_bits ?: SERVICE_ID_MAX_PREFIX_BITS;
	err = check_bind(sk, &addr, bits);
	if (err)
		return err;
	id = addr.sv->sv_srvid;
	mask_id(&id, bits);

	lock_sock(sk);
	conn = serval_conn_claim(sn, sk);
	if (!conn || sk->sk_state != TCP_CLOSE) {
		err = -EINVAL;
	} else {
		err = do_bind(sn, conn, sk, &id, bits, addr.sv->sv_flags);
		if (!err)
			conn->options->bind_addr = addr.advised;
	}
	release_sock(sk);
	return err;
}

static int serval_bind(struct socket *sock, struct sockaddr *uaddr, int len)
{
	return serval_socket_bind(sock, uaddr, len);
}

/**
 * serval_socket_take_device() - let SO_BINDTODEVICE mean the outer device
 * @sn:   namespace
 * @conn: the socket's
 * @sk:   socket, locked
 *
 * It cannot be intercepted on 6.1: here the socket goes back to sal0.
 *
 * Return: 0 or -ENOMEM.
 */
int serval_socket_take_device(struct serval_net *sn, struct serval_conn *conn,
			      struct sock *sk)
{
	struct serval_options *opt;

	if (sk->sk_bound_dev_if == sn->dev->ifindex)
		return 0;
	opt = serval_conn_set_options(conn, GFP_KERNEL_ACCOUNT);
	if (!opt)
		return -ENOMEM;
	WRITE_ONCE(opt->oif, sk->sk_bound_dev_if);
	sk->sk_bound_dev_if = sn->dev->ifindex;
	return 0;
}

/**
 * serval_socket_ask() - what connect() asks for
 * @conn: the socket's, which is locked
 * @addr: parsed
 *
 * Return: 0 or -ENOMEM.
 */
int serval_socket_ask(struct serval_conn *conn,
		      const struct serval_address *addr)
{
	struct serval_options *opt = conn->options;

	if (!opt && !ipv6_addr_any(&addr->advised))
		opt = serval_conn_set_options(conn, GFP_KERNEL_ACCOUNT);
	if (opt) {
		opt->advised = addr->advised;
		opt->advised_oif = addr->oif;
		opt->start_oif = 0;
	} else if (!ipv6_addr_any(&addr->advised)) {
		return -ENOMEM;
	}
	conn->service = addr->sv->sv_srvid;
	conn->active = true;
	return 0;
}

static bool has_own_l(const struct serval_conn *conn)
{
	return conn->scope == SERVAL_SCOPE_ULID &&
	       conn->l != SERVAL_ULID_ACCEPTED;
}

/* Each attempt starts with an L of its own, or with the one of Fast Open.
 * The port goes first: TCP files it under the address.  With -ENOMEM @conn is
 * gone and the socket good for nothing but close().
 */
static int choose_address(struct serval_net *sn, struct serval_conn *conn,
			  struct sock *sk, bool fastopen)
{
	int err = 0;

	serval_output_cancel(sn, conn);
	serval_flow_drop(sn, conn);
	serval_conn_put_sock(conn);
	serval_fastopen_forget_port(sk);
	if (!has_own_l(conn)) {
		err = serval_conn_rekey_new(sn, conn);
		set_address(sk, conn);
	}
	if (!err && fastopen)
		err = serval_fastopen_client(sn, conn, sk);
	if (err == -ENOMEM) {
		/* in no table: nobody would find it again */
		serval_socket_unbind(sn, conn, sk);
		serval_conn_abandon(sn, conn);
	}
	return err;
}

/* Children get the port of the SYN; with the same one here they join the
 * listener's bucket.  Should somebody have it in there (tcp_l3mdev_accept), any
 * other does as well: the address is this socket's alone.
 */
static int choose_port(struct sock *sk)
{
	if (inet_csk(sk)->icsk_bind_hash ||
	    !sk->sk_prot->get_port(sk, SERVAL_PORT) ||
	    !sk->sk_prot->get_port(sk, 0))
		return 0;
	return -EADDRINUSE;
}

static int prepare_listen(struct serval_net *sn, struct serval_conn *conn,
			  struct sock *sk)
{
	int err;

	err = serval_socket_take_device(sn, conn, sk);
	if (!err)
		err = choose_address(sn, conn, sk, false);
	if (!err)
		err = serval_socket_autobind(sn, conn, sk);
	return err ?: choose_port(sk);
}

static int serval_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn;
	struct serval_rule rule;
	bool first = false;
	int err = -EINVAL;

	lock_sock(sk);
	conn = serval_conn_claim(sn, sk);
	if (sk->sk_state == TCP_LISTEN) {
		err = 0;
	} else if (conn && sk->sk_state == TCP_CLOSE &&
		   sock->state == SS_UNCONNECTED) {
		err = prepare_listen(sn, conn, sk);
		first = true;
	}
	release_sock(sk);
	if (!err)
		err = native_ops->listen(sock, backlog);
	if (!err && first) {
		bind_rule(&rule, sk, &conn->options->name, conn->options->bits,
			  conn->options->flags);
		serval_service_join(sn, &rule);
	}
	return err;
}

static int make_flow(struct serval_net *sn, struct serval_conn *conn)
{
	struct serval_flow *fl = serval_flow_alloc(conn, GFP_KERNEL_ACCOUNT);
	int err;

	if (!fl)
		return -ENOMEM;
	fl->state = SERVAL_FLOW_SYN_SENT;
	err = serval_flow_insert_random(sn, fl);
	if (err)
		serval_flow_free(fl);
	return err;
}

static int prepare_connect(struct serval_net *sn, struct serval_conn *conn,
			   struct sock *sk, const struct serval_address *addr,
			   bool fastopen)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	int err;

	WRITE_ONCE(sk->sk_err_soft, 0);
	err = serval_socket_take_device(sn, conn, sk) ?:
	      serval_encap_prepare(sn, conn) ?:
	      serval_socket_ask(conn, addr) ?: serval_output_check(sn, conn);
	if (err)
		return err;
	err = choose_address(sn, conn, sk, fastopen);
	if (err)
		return err;
	err = make_flow(sn, conn);
	if (err)
		return err;
	/* a connected socket accepts nothing any more; its name stays */
	serval_socket_unbind(sn, conn, sk);
	conn->r = serval_ulid_service_key(&conn->service);
	serval_conn_set_sock(conn, sk);
	if (!icsk->icsk_syn_retries)
		icsk->icsk_syn_retries =
			clamp(READ_ONCE(sn->settings.sal_max_retransmits), 1,
			      MAX_TCP_SYNCNT);
	return 0;
}

/* What a SYN met on its way, as connect(2) knows it */
static int connect_errno(int err)
{
	switch (err) {
	case ENETUNREACH:
	case ENETDOWN:
	case EADDRNOTAVAIL:
	case EACCES:
	case EPERM:
	case ENOMEM:
	case ECONNREFUSED:
		return -err;
	}
	return -EHOSTUNREACH;
}

/* TCP sends the SYN and ignores whether it left.  So look at that first, then
 * wait: a service without a way to it is unreachable at once.  -ERESTART: IPv6
 * itself has no route, sal0's was removed a moment ago.
 */
static int start_connect(struct socket *sock, struct sockaddr_in6 *sin6,
			 int flags)
{
	struct sock *sk = sock->sk;
	int err;

	err = __inet_stream_connect(sock, (struct sockaddr *)sin6,
				    sizeof(*sin6), flags | O_NONBLOCK, 0);
	if (err != -EINPROGRESS)
		return err == -ENETUNREACH ? -ERESTART : err;
	if (sk->sk_err_soft && sk->sk_state == TCP_SYN_SENT) {
		err = connect_errno(sk->sk_err_soft);
		WRITE_ONCE(sk->sk_err_soft, 0);
		sk->sk_prot->disconnect(sk, flags);
		sock->state = SS_UNCONNECTED;
		return err;
	}
	if (flags & O_NONBLOCK)
		return err;
	err = __inet_stream_connect(sock, (struct sockaddr *)sin6,
				    sizeof(*sin6), flags, 0);
	/* SO_SNDTIMEO ended the wait: to the program this is the first call */
	return err == -EALREADY ? -EINPROGRESS : err;
}

static int connect_locked(struct serval_net *sn, struct socket *sock,
			  const struct serval_address *addr, int flags)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(SERVAL_PORT),
	};
	struct sock *sk = sock->sk;
	struct serval_conn *conn = serval_conn_claim(sn, sk);
	int err;

	if (!conn)
		return -EINVAL;
	if (sock->state == SS_UNCONNECTED && sk->sk_state == TCP_CLOSE) {
		err = prepare_connect(sn, conn, sk, addr,
				      tcp_sk(sk)->fastopen_connect);
		if (err)
			return err;
		sin6.sin6_addr = serval_conn_raddr(conn);
		return start_connect(sock, &sin6, flags);
	}
	sin6.sin6_addr = serval_conn_raddr(conn);
	return __inet_stream_connect(sock, (struct sockaddr *)&sin6,
				     sizeof(sin6), flags, 0);
}

static int disconnect(struct serval_net *sn, struct socket *sock,
		      struct sockaddr *uaddr, int len, int flags)
{
	struct sock *sk = sock->sk;
	struct serval_conn *conn;
	int err;

	lock_sock(sk);
	conn = serval_conn_claim(sn, sk);
	err = __inet_stream_connect(sock, uaddr, len, flags, 0);
	if (!err && conn)
		err = choose_address(sn, conn, sk, false);
	/* not before: until then it has a flow, and its old key */
	if (!err && conn) {
		conn->lport = 0;
		conn->rport = 0;
		conn->active = false;
		memset(&conn->service, 0, sizeof(conn->service));
	}
	release_sock(sk);
	return err;
}

static int serval_connect(struct socket *sock, struct sockaddr *uaddr, int len,
			  int flags)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_address addr;
	int err;

	if (len >= (int)sizeof(uaddr->sa_family) &&
	    uaddr->sa_family == AF_UNSPEC)
		return disconnect(sn, sock, uaddr, len, flags);
	err = serval_address_parse(uaddr, len, &addr);
	if (err)
		return err;
	lock_sock(sk);
	err = connect_locked(sn, sock, &addr, flags);
	release_sock(sk);
	if (err != -ERESTART)
		return err;
	/* wait until it is back */
	schedule_work(&sn->route_work);
	flush_work(&sn->route_work);
	lock_sock(sk);
	err = connect_locked(sn, sock, &addr, flags);
	release_sock(sk);
	return err == -ERESTART ? -ENETUNREACH : err;
}

static int serval_accept(struct socket *sock, struct socket *newsock,
			 SERVAL_ACCEPT_ARGS)
{
	struct serval_net *sn = serval_net(sock_net(sock->sk));
	int err;

	err = native_ops->accept(sock, newsock, SERVAL_ACCEPT_PASS);
	if (err)
		return err;
	serval_conn_claim(sn, newsock->sk);
	return 0;
}

/**
 * serval_name_locate() - put a locator behind a service ID
 * @name:    result
 * @addr:    locator or ::
 * @ifindex: device that a link-local one belongs to
 *
 * Return: length of the name.
 */
int serval_name_locate(struct serval_name *name, const struct in6_addr *addr,
		       int ifindex)
{
	serval_addr_sock(&name->locator, addr);
	if (name->locator.sa.sa_family == AF_INET)
		return sizeof(name->sv) + sizeof(name->locator.sin);
	if (serval_addr_needs_device(addr))
		name->locator.sin6.sin6_scope_id = ifindex;
	return sizeof(name->sv) + sizeof(name->locator.sin6);
}

static int fill_name(struct serval_name *name, const struct serval_conn *conn,
		     bool peer)
{
	const struct serval_flow *fl = rcu_dereference(conn->flow);
	const struct serval_options *opt = serval_options(conn);

	name->sv.sv_srvid = peer ? *serval_conn_peer(conn) :
				   *serval_conn_local(conn);
	if (!peer && opt->bits < SERVICE_ID_MAX_PREFIX_BITS)
		name->sv.sv_prefix_bits = opt->bits;
	if (!peer)
		name->sv.sv_flags = opt->flags;
	if (!fl)
		return serval_name_locate(name, &in6addr_any, 0);
	if (fl->state == SERVAL_FLOW_UNCONNECTED)
		return serval_name_locate(name, &opt->bind_addr, opt->oif);
	return serval_name_locate(name, peer ? &fl->path.raddr :
					       &fl->path.laddr, fl->path.oif);
}

/**
 * serval_socket_getname() - proto_ops->getname
 * @sock:  AF_SERVAL socket
 * @uaddr: result, room for struct sockaddr_storage
 * @peer:  see getpeername(2)
 *
 * Return: length of the name or -ENOTCONN.
 */
int serval_socket_getname(struct socket *sock, struct sockaddr *uaddr,
			  int peer)
{
	struct sock *sk = sock->sk;
	struct serval_name *name = (struct serval_name *)uaddr;
	struct serval_conn *conn;
	int len;

	if (peer && (!inet_sk(sk)->inet_dport ||
		     (peer == 1 && (1 << sk->sk_state) &
		      (TCPF_CLOSE | TCPF_SYN_SENT))))
		return -ENOTCONN;
	memset(name, 0, sizeof(*name));
	name->sv.sv_family = serval_family;
	rcu_read_lock();
	conn = serval_conn_find_sock(serval_net(sock_net(sk)), sk);
	len = conn ? fill_name(name, conn, peer) :
		     serval_name_locate(name, &in6addr_any, 0);
	rcu_read_unlock();
	return len;
}

/* sendto() with MSG_FASTOPEN is connect() and send() in one: TCP gets the
 * service's ULID instead of its ID.
 */
static int send_fastopen(struct socket *sock, struct msghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(SERVAL_PORT),
	};
	void *name = msg->msg_name;
	int namelen = msg->msg_namelen;
	struct serval_conn *conn;
	struct serval_address addr;
	int err;

	err = serval_address_parse(name, namelen, &addr);
	if (err)
		return err;
	lock_sock(sk);
	conn = serval_conn_claim(sn, sk);
	if (!conn)
		err = -EINVAL;
	else if (sock->state == SS_UNCONNECTED && sk->sk_state == TCP_CLOSE)
		err = prepare_connect(sn, conn, sk, &addr, true);
	if (!err)
		sin6.sin6_addr = serval_conn_raddr(conn);
	release_sock(sk);
	if (err)
		return err;
	msg->msg_name = &sin6;
	msg->msg_namelen = sizeof(sin6);
	err = native_ops->sendmsg(sock, msg, size);
	msg->msg_name = name;
	msg->msg_namelen = namelen;
	return err;
}

static int serval_sendmsg(struct socket *sock, struct msghdr *msg, size_t size)
{
	if (unlikely(msg->msg_flags & MSG_FASTOPEN && msg->msg_name))
		return send_fastopen(sock, msg, size);
	return native_ops->sendmsg(sock, msg, size);
}

static void restore_native(struct sock *sk)
{
	if (READ_ONCE(inet_csk(sk)->icsk_af_ops) == &af_ops)
		WRITE_ONCE(inet_csk(sk)->icsk_af_ops, native_af_ops);
}

/* Whoever has fetched our operations already runs in a softirq, or with those
 * off
 */
static void restore_orphans_in(struct inet_hashinfo *info)
{
	struct hlist_nulls_node *node;
	struct sock *sk;
	unsigned int i;

	for (i = 0; i <= info->ehash_mask; i++) {
		if (hlist_nulls_empty(&info->ehash[i].chain))
			continue;
		spin_lock_bh(inet_ehash_lockp(info, i));
		sk_nulls_for_each(sk, node, &info->ehash[i].chain)
			if (sk_fullsock(sk))
				restore_native(sk);
		spin_unlock_bh(inet_ehash_lockp(info, i));
	}
}

/* Nobody but TCP knows them, in the table where each is that may still send.
 * Namespaces share one mostly.
 */
static void restore_orphans(void)
{
	struct inet_hashinfo *info, *common;
	struct net *net;

	common = init_net.ipv4.tcp_death_row.hashinfo;
	restore_orphans_in(common);
	rcu_read_lock();
	for_each_net_rcu(net) {
		info = net->ipv4.tcp_death_row.hashinfo;
		if (info != common)
			restore_orphans_in(info);
	}
	rcu_read_unlock();
}

static int serval_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct serval_conn *conn;
	struct serval_net *sn;
	int err;

	if (!sk)
		return 0;
	sn = serval_net(sock_net(sk));
	sock_hold(sk);
	lock_sock(sk);
	conn = serval_conn_claim(sn, sk);
	if (conn)
		serval_socket_unbind(sn, conn, sk);
	else
		serval_service_forget(sn, sk);
	/* TCP's leftovers are looked for on sal0 */
	sk->sk_bound_dev_if = sn->dev->ifindex;
	/* without a route TCP remembers nothing of the peer: the R of a passive
	 * end never comes again, and would drive out what is known of hosts
	 */
	__sk_dst_reset(sk);
	release_sock(sk);
	/* what the kernel made for itself does not keep its namespace: before
	 * that goes, too
	 */
	err = native_ops->release(sock);
	if (unlikely(!sk->sk_net_refcnt))
		restore_native(sk);
	if (conn) {
		/* TCP sends no SYN any more */
		serval_output_cancel(sn, conn);
		serval_conn_release(sn, conn);
	}
	sock_put(sk);
	return err;
}

/**
 * serval_socket_override() - put AF_SERVAL's calls into TCPv6's operations
 * @ops: copy of a TCPv6 or kTLS table
 */
void serval_socket_override(struct proto_ops *ops)
{
	ops->family = PF_INET6;
	ops->owner = THIS_MODULE;
	ops->release = serval_release;
	ops->bind = serval_bind;
	ops->connect = serval_connect;
	ops->accept = serval_accept;
	ops->getname = serval_socket_getname;
	ops->listen = serval_listen;
	ops->ioctl = serval_ioctl;
	ops->setsockopt = serval_setsockopt;
	ops->getsockopt = serval_getsockopt;
	ops->sendmsg = serval_sendmsg;
}

/**
 * serval_native_ops() - TCPv6's operations
 */
const struct proto_ops *serval_native_ops(void)
{
	return native_ops;
}

/**
 * serval_native_prot() - TCPv6's protocol, as long as nothing replaced it
 */
const struct proto *serval_native_prot(void)
{
	return native_prot;
}

/**
 * serval_stream_ops() - operations of an AF_SERVAL socket without kTLS
 */
const struct proto_ops *serval_stream_ops(void)
{
	return &stream_ops;
}

/* TCP calls this before it builds a SYN and before it sizes the buffers of an
 * established connection.  A SYN with data must leave room for its extensions;
 * what we offer to take is what fits the path; and what was accepted is to be
 * found by its segments before it has sent any.
 */
static int rebuild_header(struct sock *sk)
{
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn;
	struct serval_flow *fl;
	u16 mss;

	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	fl = conn ? rcu_dereference(conn->flow) : NULL;
	if (sk->sk_state == TCP_SYN_SENT) {
		if (conn)
			inet_csk(sk)->icsk_ext_hdr_len =
				serval_confirm_extra(conn);
		goto out;
	}
	mss = fl ? READ_ONCE(fl->path.mss) : 0;
	if (mss && tcp_sk(sk)->advmss > mss)
		tcp_sk(sk)->advmss = mss;
	if (conn && !READ_ONCE(conn->sk))
		serval_conn_set_sock(conn, sk);
out:
	rcu_read_unlock();
	return native_af_ops->rebuild_header(sk);
}

/* Every segment brings the same dst: nothing to remember */
static void rx_dst_set(struct sock *sk, const struct sk_buff *skb)
{
}

/* All R have one route: what one child of a listener has found is as good for the
 * next.  It lies where a connected socket has its own.
 */
static void keep_route(struct sock *listener, struct sock *child)
{
	struct dst_entry *dst = sk_dst_get(child);

	if (!dst || dst_xfrm(dst)) {
		dst_release(dst);
		return;
	}
	WRITE_ONCE(inet6_sk(listener)->dst_cookie, inet6_sk(child)->dst_cookie);
	sk_dst_set(listener, dst);
}

static struct sock *syn_recv_sock(const struct sock *sk, struct sk_buff *skb,
				  struct request_sock *req,
				  struct dst_entry *dst,
				  struct request_sock *req_unhash,
				  SERVAL_CHILD_ARGS)
{
	struct sock *listener = (struct sock *)sk, *child;
	bool known;

	if (!dst)
		dst = sk_dst_check(listener,
				   READ_ONCE(inet6_sk(sk)->dst_cookie));
	known = dst;
	child = native_af_ops->syn_recv_sock(sk, skb, req, dst, req_unhash,
					     SERVAL_CHILD_PASS);
	if (child && !known)
		keep_route(listener, child);
	return child;
}

/**
 * serval_socket_init() - learn the native operations and derive ours
 *
 * Return: 0 or what socket() says.
 */
int __init serval_socket_init(void)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, AF_INET6, SOCK_STREAM, IPPROTO_TCP,
			       &sock);
	if (err)
		return err;
	native_ops = sock->ops;
	native_af_ops = inet_csk(sock->sk)->icsk_af_ops;
	native_prot = sock->sk->sk_prot;
	serval_newsock_learn(sock);
	sock_release(sock);

	err = serval_dgram_learn();
	if (err)
		return err;
	stream_ops = *native_ops;
	serval_socket_override(&stream_ops);
	af_ops = *native_af_ops;
	af_ops.queue_xmit = serval_queue_xmit;
	af_ops.rebuild_header = rebuild_header;
	af_ops.syn_recv_sock = syn_recv_sock;
	af_ops.sk_rx_dst_set = rx_dst_set;
	return 0;
}

static struct net_proto_family family_ops = {
	.create = serval_create,
	.owner = THIS_MODULE,
};

/**
 * serval_socket_register() - let programs make AF_SERVAL sockets
 *
 * Return: 0 or -EEXIST if the family number is taken.
 */
int serval_socket_register(void)
{
	family_ops.family = serval_family;
	return sock_register(&family_ops);
}

/**
 * serval_socket_unregister() - the other way
 *
 * There are no sockets any more, and TCP's leftovers are as if there had been
 * none: after the next grace period they do not find the module's text.
 */
void serval_socket_unregister(void)
{
	sock_unregister(serval_family);
	restore_orphans();
}
