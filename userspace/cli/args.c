// SPDX-License-Identifier: GPL-2.0-only
/* Reading the words of a command. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <net/if.h>

const char *args_next(struct args *args)
{
	if (!args->argc)
		return NULL;
	args->argc--;
	return *args->argv++;
}

const char *args_value(const struct cli *cli, struct args *args,
		       const char *keyword)
{
	const char *word = args_next(args);

	if (!word)
		cli_bad(cli, "nothing after \"%s\"", keyword);
	return word;
}

int args_none(const struct cli *cli, const struct args *args)
{
	if (args->argc)
		return cli_bad(cli, "\"%s\" is not expected here",
			       args->argv[0]);
	return CLI_OK;
}

int split_words(char *line, char **words, int max)
{
	static const char space[] = " \t\r\n";
	char *rest, *word;
	int n = 0;

	line[strcspn(line, "#")] = '\0';
	for (word = strtok_r(line, space, &rest); word;
	     word = strtok_r(NULL, space, &rest)) {
		if (n == max)
			return -1;
		words[n++] = word;
	}
	return n;
}

int read_id(struct cli *cli, const char *word, struct service_id *id,
	    unsigned int *bits)
{
	const struct serval_names *names;
	const char *why;
	int err;

	err = serval_id_parse(word, id, bits, &why);
	if (!err)
		return CLI_OK;
	if (err != -ENOENT)
		return cli_bad(cli, "\"%s\" is not a service ID: %s", word,
			       why);
	names = cli_names(cli);
	if (!names)
		return CLI_REFUSED;
	if (!serval_names_lookup(names, word, id, bits))
		return CLI_OK;
	return cli_bad(cli, "\"%s\" is neither a service ID nor a name in %s",
		       word, serval_names_path());
}

int read_u32(const struct cli *cli, const char *word, const char *what,
	     __u32 *value)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(word, &end, strncmp(word, "0x", 2) ? 10 : 16);
	if (*word < '0' || *word > '9' || *end || errno || number > 0xffffffff)
		return cli_bad(cli, "\"%s\" is not a number (%s)", word, what);
	*value = number;
	return CLI_OK;
}

int read_flow_id(const struct cli *cli, const char *word,
		 struct flow_id *id)
{
	__u32 value;

	if (read_u32(cli, word, "flow id", &value))
		return CLI_USAGE;
	id->s_id32 = htonl(value);
	return CLI_OK;
}

int read_addr(const struct cli *cli, const char *word, struct address *addr)
{
	addr->family = strchr(word, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(addr->family, word, &addr->in6) != 1)
		return cli_bad(cli, "\"%s\" is not an IPv4 or IPv6 address",
			       word);
	return CLI_OK;
}

int read_dev(const struct cli *cli, const char *word, __u32 *ifindex)
{
	unsigned int index = if_nametoindex(word);
	char *end;

	if (!index && !strncmp(word, "if", 2) &&
	    word[2] >= '1' && word[2] <= '9') {
		index = strtoul(word + 2, &end, 10);
		if (*end)
			index = 0;
	}
	if (!index) {
		cli_error(cli, "Cannot find device \"%s\"", word);
		return CLI_REFUSED;
	}
	*ifindex = index;
	return CLI_OK;
}

static const struct flag {
	const char *name;
	__u8 value;
	__u8 mask;
} flag_names[] = {
	{ "host", SVSF_HOST_SCOPE, 3 },
	{ "local", SVSF_LOCAL_SCOPE, 3 },
	{ "domain", SVSF_DOMAIN_SCOPE, 3 },
	{ "global", SVSF_GLOBAL_SCOPE, 3 },
	{ "strict", SVSF_STRICT, SVSF_STRICT },
	{ "anycast", SVSF_ANYCAST, SVSF_ANYCAST },
	{ "multicast", SVSF_MULTICAST, SVSF_MULTICAST },
};

static const struct flag *find_flag(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (strlen(flag_names[i].name) == len &&
		    !strncmp(flag_names[i].name, name, len))
			return &flag_names[i];
	return NULL;
}

int read_flags(const struct cli *cli, const char *word, __u8 *flags)
{
	const char *p = word;
	__u32 number;
	__u8 value = 0;

	if (*word >= '0' && *word <= '9') {
		if (read_u32(cli, word, "flags", &number))
			return CLI_USAGE;
		if (number > 0xff)
			return cli_bad(cli, "flags are at most 0xff");
		*flags = number;
		return CLI_OK;
	}
	while (*p) {
		size_t len = strcspn(p, ",");
		const struct flag *flag = find_flag(p, len);

		if (!flag)
			return cli_bad(cli, "\"%.*s\" is not a flag; try \"serval service help\"",
				       (int)len, p);
		value = (value & ~flag->mask) | flag->value;
		p += len + (p[len] == ',');
	}
	*flags = value;
	return CLI_OK;
}

void show_flags(struct cli *cli, __u8 flags)
{
	char text[64];
	size_t i, n = 0;
	__u8 left = flags;

	for (i = 0; i < ARRAY_SIZE(flag_names); i++) {
		const struct flag *flag = &flag_names[i];

		if (!flag->value || (flags & flag->mask) != flag->value)
			continue;
		n += snprintf(text + n, sizeof(text) - n, "%s%s",
			      n ? "," : "", flag->name);
		left &= ~flag->mask;
	}
	if (left)
		snprintf(text, sizeof(text), "0x%02x", flags);
	if (flags)
		out_str(&cli->out, "flags", " flags ", text);
}

void show_id(struct cli *cli, const char *key, const char *text,
	     const struct service_id *id, unsigned int bits)
{
	const struct serval_names *names = NULL;
	const char *name = NULL;
	char buf[SERVAL_ID_STRLEN], name_key[32];

	if (cli->resolve)
		names = cli_names(cli);
	if (names)
		name = serval_names_find(names, id, bits);
	serval_id_format(id, bits, buf);
	out_str(&cli->out, key, name ? NULL : text, buf);
	if (!name)
		return;
	snprintf(name_key, sizeof(name_key), "%s_name", key);
	out_str(&cli->out, name_key, text, name);
}

void show_addr(struct cli *cli, const char *key, const char *text, int family,
	       const void *addr)
{
	char buf[INET6_ADDRSTRLEN];

	inet_ntop(family, addr, buf, sizeof(buf));
	out_str(&cli->out, key, text, buf);
}

void show_dev(struct cli *cli, __u32 ifindex)
{
	char name[IF_NAMESIZE];

	if (!ifindex)
		return;
	out_uint(&cli->out, "ifindex", NULL, ifindex);
	if (if_indextoname(ifindex, name))
		out_str(&cli->out, "dev", " dev ", name);
	else
		out_uint(&cli->out, NULL, " dev if", ifindex);
}
