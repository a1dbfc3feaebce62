// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of a namespace, /proc/sys/net/serval/ (names: published ones).
 *
 * debug: 0..10, default the module parameter "debug".  Above 0 dropped
 *	packets are reported in the kernel log, rate-limited.
 * service_resolution_mode: how connect() picks among the targets of the
 *	longest matching prefix: 0 all of the best priority, 1 only sockets of
 *	this host, 2 only other hosts, 3 one by weight (default).
 * sal_forward: 0 or 1, default 0: requests for services that the table leads
 *	to another host are passed on to it (forward.c).
 * sal_routers: addresses and prefixes, at most 64, of the routers whose word
 *	counts for where a request comes from (routers.c); empty by default.
 * sal_max_retransmits: 0..1000, default 15: SYN retransmissions before
 *	connect() fails with ETIMEDOUT; TCP can count to 127, larger values
 *	act as 127.  TCP_SYNCNT on a socket goes before it.
 * udp_encap: what connect() sends: 0 (default) IP protocol 144, 1 the same
 *	inside UDP, 2 the first, and the second as well if it gets no answer
 *	within a quarter of a second; what worked is remembered for each host.
 *	Not the default, because it finds a way round a firewall or IPsec
 *	policy that speaks of protocol 144 only.  The socket option
 *	SERVAL_UDP_ENCAP goes before it.
 * udp_encap_csum: 0 or 1 (default): whether these UDP packets carry a checksum.
 *	Both ends check TCP's in any case.
 * udp_encap_keepalive: 0..600 s, default 20: after so much silence an empty
 *	packet keeps the binding of a NAT alive; 0 = none are sent.
 * udp_encap_server_port: 0..65535, default 54325: UDP port on which this host
 *	receives, and to which it sends requests; 0 = it does neither.  A change
 *	that cannot bind the port fails.
 * udp_encap_client_port: 1..65535, default 54324: the first of the 16 UDP ports
 *	that requests come from; if it is taken, any other does.
 * delay_timeout: 1..3600000, default 10000: milliseconds that a packet is held
 *	by a rule of the type DELAY before its sender gets EHOSTUNREACH.
 * multipath: 0..3, default 0: what connections do with several paths (multipath.c):
 *	0 nothing; 1 they keep one for each device and for each address of the peer
 *	ready, and use another at once if theirs fails; 2 what is smaller than a segment
 *	also goes along all of them; 3 they use those together that are as fast to
 *	answer.  The addresses of this host are then told to its peers.  The socket
 *	option SERVAL_MULTIPATH goes before it.
 * security: 0..2, default 1: 0 connections are told from others by a nonce
 *	alone; 1 requests carry a key of this host, and connections whose peer
 *	has one as well can be authenticated; 2 who has none is refused.
 * broadcast_devices: names of devices, separated by spaces, none at first: see
 *	broadcast.c.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "routers.h"
#include "serval.h"
#include "sysctl.h"

#define MAX_DEBUG		10
#define MAX_RETRANSMITS		1000
#define DEFAULT_RETRANSMITS	15
#define MAX_KEEPALIVE		600
#define DEFAULT_KEEPALIVE	20
#define MAX_DELAY_TIMEOUT	3600000
#define DEFAULT_DELAY_TIMEOUT	10000

static int max_debug = MAX_DEBUG;
static int max_mode = SERVAL_MODE_ANYCAST;
static int max_retransmits = MAX_RETRANSMITS;
static int max_encap = SERVAL_UDP_AUTO;
static int max_bool = 1;
static int max_multipath = SERVAL_MULTIPATH_BALANCE;
static int max_security = SERVAL_SECURITY_REQUIRED;
static int max_keepalive = MAX_KEEPALIVE;
static int max_port = U16_MAX;
static int min_delay_timeout = 1;
static int max_delay_timeout = MAX_DELAY_TIMEOUT;

static const struct {
	const char *name;
	size_t offset;
	int *max;
	int *min;	/* NULL: 0 */
} entries[] = {
	{ "debug", offsetof(struct serval_settings, debug), &max_debug },
	{ "service_resolution_mode",
	  offsetof(struct serval_settings, resolution_mode), &max_mode },
	{ "sal_forward", offsetof(struct serval_settings, sal_forward),
	  &max_bool },
	{ "sal_max_retransmits",
	  offsetof(struct serval_settings, sal_max_retransmits),
	  &max_retransmits },
	{ "udp_encap", offsetof(struct serval_settings, udp_encap),
	  &max_encap },
	{ "udp_encap_csum", offsetof(struct serval_settings, udp_encap_csum),
	  &max_bool },
	{ "udp_encap_keepalive",
	  offsetof(struct serval_settings, udp_encap_keepalive),
	  &max_keepalive },
	{ "delay_timeout", offsetof(struct serval_settings, delay_timeout),
	  &max_delay_timeout, &min_delay_timeout },
	{ "auto_migrate", offsetof(struct serval_settings, auto_migrate),
	  &max_bool },
	{ "multipath", offsetof(struct serval_settings, multipath),
	  &max_multipath },
	{ "security", offsetof(struct serval_settings, security),
	  &max_security },
};

static const struct {
	const char *name;
	size_t offset;
	int *min;
} ports[] = {
	{ "udp_encap_server_port", offsetof(struct serval_encap, server_port),
	  SYSCTL_ZERO },
	{ "udp_encap_client_port", offsetof(struct serval_encap, client_port),
	  SYSCTL_ONE },
};

/* and broadcast_devices and sal_routers, which are no numbers */
#define TABLE_SIZE	(ARRAY_SIZE(entries) + ARRAY_SIZE(ports) + 2)

/* Takes effect at once, or fails: then the old value stays */
static int port_handler(SERVAL_CTL_TABLE *ctl, int write, void *buffer,
			size_t *lenp, loff_t *ppos)
{
	struct serval_net *sn = ctl->extra1;
	int *port = ctl->data;
	int val = READ_ONCE(*port);
	struct ctl_table copy = {
		.data = &val,
		.maxlen = sizeof(val),
		.extra1 = ctl->extra2,
		.extra2 = &max_port,
	};
	int err;

	err = proc_dointvec_minmax(&copy, write, buffer, lenp, ppos);
	if (err || !write)
		return err;
	return serval_encap_set_port(sn, port, val);
}

static void fill_ports(struct ctl_table *table, struct serval_net *sn)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		table[i].procname = ports[i].name;
		table[i].data = (void *)&sn->encap + ports[i].offset;
		table[i].maxlen = sizeof(int);
		table[i].mode = 0644;
		table[i].proc_handler = port_handler;
		table[i].extra1 = sn;
		table[i].extra2 = ports[i].min;
	}
}

static int show_routers(struct serval_net *sn, void *buffer, size_t *lenp,
			loff_t *ppos)
{
	struct ctl_table text = { .maxlen = SERVAL_ROUTERS_TEXT };
	int err;

	text.data = kmalloc(SERVAL_ROUTERS_TEXT, GFP_KERNEL);
	if (!text.data)
		return -ENOMEM;
	serval_routers_show(sn, text.data, SERVAL_ROUTERS_TEXT);
	err = proc_dostring(&text, 0, buffer, lenp, ppos);
	kfree(text.data);
	return err;
}

/* A list is written at once or not at all */
static int routers_handler(SERVAL_CTL_TABLE *ctl, int write, void *buffer,
			   size_t *lenp, loff_t *ppos)
{
	struct serval_net *sn = ctl->extra1;
	int err;

	if (!write)
		return show_routers(sn, buffer, lenp, ppos);
	if (*ppos)
		return -EINVAL;
	err = serval_routers_set(sn, buffer, *lenp);
	if (!err)
		*ppos += *lenp;
	return err;
}

static void fill_routers(struct ctl_table *entry, struct serval_net *sn)
{
	entry->procname = "sal_routers";
	entry->mode = 0644;
	entry->proc_handler = routers_handler;
	entry->extra1 = sn;
}

static void fill_table(struct ctl_table *table, struct serval_net *sn)
{
	struct serval_settings *s = &sn->settings;
	int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		table[i].procname = entries[i].name;
		table[i].data = (void *)s + entries[i].offset;
		table[i].maxlen = sizeof(int);
		table[i].mode = 0644;
		table[i].proc_handler = proc_dointvec_minmax;
		table[i].extra1 = entries[i].min ?: SYSCTL_ZERO;
		table[i].extra2 = entries[i].max;
	}
	table[i].procname = "broadcast_devices";
	table[i].data = sn->broadcast.devices;
	table[i].maxlen = sizeof(sn->broadcast.devices);
	table[i].mode = 0644;
	table[i].proc_handler = serval_broadcast_sysctl;
	table[i].extra1 = sn;
}

/**
 * serval_sysctl_init() - set defaults and publish a namespace's settings
 * @sn: namespace; settings.debug already set
 *
 * Return: 0 or -ENOMEM.
 */
int serval_sysctl_init(struct serval_net *sn)
{
	struct ctl_table *table;

	sn->settings.resolution_mode = SERVAL_MODE_ANYCAST;
	sn->settings.sal_max_retransmits = DEFAULT_RETRANSMITS;
	sn->settings.udp_encap_csum = 1;
	sn->settings.udp_encap_keepalive = DEFAULT_KEEPALIVE;
	sn->settings.delay_timeout = DEFAULT_DELAY_TIMEOUT;
	sn->settings.security = SERVAL_SECURITY_KEYS;
	/* one more than there are: the sentinel that 6.1 wants */
	table = kcalloc(TABLE_SIZE + 1, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	fill_table(table, sn);
	fill_ports(table + ARRAY_SIZE(entries) + 1, sn);
	fill_routers(table + TABLE_SIZE - 1, sn);
	sn->settings.header = register_net_sysctl_sz(sn->net, "net/serval",
						     table, TABLE_SIZE);
	if (!sn->settings.header) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

/**
 * serval_sysctl_exit() - take the settings away
 * @sn: namespace
 */
void serval_sysctl_exit(struct serval_net *sn)
{
	const struct ctl_table *table = sn->settings.header->ctl_table_arg;

	unregister_net_sysctl_table(sn->settings.header);
	kfree(table);
}
