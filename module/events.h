/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netlink events: the one call upwards, from the tables to control.
 */
#ifndef _SERVAL_EVENTS_H
#define _SERVAL_EVENTS_H

#include <linux/types.h>

struct serval_flow;
struct serval_net;
struct serval_rule;

void serval_event_service(struct serval_net *sn, u8 cmd,
			  const struct serval_rule *rule);
void serval_event_flow(struct serval_net *sn, u8 cmd,
		       const struct serval_flow *fl);

#endif /* _SERVAL_EVENTS_H */
