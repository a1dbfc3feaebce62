// SPDX-License-Identifier: GPL-2.0-only
/*
 * serval monitor: events as they come.
 *
 * If events are lost, that is said in the output, and the tables follow as
 * they are then.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void show_time(struct cli *cli)
{
	char date[32], text[64];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06ld", date, now.tv_nsec / 1000);
	out_str(&cli->out, "timestamp", "[", text);
	out_str(&cli->out, NULL, "] ", "");
}

static void begin(struct cli *cli, const char *object, const char *what)
{
	out_object(&cli->out);
	if (cli->timestamp)
		show_time(cli);
	out_str(&cli->out, "object", "", object);
	out_str(&cli->out, "event", " ", what);
	out_str(&cli->out, NULL, " ", "");
}

static void end(struct cli *cli)
{
	out_object_end(&cli->out);
	fflush(cli->out.file);
}

static void service_event(struct cli *cli, const char *what,
			  const struct serval_service *svc)
{
	begin(cli, "service", what);
	show_service(cli, svc);
	end(cli);
}

static void flow_event(struct cli *cli, const char *what,
		       const struct serval_flow *flow)
{
	begin(cli, "flow", what);
	show_flow(cli, flow);
	end(cli);
}

static void delay_event(struct cli *cli, const char *what,
			const struct serval_held *held)
{
	begin(cli, "delay", what);
	show_held(cli, held);
	end(cli);
}

static void show_event(const struct serval_event *event, void *data)
{
	struct cli *cli = data;

	switch (event->cmd) {
	case SERVAL_CMD_SERVICE_NEW_NTF:
		service_event(cli, "new", &event->service);
		break;
	case SERVAL_CMD_SERVICE_DEL_NTF:
		service_event(cli, "del", &event->service);
		break;
	case SERVAL_CMD_SERVICE_SET_NTF:
		service_event(cli, "change", &event->service);
		break;
	case SERVAL_CMD_FLOW_NEW_NTF:
		flow_event(cli, "new", &event->flow);
		break;
	case SERVAL_CMD_FLOW_DEL_NTF:
		flow_event(cli, "del", &event->flow);
		break;
	case SERVAL_CMD_FLOW_MOVE_NTF:
		flow_event(cli, "moved", &event->flow);
		break;
	case SERVAL_CMD_FLOW_STEP_NTF:
		flow_event(cli, "step", &event->flow);
		break;
	case SERVAL_CMD_DELAY_NTF:
		delay_event(cli, "held", &event->held);
		break;
	default:
		break;
	}
}

static int show_services_now(struct cli *cli)
{
	struct serval_service *list;
	size_t count, i;
	int err = serval_service_dump(cli->ctl, &list, &count);

	if (err < 0)
		return err;
	for (i = 0; i < count; i++)
		service_event(cli, "now", &list[i]);
	free(list);
	return 0;
}

static int show_flows_now(struct cli *cli)
{
	struct serval_flow *list;
	size_t count, i;
	int err = serval_flow_dump(cli->ctl, &list, &count);

	if (err < 0)
		return err;
	for (i = 0; i < count; i++)
		flow_event(cli, "now", &list[i]);
	free(list);
	return 0;
}

static int show_held_now(struct cli *cli)
{
	struct serval_held *list;
	size_t count, i;
	int err = serval_delay_dump(cli->ctl, &list, &count);

	if (err < 0)
		return err;
	for (i = 0; i < count; i++)
		delay_event(cli, "now", &list[i]);
	free(list);
	return 0;
}

static int resync(struct cli *cli, unsigned int groups)
{
	int err = 0;

	begin(cli, "monitor", "lost");
	out_str(&cli->out, NULL, "events; the tables now:", "");
	end(cli);
	if (groups & SERVAL_EVENTS_SERVICE)
		err = show_services_now(cli);
	if (!err && groups & SERVAL_EVENTS_FLOW)
		err = show_flows_now(cli);
	if (!err && groups & SERVAL_EVENTS_DELAY)
		err = show_held_now(cli);
	begin(cli, "monitor", "synced");
	end(cli);
	return err;
}

static int monitor(struct cli *cli, struct args *args, unsigned int groups)
{
	struct serval_events *ev;
	const char *word;
	int err;

	while ((word = args_next(args))) {
		if (strcmp(word, "-t") && strcmp(word, "-timestamp"))
			return cli_bad(cli, "\"%s\" is not expected here",
				       word);
		cli->timestamp = true;
	}
	/* Opened first: a refusal is told before anything is printed. */
	if (cli_open(cli))
		return CLI_REFUSED;
	err = serval_events_open(&ev, NULL, groups);
	if (err)
		return cli_open_failed(cli, err);
	if (cli->json)
		cli->out.form = OUT_JSON_LINES;
	cli->out.pretty = false;
	do {
		err = serval_events_read(ev, show_event, cli);
		if (err == -ENOBUFS)
			err = resync(cli, groups);
	} while (!err && out_ok(&cli->out));
	serval_events_close(ev);
	return err ? cli_refused(cli, err) : CLI_REFUSED;
}

int monitor_all(struct cli *cli, struct args *args)
{
	return monitor(cli, args, SERVAL_EVENTS_ALL);
}

int monitor_service(struct cli *cli, struct args *args)
{
	return monitor(cli, args, SERVAL_EVENTS_SERVICE);
}

int monitor_flow(struct cli *cli, struct args *args)
{
	return monitor(cli, args, SERVAL_EVENTS_FLOW);
}

int monitor_delay(struct cli *cli, struct args *args)
{
	return monitor(cli, args, SERVAL_EVENTS_DELAY);
}
