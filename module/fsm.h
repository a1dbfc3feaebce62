/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * States of a connection while it moves from one path to another.
 *
 * Pure: no sk_buff and no sock.  The same file is compiled on the host and
 * unit-tested (tests/unit/); Documentation/model/ has the model of it.
 */
#ifndef _SERVAL_FSM_H
#define _SERVAL_FSM_H

#include <linux/types.h>

/* The published names.  Those before ESTABLISHED are the transport's */
enum serval_state {
	SERVAL_CLOSED,
	SERVAL_LISTEN,
	SERVAL_SYN_SENT,
	SERVAL_SYN_RCVD,
	SERVAL_ESTABLISHED,		/* on a path with a local address */
	SERVAL_NOADDRESS,		/* its address is gone: hold */
	SERVAL_RSYN_SENT,		/* we ask to move */
	SERVAL_RSYN_RCVD,		/* the peer asks */
	SERVAL_RSYN_SENT_RCVD,		/* both do */
	SERVAL_NOADDRESS_RSYN_RCVD,	/* the peer asked, the address is gone */
	__SERVAL_STATE_MAX
};

enum serval_event {
	SERVAL_EV_MOVE,		/* a program, the administrator, the kernel */
	SERVAL_EV_SILENCE,	/* the peer has not answered for long */
	SERVAL_EV_LOST,		/* the address of the path in use is gone */
	SERVAL_EV_LOST_NEXT,	/* that of the path that is being tried */
	SERVAL_EV_NAMED,	/* an RSYN to our candidate: the peer uses it */
	SERVAL_EV_RSYN,		/* a new, valid one */
	SERVAL_EV_RSYN_AGAIN,	/* a copy of the last */
	SERVAL_EV_RSYN_ACK,	/* the answer to ours, from where that was sent */
	SERVAL_EV_ACK,		/* with the response to our challenge */
	SERVAL_EV_EARLY,	/* data on our candidate: the peer uses it */
	SERVAL_EV_TIMEOUT,
	SERVAL_EV_GIVE_UP,	/* after the last retransmission */
	__SERVAL_EVENT_MAX
};

/* What is to be done, in this order.  The candidate is the flow of the path that is
 * being tried; it ends here where the peer's packet arrived, or where we asked for
 */
#define SERVAL_DO_FAIL		0x0001	/* tell who asked that it failed */
#define SERVAL_DO_DROP		0x0002	/* forget the candidate */
#define SERVAL_DO_KEEP		0x0004	/* keep only the candidate's id */
#define SERVAL_DO_SWITCH	0x0008	/* use the candidate from now on */
#define SERVAL_DO_HEAR		0x0010	/* remember the RSYN */
#define SERVAL_DO_BEGIN		0x0020	/* ours: one from where we asked for */
#define SERVAL_DO_TAKE		0x0040	/* the peer's: one, if there is none */
#define SERVAL_DO_TIMER		0x0080	/* begin to count retransmissions */
#define SERVAL_DO_RSYN		0x0100	/* send */
#define SERVAL_DO_RSYN_ACK	0x0200
#define SERVAL_DO_ACK		0x0400
#define SERVAL_DO_DONE		0x0800	/* tell who asked that it is done */

/**
 * struct serval_step - what an event makes of a state
 * @next:    state
 * @actions: SERVAL_DO_*
 */
struct serval_step {
	u8 next;
	u16 actions;
};

bool serval_fsm_step(u8 state, enum serval_event event, bool lost, bool kept,
		     struct serval_step *step);
bool serval_fsm_asks(u8 state);
bool serval_fsm_waits(u8 state);
const char *serval_fsm_state_name(u8 state);
const char *serval_fsm_event_name(u8 event);

#endif /* _SERVAL_FSM_H */
