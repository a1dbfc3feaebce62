// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/serval/migrate: what can be moved, and moving it.
 *
 *	# cat /proc/net/serval/migrate
 *	flow local peer dev state
 *	2274105 10.0.0.1 10.0.0.2 eth0 ESTABLISHED
 *	# echo 2274105 eth1 > /proc/net/serval/migrate
 *	# echo 2274105 192.168.7.1 > /proc/net/serval/migrate
 *
 * A write waits for the end and fails if the move does.
 */
#include <linux/capability.h>
#include <linux/inet.h>
#include <linux/netdevice.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "move.h"
#include "proc.h"
#include "serval.h"

static u8 state_of(const struct serval_flow *fl)
{
	const struct serval_move *m = serval_move_of(fl->conn);

	if (READ_ONCE(fl->state) == SERVAL_FLOW_SYN_SENT)
		return SERVAL_SYN_SENT;
	return m && READ_ONCE(m->state) ? READ_ONCE(m->state) : SERVAL_ESTABLISHED;
}

/* One that can be moved */
static bool is_listed(const struct serval_flow *fl)
{
	u8 state = READ_ONCE(fl->state);

	return state == SERVAL_FLOW_ESTABLISHED || state == SERVAL_FLOW_SYN_SENT;
}

static void show_flow(struct seq_file *seq, const struct serval_flow *fl)
{
	const struct dst_entry *dst = rcu_dereference(fl->path.dst);
	union serval_sockaddr laddr, raddr;

	seq_printf(seq, "%u %pISc %pISc %s %s\n", ntohl(fl->local_id),
		   serval_addr_sock(&laddr, &fl->path.laddr),
		   serval_addr_sock(&raddr, &fl->path.raddr),
		   /* of an address that is gone it is nobody's device */
		   dst && dst->dev->ifindex ? dst->dev->name : "-",
		   serval_fsm_state_name(state_of(fl)));
}

static int show(struct seq_file *seq, void *v)
{
	struct serval_net *sn = serval_net(seq_file_single_net(seq));
	struct rhashtable_iter iter;
	struct serval_flow *fl;

	seq_puts(seq, "flow local peer dev state\n");
	rhashtable_walk_enter(&sn->flows.flows, &iter);
	rhashtable_walk_start(&iter);
	while ((fl = rhashtable_walk_next(&iter)) && !seq_has_overflowed(seq))
		/* else resized: some come again */
		if (!IS_ERR(fl) && is_listed(fl))
			show_flow(seq, fl);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return 0;
}

/* A device's name, or an address */
static int parse_to(struct net *net, const char *word,
		    struct serval_move_to *to)
{
	struct net_device *dev;
	__be32 addr4;

	*to = (struct serval_move_to) {};
	if (in4_pton(word, -1, (u8 *)&addr4, -1, NULL)) {
		to->laddr = serval_addr_from4(addr4);
		return 0;
	}
	if (in6_pton(word, -1, to->laddr.s6_addr, -1, NULL))
		return 0;
	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, word);
	if (dev)
		to->oif = dev->ifindex;
	rcu_read_unlock();
	return to->oif ? 0 : -ENODEV;
}

static int move(struct serval_net *sn, u32 id, const struct serval_move_to *to)
{
	struct serval_waiter *w = serval_waiter_alloc(0, 0, 0);
	int err;

	if (!w)
		return -ENOMEM;
	err = serval_move_flow(sn, htonl(id), to, w) ?: serval_waiter_wait(w);
	serval_waiter_put(w);
	return err;
}

static int write(struct file *file, char *buf, size_t size)
{
	struct net *net = seq_file_single_net(file->private_data);
	char *rest = buf, *id_word, *to_word;
	struct serval_move_to to;
	int err;
	u32 id;

	if (!file_ns_capable(file, net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	rest = strim(buf);
	id_word = strsep(&rest, " \t");
	to_word = rest ? skip_spaces(rest) : NULL;
	if (!to_word || kstrtou32(id_word, 0, &id))
		return -EINVAL;
	err = parse_to(net, to_word, &to);
	return err ?: move(serval_net(net), id, &to);
}

/**
 * serval_proc_move_init() - make the file of a namespace
 * @sn:  namespace
 * @dir: /proc/net/serval
 *
 * Return: false if there is no memory.
 */
bool serval_proc_move_init(struct serval_net *sn, struct proc_dir_entry *dir)
{
	return proc_create_net_single_write("migrate", 0644, dir, show, write,
					    NULL);
}
