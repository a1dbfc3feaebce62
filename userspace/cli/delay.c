// SPDX-License-Identifier: GPL-2.0-only
/* serval delay: the packets that wait for a verdict. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define HAS(name)	SERVAL_HAS(SERVAL_A_DELAY_##name)

void show_held(struct cli *cli, const struct serval_held *held)
{
	const unsigned int bits = SERVICE_ID_MAX_PREFIX_BITS;
	struct out *out = &cli->out;
	char text[32];

	out_uint(out, "id", "", held->id);
	if (held->has & HAS(PROTO))
		out_str(out, "proto", " ", serval_proto_name(held->proto));
	if (held->has & HAS(ADDR4))
		show_addr(cli, "from", " from ", AF_INET, &held->addr);
	if (held->has & HAS(ADDR6))
		show_addr(cli, "from", " from ", AF_INET6, &held->addr6);
	show_id(cli, "service", " service ", &held->service, bits);
	if (held->has & HAS(SOURCE_SERVICE))
		show_id(cli, "source_service", " source-service ",
			&held->source, bits);
	snprintf(text, sizeof(text), "%u.%03us", held->remaining / 1000,
		 held->remaining % 1000);
	out_str(out, NULL, " remaining ", text);
	out_uint(out, "remaining_ms", NULL, held->remaining);
}

int delay_show(struct cli *cli, struct args *args)
{
	struct serval_held *list;
	size_t count, i;
	int err;

	if (args_none(cli, args))
		return CLI_USAGE;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = serval_delay_dump(cli->ctl, &list, &count);
	if (err < 0)
		return cli_refused(cli, err);
	out_list(&cli->out);
	for (i = 0; i < count; i++) {
		out_object(&cli->out);
		show_held(cli, &list[i]);
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	free(list);
	return CLI_OK;
}

static int decide(struct cli *cli, struct args *args,
		  int (*verdict)(struct serval_ctl *ctl, __u32 id))
{
	const char *word = args_next(args);
	__u32 id = 0;
	int err;

	if (!word)
		return cli_bad(cli, "the number of a held packet, or \"all\", is missing");
	if (strcmp(word, "all")) {
		if (read_u32(cli, word, "held packet", &id))
			return CLI_USAGE;
		if (!id)
			return cli_bad(cli, "held packets are counted from 1");
	}
	if (args_none(cli, args))
		return CLI_USAGE;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = verdict(cli->ctl, id);
	return err ? cli_refused(cli, err) : CLI_OK;
}

int delay_release(struct cli *cli, struct args *args)
{
	return decide(cli, args, serval_delay_release);
}

int delay_drop(struct cli *cli, struct args *args)
{
	return decide(cli, args, serval_delay_drop);
}
