/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The "serval" command: what its parts share.
 *
 * Every function that does something for the user has printed why if it
 * fails, and returns the exit status.
 */
#ifndef SERVAL_CLI_CLI_H
#define SERVAL_CLI_CLI_H

#include <stdarg.h>
#include <stdbool.h>

#include <serval/control.h>
#include <serval/id.h>

#include "out.h"

#define FORMAT(fmt, first)	format(printf, fmt, first)

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

enum cli_status {
	CLI_OK = 0,
	CLI_REFUSED = 1,	/* by the kernel or the system */
	CLI_USAGE = 2,		/* the command line makes no sense */
};

/**
 * struct cli - one run of the command
 * @out:        the output
 * @err:        for messages
 * @json:       -json
 * @statistics: -statistics
 * @resolve:    -resolve
 * @timestamp:  -timestamp
 * @force:      -force
 * @in:         input of restore without FILE
 * @ctl:        handle to the kernel, opened by cli_open()
 * @names:      names of services, read when needed
 * @file:       the file that is being executed, or NULL
 * @line:       the line of it
 */
struct cli {
	struct out out;
	FILE *err;
	bool json;
	bool statistics;
	bool resolve;
	bool timestamp;
	bool force;
	FILE *in;
	struct serval_ctl *ctl;
	struct serval_names *names;
	const char *file;
	unsigned int line;
};

/**
 * struct args - the words of a command that are still to be read
 * @argc: their number
 * @argv: the words
 */
struct args {
	int argc;
	char **argv;
};

/**
 * struct command - an entry of the table of commands
 * @object: first word
 * @verb:   second word; an object's first entry is what it does without one
 * @fn:     does it
 * @usage:  the words that may follow
 */
struct command {
	const char *object;
	const char *verb;
	int (*fn)(struct cli *cli, struct args *args);
	const char *usage;
};

/**
 * cli_open() - open the handle to the kernel, once
 * @cli: the run
 *
 * Return: CLI_OK or CLI_REFUSED.
 */
int cli_open(struct cli *cli);

/**
 * cli_close() - release what a run has opened
 * @cli: the run
 */
void cli_close(struct cli *cli);

/**
 * cli_run() - execute one command
 * @cli: the run
 * @argc: number of words
 * @argv: object, verb and the rest
 *
 * Return: the exit status.
 */
int cli_run(struct cli *cli, int argc, char **argv);

/**
 * cli_batch() - execute the lines of a file
 * @cli: the run
 * @file: name for messages
 * @in: the opened file
 *
 * Stops at the first line that fails, unless @cli->force.
 *
 * Return: the exit status of the first line that failed.
 */
int cli_batch(struct cli *cli, const char *file, FILE *in);

/**
 * cli_usage() - print how the command is used
 * @file: receives it
 * @object: only this object's lines, or NULL for everything
 */
void cli_usage(FILE *file, const char *object);

/**
 * cli_error() - print a message, with file and line if there are some
 * @cli: the run
 * @format: as for printf(), without newline
 */
void cli_error(const struct cli *cli, const char *format, ...)
	__attribute__((FORMAT(2, 3)));

/**
 * cli_bad() - print a message about the command line
 * @cli: the run
 * @format: as for printf(), without newline
 *
 * Return: CLI_USAGE.
 */
int cli_bad(const struct cli *cli, const char *format, ...)
	__attribute__((FORMAT(2, 3)));

/**
 * cli_refused() - print why a request failed: the kernel's own words if any
 * @cli: the run, with its handle open
 * @err: negative errno
 *
 * Return: CLI_REFUSED.
 */
int cli_refused(const struct cli *cli, int err);

/**
 * cli_open_failed() - print why netlink cannot be used
 * @cli: the run
 * @err: negative errno
 *
 * Return: CLI_REFUSED.
 */
int cli_open_failed(const struct cli *cli, int err);

/**
 * cli_names() - the names of services, read from the services file once
 * @cli: the run
 *
 * Return: the names, or NULL after a message.
 */
const struct serval_names *cli_names(struct cli *cli);

/**
 * args_next() - take the next word
 * @args: the words
 *
 * Return: the word, or NULL if there is none.
 */
const char *args_next(struct args *args);

/**
 * args_value() - take the value of a keyword
 * @cli: the run
 * @args: the words after the keyword
 * @keyword: the keyword, for the message
 *
 * Return: the word, or NULL after a message.
 */
const char *args_value(const struct cli *cli, struct args *args,
		       const char *keyword);

/**
 * args_none() - insist that no word is left
 * @cli: the run
 * @args: the words
 *
 * Return: CLI_OK or CLI_USAGE.
 */
int args_none(const struct cli *cli, const struct args *args);

/**
 * split_words() - cut a line into words, in place
 * @line: the line; "#" begins a comment
 * @words: receives pointers into @line
 * @max: their greatest number
 *
 * Return: their number, -1 if there are more.
 */
int split_words(char *line, char **words, int max);

/**
 * read_id() - read a service ID or its name
 * @cli: the run
 * @word: the text
 * @id: receives the ID
 * @bits: receives the prefix length
 *
 * Return: CLI_OK, CLI_USAGE, or CLI_REFUSED if the names cannot be read.
 */
int read_id(struct cli *cli, const char *word, struct service_id *id,
	    unsigned int *bits);

/**
 * read_u32() - read a number
 * @cli: the run
 * @word: decimal, or hexadecimal after 0x
 * @what: what it is, for the message
 * @value: receives it
 *
 * Return: CLI_OK or CLI_USAGE.
 */
int read_u32(const struct cli *cli, const char *word, const char *what,
	     __u32 *value);

/**
 * read_flow_id() - read the id of a flow
 * @cli: the run
 * @word: the text
 * @id: receives it
 *
 * Return: CLI_OK or CLI_USAGE.
 */
int read_flow_id(const struct cli *cli, const char *word, struct flow_id *id);

/**
 * struct address - an IPv4 or IPv6 address
 * @family: AF_INET or AF_INET6
 * @in:     the first kind
 * @in6:    the second kind
 */
struct address {
	int family;
	union {
		struct in_addr in;
		struct in6_addr in6;
	};
};

/**
 * read_addr() - read an address
 * @cli: the run
 * @word: the text
 * @addr: receives it
 *
 * Return: CLI_OK or CLI_USAGE.
 */
int read_addr(const struct cli *cli, const char *word, struct address *addr);

/**
 * read_dev() - read the name of a device, or "ifN"
 * @cli: the run
 * @word: the text
 * @ifindex: receives its index
 *
 * Return: CLI_OK, or CLI_REFUSED if there is no such device.
 */
int read_dev(const struct cli *cli, const char *word, __u32 *ifindex);

/**
 * read_flags() - read the flags of a service
 * @cli: the run
 * @word: names, separated by commas, or a number
 * @flags: receives enum sv_service_flags
 *
 * Return: CLI_OK or CLI_USAGE.
 */
int read_flags(const struct cli *cli, const char *word, __u8 *flags);

/**
 * show_id() - print a service ID, as a name if wanted
 * @cli: the run
 * @key: its JSON key; the name gets "@key_name"
 * @text: printed before it
 * @id: the ID
 * @bits: the prefix length
 */
void show_id(struct cli *cli, const char *key, const char *text,
	     const struct service_id *id, unsigned int bits);

/**
 * show_addr() - print an address
 * @cli: the run
 * @key: its JSON key
 * @text: printed before it
 * @family: AF_INET or AF_INET6
 * @addr: struct in_addr or struct in6_addr
 */
void show_addr(struct cli *cli, const char *key, const char *text, int family,
	       const void *addr);

/**
 * show_dev() - print a device
 * @cli: the run
 * @ifindex: its index
 */
void show_dev(struct cli *cli, __u32 ifindex);

/**
 * show_flags() - print the flags of a service, as read_flags() reads them
 * @cli: the run
 * @flags: enum sv_service_flags
 */
void show_flags(struct cli *cli, __u8 flags);

/**
 * show_service() - print a rule or bound socket into the open object
 * @cli: the run
 * @svc: it
 */
void show_service(struct cli *cli, const struct serval_service *svc);

/**
 * show_rule() - print what save prints: words that service add reads
 * @cli: the run
 * @svc: a rule
 */
void show_rule(struct cli *cli, const struct serval_service *svc);

/**
 * show_flow() - print a flow into the open object
 * @cli: the run
 * @flow: it
 */
void show_flow(struct cli *cli, const struct serval_flow *flow);

/**
 * show_held() - print a held packet into the open object
 * @cli: the run
 * @held: it
 */
void show_held(struct cli *cli, const struct serval_held *held);

/**
 * service_read_rule() - read the words of "service add"
 * @cli: the run
 * @args: the words
 * @svc: receives the rule
 *
 * Return: CLI_OK, CLI_USAGE or CLI_REFUSED.
 */
int service_read_rule(struct cli *cli, struct args *args,
		      struct serval_service *svc);

/* The commands; @args are the words after the verb. */
int service_show(struct cli *cli, struct args *args);
int service_add(struct cli *cli, struct args *args);
int service_del(struct cli *cli, struct args *args);
int service_change(struct cli *cli, struct args *args);
int service_flush(struct cli *cli, struct args *args);
int service_save(struct cli *cli, struct args *args);
int service_restore(struct cli *cli, struct args *args);
int service_migrate(struct cli *cli, struct args *args);
int flow_show(struct cli *cli, struct args *args);
int flow_kill(struct cli *cli, struct args *args);
int flow_migrate(struct cli *cli, struct args *args);
int flow_join(struct cli *cli, struct args *args);
int flow_use(struct cli *cli, struct args *args);
int flow_part(struct cli *cli, struct args *args);
int dev_show(struct cli *cli, struct args *args);
int dev_set(struct cli *cli, struct args *args);
int dev_migrate(struct cli *cli, struct args *args);
int delay_show(struct cli *cli, struct args *args);
int delay_release(struct cli *cli, struct args *args);
int delay_drop(struct cli *cli, struct args *args);
int monitor_all(struct cli *cli, struct args *args);
int monitor_service(struct cli *cli, struct args *args);
int monitor_flow(struct cli *cli, struct args *args);
int monitor_delay(struct cli *cli, struct args *args);
int stats_show(struct cli *cli, struct args *args);

#endif /* SERVAL_CLI_CLI_H */
