/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locators: IPv4 and IPv6 addresses of hosts in one type.
 *
 * A struct in6_addr; an IPv4 address is kept as ::ffff:a.b.c.d, and :: is "no
 * address".  Nothing of that form is accepted as an outer address.
 */
#ifndef _SERVAL_ADDR_H
#define _SERVAL_ADDR_H

#include <linux/in.h>
#include <linux/in6.h>
#include <net/ipv6.h>

static inline struct in6_addr serval_addr_from4(__be32 ip4)
{
	struct in6_addr addr;

	ipv6_addr_set_v4mapped(ip4, &addr);
	return addr;
}

static inline bool serval_addr_is4(const struct in6_addr *addr)
{
	return ipv6_addr_v4mapped(addr);
}

static inline u8 serval_addr_family(const struct in6_addr *addr)
{
	return serval_addr_is4(addr) ? AF_INET : AF_INET6;
}

static inline bool serval_addr_same_family(const struct in6_addr *a,
					   const struct in6_addr *b)
{
	return serval_addr_is4(a) == serval_addr_is4(b);
}

static inline __be32 serval_addr_to4(const struct in6_addr *addr)
{
	return addr->s6_addr32[3];
}

/* An IPv6 address that means something only on one device */
static inline bool serval_addr_needs_device(const struct in6_addr *addr)
{
	return ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL;
}

/* An address that every host may know one host by */
static inline bool serval_addr_is_host(const struct in6_addr *addr)
{
	__be32 ip4 = serval_addr_to4(addr);

	if (serval_addr_is4(addr))
		return !ipv4_is_zeronet(ip4) && !ipv4_is_loopback(ip4) &&
		       !ipv4_is_multicast(ip4) && !ipv4_is_lbcast(ip4);
	return (ipv6_addr_type(addr) &
		(IPV6_ADDR_UNICAST | IPV6_ADDR_LOOPBACK |
		 IPV6_ADDR_LINKLOCAL)) == IPV6_ADDR_UNICAST;
}

/* A socket address without port; "no address" is shown as one of IPv4 */
union serval_sockaddr {
	struct sockaddr sa;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

static inline const struct sockaddr *
serval_addr_sock(union serval_sockaddr *out, const struct in6_addr *addr)
{
	memset(out, 0, sizeof(*out));
	if (serval_addr_is4(addr) || ipv6_addr_any(addr)) {
		out->sin.sin_family = AF_INET;
		out->sin.sin_addr.s_addr = serval_addr_to4(addr);
	} else {
		out->sin6.sin6_family = AF_INET6;
		out->sin6.sin6_addr = *addr;
	}
	return &out->sa;
}

#endif /* _SERVAL_ADDR_H */
