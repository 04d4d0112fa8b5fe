#include "model/event.h"

#include <stdio.h>

const char *const event_type_names[EVENT_TYPE_COUNT] = {
	[EVENT_ITEM_PUBLISHED] = "item.published",
	[EVENT_ITEM_UPDATED] = "item.updated",
	[EVENT_ITEM_WITHDRAWN] = "item.withdrawn",
	[EVENT_FEED_FAILING] = "feed.failing",
	[EVENT_FEED_RECOVERED] = "feed.recovered",
	[EVENT_FEED_MOVED] = "feed.moved",
	[EVENT_FEED_GONE] = "feed.gone",
	[EVENT_FEED_QUIET] = "feed.quiet",
	[EVENT_FEED_NOISY] = "feed.noisy",
};

/* The writers below put ids, paths and our own words between quotes unescaped: all of them are
 * [a-z0-9.-/] by the config's rules. The publisher and what comes from a feed is escaped. */

static void write_id(struct buf *out, const struct event *e, uint64_t seq)
{
	char key[HASH_TEXT_MAX];

	buf_str(out, str_of(e->feed->id));
	if (event_is_item(e->type)) {
		buf_char(out, '/');
		buf_add(out, key, hash_text(&e->item, key));
		buf_printf(out, "/%u", e->version);
	} else {
		/* "feed.failing" → "~failing" */
		buf_printf(out, "/~%s/%llu", event_type_names[e->type] + sizeof "feed." - 1,
			(unsigned long long)seq);
	}
}

static void write_words(struct json *j, const char *name, const char *const *words, size_t n,
	const struct str *strs)
{
	if (!n)
		return;
	json_key(j, name);
	buf_char(j->out, '"');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(j->out, ' ');
		buf_str(j->out, words ? str_of(words[i]) : strs[i]);
	}
	buf_char(j->out, '"');
	j->comma = true;
}

static void write_source(struct json *j, const struct event *e)
{
	struct str publisher = str_of(e->publisher);

	json_key(j, "source");
	json_quote(j->out, publisher);
	j->out->n--; /* the path goes before the closing quote */
	buf_char(j->out, '/');
	buf_str(j->out, str_of(e->feed->path));
	buf_char(j->out, '"');
	j->comma = true;
}

static void write_schema(struct json *j, const struct event *e)
{
	json_key(j, "dataschema");
	json_quote(j->out, str_of(e->publisher));
	j->out->n--;
	buf_str(j->out, event_is_item(e->type) ? STR("/schema/item-1.json\"")
					       : STR("/schema/feed-1.json\""));
	j->comma = true;
}

static void write_extensions(struct json *j, const struct event *e)
{
	const struct feed *f = e->feed;

	json_member(j, "cwfeed", str_of(f->id));
	json_member(j, "cwcity", str_of(f->city));
	write_words(j, "cwnetworks", (const char *const *)f->networks, f->n_networks, NULL);
	write_words(j, "cwthemes", NULL, e->n_themes, e->themes);
	json_member(j, "cwlang", e->language);
	json_member(j, "cwkind", str_of(feed_kind_names[f->kind]));
	if (e->backfill)
		json_member_bool(j, "cwbackfill", true);
}

void event_write(struct buf *out, const struct event *e, uint64_t seq)
{
	char recorded[TIME_TEXT_MAX], type[64], number[32];
	struct json j = json_to(out);

	buf_room(out, e->data.n + 1024);
	json_open(&j, '{');
	json_member(&j, "specversion", STR("1.0"));
	json_key(&j, "id");
	buf_char(out, '"');
	write_id(out, e, seq);
	buf_char(out, '"');
	j.comma = true;
	write_source(&j, e);
	int n = snprintf(type, sizeof type, "org.civicwire.%s.v1", event_type_names[e->type]);
	json_member(&j, "type", str_make(type, (size_t)n));
	json_member(&j, "subject", e->subject);
	json_member_time(&j, "time", e->time_s);
	json_member(
		&j, "recordedtime", str_make(recorded, time_format_us(e->recorded_us, recorded)));
	n = snprintf(number, sizeof number, "%020llu", (unsigned long long)seq);
	json_member(&j, "sequence", str_make(number, (size_t)n));
	json_member(&j, "datacontenttype", STR("application/json"));
	write_schema(&j, e);
	write_extensions(&j, e);
	json_key(&j, "data");
	json_raw(&j, e->data);
	json_close(&j, '}');
}

/* "view/id/path/", or "view/path/" where the view has no ids. By hand: printf was a twentieth of what
 * an event costs the journal thread. */
static struct str make_view(struct arena *arena, struct str view, struct str id, const char *path)
{
	const struct str parts[] = {view, id, str_of(path)};
	char *start = arena_alloc(arena, view.n + id.n + parts[2].n + 3), *p = start;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!parts[i].n)
			continue;
		memcpy(p, parts[i].p, parts[i].n);
		p += parts[i].n;
		*p++ = '/';
	}
	return str_make(start, (size_t)(p - start));
}

size_t event_views(struct arena *arena, const struct event *e, struct str *views)
{
	const struct feed *f = e->feed;
	size_t n = 0;

	if (!event_is_item(e->type)) {
		views[n++] = make_view(arena, STR("sys/feed"), STR_NONE, f->path);
		return n;
	}
	views[n++] = make_view(arena, STR("feed"), STR_NONE, f->path);
	for (size_t i = 0; i < e->n_themes; i++)
		views[n++] = make_view(arena, STR("theme"), e->themes[i], f->path);
	for (size_t i = 0; i < f->n_networks; i++)
		views[n++] = make_view(arena, STR("network"), str_of(f->networks[i]), f->path);
	views[n++] = make_view(arena, STR("kind"), str_of(feed_kind_names[f->kind]), f->path);
	return n;
}
