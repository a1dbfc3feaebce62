// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of a namespace, /proc/sys/net/serval/ (names: published ones).
 *
 * debug: 0..10, default the module parameter "debug".  Above 0 dropped
 *	packets are reported in the kernel log, rate-limited.
 * service_resolution_mode: how connect() picks among the targets of the
 *	longest matching prefix: 0 all of the best priority, 1 only sockets of
 *	this host, 2 only other hosts, 3 one by weight (default).
 * sal_max_retransmits: 0..1000, default 15: SYN retransmissions before
 *	connect() fails with ETIMEDOUT; TCP can count to 127, larger values
 *	act as 127.  TCP_SYNCNT on a socket goes before it.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "serval.h"
#include "sysctl.h"

#define MAX_DEBUG		10
#define MAX_RETRANSMITS		1000
#define DEFAULT_RETRANSMITS	15

static int max_debug = MAX_DEBUG;
static int max_mode = SERVAL_MODE_ANYCAST;
static int max_retransmits = MAX_RETRANSMITS;

static const struct {
	const char *name;
	size_t offset;
	int *max;
} entries[] = {
	{ "debug", offsetof(struct serval_settings, debug), &max_debug },
	{ "service_resolution_mode",
	  offsetof(struct serval_settings, resolution_mode), &max_mode },
	{ "sal_max_retransmits",
	  offsetof(struct serval_settings, sal_max_retransmits),
	  &max_retransmits },
};

static void fill_table(struct ctl_table *table, struct serval_settings *s)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		table[i].procname = entries[i].name;
		table[i].data = (void *)s + entries[i].offset;
		table[i].maxlen = sizeof(int);
		table[i].mode = 0644;
		table[i].proc_handler = proc_dointvec_minmax;
		table[i].extra1 = SYSCTL_ZERO;
		table[i].extra2 = entries[i].max;
	}
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
	/* one more than there are: the sentinel that 6.1 wants */
	table = kcalloc(ARRAY_SIZE(entries) + 1, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	fill_table(table, &sn->settings);
	sn->settings.header = register_net_sysctl_sz(sn->net, "net/serval",
						     table,
						     ARRAY_SIZE(entries));
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
