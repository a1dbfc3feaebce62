/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Default rules that lead to the broadcast addresses of chosen devices.
 */
#ifndef _SERVAL_BROADCAST_H
#define _SERVAL_BROADCAST_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/sysctl.h>
#include <linux/workqueue.h>

#include "compat.h"

struct serval_net;

#define SERVAL_BROADCAST_NAMES	256

/**
 * struct serval_broadcast - default rules of a namespace
 * @lock:    protects @devices
 * @devices: sysctl: names of devices, separated by spaces
 * @rules:   what was made for them; the work's alone
 * @work:    makes the rules what they ought to be
 * @dev_nb:  sees devices come, go, and be renamed
 * @ended:   nothing queues @work any more; set before the last device event
 */
struct serval_broadcast {
	struct mutex lock;	/* protects devices */
	char devices[SERVAL_BROADCAST_NAMES];
	struct list_head rules;
	struct work_struct work;
	struct notifier_block dev_nb;
	bool ended;
};

int serval_broadcast_init(void);
void serval_broadcast_exit(void);
int serval_broadcast_net_init(struct serval_net *sn);
void serval_broadcast_unpublish(struct serval_net *sn);
void serval_broadcast_net_exit(struct serval_net *sn);
int serval_broadcast_sysctl(SERVAL_CTL_TABLE *table, int write, void *buffer,
			    size_t *len, loff_t *pos);

#endif /* _SERVAL_BROADCAST_H */
