// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/serval/: service_table, flow_table, snmp; migrate is in proc_move.c.
 *
 * The tables have the published columns.  They are for people and old
 * scripts; programs use netlink.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "proc.h"
#include "serval.h"

static const char * const type_names[] = { "UDF", "FWD", "DMX", "DLY", "DRP" };

static const char * const state_names[] = {
	[0] = "INIT",
	[TCP_ESTABLISHED] = "CONNECTED",
	[TCP_SYN_SENT] = "REQUEST",
	[TCP_SYN_RECV] = "RESPOND",
	[TCP_FIN_WAIT1] = "FINWAIT1",
	[TCP_FIN_WAIT2] = "FINWAIT2",
	[TCP_TIME_WAIT] = "TIMEWAIT",
	[TCP_CLOSE] = "CLOSED",
	[TCP_CLOSE_WAIT] = "CLOSEWAIT",
	[TCP_LAST_ACK] = "LASTACK",
	[TCP_LISTEN] = "LISTEN",
	[TCP_CLOSING] = "CLOSING",
	[TCP_NEW_SYN_RECV] = "RESPOND",
};

static const char *dev_name_rcu(struct net *net, int ifindex)
{
	struct net_device *dev = dev_get_by_index_rcu(net, ifindex);

	return dev ? dev->name : "any";
}

static void show_target(struct seq_file *seq, struct net *net,
			const struct serval_target *t)
{
	union serval_sockaddr addr;

	switch (t->type) {
	case SERVAL_SERVICE_FORWARD:
		seq_printf(seq, "%s %pISc\n",
			   t->ifindex ? dev_name_rcu(net, t->ifindex) : "any",
			   serval_addr_sock(&addr, &t->addr));
		break;
	case SERVAL_SERVICE_DEMUX:
		seq_printf(seq, "sock %s\n",
			   t->sk->sk_protocol == IPPROTO_TCP ? "TCP" : "UDP");
		break;
	default:
		seq_puts(seq, "-\n");
	}
}

/* @svc under services.lock, which keeps bound sockets alive */
static void show_service(struct seq_file *seq, struct serval_net *sn,
			 const struct serval_service *svc)
{
	const struct serval_target_set *set;
	unsigned int digits = DIV_ROUND_UP(svc->lpm.bits, 4);
	char id[2 * SERVICE_ID_LEN + 1] = "default";
	struct serval_target_stats s;
	u32 i;

	if (digits) {
		bin2hex(id, svc->lpm.key, SERVICE_ID_LEN);
		id[digits] = '\0';
	}
	rcu_read_lock();
	set = rcu_dereference(svc->set);
	for (i = 0; i < set->n; i++) {
		const struct serval_target *t = set->t[i];

		serval_target_stats(t, &s);
		seq_printf(seq, "%s %u %s %u %u %u %llu %llu ", id,
			   svc->lpm.bits, type_names[t->type], t->flags,
			   t->priority, t->weight, s.resolved_packets,
			   s.dropped_packets);
		show_target(seq, sn->net, t);
	}
	rcu_read_unlock();
}

/* Where reading goes on: found by value, whatever changed meanwhile */
struct service_state {
	struct seq_net_private net;
	struct service_id id;
	u16 bits;
	bool end;
};

static void *service_remember(struct service_state *st,
			      struct serval_service *svc)
{
	st->end = !svc;
	if (svc) {
		memcpy(&st->id, svc->lpm.key, sizeof(st->id));
		st->bits = svc->lpm.bits;
	}
	return svc;
}

static void *service_start(struct seq_file *seq, loff_t *pos)
{
	struct serval_net *sn = serval_net(seq_file_net(seq));
	struct service_state *st = seq->private;
	struct serval_lpm_entry *e;

	mutex_lock(&sn->services.lock);
	if (!*pos)
		return SEQ_START_TOKEN;
	if (st->end)
		return NULL;
	e = serval_lpm_find(sn->services.lpm, st->id.s_sid, st->bits);
	if (e)
		return container_of(e, struct serval_service, lpm);
	return service_remember(st, serval_service_next(sn, &st->id, st->bits));
}

static void *service_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct serval_net *sn = serval_net(seq_file_net(seq));
	struct service_state *st = seq->private;

	++*pos;
	if (v == SEQ_START_TOKEN)
		return service_remember(st, serval_service_next(sn, NULL, 0));
	return service_remember(st, serval_service_next(sn, &st->id, st->bits));
}

static void service_stop(struct seq_file *seq, void *v)
{
	mutex_unlock(&serval_net(seq_file_net(seq))->services.lock);
}

static int service_show(struct seq_file *seq, void *v)
{
	if (v == SEQ_START_TOKEN)
		seq_puts(seq, "prefix bits type flags prio weight resolved dropped target(s)\n");
	else
		show_service(seq, serval_net(seq_file_net(seq)), v);
	return 0;
}

static const struct seq_operations service_ops = {
	.start = service_start,
	.next = service_next,
	.stop = service_stop,
	.show = service_show,
};

static int flow_sock_state(struct serval_net *sn, const struct serval_flow *fl,
			   u32 *queued, u32 *backlog)
{
	struct sock *sk = serval_conn_any_sock(sn, fl->conn);
	int state;

	*queued = 0;
	*backlog = 0;
	if (!sk)
		return fl->conn->protocol == IPPROTO_TCP ? TCP_CLOSE :
							   TCP_ESTABLISHED;
	state = sk->sk_state;
	if (sk_fullsock(sk)) {
		*queued = READ_ONCE(sk->sk_ack_backlog);
		*backlog = READ_ONCE(sk->sk_max_ack_backlog);
	}
	sock_gen_put(sk);
	return state;
}

static void show_flow(struct seq_file *seq, struct serval_net *sn,
		      const struct serval_flow *fl)
{
	const struct dst_entry *dst = rcu_dereference(fl->path.dst);
	union serval_sockaddr laddr, raddr;
	u32 queued, backlog;
	int state;

	state = flow_sock_state(sn, fl, &queued, &backlog);
	seq_printf(seq, "%u %u %pISc %pISc %s %u %u %s %s\n",
		   ntohl(fl->local_id), ntohl(fl->peer_id),
		   serval_addr_sock(&laddr, &fl->path.laddr),
		   serval_addr_sock(&raddr, &fl->path.raddr),
		   fl->conn->protocol == IPPROTO_TCP ? "TCP" : "UDP",
		   queued, backlog,
		   state_names[state],
		   dst ? dst->dev->name : "unbound");
}

static int flow_show(struct seq_file *seq, void *v)
{
	struct serval_net *sn = serval_net(seq_file_single_net(seq));
	struct rhashtable_iter iter;
	struct serval_flow *fl;

	seq_puts(seq, "srcFlowID dstFlowID srcIP dstIP proto reqQ backlog state dev\n");
	rhashtable_walk_enter(&sn->flows.flows, &iter);
	rhashtable_walk_start(&iter);
	while ((fl = rhashtable_walk_next(&iter)) && !seq_has_overflowed(seq))
		/* else resized: some come again */
		if (!IS_ERR(fl) && serval_flow_is_listed(fl))
			show_flow(seq, sn, fl);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return 0;
}

static int snmp_show(struct seq_file *seq, void *v)
{
	struct serval_net *sn = serval_net(seq_file_single_net(seq));
	int i;

	seq_puts(seq, "Serval:");
	for (i = 0; i < __SERVAL_MIB_MAX; i++)
		seq_printf(seq, " %s", serval_mib_names[i]);
	seq_puts(seq, "\nServal:");
	for (i = 0; i < __SERVAL_MIB_MAX; i++)
		seq_printf(seq, " %llu", serval_mib_read(sn->mib, i));
	seq_putc(seq, '\n');
	return 0;
}

/**
 * serval_proc_init() - make a namespace's files
 * @sn: namespace, complete
 *
 * Return: 0 or -ENOMEM.
 */
int serval_proc_init(struct serval_net *sn)
{
	struct proc_dir_entry *dir;

	dir = proc_net_mkdir(sn->net, "serval", sn->net->proc_net);
	if (!dir)
		return -ENOMEM;
	if (!proc_create_net("service_table", 0444, dir, &service_ops,
			     sizeof(struct service_state)) ||
	    !proc_create_net_single("flow_table", 0444, dir, flow_show, NULL) ||
	    !proc_create_net_single("snmp", 0444, dir, snmp_show, NULL) ||
	    !serval_proc_move_init(sn, dir)) {
		serval_proc_exit(sn);
		return -ENOMEM;
	}
	return 0;
}

/**
 * serval_proc_exit() - remove them; no reader is left afterwards
 * @sn: namespace
 */
void serval_proc_exit(struct serval_net *sn)
{
	remove_proc_subtree("serval", sn->net->proc_net);
}
