/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output: the same calls print a line of text or build a JSON object.
 *
 * Each value has a JSON key and a text before it; NULL for either leaves the
 * value out of that form.
 */
#ifndef SERVAL_CLI_OUT_H
#define SERVAL_CLI_OUT_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>
#include <json-c/json.h>

#define OUT_DEPTH	4

enum out_form {
	OUT_TEXT,
	OUT_JSON,	/* out_list() makes an array */
	OUT_JSON_LINES,	/* an object per line, flushed at once */
};

/**
 * struct out - where and how to print
 * @file:   receives the output
 * @form:   the form of it
 * @pretty: indent JSON
 * @count:  objects since out_list()
 * @depth:  number of open objects
 * @open:   JSON: the open objects, outermost first
 */
struct out {
	FILE *file;
	enum out_form form;
	bool pretty;
	unsigned int count;
	int depth;
	struct json_object *open[OUT_DEPTH];
};

/**
 * out_list() - begin a list of objects
 * @out: the output
 */
void out_list(struct out *out);

/**
 * out_list_end() - end it
 * @out: the output
 */
void out_list_end(struct out *out);

/**
 * out_object() - begin an object of the list: a line of text
 * @out: the output
 */
void out_object(struct out *out);

/**
 * out_object_end() - end it
 * @out: the output
 */
void out_object_end(struct out *out);

/**
 * out_nest() - begin an object in the object
 * @out: the output
 * @key: its JSON key
 * @text: printed as it is
 */
void out_nest(struct out *out, const char *key, const char *text);

/**
 * out_nest_end() - end it
 * @out: the output
 */
void out_nest_end(struct out *out);

/**
 * out_str() - print a string
 * @out: the output
 * @key: its JSON key, or NULL
 * @text: printed before it, or NULL
 * @value: the string
 */
void out_str(struct out *out, const char *key, const char *text,
	     const char *value);

/**
 * out_uint() - print a number
 * @out: the output
 * @key: its JSON key, or NULL
 * @text: printed before it, or NULL
 * @value: the number
 */
void out_uint(struct out *out, const char *key, const char *text,
	      __u64 value);

/**
 * out_ok() - write out what is buffered
 * @out: the output
 *
 * Return: false if something could not be written.
 */
bool out_ok(struct out *out);

#endif /* SERVAL_CLI_OUT_H */
