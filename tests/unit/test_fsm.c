// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the state machine of moves, module/fsm.c.
 */
#include "fsm.h"

#include <string.h>

#include <linux/kernel.h>

#include "random.h"
#include "tap.h"

#define FIRST	SERVAL_ESTABLISHED

static bool step(u8 state, enum serval_event event, bool lost, bool kept,
		 struct serval_step *s)
{
	memset(s, 0, sizeof(*s));
	return serval_fsm_step(state, event, lost, kept, s);
}

/* Can there be a candidate, and must there be one? */
static bool may_have(u8 state)
{
	return state >= FIRST;
}

static bool must_have(u8 state)
{
	return state > SERVAL_NOADDRESS;
}

/* What an action needs is there when it is done, in the order of SERVAL_DO_* */
static void check_actions(bool kept, enum serval_event event,
			  const struct serval_step *s)
{
	const u16 a = s->actions;
	bool next = kept;

	EXPECT(!(a & SERVAL_DO_DROP) || !(a & SERVAL_DO_KEEP));
	if (a & SERVAL_DO_DROP)
		next = false;
	EXPECT(!(a & SERVAL_DO_KEEP) || next);
	if (a & SERVAL_DO_SWITCH) {
		EXPECT(next);
		next = false;
	}
	if (a & (SERVAL_DO_BEGIN | SERVAL_DO_TAKE))
		next = true;
	EXPECT(!(a & (SERVAL_DO_RSYN | SERVAL_DO_RSYN_ACK)) || next);
	EXPECT(!(a & SERVAL_DO_ACK) || a & SERVAL_DO_SWITCH);
	EXPECT(!(a & SERVAL_DO_HEAR) || event == SERVAL_EV_RSYN ||
	       event == SERVAL_EV_RSYN_AGAIN);
	EXPECT(!must_have(s->next) || next);
	EXPECT(may_have(s->next));
}

static void test_actions(void)
{
	struct serval_step s;
	int state, event, bits;

	for (state = 0; state < __SERVAL_STATE_MAX; state++)
		for (event = 0; event < __SERVAL_EVENT_MAX; event++)
			for (bits = 0; bits < 4; bits++) {
				bool kept = bits & 2 || must_have(state);

				/* both speak of a candidate that is there */
				if (!kept && (event == SERVAL_EV_NAMED ||
					      event == SERVAL_EV_EARLY))
					continue;
				if (step(state, event, bits & 1, kept, &s))
					check_actions(kept, event, &s);
			}
}

static void test_switch(void)
{
	struct serval_step s;
	int state, event;

	for (state = 0; state < __SERVAL_STATE_MAX; state++)
		for (event = 0; event < __SERVAL_EVENT_MAX; event++) {
			if (!step(state, event, false, true, &s))
				continue;
			EXPECT(!(s.actions & SERVAL_DO_SWITCH) ||
			       event == SERVAL_EV_RSYN_ACK ||
			       event == SERVAL_EV_ACK ||
			       event == SERVAL_EV_NAMED);
		}
	/* an RSYN alone proves nothing, nor does an answer nobody asked for */
	EXPECT(!step(SERVAL_ESTABLISHED, SERVAL_EV_RSYN_ACK, false, true, &s));
	EXPECT(!step(SERVAL_ESTABLISHED, SERVAL_EV_ACK, false, true, &s));
	EXPECT(!step(SERVAL_RSYN_SENT, SERVAL_EV_ACK, false, true, &s));
	EXPECT(!step(SERVAL_RSYN_RCVD, SERVAL_EV_RSYN_ACK, false, true, &s));
}

static void test_exits(void)
{
	struct serval_step s;
	int state, lost;

	for (state = FIRST; state < __SERVAL_STATE_MAX; state++) {
		/* what no timer ends can be left by a request */
		EXPECT(serval_fsm_waits(state) ||
		       step(state, SERVAL_EV_MOVE, false, true, &s));
		if (!serval_fsm_waits(state))
			continue;
		EXPECT(step(state, SERVAL_EV_TIMEOUT, false, true, &s));
		for (lost = 0; lost < 2; lost++) {
			EXPECT(step(state, SERVAL_EV_GIVE_UP, lost, true, &s));
			EXPECT(s.next == (lost ? SERVAL_NOADDRESS :
						 SERVAL_ESTABLISHED));
			/* the peer may use what it was told of */
			EXPECT(s.actions & (state == SERVAL_RSYN_SENT ?
					    SERVAL_DO_DROP : SERVAL_DO_KEEP));
		}
	}
}

static void test_kept(void)
{
	struct serval_step s;

	EXPECT(step(SERVAL_ESTABLISHED, SERVAL_EV_MOVE, false, false, &s));
	EXPECT(s.next == SERVAL_RSYN_SENT);
	EXPECT(step(SERVAL_ESTABLISHED, SERVAL_EV_MOVE, false, true, &s));
	EXPECT(s.next == SERVAL_RSYN_SENT_RCVD);
	/* and a new RSYN makes it void */
	EXPECT(step(SERVAL_ESTABLISHED, SERVAL_EV_RSYN, false, true, &s));
	EXPECT(s.actions & SERVAL_DO_DROP);
	/* but a copy does not */
	EXPECT(step(SERVAL_ESTABLISHED, SERVAL_EV_RSYN_AGAIN, false, true,
		    &s));
	EXPECT(!(s.actions & SERVAL_DO_DROP));
}

static void test_transport(void)
{
	struct serval_step s;
	int state, event;

	for (state = 0; state < FIRST; state++)
		for (event = 0; event < __SERVAL_EVENT_MAX; event++)
			EXPECT(!step(state, event, false, true, &s));
	EXPECT(!step(__SERVAL_STATE_MAX, SERVAL_EV_MOVE, false, true, &s));
	EXPECT(!step(FIRST, __SERVAL_EVENT_MAX, false, true, &s));
}

/* Who asked is told once, and only if he asked */
static void test_told(void)
{
	bool waits = false, kept = false;
	struct serval_step s;
	u8 state = FIRST;
	int i;

	for (i = 0; i < 200000; i++) {
		enum serval_event event = random_below(__SERVAL_EVENT_MAX);

		if (event == SERVAL_EV_NAMED && !kept)
			continue;
		if (!step(state, event, random_below(2), kept, &s))
			continue;
		if (s.actions & SERVAL_DO_FAIL) {
			EXPECT(waits);
			waits = false;
		}
		if (s.actions & SERVAL_DO_BEGIN && event != SERVAL_EV_NAMED) {
			EXPECT(!waits);
			waits = true;
		}
		if (s.actions & SERVAL_DO_DONE) {
			EXPECT(waits);
			waits = false;
		}
		EXPECT(waits == (s.next == SERVAL_RSYN_SENT ||
				 s.next == SERVAL_RSYN_SENT_RCVD));
		EXPECT(waits == serval_fsm_asks(s.next));
		if (s.actions & (SERVAL_DO_DROP | SERVAL_DO_SWITCH))
			kept = false;
		if (s.actions & (SERVAL_DO_BEGIN | SERVAL_DO_TAKE))
			kept = true;
		state = s.next;
	}
}

static void test_names(void)
{
	int i, j;

	for (i = 0; i < __SERVAL_STATE_MAX; i++)
		for (j = 0; j < i; j++)
			EXPECT(strcmp(serval_fsm_state_name(i),
				      serval_fsm_state_name(j)));
	for (i = 0; i < __SERVAL_EVENT_MAX; i++)
		EXPECT(strcmp(serval_fsm_event_name(i), "?"));
	EXPECT(!strcmp(serval_fsm_state_name(SERVAL_NOADDRESS_RSYN_RCVD),
		       "NOADDRESS_RSYN_RCVD"));
	EXPECT(!strcmp(serval_fsm_state_name(__SERVAL_STATE_MAX), "?"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ test_actions, "a move would use a path that is not there" },
		{ test_switch, "data would go to an address nobody answers from" },
		{ test_exits, "a move without an answer would never end" },
		{ test_kept, "a path that the peer uses already would be forgotten" },
		{ test_transport, "a connection would move before it is made" },
		{ test_told, "who asked for a move would wait for ever" },
		{ test_names, "nobody could tell states apart" },
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}
