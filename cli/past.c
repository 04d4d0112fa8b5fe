#include "cli/past.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/list.h"
#include "cli/progress.h"

/* One short read transaction: the writer is not held up (`journal_read`). */
#define SLICE_RECORDS 2000
#define SLICE_BYTES   (8 * 1024 * 1024)
#define SLICE_US      (20 * MSEC_US)

struct reading {
	struct journal_visitor visitor;
	struct journal_reader *reader;
	struct past_sink *sink;
	struct str feed_view, sys_view; /* STR_NONE: all feeds */
	struct str *views;
	size_t cap_views;
};

struct str past_text(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	return json_is_string(text) ? str_make(json_string_value(text), json_string_length(text))
				    : STR_NONE;
}

static bool is_of_feed(const struct reading *r, const struct journal_record *record)
{
	for (size_t i = 0; i < record->n_views; i++) {
		struct str view = journal_reader_topic(r->reader, record->views[i].topic);
		if (str_eq(view, r->feed_view) || str_eq(view, r->sys_view))
			return true;
	}
	return false;
}

static bool on_want(struct journal_visitor *visitor, const struct journal_record *record)
{
	const struct reading *r = container_of(visitor, struct reading, visitor);

	return !r->feed_view.p || is_of_feed(r, record);
}

static int tell(struct past_sink *sink, struct past_event *event)
{
	if (sink->want && !sink->want(sink, event->body))
		return 0;
	event->json = json_loadb(event->body.p, event->body.n, 0, NULL);
	int r = event->json ? sink->event(sink, event) : 0;
	json_decref(event->json);
	return r;
}

static int on_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct reading *r = container_of(visitor, struct reading, visitor);
	struct past_event event = {.seq = record->seq,
		.recorded_us = record->recorded_us,
		.body = record->body,
		.n_views = record->n_views};

	MEM_GROW(r->views, r->cap_views, record->n_views + 1);
	for (size_t i = 0; i < record->n_views; i++)
		r->views[i] = journal_reader_topic(r->reader, record->views[i].topic);
	event.views = r->views;
	return tell(r->sink, &event);
}

/* "co-mde.aci.noticias" in a view: its points are slashes there. */
static struct str view_of(struct arena *arena, const char *root, const char *feed)
{
	struct str view = arena_printf(arena, "%s%s/", root, feed);

	for (char *c = (char *)view.p; *c; c++)
		if (*c == '.')
			*c = '/';
	return view;
}

static int read_all(struct reading *r, struct journal_extent *extent, struct error *error)
{
	struct journal_read_limits limits = {
		.records = SLICE_RECORDS, .bytes = SLICE_BYTES, .us = SLICE_US};
	uint32_t topics;
	int e = journal_extent(r->reader, extent, error);

	if (e == 0)
		e = journal_reader_topics(r->reader, &topics, error);
	limits.to = extent->head;
	uint64_t first = extent->oldest ? extent->oldest - 1 : 0, after = first, next = 0;
	while (e >= 0 && after < limits.to) {
		e = journal_read(r->reader, after, &limits, &r->visitor, &next, error);
		if (next == after)
			break;
		after = next;
		progress("reading the journal", after - first, limits.to - first);
	}
	progress_end();
	return e;
}

int past_read_journal(const char *path, const char *feed, struct past_sink *sink,
	struct journal_extent *ret_extent, struct error *error)
{
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	struct journal_extent extent = {.head = 0};
	struct reading r = {.visitor = {on_want, on_record}, .sink = sink};
	int e = journal_reader_open(&r.reader, path, error);

	if (e < 0)
		return e;
	r.feed_view = feed ? view_of(&arena, "feed/", feed) : STR_NONE;
	r.sys_view = feed ? view_of(&arena, "sys/feed/", feed) : STR_NONE;
	e = read_all(&r, &extent, error);
	journal_reader_close(r.reader);
	free(r.views);
	if (e >= 0 && ret_extent)
		*ret_extent = extent;
	return e;
}

/* ---- lines ---- */

/* A line of `journal export` is an event in an envelope, or no event at all; one of `replay` is an
 * event. */
static int take_line(struct past_sink *sink, const char *feed, json_t *root)
{
	json_t *inner = json_object_get(root, "event");
	json_t *views = json_object_get(root, "views"), *view;
	struct past_event event = {.json = inner ? inner : root};
	struct str id = past_text(event.json, "cwfeed");
	size_t i;

	if (!json_is_object(event.json) || !past_text(event.json, "specversion").p ||
		(feed && !str_is(id, feed)))
		return 0;
	event.seq = (uint64_t)json_integer_value(json_object_get(root, "seq"));
	event.recorded_us = json_integer_value(json_object_get(root, "recorded"));
	struct str *names = mem_zalloc(json_array_size(views) + 1, sizeof *names);
	json_array_foreach(views, i, view) names[event.n_views++] =
		str_of(json_string_value(json_array_get(view, 0)));
	event.views = names;
	int r = sink->event(sink, &event);
	free(names);
	return r;
}

int past_read_lines(const char *path, const char *feed, struct past_sink *sink, struct error *error)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *from = is_stdin ? stdin : fopen(path, "re");
	unsigned long line_number = 0;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int r = 0;

	if (!from)
		return error_errno(error, errno, "%s", path);
	while (r == 0 && (n = getline(&line, &cap, from)) >= 0) {
		struct str s = str_trim(str_make(line, (size_t)n));
		json_error_t why;
		json_t *root = s.n ? json_loadb(s.p, s.n, 0, &why) : NULL;
		line_number++;
		if (s.n && !json_is_object(root))
			r = error_set(error, EBADMSG, "%s:%lu: %s", path, line_number,
				root ? "no JSON object" : why.text);
		else if (root)
			r = take_line(sink, feed, root);
		json_decref(root);
		progress("reading events", line_number, 0);
	}
	progress_end();
	free(line);
	if (r == 0 && ferror(from))
		r = error_errno(error, errno, "%s", path);
	if (!is_stdin)
		fclose(from);
	return r;
}

/* ---- items ---- */

void past_item(const struct past_event *event, struct arena *arena, struct item *ret)
{
	const json_t *data = json_object_get(event->json, "data"), *category;
	const json_t *categories = json_object_get(data, "_categories");
	size_t i, n = json_array_size(categories);

	*ret = (struct item){.title = past_text(data, "title"),
		.summary = past_text(data, "summary"),
		.content_text = past_text(data, "content_text"),
		.language = past_text(data, "language"),
		.url = past_text(data, "url"),
		.id = past_text(data, "id"),
		.n_categories = n,
		.explain = explain_new(arena)};
	ret->categories = arena_zalloc(arena, (n + 1) * sizeof *ret->categories);
	json_array_foreach(categories, i, category) ret->categories[i] =
		(struct category){past_text(category, "term"), past_text(category, "scheme"),
			past_text(category, "label")};
}
