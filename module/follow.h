/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections follow the addresses, links and routes of their host.
 */
#ifndef _SERVAL_FOLLOW_H
#define _SERVAL_FOLLOW_H

#include <linux/notifier.h>
#include <linux/workqueue.h>

struct serval_net;

/**
 * struct serval_follow - what watches a namespace
 * @work:   looks at all connections
 * @dev_nb: devices
 * @fib_nb: routes
 * @changed: a device or an address may have come or gone since the last look
 * @waits:  a connection has no path, and no route has come since the last look
 * @ended:  nobody queues @work any more
 */
struct serval_follow {
	struct delayed_work work;
	struct notifier_block dev_nb;
	struct notifier_block fib_nb;
	bool changed;
	bool waits;
	bool ended;
};

int serval_follow_net_init(struct serval_net *sn);
void serval_follow_look(struct serval_net *sn);
void serval_follow_unpublish(struct serval_net *sn);
void serval_follow_net_exit(struct serval_net *sn);
int serval_follow_init(void);
void serval_follow_exit(void);

#endif /* _SERVAL_FOLLOW_H */
