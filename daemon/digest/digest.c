#include "digest/digest.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/list.h"
#include "digest/digesting.h"
#include "model/event.h"
#include "normalize/date.h"

/* What `data` may have of an event: its envelope has 200 topics, texts of the configuration and an
 * id that `data` has too. */
#define DATA_BYTES_MAX (EVENT_BYTES_MAX - 64 * 1024)
/* What is kept of lists and texts in an item that is too long even so: nobody reads more. */
#define CUT_LIST   50
#define CUT_POINTS 1000
#define CUT_TEXT   (64 * 1024)

/* A flawed document may lack what the feed has: its silence says nothing. */
#define FLAWS_INCOMPLETE \
	(FLAW_NOT_WELL_FORMED | FLAW_TRUNCATED | FLAW_LIMIT_REACHED | FLAW_ITEMS_OUTSIDE_CHANNEL)

/* The hourly feed of RSS' syndication module. */
struct period {
	const char *name;
	int64_t us;
};
static const struct period periods[] = {
	{"hourly", HOUR_US},
	{"daily", DAY_US},
	{"weekly", 7 * DAY_US},
	{"monthly", 30 * DAY_US},
	{"yearly", 365 * DAY_US},
};

void digester_set_rules(struct digester *d, const struct theme_rules *rules)
{
	if (!rules && !d->no_rules)
		d->no_rules = theme_rules_new();
	d->rules = rules ? rules : d->no_rules;
}

struct digester *digester_new(const struct theme_rules *rules)
{
	struct digester *d = mem_zalloc(1, sizeof *d);

	d->parser = parser_new();
	d->normalizer = normalizer_new();
	digester_set_rules(d, rules);
	d->arena = ARENA_INIT;
	repeats_init(&d->repeats);
	return d;
}

struct digester *digester_free(struct digester *d)
{
	if (!d)
		return NULL;
	parser_free(d->parser);
	normalizer_free(d->normalizer);
	theme_rules_free(d->no_rules);
	repeats_deinit(&d->repeats);
	arena_deinit(&d->arena);
	buf_deinit(&d->json);
	free(d);
	return NULL;
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/* Long bodies were cut before; this is for items that are long elsewhere, or all escapes. */
static void cut_item(struct item *item)
{
	size_t n = CUT_TEXT;

	item->flaws |= FLAW_CONTENT_CUT;
	item->n_authors = at_most(item->n_authors, CUT_LIST);
	item->n_contributors = at_most(item->n_contributors, CUT_LIST);
	item->n_categories = at_most(item->n_categories, CUT_LIST);
	item->n_tags = at_most(item->n_tags, CUT_LIST);
	item->n_attachments = at_most(item->n_attachments, CUT_LIST);
	item->n_links = at_most(item->n_links, CUT_LIST);
	size_t points = 0;
	for (size_t i = 0; i < item->geo.n; i++)
		points += item->geo.shapes[i].n;
	if (points > CUT_POINTS)
		item->geo = (struct item_geo){0};
	item->alert.n_geocodes = at_most(item->alert.n_geocodes, CUT_LIST);
	item->alert.n_categories = at_most(item->alert.n_categories, CUT_LIST);
	item->alert.n_response_types = at_most(item->alert.n_response_types, CUT_LIST);
	if (item->content_text.n > CUT_TEXT) {
		while (n && ((unsigned char)item->content_text.p[n] & 0xC0) == 0x80)
			n--;
		item->content_text.n = n;
	}
	item->content_html = STR_NONE;
}

/* One guid for several items names none of them: with the link it does. Without a guid the link was the
 * id, and the title tells such items apart. */
static struct str telling_id(struct arena *arena, const struct item *item)
{
	struct str more = item->flaws & FLAW_ID_SYNTHESIZED ? item->title : item->url;

	return more.n ? arena_printf(arena, "%.*s %.*s", STR_FMT(item->id), STR_FMT(more))
		      : item->id;
}

bool digest_entry(struct digester *d, const struct normalize_context *context,
	const struct document *document, const struct entry *entry, struct json *j,
	struct item *ret)
{
	bool again;

	arena_reset(&d->arena);
	normalize_entry(d->normalizer, context, document, entry, &d->arena, ret);
	if (repeats_drop(&d->repeats, ret, &again))
		return false;
	if (again || d->guids_repeat)
		ret->id = telling_id(&d->arena, ret);
	if (ret->explain) { /* the reasons for its themes go with the others */
		const struct feed *feed = d->explained;
		struct str *themes;
		theme_find(d->rules, &d->arena, feed ? feed->id : "", feed ? feed->themes : NULL,
			feed ? feed->n_themes : 0, ret, &themes);
	}
	struct json start = *j;
	size_t before = j->out->n;
	item_write(j, ret);
	if (j->out->n - before > DATA_BYTES_MAX) {
		*j = start;
		j->out->n = before;
		cut_item(ret);
		item_write(j, ret);
	}
	return true;
}

struct run {
	struct parse_sink parsed;
	struct digester *d;
	struct normalize_context context;
	const struct reply *reply;
	struct digest_sink *sink;
	struct batch *batch; /* the one being filled */
	size_t items;
};

static struct batch *next_batch(const struct run *run, bool first)
{
	struct batch *batch = batch_new(run->reply->feed);

	batch->first = first;
	batch->parsed = true;
	batch->received_us = run->reply->finished_us;
	batch->pushed = run->reply->pushed;
	return batch;
}

/* Hands a full batch on, so that the one in hand is never empty and can be the last one. */
static int make_room(struct run *run)
{
	struct batch *full = run->batch;

	if (full->n_items < BATCH_ITEMS_MAX && full->bytes + run->d->json.n <= BATCH_BYTES_MAX)
		return 0;
	if (!full->n_items)
		return 0;
	full->guids_repeat = run->d->repeats.guids_repeat;
	run->batch = next_batch(run, false);
	return run->sink->batch(run->sink, full);
}

static void add_item(struct run *run, const struct item *item)
{
	struct batch *b = run->batch;
	struct arena *arena = &b->arena;
	struct batch_item *to = ARENA_PUSH(arena, b->items, b->n_items, b->cap_items);

	*to = (struct batch_item){.key = item->key,
		.key_link = item->key_link,
		.link_key = item->link_key,
		.title_key = item->title_key,
		.change = item->change,
		.message = item->message,
		.data = arena_str(arena, buf_view(&run->d->json)),
		.subject = arena_str(arena, item->id),
		.language = arena_str(arena, item->language),
		.time_s = item->modified_s != TIME_NONE ? item->modified_s : item->published_s,
		.withdrawn = item->withdrawn};
	if (item->flaws & FLAW_DATE_FUTURE)
		to->time_s = TIME_NONE;
	if (item->n_cancels) {
		to->n_cancels = item->n_cancels;
		to->cancels = arena_alloc(arena, item->n_cancels * sizeof *to->cancels);
		memcpy(to->cancels, item->cancels, item->n_cancels * sizeof *to->cancels);
	}
	to->n_themes = theme_find(run->d->rules, arena, b->feed->id, b->feed->themes,
		b->feed->n_themes, item, &to->themes);
	b->bytes += to->data.n;
}

static int on_entry(struct parse_sink *sink, const struct document *document, struct entry *entry)
{
	struct run *run = container_of(sink, struct run, parsed);
	struct json j = json_to(&run->d->json);
	struct item item;
	int r;

	buf_shrink(&run->d->json, JSON_KEEP);
	if (!digest_entry(run->d, &run->context, document, entry, &j, &item))
		return 0;
	r = make_room(run);
	if (r < 0)
		return r;
	add_item(run, &item);
	run->items++;
	return 0;
}

static struct parse_hints reply_hints(const struct reply *reply)
{
	return (struct parse_hints){
		.url = str_of(reply->url ? reply->url : reply->feed->url),
		.content_type = str_of(reply->content_type),
		.content_location = str_of(reply->content_location),
		.content_language = str_of(reply->content_language),
	};
}

/* The feed's own hint at how often to look: ttl, else the syndication module's period, which is a
 * day where only its frequency is said. */
static int64_t ttl_us(const struct document *d)
{
	unsigned long long n = 1;
	struct str period = str_trim(d->update_period);

	if (str_u64(str_trim(d->ttl), 366 * 24 * 60, &n))
		return n ? (int64_t)n * MIN_US : -1;
	n = 1;
	if (!period.n && !d->update_frequency.n)
		return -1;
	if (d->update_frequency.n && (!str_u64(str_trim(d->update_frequency), 100000, &n) || !n))
		n = 1;
	if (!period.n)
		return DAY_US / (int64_t)n;
	for (size_t i = 0; i < sizeof periods / sizeof *periods; i++)
		if (str_is_i(period, periods[i].name))
			return periods[i].us / (int64_t)n;
	return -1;
}

static int64_t phase_us(const struct document *d)
{
	const struct date_context utc = {0};
	int64_t period = ttl_us(d), s;
	unsigned long long n;

	if (period <= 0 || str_u64(str_trim(d->ttl), 366 * 24 * 60, &n) ||
		date_parse(str_trim(d->update_base), &utc, &s) != DATE_OK)
		return 0;
	int64_t phase = s * SEC_US % period;
	return phase > 0 ? phase : phase + period;
}

/* 0 to 23; RSS 0.91 counts to 24, which is midnight. */
static uint32_t skip_hours(const struct document *d)
{
	struct str rest = d->skip_hours, word;
	unsigned long long hour;
	uint32_t bits = 0;

	while (str_word(&rest, &word))
		if (str_u64(word, 24, &hour))
			bits |= 1u << hour % 24;
	return bits;
}

static uint32_t skip_days(const struct document *d)
{
	static const char *const days[] = {
		"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
	struct str rest = d->skip_days, word;
	uint32_t bits = 0;

	while (str_word(&rest, &word))
		for (unsigned i = 0; i < 7; i++)
			bits |= str_is_i(word, days[i]) ? 1u << i : 0u;
	return bits;
}

int digest_run(struct digester *digester, const struct reply *reply, int64_t now_us,
	struct digest_sink *sink, struct batch **ret_last, struct digest_summary *ret_summary,
	struct error *error)
{
	const struct feed *feed = reply->feed;
	struct parse_hints hints = reply_hints(reply);
	const struct document *document;
	cleanup(batch_free_p) struct batch *last = NULL;
	struct run run = {.parsed.entry = on_entry,
		.d = digester,
		.context = {.url = hints.url,
			.language = str_of(feed->language),
			.timezone = feed->timezone,
			.emails = feed->emails,
			.now_s = now_us / SEC_US},
		.reply = reply,
		.sink = sink};

	repeats_begin(&digester->repeats);
	digester->guids_repeat = reply->state.guids_repeat;
	run.batch = next_batch(&run, true);
	int r = parse_run(digester->parser, &reply->body, &hints, &run.parsed, &document, error);
	last = run.batch;
	if (r < 0)
		return r;
	digester->document = document;
	digester->context = run.context;
	unsigned flaws =
		document->flaws | (digester->repeats.guids_repeat ? FLAW_GUIDS_REPEAT : 0u);
	last->last = true;
	last->guids_repeat = digester->repeats.guids_repeat;
	last->complete = (document->complete || feed->complete) && !(flaws & FLAWS_INCOMPLETE) &&
			 !reply->pushed;
	*ret_summary = (struct digest_summary){.format = document->format,
		.flaws = flaws,
		.items = run.items,
		.guids_repeat = digester->repeats.guids_repeat,
		.ttl_us = ttl_us(document),
		.phase_us = phase_us(document),
		.skip_hours = skip_hours(document),
		.skip_days = skip_days(document)};
	*ret_last = last;
	last = NULL;
	return 0;
}

const struct document *digest_document(const struct digester *digester)
{
	return digester->document;
}

void digest_feed_info(struct digester *digester, struct arena *arena, struct feed_info *ret)
{
	normalize_feed(digester->normalizer, &digester->context, digester->document, arena, ret);
}
