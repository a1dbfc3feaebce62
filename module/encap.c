// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP encapsulation: IP | UDP | SAL, for ways on which NATs and firewalls let
 * nothing else pass (Documentation/protocol.rst section 1).
 *
 * The well-known port of a namespace receives always, whatever the settings:
 * a responder answers the way it was spoken to, from the port addressed to the
 * port seen.  Requests come from a pool of bound ports, one by the flow's id,
 * so that routers and network cards spread flows; it is opened when the first
 * request needs it.  No socket sends: path.c builds the packets, the sockets
 * only own the ports and take what arrives.
 *
 * A work that runs only while this host has encapsulated flows of its own
 * making sends a header without payload on each that was silent for a while,
 * so that a NAT on the way keeps its binding.
 *
 * Lifetime: sockets are opened and closed under encap.lock; they are closed
 * before a namespace's last grace period, so what they are handling then
 * still finds it.
 */
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/rhashtable.h>
#include <net/inet_sock.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

#include "encap.h"
#include "offload.h"
#include "sal.h"

#define KEEP_INTERVAL	(5 * HZ)

/**
 * serval_encap_mode() - how a connection's requests are to be sent
 * @sn:   namespace
 * @conn: connection
 * @t:    where the request goes, NULL if no rule leads there
 *
 * The socket decides, then the rule, then the namespace.
 *
 * Return: SERVAL_UDP_*, but not SERVAL_UDP_DEFAULT.
 */
int serval_encap_mode(const struct serval_net *sn,
		      const struct serval_conn *conn,
		      const struct serval_target *t)
{
	int mode = READ_ONCE(serval_options(conn)->encap);

	if (mode == SERVAL_UDP_DEFAULT && t)
		mode = t->encap;
	return mode == SERVAL_UDP_DEFAULT ? READ_ONCE(sn->settings.udp_encap) :
					    mode;
}

/* Index of a family's sockets */
static int index_of(u8 family)
{
	return family == AF_INET6;
}

/* UDP has verified its checksum */
static int encap_rcv(struct sock *sk, struct sk_buff *skb)
{
	if (unlikely(!pskb_may_pull(skb, sizeof(struct udphdr)))) {
		kfree_skb(skb);
		return 0;
	}
	skb_pull_rcsum(skb, sizeof(struct udphdr));
	serval_input(serval_net_rcu(sock_net(sk)), skb);
	return 0;
}

static int open_socket(struct serval_net *sn, int index, int port,
		       struct socket **result)
{
	struct udp_tunnel_sock_cfg tunnel = {
		.encap_type = 1,
		.encap_rcv = encap_rcv,
		.encap_err_lookup = serval_icmp_err_udp,
		.gro_receive = serval_gro_receive_udp,
		.gro_complete = serval_gro_complete_udp,
	};
	struct udp_port_cfg cfg = {
		.family = index ? AF_INET6 : AF_INET,
		.local_udp_port = htons(port),
		.use_udp_checksums = true,
		.use_udp6_tx_checksums = true,
		.ipv6_v6only = true,
	};
	int err;

	err = udp_sock_create(sn->net, &cfg, result);
	if (!err)
		setup_udp_tunnel_sock(sn->net, *result, &tunnel);
	return err;
}

static void close_socket(struct serval_net *sn, struct socket **place)
{
	struct socket *sock = *place;

	if (!sock)
		return;
	*place = NULL;
	serval_encap_gro_update(&sn->encap);
	kernel_sock_shutdown(sock, SHUT_RDWR);
	sock_release(sock);
}

static void close_pool(struct serval_net *sn)
{
	struct serval_encap *en = &sn->encap;
	int i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < SERVAL_ENCAP_POOL; j++) {
			WRITE_ONCE(en->pool_port[i][j], 0);
			close_socket(sn, &en->pool[i][j]);
		}
}

static int open_member(struct serval_net *sn, int i, int j, int port)
{
	struct serval_encap *en = &sn->encap;
	int err = open_socket(sn, i, port, &en->pool[i][j]);

	if (!err)
		WRITE_ONCE(en->pool_port[i][j],
			   inet_sk(en->pool[i][j]->sk)->inet_sport);
	return err;
}

/* The last to be opened */
static bool pool_is_open(const struct serval_encap *en)
{
	return READ_ONCE(en->pool_port[1][SERVAL_ENCAP_POOL - 1]);
}

/* That of a family which @hash falls on, 0 without a pool */
static __be16 pool_port(const struct serval_encap *en, u8 family, u32 hash)
{
	return READ_ONCE(en->pool_port[index_of(family)]
				      [hash % SERVAL_ENCAP_POOL]);
}

/**
 * serval_encap_open_pool() - have source ports for requests
 * @sn: namespace
 *
 * The first is the sysctl's, if nobody else has it; the others are any.
 *
 * Context: process.
 * Return: 0 or what binding says.
 */
int serval_encap_open_pool(struct serval_net *sn)
{
	struct serval_encap *en = &sn->encap;
	int i, j, err = 0;

	if (pool_is_open(en))
		return 0;
	mutex_lock(&en->lock);
	for (i = 0; i < 2 && !err; i++)
		for (j = 0; j < SERVAL_ENCAP_POOL && !err; j++) {
			if (en->pool[i][j])
				continue;
			err = open_member(sn, i, j, j ? 0 : en->client_port);
			if (err == -EADDRINUSE && !j)
				err = open_member(sn, i, j, 0);
		}
	if (err)
		close_pool(sn);
	serval_encap_gro_update(en);
	mutex_unlock(&en->lock);
	return err;
}

/**
 * serval_encap_prepare() - before a socket sends a request
 * @sn:   namespace
 * @conn: the socket's
 *
 * What rules need is there since they are.
 *
 * Context: process.
 * Return: as serval_encap_open_pool().
 */
int serval_encap_prepare(struct serval_net *sn, const struct serval_conn *conn)
{
	return serval_encap_mode(sn, conn, NULL) == SERVAL_UDP_ALWAYS ?
	       serval_encap_open_pool(sn) : 0;
}

static void open_server(struct serval_net *sn)
{
	struct serval_encap *en = &sn->encap;
	int i;

	for (i = 0; i < 2; i++)
		if (open_socket(sn, i, en->server_port, &en->server[i]))
			net_warn_ratelimited("serval: UDP port %d is taken: no encapsulated requests over %s\n",
					     en->server_port,
					     i ? "IPv6" : "IPv4");
	serval_encap_gro_update(en);
}

/* Both versions of IP or none.  @port: -1 = only close */
static int replace(struct serval_net *sn, int port, struct socket **v4,
		   struct socket **v6)
{
	struct socket *new[2] = {};
	int i, err = 0;

	for (i = 0; i < 2 && !err && port >= 0; i++)
		err = open_socket(sn, i, port, &new[i]);
	if (err) {
		close_socket(sn, &new[0]);
		close_socket(sn, &new[1]);
		return err;
	}
	close_socket(sn, v4);
	close_socket(sn, v6);
	*v4 = new[0];
	*v6 = new[1];
	serval_encap_gro_update(&sn->encap);
	return 0;
}

static int move_server(struct serval_net *sn, int port)
{
	struct serval_encap *en = &sn->encap;

	return replace(sn, port ?: -1, &en->server[0], &en->server[1]);
}

/* The other ports of the pool stay, and with them the flows that use them */
static int move_client(struct serval_net *sn, int port)
{
	struct serval_encap *en = &sn->encap;
	int i, err;

	if (!en->pool[0][0])
		return 0;
	err = replace(sn, port, &en->pool[0][0], &en->pool[1][0]);
	for (i = 0; i < 2 && !err; i++)
		WRITE_ONCE(en->pool_port[i][0],
			   inet_sk(en->pool[i][0]->sk)->inet_sport);
	return err;
}

/**
 * serval_encap_set_port() - change the well-known or the first client port
 * @sn:   namespace
 * @port: &server_port or &client_port of its struct serval_encap
 * @val:  0..65535, 0 = the well-known port is closed
 *
 * Flows that use the old port receive no more: those accepted on a former
 * well-known port end.
 *
 * Context: process.
 * Return: 0; what binding says: then nothing has changed.
 */
int serval_encap_set_port(struct serval_net *sn, int *port, int val)
{
	struct serval_encap *en = &sn->encap;
	int err = 0;

	mutex_lock(&en->lock);
	if (val != *port) {
		err = port == &en->server_port ? move_server(sn, val) :
						 move_client(sn, val);
		if (!err)
			WRITE_ONCE(*port, val);
	}
	mutex_unlock(&en->lock);
	return err;
}

/**
 * serval_encap_request() - let a path carry a request inside UDP
 * @sn:   namespace
 * @path: with its remote locator
 * @hash: spreads over the pool
 *
 * Without a pool nothing could receive the answer: the path stays as it is.
 */
void serval_encap_request(struct serval_net *sn, struct serval_path *path,
			  u32 hash)
{
	const struct serval_encap *en = &sn->encap;
	__be16 port = pool_port(en, path->family, hash);

	if (port)
		serval_path_encapsulate(path, port,
					htons(READ_ONCE(en->server_port)));
}

/**
 * serval_encap_may_race() - may a flow's packets leave raw and inside UDP in turn
 * @fl: flow
 *
 * Until one is answered.  Its socket says so, or said so when it connected.
 */
bool serval_encap_may_race(const struct serval_flow *fl)
{
	return READ_ONCE(fl->encap) == SERVAL_UDP_AUTO ||
	       READ_ONCE(serval_options(fl->conn)->encap) == SERVAL_UDP_AUTO;
}

/**
 * serval_encap_wants_pool() - may a move want ports that are not open yet
 * @sn: namespace
 * @fl: flow that moves
 */
bool serval_encap_wants_pool(const struct serval_net *sn,
			     const struct serval_flow *fl)
{
	return fl->conn->active &&
	       !pool_is_open(&sn->encap) &&
	       (READ_ONCE(fl->path.dport) || serval_encap_may_race(fl) ||
		READ_ONCE(serval_options(fl->conn)->encap) == SERVAL_UDP_ALWAYS);
}

/**
 * serval_encap_ports() - between which UDP ports a flow is to move
 * @sn:     namespace
 * @fl:     flow that moves; its own if it is encapsulated already
 * @family: of the addresses that it moves to
 * @sport:  result
 * @dport:  result; the peer's well-known port, also if that is who asked
 *
 * Return: false if this host has no port for it.
 */
bool serval_encap_ports(const struct serval_net *sn,
			const struct serval_flow *fl, u8 family, __be16 *sport,
			__be16 *dport)
{
	const struct serval_encap *en = &sn->encap;
	const __be16 server = htons(READ_ONCE(en->server_port));

	*sport = READ_ONCE(fl->path.sport);
	*dport = READ_ONCE(fl->path.dport);
	if (*dport && family == fl->path.family)
		return true;
	*dport = server;
	*sport = fl->conn->active ?
		 pool_port(en, family, ntohl(fl->local_id)) : server;
	return *sport && *dport;
}

static void send_keepalive(struct serval_net *sn, struct serval_flow *fl)
{
	const struct serval_pkt pkt = {
		.src = fl->local_id,
		.dst = fl->peer_id,
		.protocol = fl->conn->protocol,
	};
	struct sock *sk = serval_conn_get_sock(fl->conn);

	if (!sk)
		return;
	SERVAL_INC(sn, OUTKEEPALIVE);
	serval_path_send(sn, &fl->path, &pkt, READ_ONCE(sk->sk_mark));
	sock_put(sk);
}

/* Return: does the flow need this work? */
static bool keep_flow(struct serval_net *sn, struct serval_flow *fl)
{
	u32 idle = READ_ONCE(sn->settings.udp_encap_keepalive) * HZ;

	if (!fl->conn->active || !READ_ONCE(fl->path.dport) ||
	    READ_ONCE(fl->state) != SERVAL_FLOW_ESTABLISHED)
		return false;
	if (idle && (u32)jiffies - READ_ONCE(fl->path.used) >= idle)
		send_keepalive(sn, fl);
	return true;
}

static void keep_work(struct work_struct *work)
{
	struct serval_encap *en = container_of(to_delayed_work(work),
					       struct serval_encap, keep_work);
	struct serval_net *sn = container_of(en, struct serval_net, encap);
	struct rhashtable_iter iter;
	struct serval_flow *fl;
	bool more = false;

	rhashtable_walk_enter(&sn->flows.flows, &iter);
	do {
		rhashtable_walk_start(&iter);
		while ((fl = rhashtable_walk_next(&iter)) && !IS_ERR(fl)) {
			local_bh_disable();
			more |= keep_flow(sn, fl);
			local_bh_enable();
			if (need_resched())
				break;
		}
		rhashtable_walk_stop(&iter);
		cond_resched();
	} while (fl);
	rhashtable_walk_exit(&iter);
	if (more)
		queue_delayed_work(system_power_efficient_wq, &en->keep_work,
				   KEEP_INTERVAL);
}

/**
 * serval_encap_keep() - there is a flow whose binding in a NAT is to be kept
 * @sn: namespace
 *
 * Context: any but hard interrupt, rcu_read_lock() held.
 */
void serval_encap_keep(struct serval_net *sn)
{
	if (!READ_ONCE(sn->closed))
		queue_delayed_work(system_power_efficient_wq,
				   &sn->encap.keep_work, KEEP_INTERVAL);
}

/**
 * serval_encap_answered() - a request of this host was answered
 * @sn: namespace
 * @fl: flow, which goes the way of the answer now
 */
void serval_encap_answered(struct serval_net *sn, const struct serval_flow *fl)
{
	if (READ_ONCE(fl->encap) == SERVAL_UDP_AUTO)
		serval_encap_learn(sn, &fl->path);
	if (fl->path.dport)
		serval_encap_keep(sn);
}

/**
 * serval_encap_init() - prepare a namespace
 * @sn: namespace
 */
void serval_encap_init(struct serval_net *sn)
{
	struct serval_encap *en = &sn->encap;

	mutex_init(&en->lock);
	INIT_DELAYED_WORK(&en->keep_work, keep_work);
	serval_encap_auto_init(sn);
	en->server_port = SERVAL_UDP_SERVER_PORT;
	en->client_port = SERVAL_UDP_CLIENT_PORT;
}

/**
 * serval_encap_publish() - open a namespace's well-known port
 * @sn: namespace, ready to receive
 *
 * A port that is taken is no error: everything else works.
 *
 * Context: process.
 */
void serval_encap_publish(struct serval_net *sn)
{
	mutex_lock(&sn->encap.lock);
	open_server(sn);
	mutex_unlock(&sn->encap.lock);
}

/**
 * serval_encap_unpublish() - close all ports
 * @sn: namespace; packets may still be on their way through it
 *
 * Context: process.
 */
void serval_encap_unpublish(struct serval_net *sn)
{
	struct serval_encap *en = &sn->encap;

	cancel_delayed_work_sync(&en->keep_work);
	serval_encap_auto_exit(sn);
	mutex_lock(&en->lock);
	close_pool(sn);
	close_socket(sn, &en->server[0]);
	close_socket(sn, &en->server[1]);
	mutex_unlock(&en->lock);
}

/**
 * serval_encap_exit() - wait for what was queued after serval_encap_unpublish()
 * @sn: namespace, closed for a grace period
 *
 * Context: process.
 */
void serval_encap_exit(struct serval_net *sn)
{
	cancel_delayed_work_sync(&sn->encap.keep_work);
}
