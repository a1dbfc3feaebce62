/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Serval: sockets that name services instead of addresses.
 *
 * The whole interface between the module and user space: socket addresses,
 * socket options and the generic netlink family.  The netlink part follows
 * Documentation/netlink/specs/serval.yaml, which tests/run compares with
 * this file.
 */
#ifndef _UAPI_LINUX_SERVAL_H
#define _UAPI_LINUX_SERVAL_H

#include <linux/types.h>
#include <linux/socket.h>

#ifndef AF_SERVAL
#define AF_SERVAL	28	/* published value; module parameter "family" */
#define PF_SERVAL	AF_SERVAL
#endif

#ifndef IPPROTO_SERVAL
#define IPPROTO_SERVAL	144	/* IP protocol of the service access layer */
#endif

#define SERVAL_PROTO_TCP	6	/* socket(AF_SERVAL, SOCK_STREAM, ..) */
#define SERVAL_PROTO_UDP	17

#define SERVICE_ID_LEN			32
#define SERVICE_ID_MAX_PREFIX_BITS	256

/*
 * struct service_id - name of a service, 256 bits, most significant first
 *
 * A prefix of any length can be routed and bound.  The structured view
 * (s_ss, s_local, s_group, s_sfc) is a convention, not interpreted by the
 * kernel.  All zero is the null ID: never bound, the "default" rule.
 */
struct service_id {
	union {
		__extension__ struct {
			__u8 un_ss[4];
			__u8 un_local[4];
			__u8 un_group[4];
			__u8 un_selfcert[20];
		};
		__u8  un_id8[32];
		__u16 un_id16[16];
		__u32 un_id32[8];
	} srv_un;
#define s_ss	srv_un.un_ss
#define s_local	srv_un.un_local
#define s_group	srv_un.un_group
#define s_sfc	srv_un.un_selfcert
#define s_sid	srv_un.un_id8
#define s_sid16	srv_un.un_id16
#define s_sid32	srv_un.un_id32
};

/*
 * struct flow_id - identifies a flow at one of its ends, network byte order
 */
struct flow_id {
	union {
		__u8  un_id8[4];
		__u16 un_id16[2];
		__u32 un_id32;
	} fl_un;
#define s_id8	fl_un.un_id8
#define s_id16	fl_un.un_id16
#define s_id32	fl_un.un_id32
};

/* sockaddr_sv.sv_flags: scope in the two low bits, then single bits.  The
 * kernel stores and shows them; unknown bits are refused with EINVAL.
 */
enum sv_service_flags {
	SVSF_HOST_SCOPE		= 0,
	SVSF_LOCAL_SCOPE	= 1,
	SVSF_DOMAIN_SCOPE	= 2,
	SVSF_GLOBAL_SCOPE	= 3,
	SVSF_STRICT		= 8,
	SVSF_ANYCAST		= 16,
	SVSF_MULTICAST		= 32,
	SVSF_INVALID		= 0xff,
};

/**
 * struct sockaddr_sv - address of a service (36 bytes)
 * @sv_family:      AF_SERVAL
 * @sv_flags:       enum sv_service_flags
 * @sv_prefix_bits: bind(): significant bits, 0 = all 256; else ignored
 * @sv_srvid:       the service's name
 *
 * bind() and connect() also take it followed directly by a struct
 * sockaddr_in or sockaddr_in6 (advisory address; its port counts only for
 * datagrams: recvfrom() gives the port of one that came inside UDP, and what is
 * sent there goes inside UDP).
 * getsockname() and getpeername() return it followed by the flow's locator
 * (port 0) if there is room: a sockaddr_in, together 52 bytes, or a
 * sockaddr_in6, 64 bytes.
 */
struct sockaddr_sv {
	__kernel_sa_family_t sv_family;
	__u8  sv_flags;
	__u8  sv_prefix_bits;
	struct service_id sv_srvid;
};

/* Socket options at level SOL_SERVAL */
#define SOL_SERVAL		IPPROTO_SERVAL

/* int, get: AF_SERVAL (SO_DOMAIN answers AF_INET6, the transport's family) */
#define SERVAL_DOMAIN		1
/* string up to IFNAMSIZ, set/get: outer device, as SO_BINDTODEVICE; "" for
 * none; only before connect() or listen()
 */
#define SERVAL_BINDTODEVICE	2
/* struct flow_id, get: local flow id of a connection, ENOTCONN without one */
#define SERVAL_FLOW_ID		3
/* struct flow_id, get: the peer's flow id, ENOTCONN until it is known */
#define SERVAL_PEER_FLOW_ID	4
/* struct sockaddr_sv, set: bind(), for systems whose security module refuses
 * bind() of a family it does not know (SELinux)
 */
#define SERVAL_BIND		5
/* int, set/get: give a SERVAL_DEST with each datagram; datagram sockets only */
#define SERVAL_RECVDEST		7
/* struct service_id, control message: recvmsg(): the exact ID a datagram was
 * sent to; sendmsg(): the ID to send from, below what the socket is bound to
 */
#define SERVAL_DEST		7

/* int, set/get: SERVAL_UDP_*; what requests are sent as, for ways that let IP
 * protocol 144 not pass; an accepted connection answers as it was spoken to.
 * The socket decides, then the rule that leads there (SERVAL_A_SERVICE_UDP_ENCAP),
 * then the namespace.
 */
#define SERVAL_UDP_ENCAP	6
#define SERVAL_UDP_DEFAULT	(-1)	/* as the rule or the sysctl udp_encap says */
#define SERVAL_UDP_NEVER	0	/* IP protocol 144 */
#define SERVAL_UDP_ALWAYS	1	/* the same inside UDP */
#define SERVAL_UDP_AUTO		2	/* if IP protocol 144 is not answered */

/**
 * struct serval_migrate - where a program wants its connection to go
 * @sm_dev:    network device, "" = the one that has @sm_addr
 * @sm_family: of @sm_addr: AF_INET, AF_INET6, or 0 = the device's address
 * @sm_pad:    0
 * @sm_addr:   address of this host, network byte order; 4 or 16 bytes
 *
 * ioctl(fd, SIOCSERVALMIGRATE, &migrate) returns when the peer has been heard
 * along the new path: 0, or an error and the connection is where it was.  A socket
 * that does not block gets EINPROGRESS.  ioctl(fd, SIOCPROTOPRIVATE, &sockaddr_in)
 * is the same with an address.  The socket option SERVAL_MIGRATE never waits.
 */
struct serval_migrate {
	char  sm_dev[16];
	__u16 sm_family;
	__u16 sm_pad[3];
	__u8  sm_addr[16];
};

#define SIOCSERVALMIGRATE	0x89e1	/* SIOCPROTOPRIVATE + 1 */

/* set: struct serval_migrate: begin to move the connection, 0 = begun; the errors
 * are those of the ioctl.  get: struct serval_migration: where it is, and how the
 * last attempt ended
 */
#define SERVAL_MIGRATE		8

/* int, 0 or 1, set/get: report the connection's moves through the error queue:
 * poll() says POLLERR, recvmsg(MSG_ERRQUEUE) gives a struct sock_extended_err in a
 * control message of SOL_IPV6 and IPV6_RECVERR.  SO_ERROR is not concerned.
 *
 *	ee_origin	SERVAL_EE_ORIGIN_MOVE
 *	ee_errno	0 = it has moved, or why an attempt of this end failed
 *	ee_type		SERVAL_EE_MOVE_*: whose attempt that was
 *	ee_info		microseconds that it took
 *	ee_data		local flow id from now on, network byte order; 0 = the
 *			connection has ended
 *
 * They count as received data; what the receive buffer has no room for is lost.
 */
#define SERVAL_RECVMOVE		9
#define SERVAL_EE_ORIGIN_MOVE	0x5e
#define SERVAL_EE_MOVE_OWN	1	/* a program, the administrator, the kernel */
#define SERVAL_EE_MOVE_PEER	2

/* int, set/get: SERVAL_MULTIPATH_*: what the connection does with several paths; of an
 * accepted one, after accept().  get: what holds
 */
#define SERVAL_MULTIPATH	10
#define SERVAL_MULTIPATH_DEFAULT (-1)	/* as the sysctl multipath says */
#define SERVAL_MULTIPATH_OFF	0	/* there is one */
#define SERVAL_MULTIPATH_BACKUP	1	/* one is used, others are ready */
#define SERVAL_MULTIPATH_REDUNDANT 2	/* small messages along all of them */
#define SERVAL_MULTIPATH_BALANCE 3	/* all are used together */

/* States of a connection, as /proc/net/serval/migrate names them */
#define SERVAL_STATE_CLOSED		0
#define SERVAL_STATE_LISTEN		1
#define SERVAL_STATE_SYN_SENT		2
#define SERVAL_STATE_SYN_RCVD		3
#define SERVAL_STATE_ESTABLISHED	4	/* on a path with a local address */
#define SERVAL_STATE_NOADDRESS		5	/* its address, link or route is gone */
#define SERVAL_STATE_RSYN_SENT		6	/* this end asks to move */
#define SERVAL_STATE_RSYN_RCVD		7	/* the peer asks */
#define SERVAL_STATE_RSYN_SENT_RCVD	8	/* both do */
#define SERVAL_STATE_NOADDRESS_RSYN_RCVD 9	/* the peer asks, 5 holds as well */

/**
 * struct serval_migration - where a connection is, and what moved it there
 * @sm_state:   SERVAL_STATE_*
 * @sm_error:   errno of the last attempt of this end that ended; 0 = it succeeded,
 *              or there was none
 * @sm_moves:   how often the connection has moved, by attempts of either end
 * @sm_us:      microseconds that the attempt of @sm_error took, 0 = there was none
 * @sm_ifindex: outer device, 0 = not known before something is sent
 * @sm_local_family: of @sm_local: AF_INET or AF_INET6; 0 = not known
 * @sm_peer_family:  of @sm_peer, the same
 * @sm_local:   local address, network byte order; 4 or 16 bytes
 * @sm_peer:    the peer's
 *
 * May grow at its end: a shorter buffer gets as much as fits, and the option's length
 * says how much is valid.
 */
struct serval_migration {
	__u32 sm_state;
	__u32 sm_error;
	__u32 sm_moves;
	__u32 sm_us;
	__u32 sm_ifindex;
	__u16 sm_local_family;
	__u16 sm_peer_family;
	__u8  sm_local[16];
	__u8  sm_peer[16];
};

/* Generic netlink family */
#define SERVAL_GENL_NAME		"serval"
#define SERVAL_GENL_VERSION		1
#define SERVAL_GENL_MCGRP_SERVICE	"service"
#define SERVAL_GENL_MCGRP_FLOW		"flow"
#define SERVAL_GENL_MCGRP_DELAY		"delay"

/**
 * enum serval_cmd - commands and events of the "serval" family
 * @SERVAL_CMD_SERVICE_GET:   the best target of a prefix; or a dump of all
 *                            targets, of one prefix if it is given
 * @SERVAL_CMD_SERVICE_NEW:   add a rule; EEXIST if there is one like it
 * @SERVAL_CMD_SERVICE_DEL:   delete a rule; answers with its last counters
 * @SERVAL_CMD_SERVICE_SET:   change priority, weight, flags, target, timeouts or
 *                            encapsulation
 *                            of a rule; a timeout that is given starts anew
 * @SERVAL_CMD_SERVICE_FLUSH: delete every rule (binds are not rules)
 * @SERVAL_CMD_FLOW_GET:      one flow by local id, or a dump of all
 * @SERVAL_CMD_FLOW_DEL:      abort a flow's connection (ECONNABORTED)
 * @SERVAL_CMD_STATS_GET:     the counters of /proc/net/serval/snmp
 * @SERVAL_CMD_SERVICE_NEW_NTF: event: rule added or service bound
 * @SERVAL_CMD_SERVICE_DEL_NTF: event: rule deleted or service unbound
 * @SERVAL_CMD_SERVICE_SET_NTF: event: rule changed
 * @SERVAL_CMD_FLOW_NEW_NTF:  event: flow established
 * @SERVAL_CMD_FLOW_DEL_NTF:  event: flow gone
 * @SERVAL_CMD_DELAY_GET:     a dump of the packets that DELAY rules hold
 * @SERVAL_CMD_DELAY_VERDICT: release or drop one of them, or all
 * @SERVAL_CMD_DELAY_NTF:     event: a packet is held
 * @SERVAL_CMD_FLOW_MIGRATE:  move a flow's connection, or those of a device or a
 *                            service, to another device or local address; answers
 *                            with the number of moves that have begun, and then
 *                            with the end of each
 * @SERVAL_CMD_FLOW_MOVE_NTF: event: a connection has moved to another flow
 * @SERVAL_CMD_DEV_GET:       a dump of the devices to which connections can move
 * @SERVAL_CMD_DEV_SET:       change how the kernel's own moves prefer one
 * @SERVAL_CMD_FLOW_JOIN:     join another flow to a flow's connection, from a device or
 *                            local address; answers as FLOW_MIGRATE
 * @SERVAL_CMD_FLOW_PART:     end one flow of a connection that has several
 * @SERVAL_CMD_FLOW_USE:      send along another flow of the connection from now on
 * @SERVAL_CMD_FLOW_STEP_NTF: event: a connection has lost its path, or an attempt to
 *                            move has begun or ended; not if it has moved by that
 * @__SERVAL_CMD_MAX:        not a command
 * @SERVAL_CMD_MAX:          the last of them
 *
 * SERVICE_NEW, _DEL, _SET, _FLUSH, FLOW_DEL, _MIGRATE, _JOIN, _PART, _USE, DELAY_VERDICT,
 * DEV_SET and the multicast group "delay" need CAP_NET_ADMIN in the user namespace that
 * owns the network namespace; the rest is open.
 */
enum serval_cmd {
	SERVAL_CMD_SERVICE_GET = 1,
	SERVAL_CMD_SERVICE_NEW,
	SERVAL_CMD_SERVICE_DEL,
	SERVAL_CMD_SERVICE_SET,
	SERVAL_CMD_SERVICE_FLUSH,
	SERVAL_CMD_FLOW_GET,
	SERVAL_CMD_FLOW_DEL,
	SERVAL_CMD_STATS_GET,
	SERVAL_CMD_SERVICE_NEW_NTF,
	SERVAL_CMD_SERVICE_DEL_NTF,
	SERVAL_CMD_SERVICE_SET_NTF,
	SERVAL_CMD_FLOW_NEW_NTF,
	SERVAL_CMD_FLOW_DEL_NTF,
	SERVAL_CMD_DELAY_GET,
	SERVAL_CMD_DELAY_VERDICT,
	SERVAL_CMD_DELAY_NTF,
	SERVAL_CMD_FLOW_MIGRATE,
	SERVAL_CMD_FLOW_MOVE_NTF,
	SERVAL_CMD_DEV_GET,
	SERVAL_CMD_DEV_SET,
	SERVAL_CMD_FLOW_JOIN,
	SERVAL_CMD_FLOW_PART,
	SERVAL_CMD_FLOW_USE,
	SERVAL_CMD_FLOW_STEP_NTF,

	__SERVAL_CMD_MAX,
	SERVAL_CMD_MAX = __SERVAL_CMD_MAX - 1
};

/* What a rule does with a packet for its services (published values) */
enum serval_service_type {
	SERVAL_SERVICE_FORWARD	= 1,	/* send to an address */
	SERVAL_SERVICE_DEMUX	= 2,	/* deliver to a socket; made by bind() */
	SERVAL_SERVICE_DELAY	= 3,	/* hold and ask a controller */
	SERVAL_SERVICE_DROP	= 4,	/* refuse: EHOSTUNREACH */
};

/* Why a rule ended that nobody deleted */
enum serval_service_reason {
	SERVAL_REASON_TIMEOUT		= 1,
	SERVAL_REASON_IDLE_TIMEOUT	= 2,	/* not chosen for a connection */
	SERVAL_REASON_DEVICE		= 3,	/* it went down or away */
};

/* Attributes of the service commands.  A rule is identified by ID,
 * PREFIX_BITS, TYPE and, for FORWARD, IFINDEX and one of ADDR4 and ADDR6.
 */
enum serval_a_service {
	SERVAL_A_SERVICE_UNSPEC,
	SERVAL_A_SERVICE_PAD,
	SERVAL_A_SERVICE_ID,		/* binary, 32 bytes */
	SERVAL_A_SERVICE_PREFIX_BITS,	/* u16, 0..256; absent = 256; 0 = default */
	SERVAL_A_SERVICE_FLAGS,		/* u8, enum sv_service_flags */
	SERVAL_A_SERVICE_TYPE,		/* u8, enum serval_service_type */
	SERVAL_A_SERVICE_PRIORITY,	/* u32, highest set wins; absent = 1 */
	SERVAL_A_SERVICE_WEIGHT,	/* u32, absent or 0 = 1 */
	SERVAL_A_SERVICE_ADDR4,		/* be32, FORWARD only */
	SERVAL_A_SERVICE_IFINDEX,	/* u32, FORWARD: outgoing device, 0 = by route */
	SERVAL_A_SERVICE_NEW_ADDR4,	/* be32, SERVICE_SET: new target address */
	SERVAL_A_SERVICE_NEW_IFINDEX,	/* u32, SERVICE_SET: new device */
	SERVAL_A_SERVICE_PROTO,		/* u8, DEMUX: 6 or 17; output only */
	SERVAL_A_SERVICE_COOKIE,	/* u64, DEMUX: socket cookie; output only */
	SERVAL_A_SERVICE_INODE,		/* u64, DEMUX: socket inode; output only */
	SERVAL_A_SERVICE_UID,		/* u32, DEMUX: owner; output only */
	SERVAL_A_SERVICE_STATS,		/* nest, enum serval_a_service_stats */
	SERVAL_A_SERVICE_ADDR6,		/* binary, 16 bytes, FORWARD only */
	SERVAL_A_SERVICE_NEW_ADDR6,	/* binary, 16 bytes, as NEW_ADDR4 */
	SERVAL_A_SERVICE_TIMEOUT,	/* u32, seconds after which it ends, 0 = none */
	SERVAL_A_SERVICE_IDLE_TIMEOUT,	/* u32, seconds without use, 0 = none */
	SERVAL_A_SERVICE_EXPIRES,	/* u64, milliseconds left; output only */
	SERVAL_A_SERVICE_REASON,	/* u8, enum serval_service_reason; output only */
	SERVAL_A_SERVICE_UDP_ENCAP,	/* s32, SERVAL_UDP_*, FORWARD only; absent = default */

	__SERVAL_A_SERVICE_MAX,
	SERVAL_A_SERVICE_MAX = __SERVAL_A_SERVICE_MAX - 1
};

/* Counters of one target, u64 each.  Packets are SYNs (one per transmission);
 * bytes count the transport's segment.
 */
enum serval_a_service_stats {
	SERVAL_A_SERVICE_STATS_UNSPEC,
	SERVAL_A_SERVICE_STATS_PAD,
	SERVAL_A_SERVICE_STATS_PACKETS_RESOLVED,
	SERVAL_A_SERVICE_STATS_BYTES_RESOLVED,
	SERVAL_A_SERVICE_STATS_PACKETS_DROPPED,
	SERVAL_A_SERVICE_STATS_BYTES_DROPPED,

	__SERVAL_A_SERVICE_STATS_MAX,
	SERVAL_A_SERVICE_STATS_MAX = __SERVAL_A_SERVICE_STATS_MAX - 1
};

/* What a connection that has several flows does with one of them */
enum serval_flow_role {
	SERVAL_ROLE_USED	= 1,	/* sends along it */
	SERVAL_ROLE_BACKUP	= 2,	/* takes what comes along it, and can use it at once */
	SERVAL_ROLE_DOWN	= 3,	/* the same, but nothing gets through */
};

/* State of a flow: TCP's numbers.  SYN_RCVD covers half-open connections.  Both
 * addresses are of one IP version; one that is not known yet is zero.
 */
enum serval_a_flow {
	SERVAL_A_FLOW_UNSPEC,
	SERVAL_A_FLOW_PAD,
	SERVAL_A_FLOW_LOCAL_ID,		/* be32 */
	SERVAL_A_FLOW_PEER_ID,		/* be32, 0 = not known yet */
	SERVAL_A_FLOW_PROTO,		/* u8, 6 or 17 */
	SERVAL_A_FLOW_STATE,		/* u8, as in tcp(7)'s TCP_INFO */
	SERVAL_A_FLOW_LOCAL_ADDR4,	/* be32 */
	SERVAL_A_FLOW_PEER_ADDR4,	/* be32 */
	SERVAL_A_FLOW_IFINDEX,		/* u32, outgoing device, 0 = not known yet */
	SERVAL_A_FLOW_LOCAL_SERVICE,	/* binary, 32 bytes; absent = none */
	SERVAL_A_FLOW_PEER_SERVICE,	/* binary, 32 bytes; absent = none */
	SERVAL_A_FLOW_COOKIE,		/* u64, socket cookie */
	SERVAL_A_FLOW_INODE,		/* u64, socket inode, 0 = no process has it */
	SERVAL_A_FLOW_UID,		/* u32 */
	SERVAL_A_FLOW_AGE,		/* u64, milliseconds since it was made */
	SERVAL_A_FLOW_STATS,		/* nest, enum serval_a_flow_stats */
	SERVAL_A_FLOW_LOCAL_ADDR6,	/* binary, 16 bytes */
	SERVAL_A_FLOW_PEER_ADDR6,	/* binary, 16 bytes */
	SERVAL_A_FLOW_OLD_ID,		/* be32, local id before a move; output only */
	SERVAL_A_FLOW_NEW_IFINDEX,	/* u32, FLOW_MIGRATE: device to move to */
	SERVAL_A_FLOW_NEW_ADDR4,	/* be32, FLOW_MIGRATE: local address to move to */
	SERVAL_A_FLOW_NEW_ADDR6,	/* binary, 16 bytes, as NEW_ADDR4 */
	SERVAL_A_FLOW_BEGUN,		/* u32, moves that have begun; output only */
	SERVAL_A_FLOW_FAILED,		/* u32, those that could not; output only */
	SERVAL_A_FLOW_ERROR,		/* u32, errno of a move that failed, 0 = moved;
					 * FLOW_STEP_NTF: only if one has
					 */
	SERVAL_A_FLOW_DURATION,		/* u32, microseconds a move took; output only */
	SERVAL_A_FLOW_UDP_ENCAP,	/* u8, SERVAL_UDP_NEVER, _ALWAYS; output only */
	SERVAL_A_FLOW_NEW_UDP_ENCAP,	/* u8, FLOW_MIGRATE: SERVAL_UDP_NEVER, _ALWAYS */
	SERVAL_A_FLOW_ROLE,		/* u8, enum serval_flow_role; output only */
	SERVAL_A_FLOW_NEW_PEER_ADDR4,	/* be32, FLOW_JOIN: the peer's address; absent =
					 * where it is, or where the service table says
					 */
	SERVAL_A_FLOW_NEW_PEER_ADDR6,	/* binary, 16 bytes, as NEW_PEER_ADDR4 */
	SERVAL_A_FLOW_PATH_STATE,	/* u8, SERVAL_STATE_*; FLOW_STEP_NTF only */

	__SERVAL_A_FLOW_MAX,
	SERVAL_A_FLOW_MAX = __SERVAL_A_FLOW_MAX - 1
};

/* Counters of one flow, u64 each.  Superpackets count as the packets they
 * become; bytes count the transport's segments.
 */
enum serval_a_flow_stats {
	SERVAL_A_FLOW_STATS_UNSPEC,
	SERVAL_A_FLOW_STATS_PAD,
	SERVAL_A_FLOW_STATS_PACKETS_SENT,
	SERVAL_A_FLOW_STATS_BYTES_SENT,
	SERVAL_A_FLOW_STATS_PACKETS_RECEIVED,
	SERVAL_A_FLOW_STATS_BYTES_RECEIVED,

	__SERVAL_A_FLOW_STATS_MAX,
	SERVAL_A_FLOW_STATS_MAX = __SERVAL_A_FLOW_STATS_MAX - 1
};

/* What becomes of a held packet */
enum serval_delay_verdict {
	SERVAL_DELAY_RELEASE	= 1,	/* resolve it anew and send it */
	SERVAL_DELAY_DROP	= 2,	/* EHOSTUNREACH for a local sender */
};

/* A packet that a DELAY rule holds.  It is dropped if no verdict comes within
 * the sysctl delay_timeout.  While nobody listens to the multicast group,
 * nothing is held: EHOSTUNREACH.
 */
enum serval_a_delay {
	SERVAL_A_DELAY_UNSPEC,
	SERVAL_A_DELAY_PAD,
	SERVAL_A_DELAY_ID,		/* u32, names it; verdict: absent = all */
	SERVAL_A_DELAY_SERVICE,		/* binary, 32 bytes: whom it is for */
	SERVAL_A_DELAY_SOURCE_SERVICE,	/* binary, 32 bytes; absent = none */
	SERVAL_A_DELAY_ADDR4,		/* be32, sender; absent = this host */
	SERVAL_A_DELAY_ADDR6,		/* binary, 16 bytes, instead of ADDR4 */
	SERVAL_A_DELAY_PROTO,		/* u8, 6 or 17 */
	SERVAL_A_DELAY_REMAINING,	/* u32, milliseconds until it is dropped */
	SERVAL_A_DELAY_VERDICT,		/* u8, enum serval_delay_verdict */

	__SERVAL_A_DELAY_MAX,
	SERVAL_A_DELAY_MAX = __SERVAL_A_DELAY_MAX - 1
};

/* How the kernel's own moves (sysctl auto_migrate) prefer a device.  The settings go
 * with the device.
 */
enum serval_a_dev {
	SERVAL_A_DEV_UNSPEC,
	SERVAL_A_DEV_IFINDEX,		/* u32 */
	SERVAL_A_DEV_PREFERENCE,	/* u8, highest first, 0 = never; default 100 */
	SERVAL_A_DEV_SETTLE,		/* u32, milliseconds for which it must have been
					 * usable before it draws connections from devices
					 * of a lower preference, at most 3600000; default
					 * 2000
					 */

	__SERVAL_A_DEV_MAX,
	SERVAL_A_DEV_MAX = __SERVAL_A_DEV_MAX - 1
};

/* Answer to STATS_GET: one nest COUNTER per counter, in table order. */
enum serval_a_stats {
	SERVAL_A_STATS_UNSPEC,
	SERVAL_A_STATS_COUNTER,		/* nest, multi, enum serval_a_counter */

	__SERVAL_A_STATS_MAX,
	SERVAL_A_STATS_MAX = __SERVAL_A_STATS_MAX - 1
};

enum serval_a_counter {
	SERVAL_A_COUNTER_UNSPEC,
	SERVAL_A_COUNTER_PAD,
	SERVAL_A_COUNTER_NAME,		/* string */
	SERVAL_A_COUNTER_VALUE,		/* u64 */
	SERVAL_A_COUNTER_HELP,		/* string: what it counts */

	__SERVAL_A_COUNTER_MAX,
	SERVAL_A_COUNTER_MAX = __SERVAL_A_COUNTER_MAX - 1
};

#endif /* _UAPI_LINUX_SERVAL_H */
