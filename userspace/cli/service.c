// SPDX-License-Identifier: GPL-2.0-only
/* serval service: the rules and bound sockets of the service table. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#define HAS(name)	SERVAL_HAS(SERVAL_A_SERVICE_##name)
#define HAS_ADDR	(HAS(ADDR4) | HAS(ADDR6))
#define HAS_TARGET	(HAS(TYPE) | HAS_ADDR | HAS(IFINDEX))
#define HAS_VALUES	(HAS(PRIORITY) | HAS(WEIGHT) | HAS(FLAGS) | \
			 HAS(TIMEOUT) | HAS(IDLE_TIMEOUT) | HAS(UDP_ENCAP))
#define HAS_NEW_ADDR	(HAS(NEW_ADDR4) | HAS(NEW_ADDR6))
#define HAS_NEW		(HAS_NEW_ADDR | HAS(NEW_IFINDEX))

static void show_target(struct cli *cli, const struct serval_service *svc)
{
	struct out *out = &cli->out;

	out_str(out, "type", NULL, serval_service_type_name(svc->type));
	if (svc->type != SERVAL_SERVICE_FORWARD) {
		out_str(out, NULL, " ", serval_service_type_name(svc->type));
		if (svc->has & HAS(PROTO))
			out_str(out, "proto", " ",
				serval_proto_name(svc->proto));
		return;
	}
	if (svc->has & HAS(ADDR6))
		show_addr(cli, "via", " via ", AF_INET6, &svc->addr6);
	else
		show_addr(cli, "via", " via ", AF_INET, &svc->addr);
	show_dev(cli, svc->ifindex);
}

void show_rule(struct cli *cli, const struct serval_service *svc)
{
	struct out *out = &cli->out;

	show_id(cli, "id", "", &svc->id, svc->bits);
	out_uint(out, "bits", NULL, svc->bits);
	show_target(cli, svc);
	if (svc->has & HAS(PRIORITY))
		out_uint(out, "priority", " priority ", svc->priority);
	if (svc->has & HAS(WEIGHT))
		out_uint(out, "weight", " weight ", svc->weight);
	show_flags(cli, svc->flags);
	if (svc->has & HAS(UDP_ENCAP))
		out_str(out, "encap", " encap ",
			serval_udp_encap_name(svc->udp_encap));
	if (svc->has & HAS(TIMEOUT))
		out_uint(out, "timeout", " timeout ", svc->timeout);
	if (svc->has & HAS(IDLE_TIMEOUT))
		out_uint(out, "idle_timeout", " idle-timeout ",
			 svc->idle_timeout);
}

static void show_end(struct cli *cli, const struct serval_service *svc)
{
	struct out *out = &cli->out;

	if (svc->has & HAS(EXPIRES)) {
		out_uint(out, NULL, " expires ", (svc->expires + 999) / 1000);
		out_str(out, NULL, "s", "");
		out_uint(out, "expires_ms", NULL, svc->expires);
	}
	if (svc->has & HAS(REASON))
		out_str(out, "reason", " reason ",
			serval_service_reason_name(svc->reason));
}

static void show_stats(struct cli *cli, const struct serval_target_stats *s)
{
	struct out *out = &cli->out;

	out_nest(out, "stats", "\n   ");
	out_uint(out, "packets_resolved", " resolved ", s->packets_resolved);
	out_uint(out, "bytes_resolved", " packets ", s->bytes_resolved);
	out_uint(out, "packets_dropped", " bytes, dropped ",
		 s->packets_dropped);
	out_uint(out, "bytes_dropped", " packets ", s->bytes_dropped);
	out_str(out, NULL, " bytes", "");
	out_nest_end(out);
}

void show_service(struct cli *cli, const struct serval_service *svc)
{
	struct out *out = &cli->out;

	show_rule(cli, svc);
	show_end(cli, svc);
	if (svc->has & HAS(UID))
		out_uint(out, "uid", " uid ", svc->uid);
	if (svc->has & HAS(INODE))
		out_uint(out, "inode", " inode ", svc->inode);
	if (svc->has & HAS(COOKIE))
		out_uint(out, "cookie", NULL, svc->cookie);
	if (svc->has & HAS(STATS) && cli->statistics)
		show_stats(cli, &svc->stats);
}

static int read_type(const struct cli *cli, const char *word, __u8 *type)
{
	unsigned int t;

	for (t = SERVAL_SERVICE_FORWARD; t <= SERVAL_SERVICE_DROP; t++) {
		if (strcmp(word, serval_service_type_name(t)))
			continue;
		*type = t;
		return CLI_OK;
	}
	return cli_bad(cli, "\"%s\" is not a type: demux, forward, delay, drop",
		       word);
}

static int read_encap(const struct cli *cli, const char *word, __s32 *encap)
{
	int e;

	for (e = SERVAL_UDP_DEFAULT; e <= SERVAL_UDP_AUTO; e++) {
		if (strcmp(word, serval_udp_encap_name(e)))
			continue;
		*encap = e;
		return CLI_OK;
	}
	return cli_bad(cli, "\"%s\" is not an encapsulation: raw, udp, auto, default",
		       word);
}

struct show_filter {
	bool id;
	struct service_id srvid;
	unsigned int bits;
	__u8 type;	/* 0 means all */
};

static int read_filter(struct cli *cli, struct args *args,
		       struct show_filter *filter)
{
	const char *word;
	int err = CLI_OK;

	memset(filter, 0, sizeof(*filter));
	while (!err && (word = args_next(args))) {
		if (!strcmp(word, "type")) {
			word = args_value(cli, args, word);
			err = word ? read_type(cli, word, &filter->type) :
				     CLI_USAGE;
		} else if (!filter->id) {
			filter->id = true;
			err = read_id(cli, word, &filter->srvid,
				      &filter->bits);
		} else {
			err = cli_bad(cli, "\"%s\" is not expected here",
				      word);
		}
	}
	return err;
}

static int no_entry(const struct cli *cli, const char *what,
		    const struct service_id *id, unsigned int bits)
{
	char text[SERVAL_ID_STRLEN];

	cli_error(cli, "Error: there is no %s for %s", what,
		  serval_id_format(id, bits, text));
	return CLI_REFUSED;
}

int service_show(struct cli *cli, struct args *args)
{
	struct serval_service *list = NULL;
	struct show_filter filter;
	size_t count = 0, i;
	int err;

	err = read_filter(cli, args, &filter);
	if (err)
		return err;
	if (cli_open(cli))
		return CLI_REFUSED;
	if (filter.id)
		err = serval_service_get(cli->ctl, &filter.srvid, filter.bits,
					 &list, &count);
	else
		err = serval_service_dump(cli->ctl, &list, &count);
	if (err == -ENOENT)
		return no_entry(cli, "entry", &filter.srvid, filter.bits);
	if (err < 0)
		return cli_refused(cli, err);
	if (err)
		cli_error(cli, "the table keeps changing: the list may be inexact");
	out_list(&cli->out);
	for (i = 0; i < count; i++) {
		if (filter.type && list[i].type != filter.type)
			continue;
		out_object(&cli->out);
		show_service(cli, &list[i]);
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	free(list);
	return CLI_OK;
}

/* Which members a keyword sets; none may be set twice. */
static int mark(const struct cli *cli, struct serval_service *svc, __u32 has,
		const char *keyword)
{
	if (svc->has & has & HAS(TYPE))
		return cli_bad(cli, "\"%s\" is a second target", keyword);
	if (svc->has & has)
		return cli_bad(cli, "\"%s\" is given twice", keyword);
	svc->has |= has;
	return CLI_OK;
}

static int read_via(struct cli *cli, struct serval_service *svc,
		    const char *value)
{
	struct address addr;

	if (read_addr(cli, value, &addr))
		return CLI_USAGE;
	svc->type = SERVAL_SERVICE_FORWARD;
	if (addr.family == AF_INET6) {
		svc->addr6 = addr.in6;
		return mark(cli, svc, HAS(TYPE) | HAS(ADDR6), "via");
	}
	svc->addr = addr.in;
	return mark(cli, svc, HAS(TYPE) | HAS(ADDR4), "via");
}

static int read_to(struct cli *cli, struct serval_service *svc,
		   const char *value)
{
	struct address addr;

	if (svc->has & HAS_NEW_ADDR)
		return cli_bad(cli, "\"to\" is given twice");
	if (read_addr(cli, value, &addr))
		return CLI_USAGE;
	if (addr.family == AF_INET6) {
		svc->new_addr6 = addr.in6;
		svc->has |= HAS(NEW_ADDR6);
	} else {
		svc->new_addr = addr.in;
		svc->has |= HAS(NEW_ADDR4);
	}
	return CLI_OK;
}

static const struct number_keyword {
	const char *word;
	__u32 has;
	size_t offset;
} number_keywords[] = {
	{ "priority", HAS(PRIORITY),
	  offsetof(struct serval_service, priority) },
	{ "weight", HAS(WEIGHT), offsetof(struct serval_service, weight) },
	{ "timeout", HAS(TIMEOUT), offsetof(struct serval_service, timeout) },
	{ "idle-timeout", HAS(IDLE_TIMEOUT),
	  offsetof(struct serval_service, idle_timeout) },
};

static bool is_keyword(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(number_keywords); i++)
		if (!strcmp(word, number_keywords[i].word))
			return true;
	return !strcmp(word, "via") || !strcmp(word, "dev") ||
	       !strcmp(word, "to") || !strcmp(word, "flags") ||
	       !strcmp(word, "encap");
}

/* A keyword of a rule, @word, and its value. */
static int read_keyword(struct cli *cli, struct args *args,
			struct serval_service *svc, const char *word)
{
	bool moved = svc->has & HAS_NEW_ADDR;
	const char *value;
	size_t i;

	if (!strcmp(word, "drop") || !strcmp(word, "delay"))
		return mark(cli, svc, HAS(TYPE), word) ?:
		       read_type(cli, word, &svc->type);
	if (!is_keyword(word))
		return cli_bad(cli, "\"%s\" is not expected here", word);
	value = args_value(cli, args, word);
	if (!value)
		return CLI_USAGE;
	for (i = 0; i < ARRAY_SIZE(number_keywords); i++) {
		const struct number_keyword *k = &number_keywords[i];

		if (!strcmp(word, k->word))
			return mark(cli, svc, k->has, word) ?:
			       read_u32(cli, value, word,
					(void *)((char *)svc + k->offset));
	}
	if (!strcmp(word, "via"))
		return read_via(cli, svc, value);
	if (!strcmp(word, "to"))
		return read_to(cli, svc, value);
	if (!strcmp(word, "dev") && moved)
		return mark(cli, svc, HAS(NEW_IFINDEX), word) ?:
		       read_dev(cli, value, &svc->new_ifindex);
	if (!strcmp(word, "dev"))
		return mark(cli, svc, HAS(IFINDEX), word) ?:
		       read_dev(cli, value, &svc->ifindex);
	if (!strcmp(word, "encap"))
		return mark(cli, svc, HAS(UDP_ENCAP), word) ?:
		       read_encap(cli, value, &svc->udp_encap);
	return mark(cli, svc, HAS(FLAGS), word) ?:
	       read_flags(cli, value, &svc->flags);
}

/* ID and keywords; @allowed are the members they may set. */
static int read_rule(struct cli *cli, struct args *args,
		     struct serval_service *svc, __u32 allowed)
{
	const char *word = args_next(args);
	int err;

	memset(svc, 0, sizeof(*svc));
	if (!word)
		return cli_bad(cli, "a service ID is missing");
	err = read_id(cli, word, &svc->id, &svc->bits);
	while (!err && (word = args_next(args))) {
		err = read_keyword(cli, args, svc, word);
		if (!err && svc->has & ~allowed)
			err = cli_bad(cli, "\"%s\" is not expected here",
				      word);
	}
	if (err)
		return err;
	if (svc->has & HAS(IFINDEX) && !(svc->has & HAS_ADDR))
		return cli_bad(cli, "\"dev\" needs \"via ADDRESS\"");
	return CLI_OK;
}

int service_read_rule(struct cli *cli, struct args *args,
		      struct serval_service *svc)
{
	int err = read_rule(cli, args, svc, HAS_TARGET | HAS_VALUES);

	if (!err && !(svc->has & HAS(TYPE)))
		return cli_bad(cli, "a target is missing: via ADDRESS, drop or delay");
	return err;
}

int service_add(struct cli *cli, struct args *args)
{
	struct serval_service svc;
	int err;

	err = service_read_rule(cli, args, &svc);
	if (err)
		return err;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = serval_service_add(cli->ctl, &svc);
	return err ? cli_refused(cli, err) : CLI_OK;
}

/* No target was named: take the service's only rule. */
static int find_only_rule(struct cli *cli, struct serval_service *svc)
{
	const struct serval_service *rule = NULL;
	struct serval_service *list;
	size_t count, i, rules = 0;
	char id[SERVAL_ID_STRLEN];
	int err;

	err = serval_service_get(cli->ctl, &svc->id, svc->bits, &list, &count);
	if (err == -ENOENT)
		return no_entry(cli, "rule", &svc->id, svc->bits);
	if (err < 0)
		return cli_refused(cli, err);
	for (i = 0; i < count; i++) {
		if (list[i].type == SERVAL_SERVICE_DEMUX)
			continue;
		rule = &list[i];
		rules++;
	}
	if (rules == 1) {
		svc->has |= rule->has & HAS_TARGET;
		svc->type = rule->type;
		svc->addr = rule->addr;
		svc->addr6 = rule->addr6;
		svc->ifindex = rule->ifindex;
	}
	free(list);
	if (rules > 1)
		return cli_bad(cli, "%s has %zu rules: say via ADDRESS, drop or delay",
			       serval_id_format(&svc->id, svc->bits, id),
			       rules);
	if (!rules)
		return no_entry(cli, "rule", &svc->id, svc->bits);
	return CLI_OK;
}

int service_del(struct cli *cli, struct args *args)
{
	struct serval_service svc;
	int err;

	err = read_rule(cli, args, &svc, HAS_TARGET);
	if (err)
		return err;
	if (cli_open(cli))
		return CLI_REFUSED;
	if (!(svc.has & HAS(TYPE)))
		err = find_only_rule(cli, &svc);
	if (err)
		return err;
	err = serval_service_del(cli->ctl, &svc, &svc);
	if (err)
		return cli_refused(cli, err);
	if (cli->statistics && svc.has) {
		out_list(&cli->out);
		out_object(&cli->out);
		show_service(cli, &svc);
		out_object_end(&cli->out);
		out_list_end(&cli->out);
	}
	return CLI_OK;
}

int service_change(struct cli *cli, struct args *args)
{
	struct serval_service svc;
	int err;

	err = read_rule(cli, args, &svc, HAS_TARGET | HAS_VALUES | HAS_NEW);
	if (err)
		return err;
	if (!(svc.has & (HAS_VALUES | HAS_NEW)))
		return cli_bad(cli, "nothing to change: name a target, a value or a timeout");
	if (cli_open(cli))
		return CLI_REFUSED;
	if (!(svc.has & HAS(TYPE)))
		err = find_only_rule(cli, &svc);
	if (err)
		return err;
	err = serval_service_set(cli->ctl, &svc);
	return err ? cli_refused(cli, err) : CLI_OK;
}

int service_flush(struct cli *cli, struct args *args)
{
	int err;

	if (args_none(cli, args))
		return CLI_USAGE;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = serval_service_flush(cli->ctl);
	return err ? cli_refused(cli, err) : CLI_OK;
}
