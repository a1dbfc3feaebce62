/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: rules, flows, moves, drops.
 *
 * perf trace -e 'serval:*', or /sys/kernel/tracing/events/serval/.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM serval

#if !defined(_SERVAL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SERVAL_TRACE_H

#include <linux/tracepoint.h>

#include "serval.h"

struct serval_cause;
struct serval_move;

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

/*
 * A step of fsm.c, as it begins.
 *
 * active:   this end asked for the connection
 * id, peer: ids of the flow in use, this end's and the peer's
 * next:     own id of the candidate, 0 = there is none
 * state, event, to: enum serval_state, enum serval_event, state that it leads to
 * snd, rcv: version numbers: our next one, the peer's next one
 * lost:     the address of the path in use is gone
 * laddr, raddr: path in use
 * here:     local address that the attempt is from or the packet came to; :: = none
 *
 * Documentation/model/replay reads them.
 */
TRACE_EVENT(serval_move,

	TP_PROTO(const struct serval_move *m, const struct serval_flow *fl,
		 const struct serval_cause *cause, u8 event, u8 to),

	TP_ARGS(m, fl, cause, event, to),

	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u32, id)
		__field(u32, peer)
		__field(u32, next)
		__field(u32, snd)
		__field(u32, rcv)
		__field(u8, active)
		__field(u8, state)
		__field(u8, event)
		__field(u8, to)
		__field(u8, lost)
		__array(u8, laddr, 16)
		__array(u8, raddr, 16)
		__array(u8, here, 16)
	),

	TP_fast_assign(
		__entry->netns = m->sn->net->ns.inum;
		__entry->id = ntohl(fl->local_id);
		__entry->peer = ntohl(fl->peer_id);
		__entry->next = m->next ? ntohl(m->next->local_id) : 0;
		__entry->snd = m->snd;
		__entry->rcv = m->rcv;
		__entry->active = m->conn->active;
		__entry->state = m->state;
		__entry->event = event;
		__entry->to = to;
		__entry->lost = m->lost;
		memcpy(__entry->laddr, &fl->path.laddr, 16);
		memcpy(__entry->raddr, &fl->path.raddr, 16);
		memcpy(__entry->here, serval_cause_addr(cause), 16);
	),

	TP_printk("netns=%u active=%u id=%08x peer=%08x next=%08x state=%u event=%u to=%u snd=%u rcv=%u lost=%u laddr=%pI6c raddr=%pI6c here=%pI6c",
		  __entry->netns, __entry->active, __entry->id, __entry->peer,
		  __entry->next, __entry->state, __entry->event, __entry->to,
		  __entry->snd, __entry->rcv, __entry->lost, __entry->laddr,
		  __entry->raddr, __entry->here)
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
