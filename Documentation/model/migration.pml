/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of migration (Documentation/protocol.rst, section 5): one connection, two ends,
 * both of which may move. README.rst says what is shown and what is not; verify runs it.
 *
 * The states of an end. "move" is asked for by the user, or data was not answered; "lost" is
 * the loss of the local address in use, and "new" is an address gained, or found by the timer.
 *
 *                            RSYN-ACK; given up
 *     .--------------------------------------------------------.
 *     v                 move; lost, another                    |
 *   .-------------. ------------------------------------> .-----------.
 *   | ESTABLISHED |  lost     .-----------.      new      | RSYN_SENT |
 *   '-------------' --------> | NOADDRESS | ------------> '-----------'
 *     ^ |      ^              '-----------'                    |
 *     | | RSYN | RSYN-ACK; ACK;  ^                             | RSYN
 *     | |      | given up        | given up, active            |
 *     | |      |                 | one's address lost          v
 *     | |      |                 |                        .----------------. lost, another
 *     | |      '-----------------+----------------------- |                | -----.
 *     | |                        |                        | RSYN_SENT_RCVD |      |
 *     | |                        '----------------------- |                | <----'
 *     | v                                                 '----------------'
 *   .-----------.        move; lost, another                 ^   ^      |
 *   | RSYN_RCVD | -------------------------------------------'   | new  | lost
 *   '-----------'                                                |      v
 *         |          lost                                 .---------------------.
 *         '---------------------------------------------> | NOADDRESS_RSYN_RCVD |
 *                                                         '---------------------'
 *
 * RSYN_RCVD ends by ACK, by an RSYN that names the candidate or by giving up, all of which lead to
 * ESTABLISHED (or NOADDRESS). Giving up keeps a candidate that the peer was told of: an
 * own attempt then begins in RSYN_SENT_RCVD, and its RSYN goes where the peer was heard.
 *
 * An end has an active flow, on which it sends data, and at most one candidate. A verno
 * serves one attempt, so the model makes ids of vernos. The challenge of an end depends on its
 * candidate and on the address challenged: in the model it *is* that address, since
 * the ids of the packet name the candidate.
 *
 * Time: the network is asynchronous; a packet may stay in it as long as others are delivered.
 * Timers fire at both ends when it is empty (a "round"), and EARLY times before. A
 * disturbance (fault, move, address lost or gained, early timer, replay) starts the count of
 * rounds anew; data must flow both ways before there were ROUNDS, provided that both ends have
 * an address. Every step but a round uses up a budget. So all runs are finite, and this
 * bound shows what a temporal formula would show, without an assumption of fairness.
 */

/*
 * Budgets and bounds, which verify sets. Besides: ROUTED, the service table names a forwarder;
 * IDLE, neither end sends data; CALM, no attempt may fail and no path be tried anew for lack
 * of an answer; LOSSLESS, all data that arrives must be known; SEEN, a state that must not be
 * entered. REPLAY: replay.pml has the steps watched, and another environment.
 */
#ifndef HAVE_M
#define HAVE_M 1		/* bits: addresses the initiator begins with */
#endif
#ifndef HAVE_P
#define HAVE_P 1
#endif
#ifndef MOVES
#define MOVES 0			/* requests of users to move */
#endif
#ifndef LOSES
#define LOSES 0			/* addresses lost */
#endif
#ifndef GAINS
#define GAINS 0			/* addresses gained */
#endif
#ifndef FAULTS
#define FAULTS 0		/* packets lost or duplicated */
#endif
#ifndef EARLY
#define EARLY 0			/* timers that fire though the network is busy */
#endif
#ifndef DATAS
#define DATAS 0			/* data sent at any time; silence is broken at each round anyway */
#endif
#ifndef RECORDS
#define RECORDS 0		/* packets the attacker keeps */
#endif
#ifndef REPLAYS
#define REPLAYS 0		/* of those, from any address */
#endif
#ifndef FORGES
#define FORGES 0		/* packets he makes himself */
#endif
#ifndef RETRIES
#define RETRIES 2		/* repetitions before an attempt is given up */
#endif
#ifndef SILENCE
#define SILENCE 2		/* rounds without an answer to data, before paths are tried */
#endif
#ifndef AWAY
#define AWAY 5			/* rounds during which an end may be without any address */
#endif
#ifndef ROUNDS
#define ROUNDS 16		/* rounds after which data must flow */
#endif

#define M 0			/* initiator: can resolve the peer's service */
#define P 1			/* responder */
#define PEER (1 - e)

#define ESTABLISHED		0
#define NOADDRESS		1
#define RSYN_SENT		2
#define RSYN_RCVD		3
#define RSYN_SENT_RCVD		4
#define NOADDRESS_RSYN_RCVD	5

#define RSYN	0
#define RSYNACK	1
#define ACK	2
#define DATA	3

/* M has the addresses 1 and 2, P 3 and 4. At 5 nobody answers: the attacker's victim. */
#define NONE	0
#define ADDR(e, k)	(1 + 2 * (e) + (k))
#define VICTIM	5
#define ROUTER	6		/* a rule of the service table may name a forwarder */

#define OWNER(a)	(((a) - 1) / 2)
#define BIT(a)		(1 << (((a) - 1) & 1))
#define HAS(e, a)	((a) != NONE && (a) < VICTIM && OWNER(a) == (e) && (have[e] & BIT(a)))
#define FIRST(e)	((have[e] & 1) -> ADDR(e, 0) : ((have[e] & 2) -> ADDR(e, 1) : NONE))

/* The id of a candidate: for my own attempt v, or made to answer the peer's attempt v. */
#define MOVER_ID(v)	(1 + 2 * (v))
#define ANSWER_ID(v)	(2 + 2 * (v))
#define FORGED_ID	31
#define LAST_VERNO	14

byte st[2];
byte have[2], had[2];		/* addresses, as bits; had: ever */
byte al[2], ar[2];		/* active flow: local and remote locator, ... */
byte ai[2], ap[2];		/* ... own and the peer's id */
byte oi[2];			/* own id of the flow before, which still receives */
byte cl[2], ci[2];		/* candidate: local locator, own id */
byte lp[2], lr[2], lc[2];	/* last RSYN taken: its id, source and challenge */
byte credit[2];			/* packets that lr may still be sent, while not validated */
byte snd[2], rcv[2];		/* verno: my next, next expected */
byte n[2];			/* repetitions of the control packet */
byte u[2];			/* rounds without an answer to data */

/*
 * What is in flight, each an integer made of the fields; sorted, so that the same packets
 * are the same state. The same packet twice is once: a copy is what a fault makes.
 */
#ifndef N
#define N 12
#endif
int net[N];

byte moves = MOVES, loses = LOSES, gains = GAINS, faults = FAULTS, early = EARLY;
byte datas = DATAS, records = RECORDS, replays = REPLAYS, forges = FORGES, away = AWAY;
byte rounds;
byte rx, tx;			/* packets accepted from the victim's address, sent to it */
int rec[2];
byte k, i, fate;		/* choices; zero between steps */

/* Used within one step: the end that acts, the packet before it, scratch. */
hidden byte e, type, from, to, src, dst, ver, chal, resp, ack, mac;
hidden byte fresh, may, first, j;
hidden int w, swap, out[2];
hidden byte believable, needless, unheard, seen;	/* named for what an assertion says */

/*
 * STEP: what the kernel would take for this event of module/fsm.h, with the local address that it
 * brings. An end without address goes on from another at once; the kernel, if it may, in
 * a step of its own.
 */
#ifdef REPLAY
#define STEP(event, addr)	step(event, addr);
#define ANOTHER			false
#else
#define STEP(event, addr)
#define ANOTHER			have[e]
#endif

#define QUIET	(net[0] == 0)
#define SETTLED (st[M] == ESTABLISHED && st[P] == ESTABLISHED && \
	al[M] == ar[P] && ar[M] == al[P] && ai[M] == ap[P] && ap[M] == ai[P] && \
	HAS(M, al[M]) && HAS(P, al[P]))
#define PENDING	(st[e] == RSYN_SENT || st[e] == RSYN_SENT_RCVD)
#define WAITING	(st[e] == RSYN_RCVD || st[e] == ESTABLISHED || st[e] == NOADDRESS)

/*
 * The guards. Each is dropped by a macro, and verify shows what then goes wrong.
 */

/* Control packets need the connection's nonce and MAC. */
#ifdef DROP_MAC
#define AUTHENTIC	true
#else
#define AUTHENTIC	mac
#endif

/* From one of my own addresses: somebody reflects. */
#ifdef DROP_MARTIAN
#define MARTIAN	false
#else
#define MARTIAN	(HAS(e, from))
#endif

/*
 * An RSYN is new if its verno was not seen; any distance ahead, or an end that was away for
 * long would never be heard again.
 */
#ifdef DROP_VERNO
#define NEW	(src != lp[e] || from != lr[e])
#elif defined(NARROW_WINDOW)
#define NEW	(ver >= rcv[e] && ver < rcv[e] + NARROW_WINDOW)
#else
#define NEW	(ver >= rcv[e])
#endif

/* The one answered last may come again, since its answer may be lost. */
#ifdef DROP_DUP
#define REPEATED	false
#else
#define REPEATED	(ver + 1 == rcv[e] && src != 0 && src == lp[e] && from == lr[e])
#endif

/*
 * RSYN-ACK and ACK say which verno comes next; those made before the last RSYN taken speak
 * of flows that are no more.
 */
#ifdef DROP_STALE
#define CURRENT	true
#else
#define CURRENT	(ver >= rcv[e])
#endif

/* What is said of the active flow must not hide an attempt that goes on meanwhile. */
#ifdef DROP_PENDING
#define NEXT_VERNO	snd[e]
#else
#define NEXT_VERNO	(snd[e] - (PENDING -> 1 : 0))
#endif

/* An RSYN-ACK is for the attempt that goes on. (Two bits of it suffice here.) */
#ifdef DROP_ACKNO
#define ACKS	true
#else
#define ACKS	(ack == ((snd[e] - 1) & 3))
#endif

/* An RSYN-ACK counts from the address whose challenge it covers. */
#ifdef DROP_SOURCE
#define PROVES_SOURCE	true
#elif defined(ONE_CHALLENGE)
byte aim[2];			/* one challenge for all: then where the last RSYN went */
#define PROVES_SOURCE	(from == aim[e])
#else
#define PROVES_SOURCE	(resp == from)
#endif

/* An ACK likewise has the response to the challenge of its source. */
#ifdef DROP_CHALLENGE
#define RESPONDS	true
#else
#define RESPONDS	(resp == from)
#endif

/* Both count only where the candidate has its end. */
#ifdef DROP_LOCAL
#define AT_CANDIDATE	true
#else
#define AT_CANDIDATE	(to == cl[e])
#endif

/* The peer's id and locator of my active flow: there is nothing to move. */
#ifdef DROP_SAME
#define ALREADY_THERE	false
#else
#define ALREADY_THERE	(src == ap[e] && from == ar[e])
#endif

/*
 * An RSYN names the flow that is active at its sender. That is mine, or the one I had before,
 * if he has not heard that I switched, or my candidate, if I have not heard that he did.
 */
#ifdef DROP_OLD_ID
#define KNOWN		(dst == ai[e] || (ci[e] != 0 && dst == ci[e]))
#else
#define KNOWN		(dst == ai[e] || dst == oi[e] || (ci[e] != 0 && dst == ci[e]))
#endif

/*
 * That he names my candidate is as good as his ACK: he made it active by an RSYN-ACK, and
 * that went to the source of his RSYN only.
 */
#ifdef DROP_NAMED
#define CONFIRMS	false
#else
#define CONFIRMS	(ci[e] != 0 && dst == ci[e] && dst != ai[e])
#endif

/* Every other RSYN of the initiator goes to where the service table says the peer is. */
#ifdef DROP_RENDEZVOUS
#define RESOLVES	false
#else
#define RESOLVES	(e == M && (n[e] & 1) && have[P])
#endif
#ifdef ROUTED
#define ROUTED_TO	ROUTER
#else
#define ROUTED_TO	FIRST(P)
#endif

inline put(t, f, a, s_id, d_id, v, acked, c, r)
{
	if
	:: a == VICTIM -> tx++; assert(t != DATA); assert(tx <= 3 * rx)
	:: a == NONE || (a < VICTIM && gains == 0 && records == 0 && !HAS(PEER, a)) ->
		skip	/* nobody will ever have it */
	:: else ->
		w = (((acked) & 2) << 29) | (t << 28) | (e << 27) | (f << 24) | (a << 21) |
			(s_id << 16) | (d_id << 11) | (v << 7) | (c << 4) |
			(((acked) & 1) << 3) | r;
		if
		:: out[0] == 0 -> out[0] = w
		:: else -> assert(out[1] == 0); out[1] = w
		fi
	fi
}

/* What a step sends is in flight after it. */
inline flush(o)
{
	j = 0;
	do
	:: j < N && net[j] > out[o] -> j++
	:: else -> break
	od;
	assert(j < N);
	if
	:: net[j] == out[o] -> skip
	:: else ->
		do
		:: j < N && out[o] != 0 -> swap = net[j]; net[j] = out[o]; out[o] = swap; j++
		:: else -> break
		od;
		assert(out[o] == 0)	/* or N is too small */
	fi;
	out[o] = 0
}

/* RSYN where we choose: addresses validated, of the service table, or that just answered */
inline put_rsyn(a)
{
#ifdef ONE_CHALLENGE
	aim[e] = a;
#endif
	put(RSYN, cl[e], a, ci[e], ap[e], snd[e] - 1, 0, a, 0)
}

/* To where the last RSYN came from: at most three packets for each received */
inline spend(ok)
{
	ok = 1;
	if
	:: lr[e] == ar[e] -> skip
	:: lr[e] != ar[e] && credit[e] > 0 -> credit[e]--
#ifdef DROP_LIMIT
	:: else -> skip
#else
	:: else -> ok = 0
#endif
	fi
}

inline put_rsyn_back()
{
	spend(may);
	if
	:: may -> put_rsyn(lr[e])
	:: else -> skip
	fi
}

inline put_rsynack()
{
	spend(may);
	if
	:: may -> put(RSYNACK, cl[e], lr[e], ci[e], lp[e], snd[e], rcv[e] - 1, lr[e], lc[e])
	:: else -> skip
	fi
}

inline enter(s)
{
#ifdef SEEN
	seen = (s == SEEN);
	assert(!seen);		/* verify wants this to fail: the state is reached */
#endif
	st[e] = s
}

/*
 * Own attempt. It goes to where the peer is believed to be, with a new id; or, if the peer was
 * answered, to where the peer will be, with the id that it was told.
 */
inline start(a)
{
	assert(snd[e] <= LAST_VERNO);
	cl[e] = a;
	snd[e]++;
	n[e] = 0;
	if
	:: ci[e] == 0 ->
		ci[e] = MOVER_ID(snd[e] - 1);
		enter(RSYN_SENT);
		put_rsyn(ar[e])
	:: else ->
		enter(RSYN_SENT_RCVD);
		put_rsyn_back()
	fi
}

/* The candidate becomes the active flow. */
inline adopt(r, p)
{
	believable = (r != NONE && r < VICTIM && OWNER(r) == PEER && (had[PEER] & BIT(r)));
	assert(believable);
	oi[e] = ai[e];
	al[e] = cl[e];
	ar[e] = r;
	ai[e] = ci[e];
	ap[e] = p;
	u[e] = 0
}

inline settle()
{
	ci[e] = 0;
	cl[e] = 0;
	n[e] = 0;
	st[e] = ESTABLISHED
}

/* By an RSYN-ACK or ACK; all attempts of the peer older than that are void. */
inline complete()
{
	adopt(from, src);
	settle();
	rcv[e] = (ver > rcv[e] -> ver : rcv[e]);
	if
	:: ap[e] == lp[e] -> lr[e] = ar[e]
#ifdef DROP_FORGET
	:: else -> skip
#else
	:: else -> lp[e] = 0; lr[e] = 0		/* the peer is elsewhere by now */
#endif
	fi
}

/* Where addresses stay and few packets are lost, no attempt fails and no path is tried anew. */
inline unneeded()
{
#ifdef CALM
	needless = true;
	assert(!needless)
#else
	skip
#endif
}

/* The own candidate; one that the peer was told of stays, since the peer may have switched. */
inline forget()
{
	if
#ifdef DROP_KEEP
	:: true -> ci[e] = 0
#else
	:: st[e] == RSYN_SENT -> ci[e] = 0
	:: else -> skip
#endif
	fi;
	cl[e] = 0;
	n[e] = 0;
	u[e] = 0
}

/* Back to the old path */
inline give_up()
{
	STEP(EV_GIVE_UP, NONE)
	unneeded();
	forget();
	st[e] = (HAS(e, al[e]) -> ESTABLISHED : NOADDRESS)
}

inline lost(a)
{
	if
	:: (a == cl[e] && st[e] == RSYN_RCVD) || (a == cl[e] && PENDING) ||
	   (a == al[e] && st[e] == ESTABLISHED) ->
		STEP((st[e] == ESTABLISHED -> EV_LOST : EV_LOST_NEXT), NONE)
		fresh = (st[e] == RSYN_RCVD || st[e] == RSYN_SENT_RCVD);
		forget();
		if
		:: HAS(e, al[e]) && !fresh -> st[e] = ESTABLISHED
		:: ANOTHER && (fresh || !HAS(e, al[e])) -> first = FIRST(e); start(first)
		:: !ANOTHER && fresh -> enter(NOADDRESS_RSYN_RCVD)
		:: else -> enter(NOADDRESS)
		fi
	:: else -> skip
	fi
}

inline gained(a)
{
	if
	:: st[e] == NOADDRESS || st[e] == NOADDRESS_RSYN_RCVD ->
		STEP(EV_MOVE, a)
		start(a)
	:: else -> skip
	fi
}

/* The user asks for a move; refused while another of this end goes on. */
inline wanted(a)
{
	if
	:: (HAS(e, a) && st[e] == ESTABLISHED && a != al[e]) ||
	   (HAS(e, a) && st[e] == RSYN_RCVD && a != cl[e]) ->
		STEP(EV_MOVE, a)
		start(a)
	:: else -> skip
	fi
}

inline send_data()
{
	put(DATA, al[e], ar[e], ai[e], ap[e], 0, 0, 0, 0)
}

inline repeat()
{
	STEP(EV_TIMEOUT, NONE)
	n[e]++;
	if
	:: st[e] == RSYN_RCVD ->
#if defined(DROP_REPEAT) || defined(OLD_DEADLOCK)
		skip
#else
		put_rsynack()
#endif
	:: st[e] == RSYN_SENT_RCVD ->
		if
#ifdef DROP_FALLBACK
		:: true -> put_rsyn_back()
#else
		/* lr may be a forgery, or gone */
		:: RESOLVES -> first = ROUTED_TO; put_rsyn(first)
		:: !RESOLVES && !(n[e] & 1) && credit[e] > 0 -> put_rsyn_back()
		:: else -> put_rsyn(ar[e])
#endif
		fi
	:: st[e] == RSYN_SENT && RESOLVES -> first = ROUTED_TO; put_rsyn(first)
	:: st[e] == RSYN_SENT && !RESOLVES -> put_rsyn(ar[e])
	fi
}

inline timer()
{
	if
	:: st[e] == ESTABLISHED ->
		if
#ifdef IDLE
		:: true -> skip
#elif !defined(DROP_SILENCE)
		:: u[e] == SILENCE ->
			u[e] = 0;
			STEP(EV_SILENCE, al[e])
			unneeded();
			start(al[e])
		:: else -> u[e]++; send_data()
#else
		:: true -> send_data()
#endif
		fi
#ifndef DROP_RETRY
	:: st[e] == NOADDRESS && have[e] ->
		first = FIRST(e);
		STEP(EV_MOVE, first)
		start(first)
#endif
	:: st[e] == RSYN_RCVD || PENDING ->
		if
#ifdef OLD_DEADLOCK
		:: n[e] == RETRIES && st[e] == RSYN_RCVD -> skip
		:: n[e] == RETRIES && st[e] != RSYN_RCVD -> give_up()
#else
		:: n[e] == RETRIES -> give_up()
#endif
		:: else -> repeat()
		fi
	:: else -> skip
	fi
}

inline rcv_rsyn()
{
	fresh = NEW;
	if
	:: fresh && CONFIRMS ->
		STEP(EV_NAMED, to)
		cl[e] = (cl[e] == 0 -> to : cl[e]);
		first = lr[e];
		adopt(first, lp[e]);
		if
		:: PENDING ->		/* that was the peer's attempt; mine begins anew */
			assert(snd[e] <= LAST_VERNO);
			snd[e]++;
			ci[e] = MOVER_ID(snd[e] - 1);
			n[e] = 0;
			enter(RSYN_SENT)
		:: else -> settle()
		fi
	:: else -> skip
	fi;
	if
	:: ALREADY_THERE ->
		rcv[e] = (ver >= rcv[e] -> ver + 1 : rcv[e]);
		if
#ifdef ANSWER_FROM_THERE
		:: true -> put(RSYNACK, to, from, ai[e], src, NEXT_VERNO, ver, from, chal)
#else
		/* from the active flow's end, even if it came to another of our addresses */
		:: HAS(e, al[e]) -> put(RSYNACK, al[e], from, ai[e], src, NEXT_VERNO, ver, from, chal)
#endif
		:: else -> skip
		fi
#ifdef OLD_DEADLOCK
	:: !ALREADY_THERE && st[e] == RSYN_RCVD ->
		put(ACK, cl[e], from, ci[e], src, snd[e], 0, 0, chal)
	:: !ALREADY_THERE && st[e] != RSYN_RCVD && !fresh && !REPEATED -> skip
#else
	:: !ALREADY_THERE && !fresh && !REPEATED -> skip
#endif
	:: else ->
		STEP((fresh -> EV_RSYN : EV_RSYN_AGAIN), to)
		if
		:: fresh -> rcv[e] = ver + 1; lp[e] = src; lr[e] = from; n[e] = 0
		:: else -> skip
		fi;
		lc[e] = chal;
		credit[e] = 3;
		if
		:: PENDING ->
			if
			:: fresh || st[e] == RSYN_SENT ->
				enter(RSYN_SENT_RCVD);
				put_rsyn_back()
			:: else -> skip
			fi
		:: else ->
			if
			:: fresh || ci[e] == 0 -> ci[e] = ANSWER_ID(ver)
			:: else -> skip
			fi;
#ifdef MOVING_CANDIDATE
			cl[e] = to;
#else
			cl[e] = (fresh || cl[e] == 0 -> to : cl[e]);
#endif
			enter(RSYN_RCVD);
			u[e] = 0
		fi;
		put_rsynack();
#ifdef SWITCH_EARLY
		adopt(from, src);
		settle()
#endif
	fi
}

inline rcv_rsynack()
{
	if
	:: !CURRENT -> skip
	:: CURRENT && PENDING && dst == ci[e] && ACKS && AT_CANDIDATE ->
		if
		:: PROVES_SOURCE ->
			STEP(EV_RSYN_ACK, to)
			complete();
			put(ACK, to, from, ai[e], src, snd[e], 0, 0, chal)
		:: else ->
#ifdef DROP_RETARGET
			skip
#else
			put_rsyn(from)	/* it is there, but has to prove it: nothing else changes */
#endif
		fi
	:: else ->
		if
#ifndef DROP_RESEND_ACK
		:: dst == ai[e] && src == ap[e] && from == ar[e] && to == al[e] ->
			put(ACK, to, from, ai[e], src, NEXT_VERNO, 0, 0, chal)
#endif
		:: else -> skip
		fi
	fi
}

inline rcv_ack()
{
	if
	:: CURRENT && ci[e] != 0 && dst == ci[e] && src == lp[e] && RESPONDS && AT_CANDIDATE &&
	   (WAITING || st[e] == RSYN_SENT_RCVD) ->
		STEP(EV_ACK, to)
		complete()
	:: else -> skip
	fi
}

inline rcv_data()
{
	if
	:: dst == ai[e] && src == ap[e] && from == ar[e] -> u[e] = 0
#ifndef DROP_LINGER
	:: dst == oi[e] && dst != ai[e] -> skip
#endif
	:: WAITING && ci[e] != 0 && dst == ci[e] && src == lp[e] && from == lr[e] ->
		/* the peer has switched, its ACK was lost */
		STEP(EV_EARLY, to)
#if !defined(DROP_REPEAT) && !defined(DROP_DATA) && !defined(OLD_DEADLOCK)
		credit[e] = 3;
		n[e] = (st[e] == RSYN_RCVD -> n[e] : 0);
		u[e] = 0;
		enter(RSYN_RCVD);
		cl[e] = (cl[e] == 0 -> to : cl[e]);
		put_rsynack()
#else
		skip
#endif
	:: else ->
#ifdef LOSSLESS
		unheard = true;
		assert(!unheard)
#else
		skip
#endif
	fi
}

inline take(p)
{
	type = (p >> 28) & 3;
	e = 1 - ((p >> 27) & 1);
	from = (p >> 24) & 7;
	to = (p >> 21) & 7;
	src = (p >> 16) & 31;
	dst = (p >> 11) & 31;
	ver = (p >> 7) & 15;
	chal = (p >> 4) & 7;
	resp = p & 7;
	ack = ((p >> 3) & 1) | ((p >> 29) & 2);
	mac = 1
}

/* What "spin -t" shows: each packet, and how both ends stand before it */
inline tell()
{
	printf("   M: state %d have %d active %d>%d ids %d/%d candidate %d id %d verno %d/%d\n",
		st[M], have[M], al[M], ar[M], ai[M], ap[M], cl[M], ci[M], snd[M], rcv[M]);
	printf("   P: state %d have %d active %d>%d ids %d/%d candidate %d id %d verno %d/%d\n",
		st[P], have[P], al[P], ar[P], ai[P], ap[P], cl[P], ci[P], snd[P], rcv[P]);
	printf("type %d to end %d: %d>%d ids %d/%d verno %d challenge %d response %d fate %d\n",
		type, e, from, to, src, dst, ver, chal, resp, fate)
}

inline deliver()
{
	if
	:: to == ROUTER -> to = FIRST(e)
	:: else -> skip
	fi;
	if
	:: !HAS(e, to) || MARTIAN -> skip
	:: else ->
		if
		:: from == VICTIM && AUTHENTIC -> rx++
		:: else -> skip
		fi;
		if
		:: type == RSYN && AUTHENTIC && KNOWN -> rcv_rsyn()
		:: type == RSYNACK && AUTHENTIC -> rcv_rsynack()
		:: type == ACK && AUTHENTIC -> rcv_ack()
		:: type == DATA -> rcv_data()
		:: else -> skip
		fi
	fi
}

inline pull()
{
	j = k;
	do
	:: j < N - 1 -> net[j] = net[j + 1]; j++
	:: else -> break
	od;
	net[N - 1] = 0
}

inline choose_packet()
{
	if
	:: k = 0
	:: net[1] != 0 -> k = 1
	:: net[2] != 0 -> k = 2
	:: net[3] != 0 -> k = 3
	:: net[4] != 0 -> k = 4
	:: net[5] != 0 -> k = 5
	:: net[6] != 0 -> k = 6
	:: net[7] != 0 -> k = 7
	:: net[8] != 0 -> k = 8
	:: net[9] != 0 -> k = 9
	:: net[10] != 0 -> k = 10
	:: net[11] != 0 -> k = 11
	fi
}

inline choose_address()
{
	if
	:: i = ADDR(M, 0)
	:: i = ADDR(M, 1)
	:: i = ADDR(P, 0)
	:: i = ADDR(P, 1)
	fi
}

inline done()
{
	if
	:: out[0] != 0 -> flush(0)
	:: else -> skip
	fi;
	if
	:: out[1] != 0 -> flush(1)
	:: else -> skip
	fi;
	e = 0; i = 0; k = 0; fate = 0
}

inline begin()
{
	have[M] = HAVE_M; had[M] = HAVE_M;
	have[P] = HAVE_P; had[P] = HAVE_P;
	al[M] = ADDR(M, 0); ar[M] = ADDR(P, 0);
	al[P] = ADDR(P, 0); ar[P] = ADDR(M, 0);
	ai[M] = MOVER_ID(0); ap[M] = MOVER_ID(0);
	ai[P] = MOVER_ID(0); ap[P] = MOVER_ID(0);
	snd[M] = 1; snd[P] = 1;		/* SYN and SYN-ACK had 0 */
	rcv[M] = 1; rcv[P] = 1
}

#ifndef REPLAY
init {
	d_step {
		begin()
	}
	do
	/* The network: any packet is next; it arrives, or is lost, or arrives and stays. */
	:: atomic {
		!QUIET -> choose_packet();
		if
		:: fate = 0
		:: faults > 0 -> fate = 1
		:: faults > 0 -> fate = 2
		fi;
		d_step {
			take(net[k]);
			tell();
			if
			:: fate != 0 -> faults--; rounds = 0
			:: else -> skip
			fi;
			if
			:: fate != 2 -> pull()
			:: else -> skip
			fi;
			if
			:: fate != 1 -> deliver()
			:: else -> skip
			fi;
			done()
		}
	}
	/* A round. The count stands still while an end is away, and then is limited. */
	:: d_step {
		QUIET && !SETTLED && (away > 0 || (have[M] && have[P])) ->
		printf("round\n");
		if
		:: have[M] && have[P] -> rounds++; assert(rounds <= ROUNDS)
		:: else -> away--
		fi;
		e = M;
		do
		:: e <= P -> timer(); e++
		:: else -> break
		od;
		done()
	}
#if EARLY
	:: atomic {
		early > 0 && !SETTLED ->
		if
		:: k = M
		:: k = P
		fi;
		d_step {
			early--; rounds = 0;
			e = k;
			printf("early timer of end %d\n", e);
			if
			:: st[e] != ESTABLISHED && n[e] < RETRIES -> timer()
			:: else -> skip
			fi;
			done()
		}
	}
#endif
#if DATAS
	:: atomic {
		datas > 0 ->
		if
		:: k = M
		:: k = P
		fi;
		d_step {
			datas--; rounds = 0;
			e = k;
			printf("data of end %d\n", e);
			if
			:: HAS(e, al[e]) -> send_data()
			:: else -> skip
			fi;
			done()
		}
	}
#endif
#if MOVES
	:: atomic {
		moves > 0 -> choose_address();
		d_step {
			moves--; rounds = 0;
			e = OWNER(i);
			printf("user wants %d\n", i);
			wanted(i);
			done()
		}
	}
#endif
#if LOSES
	:: atomic {
		loses > 0 -> choose_address();
		d_step {
			loses--; rounds = 0;
			e = OWNER(i);
			printf("lost %d\n", i);
			if
			:: HAS(e, i) -> have[e] = have[e] - BIT(i); lost(i)
			:: else -> skip
			fi;
			done()
		}
	}
#endif
#if GAINS
	:: atomic {
		gains > 0 -> choose_address();
		d_step {
			gains--; rounds = 0;
			e = OWNER(i);
			printf("gained %d\n", i);
			if
			:: !HAS(e, i) ->
				have[e] = have[e] | BIT(i);
				had[e] = had[e] | BIT(i);
				gained(i)
			:: else -> skip
			fi;
			done()
		}
	}
#endif
#if RECORDS
	/* The attacker sees what is in flight between the ends, not what goes to his victim. */
	:: atomic {
		records > 0 && !QUIET -> choose_packet();
		d_step {
			records--;
			printf("recorded the next type %d\n", (net[k] >> 28) & 3);
			if
			:: rec[0] == 0 -> rec[0] = net[k]
			:: else -> rec[1] = net[k]
			fi;
			done()
		}
	}
	:: atomic {
		replays > 0 && rec[0] != 0 ->
		if
		:: k = 0
		:: rec[1] != 0 -> k = 1
		fi;
		if
		:: fate = 1
		:: fate = 2
		:: fate = 3
		:: fate = 4
		:: fate = VICTIM
		fi;
		if
		:: i = 0
		:: i = 1
		fi;
		d_step {
			replays--; rounds = 0;
			printf("replay\n");
			take(rec[k]);
			from = fate;
			to = ADDR(e, i);
			tell();
			deliver();
			done()
		}
	}
#endif
#if FORGES
	/* He knows all ids, vernos and challenges, but has no key. */
	:: atomic {
		forges > 0 ->
		if
		:: k = M
		:: k = P
		fi;
		if
		:: fate = RSYN
		:: fate = RSYNACK
		:: fate = ACK
		fi;
		d_step {
			forges--; rounds = 0;
			printf("forgery\n");
			e = k;
			type = fate;
			from = VICTIM;
			to = FIRST(e);
			to = (HAS(e, cl[e]) -> cl[e] : to);
			src = (type == ACK -> lp[e] : FORGED_ID);
			dst = (type == RSYN -> ai[e] : ci[e]);
			ver = rcv[e];
			chal = VICTIM;
			resp = VICTIM;
			ack = (snd[e] - 1) & 3;
			mac = 0;
			tell();
			deliver();
			done()
		}
	}
#endif
	/* The only ends: data flows both ways, or an end stays without address. */
	:: QUIET && (SETTLED || (away == 0 && !(have[M] && have[P]))) -> break
	od
}
#endif
