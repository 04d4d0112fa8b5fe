/* civicwire journal import: JSON lines, as export writes them, into a new store. */
#include "cli/journal.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cli/progress.h"
#include "cli/verb.h"

#define COLUMNS_MAX 64

struct import {
	const char *name; /* of the file, for sentences */
	unsigned long line;
	struct journal_loader *loader;
	uint64_t events;
	bool ended;
	struct buf bytes; /* of hexadecimal values in one row */
	struct journal_load_view *views;
	size_t cap_views;
};

static struct str text_of(json_t *value)
{
	return str_make(json_string_value(value), json_string_length(value));
}

static bool from_hex(struct buf *out, struct str hex)
{
	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		int high = ascii_hex((unsigned char)hex.p[i]);
		int low = ascii_hex((unsigned char)hex.p[i + 1]);
		if (high < 0 || low < 0)
			return false;
		buf_char(out, (char)(high << 4 | low));
	}
	return hex.n % 2 == 0;
}

/* Blobs are noted by their place in `bytes`, which may still move. */
static bool read_value(struct import *in, json_t *json, struct journal_value *ret)
{
	json_t *hex = json_object_get(json, "hex");
	size_t from = in->bytes.n;

	if (json_is_integer(json))
		*ret = (struct journal_value){VALUE_INT, json_integer_value(json), STR_NONE};
	else if (json_is_string(json))
		*ret = (struct journal_value){VALUE_TEXT, 0, text_of(json)};
	else if (json_is_null(json))
		*ret = (struct journal_value){VALUE_NULL, 0, STR_NONE};
	else if (json_is_string(hex) && from_hex(&in->bytes, text_of(hex)))
		*ret = (struct journal_value){
			VALUE_BLOB, (int64_t)from, str_make(NULL, in->bytes.n - from)};
	else
		return false;
	return true;
}

static int load_row(struct import *in, json_t *table, json_t *row, struct error *error)
{
	struct journal_column columns[COLUMNS_MAX];
	size_t n = 0;
	const char *name;
	json_t *value;

	buf_clear(&in->bytes);
	buf_room(&in->bytes, 1);
	json_object_foreach(row, name, value)
	{
		if (n == COLUMNS_MAX || !read_value(in, value, &columns[n].value))
			return error_set(error, EBADMSG, "'%s' is no value of a row", name);
		columns[n++].name = str_of(name);
	}
	for (size_t i = 0; i < n; i++)
		if (columns[i].value.type == VALUE_BLOB)
			columns[i].value.s.p = in->bytes.p + columns[i].value.i;
	return journal_loader_row(in->loader, text_of(table), columns, n, error);
}

/* The event's own bytes: from its member to the brace that closes the line. */
static struct str event_bytes(struct str line)
{
	size_t at = str_find(line, STR(",\"event\":"));
	struct str rest = str_skip(line, at + sizeof ",\"event\":" - 1);

	return at < line.n && rest.n ? str_head(rest, rest.n - 1) : STR_NONE;
}

static int load_event(struct import *in, json_t *root, struct str line, struct error *error)
{
	json_t *views = json_object_get(root, "views"), *view;
	struct str body = event_bytes(line);
	size_t i;

	MEM_GROW(in->views, in->cap_views, json_array_size(views) + 1);
	json_array_foreach(views, i, view) in->views[i] =
		(struct journal_load_view){text_of(json_array_get(view, 0)),
			(uint64_t)json_integer_value(json_array_get(view, 1))};
	if (!json_is_object(json_object_get(root, "event")) || !body.n)
		return error_set(error, EBADMSG, "an event without an event");
	in->events++;
	return journal_loader_event(in->loader,
		(uint64_t)json_integer_value(json_object_get(root, "seq")),
		json_integer_value(json_object_get(root, "recorded")), in->views,
		json_array_size(views), body, error);
}

static int load_end(struct import *in, json_t *root, struct error *error)
{
	uint64_t events = (uint64_t)json_integer_value(json_object_get(root, "events"));

	if (events != in->events)
		return error_set(error, EBADMSG, "the file says %llu events and has %llu",
			(unsigned long long)events, (unsigned long long)in->events);
	in->ended = true;
	return journal_loader_end(in->loader, error);
}

static int load_head(struct import *in, const char *path, json_t *root, struct error *error)
{
	if (json_integer_value(json_object_get(root, "civicwire_journal")) != 1)
		return error_set(
			error, EBADMSG, "this is no export of a journal that this version knows");
	return journal_loader_new(&in->loader, path, STR_NONE,
		(uint64_t)json_integer_value(json_object_get(root, "head")), error);
}

static int load_line(struct import *in, const char *path, struct str line, struct error *error)
{
	json_error_t why;
	json_t *root = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &why);
	int r;

	if (!json_is_object(root))
		r = error_set(error, EBADMSG, "%s", root ? "no JSON object" : why.text);
	else if (!in->loader)
		r = load_head(in, path, root, error);
	else if (in->ended)
		r = error_set(error, EBADMSG, "a line after the end");
	else if (json_object_get(root, "table"))
		r = load_row(
			in, json_object_get(root, "table"), json_object_get(root, "row"), error);
	else if (json_object_get(root, "seq"))
		r = load_event(in, root, line, error);
	else if (json_object_get(root, "end"))
		r = load_end(in, root, error);
	else
		r = error_set(error, EBADMSG, "neither a row nor an event");
	json_decref(root);
	return r;
}

static int load(struct import *in, const char *path, FILE *from, struct error *error)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int r = 0;

	while (r >= 0 && (n = getline(&line, &cap, from)) >= 0) {
		struct str s = str_trim(str_make(line, (size_t)n));
		in->line++;
		if (s.n)
			r = load_line(in, path, s, error);
		progress("lines read:", in->line, 0);
	}
	progress_end();
	free(line);
	if (r < 0)
		return error_prefix(error, "%s:%lu", in->name, in->line);
	if (ferror(from))
		return error_errno(error, errno, "%s", in->name);
	if (!in->ended)
		return error_set(error, EBADMSG,
			"%s:%lu: it ends before its end: nothing was imported", in->name, in->line);
	return 0;
}

int journal_verb_import(
	const struct journal_verb *verb, const char *path, char **arguments, size_t n)
{
	struct import in = {.name = n ? arguments[0] : "standard input"};
	FILE *from = n ? fopen(arguments[0], "re") : stdin;
	struct error error = {0};
	int r;

	if (!from)
		r = error_errno(&error, errno, "%s", in.name);
	else
		r = load(&in, path, from, &error);
	if (n && from)
		fclose(from);
	journal_loader_free(in.loader);
	buf_deinit(&in.bytes);
	free(in.views);
	if (r < 0)
		return journal_verb_failed(verb, &error);
	printf("%s: %llu events\n", path, (unsigned long long)in.events);
	return verb_flush("journal");
}
