// SPDX-License-Identifier: GPL-2.0-only
/*
 * Service routers whose word counts: the sysctl sal_routers.
 *
 * What SOURCE says of a request is believed if the packet comes from one of
 * these addresses (Documentation/protocol.rst 4.12).  A list never changes:
 * another text makes another one, published with one pointer, and the old one
 * is freed after a grace period.  Who writes last wins, without a lock.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "addr.h"
#include "routers.h"
#include "serval.h"

#define ROUTERS_MAX	64
#define SEPARATORS	" ,\t\n"
#define MAPPED_BITS	96	/* before an IPv4 address, see addr.h */

struct prefix {
	struct in6_addr addr;
	u8 bits;
};

struct serval_routers {
	struct rcu_head rcu;
	unsigned int n;
	struct prefix prefix[];
};

static_assert(ROUTERS_MAX * sizeof("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128") <
	      SERVAL_ROUTERS_TEXT);

static int parse_addr(const char *word, struct prefix *p)
{
	__be32 ip4;

	if (in4_pton(word, -1, (u8 *)&ip4, -1, NULL)) {
		p->addr = serval_addr_from4(ip4);
		return 0;
	}
	if (!in6_pton(word, -1, p->addr.s6_addr, -1, NULL) ||
	    serval_addr_is4(&p->addr))
		return -EINVAL;
	return 0;
}

/* ADDRESS or ADDRESS/BITS, nothing set behind the prefix */
static int parse_prefix(char *word, struct prefix *p)
{
	char *bits = strchr(word, '/');
	struct in6_addr head;
	u8 before, given;

	if (bits)
		*bits++ = '\0';
	if (parse_addr(word, p))
		return -EINVAL;
	before = serval_addr_is4(&p->addr) ? MAPPED_BITS : 0;
	given = 128 - before;
	if (bits && (!isdigit(*bits) || kstrtou8(bits, 10, &given) ||
		     given > 128 - before))
		return -EINVAL;
	p->bits = before + given;
	ipv6_addr_prefix(&head, &p->addr, p->bits);
	return ipv6_addr_equal(&head, &p->addr) ? 0 : -EINVAL;
}

static int parse_list(char *text, struct serval_routers *list)
{
	char *word;

	while ((word = strsep(&text, SEPARATORS))) {
		if (!*word)
			continue;
		if (list->n == ROUTERS_MAX)
			return -E2BIG;
		if (parse_prefix(word, &list->prefix[list->n]))
			return -EINVAL;
		list->n++;
	}
	return 0;
}

static struct serval_routers *list_from_text(const char *text, size_t len)
{
	struct serval_routers *list;
	char *copy;
	int err;

	copy = kmemdup_nul(text, len, GFP_KERNEL_ACCOUNT);
	list = kzalloc(struct_size(list, prefix, ROUTERS_MAX),
		       GFP_KERNEL_ACCOUNT);
	err = copy && list ? 0 : -ENOMEM;
	if (!err)
		err = strlen(copy) == len ? parse_list(copy, list) : -EINVAL;
	kfree(copy);
	if (!err)
		return list;
	kfree(list);
	return ERR_PTR(err);
}

/**
 * serval_routers_set() - replace the list
 * @sn:   namespace
 * @text: addresses and prefixes, separated by blanks or commas
 * @len:  its length
 *
 * Context: process.
 * Return: 0, or with the list unchanged -EINVAL if a word is no prefix, -E2BIG
 * if there are too many, -ENOMEM.
 */
int serval_routers_set(struct serval_net *sn, const char *text, size_t len)
{
	struct serval_routers *list = list_from_text(text, len);

	if (IS_ERR(list))
		return PTR_ERR(list);
	list = unrcu_pointer(xchg(&sn->routers, RCU_INITIALIZER(list)));
	if (list)
		kfree_rcu(list, rcu);
	return 0;
}

static int show_prefix(const struct prefix *p, char *text, size_t size)
{
	__be32 ip4 = serval_addr_to4(&p->addr);

	if (!serval_addr_is4(&p->addr))
		return scnprintf(text, size, p->bits == 128 ? "%pI6c" :
				 "%pI6c/%u", &p->addr, p->bits);
	return scnprintf(text, size, p->bits == 128 ? "%pI4" : "%pI4/%u",
			 &ip4, p->bits - MAPPED_BITS);
}

/**
 * serval_routers_show() - the list as text
 * @sn:   namespace
 * @text: result, as serval_routers_set() takes it
 * @size: of @text, SERVAL_ROUTERS_TEXT is enough
 */
void serval_routers_show(struct serval_net *sn, char *text, size_t size)
{
	const struct serval_routers *list;
	size_t len = 0;
	unsigned int i;

	*text = '\0';
	rcu_read_lock();
	list = rcu_dereference(sn->routers);
	for (i = 0; list && i < list->n; i++) {
		if (i)
			len += scnprintf(text + len, size - len, " ");
		len += show_prefix(&list->prefix[i], text + len, size - len);
	}
	rcu_read_unlock();
}

/**
 * serval_routers_trusted() - is an address a router's whose word counts
 * @sn:   namespace
 * @addr: outer source of a packet
 *
 * Context: rcu_read_lock() held.
 */
bool serval_routers_trusted(const struct serval_net *sn,
			    const struct in6_addr *addr)
{
	const struct serval_routers *list = rcu_dereference(sn->routers);
	unsigned int i;

	for (i = 0; list && i < list->n; i++) {
		const struct prefix *p = &list->prefix[i];

		/* ::/0 means every address of IPv6, and none of IPv4 */
		if (serval_addr_is4(&p->addr) == serval_addr_is4(addr) &&
		    ipv6_prefix_equal(&p->addr, addr, p->bits))
			return true;
	}
	return false;
}

/**
 * serval_routers_exit() - free the list
 * @sn: namespace; no reader and no writer is left
 */
void serval_routers_exit(struct serval_net *sn)
{
	kfree(rcu_dereference_protected(sn->routers, true));
}
