// SPDX-License-Identifier: GPL-2.0-only
/* serval flow: the connections of the flow table. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>

#define HAS(name)	SERVAL_HAS(SERVAL_A_FLOW_##name)

static void show_addrs(struct cli *cli, const struct serval_flow *flow)
{
	if (flow->has & HAS(LOCAL_ADDR4))
		show_addr(cli, "local", " local ", AF_INET, &flow->local_addr);
	if (flow->has & HAS(LOCAL_ADDR6))
		show_addr(cli, "local", " local ", AF_INET6,
			  &flow->local_addr6);
	if (flow->has & HAS(PEER_ADDR4))
		show_addr(cli, "peer", " peer ", AF_INET, &flow->peer_addr);
	if (flow->has & HAS(PEER_ADDR6))
		show_addr(cli, "peer", " peer ", AF_INET6, &flow->peer_addr6);
}

/* The IDs are long when they are random: they get a line of their own. */
static void show_services(struct cli *cli, const struct serval_flow *flow)
{
	const unsigned int bits = SERVICE_ID_MAX_PREFIX_BITS;

	if (flow->has & HAS(LOCAL_SERVICE))
		show_id(cli, "local_service", "\n    local-service ",
			&flow->local_service, bits);
	if (flow->has & HAS(PEER_SERVICE))
		show_id(cli, "peer_service", "\n    peer-service ",
			&flow->peer_service, bits);
}

static void show_age(struct cli *cli, __u64 ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03llus",
		 (unsigned long long)ms / 1000, (unsigned long long)ms % 1000);
	out_str(&cli->out, NULL, " age ", text);
	out_uint(&cli->out, "age_ms", NULL, ms);
}

static void show_stats(struct cli *cli, const struct serval_flow_stats *s)
{
	struct out *out = &cli->out;

	out_nest(out, "stats", "\n   ");
	out_uint(out, "packets_sent", " sent ", s->packets_sent);
	out_uint(out, "bytes_sent", " packets ", s->bytes_sent);
	out_uint(out, "packets_received", " bytes, received ",
		 s->packets_received);
	out_uint(out, "bytes_received", " packets ", s->bytes_received);
	out_str(out, NULL, " bytes", "");
	out_nest_end(out);
}

void show_flow(struct cli *cli, const struct serval_flow *flow)
{
	struct out *out = &cli->out;

	out_uint(out, "id", "", ntohl(flow->local_id.s_id32));
	if (flow->has & HAS(PEER_ID))
		out_uint(out, "peer_id", " peer-id ",
			 ntohl(flow->peer_id.s_id32));
	if (flow->has & HAS(OLD_ID))
		out_uint(out, "old_id", " old-id ",
			 ntohl(flow->old_id.s_id32));
	if (flow->has & HAS(PROTO))
		out_str(out, "proto", " ", serval_proto_name(flow->proto));
	if (flow->has & HAS(STATE))
		out_str(out, "state", " ",
			serval_flow_state_name(flow->state));
	if (flow->has & HAS(PATH_STATE))
		out_str(out, "path_state", " path ",
			serval_flow_path_name(flow->path_state));
	if (flow->has & HAS(ERROR))
		out_str(out, "error", " has not moved: ",
			strerror(flow->error));
	show_addrs(cli, flow);
	show_dev(cli, flow->ifindex);
	if (flow->has & HAS(UDP_ENCAP))
		out_str(out, "encap", flow->udp_encap ? " encap " : NULL,
			serval_udp_encap_name(flow->udp_encap));
	if (flow->has & HAS(ROLE))
		out_str(out, "role",
			flow->role == SERVAL_ROLE_USED ? NULL : " ",
			serval_flow_role_name(flow->role));
	show_services(cli, flow);
	if (flow->has & HAS(UID))
		out_uint(out, "uid", cli->statistics ? "\n    uid " : NULL,
			 flow->uid);
	if (flow->has & HAS(INODE))
		out_uint(out, "inode", cli->statistics ? " inode " : NULL,
			 flow->inode);
	if (flow->has & HAS(COOKIE))
		out_uint(out, "cookie", NULL, flow->cookie);
	if (flow->has & HAS(AGE))
		show_age(cli, flow->age);
	if (flow->has & HAS(STATS) && cli->statistics)
		show_stats(cli, &flow->stats);
}

struct filter {
	bool id;
	bool service;
	struct flow_id local_id;
	struct service_id srvid;
	unsigned int bits;
	const char *state;
};

static int read_state(const struct cli *cli, const char *word,
		      const char **state)
{
	unsigned int i;

	for (i = 1; strcmp(serval_flow_state_name(i), "UNKNOWN"); i++) {
		*state = serval_flow_state_name(i);
		if (!strcasecmp(word, *state))
			return CLI_OK;
	}
	return cli_bad(cli, "\"%s\" is not a state; one is ESTABLISHED", word);
}

static int read_filter(struct cli *cli, struct args *args, struct filter *f)
{
	const char *word, *value;
	int err = CLI_OK;

	memset(f, 0, sizeof(*f));
	while (!err && (word = args_next(args))) {
		if (strcmp(word, "id") && strcmp(word, "service") &&
		    strcmp(word, "state"))
			return cli_bad(cli, "\"%s\" is not expected here",
				       word);
		value = args_value(cli, args, word);
		if (!value)
			return CLI_USAGE;
		if (!strcmp(word, "id")) {
			f->id = true;
			err = read_flow_id(cli, value, &f->local_id);
		} else if (!strcmp(word, "service")) {
			f->service = true;
			err = read_id(cli, value, &f->srvid, &f->bits);
		} else {
			err = read_state(cli, value, &f->state);
		}
	}
	return err;
}

static bool id_under(const struct service_id *id, const struct filter *f)
{
	unsigned int bytes = f->bits / 8, bits = f->bits % 8;

	if (memcmp(id->s_sid, f->srvid.s_sid, bytes))
		return false;
	return !bits ||
	       !((id->s_sid[bytes] ^ f->srvid.s_sid[bytes]) >> (8 - bits));
}

static bool wanted(const struct serval_flow *flow, const struct filter *f)
{
	if (f->state && strcmp(f->state, serval_flow_state_name(flow->state)))
		return false;
	if (!f->service)
		return true;
	return (flow->has & HAS(LOCAL_SERVICE) &&
		id_under(&flow->local_service, f)) ||
	       (flow->has & HAS(PEER_SERVICE) &&
		id_under(&flow->peer_service, f));
}

static int get_flows(struct cli *cli, const struct filter *f,
		     struct serval_flow **list, size_t *count)
{
	int err;

	if (!f->id)
		return serval_flow_dump(cli->ctl, list, count);
	*list = malloc(sizeof(**list));
	if (!*list)
		return -ENOMEM;
	*count = 1;
	err = serval_flow_get(cli->ctl, f->local_id, *list);
	if (err)
		free(*list);
	return err;
}

int flow_show(struct cli *cli, struct args *args)
{
	struct serval_flow *list;
	struct filter filter;
	size_t count, i;
	int err;

	err = read_filter(cli, args, &filter);
	if (err)
		return err;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = get_flows(cli, &filter, &list, &count);
	if (err < 0)
		return cli_refused(cli, err);
	if (err)
		cli_error(cli, "the table keeps changing: the list may be inexact");
	out_list(&cli->out);
	for (i = 0; i < count; i++) {
		if (!wanted(&list[i], &filter))
			continue;
		out_object(&cli->out);
		show_flow(cli, &list[i]);
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	free(list);
	return CLI_OK;
}

/* What takes no more than the flow's id */
static int change_flow(struct cli *cli, struct args *args,
		       int (*change)(struct serval_ctl *ctl, struct flow_id id))
{
	const char *word = args_next(args);
	struct flow_id id;
	int err;

	if (!word)
		return cli_bad(cli, "a flow id is missing");
	if (read_flow_id(cli, word, &id) || args_none(cli, args))
		return CLI_USAGE;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = change(cli->ctl, id);
	return err ? cli_refused(cli, err) : CLI_OK;
}

int flow_kill(struct cli *cli, struct args *args)
{
	return change_flow(cli, args, serval_flow_kill);
}

int flow_use(struct cli *cli, struct args *args)
{
	return change_flow(cli, args, serval_flow_use);
}

int flow_part(struct cli *cli, struct args *args)
{
	return change_flow(cli, args, serval_flow_part);
}
