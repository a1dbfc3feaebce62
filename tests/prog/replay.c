// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing of the live receive path with real packets.
 *
 *   sv replay SEED COUNT
 *
 * Takes packets off the link and sends copies of them, changed, to either end,
 * from the address of the other, while connections go on.  These are of two
 * kinds:
 *
 *	victims	  this program's own: everything in their packets may change,
 *		  and checksums are made right again, so that TCP has to deal
 *		  with it; they may break
 *	others	  whoever else's: must not notice.  Of these the handshake comes
 *		  again only as it was or with a wrong sum, and no segment is
 *		  changed but by one bit or by its end: who sees the packets of
 *		  a TCP connection can forge better ones
 *
 * At the end it says how many were sent to whom.
 */
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define DEV		"eth0"
#define ROOM		1480	/* behind the IP header */
#define SLOTS		32
#define VICTIMS		8
#define IDS		4096
#define STEP		32	/* packets between two looks at the traffic */

enum kind { SYN, SYNACK, CONFIRM, DATA, FIN, NACK, RST, NKINDS };

static const char * const kind_names[] = {
	"SYN", "SYN-ACK", "confirm", "data", "FIN", "NACK", "RST",
};

/**
 * struct heard - a captured packet
 * @p:    without its IP header, which says no more than @to
 * @kind: what it is
 * @to:   where it went
 */
struct heard {
	struct sal_buf p;
	enum kind kind;
	enum sv_host to;
};

/**
 * struct pool - the last packets of each kind, of victims or of others
 * @slot: ring
 * @n:    how many there ever were
 */
struct pool {
	struct heard slot[NKINDS][SLOTS];
	unsigned long n[NKINDS];
};

/**
 * struct victims - connections that may break, and what is known of them
 * @svc:   their service
 * @lfd:   its listener
 * @c:     clients, -1 = none
 * @s:     what was accepted, -1 = none
 * @ids:   their flow ids, the last ones
 * @nids:  how many there ever were
 */
struct victims {
	struct sv_svc svc;
	int lfd;
	int c[VICTIMS], s[VICTIMS];
	__u32 ids[IDS];
	unsigned long nids;
};

static struct pool pools[2];
static struct victims victims;
static __u64 seed;

static __u32 below(__u32 n)
{
	return rnd(&seed) % n;
}

static bool is_victim(__u32 id)
{
	unsigned long i;

	for (i = 0; i < IDS && i < victims.nids; i++)
		if (victims.ids[i] == id)
			return true;
	return false;
}

static void add_victim(__u32 id)
{
	if (!is_victim(id))
		victims.ids[victims.nids++ % IDS] = id;
}

static enum kind kind_of(const struct sal_seen *s)
{
	const __u8 *control = sal_ext(s, 1);

	if (!control)
		return s->plen > 13 && s->pay[13] & TH_FIN ? FIN : DATA;
	switch (control[2]) {
	case SAL_SYN:
		return SYN;
	case SAL_SYN | SAL_ACK:
		return SYNACK;
	case SAL_NACK:
		return NACK;
	case SAL_RST:
		return RST;
	}
	return CONFIRM;
}

/* Learns from the handshake whose the flow is */
static bool of_victim(const struct sal_seen *s, enum kind kind)
{
	const __u8 *service = sal_ext(s, 2);

	if (kind == SYN && service &&
	    !memcmp(service + 4, victims.svc.id, SERVICE_ID_LEN))
		add_victim(s->src);
	if (kind == SYNACK && is_victim(s->dst))
		add_victim(s->src);
	return is_victim(s->src) || is_victim(s->dst);
}

/* A refusal or reset of others would end them if it came again in time */
static void keep(const struct sal_seen *s)
{
	enum kind kind = kind_of(s);
	bool victim = of_victim(s, kind);
	struct pool *pool = &pools[victim];
	struct heard *h;
	size_t plen = s->plen;

	if (!victim && (kind == NACK || kind == RST))
		return;
	if (plen > ROOM - s->hlen)
		plen = ROOM - s->hlen;
	h = &pool->slot[kind][pool->n[kind]++ % SLOTS];
	h->kind = kind;
	h->to = s->out ? SRV : CLI;
	memcpy(h->p.b, s->hdr, s->hlen);
	memcpy(h->p.b + s->hlen, s->pay, plen);
	h->p.hlen = s->hlen;
	h->p.len = s->hlen + plen;
	if (s->proto == IPPROTO_TCP)
		sal_sum_tcp(&h->p);	/* a superpacket was cut, or had none */
}

static void listen_in(int sniff)
{
	struct sal_seen s;

	while (sniff_next(sniff, &s, 0))
		if (s.ttl != SAL_FORGED_TTL)
			keep(&s);
}

static void drop_fd(int *fd)
{
	struct linger reset = { .l_onoff = 1 };

	if (*fd < 0)
		return;
	if (below(2))
		must(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &reset,
				sizeof(reset)));
	close(*fd);
	*fd = -1;
}

/* Some bytes if they fit, and what came; whatever became of the connection */
static void chat(int fd)
{
	static char buf[4096];

	if (fd < 0)
		return;
	send(fd, buf, 1 + below(sizeof(buf)), MSG_DONTWAIT | MSG_NOSIGNAL);
	recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (!below(16))
		shutdown(fd, SHUT_WR);
}

static void connect_victim(int *c)
{
	struct sv_svc nobody;

	*c = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	svc_new(&nobody);
	/* fails at once if a forged refusal was faster */
	svc_connect(*c, below(8) ? &victims.svc : &nobody);
}

static void stir(void)
{
	int i = below(VICTIMS), fd;

	if (victims.c[i] < 0)
		connect_victim(&victims.c[i]);
	else if (!below(8))
		drop_fd(&victims.c[i]);
	chat(victims.c[i]);
	chat(victims.s[below(VICTIMS)]);
	while ((fd = accept4(victims.lfd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		i = below(VICTIMS);
		drop_fd(&victims.s[i]);
		victims.s[i] = fd;
	}
}

static const struct heard *pick(const struct pool *pool)
{
	enum kind kind = below(NKINDS), i;
	unsigned long n;

	for (i = 0; i < NKINDS; i++) {
		n = pool->n[(kind + i) % NKINDS];
		if (n)
			return &pool->slot[(kind + i) % NKINDS]
					  [below(n < SLOTS ? n : SLOTS)];
	}
	return NULL;
}

static void flip(__u8 *p, size_t len)
{
	if (len)
		p[below(len)] ^= 1 << below(8);
}

static void swap_words(__u8 *p, size_t len)
{
	__u8 *a = p + below(len / 4) * 4, *b = p + below(len / 4) * 4;
	__u8 word[4];

	memcpy(word, a, 4);
	memcpy(a, b, 4);
	memcpy(b, word, 4);
}

static void set_word(__u8 *p, size_t len)
{
	static const __u32 words[] = { 0, ~0u, 1, 0x80000000, 0x7fffffff };
	__u32 word = below(2) ? words[below(ARRAY_SIZE(words))] : rnd(&seed);

	memcpy(p + below(len / 4) * 4, &word, 4);
}

/* Its extensions behind those of @p, or one of no meaning before them */
static void splice(struct sal_buf *p, const struct heard *from)
{
	__u8 noise[8] = { below(256), 8 }, *at = p->b + p->hlen;
	const __u8 *ext = noise;
	size_t len = 8;

	if (below(2) && from->p.hlen > 12) {
		ext = from->p.b + 12;
		len = from->p.hlen - 12;
	} else {
		at = p->b + 12;
	}
	if (p->len + len > ROOM)
		return;
	memmove(at + len, at, p->b + p->len - at);
	memcpy(at, ext, len);
	p->hlen += len;
	p->len += len;
	p->b[8] = p->hlen / 4;
}

static void mutate_header(struct sal_buf *p, const struct pool *pool)
{
	const struct heard *from = pick(pool);

	switch (below(7)) {
	case 0:
		return set_word(p->b, p->hlen);
	case 1:
		return swap_words(p->b, p->hlen);
	case 2:
		return splice(p, from);
	case 3:		/* the flow of another */
		memcpy(p->b + below(2) * 4, from->p.b + below(2) * 4, 4);
		return;
	case 4:		/* the header ends elsewhere */
		p->b[8] += below(5) - 2;
		return;
	default:
		flip(p->b, p->hlen);
		if (below(2))
			flip(p->b, p->hlen);
	}
}

static void mutate_segment(struct sal_buf *p)
{
	__u8 *th = p->b + p->hlen;
	size_t len = p->len - p->hlen, hl;

	if (len < 20)
		return;
	hl = (th[12] >> 4) * 4;
	switch (below(6)) {
	case 0:
		th[13] = rnd(&seed);
		return;
	case 1:		/* near enough to be of interest */
		th[4 + below(2) * 4 + 3] += below(5) - 2;
		return;
	case 2:
		return set_word(th, 20);
	case 3:
		th[12] = rnd(&seed);
		return;
	case 4:
		return flip(th, len);
	default:
		flip(th, hl < len ? hl : len);
	}
}

static void truncate_it(struct sal_buf *p)
{
	p->len = below(p->len + 1);
	if (p->hlen > p->len)
		p->hlen = p->len;
}

/* Lengths of header and packet may be of any size here */
static void put_sums(struct sal_buf *p)
{
	size_t hlen = p->b[8] * 4;

	if (p->len < 12 || hlen < 12 || hlen > p->len)
		return;
	p->hlen = hlen;
	sal_seal(p);
}

static void mutate_victim(struct sal_buf *p, const struct pool *pool)
{
	bool right = below(4);

	if (below(2))
		mutate_header(p, pool);
	if (below(2))
		mutate_segment(p);
	if (!below(8))
		truncate_it(p);
	if (right) {
		put_sums(p);
		sal_sum_tcp(p);
	}
}

static void mutate_other(struct sal_buf *p, const struct heard *h,
			 const struct pool *pool)
{
	bool handshake = h->kind == SYN || h->kind == SYNACK;

	if (!below(8))
		return;			/* comes twice */
	if (handshake || !below(4)) {
		flip(p->b, p->len);	/* one bit: every sum sees it */
		return;
	}
	if (!below(4))
		truncate_it(p);
	else
		mutate_header(p, pool);
	put_sums(p);
}

/* The next packet to send.  Return: to whom */
static enum sv_host forge(struct sal_buf *p)
{
	const struct pool *pool = &pools[below(4) != 0];
	const struct heard *h = pick(pool);

	if (!h || !below(16)) {
		inject_random(p, &seed);
		return below(2) ? CLI : SRV;
	}
	*p = h->p;
	if (pool == &pools[1])
		mutate_victim(p, pool);
	else
		mutate_other(p, h, pool);
	return below(16) ? h->to : !h->to;
}

static void prepare(void)
{
	int i;

	for (i = 0; i < VICTIMS; i++) {
		victims.c[i] = -1;
		victims.s[i] = -1;
	}
	svc_new(&victims.svc);
	victims.lfd = svc_listen(&victims.svc, 64);
	set_nonblock(victims.lfd);
}

int cmd_replay(int argc, char **argv)
{
	unsigned long count, i, sent[2] = { };
	int fd[2], sniff, kind;
	struct sal_buf p;
	enum sv_host to;

	if (argc != 3)
		return 2;
	seed = arg_num(argv[1]) << 1 | 1;
	count = arg_num(argv[2]);
	sniff = sniff_open(CLI, DEV);
	fd[CLI] = sal_open(SRV);	/* from the other end */
	fd[SRV] = sal_open(CLI);
	prepare();
	for (i = 0; i < count; i++) {
		if (i % STEP == 0) {
			stir();
			listen_in(sniff);
		}
		to = forge(&p);
		sal_put(fd[to], &p, env.addr[!to], env.addr[to]);
		sent[to]++;
	}
	for (kind = 0; kind < NKINDS; kind++)
		printf("%s %lu %lu\n", kind_names[kind], pools[0].n[kind],
		       pools[1].n[kind]);
	printf("sent %lu %lu\n", sent[CLI], sent[SRV]);
	return 0;
}
