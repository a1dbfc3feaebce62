// SPDX-License-Identifier: GPL-2.0-only
/* Output as text or JSON. */
#include "out.h"

static struct json_object *innermost(struct out *out)
{
	return out->open[out->depth - 1];
}

static void print_json(struct out *out, struct json_object *obj)
{
	int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

	if (out->pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	fputs(json_object_to_json_string_ext(obj, flags), out->file);
}

void out_list(struct out *out)
{
	out->count = 0;
	if (out->form == OUT_JSON)
		fputc('[', out->file);
}

void out_list_end(struct out *out)
{
	if (out->form == OUT_JSON)
		fputs(out->pretty && out->count ? "\n]\n" : "]\n", out->file);
}

void out_object(struct out *out)
{
	if (out->form == OUT_TEXT)
		return;
	out->open[0] = json_object_new_object();
	out->depth = 1;
}

void out_object_end(struct out *out)
{
	if (out->form == OUT_TEXT) {
		fputc('\n', out->file);
		return;
	}
	if (out->form == OUT_JSON && out->count)
		fputc(',', out->file);
	if (out->form == OUT_JSON && out->pretty)
		fputc('\n', out->file);
	print_json(out, out->open[0]);
	json_object_put(out->open[0]);
	out->depth = 0;
	out->count++;
	if (out->form == OUT_JSON_LINES)
		fputc('\n', out->file);
}

void out_nest(struct out *out, const char *key, const char *text)
{
	struct json_object *obj;

	if (out->form == OUT_TEXT) {
		fputs(text, out->file);
		return;
	}
	obj = json_object_new_object();
	json_object_object_add(innermost(out), key, obj);
	out->open[out->depth++] = obj;
}

void out_nest_end(struct out *out)
{
	if (out->form != OUT_TEXT)
		out->depth--;
}

void out_str(struct out *out, const char *key, const char *text,
	     const char *value)
{
	if (out->form != OUT_TEXT) {
		if (key)
			json_object_object_add(innermost(out), key,
					       json_object_new_string(value));
	} else if (text) {
		fprintf(out->file, "%s%s", text, value);
	}
}

void out_uint(struct out *out, const char *key, const char *text,
	      __u64 value)
{
	if (out->form != OUT_TEXT) {
		if (key)
			json_object_object_add(innermost(out), key,
					       json_object_new_uint64(value));
	} else if (text) {
		fprintf(out->file, "%s%llu", text, (unsigned long long)value);
	}
}

bool out_ok(struct out *out)
{
	return !fflush(out->file) && !ferror(out->file);
}
