// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine of moves (Documentation/protocol.rst section 5), as a table.
 *
 *	       MOVE, SILENCE				  RSYN
 *	 +-------------------------+	     +----------------------------+
 *	 |			   v	     v			  |
 *	 |   RSYN-ACK	      RSYN_SENT	 RSYN_RCVD   ACK, NAMED		  |
 *	 +<-------------------+	  |	  |	  +---------------------->+
 *	 |			  |RSYN	  |MOVE				  |
 *	 |			  v	  v				  |
 *  ESTABLISHED		      RSYN_SENT_RCVD			     ESTABLISHED
 *	 |		       ^     | RSYN-ACK, ACK			  ^
 *	 |LOST		   MOVE|     +------------------------------------+
 *	 v		       |
 *   NOADDRESS		NOADDRESS_RSYN_RCVD
 *	MOVE: RSYN_SENT		from RSYN_RCVD, RSYN_SENT_RCVD by LOST_NEXT
 *	RSYN: RSYN_RCVD		RSYN: RSYN_RCVD
 *
 * There is one path in use and at most one that is being tried, by its flow: the
 * candidate.  RSYN and RSYN-ACK carry a challenge each, which depends on the
 * candidate and on the address that is to answer; the answer to ours makes the path
 * usable.  Data stays on the path in use until then, so a move that fails has changed
 * nothing: GIVE_UP leads back to where the machine came from, which is NOADDRESS if the
 * address of the path in use has been lost meanwhile.
 *
 * A candidate that the peer was told of survives that, since the peer may have begun to
 * use it: data on it, or an RSYN that names it, shows so (EARLY, NAMED).  The next attempt
 * of ours goes on with it, and to where the peer was heard (RSYN_SENT_RCVD).
 *
 * If both ends move at once, each learns the other's new address from the RSYN that
 * reaches it, and asks there: it is then one path, tried from both ends, and whichever
 * answer comes first completes both moves.
 *
 * Documentation/model/ has a model of this, verified.
 */
#include "fsm.h"

/* Back to the path in use, if it has an address */
#define BACK	__SERVAL_STATE_MAX
/* Ours begins: with a new candidate, or one that the peer knows */
#define BEGUN	(__SERVAL_STATE_MAX + 1)

#define ASK	(SERVAL_DO_BEGIN | SERVAL_DO_TIMER | SERVAL_DO_RSYN)
#define ANSWER	(SERVAL_DO_HEAR | SERVAL_DO_TAKE | SERVAL_DO_TIMER | \
		 SERVAL_DO_RSYN_ACK)
#define ANEW	(SERVAL_DO_DROP | ANSWER)
#define MEET	(SERVAL_DO_HEAR | SERVAL_DO_RSYN | SERVAL_DO_RSYN_ACK)
#define REPEAT	(SERVAL_DO_HEAR | SERVAL_DO_RSYN_ACK)
#define LATE	(SERVAL_DO_TAKE | SERVAL_DO_TIMER | SERVAL_DO_RSYN_ACK)

/* No entry: the event changes nothing.  0 is CLOSED, where no event leads */
static const struct serval_step
table[__SERVAL_STATE_MAX][__SERVAL_EVENT_MAX] = {
	[SERVAL_ESTABLISHED] = {
		[SERVAL_EV_MOVE] = { BEGUN, ASK },
		[SERVAL_EV_SILENCE] = { BEGUN, ASK },
		[SERVAL_EV_LOST] = { SERVAL_NOADDRESS, 0 },
		[SERVAL_EV_NAMED] = { SERVAL_ESTABLISHED, SERVAL_DO_SWITCH },
		[SERVAL_EV_RSYN] = { SERVAL_RSYN_RCVD, ANEW },
		[SERVAL_EV_RSYN_AGAIN] = { SERVAL_RSYN_RCVD, ANSWER },
		[SERVAL_EV_EARLY] = { SERVAL_RSYN_RCVD, LATE },
	},
	[SERVAL_NOADDRESS] = {
		[SERVAL_EV_MOVE] = { BEGUN, ASK },
		[SERVAL_EV_NAMED] = { SERVAL_ESTABLISHED, SERVAL_DO_SWITCH },
		[SERVAL_EV_RSYN] = { SERVAL_RSYN_RCVD, ANEW },
		[SERVAL_EV_RSYN_AGAIN] = { SERVAL_RSYN_RCVD, ANSWER },
		[SERVAL_EV_EARLY] = { SERVAL_RSYN_RCVD, LATE },
	},
	[SERVAL_RSYN_SENT] = {
		[SERVAL_EV_LOST_NEXT] = { BACK,
			SERVAL_DO_FAIL | SERVAL_DO_DROP },
		[SERVAL_EV_RSYN] = { SERVAL_RSYN_SENT_RCVD,
			MEET | SERVAL_DO_TIMER },
		[SERVAL_EV_RSYN_AGAIN] = { SERVAL_RSYN_SENT_RCVD, MEET },
		[SERVAL_EV_RSYN_ACK] = { SERVAL_ESTABLISHED,
			SERVAL_DO_SWITCH | SERVAL_DO_ACK | SERVAL_DO_DONE },
		[SERVAL_EV_TIMEOUT] = { SERVAL_RSYN_SENT, SERVAL_DO_RSYN },
		[SERVAL_EV_GIVE_UP] = { BACK,
			SERVAL_DO_FAIL | SERVAL_DO_DROP },
	},
	[SERVAL_RSYN_RCVD] = {
		[SERVAL_EV_MOVE] = { SERVAL_RSYN_SENT_RCVD, ASK },
		[SERVAL_EV_LOST_NEXT] = { SERVAL_NOADDRESS_RSYN_RCVD,
			SERVAL_DO_KEEP },
		[SERVAL_EV_NAMED] = { SERVAL_ESTABLISHED, SERVAL_DO_SWITCH },
		[SERVAL_EV_RSYN] = { SERVAL_RSYN_RCVD, ANEW },
		[SERVAL_EV_RSYN_AGAIN] = { SERVAL_RSYN_RCVD, REPEAT },
		[SERVAL_EV_ACK] = { SERVAL_ESTABLISHED, SERVAL_DO_SWITCH },
		[SERVAL_EV_EARLY] = { SERVAL_RSYN_RCVD, SERVAL_DO_RSYN_ACK },
		[SERVAL_EV_TIMEOUT] = { SERVAL_RSYN_RCVD, SERVAL_DO_RSYN_ACK },
		[SERVAL_EV_GIVE_UP] = { BACK, SERVAL_DO_KEEP },
	},
	[SERVAL_RSYN_SENT_RCVD] = {
		[SERVAL_EV_LOST_NEXT] = { SERVAL_NOADDRESS_RSYN_RCVD,
			SERVAL_DO_FAIL | SERVAL_DO_KEEP },
		/* the peer's attempt has ended; ours begins anew */
		[SERVAL_EV_NAMED] = { SERVAL_RSYN_SENT,
			SERVAL_DO_SWITCH | SERVAL_DO_BEGIN | SERVAL_DO_TIMER },
		[SERVAL_EV_RSYN] = { SERVAL_RSYN_SENT_RCVD,
			MEET | SERVAL_DO_TIMER },
		[SERVAL_EV_RSYN_AGAIN] = { SERVAL_RSYN_SENT_RCVD, REPEAT },
		[SERVAL_EV_RSYN_ACK] = { SERVAL_ESTABLISHED,
			SERVAL_DO_SWITCH | SERVAL_DO_ACK | SERVAL_DO_DONE },
		[SERVAL_EV_ACK] = { SERVAL_ESTABLISHED,
			SERVAL_DO_SWITCH | SERVAL_DO_DONE },
		[SERVAL_EV_TIMEOUT] = { SERVAL_RSYN_SENT_RCVD, SERVAL_DO_RSYN },
		[SERVAL_EV_GIVE_UP] = { BACK, SERVAL_DO_FAIL | SERVAL_DO_KEEP },
	},
	[SERVAL_NOADDRESS_RSYN_RCVD] = {
		[SERVAL_EV_MOVE] = { SERVAL_RSYN_SENT_RCVD, ASK },
		[SERVAL_EV_NAMED] = { SERVAL_ESTABLISHED, SERVAL_DO_SWITCH },
		[SERVAL_EV_RSYN] = { SERVAL_RSYN_RCVD, ANEW },
		[SERVAL_EV_RSYN_AGAIN] = { SERVAL_RSYN_RCVD, ANSWER },
	},
};

static const char * const state_names[__SERVAL_STATE_MAX] = {
	[SERVAL_CLOSED] = "CLOSED",
	[SERVAL_LISTEN] = "LISTEN",
	[SERVAL_SYN_SENT] = "SYN_SENT",
	[SERVAL_SYN_RCVD] = "SYN_RCVD",
	[SERVAL_ESTABLISHED] = "ESTABLISHED",
	[SERVAL_NOADDRESS] = "NOADDRESS",
	[SERVAL_RSYN_SENT] = "RSYN_SENT",
	[SERVAL_RSYN_RCVD] = "RSYN_RCVD",
	[SERVAL_RSYN_SENT_RCVD] = "RSYN_SENT_RCVD",
	[SERVAL_NOADDRESS_RSYN_RCVD] = "NOADDRESS_RSYN_RCVD",
};

static const char * const event_names[__SERVAL_EVENT_MAX] = {
	[SERVAL_EV_MOVE] = "move",
	[SERVAL_EV_SILENCE] = "silence",
	[SERVAL_EV_LOST] = "lose address",
	[SERVAL_EV_LOST_NEXT] = "lose new address",
	[SERVAL_EV_NAMED] = "candidate named",
	[SERVAL_EV_RSYN] = "RSYN",
	[SERVAL_EV_RSYN_AGAIN] = "RSYN again",
	[SERVAL_EV_RSYN_ACK] = "RSYN-ACK",
	[SERVAL_EV_ACK] = "ACK",
	[SERVAL_EV_EARLY] = "early data",
	[SERVAL_EV_TIMEOUT] = "timeout",
	[SERVAL_EV_GIVE_UP] = "give up",
};

/**
 * serval_fsm_step() - what an event makes of a state
 * @state: enum serval_state
 * @event: what happens
 * @lost:  the path in use has no local address, this event considered
 * @kept:  there is a candidate that the peer was told of
 * @step:  result
 *
 * Context: any.
 * Return: false if the event means nothing in this state: nothing is to be done.
 */
bool serval_fsm_step(u8 state, enum serval_event event, bool lost, bool kept,
		     struct serval_step *step)
{
	if (state >= __SERVAL_STATE_MAX || event >= __SERVAL_EVENT_MAX)
		return false;
	*step = table[state][event];
	if (step->next == BACK)
		step->next = lost ? SERVAL_NOADDRESS : SERVAL_ESTABLISHED;
	else if (step->next == BEGUN)
		step->next = kept ? SERVAL_RSYN_SENT_RCVD : SERVAL_RSYN_SENT;
	return step->next != SERVAL_CLOSED;
}

/**
 * serval_fsm_asks() - is an attempt of this end under way
 * @state: enum serval_state
 */
bool serval_fsm_asks(u8 state)
{
	return state == SERVAL_RSYN_SENT || state == SERVAL_RSYN_SENT_RCVD;
}

/**
 * serval_fsm_waits() - does a state end by a timer, if nothing comes
 * @state: enum serval_state
 */
bool serval_fsm_waits(u8 state)
{
	return serval_fsm_asks(state) || state == SERVAL_RSYN_RCVD;
}

/**
 * serval_fsm_state_name() - the published name of a state
 * @state: enum serval_state
 */
const char *serval_fsm_state_name(u8 state)
{
	return state < __SERVAL_STATE_MAX ? state_names[state] : "?";
}

/**
 * serval_fsm_event_name() - an event in words
 * @event: enum serval_event
 */
const char *serval_fsm_event_name(u8 event)
{
	return event < __SERVAL_EVENT_MAX ? event_names[event] : "?";
}
