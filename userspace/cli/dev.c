// SPDX-License-Identifier: GPL-2.0-only
/* serval dev: which devices the kernel's own moves prefer. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <net/if.h>

#define HAS(name)	SERVAL_HAS(SERVAL_A_DEV_##name)

static void show_settings(struct cli *cli, const struct serval_dev *dev)
{
	struct out *out = &cli->out;
	char name[IF_NAMESIZE];

	out_object(out);
	out_uint(out, "ifindex", NULL, dev->ifindex);
	if (if_indextoname(dev->ifindex, name))
		out_str(out, "dev", "", name);
	else
		out_uint(out, NULL, "if", dev->ifindex);
	out_uint(out, "preference", " preference ", dev->preference);
	out_uint(out, "settle_ms", " settle ", dev->settle);
	out_object_end(out);
}

int dev_show(struct cli *cli, struct args *args)
{
	const char *word = args_next(args);
	__u32 ifindex = 0, shown = 0;
	struct serval_dev *list;
	size_t count, i;
	int err;

	if (args_none(cli, args))
		return CLI_USAGE;
	if (word && read_dev(cli, word, &ifindex))
		return CLI_REFUSED;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = serval_dev_dump(cli->ctl, &list, &count);
	if (err < 0)
		return cli_refused(cli, err);
	out_list(&cli->out);
	for (i = 0; i < count; i++) {
		if (word && list[i].ifindex != ifindex)
			continue;
		show_settings(cli, &list[i]);
		shown++;
	}
	out_list_end(&cli->out);
	free(list);
	if (!word || shown)
		return CLI_OK;
	cli_error(cli, "Error: connections do not move to \"%s\"", word);
	return CLI_REFUSED;
}

static int read_setting(const struct cli *cli, struct args *args,
			const char *word, struct serval_dev *dev)
{
	const __u32 bit = strcmp(word, "settle") ? HAS(PREFERENCE) :
						   HAS(SETTLE);
	const char *value;
	__u32 number;

	if (strcmp(word, "preference") && strcmp(word, "settle"))
		return cli_bad(cli, "\"%s\" is not expected here", word);
	if (dev->has & bit)
		return cli_bad(cli, "\"%s\" is given twice", word);
	value = args_value(cli, args, word);
	if (!value || read_u32(cli, value, word, &number))
		return CLI_USAGE;
	dev->has |= bit;
	if (bit == HAS(SETTLE)) {
		dev->settle = number;
		return CLI_OK;
	}
	if (number > 255)
		return cli_bad(cli, "a preference is at most 255");
	dev->preference = number;
	return CLI_OK;
}

int dev_set(struct cli *cli, struct args *args)
{
	const char *name = args_next(args), *word;
	struct serval_dev dev = { .has = HAS(IFINDEX) };
	int err = CLI_OK;

	if (!name)
		return cli_bad(cli, "a device is missing");
	while (!err && (word = args_next(args)))
		err = read_setting(cli, args, word, &dev);
	if (err)
		return err;
	if (dev.has == HAS(IFINDEX))
		return cli_bad(cli, "nothing to set: preference N, settle MILLISECONDS, or both");
	if (read_dev(cli, name, &dev.ifindex) || cli_open(cli))
		return CLI_REFUSED;
	err = serval_dev_set(cli->ctl, &dev);
	return err ? cli_refused(cli, err) : CLI_OK;
}
