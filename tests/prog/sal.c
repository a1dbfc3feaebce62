// SPDX-License-Identifier: GPL-2.0-only
/* SAL packets made and read by hand. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "sal.h"

#define MAX_IP	65536

__u16 sal_sum(const void *buf, size_t len, __u32 start)
{
	const __u8 *p = buf;
	__u32 sum = start;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

__u32 be32_at(const __u8 *p)
{
	__u32 v;

	memcpy(&v, p, sizeof(v));
	return ntohl(v);
}

static void put_be32(__u8 *p, __u32 v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof(v));
}

static void put_be16(__u8 *p, __u16 v)
{
	v = htons(v);
	memcpy(p, &v, sizeof(v));
}

void sal_start(struct sal_buf *p, __u32 src, __u32 dst, __u8 proto)
{
	memset(p, 0, sizeof(*p));
	put_be32(p->b, src);
	put_be32(p->b + 4, dst);
	p->b[9] = proto;
	p->hlen = 12;
	p->len = 12;
}

void sal_add(struct sal_buf *p, const void *ext, size_t len)
{
	memcpy(p->b + p->hlen, ext, len);
	p->hlen += len;
	p->len = p->hlen;
}

void sal_add_control(struct sal_buf *p, const struct sal_control *c)
{
	__u8 ext[20] = { 1 << 4, sizeof(ext), c->flags, c->reason };

	put_be32(ext + 4, c->verno);
	put_be32(ext + 8, c->ackno);
	memcpy(ext + 12, &c->nonce, sizeof(c->nonce));
	sal_add(p, ext, sizeof(ext));
}

void sal_add_service(struct sal_buf *p, const void *id)
{
	__u8 ext[36] = { 2 << 4, sizeof(ext) };

	memcpy(ext + 4, id, SERVICE_ID_LEN);
	sal_add(p, ext, sizeof(ext));
}

static bool all_ipv4(const struct in6_addr *way, size_t n)
{
	while (n--)
		if (!IN6_IS_ADDR_V4MAPPED(&way[n]))
			return false;
	return true;
}

void sal_add_address(struct sal_buf *p, const struct in6_addr *addr)
{
	size_t size = all_ipv4(addr, 1) ? 4 : 16;
	__u8 ext[28] = { 3 << 4, 12 + size, 0, size == 4 ? 2 : 10 };

	memcpy(ext + 12, addr->s6_addr + 16 - size, size);
	sal_add(p, ext, 12 + size);
}

/* Where the sender can be reached as well: a list of one */
void sal_add_list(struct sal_buf *p, __u32 verno, struct in_addr addr)
{
	__u8 ext[16] = { 3 << 4, 16, 0, 2 };

	verno = htonl(verno);
	memcpy(ext + 4, &verno, sizeof(verno));
	memcpy(ext + 12, &addr, sizeof(addr));
	sal_add(p, ext, sizeof(ext));
}

/* IPv4 as ::ffff:a.b.c.d; 4 bytes each if all are of IPv4 */
void sal_add_source(struct sal_buf *p, const struct in6_addr *way, size_t n)
{
	size_t size = all_ipv4(way, n) ? 4 : 16, i;
	__u8 ext[256] = { 4 << 4, 4 + n * size, 0, size == 4 ? 2 : 10 };

	expect(4 + n * size < sizeof(ext));
	for (i = 0; i < n; i++)
		memcpy(ext + 4 + i * size, way[i].s6_addr + 16 - size, size);
	sal_add(p, ext, 4 + n * size);
}

void sal_add_path(struct sal_buf *p, __u8 kind, __u64 data)
{
	__u8 ext[12] = { 7 << 4, sizeof(ext), kind };

	memcpy(ext + 4, &data, sizeof(data));
	sal_add(p, ext, sizeof(ext));
}

void sal_add_auth(struct sal_buf *p, const void *mac)
{
	__u8 ext[4 + SAL_MAC] = { 6 << 4, sizeof(ext) };

	memcpy(ext + 4, mac, SAL_MAC);
	sal_add(p, ext, sizeof(ext));
}

/* Length and checksum; what is added afterwards is payload */
void sal_seal(struct sal_buf *p)
{
	p->b[8] = p->hlen / 4;
	put_be16(p->b + 10, 0);
	put_be16(p->b + 10, sal_sum(p->b, p->hlen, 0));
}

void sal_data(struct sal_buf *p, const void *data, size_t len)
{
	memcpy(p->b + p->len, data, len);
	p->len += len;
}

/* Of the segment behind the header; a cut one stays as it is.  The pseudo
 * header is length and protocol: the addresses count as zero.
 */
void sal_sum_tcp(struct sal_buf *p)
{
	__u8 *h = p->b + p->hlen;
	size_t len = p->len - p->hlen;

	if (len < 20)
		return;
	put_be16(h + 16, 0);
	put_be16(h + 16, sal_sum(h, len, len + IPPROTO_TCP));
}

void sal_tcp(struct sal_buf *p, const struct tcp_seg *t)
{
	__u8 *h = p->b + p->len;
	size_t hl = 20;

	put_be16(h, t->sport);
	put_be16(h + 2, t->dport);
	put_be32(h + 4, t->seq);
	put_be32(h + 8, t->ack);
	h[13] = t->flags;
	put_be16(h + 14, 65535);
	if (t->flags & TH_SYN) {	/* MSS 1400 */
		memcpy(h + hl, (__u8[4]) { 2, 4, 5, 0x78 }, 4);
		hl += 4;
	}
	h[12] = hl / 4 << 4;
	if (t->len)
		memcpy(h + hl, t->data, t->len);
	p->len += hl + t->len;
	sal_sum_tcp(p);
}

/* Give the segment of sal_tcp(), which has no data, other options */
void sal_options(struct sal_buf *p, const void *opts, size_t len)
{
	__u8 *h = p->b + p->hlen;

	expect(len % 4 == 0 && len <= 40);
	memcpy(h + 20, opts, len);
	h[12] = (20 + len) / 4 << 4;
	p->len = p->hlen + 20 + len;
	sal_sum_tcp(p);
}

/* Another @id is another connection */
void sal_syn(struct sal_buf *p, const void *service, __u32 id)
{
	struct sal_control c = {
		.flags = SAL_SYN, .verno = id * 7, .nonce = id,
	};
	struct tcp_seg t = {
		.sport = 1024 + id % 60000, .dport = TCP_PORT,
		.seq = id, .flags = TH_SYN,
	};

	sal_start(p, id, 0, IPPROTO_TCP);
	sal_add_control(p, &c);
	sal_add_service(p, service);
	sal_seal(p);
	sal_tcp(p, &t);
}

int sal_open(enum sv_host h)
{
	int one = 1, fd;

	host_enter(h);
	fd = must(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
	must(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)));
	return fd;
}

/* From any address: the host's own counts for nothing */
void sal_put_outer(int fd, const struct sal_buf *p,
		   const struct sal_outer *outer)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr = outer->to,
	};
	struct iphdr ip = {
		.version = 4, .ihl = 5, .protocol = IPPROTO_SERVAL,
		.ttl = outer->ttl ? outer->ttl : SAL_FORGED_TTL,
		.tos = outer->tos, .frag_off = htons(IP_DF),
		.saddr = outer->from.s_addr, .daddr = outer->to.s_addr,
	};
	struct iovec iov[] = {
		{ &ip, sizeof(ip) }, { (void *)p->b, p->len },
	};
	struct msghdr msg = {
		.msg_name = &sin, .msg_namelen = sizeof(sin),
		.msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov),
	};

	expect((size_t)must(sendmsg(fd, &msg, 0)) == sizeof(ip) + p->len);
}

void sal_put(int fd, const struct sal_buf *p, struct in_addr from,
	     struct in_addr to)
{
	sal_put_outer(fd, p, &(struct sal_outer) { .from = from, .to = to });
}

void sal_send(enum sv_host h, const struct sal_buf *p, struct in_addr from,
	      struct in_addr to)
{
	int fd = sal_open(h);

	sal_put(fd, p, from, to);
	close(fd);
}

/* Inside UDP, from any address and some port */
void sal_send_udp(enum sv_host h, const struct sal_buf *p,
		  struct in_addr from, const struct sockaddr_in *to)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = from };
	int one = 1, fd;

	host_enter(h);
	fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(setsockopt(fd, SOL_IP, IP_TRANSPARENT, &one, sizeof(one)));
	must(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	expect((size_t)must(sendto(fd, p->b, p->len, 0, (struct sockaddr *)to,
				   sizeof(*to))) == p->len);
	close(fd);
}

int sniff_open(enum sv_host h, const char *dev)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	int size = 32 << 20, fd;

	host_enter(h);
	ll.sll_ifindex = if_nametoindex(dev);
	if (!ll.sll_ifindex)
		die("no device %s", dev);
	fd = must(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)));
	must(bind(fd, (struct sockaddr *)&ll, sizeof(ll)));
	return fd;
}

/* Return: length of what stands before the SAL header, 0 if there is none */
static size_t parse_outer(struct sal_seen *s, const __u8 *pkt, size_t n)
{
	const struct iphdr *ip = (const struct iphdr *)pkt;
	size_t len = ip->ihl * 4;
	struct udphdr uh;

	if (ip->version != 4)
		return 0;
	if (ip->protocol == IPPROTO_SERVAL)
		return len;
	if (ip->protocol != IPPROTO_UDP || n < len + sizeof(uh))
		return 0;
	memcpy(&uh, pkt + len, sizeof(uh));
	if (uh.dest != htons(UDP_PORT))
		return 0;
	s->udp = ntohs(uh.source);
	return len + sizeof(uh);
}

static bool parse_seen(struct sal_seen *s, const __u8 *pkt, size_t n)
{
	const struct iphdr *ip = (const struct iphdr *)pkt;
	size_t outer = parse_outer(s, pkt, n);
	const __u8 *sal = pkt + outer;

	if (!outer)
		return false;
	s->iplen = ntohs(ip->tot_len);
	s->frag = ntohs(ip->frag_off);
	s->ttl = ip->ttl;
	s->tos = ip->tos;
	s->saddr.s_addr = ip->saddr;
	s->daddr.s_addr = ip->daddr;
	n -= outer;
	if (n < 12 || sal[8] * 4u < 12 || sal[8] * 4u > n) {
		expect(s->ttl == SAL_FORGED_TTL);
		return false;
	}
	s->src = be32_at(sal);
	s->dst = be32_at(sal + 4);
	s->proto = sal[9];
	s->hlen = sal[8] * 4;
	memcpy(s->hdr, sal, s->hlen);
	s->plen = n - s->hlen;
	memcpy(s->pay, sal + s->hlen, s->plen < sizeof(s->pay) ?
	       s->plen : sizeof(s->pay));
	return true;
}

/* The next packet of protocol 144, or inside UDP to its port; false if none came
 * for @ms
 */
bool sniff_next(int fd, struct sal_seen *s, int ms)
{
	static __u8 pkt[MAX_IP];
	struct sockaddr_ll ll;
	socklen_t len;
	ssize_t n;

	memset(s, 0, sizeof(*s));
	while (poll_for(fd, POLLIN, ms)) {
		len = sizeof(ll);
		n = must(recvfrom(fd, pkt, sizeof(pkt), 0,
				  (struct sockaddr *)&ll, &len));
		if (ntohs(ll.sll_protocol) != ETH_P_IP || n < 20)
			continue;
		s->out = ll.sll_pkttype == PACKET_OUTGOING;
		if (parse_seen(s, pkt, n))
			return true;
	}
	return false;
}

void sniff_expect(int fd, struct sal_seen *s, bool out)
{
	if (!sniff_next(fd, s, 10000))
		die("no packet was captured");
	if (s->out != out)
		die("a packet in the wrong direction, %u bytes SAL", s->hlen);
}

/* The first extension of a type, NULL if there is none */
const __u8 *sal_ext(const struct sal_seen *s, unsigned int type)
{
	unsigned int i = 12;

	while (i < s->hlen) {
		unsigned int len = s->hdr[i] >> 4 ? s->hdr[i + 1] : 1;

		expect(len && i + len <= s->hlen);
		if (s->hdr[i] >> 4 == type)
			return s->hdr + i;
		i += len;
	}
	return NULL;
}
