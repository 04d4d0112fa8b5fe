#include "cli/feed-list.h"

#include <fnmatch.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/ask-daemon.h"
#include "cli/progress.h"
#include "cli/since.h"
#include "config/quantity.h"

/* Of one request: half a megabyte, and the daemon's loop is held up by less than a millisecond. */
#define PAGE_FEEDS 1000

static const char *text(json_t *feed, const char *name)
{
	const char *s = json_string_value(json_object_get(feed, name));

	return s ? s : "";
}

static bool works(const char *health)
{
	return !strcmp(health, "fine") || !strcmp(health, "new");
}

/* A pattern without * and ? is a beginning, of whole words: "co-mde" is not "co-mdex.a.b". */
static bool fits(const char *id, const char *pattern)
{
	size_t n = strlen(pattern);

	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, id, 0) == 0;
	return !strncmp(id, pattern, n) && (!id[n] || id[n] == '.' || (n && pattern[n - 1] == '.'));
}

static bool has_network(json_t *feed, const char *network)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(feed, "networks"), i, one)
	{
		if (!strcmp(json_string_value(one), network))
			return true;
	}
	return false;
}

static bool wanted(const struct feed_filter *f, json_t *feed)
{
	const char *id = text(feed, "id");
	bool fit = f->n_patterns == 0, paused = json_is_true(json_object_get(feed, "paused"));

	if ((f->with_hub && !json_object_get(feed, "websub")) ||
		(f->failing && (paused || works(text(feed, "health")))) || (f->paused && !paused) ||
		(f->city && strcmp(text(feed, "city"), f->city) != 0) ||
		(f->network && !has_network(feed, f->network)) ||
		(f->host && strcmp(text(feed, "host"), f->host) != 0))
		return false;
	/* What has never been read is not quiet, it is new or failing. */
	time_t change = since_parse(text(feed, "last_change"));
	if (f->quiet_since != -1 && (change == -1 || change > f->quiet_since))
		return false;
	for (int i = 0; i < f->n_patterns && !fit; i++)
		fit = fits(id, f->patterns[i]);
	return fit;
}

static void keep_hub(struct arena *arena, struct feed_row *row, json_t *hub)
{
	const char *state = text(hub, "state");
	const char *since = !strcmp(state, "active")  ? "verified"
			    : !strcmp(state, "asked") ? "asked"
						      : "failing_since";
	bool distrusted = json_is_true(json_object_get(hub, "distrusted"));

	row->hub = *state ? arena_strdup(arena, state) : "-";
	row->hub_url = arena_strdup(arena, text(hub, "hub"));
	row->hub_reason = distrusted ? "it did not push what a poll has found"
				     : arena_strdup(arena, text(hub, "reason"));
	row->hub_since = since_parse(text(hub, since));
	row->hub_push = since_parse(text(hub, "last_push"));
	row->hub_lease = since_parse(text(hub, "lease_until"));
	row->hub_failures = (long long)json_integer_value(json_object_get(hub, "failures"));
}

static void keep(struct feed_list *list, const struct feed_filter *f, json_t *feed)
{
	struct arena *arena = &list->arena;
	struct feed_row *row = ARENA_PUSH(arena, list->rows, list->n, list->cap);
	bool paused = json_is_true(json_object_get(feed, "paused"));
	const char *health = paused ? "paused" : text(feed, "health");

	*row = (struct feed_row){.id = arena_strdup(arena, text(feed, "id")),
		.health = arena_strdup(arena, health),
		.error = arena_strdup(arena, text(feed, "error")),
		.host = arena_strdup(arena, text(feed, "host")),
		.polling = json_is_true(json_object_get(feed, "polling")),
		.paused = paused,
		.works = paused || works(health),
		.success = since_parse(text(feed, "last_success")),
		.due = since_parse(text(feed, "next_due")),
		.change = since_parse(text(feed, "last_change")),
		.failures = (long long)json_integer_value(json_object_get(feed, "failures")),
		.items = (long long)json_integer_value(json_object_get(feed, "items"))};
	keep_hub(arena, row, json_object_get(feed, "websub"));
	if (f->keep_json) {
		char *json = json_dumps(feed, JSON_COMPACT);
		row->json = arena_strdup(arena, json ? json : "{}");
		free(json);
	}
}

/* Where the daemon itself can leave out, it does. */
static void first_page(struct buf *path, const struct feed_filter *f)
{
	buf_printf(path, "/v1/feeds?limit=%d", PAGE_FEEDS);
	if (f->failing)
		buf_lit(path, "&health=failing,gone");
}

int feed_list_load(struct feed_list *ret, const struct feed_filter *filter)
{
	struct daemon_line *line = daemon_line_new(filter->verb, filter->socket);
	struct feed_list list = {.arena = ARENA_INIT};
	cleanup(buf_deinit) struct buf path = BUF_INIT;
	size_t n = PAGE_FEEDS, seen = 0;
	int r = line ? EX_OK : EX_OSERR;

	first_page(&path, filter);
	size_t start = path.n;
	while (r == EX_OK && n == PAGE_FEEDS) {
		json_t *page = NULL, *feed;
		size_t i;
		r = daemon_line_ask(line, false, buf_cstr(&path), &page);
		n = json_array_size(page);
		json_array_foreach(page, i, feed)
		{
			if (wanted(filter, feed))
				keep(&list, filter, feed);
		}
		if (n) {
			path.n = start;
			buf_lit(&path, "&after=");
			daemon_line_escape(&path, text(json_array_get(page, n - 1), "id"));
		}
		seen += n;
		json_decref(page);
		progress("asking for feeds", seen, 0);
	}
	progress_end();
	daemon_line_free(line);
	if (r != EX_OK) {
		feed_list_deinit(&list);
		return r == EX_NOINPUT ? EX_UNAVAILABLE : r;
	}
	*ret = list;
	return EX_OK;
}

void feed_list_deinit(struct feed_list *list)
{
	arena_deinit(&list->arena);
	*list = (struct feed_list){.arena = ARENA_INIT};
}

/* ---- orders ---- */

/* Of two numbers; what comes first by it is what people look for first. */
#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct feed_row *)a)->id, ((const struct feed_row *)b)->id);
}

static int or_by_id(int order, const void *a, const void *b)
{
	return order ? order : by_id(a, b);
}

static int by_state(const void *a, const void *b)
{
	const struct feed_row *x = a, *y = b;

	return or_by_id(strcmp(x->health, y->health), a, b);
}

static int by_success(const void *a, const void *b)
{
	return or_by_id(
		ORDER(((const struct feed_row *)a)->success, ((const struct feed_row *)b)->success),
		a, b);
}

static int by_due(const void *a, const void *b)
{
	return or_by_id(
		ORDER(((const struct feed_row *)a)->due, ((const struct feed_row *)b)->due), a, b);
}

static int by_change(const void *a, const void *b)
{
	return or_by_id(
		ORDER(((const struct feed_row *)a)->change, ((const struct feed_row *)b)->change),
		a, b);
}

static int by_failures(const void *a, const void *b)
{
	return or_by_id(ORDER(((const struct feed_row *)b)->failures,
				((const struct feed_row *)a)->failures),
		a, b);
}

static int by_items(const void *a, const void *b)
{
	return or_by_id(
		ORDER(((const struct feed_row *)b)->items, ((const struct feed_row *)a)->items), a,
		b);
}

static int by_host(const void *a, const void *b)
{
	return or_by_id(
		strcmp(((const struct feed_row *)a)->host, ((const struct feed_row *)b)->host), a,
		b);
}

static const struct {
	const char *name;
	int (*compare)(const void *a, const void *b);
} orders[] = {
	{"id", by_id},
	{"state", by_state},
	{"success", by_success},
	{"due", by_due},
	{"change", by_change},
	{"failures", by_failures},
	{"items", by_items},
	{"host", by_host},
};
#define ORDERS (sizeof orders / sizeof *orders)

const char *feed_order_name(size_t i)
{
	return i < ORDERS ? orders[i].name : NULL;
}

bool feed_list_sort(struct feed_list *list, const char *order, bool reverse)
{
	size_t i = 0;

	while (i < ORDERS && strcmp(orders[i].name, order) != 0)
		i++;
	if (i == ORDERS)
		return false;
	if (list->n)
		qsort(list->rows, list->n, sizeof *list->rows, orders[i].compare);
	for (size_t k = 0; reverse && k < list->n / 2; k++) {
		struct feed_row row = list->rows[k];
		list->rows[k] = list->rows[list->n - 1 - k];
		list->rows[list->n - 1 - k] = row;
	}
	return true;
}

bool feed_time(const char *s, time_t *ret)
{
	int64_t us;
	char full[32];

	if (quantity_duration(str_of(s), &us)) {
		*ret = time(NULL) - (time_t)(us / SEC_US);
		return true;
	}
	snprintf(full, sizeof full, strlen(s) == 10 ? "%sT00:00:00Z" : "%s", s);
	if (!time_parse_rfc3339(str_of(full), &us))
		return false;
	*ret = (time_t)(us / SEC_US);
	return true;
}
