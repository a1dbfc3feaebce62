/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: rules, flows, drops.
 *
 * perf trace -e 'serval:*', or /sys/kernel/tracing/events/serval/.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM serval

#if !defined(_SERVAL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SERVAL_TRACE_H

#include <linux/tracepoint.h>

#include "fsm.h"
#include "serval.h"

TRACE_EVENT(serval_service,

	TP_PROTO(const struct net *net, const char *what,
		 const struct serval_rule *rule),

	TP_ARGS(net, what, rule),

	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__string(what, what)
		__array(u8, id, SERVICE_ID_LEN)
		__field(u16, bits)
		__field(u8, type)
		__field(u32, priority)
		__field(u32, weight)
		__array(u8, addr, 16)
	),

	TP_fast_assign(
		__entry->netns = net->ns.inum;
		serval_assign_str(what, what);
		memcpy(__entry->id, rule->id.s_sid, SERVICE_ID_LEN);
		__entry->bits = rule->bits;
		__entry->type = rule->type;
		__entry->priority = rule->priority;
		__entry->weight = rule->weight;
		memcpy(__entry->addr, &rule->addr, 16);
	),

	TP_printk("netns=%u %s id=%s/%u type=%u priority=%u weight=%u addr=%pI6c",
		  __entry->netns, __get_str(what),
		  __print_hex_str(__entry->id, SERVICE_ID_LEN),
		  __entry->bits, __entry->type, __entry->priority,
		  __entry->weight, __entry->addr)
);

TRACE_EVENT(serval_flow,

	TP_PROTO(const struct net *net, const char *what,
		 const struct serval_flow *fl),

	TP_ARGS(net, what, fl),

	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__string(what, what)
		__field(u32, local_id)
		__field(u32, peer_id)
		__field(u8, state)
		__array(u8, laddr, 16)
		__array(u8, raddr, 16)
	),

	TP_fast_assign(
		__entry->netns = net->ns.inum;
		serval_assign_str(what, what);
		__entry->local_id = ntohl(fl->local_id);
		__entry->peer_id = ntohl(fl->peer_id);
		__entry->state = fl->state;
		memcpy(__entry->laddr, &fl->path.laddr, 16);
		memcpy(__entry->raddr, &fl->path.raddr, 16);
	),

	TP_printk("netns=%u %s local_id=%08x peer_id=%08x state=%u laddr=%pI6c raddr=%pI6c",
		  __entry->netns, __get_str(what), __entry->local_id,
		  __entry->peer_id, __entry->state, __entry->laddr,
		  __entry->raddr)
);

TRACE_EVENT(serval_move,

	TP_PROTO(const struct net *net, const struct serval_flow *fl,
		 u8 state, u8 event, u8 next),

	TP_ARGS(net, fl, state, event, next),

	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u32, id)
		__field(u8, state)
		__field(u8, event)
		__field(u8, next)
	),

	TP_fast_assign(
		__entry->netns = net->ns.inum;
		__entry->id = fl ? ntohl(fl->local_id) : 0;
		__entry->state = state;
		__entry->event = event;
		__entry->next = next;
	),

	TP_printk("netns=%u flow=%u state=%u event=%u next=%u",
		  __entry->netns, __entry->id, __entry->state,
		  __entry->event, __entry->next)
);

TRACE_EVENT(serval_drop,

	TP_PROTO(const struct net *net, const struct sk_buff *skb, int reason),

	TP_ARGS(net, skb, reason),

	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(const void *, skb)
		__field(unsigned int, len)
		__string(reason, serval_mib_names[reason])
	),

	TP_fast_assign(
		__entry->netns = net->ns.inum;
		__entry->skb = skb;
		__entry->len = skb->len;
		serval_assign_str(reason, serval_mib_names[reason]);
	),

	TP_printk("netns=%u skb=%p len=%u reason=%s", __entry->netns,
		  __entry->skb, __entry->len, __get_str(reason))
);

#endif /* _SERVAL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
