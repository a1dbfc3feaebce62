/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netlink events: the one call upwards, from the tables to control.
 */
#ifndef _SERVAL_EVENTS_H
#define _SERVAL_EVENTS_H

#include <linux/types.h>

struct serval_delay_info;
struct serval_flow;
struct serval_net;
struct serval_rule;

void serval_event_service(struct serval_net *sn, u8 cmd,
			  const struct serval_rule *rule);
void serval_event_flow(struct serval_net *sn, u8 cmd,
		       const struct serval_flow *fl);
bool serval_event_delay_wanted(const struct serval_net *sn);
void serval_event_delay(struct serval_net *sn,
			const struct serval_delay_info *info);

#endif /* _SERVAL_EVENTS_H */
