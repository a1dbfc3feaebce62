/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls upwards: what the tables tell those that look after moves and control.
 */
#ifndef _SERVAL_EVENTS_H
#define _SERVAL_EVENTS_H

#include <linux/types.h>

struct serval_conn;
struct serval_delay_info;
struct serval_flow;
struct serval_move;
struct serval_move_result;
struct serval_net;
struct serval_rule;
struct serval_waiter;

void serval_event_service(struct serval_net *sn, u8 cmd,
			  const struct serval_rule *rule);
void serval_event_flow(struct serval_net *sn, u8 cmd,
		       const struct serval_flow *fl, __be32 old_id);
void serval_event_step(struct serval_net *sn, const struct serval_flow *fl,
		       u8 state, u32 err);
void serval_event_end(struct serval_conn *conn);
void serval_event_freed(struct serval_move *m);
void serval_event_silent(struct serval_net *sn, struct serval_conn *conn,
			 unsigned int unanswered);
void serval_event_unsent(struct serval_net *sn, struct serval_conn *conn);
void serval_event_pathless(struct serval_net *sn);
void serval_event_move_result(struct serval_net *sn,
			      const struct serval_waiter *w,
			      const struct serval_move_result *result);
bool serval_event_delay_wanted(const struct serval_net *sn);
void serval_event_delay(struct serval_net *sn,
			const struct serval_delay_info *info);

#endif /* _SERVAL_EVENTS_H */
