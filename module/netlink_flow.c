// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink: flows, and events about them.
 *
 * A flow's state is its TCP socket's; whoever shows it looks the socket up.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/inet_hashtables.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "dgram_conn.h"
#include "events.h"
#include "join.h"
#include "netlink.h"
#include "serval.h"

const struct nla_policy serval_flow_policy[SERVAL_A_FLOW_MAX + 1] = {
	[SERVAL_A_FLOW_LOCAL_ID] = { .type = NLA_U32 },
	[SERVAL_A_FLOW_PEER_ID] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PROTO] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_STATE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_LOCAL_ADDR4] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PEER_ADDR4] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_IFINDEX] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_LOCAL_SERVICE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PEER_SERVICE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_COOKIE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_INODE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_UID] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_AGE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_STATS] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_LOCAL_ADDR6] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PEER_ADDR6] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_OLD_ID] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_IFINDEX] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_ADDR4] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_ADDR6] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_BEGUN] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_FAILED] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_ERROR] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_DURATION] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_UDP_ENCAP] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_UDP_ENCAP] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_ROLE] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_PEER_ADDR4] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_NEW_PEER_ADDR6] = { .type = NLA_REJECT },
	[SERVAL_A_FLOW_PATH_STATE] = { .type = NLA_REJECT },
};

static int put_socket(struct sk_buff *msg, const struct serval_net *sn,
		      struct sock *sk)
{
	u64 cookie;

	if (!sk_fullsock(sk))
		return 0;
	cookie = atomic64_read(&sk->sk_cookie);
	if (nla_put_u64_64bit(msg, SERVAL_A_FLOW_INODE, sock_i_ino(sk),
			      SERVAL_A_FLOW_PAD) ||
	    nla_put_u32(msg, SERVAL_A_FLOW_UID,
			from_kuid_munged(sn->net->user_ns, sock_i_uid(sk))))
		return -EMSGSIZE;
	if (cookie && nla_put_u64_64bit(msg, SERVAL_A_FLOW_COOKIE, cookie,
					SERVAL_A_FLOW_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_state(struct sk_buff *msg, struct serval_net *sn,
		     const struct serval_flow *fl)
{
	struct sock *sk = serval_conn_any_sock(sn, fl->conn);
	u8 state;
	int err;

	/* a datagram connection that waits for accept() has none */
	if (!sk)
		return nla_put_u8(msg, SERVAL_A_FLOW_STATE,
				  fl->conn->protocol == IPPROTO_TCP ?
				  TCP_CLOSE : TCP_ESTABLISHED);
	state = sk->sk_state;
	if (state == TCP_TIME_WAIT && !sk_fullsock(sk))
		state = inet_twsk(sk)->tw_substate;
	if (state == TCP_NEW_SYN_RECV)
		state = TCP_SYN_RECV;
	err = nla_put_u8(msg, SERVAL_A_FLOW_STATE, state) ?:
	      put_socket(msg, sn, sk);
	sock_gen_put(sk);
	return err;
}

static int put_path(struct sk_buff *msg, const struct serval_path *path)
{
	int err = nla_put_u8(msg, SERVAL_A_FLOW_UDP_ENCAP,
			     READ_ONCE(path->dport) ? SERVAL_UDP_ALWAYS :
						      SERVAL_UDP_NEVER);

	if (err)
		return err;
	/* a path that leads nowhere yet has neither */
	if (path->family == AF_INET6)
		return nla_put_in6_addr(msg, SERVAL_A_FLOW_LOCAL_ADDR6,
					&path->laddr) ?:
		       nla_put_in6_addr(msg, SERVAL_A_FLOW_PEER_ADDR6,
					&path->raddr);
	return nla_put_be32(msg, SERVAL_A_FLOW_LOCAL_ADDR4,
			    serval_addr_to4(&path->laddr)) ?:
	       nla_put_be32(msg, SERVAL_A_FLOW_PEER_ADDR4,
			    serval_addr_to4(&path->raddr));
}

static int put_name(struct sk_buff *msg, int type, const struct service_id *id)
{
	if (!memchr_inv(id->s_sid, 0, sizeof(id->s_sid)))
		return 0;
	return nla_put(msg, type, sizeof(id->s_sid), id->s_sid);
}

static int put_stats(struct sk_buff *msg, const struct serval_flow *fl)
{
	struct nlattr *nest = nla_nest_start(msg, SERVAL_A_FLOW_STATS);

	if (!nest ||
	    nla_put_u64_64bit(msg, SERVAL_A_FLOW_STATS_PACKETS_SENT,
			      atomic64_read(&fl->sent_packets),
			      SERVAL_A_FLOW_STATS_PAD) ||
	    nla_put_u64_64bit(msg, SERVAL_A_FLOW_STATS_BYTES_SENT,
			      atomic64_read(&fl->sent_bytes),
			      SERVAL_A_FLOW_STATS_PAD) ||
	    nla_put_u64_64bit(msg, SERVAL_A_FLOW_STATS_PACKETS_RECEIVED,
			      atomic64_read(&fl->received_packets),
			      SERVAL_A_FLOW_STATS_PAD) ||
	    nla_put_u64_64bit(msg, SERVAL_A_FLOW_STATS_BYTES_RECEIVED,
			      atomic64_read(&fl->received_bytes),
			      SERVAL_A_FLOW_STATS_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_flow(struct sk_buff *msg, struct serval_net *sn,
		    const struct serval_flow *fl)
{
	const struct dst_entry *dst = rcu_dereference(fl->path.dst);
	u64 age = (u64)(serval_flow_clock() - fl->path.born) * 100;

	if (nla_put_be32(msg, SERVAL_A_FLOW_LOCAL_ID, fl->local_id) ||
	    nla_put_be32(msg, SERVAL_A_FLOW_PEER_ID, fl->peer_id) ||
	    nla_put_u8(msg, SERVAL_A_FLOW_PROTO, fl->conn->protocol) ||
	    nla_put_u8(msg, SERVAL_A_FLOW_ROLE, serval_join_role(fl)) ||
	    put_path(msg, &fl->path) ||
	    nla_put_u32(msg, SERVAL_A_FLOW_IFINDEX,
			dst ? dst->dev->ifindex : fl->path.oif) ||
	    nla_put_u64_64bit(msg, SERVAL_A_FLOW_AGE, age, SERVAL_A_FLOW_PAD) ||
	    put_name(msg, SERVAL_A_FLOW_LOCAL_SERVICE,
		     serval_conn_local(fl->conn)) ||
	    put_name(msg, SERVAL_A_FLOW_PEER_SERVICE,
		     serval_conn_peer(fl->conn)) ||
	    put_state(msg, sn, fl))
		return -EMSGSIZE;
	return put_stats(msg, fl);
}

static int fill_flow(struct sk_buff *msg, struct serval_net *sn,
		     const struct serval_flow *fl, void *hdr)
{
	int err;

	if (!hdr)
		return -EMSGSIZE;
	rcu_read_lock();
	err = put_flow(msg, sn, fl);
	rcu_read_unlock();
	if (err) {
		genlmsg_cancel(msg, hdr);
		return err;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/**
 * struct told - what is said of a flow besides what it is
 * @old_id: local id that the connection had before, or 0
 * @state:  enum serval_state, or 0
 * @err:    positive errno, or 0
 */
struct told {
	__be32 old_id;
	u8 state;
	u32 err;
};

static int put_told(struct sk_buff *msg, const struct told *told)
{
	if ((told->old_id &&
	     nla_put_be32(msg, SERVAL_A_FLOW_OLD_ID, told->old_id)) ||
	    (told->state &&
	     nla_put_u8(msg, SERVAL_A_FLOW_PATH_STATE, told->state)) ||
	    (told->err && nla_put_u32(msg, SERVAL_A_FLOW_ERROR, told->err)))
		return -EMSGSIZE;
	return 0;
}

static void tell(struct serval_net *sn, u8 cmd, const struct serval_flow *fl,
		 const struct told *told)
{
	struct sk_buff *msg;
	void *hdr;

	if (likely(!serval_netlink_wanted(sn, SERVAL_MCGRP_FLOW)))
		return;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!msg)
		return;
	hdr = genlmsg_put(msg, 0, 0, &serval_genl, 0, cmd);
	if ((hdr && put_told(msg, told)) || fill_flow(msg, sn, fl, hdr)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_multicast_netns(&serval_genl, sn->net, msg, 0,
				SERVAL_MCGRP_FLOW, GFP_ATOMIC);
}

/**
 * serval_event_flow() - tell listeners of a flow that came, moved or went
 * @sn:  namespace
 * @cmd: SERVAL_CMD_FLOW_*_NTF
 * @fl:  flow
 * @old_id: local id that the connection had before, 0 = it is new or at its end
 *
 * Context: any but hard interrupt.
 */
void serval_event_flow(struct serval_net *sn, u8 cmd,
		       const struct serval_flow *fl, __be32 old_id)
{
	tell(sn, cmd, fl, &(struct told) { .old_id = old_id });
}

/**
 * serval_event_step() - tell listeners what a connection does about its path
 * @sn:    namespace
 * @fl:    its active flow
 * @state: enum serval_state that it is in now
 * @err:   positive errno of an attempt of this end that has failed, else 0
 *
 * Context: any but hard interrupt.
 */
void serval_event_step(struct serval_net *sn, const struct serval_flow *fl,
		       u8 state, u32 err)
{
	tell(sn, SERVAL_CMD_FLOW_STEP_NTF, fl,
	     &(struct told) { .state = state, .err = err });
}

static int get_id(struct genl_info *info, __be32 *id)
{
	if (GENL_REQ_ATTR_CHECK(info, SERVAL_A_FLOW_LOCAL_ID)) {
		NL_SET_ERR_MSG(info->extack, "the local flow id is missing");
		return -EINVAL;
	}
	*id = nla_get_be32(info->attrs[SERVAL_A_FLOW_LOCAL_ID]);
	return 0;
}

static int no_such_flow(struct genl_info *info)
{
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[SERVAL_A_FLOW_LOCAL_ID],
			    "no flow has this local id");
	return -ENOENT;
}

/**
 * serval_nl_flow_get() - FLOW_GET: one flow
 * @skb:  request
 * @info: parsed
 */
int serval_nl_flow_get(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct serval_flow *fl;
	struct sk_buff *msg;
	__be32 id;
	int err;

	err = get_id(info, &id);
	if (err)
		return err;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	if (fl && serval_flow_is_listed(fl))
		err = fill_flow(msg, sn, fl,
				genlmsg_put_reply(msg, info, &serval_genl, 0,
						  SERVAL_CMD_FLOW_GET));
	else
		err = no_such_flow(info);
	rcu_read_unlock();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

static bool abort_datagrams(struct serval_net *sn, struct serval_flow *fl)
{
	if (!serval_flow_is_shown(fl))
		return false;
	serval_fin_send(sn, fl);
	serval_dgram_fail(fl, ECONNABORTED);
	return true;
}

/**
 * serval_nl_flow_del() - FLOW_DEL: abort a connection
 * @skb:  request
 * @info: parsed
 *
 * Its program sees ECONNABORTED, the peer ECONNRESET.
 */
int serval_nl_flow_del(struct sk_buff *skb, struct genl_info *info)
{
	struct serval_net *sn = serval_net(genl_info_net(info));
	struct serval_flow *fl;
	struct sock *sk = NULL;
	__be32 id;
	int err;

	err = get_id(info, &id);
	if (err)
		return err;
	/* for FIN; without, the peer learns of it when it sends */
	serval_move_prepare(sn, id);
	rcu_read_lock();
	fl = serval_flow_find(sn, id);
	/* by whichever of its flows */
	fl = fl && serval_flow_is_listed(fl) ? rcu_dereference(fl->conn->flow) :
					       NULL;
	if (fl && fl->conn->protocol == IPPROTO_UDP) {
		err = abort_datagrams(sn, fl) ? 0 : no_such_flow(info);
		rcu_read_unlock();
		return err;
	}
	if (fl)
		sk = serval_conn_tcp_sock(sn, fl->conn);
	rcu_read_unlock();
	if (!sk)
		return no_such_flow(info);
	err = tcp_abort(sk, ECONNABORTED);
	sock_gen_put(sk);
	return err;
}

/**
 * serval_nl_flow_dump_start() - start to walk
 * @cb: state
 */
int serval_nl_flow_dump_start(struct netlink_callback *cb)
{
	struct serval_net *sn = serval_net(sock_net(cb->skb->sk));
	struct rhashtable_iter *iter = kmalloc(sizeof(*iter), GFP_KERNEL);

	if (!iter)
		return -ENOMEM;
	rhashtable_walk_enter(&sn->flows.flows, iter);
	cb->args[0] = (long)iter;
	return 0;
}

/**
 * serval_nl_flow_dump_done() - end of the walk
 * @cb: state
 */
int serval_nl_flow_dump_done(struct netlink_callback *cb)
{
	struct rhashtable_iter *iter = (void *)cb->args[0];

	rhashtable_walk_exit(iter);
	kfree(iter);
	return 0;
}

/**
 * serval_nl_flow_dump() - FLOW_GET dump: every flow
 * @skb: to fill
 * @cb:  state
 *
 * A table that is resized meanwhile makes the walk start over, and the dump
 * be marked as interrupted.
 */
int serval_nl_flow_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct serval_net *sn = serval_net(sock_net(skb->sk));
	struct rhashtable_iter *iter = (void *)cb->args[0];
	struct serval_flow *fl;
	void *hdr;

	if (rhashtable_walk_start_check(iter))
		cb->args[1]++;
	cb->seq = cb->args[1] + 1;
	while ((fl = rhashtable_walk_peek(iter))) {
		if (IS_ERR(fl)) {
			if (PTR_ERR(fl) != -EAGAIN)
				break;
			cb->seq = ++cb->args[1] + 1;
			continue;
		}
		if (!serval_flow_is_listed(fl)) {
			rhashtable_walk_next(iter);
			continue;
		}
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &serval_genl, NLM_F_MULTI,
				  SERVAL_CMD_FLOW_GET);
		if (hdr)
			genl_dump_check_consistent(cb, hdr);
		if (fill_flow(skb, sn, fl, hdr))
			break;
		rhashtable_walk_next(iter);
	}
	rhashtable_walk_stop(iter);
	return skb->len;
}
