// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket options: those of SOL_SERVAL, and what must not reach TCPv6 as is.
 *
 * kTLS copies sock->ops once for the whole machine and later replaces them.
 * It is therefore shown a native socket first, and what it puts into one of
 * ours gets our calls on top, in a table that the module owns, or foreign
 * sockets would end up with ours and the module's count would go wrong.
 *
 * At SOL_IPV6 and SOL_IP only what a virtual header can carry is let
 * through: an extension header, for one, would stall the flow.
 */
#include <linux/if.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "move.h"
#include "multipath.h"
#include "sal.h"
#include "socket.h"

/* kTLS has 3 x 3 tables per family: none, software, device; each way */
#define TLS_TABLES	9

/* Tables of kTLS with our calls in place; @base tells which.  Written under
 * tls_ops_lock, never freed: sockets point to them.
 */
static struct {
	const struct proto_ops *base;
	struct proto_ops ops;
} tls_ops[TLS_TABLES];

static DEFINE_MUTEX(tls_ops_lock);

static bool is_ours(const struct proto_ops *ops)
{
	return ops->release == serval_stream_ops()->release;
}

static const struct proto_ops *find_wrapped(const struct proto_ops *base,
					    const struct proto_ops *ops)
{
	int i;

	lockdep_assert_held(&tls_ops_lock);
	for (i = 0; i < TLS_TABLES; i++) {
		if (tls_ops[i].base && tls_ops[i].base != base)
			continue;
		/* Should the tls module have been reloaded, another table may
		 * be at the same place; then no socket uses the old copy.
		 */
		if (!tls_ops[i].base ||
		    memcmp(&tls_ops[i].ops, ops, sizeof(*ops))) {
			tls_ops[i].ops = *ops;
			tls_ops[i].base = base;
		}
		return &tls_ops[i].ops;
	}
	return serval_stream_ops();
}

/* What a socket whose operations are @ops now must have */
static const struct proto_ops *wrap(const struct proto_ops *ops)
{
	const struct proto_ops *wrapped;
	struct proto_ops copy;

	if (is_ours(ops))
		return ops;
	copy = *ops;
	serval_socket_override(&copy);
	mutex_lock(&tls_ops_lock);
	wrapped = find_wrapped(ops, &copy);
	mutex_unlock(&tls_ops_lock);
	return wrapped;
}

static void take_back(struct socket *sock)
{
	const struct proto_ops *now;

	do {
		now = READ_ONCE(sock->ops);
	} while (cmpxchg(&sock->ops, now, wrap(now)) != now);
}

/* Let kTLS copy its tables from a native socket: it does so before it finds
 * that this one is not connected, and not again for the same protocol.
 */
static int prime_tls(const char *name)
{
	struct socket *tmp;
	int err;

	err = sock_create_kern(&init_net, AF_INET6, SOCK_STREAM, IPPROTO_TCP,
			       &tmp);
	if (err)
		return err;
	sock_common_setsockopt(tmp, SOL_TCP, TCP_ULP,
			       KERNEL_SOCKPTR((void *)name), strlen(name));
	sock_release(tmp);
	return 0;
}

static int set_ulp(struct socket *sock, sockptr_t optval, unsigned int optlen)
{
	char name[TCP_ULP_NAME_MAX] = {};
	int err;

	if (!optlen)
		return -EINVAL;
	optlen = min_t(unsigned int, optlen, sizeof(name) - 1);
	if (strncpy_from_sockptr(name, optval, optlen) < 0)
		return -EFAULT;
	if (strcmp(name, "tls"))
		return -EOPNOTSUPP;
	/* in a sockmap it has another protocol: kTLS would copy our tables */
	if (sock->ops == serval_stream_ops() &&
	    READ_ONCE(sock->sk->sk_prot) != serval_native_prot())
		return -EOPNOTSUPP;
	err = prime_tls(name);
	if (err)
		return err;
	err = sock_common_setsockopt(sock, SOL_TCP, TCP_ULP,
				     KERNEL_SOCKPTR(name), strlen(name));
	take_back(sock);
	return err;
}

static int set_tls(struct socket *sock, int optname, sockptr_t optval,
		   unsigned int optlen)
{
	int err;

	err = sock_common_setsockopt(sock, SOL_TLS, optname, optval, optlen);
	take_back(sock);
	return err;
}

static bool ipv6_option_allowed(int optname)
{
	switch (optname) {
	case IPV6_TCLASS:
	case IPV6_RECVERR:
	case IPV6_V6ONLY:
	case IPV6_AUTOFLOWLABEL:
		return true;
	}
	return false;
}

static bool ip_option_allowed(int optname)
{
	switch (optname) {
	case IP_TOS:
	case IP_RECVERR:
		return true;
	}
	return false;
}

static int set_oif(struct serval_conn *conn, int ifindex)
{
	struct serval_options *opt;

	opt = serval_conn_set_options(conn, GFP_KERNEL_ACCOUNT);
	if (!opt)
		return -ENOMEM;
	WRITE_ONCE(opt->oif, ifindex);
	return 0;
}

/* Device by name, as SO_BINDTODEVICE; an empty one frees the socket */
static int set_device(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	struct net *net = sock_net(sk);
	struct serval_net *sn = serval_net(net);
	char name[IFNAMSIZ] = {};
	struct net_device *dev;
	struct serval_conn *conn;
	int err, ifindex = 0;

	if (copy_from_sockptr(name, optval,
			      min_t(unsigned int, optlen, sizeof(name) - 1)))
		return -EFAULT;
	rcu_read_lock();
	if (name[0]) {
		dev = dev_get_by_name_rcu(net, name);
		ifindex = dev ? dev->ifindex : -ENODEV;
	}
	rcu_read_unlock();
	if (ifindex < 0)
		return ifindex;
	if (ifindex == sn->dev->ifindex)
		return -EINVAL;

	lock_sock(sk);
	conn = serval_conn_claim(sn, sk);
	if (!conn || sk->sk_state != TCP_CLOSE)
		err = -EINVAL;
	else
		err = set_oif(conn, ifindex);
	release_sock(sk);
	return err;
}

/* @sk is locked.  Return: or an ERR_PTR */
static struct serval_options *own_options(struct sock *sk)
{
	struct serval_conn *conn = serval_conn_claim(serval_net(sock_net(sk)),
						     sk);

	if (!conn)
		return ERR_PTR(-EINVAL);
	return serval_conn_set_options(conn, GFP_KERNEL_ACCOUNT) ?:
	       ERR_PTR(-ENOMEM);
}

static int get_int(sockptr_t optval, unsigned int optlen, int *val)
{
	if (optlen < sizeof(*val))
		return -EINVAL;
	return copy_from_sockptr(val, optval, sizeof(*val)) ? -EFAULT : 0;
}

static int set_encap(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	struct serval_options *opt;
	int val, err;

	err = get_int(optval, optlen, &val);
	if (err)
		return err;
	if (val < SERVAL_UDP_DEFAULT || val > SERVAL_UDP_AUTO)
		return -EINVAL;
	lock_sock(sk);
	opt = own_options(sk);
	if (!IS_ERR(opt))
		WRITE_ONCE(opt->encap, val);
	release_sock(sk);
	return PTR_ERR_OR_ZERO(opt);
}

static int set_recv_move(struct sock *sk, sockptr_t optval,
			 unsigned int optlen)
{
	struct serval_options *opt;
	int val, err;

	err = get_int(optval, optlen, &val);
	if (err)
		return err;
	if (val < 0 || val > 1)
		return -EINVAL;
	lock_sock(sk);
	opt = own_options(sk);
	if (!IS_ERR(opt))
		WRITE_ONCE(opt->recv_move, val);
	release_sock(sk);
	return PTR_ERR_OR_ZERO(opt);
}

static int set_multipath(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_options *opt;
	const struct serval_conn *conn;
	const struct serval_flow *fl;
	int val, err;

	err = get_int(optval, optlen, &val);
	if (err)
		return err;
	if (val < SERVAL_MULTIPATH_DEFAULT || val > SERVAL_MULTIPATH_BALANCE)
		return -EINVAL;
	lock_sock(sk);
	opt = own_options(sk);
	if (!IS_ERR(opt)) {
		WRITE_ONCE(opt->multipath, val);
		rcu_read_lock();
		conn = serval_conn_find_sock(sn, sk);
		fl = conn ? rcu_dereference(conn->flow) : NULL;
		if (fl && READ_ONCE(fl->state) == SERVAL_FLOW_ESTABLISHED &&
		    (serval_move_of(conn) || serval_multipath_policy(sn, conn)))
			serval_multipath_again(sn, fl);
		rcu_read_unlock();
	}
	release_sock(sk);
	return PTR_ERR_OR_ZERO(opt);
}

static int set_migrate(struct socket *sock, sockptr_t optval,
		       unsigned int optlen)
{
	struct serval_migrate m;

	if (optlen != sizeof(m))
		return -EINVAL;
	if (copy_from_sockptr(&m, optval, sizeof(m)))
		return -EFAULT;
	return serval_socket_migrate(sock, &m);
}

static int set_recv_dest(struct socket *sock, sockptr_t optval,
			 unsigned int optlen)
{
	int val, err;

	if (sock->type != SOCK_DGRAM)
		return -ENOPROTOOPT;
	err = get_int(optval, optlen, &val);
	if (err)
		return err;
	return serval_dgram_set_recv_dest(sock, val);
}

static int set_own(struct socket *sock, int optname, sockptr_t optval,
		   unsigned int optlen)
{
	struct {
		struct sockaddr_sv sv;
		struct sockaddr_in6 sin6;
	} addr;

	switch (optname) {
	case SERVAL_BINDTODEVICE:
		return set_device(sock->sk, optval, optlen);
	case SERVAL_UDP_ENCAP:
		return set_encap(sock->sk, optval, optlen);
	case SERVAL_BIND:
		if (optlen < sizeof(addr.sv) || optlen > sizeof(addr))
			return -EINVAL;
		if (copy_from_sockptr(&addr, optval, optlen))
			return -EFAULT;
		return serval_socket_bind(sock, &addr, optlen);
	case SERVAL_RECVDEST:
		return set_recv_dest(sock, optval, optlen);
	case SERVAL_MIGRATE:
		return set_migrate(sock, optval, optlen);
	case SERVAL_RECVMOVE:
		return set_recv_move(sock->sk, optval, optlen);
	case SERVAL_MULTIPATH:
		return set_multipath(sock->sk, optval, optlen);
	}
	return -ENOPROTOOPT;
}

/**
 * serval_setsockopt() - proto_ops->setsockopt
 * @sock:    AF_SERVAL socket
 * @level:   any
 * @optname: see setsockopt(2)
 * @optval:  see setsockopt(2)
 * @optlen:  see setsockopt(2)
 *
 * Return: 0, -ENOPROTOOPT for what a service's socket can't have, -EOPNOTSUPP
 * for a ULP other than tls, or what serval_socket_migrate() or TCP says.
 */
int serval_setsockopt(struct socket *sock, int level, int optname,
		      sockptr_t optval, unsigned int optlen)
{
	switch (level) {
	case SOL_SERVAL:
		return set_own(sock, optname, optval, optlen);
	case SOL_TCP:
		if (optname == TCP_ULP)
			return set_ulp(sock, optval, optlen);
		break;
	case SOL_TLS:
		return set_tls(sock, optname, optval, optlen);
	case SOL_IPV6:
		if (!ipv6_option_allowed(optname))
			return -ENOPROTOOPT;
		break;
	case SOL_IP:
		if (!ip_option_allowed(optname))
			return -ENOPROTOOPT;
		break;
	}
	return sock_common_setsockopt(sock, level, optname, optval, optlen);
}

static int get_device_name(struct sock *sk, char *name)
{
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn;
	struct net_device *dev;
	int ifindex;

	memset(name, 0, IFNAMSIZ);
	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	ifindex = conn ? serval_options(conn)->oif : 0;
	dev = ifindex ? dev_get_by_index_rcu(sock_net(sk), ifindex) : NULL;
	if (dev)
		strscpy(name, dev->name, IFNAMSIZ);
	rcu_read_unlock();
	return strlen(name) ? strlen(name) + 1 : 0;
}

/* Before connect() what was asked for, then how the flow is sent */
static int get_encap(struct sock *sk)
{
	struct serval_net *sn = serval_net(sock_net(sk));
	const struct serval_flow *fl;
	struct serval_conn *conn;
	int val = SERVAL_UDP_DEFAULT;

	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	fl = conn ? rcu_dereference(conn->flow) : NULL;
	if (fl && READ_ONCE(fl->state) != SERVAL_FLOW_SYN_SENT)
		val = READ_ONCE(fl->path.dport) ? SERVAL_UDP_ALWAYS :
						  SERVAL_UDP_NEVER;
	else if (conn)
		val = READ_ONCE(serval_options(conn)->encap);
	rcu_read_unlock();
	return val;
}

static bool get_recv(struct sock *sk, int optname)
{
	const struct serval_options *opt = &serval_no_options;
	const struct serval_conn *conn;
	bool on;

	rcu_read_lock();
	conn = serval_conn_find_sock(serval_net(sock_net(sk)), sk);
	if (conn)
		opt = serval_options(conn);
	on = optname == SERVAL_RECVDEST ? READ_ONCE(opt->recv_dest) :
					  READ_ONCE(opt->recv_move);
	rcu_read_unlock();
	return on;
}

static int get_multipath(struct sock *sk)
{
	struct serval_net *sn = serval_net(sock_net(sk));
	const struct serval_conn *conn;
	int val = READ_ONCE(sn->settings.multipath);

	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	if (conn)
		val = serval_multipath_policy(sn, conn);
	rcu_read_unlock();
	return val;
}

static void get_migration(struct sock *sk, struct serval_migration *info)
{
	struct serval_conn *conn;

	memset(info, 0, sizeof(*info));
	rcu_read_lock();
	conn = serval_conn_find_sock(serval_net(sock_net(sk)), sk);
	if (conn)
		serval_move_describe(conn, info);
	rcu_read_unlock();
	/* a path outlives what the transport has ended */
	if (READ_ONCE(sk->sk_state) == TCP_CLOSE)
		info->sm_state = SERVAL_CLOSED;
	else if (READ_ONCE(sk->sk_state) == TCP_LISTEN)
		info->sm_state = SERVAL_LISTEN;
}

static int get_flow_id(struct sock *sk, bool peer, struct flow_id *id)
{
	struct serval_net *sn = serval_net(sock_net(sk));
	const struct serval_flow *fl;
	struct serval_conn *conn;

	id->s_id32 = 0;
	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	fl = conn ? rcu_dereference(conn->flow) : NULL;
	if (fl && fl->state != SERVAL_FLOW_UNCONNECTED)
		id->s_id32 = (__force u32)(peer ? fl->peer_id : fl->local_id);
	rcu_read_unlock();
	return id->s_id32 ? 0 : -ENOTCONN;
}

static int copy_out(const void *val, int size, char __user *optval,
		    int __user *optlen)
{
	int len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min(len, size);
	if (copy_to_user(optval, val, len) || put_user(len, optlen))
		return -EFAULT;
	return 0;
}

static int get_own(struct sock *sk, int optname, char __user *optval,
		   int __user *optlen)
{
	struct serval_migration info;
	char name[IFNAMSIZ];
	struct flow_id id;
	int val, err;

	switch (optname) {
	case SERVAL_DOMAIN:
		val = serval_family;
		return copy_out(&val, sizeof(val), optval, optlen);
	case SERVAL_BINDTODEVICE:
		return copy_out(name, get_device_name(sk, name), optval,
				optlen);
	case SERVAL_UDP_ENCAP:
		val = get_encap(sk);
		return copy_out(&val, sizeof(val), optval, optlen);
	case SERVAL_RECVDEST:
		if (sk->sk_type != SOCK_DGRAM)
			return -ENOPROTOOPT;
		fallthrough;
	case SERVAL_RECVMOVE:
		val = get_recv(sk, optname);
		return copy_out(&val, sizeof(val), optval, optlen);
	case SERVAL_MULTIPATH:
		val = get_multipath(sk);
		return copy_out(&val, sizeof(val), optval, optlen);
	case SERVAL_MIGRATE:
		get_migration(sk, &info);
		return copy_out(&info, sizeof(info), optval, optlen);
	case SERVAL_FLOW_ID:
	case SERVAL_PEER_FLOW_ID:
		err = get_flow_id(sk, optname == SERVAL_PEER_FLOW_ID, &id);
		return err ?: copy_out(&id, sizeof(id), optval, optlen);
	}
	return -ENOPROTOOPT;
}

/**
 * serval_getsockopt() - proto_ops->getsockopt
 * @sock:    AF_SERVAL socket
 * @level:   any
 * @optname: see getsockopt(2)
 * @optval:  see getsockopt(2)
 * @optlen:  see getsockopt(2)
 *
 * Return: 0, -ENOTCONN without a flow, -ENOPROTOOPT, or what TCP says.
 */
int serval_getsockopt(struct socket *sock, int level, int optname,
		      char __user *optval, int __user *optlen)
{
	if (level == SOL_SERVAL)
		return get_own(sock->sk, optname, optval, optlen);
	return sock_common_getsockopt(sock, level, optname, optval, optlen);
}
