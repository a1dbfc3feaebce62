/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters, one set per network namespace, 64 bits per CPU.
 *
 * /proc/net/serval/snmp and the netlink command STATS_GET show them under
 * the names below, in this order.
 */
#ifndef _SERVAL_MIB_H
#define _SERVAL_MIB_H

#include <linux/percpu.h>
#include <linux/types.h>

#define SERVAL_MIB_LIST(X)						       \
	X(INPKTS,	"InPkts")	/* packets of protocol 144 received */ \
	X(OUTPKTS,	"OutPkts")	/* handed to IP, as segments */	       \
	X(INOCTETS,	"InOctets")	/* of these, IP header not counted */  \
	X(OUTOCTETS,	"OutOctets")					       \
	X(INHDRERRORS,	"InHdrErrors")	/* length field wrong, truncated */    \
	X(INCSUMERRORS,	"InCsumErrors")	/* SAL checksum */		       \
	X(INPROTOERRORS, "InProtoErrors") /* payload protocol unknown */       \
	X(INIDERRORS,	"InIdErrors")	/* source flow id 0 */		       \
	X(INEXTERRORS,	"InExtErrors")	/* extension length wrong */	       \
	X(INEXTCOUNT,	"InExtCount")	/* too many extensions */	       \
	X(INEXTUNKNOWN,	"InExtUnknown")	/* unknown, to be dropped */	       \
	X(INTRANSPORT,	"InTransportErrors") /* TCP header short or wrong */   \
	X(INUNEXPECTED,	"InUnexpected")	/* control not allowed in this state */\
	X(INNOFLOW,	"InNoFlow")	/* destination flow id unknown */      \
	X(INBADPEERID,	"InBadPeerId")	/* source flow id is not the peer's */ \
	X(INBADLOCATOR,	"InBadLocator")	/* not from the peer's address */      \
	X(INBADNONCE,	"InBadNonce")	/* confirm packet: nonce, ackno */     \
	X(INBADACK,	"InBadAck")	/* SYN-ACK, NACK: ackno, TCP ack, sum */\
	X(INSYN,	"InSyn")					       \
	X(INSYNACK,	"InSynAck")					       \
	X(INSYNACKLATE,	"InSynAckLate")	/* second SYN-ACK, reset */	       \
	X(INNACK,	"InNack")	/* refusals accepted */		       \
	X(INRST,	"InRst")	/* resets accepted */		       \
	X(OUTSYN,	"OutSyn")					       \
	X(OUTSYNACK,	"OutSynAck")					       \
	X(OUTNACK,	"OutNack")					       \
	X(OUTRST,	"OutRst")					       \
	X(RATELIMITED,	"RateLimited")	/* answers not sent: rate limit */     \
	X(SYNNOSERVICE,	"SynNoService")	/* SYN for a service not here */       \
	X(NORULE,	"NoRule")	/* resolution: no rule, or DROP */     \
	X(NOTARGET,	"NoTarget")	/* resolution: none the mode allows */ \
	X(NOROUTE,	"NoRoute")	/* no route to the target */	       \
	X(OUTLOOP,	"OutLoop")	/* the route leads back into the SAL */\
	X(OUTNOFLOW,	"OutNoFlow")	/* virtual packet without a flow */    \
	X(OUTNOMEM,	"OutNoMem")	/* no memory to send */		       \
	X(INNOMEM,	"InNoMem")	/* no memory to receive */	       \
	X(FLOWSCREATED,	"FlowsCreated")					       \
	X(FLOWSFREED,	"FlowsFreed")					       \
	X(FLOWNOMEM,	"FlowNoMem")	/* no memory for a flow */

enum serval_mib_field {
#define SERVAL_MIB_ENUM(id, name) SERVAL_MIB_##id,
	SERVAL_MIB_LIST(SERVAL_MIB_ENUM)
#undef SERVAL_MIB_ENUM
	__SERVAL_MIB_MAX
};

struct serval_mib {
	u64 v[__SERVAL_MIB_MAX];
};

extern const char * const serval_mib_names[__SERVAL_MIB_MAX];

#define SERVAL_INC(sn, id)	this_cpu_inc((sn)->mib->v[SERVAL_MIB_##id])
#define SERVAL_ADD(sn, id, n)	this_cpu_add((sn)->mib->v[SERVAL_MIB_##id], n)

u64 serval_mib_read(const struct serval_mib __percpu *mib,
		    enum serval_mib_field field);

#endif /* _SERVAL_MIB_H */
