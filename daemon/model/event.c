#include "model/event.h"

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

/* Numbers are written by hand throughout: with printf an event's envelope took four times as long. */
#define SEQUENCE_DIGITS 20

static struct str sequence_text(char out[SEQUENCE_DIGITS], uint64_t seq)
{
	decimal_put(out, SEQUENCE_DIGITS, seq);
	return str_make(out, SEQUENCE_DIGITS);
}

static void write_id(struct buf *out, const struct event *e, uint64_t seq)
{
	char key[HASH_TEXT_MAX];

	buf_str(out, str_of(e->feed->id));
	if (event_is_item(e->type)) {
		buf_char(out, '/');
		buf_add(out, key, hash_text(&e->item, key));
		buf_char(out, '/');
		buf_uint(out, e->version);
	} else {
		/* "feed.failing" → "~failing" */
		buf_lit(out, "/~");
		buf_str(out, str_of(event_type_names[e->type] + sizeof "feed." - 1));
		buf_char(out, '/');
		buf_uint(out, seq);
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

static void write_type(struct json *j, enum event_type type)
{
	json_key(j, "type");
	buf_lit(j->out, "\"org.civicwire.");
	buf_str(j->out, str_of(event_type_names[type]));
	buf_lit(j->out, ".v1\"");
	j->comma = true;
}

void event_write(struct buf *out, const struct event *e, uint64_t seq)
{
	char recorded[TIME_TEXT_MAX], number[SEQUENCE_DIGITS];
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
	write_type(&j, e->type);
	json_member(&j, "subject", e->subject);
	json_member_time(&j, "time", e->time_s);
	json_member(
		&j, "recordedtime", str_make(recorded, time_format_us(e->recorded_us, recorded)));
	json_member(&j, "sequence", sequence_text(number, seq));
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

/* ---- what was written, read again ----
 *
 * No JSON reader is needed for what we wrote: members come in the order of event_write(), and a quote
 * inside a string is always escaped, so that `,"data":` with bare quotes stands where the member does. */

/* The value of a string member, from its first byte to its closing quote; n == 0 with p: empty. */
static struct str string_member(struct str json, struct str key)
{
	size_t at = str_find(json, key);
	struct str rest = str_skip(json, at + key.n);
	size_t n = 0;

	if (at == json.n)
		return STR_NONE;
	while (n < rest.n && rest.p[n] != '"')
		n += rest.p[n] == '\\' ? 2 : 1;
	return n < rest.n ? str_head(rest, n) : STR_NONE;
}

static struct str envelope_of(struct str json)
{
	size_t at = str_find(json, STR(",\"data\":"));

	return at < json.n && str_starts(json, STR("{\"specversion\":\"1.0\",\"id\":\""))
		       ? str_head(json, at)
		       : STR_NONE;
}

struct str event_id_of(struct str json)
{
	return string_member(envelope_of(json), STR("\"id\":\""));
}

/* Appends `from` without its member `key` ("…":"), which ends after the value's quote. */
static void add_without(struct buf *out, struct str from, struct str key)
{
	struct str value = string_member(from, key);

	if (str_is_none(value)) {
		buf_str(out, from);
		return;
	}
	buf_str(out, str_head(from, (size_t)(value.p - from.p) - key.n));
	buf_str(out, str_skip(from, (size_t)(value.p - from.p) + value.n + 1));
}

#define TYPE_REDACTED "org.civicwire.item.redacted.v1"

bool event_is_tombstone(struct str json)
{
	return str_is(string_member(envelope_of(json), STR("\"type\":\"")), TYPE_REDACTED);
}

/* Appends `from` up to the value of its member `key`, then `value`; returns what follows. */
static struct str add_with(struct buf *out, struct str from, struct str key, struct str value)
{
	struct str old = string_member(from, key);

	if (str_is_none(old))
		return from;
	buf_str(out, str_head(from, (size_t)(old.p - from.p)));
	buf_str(out, value);
	return str_skip(from, (size_t)(old.p - from.p) + old.n);
}

void event_announce_redaction(struct buf *out, struct str tombstone, struct str id,
	struct str redacts, int64_t recorded_us, uint64_t seq)
{
	const struct str backfill = STR(",\"cwbackfill\":true");
	char recorded[TIME_TEXT_MAX], number[SEQUENCE_DIGITS];
	struct buf untimed = BUF_INIT;
	struct json j;

	/* When it happened is when it is recorded; and it is news. */
	add_without(&untimed, envelope_of(tombstone), STR(",\"time\":\""));
	if (str_ends(buf_view(&untimed), backfill))
		untimed.n -= backfill.n;
	struct str rest = buf_view(&untimed);
	rest = add_with(out, rest, STR("\"id\":\""), id);
	rest = add_with(out, rest, STR("\"recordedtime\":\""),
		str_make(recorded, time_format_us(recorded_us, recorded)));
	rest = add_with(out, rest, STR("\"sequence\":\""), sequence_text(number, seq));
	buf_str(out, rest);
	buf_lit(out, ",\"data\":");
	j = json_to(out);
	json_open(&j, '{');
	json_member(&j, "id", STR(""));
	json_member(&j, "content_text", STR(""));
	json_member(&j, "_redacted", str_make(recorded, time_format_us(recorded_us, recorded)));
	json_member(&j, "_redacts", redacts);
	json_close(&j, '}');
	buf_char(out, '}');
	buf_deinit(&untimed);
}

static void write_tombstone(
	struct buf *out, struct str envelope, struct str type, const char *redacted)
{
	buf_str(out, str_head(envelope, (size_t)(type.p - envelope.p)));
	buf_lit(out, TYPE_REDACTED);
	add_without(out, str_skip(envelope, (size_t)(type.p - envelope.p) + type.n),
		STR(",\"subject\":\""));
	buf_lit(out, ",\"data\":{\"id\":\"\",\"content_text\":\"\"");
	if (redacted)
		buf_printf(out, ",\"_redacted\":\"%s\"", redacted);
	buf_lit(out, "}}");
}

bool event_redact(struct buf *out, struct str json, int64_t now_us)
{
	struct str envelope = envelope_of(json);
	struct str type = string_member(envelope, STR("\"type\":\""));
	char now[TIME_TEXT_MAX];
	size_t from = out->n;

	if (str_is_none(type))
		return false;
	time_format_us(now_us, now);
	write_tombstone(out, envelope, type, now);
	if (out->n - from > json.n) {
		out->n = from;
		write_tombstone(out, envelope, type, NULL);
	}
	while (out->n - from < json.n)
		buf_char(out, ' ');
	return true;
}
