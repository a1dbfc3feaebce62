// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection between CLI and SRV that moves, seen by ATT.
 *
 * While it lasts another process sends through it, in both directions at once, and
 * verifies each byte: an attack that gets a single one in or out is found.
 *
 * The script makes the switch a hub, so that ATT sees every packet, leads two addresses
 * to it that no host has, and gives each end a second address, and rules by which the
 * packets of a move can be kept from it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "move.h"

#define DEV		"eth0"
#define SOON		2000	/* ms */
#define PATIENCE	20000	/* ms, more than anything here takes */
#define USUAL_TTL	64
#define SAY		1000	/* bytes */
#define TRIES		3	/* an attack may cost a move, but not the next ones */
#define MOST_ANSWERS	3	/* to an address for each packet from there */

#define C_FLAGS		2	/* in CONTROL */
#define C_VERNO		4
#define C_NONCE		12

/* Does a counter grow soon? */
bool count_grows(enum sv_host h, const char *name, __u64 before)
{
	__u64 since = now_ms();

	while (counter(h, name) == before) {
		if (now_ms() - since > SOON)
			return false;
		nap_ms(2);
	}
	return true;
}

static const __u8 kind_flags[KINDS] = {
	SAL_RSYN, SAL_RSYN | SAL_ACK, SAL_ACK, SAL_SYN | SAL_RSYN,
	SAL_SYN | SAL_RSYN | SAL_ACK, SAL_ACK, SAL_RSYN | SAL_FIN, SAL_ACK,
};

/* On the link; the script has neighbour entries for them */
struct in_addr outsider_addr(enum outsider who)
{
	return (struct in_addr) {
		env.addr[SRV].s_addr ^ htonl(who == EVIL ? 0x70 : 0x71),
	};
}

static struct in_addr second_addr(enum sv_host h)
{
	return (struct in_addr) { htonl(ntohl(env.addr[h].s_addr) + 10) };
}

/* The one of its two addresses at which an end is not */
struct in_addr other_addr(const struct target *t, enum sv_host h)
{
	return t->at[h].s_addr == env.addr[h].s_addr ? second_addr(h) :
						       env.addr[h];
}

static bool is_addr_of(enum sv_host h, struct in_addr addr)
{
	return addr.s_addr == env.addr[h].s_addr ||
	       addr.s_addr == second_addr(h).s_addr;
}

/* The kernel that watches itself */
bool is_slow(void)
{
	const char *kernel = getenv("SERVAL_KERNEL");

	return kernel && !strcmp(kernel, "debug");
}

/* Between two looks at what has to come true */
void wait_more(__u64 since, const char *what)
{
	if (now_ms() - since > PATIENCE * (is_slow() ? 3 : 1))
		die("waited for nothing: %s", what);
	nap_ms(2);
}

/**
 * struct pump - what the process that sends and verifies tells
 * @sent: bytes that each end has sent
 * @got:  bytes that each end has received, all of them right
 * @stop: it is to end
 */
struct pump {
	__u64 sent[2], got[2];
	bool stop;
};

#define look(field)		__atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define tell(field, value)	__atomic_store_n(&(field), value, __ATOMIC_RELEASE)

/* Return: false at the end of the stream */
static bool pump_take(struct pump *pm, int fd, enum sv_host h, __u64 seed)
{
	static __u8 buf[32768], ref[sizeof(buf)];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return true;
	stream_at(ref, must(n), pm->got[h], seed);
	if (memcmp(buf, ref, n))
		die("wrong bytes at %llu", (unsigned long long)pm->got[h]);
	tell(pm->got[h], pm->got[h] + n);
	return n;
}

static void pump_give(struct pump *pm, int fd, enum sv_host h, __u64 seed)
{
	__u8 buf[SAY];
	ssize_t n;

	stream_at(buf, sizeof(buf), pm->sent[h], seed);
	n = send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN)
		return;
	tell(pm->sent[h], pm->sent[h] + must(n));
}

static void pump_run(struct pump *pm, const int fd[2])
{
	const __u64 seed[2] = { rnd_seed(), rnd_seed() };
	struct pollfd in[2] = {
		{ .fd = fd[CLI], .events = POLLIN },
		{ .fd = fd[SRV], .events = POLLIN },
	};
	const int tick = is_slow() ? 50 : 10;	/* or there is time for nothing else */
	__u64 next = 0;
	bool shut = false;
	int h;

	while (in[CLI].fd >= 0 || in[SRV].fd >= 0) {
		must(poll(in, 2, tick));
		for (h = CLI; h <= SRV; h++)
			if (in[h].fd >= 0 &&
			    !pump_take(pm, fd[h], h, seed[!h]))
				in[h].fd = -1;
		for (h = CLI; h <= SRV && look(pm->stop) && !shut; h++)
			must(shutdown(fd[h], SHUT_WR));
		shut = look(pm->stop);
		if (shut || now_ms() < next)
			continue;
		for (h = CLI; h <= SRV; h++)
			pump_give(pm, fd[h], h, seed[h]);
		next = now_ms() + tick;
	}
	expect(pm->got[CLI] == pm->sent[SRV]);
	expect(pm->got[SRV] == pm->sent[CLI]);
}

static void pump_start(struct target *t)
{
	t->pump = mmap(NULL, sizeof(*t->pump), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	expect(t->pump != MAP_FAILED);
	t->pumper = must(fork());
	if (t->pumper)
		return;
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	pump_run(t->pump, (int[2]) { t->pair.c, t->pair.s });
	_exit(0);
}

/* What is said from now on arrives, in both directions */
void target_flows(struct target *t)
{
	const __u64 to_cli = look(t->pump->sent[SRV]) + SAY;
	const __u64 to_srv = look(t->pump->sent[CLI]) + SAY;
	__u64 since = now_ms();
	int status;

	while (look(t->pump->got[CLI]) < to_cli ||
	       look(t->pump->got[SRV]) < to_srv) {
		if (waitpid(t->pumper, &status, WNOHANG))
			die("the connection has ended");
		wait_more(since, "data");
	}
}

/* The status of the process that verifies, which has to end by itself */
int target_broken(struct target *t)
{
	int status;

	must(waitpid(t->pumper, &status, 0));
	return status;
}

static void tape(struct taped *tp, const struct sal_seen *s)
{
	size_t plen = s->plen < sizeof(s->pay) ? s->plen : sizeof(s->pay);

	if (plen > sizeof(tp->p.b) - s->hlen)
		plen = sizeof(tp->p.b) - s->hlen;
	memcpy(tp->p.b, s->hdr, s->hlen);
	memcpy(tp->p.b + s->hlen, s->pay, plen);
	tp->p.hlen = s->hlen;
	tp->p.len = s->hlen + plen;
	tp->from = s->saddr;
	tp->to = s->daddr;
}

/* Who asks for this service, and what is said then */
static void learn_shake(struct target *t, const struct sal_seen *s,
			const __u8 *control)
{
	const __u8 *service = sal_ext(s, 2);
	__u32 verno = be32_at(control + C_VERNO);

	if (control[C_FLAGS] == (SAL_SYN | SAL_ACK) && s->dst == t->id[CLI]) {
		t->id[SRV] = s->src;
		t->verno[SRV] = verno + 1;
		tape(&t->shake[SHAKE_SYNACK], s);
	}
	if (!service || memcmp(service + 4, t->pair.svc.id, SERVICE_ID_LEN))
		return;
	if (control[C_FLAGS] == SAL_SYN) {
		t->id[CLI] = s->src;
		t->verno[CLI] = verno + 1;
		memcpy(&t->nonce, control + C_NONCE, sizeof(t->nonce));
		tape(&t->shake[SHAKE_SYN], s);
	} else if (control[C_FLAGS] == SAL_ACK) {
		tape(&t->shake[SHAKE_CONFIRM], s);
	}
}

/* Three kinds have the same flags */
static bool is_kind(const struct sal_seen *s, __u8 flags, enum move_kind k)
{
	const __u8 *path = sal_ext(s, 7);

	if (flags != kind_flags[k])
		return false;
	if (k == LISTED)
		return sal_ext(s, 3);
	if (k == MOVE_ACK)
		return path && path[2] == SAL_RESPONSE;
	return k == PART || (path && path[2] == SAL_CHALLENGE);
}

static void learn_move(struct target *t, const struct sal_seen *s,
		       const __u8 *control)
{
	__u32 verno = be32_at(control + C_VERNO);
	enum sv_host h;
	int k;

	if (memcmp(control + C_NONCE, &t->nonce, sizeof(t->nonce)))
		return;
	for (k = 0; k < KINDS; k++) {
		if (!is_kind(s, control[C_FLAGS], k))
			continue;
		tape(&t->tape[k], s);
		t->seen[k]++;
	}
	h = is_addr_of(CLI, s->saddr) ? CLI : SRV;
	if (control[C_FLAGS] == kind_flags[RSYN])
		t->verno[h] = verno + 1;
	if (control[C_FLAGS] == kind_flags[JOIN] ||
	    control[C_FLAGS] == kind_flags[PART])
		t->joino[h] = verno + 1;
}

static bool has_data(const struct sal_seen *s)
{
	return s->hlen == 12 && s->proto == IPPROTO_TCP && s->plen >= 20 &&
	       s->plen > (s->pay[12] >> 4) * 4u;
}

static void learn(struct target *t, const struct sal_seen *s)
{
	const __u8 *control = sal_ext(s, 1);
	int h;

	if (control && s->proto == IPPROTO_TCP)
		learn_shake(t, s, control);
	else if (control && s->proto == SAL_NONE)
		learn_move(t, s, control);
	for (h = CLI; h <= SRV && !control; h++)
		if (s->src == t->id[h] && s->dst == t->id[!h] && has_data(s))
			t->data[h] = *s;
}

/* Nobody can make an end send data, or anything long, to a third party.  Where the
 * attacker is himself, he may ask for a connection of his own.
 */
static void watch_outsiders(struct target *t, const struct sal_seen *s)
{
	int who;

	for (who = 0; who < OUTSIDERS; who++) {
		if (s->daddr.s_addr != outsider_addr(who).s_addr)
			continue;
		t->got[who]++;
		if (t->open)
			continue;
		expect(s->hlen > 12);
		expect(who == EVIL || (s->proto == SAL_NONE && !s->plen));
		expect(s->iplen <= 20 + 104 + 60);
	}
}

/* The next packet of others; false if there is none now */
bool target_see(struct target *t, struct sal_seen *s)
{
	while (sniff_next(t->sniff, s, 0)) {
		if (s->out)
			continue;
		watch_outsiders(t, s);
		learn(t, s);
		return true;
	}
	return false;
}

void target_catch_up(struct target *t)
{
	struct sal_seen s;

	while (target_see(t, &s))
		;
}

/* In the name of @from */
void target_send(struct target *t, const struct sal_buf *p,
		 struct in_addr from, struct in_addr to)
{
	int who;

	for (who = 0; who < OUTSIDERS; who++)
		t->asked[who] += from.s_addr == outsider_addr(who).s_addr;
	t->sent[is_addr_of(CLI, to) ? CLI : SRV]++;
	sal_put(t->raw, p, from, to);
}

static int fd_of(const struct target *t, enum sv_host h)
{
	return h == CLI ? t->pair.c : t->pair.s;
}

static bool read_place(__u32 id, struct place *pl)
{
	char local[64], peer[64], line[256];
	bool found = false;
	FILE *f = fopen("/proc/net/serval/migrate", "r");

	if (!f)
		die("no list of moves: %s", errname(errno));
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%u %63s %63s %*s %31s", &pl->id, local,
			       peer, pl->state) == 4 && pl->id == id;
	fclose(f);
	return found && inet_pton(AF_INET, local, &pl->local) == 1 &&
	       inet_pton(AF_INET, peer, &pl->peer) == 1;
}

/* Its id may change between both questions */
struct place target_place(struct target *t, enum sv_host h)
{
	__u64 since = now_ms();
	struct place pl;

	host_enter(h);
	while (!read_place(flow_opt(fd_of(t, h), SERVAL_FLOW_ID), &pl))
		wait_more(since, "a flow in the list");
	return pl;
}

/* The ends may have given it other ids meanwhile, when they had doubts and asked each other */
bool target_stays(struct target *t, enum sv_host h)
{
	struct place pl = target_place(t, h);

	t->id[h] = pl.id;
	if (pl.local.s_addr == t->at[h].s_addr &&
	    pl.peer.s_addr == t->at[!h].s_addr)
		return true;
	note("%s is %u now, at %s", h == CLI ? "the client" : "the server",
	     pl.id, inet_ntoa(pl.local));
	note("with its peer at %s, %s", inet_ntoa(pl.peer), pl.state);
	return false;
}

static bool has_keys(void)
{
	char c = 0;
	FILE *f;

	host_enter(CLI);
	f = fopen("/proc/sys/net/serval/security", "r");
	expect(f && fread(&c, 1, 1, f) == 1);
	fclose(f);
	return c != '0';
}

/* The rules of the script drop packets of a kind that have the time to live of that kind.
 * So what an end sends is kept from the other, and what the attacker sends is not.
 */
static void set_ttl(enum sv_host h, int ttl)
{
	FILE *f;

	host_enter(h);
	f = fopen("/proc/sys/net/ipv4/ip_default_ttl", "w");
	expect(f && fprintf(f, "%d\n", ttl) > 0 && !fclose(f));
}

void target_open(struct target *t)
{
	__u64 since = now_ms();

	memset(t, 0, sizeof(*t));
	set_ttl(CLI, USUAL_TTL);	/* a case that failed may have left it */
	set_ttl(SRV, USUAL_TTL);
	t->keyed = has_keys();
	t->sniff = sniff_open(ATT, DEV);
	t->raw = sal_open(ATT);
	pair_open(&t->pair);
	exchange(t->pair.c, t->pair.s, 100);
	pump_start(t);
	t->at[CLI] = env.addr[CLI];
	t->at[SRV] = env.addr[SRV];
	t->joino[CLI] = 1;
	t->joino[SRV] = 1;
	while (!t->shake[SHAKE_CONFIRM].p.len || !t->data[CLI].plen ||
	       !t->data[SRV].plen) {
		target_catch_up(t);
		wait_more(since, "what the ends say");
	}
	expect(target_stays(t, CLI));
	expect(target_stays(t, SRV));
	target_flows(t);
}

static void target_close(struct target *t)
{
	pair_close(&t->pair);
	close(t->sniff);
	close(t->raw);
	munmap(t->pump, sizeof(*t->pump));
}

/* Who was made to look as if he had asked has got little since this was last asked */
void target_spares(struct target *t)
{
	int who;

	target_catch_up(t);
	for (who = 0; who < OUTSIDERS; who++) {
		if (t->got[who])
			note("%u packets from elsewhere, %u answers there",
			     t->asked[who], t->got[who]);
		expect(t->open || t->got[who] <= MOST_ANSWERS * t->asked[who]);
		t->got[who] = 0;
		t->asked[who] = 0;
	}
}

/* Everything has arrived */
void target_settle(struct target *t)
{
	target_flows(t);
	tell(t->pump->stop, true);
	child_ok(t->pumper);
	target_spares(t);
	note("%llu bytes, %llu back", (unsigned long long)t->pump->got[SRV],
	     (unsigned long long)t->pump->got[CLI]);
	target_close(t);
}

/* After all of it both ends still move, and everything has arrived */
void target_end(struct target *t)
{
	move_now(t, CLI);
	move_now(t, SRV);
	target_settle(t);
}

/* An attack that was to succeed has */
void target_abort(struct target *t)
{
	struct linger reset = { .l_onoff = 1 };
	int h;

	kill(t->pumper, SIGKILL);
	waitpid(t->pumper, NULL, 0);
	for (h = CLI; h <= SRV; h++)
		must(setsockopt(fd_of(t, h), SOL_SOCKET, SO_LINGER, &reset,
				sizeof(reset)));
	target_close(t);
}

/* All that a host says of packets that it has dropped */
static __u64 dropped(enum sv_host h)
{
	static const char * const why[] = {
		"InHdrErrors", "InCsumErrors", "InProtoErrors", "InIdErrors",
		"InExtErrors", "InExtCount", "InExtUnknown",
		"InTransportErrors", "InUnexpected", "InNoFlow",
		"InBadPeerId", "InBadLocator", "InBadNonce", "InBadAck",
		"InSynAckLate", "InBadVerno", "InBadPath", "InBadAuth",
		"InUnproven", "KeyDeferFull", "SynNoService",
	};

	return counters(h, why, ARRAY_SIZE(why));
}

static __u64 done(void)
{
	return counter(CLI, "Moved") + counter(SRV, "Moved") +
	       counter(CLI, "OutRsynAck") + counter(SRV, "OutRsynAck");
}

void round_begin(struct target *t)
{
	int h;

	target_catch_up(t);
	for (h = CLI; h <= SRV; h++) {
		t->sent[h] = 0;
		t->dropped[h] = dropped(h);
	}
	t->did = done();
}

/* Each packet of this round; some wait for a secret before they are looked at */
void round_dropped(struct target *t)
{
	int h;

	for (h = CLI; h <= SRV; h++) {
		__u64 since = now_ms();

		while (dropped(h) < t->dropped[h] + t->sent[h])
			wait_more(since, "packets dropped");
	}
}

static bool is_back(struct target *t, enum sv_host h)
{
	return !strcmp(target_place(t, h).state, "ESTABLISHED");
}

/* The ends are where they were, and nobody was answered who wants to move */
void round_unmoved(struct target *t)
{
	expect(target_stays(t, CLI));
	expect(target_stays(t, SRV));
	expect(done() == t->did);
}

/* Packets with the right ids made the ends ask each other whether they are there: they
 * are, with other ids
 */
void round_asked(struct target *t)
{
	__u64 since = now_ms();

	while (!is_back(t, CLI) || !is_back(t, SRV))
		wait_more(since, "both ends to be sure of each other");
	t->id[CLI] = flow_opt(t->pair.c, SERVAL_FLOW_ID);
	t->id[SRV] = flow_opt(t->pair.s, SERVAL_FLOW_ID);
	expect(target_stays(t, CLI));
	expect(target_stays(t, SRV));
}

/* A process that asks an end for something, and waits until it is done.  Its status is the
 * errno of why it was not.
 */
void mover_start(struct target *t, enum sv_host h, struct in_addr to,
		 int (*run)(__u32 id, struct in_addr to))
{
	__u32 id = flow_opt(fd_of(t, h), SERVAL_FLOW_ID);

	target_catch_up(t);
	t->to = to;
	t->mover = must(fork());
	if (t->mover)
		return;
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	host_enter(h);
	_exit(run(id, to));
}

int mover_end(struct target *t)
{
	int status;

	must(waitpid(t->mover, &status, 0));
	t->mover = 0;
	expect(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int ask_move(__u32 id, struct in_addr to)
{
	char line[64];
	int fd, n;

	fd = must(open("/proc/net/serval/migrate", O_WRONLY));
	n = snprintf(line, sizeof(line), "%u %s\n", id, inet_ntoa(to));
	return write(fd, line, n) == n ? 0 : errno;
}

void move_begin(struct target *t, enum sv_host h)
{
	mover_start(t, h, other_addr(t, h), ask_move);
}

/* Return: 0 if it has moved and the other end knows, or why it has not */
int move_end(struct target *t, enum sv_host h)
{
	int status = mover_end(t);
	__u64 since = now_ms();

	if (!status) {
		t->at[h] = t->to;
		while (target_place(t, !h).peer.s_addr != t->to.s_addr)
			wait_more(since, "the peer to follow");
	}
	while (!is_back(t, CLI) || !is_back(t, SRV))
		wait_more(since, "both ends to be done");
	t->id[CLI] = flow_opt(t->pair.c, SERVAL_FLOW_ID);
	t->id[SRV] = flow_opt(t->pair.s, SERVAL_FLOW_ID);
	expect(target_stays(t, CLI));
	expect(target_stays(t, SRV));
	target_flows(t);
	target_catch_up(t);
	return status;
}

void move_now(struct target *t, enum sv_host h)
{
	int i, err = -1;

	for (i = 0; i < TRIES && err; i++) {
		move_begin(t, h);
		err = move_end(t, h);
		if (err)
			note("a real move failed: %s", errname(err));
	}
	expect(!err);
}

static void mute(enum move_kind k)
{
	set_ttl(!move_to(k), USUAL_TTL + 1 + k);
}

void move_unmute(enum move_kind k)
{
	set_ttl(!move_to(k), USUAL_TTL);
}

/* The client asks for something, but the attacker has seen one of the packets and the one
 * it was for has not
 */
void hold(struct target *t, enum move_kind k,
	  void (*begin)(struct target *t, enum sv_host h))
{
	__u64 since = now_ms();
	unsigned int seen;

	target_catch_up(t);
	seen = t->seen[k];
	mute(k);
	begin(t, CLI);
	while (t->seen[k] == seen) {
		wait_more(since, "a packet of the move");
		target_catch_up(t);
	}
}

void move_hold(struct target *t, enum move_kind k)
{
	hold(t, k, move_begin);
}

/* It comes late.  The last one first by the attacker: the end that waits for it gives
 * up earlier than the other
 */
int move_release(struct target *t, enum move_kind k)
{
	if (k == MOVE_ACK)
		target_send(t, &t->tape[k].p, t->tape[k].from, t->tape[k].to);
	move_unmute(k);
	return move_end(t, CLI);
}
