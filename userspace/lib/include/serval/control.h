/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control of the serval module: service rules, flows, counters, events.
 *
 * This is the only seam between programs and the generic netlink family
 * "serval".  Functions return 0 or a negative errno.  After a request was
 * refused, serval_ctl_error() has the kernel's own sentence, if it sent one.
 *
 * Addresses and flow ids (struct flow_id) are in network byte order,
 * everything else in host byte order.  A handle belongs to one
 * thread at a time.
 */
#ifndef SERVAL_CONTROL_H
#define SERVAL_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <linux/serval.h>

#ifdef __cplusplus
extern "C" {
#endif

struct serval_ctl;
struct serval_events;

/* Bit of an attribute in the "has" member of the structures below, as in
 * SERVAL_HAS(SERVAL_A_SERVICE_WEIGHT)
 */
#define SERVAL_HAS(attr)	(1U << (attr))

/**
 * struct serval_target_stats - counters of one target of a service
 * @packets_resolved: SYNs (each transmission) sent to the target
 * @bytes_resolved:   bytes of their transport segments
 * @packets_dropped:  SYNs dropped at the target
 * @bytes_dropped:    bytes of their transport segments
 */
struct serval_target_stats {
	__u64 packets_resolved;
	__u64 bytes_resolved;
	__u64 packets_dropped;
	__u64 bytes_dropped;
};

/**
 * struct serval_service - a rule, or a bound socket, of the service table
 * @has:         SERVAL_HAS(SERVAL_A_SERVICE_...) of every member that is set
 * @id:          the service; bits after the prefix are zero
 * @bits:        prefix length, 0..256; 0 is the default rule
 * @type:        enum serval_service_type
 * @flags:       enum sv_service_flags
 * @priority:    the highest one of a service is used
 * @weight:      share among the targets of one priority
 * @addr:        FORWARD: the target's address, if it is an IPv4 one
 * @ifindex:     FORWARD: outgoing device, 0 means by route
 * @new_addr:    serval_service_set(): the new address, if it is an IPv4 one
 * @new_ifindex: serval_service_set(): the new device
 * @proto:       DEMUX: SERVAL_PROTO_TCP or SERVAL_PROTO_UDP
 * @cookie:      DEMUX: cookie of the socket
 * @inode:       DEMUX: inode of the socket
 * @uid:         DEMUX: owner of the socket
 * @stats:       counters
 * @addr6:       FORWARD: the target's address, if it is an IPv6 one
 * @new_addr6:   serval_service_set(): the new address, if it is an IPv6 one
 * @timeout:     seconds after which the rule ends, 0 means never
 * @idle_timeout: seconds without use after which it ends, 0 means never
 * @expires:     milliseconds until it ends if it is not used
 * @reason:      enum serval_service_reason, if it ended by itself
 * @udp_encap:   FORWARD: SERVAL_UDP_*
 *
 * @proto, @cookie, @inode, @uid, @stats, @expires and @reason come from the
 * kernel only.
 */
struct serval_service {
	__u32 has;
	struct service_id id;
	unsigned int bits;
	__u8 type;
	__u8 flags;
	__u32 priority;
	__u32 weight;
	struct in_addr addr;
	__u32 ifindex;
	struct in_addr new_addr;
	__u32 new_ifindex;
	__u8 proto;
	__u64 cookie;
	__u64 inode;
	__u32 uid;
	struct serval_target_stats stats;
	struct in6_addr addr6;
	struct in6_addr new_addr6;
	__u32 timeout;
	__u32 idle_timeout;
	__u64 expires;
	__u8 reason;
	__s32 udp_encap;
};

/**
 * struct serval_flow_stats - counters of one flow
 * @packets_sent:     packets; a superpacket counts as those it becomes
 * @bytes_sent:       bytes of their transport segments
 * @packets_received: packets
 * @bytes_received:   bytes of their transport segments
 */
struct serval_flow_stats {
	__u64 packets_sent;
	__u64 bytes_sent;
	__u64 packets_received;
	__u64 bytes_received;
};

/**
 * struct serval_flow - an entry of the flow table
 * @has:           SERVAL_HAS(SERVAL_A_FLOW_...) of every member that is set
 * @local_id:      flow id at this end
 * @peer_id:       flow id at the peer, zero while not known
 * @proto:         SERVAL_PROTO_TCP or SERVAL_PROTO_UDP
 * @state:         TCP's state number, see serval_flow_state_name()
 * @local_addr:    address in use at this end, if it is an IPv4 one
 * @peer_addr:     address in use at the peer, if it is an IPv4 one
 * @ifindex:       outgoing device, 0 while not known
 * @local_service: name of this end
 * @peer_service:  name of the peer
 * @cookie:        cookie of the socket
 * @inode:         inode of the socket, 0 if no process has it
 * @uid:           owner of the socket
 * @age:           milliseconds since the flow was made
 * @stats:         counters
 * @local_addr6:   address in use at this end, if it is an IPv6 one
 * @peer_addr6:    address in use at the peer, if it is an IPv6 one
 * @old_id:        SERVAL_CMD_FLOW_MOVE_NTF: @local_id before the move, if the
 *                 kernel tells it
 * @udp_encap:     SERVAL_UDP_ALWAYS if packets leave inside UDP, else SERVAL_UDP_NEVER
 * @role:          enum serval_flow_role, see serval_flow_role_name()
 * @path_state:    SERVAL_CMD_FLOW_STEP_NTF: SERVAL_STATE_*, see
 *                 serval_flow_path_name()
 * @error:         SERVAL_CMD_FLOW_STEP_NTF: errno of a move that has failed
 */
struct serval_flow {
	__u32 has;
	struct flow_id local_id;
	struct flow_id peer_id;
	__u8 proto;
	__u8 state;
	struct in_addr local_addr;
	struct in_addr peer_addr;
	__u32 ifindex;
	struct service_id local_service;
	struct service_id peer_service;
	__u64 cookie;
	__u64 inode;
	__u32 uid;
	__u64 age;
	struct serval_flow_stats stats;
	struct in6_addr local_addr6;
	struct in6_addr peer_addr6;
	struct flow_id old_id;
	__u8 udp_encap;
	__u8 role;
	__u8 path_state;
	__u32 error;
};

/**
 * struct serval_migrate_to - where connections are to go
 * @has:     SERVAL_HAS(SERVAL_A_FLOW_NEW_IFINDEX), _NEW_ADDR4, _NEW_ADDR6,
 *           _NEW_UDP_ENCAP, _NEW_PEER_ADDR4, _NEW_PEER_ADDR6: which members
 *           are set; one of the addresses of each end at most
 * @ifindex: device to go out through; without it the one that has the address
 * @addr:    local address, if it is an IPv4 one; without either that of the
 *           route to the peer through the device
 * @addr6:   local address, if it is an IPv6 one
 * @udp_encap: SERVAL_UDP_NEVER or SERVAL_UDP_ALWAYS; alone it leaves device and address
 *           as they are
 * @peer:    serval_flow_join() only: address of the peer, if it is an IPv4 one;
 *           without either where it is, or where the service table says
 * @peer6:   address of the peer, if it is an IPv6 one
 */
struct serval_migrate_to {
	__u32 has;
	__u32 ifindex;
	struct in_addr addr;
	struct in6_addr addr6;
	__u8 udp_encap;
	struct in_addr peer;
	struct in6_addr peer6;
};

/**
 * struct serval_moved - how a move, or a join, has ended
 * @old_id: local flow id that the connection had; of a join, that it uses
 * @new_id: and that it has now; of a join, that of the flow which has joined;
 *          the same as @old_id if it failed
 * @error:  an errno, 0 if it has moved or joined
 * @usec:   microseconds from the request to the end
 */
struct serval_moved {
	struct flow_id old_id;
	struct flow_id new_id;
	int error;
	__u32 usec;
};

/* Called for each move that ends; @moved is valid during the call only.  The
 * handle must not be used meanwhile.
 */
typedef void (*serval_moved_fn)(const struct serval_moved *moved, void *data);

/**
 * struct serval_moves - the moves of one call
 * @fn:      called for each that ends; may be NULL
 * @data:    passed to @fn
 * @begun:   receives how many have begun
 * @refused: receives how many connections could not begin to move; those that
 *           are where they are to go already do not count
 * @moved:   receives how many have moved
 * @failed:  receives how many have failed after they began
 */
struct serval_moves {
	serval_moved_fn fn;
	void *data;
	__u32 begun;
	__u32 refused;
	__u32 moved;
	__u32 failed;
};

/**
 * struct serval_held - a packet that waits for a verdict
 * @has:       SERVAL_HAS(SERVAL_A_DELAY_...) of every member that is set
 * @id:        names it
 * @service:   whom it is for
 * @source:    name of the sender, if it has one
 * @addr:      address of the sender, if it is an IPv4 one; neither this nor
 *             @addr6 is set if the sender is on this host
 * @addr6:     address of the sender, if it is an IPv6 one
 * @proto:     SERVAL_PROTO_TCP or SERVAL_PROTO_UDP
 * @remaining: milliseconds until it is dropped
 */
struct serval_held {
	__u32 has;
	__u32 id;
	struct service_id service;
	struct service_id source;
	struct in_addr addr;
	struct in6_addr addr6;
	__u8 proto;
	__u32 remaining;
};

/**
 * struct serval_dev - how the kernel's own moves prefer a device
 * @has:        SERVAL_HAS(SERVAL_A_DEV_...) of every member that is set
 * @ifindex:    the device
 * @preference: connections that lose their path go where it is highest; 0 = never
 * @settle:     milliseconds for which the device must have been usable before it
 *              draws connections from those of a lower preference
 */
struct serval_dev {
	__u32 has;
	__u32 ifindex;
	__u8 preference;
	__u32 settle;
};

/**
 * struct serval_event - something happened
 * @cmd:     SERVAL_CMD_..._NTF
 * @service: for SERVAL_CMD_SERVICE_..._NTF
 * @flow:    for SERVAL_CMD_FLOW_..._NTF
 * @held:    for SERVAL_CMD_DELAY_NTF
 */
struct serval_event {
	enum serval_cmd cmd;
	union {
		struct serval_service service;
		struct serval_flow flow;
		struct serval_held held;
	};
};

/**
 * struct serval_counter - one counter
 * @name:  as in /proc/net/serval/snmp
 * @help:  a line that says what it counts
 * @value: packets, bytes or events since the namespace was made
 */
struct serval_counter {
	const char *name;
	const char *help;
	__u64 value;
};

/* Called for each counter; it is valid during the call only.  A return value
 * other than 0 ends the walk and is returned by serval_stats_get().
 */
typedef int (*serval_counter_fn)(const struct serval_counter *counter,
				 void *data);

/* Called every second while nothing is heard of moves: so many of the last
 * request have begun and ended.  The handle must not be used meanwhile.
 */
typedef void (*serval_waiting_fn)(__u32 begun, __u32 ended, void *data);

/* Called for each event; it is valid during the call only. */
typedef void (*serval_event_fn)(const struct serval_event *event, void *data);

/**
 * serval_netns_enter() - move the calling thread to a network namespace
 * @name: a name below /run/netns (as ip-netns(8) makes them), or a path
 *
 * Return: 0; what open() or setns() failed with, -ENOENT for an unknown name.
 */
int serval_netns_enter(const char *name);

/**
 * serval_ctl_open() - open a handle for requests
 * @ctlp: receives the handle; close it with serval_ctl_close()
 * @netns: network namespace as for serval_netns_enter(); NULL is the
 *         thread's own.  The thread is back in its own on return.
 *
 * Return: 0; -EPROTONOSUPPORT if the module is not loaded; -ENOMEM; what the
 * socket calls failed with.
 */
int serval_ctl_open(struct serval_ctl **ctlp, const char *netns);

/**
 * serval_ctl_close() - close a handle
 * @ctl: from serval_ctl_open(), or NULL
 */
void serval_ctl_close(struct serval_ctl *ctl);

/**
 * serval_ctl_error() - why the kernel refused the last request
 * @ctl: the handle
 *
 * Return: the kernel's sentence, unchanged, or "" if it sent none; valid
 * until the next request.
 */
const char *serval_ctl_error(const struct serval_ctl *ctl);

/**
 * serval_ctl_set_waiting() - hear of it when moves take their time
 * @ctl: the handle
 * @fn: called every second while serval_flow_migrate() and its like hear
 *      nothing; NULL for never
 * @data: passed to @fn
 */
void serval_ctl_set_waiting(struct serval_ctl *ctl, serval_waiting_fn fn,
			    void *data);

/**
 * serval_service_add() - add a rule
 * @ctl: the handle
 * @svc: ID and the members marked in @has
 *
 * Return: 0; -EEXIST if there is one like it; -EPERM; -EINVAL; -EOPNOTSUPP.
 */
int serval_service_add(struct serval_ctl *ctl,
		       const struct serval_service *svc);

/**
 * serval_service_del() - delete a rule
 * @ctl: the handle
 * @svc: ID, bits, type and, for FORWARD, address and device of the rule
 * @last: receives the rule with its last counters; may be NULL, or the same
 *        as @svc; @has is 0 if the kernel did not send it
 *
 * Return: 0; -ENOENT; -EPERM; -EINVAL.
 */
int serval_service_del(struct serval_ctl *ctl,
		       const struct serval_service *svc,
		       struct serval_service *last);

/**
 * serval_service_set() - change a rule in place
 * @ctl: the handle
 * @svc: the rule as for serval_service_del(); what else is marked in @has
 *       is its new value
 *
 * Return: 0; -ENOENT; -EEXIST; -EPERM; -EINVAL.
 */
int serval_service_set(struct serval_ctl *ctl,
		       const struct serval_service *svc);

/**
 * serval_service_get() - everything under one ID and prefix
 * @ctl: the handle
 * @id: the service
 * @bits: prefix length
 * @list: receives an array, one element per target; free() it
 * @count: receives its length
 *
 * Return: 0, 1 as serval_service_dump(); -ENOENT if there is nothing.
 */
int serval_service_get(struct serval_ctl *ctl, const struct service_id *id,
		       unsigned int bits, struct serval_service **list,
		       size_t *count);

/**
 * serval_service_dump() - the whole service table
 * @ctl: the handle
 * @list: receives an array; free() it
 * @count: receives its length
 *
 * If the table changes meanwhile, the dump is repeated, up to 8 times.
 *
 * Return: 0; 1 if it changed every time: @list may lack or repeat an entry;
 * a negative errno.
 */
int serval_service_dump(struct serval_ctl *ctl, struct serval_service **list,
			size_t *count);

/**
 * serval_service_flush() - delete all rules
 * @ctl: the handle
 *
 * Bound sockets are not rules and stay.
 *
 * Return: 0; -EPERM.
 */
int serval_service_flush(struct serval_ctl *ctl);

/**
 * serval_flow_get() - one flow
 * @ctl: the handle
 * @local_id: its id at this end
 * @flow: receives it
 *
 * Return: 0; -ENOENT.
 */
int serval_flow_get(struct serval_ctl *ctl, struct flow_id local_id,
		    struct serval_flow *flow);

/**
 * serval_flow_dump() - the whole flow table
 * @ctl: the handle
 * @list: receives an array; free() it
 * @count: receives its length
 *
 * Return: as serval_service_dump().
 */
int serval_flow_dump(struct serval_ctl *ctl, struct serval_flow **list,
		     size_t *count);

/**
 * serval_flow_kill() - abort the connection of a flow
 * @ctl: the handle
 * @local_id: its id at this end
 *
 * Its socket reports ECONNABORTED.
 *
 * Return: 0; -ENOENT; -EPERM.
 */
int serval_flow_kill(struct serval_ctl *ctl, struct flow_id local_id);

/**
 * serval_flow_migrate() - move a connection to another device or address
 * @ctl: the handle
 * @local_id: of its flow, at this end
 * @to: where
 * @moved: receives how it has ended, all zero if it has not; may be NULL
 *
 * Waits for the end of the move.  The connection has another flow then, with
 * another id.
 *
 * Return: 0 if it has moved; if it could not begin, -ENOENT, -ENOTCONN before
 * it is established, -EALREADY if it is there, -EADDRNOTAVAIL if the address is
 * not this host's, -ENETUNREACH or the like without a route, -EPERM, -EINVAL;
 * if it began and failed, the negative of @moved->error; with @moved all zero,
 * -ETIMEDOUT if nothing was heard for 15 seconds and -ENOBUFS if the message
 * was lost for want of room: then it may have moved.
 */
int serval_flow_migrate(struct serval_ctl *ctl, struct flow_id local_id,
			const struct serval_migrate_to *to,
			struct serval_moved *moved);

/**
 * serval_flow_join() - join another flow to a connection
 * @ctl: the handle
 * @local_id: of its flow that is in use, at this end
 * @to: where the new one leads
 * @joined: receives how that has ended, all zero if it has not; may be NULL
 *
 * Waits for the end.  The connection goes on along the flow that is in use.
 *
 * Return: as serval_flow_migrate(); also -EBUSY while another flow is joining
 * and -ENOSPC if the connection has eight flows.
 */
int serval_flow_join(struct serval_ctl *ctl, struct flow_id local_id,
		     const struct serval_migrate_to *to,
		     struct serval_moved *joined);

/**
 * serval_flow_part() - end one flow of a connection that has several
 * @ctl: the handle
 * @local_id: its id at this end
 *
 * Return: 0; -ENOENT; -EBUSY if there is no other that works; -EPERM.
 */
int serval_flow_part(struct serval_ctl *ctl, struct flow_id local_id);

/**
 * serval_flow_use() - send along another flow of the connection from now on
 * @ctl: the handle
 * @local_id: its id at this end
 *
 * The peer does so as well once it has heard of it.
 *
 * Return: 0; -ENOENT; -EALREADY if it is in use; -EPERM.
 */
int serval_flow_use(struct serval_ctl *ctl, struct flow_id local_id);

/**
 * serval_dev_migrate() - move all connections that go out through a device
 * @ctl: the handle
 * @ifindex: the device
 * @to: where
 * @moves: whom to tell of each, and how many there were
 *
 * Waits for the ends of all moves.
 *
 * Return: 0 if all that began have ended, moved or not; -EPERM; -EINVAL;
 * -ETIMEDOUT, -ENOBUFS as serval_flow_migrate(), and of @moves->begun some
 * have neither moved nor failed.
 */
int serval_dev_migrate(struct serval_ctl *ctl, __u32 ifindex,
		       const struct serval_migrate_to *to,
		       struct serval_moves *moves);

/**
 * serval_service_migrate() - move all connections of a service
 * @ctl: the handle
 * @id: the exact ID of either end
 * @to: where
 * @moves: whom to tell of each, and how many there were
 *
 * Two requests: first those that are served under @id here move, and when
 * they have ended, those to a peer that is named @id.
 *
 * Return: as serval_dev_migrate().
 */
int serval_service_migrate(struct serval_ctl *ctl, const struct service_id *id,
			   const struct serval_migrate_to *to,
			   struct serval_moves *moves);

/**
 * serval_stats_get() - the counters of the network namespace
 * @ctl: the handle
 * @fn: called for each counter, in the kernel's order
 * @data: passed to @fn
 *
 * Return: 0; what @fn returned; a negative errno.
 */
int serval_stats_get(struct serval_ctl *ctl, serval_counter_fn fn, void *data);

/**
 * serval_delay_dump() - the packets that wait for a verdict
 * @ctl: the handle
 * @list: receives an array; free() it
 * @count: receives its length
 *
 * Return: 0; a negative errno.
 */
int serval_delay_dump(struct serval_ctl *ctl, struct serval_held **list,
		      size_t *count);

/**
 * serval_delay_release() - send held packets on, by the rules as they are now
 * @ctl: the handle
 * @id: of the packet, 0 for all that are held
 *
 * Return: 0; -ENOENT; -EPERM.
 */
int serval_delay_release(struct serval_ctl *ctl, __u32 id);

/**
 * serval_delay_drop() - drop held packets
 * @ctl: the handle
 * @id: of the packet, 0 for all that are held
 *
 * A sender on this host sees EHOSTUNREACH.
 *
 * Return: 0; -ENOENT; -EPERM.
 */
int serval_delay_drop(struct serval_ctl *ctl, __u32 id);

/**
 * serval_dev_dump() - the devices to which connections can move
 * @ctl: the handle
 * @list: receives an array; free() it
 * @count: receives its length
 *
 * Return: 0; a negative errno.
 */
int serval_dev_dump(struct serval_ctl *ctl, struct serval_dev **list,
		    size_t *count);

/**
 * serval_dev_set() - change how the kernel's own moves prefer a device
 * @ctl: the handle
 * @dev: @ifindex, and what else is marked in @has
 *
 * Return: 0; -ENODEV; -EPERM; -ERANGE.
 */
int serval_dev_set(struct serval_ctl *ctl, const struct serval_dev *dev);

/* Groups of events, for serval_events_open().  Packets are held only while
 * somebody listens to SERVAL_EVENTS_DELAY, which needs CAP_NET_ADMIN and is
 * not one of SERVAL_EVENTS_ALL.
 */
enum serval_event_groups {
	SERVAL_EVENTS_SERVICE	= 1,
	SERVAL_EVENTS_FLOW	= 2,
	SERVAL_EVENTS_ALL	= 3,
	SERVAL_EVENTS_DELAY	= 4,
};

/**
 * serval_events_open() - listen to events, on a socket of its own
 * @evp: receives the listener; close it with serval_events_close()
 * @netns: as for serval_ctl_open()
 * @groups: a mask of enum serval_event_groups
 *
 * Return: as serval_ctl_open(); -EPERM.
 */
int serval_events_open(struct serval_events **evp, const char *netns,
		       unsigned int groups);

/**
 * serval_events_close() - stop listening
 * @ev: from serval_events_open(), or NULL
 */
void serval_events_close(struct serval_events *ev);

/**
 * serval_events_fd() - descriptor for poll(): readable if events wait
 * @ev: the listener
 *
 * Return: the descriptor, owned by @ev.
 */
int serval_events_fd(const struct serval_events *ev);

/**
 * serval_events_read() - wait for events and handle them
 * @ev: the listener
 * @fn: called for each event
 * @data: passed to @fn
 *
 * Return: 0; -ENOBUFS if events were lost: what the caller knows is stale
 * until it has dumped the tables; -EAGAIN if the descriptor was made
 * non-blocking and nothing waits; another negative errno.
 */
int serval_events_read(struct serval_events *ev, serval_event_fn fn,
		       void *data);

/**
 * serval_service_type_name() - text of a type
 * @type: enum serval_service_type
 *
 * Return: "forward", "demux", "delay", "drop" or "unknown".
 */
const char *serval_service_type_name(unsigned int type);

/**
 * serval_service_reason_name() - text of why a rule ended
 * @reason: enum serval_service_reason
 *
 * Return: "timeout", "idle-timeout", "device" or "unknown".
 */
const char *serval_service_reason_name(unsigned int reason);

/**
 * serval_udp_encap_name() - text of how requests are sent
 * @encap: SERVAL_UDP_*
 *
 * Return: "default", "raw", "udp", "auto" or "unknown".
 */
const char *serval_udp_encap_name(int encap);

/**
 * serval_flow_role_name() - text of what a connection does with a flow
 * @role: enum serval_flow_role
 *
 * Return: "used", "backup", "down" or "unknown".
 */
const char *serval_flow_role_name(unsigned int role);

/**
 * serval_flow_state_name() - text of a state
 * @state: TCP's number
 *
 * Return: "ESTABLISHED" and so on, or "UNKNOWN".
 */
const char *serval_flow_state_name(unsigned int state);

/**
 * serval_flow_path_name() - text of what a connection does about its path
 * @state: SERVAL_STATE_*
 *
 * Return: "NOADDRESS" and so on, or "UNKNOWN".
 */
const char *serval_flow_path_name(unsigned int state);

/**
 * serval_proto_name() - text of a transport protocol
 * @proto: IP protocol number
 *
 * Return: "tcp", "udp" or "unknown".
 */
const char *serval_proto_name(unsigned int proto);

#ifdef __cplusplus
}
#endif

#endif /* SERVAL_CONTROL_H */
