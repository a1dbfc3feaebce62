/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters, one set per network namespace, 64 bits per CPU.
 *
 * Every packet received ends in one place: InPkts is the sum of InDelivers
 * and of all that say "dropped".
 *
 * /proc/net/serval/snmp and the netlink command STATS_GET show them under
 * the names below, in this order.
 */
#ifndef _SERVAL_MIB_H
#define _SERVAL_MIB_H

#include <linux/percpu.h>
#include <linux/types.h>

/* id, name, what it counts */
#define SERVAL_MIB_LIST(X) \
	X(INPKTS, "InPkts", \
	  "packets received, raw or inside UDP, merged ones one by one") \
	X(OUTPKTS, "OutPkts", \
	  "packets handed to IP, as they leave the host") \
	X(INOCTETS, "InOctets", \
	  "bytes received behind the IP header") \
	X(OUTOCTETS, "OutOctets", \
	  "bytes handed to IP, its header not counted") \
	X(INDELIVERS, "InDelivers", \
	  "packets not dropped: taken by TCP, or a refusal others follow") \
	X(INHDRERRORS, "InHdrErrors", \
	  "dropped: cut short, or the header length is wrong") \
	X(INCSUMERRORS, "InCsumErrors", \
	  "dropped: checksum of the SAL header") \
	X(INPROTOERRORS, "InProtoErrors", \
	  "dropped: unknown payload protocol") \
	X(INIDERRORS, "InIdErrors", \
	  "dropped: source flow id 0") \
	X(INEXTERRORS, "InExtErrors", \
	  "dropped: length of an extension") \
	X(INEXTCOUNT, "InExtCount", \
	  "dropped: too many extensions, or one twice") \
	X(INEXTUNKNOWN, "InExtUnknown", \
	  "dropped: unknown extension that must be understood") \
	X(INTRANSPORT, "InTransportErrors", \
	  "dropped: TCP or UDP header short, wrong or not the flow's") \
	X(INUNEXPECTED, "InUnexpected", \
	  "dropped: control message not allowed in this state") \
	X(INNOFLOW, "InNoFlow", \
	  "dropped: no flow has the destination id; a reset answers") \
	X(INBADPEERID, "InBadPeerId", \
	  "dropped: source flow id is not the peer's") \
	X(INBADLOCATOR, "InBadLocator", \
	  "dropped: not from the peer's address, or from an impossible one") \
	X(INBADNONCE, "InBadNonce", \
	  "dropped: confirm packet or refusal with a wrong nonce") \
	X(INBADACK, "InBadAck", \
	  "dropped: SYN-ACK or refusal that answers no SYN of ours") \
	X(INSYN, "InSyn", \
	  "requests for a connection received") \
	X(INSYNACK, "InSynAck", \
	  "answers to our requests received") \
	X(INSYNACKLATE, "InSynAckLate", \
	  "dropped: a second host answered a request; it is reset") \
	X(INNACK, "InNack", \
	  "refusals of our requests and datagrams received") \
	X(INREDIRECT, "InRedirect", \
	  "of these, followed to the address that they name") \
	X(INREDIRECTBAD, "InRedirectBad", \
	  "of these, naming an address but not followed: not believed, no way, or too many") \
	X(INICMPERRORS, "InIcmpErrors", \
	  "ICMP errors ignored: they quote no packet that is under way") \
	X(INRST, "InRst", \
	  "resets received for a flow") \
	X(OUTSYN, "OutSyn", \
	  "requests sent, retransmissions included") \
	X(OUTSYNACK, "OutSynAck", \
	  "answers to requests sent, retransmissions included") \
	X(OUTNACK, "OutNack", \
	  "refusals sent") \
	X(OUTRST, "OutRst", \
	  "resets sent for unknown flows") \
	X(RATELIMITED, "RateLimited", \
	  "refusals and resets not sent: the limit is 1,000 per second") \
	X(OUTKEEPALIVE, "OutKeepalive", \
	  "empty packets sent to keep a NAT's binding of a silent flow") \
	X(INKEEPALIVE, "InKeepalive", \
	  "such packets received") \
	X(SYNNOSERVICE, "SynNoService", \
	  "dropped: asks for a service that nobody here has") \
	X(NORULE, "NoRule", \
	  "requests and datagrams without a rule, or whose rule is drop") \
	X(FORWARDED, "Forwarded", \
	  "requests and datagrams passed on to another host") \
	X(FWDREDIRECTED, "FwdRedirected", \
	  "requests inside UDP answered by the address to ask instead") \
	X(FWDLOOP, "FwdLoop", \
	  "dropped: to be passed on to where it has been") \
	X(FWDTTL, "FwdTtl", \
	  "dropped: to be passed on, but its hop limit is used up; ICMP tells") \
	X(FWDTOOLONG, "FwdTooLong", \
	  "dropped: to be passed on, but its header has no room for a hop") \
	X(FWDTOOBIG, "FwdTooBig", \
	  "dropped: to be passed on, but over the MTU then; ICMP tells") \
	X(FWDIMPOSSIBLE, "FwdImpossible", \
	  "dropped: to be passed on, but from no host's address, or not to be cut") \
	X(SOURCEUNTRUSTED, "SourceUntrusted", \
	  "dropped: passed on by a host that is not in sal_routers") \
	X(SOURCEIMPOSSIBLE, "SourceImpossible", \
	  "dropped: passed on for an address that can be no host's") \
	X(OUTUNPROVEN, "OutUnproven", \
	  "not sent: only a router says that the peer has this address") \
	X(SYNNOKEY, "SynNoKey", \
	  "dropped: requests without a key, which security demands; refused") \
	X(INKEYMISSING, "InKeyMissing", \
	  "dropped: answers without a key, which security or an earlier one demands") \
	X(INKEYREJECTED, "InKeyRejected", \
	  "dropped: with the key of their host everybody would know the secret") \
	X(KEYAGREED, "KeyAgreed", \
	  "secrets computed that are shared with another host") \
	X(KEYDEFERRED, "KeyDeferred", \
	  "packets that waited for a secret to be computed") \
	X(KEYDEFERFULL, "KeyDeferFull", \
	  "dropped: 64 packets wait, or 8 of the host, or the device is gone") \
	X(KEYNOMEM, "KeyNoMem", \
	  "connections that have no key for want of memory") \
	X(NOTARGET, "NoTarget", \
	  "requests and datagrams whose rules service_resolution_mode excludes") \
	X(DELAYHELD, "DelayHeld", \
	  "packets held until a controller decides") \
	X(DELAYCOPIES, "DelayCopies", \
	  "repetitions of held packets, dropped") \
	X(DELAYRELEASED, "DelayReleased", \
	  "held packets that were released") \
	X(DELAYDROPPED, "DelayDropped", \
	  "held packets that a controller let drop") \
	X(DELAYEXPIRED, "DelayExpired", \
	  "held packets dropped after delay_timeout") \
	X(DELAYCANCELLED, "DelayCancelled", \
	  "held packets whose sender gave up or got on without them") \
	X(DELAYFULL, "DelayFull", \
	  "packets not held: 1,024 are") \
	X(DELAYNOLISTENER, "DelayNoListener", \
	  "packets not held: no controller listens") \
	X(NOROUTE, "NoRoute", \
	  "no route to a target or peer was found") \
	X(OUTLOOP, "OutLoop", \
	  "packets whose route leads back into sal0") \
	X(OUTNOFLOW, "OutNoFlow", \
	  "packets sent to sal0 that belong to no connection") \
	X(INDATAGRAMS, "InDatagrams", \
	  "datagrams put into a socket's queue") \
	X(INDATAGRAMSFULL, "InDatagramsFull", \
	  "dropped: the receive buffer of the datagram's socket is full") \
	X(INDATAGRAMSFILTER, "InDatagramsFilter", \
	  "dropped: by a filter of the datagram's socket") \
	X(BACKLOGFULL, "BacklogFull", \
	  "requests for a datagram connection dropped: the queue is full") \
	X(OUTDATAGRAMS, "OutDatagrams", \
	  "datagrams sent") \
	X(OUTNOMEM, "OutNoMem", \
	  "packets not sent: no memory") \
	X(INNOMEM, "InNoMem", \
	  "dropped: no memory") \
	X(INNOROUTE, "InNoRoute", \
	  "dropped: no route back to who asks for a connection") \
	X(OUTRSYN, "OutRsyn", \
	  "requests to move a connection sent, retransmissions included") \
	X(OUTRSYNACK, "OutRsynAck", \
	  "answers to such requests sent, repeated ones included") \
	X(INRSYN, "InRsyn", \
	  "requests to move a connection received, copies included") \
	X(INRSYNACK, "InRsynAck", \
	  "answers to such requests received, copies included") \
	X(INBADVERNO, "InBadVerno", \
	  "dropped: a request to move, or an answer, that is out of date") \
	X(INBADPATH, "InBadPath", \
	  "dropped: an answer to no challenge of ours, or not from where it went") \
	X(INBADAUTH, "InBadAuth", \
	  "dropped: a request to move, or an answer, without the right MAC") \
	X(INUNPROVEN, "InUnproven", \
	  "dropped: a refusal that has to return a challenge first") \
	X(MOVED, "Moved", \
	  "connections that have moved to another path") \
	X(MOVEFAILED, "MoveFailed", \
	  "moves that failed: the connection stays where it was") \
	X(OUTJOIN, "OutJoin", \
	  "requests to join a flow to a connection, or to use it, sent, repeated ones included") \
	X(OUTJOINACK, "OutJoinAck", \
	  "answers to such requests sent, repeated ones included") \
	X(INJOIN, "InJoin", \
	  "requests to join a flow to a connection, or to use it, received, copies included") \
	X(INJOINACK, "InJoinAck", \
	  "answers to such requests received, copies included") \
	X(OUTADDRESS, "OutAddress", \
	  "lists of this host's addresses sent to peers, repeated ones included") \
	X(INADDRESS, "InAddress", \
	  "lists of a peer's addresses received, copies included") \
	X(JOINFULL, "JoinFull", \
	  "dropped: requests to join a flow to a connection that has eight") \
	X(JOINED, "Joined", \
	  "flows that have joined a connection") \
	X(JOINFAILED, "JoinFailed", \
	  "flows that could not join: the peer did not answer") \
	X(INCOPY, "InCopy", \
	  "dropped: datagrams that have come along another flow") \
	X(PATHDOWN, "PathDown", \
	  "paths that were found dead while another was in use") \
	X(FLOWSCREATED, "FlowsCreated", \
	  "flows made") \
	X(FLOWSFREED, "FlowsFreed", \
	  "flows freed") \
	X(FLOWNOMEM, "FlowNoMem", \
	  "flows not made: no memory")

enum serval_mib_field {
#define SERVAL_MIB_ENUM(id, name, help) SERVAL_MIB_##id,
	SERVAL_MIB_LIST(SERVAL_MIB_ENUM)
#undef SERVAL_MIB_ENUM
	__SERVAL_MIB_MAX
};

struct serval_mib {
	u64 v[__SERVAL_MIB_MAX];
};

extern const char * const serval_mib_names[__SERVAL_MIB_MAX];
extern const char * const serval_mib_help[__SERVAL_MIB_MAX];

#define SERVAL_INC(sn, id)	this_cpu_inc((sn)->mib->v[SERVAL_MIB_##id])
#define SERVAL_ADD(sn, id, n)	this_cpu_add((sn)->mib->v[SERVAL_MIB_##id], n)

u64 serval_mib_read(const struct serval_mib __percpu *mib,
		    enum serval_mib_field field);

#endif /* _SERVAL_MIB_H */
