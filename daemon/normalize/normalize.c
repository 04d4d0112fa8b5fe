#include "normalize/normalize.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "normalize/normalizing.h"
#include "normalize/text.h"
#include "normalize/url.h"

/* A date this far ahead of our clock is no future date: clocks differ, and servers' by minutes. */
#define FUTURE_S (10 * 60)
/* What the buffers keep between items: the common one is 2.7 KB, and one giant must not be held. */
#define BUFFER_KEEP (256 * 1024)

struct normalizer *normalizer_new(void)
{
	return mem_zalloc(1, sizeof(struct normalizer));
}

struct normalizer *normalizer_free(struct normalizer *n)
{
	if (!n)
		return NULL;
	buf_deinit(&n->scratch);
	buf_deinit(&n->html);
	buf_deinit(&n->text);
	buf_deinit(&n->alias);
	buf_deinit(&n->blanks);
	buf_deinit(&n->addresses);
	free(n);
	return NULL;
}

static void shrink(struct normalizer *n)
{
	buf_shrink(&n->scratch, BUFFER_KEEP);
	buf_shrink(&n->html, BUFFER_KEEP);
	buf_shrink(&n->text, BUFFER_KEEP);
	buf_shrink(&n->alias, BUFFER_KEEP);
	buf_shrink(&n->blanks, BUFFER_KEEP);
	buf_shrink(&n->addresses, BUFFER_KEEP);
}

struct str normalize_base(const struct normalizing *w, struct str own)
{
	struct str base;

	if (!own.n)
		return w->base;
	if (url_is_absolute(own))
		return own;
	base = url_resolve(w->arena, w->base, own);
	return url_is_absolute(base) ? base : w->base;
}

struct str normalize_url(const struct normalizing *w, struct str own_base, struct str ref)
{
	ref = str_trim(ref);
	if (!ref.n)
		return STR_NONE;
	struct str url = url_resolve(w->arena, normalize_base(w, own_base), ref);
	return url_is_safe(url) ? url : STR_NONE;
}

int64_t normalize_date(struct normalizing *w, struct str raw)
{
	int64_t s;

	if (!raw.n)
		return TIME_NONE;
	switch (date_parse(raw, &w->dates, &s)) {
	case DATE_OK:
		return s;
	case DATE_INVALID:
		w->flaws |= FLAW_DATE_INVALID;
		break;
	case DATE_AMBIGUOUS:
		w->flaws |= FLAW_DATE_AMBIGUOUS;
		break;
	case DATE_NONE:
		break;
	}
	return TIME_NONE;
}

int64_t normalize_member_date(struct normalizing *w, const char *member, struct str raw)
{
	struct date_reading reading = {0};
	unsigned before = w->flaws;

	if (!w->explain || !str_trim(raw).n)
		return normalize_date(w, raw);
	w->dates.reading = &reading;
	w->flaws = 0;
	int64_t s = normalize_date(w, raw);
	explain_date(w->explain,
		&(struct explain_date){.member = member,
			.raw = raw,
			.form = reading.form,
			.decided_by = reading.decided_by,
			.zone = s == TIME_NONE || reading.zone ? reading.zone : "none given: UTC",
			.flaw = w->flaws & FLAW_DATE_AMBIGUOUS ? "ambiguous"
				: w->flaws & FLAW_DATE_INVALID ? "invalid"
							       : NULL,
			.s = s});
	w->dates.reading = NULL;
	w->flaws |= before;
	return s;
}

struct str normalize_line(struct normalizing *w, struct str raw)
{
	struct buf *b = &w->n->scratch;

	if (!raw.n)
		return STR_NONE;
	raw = normalize_repair(w, raw);
	if (text_is_folded(raw))
		return raw;
	buf_clear(b);
	if (text_fold(b, raw))
		w->flaws |= FLAW_TEXT_REPAIRED;
	/* Ids, names and numbers are compared and taken apart: no blank in them is typography. */
	return b->n ? arena_str(w->arena, text_blanks(&w->n->blanks, buf_view(b))) : STR_NONE;
}

struct str normalize_text(struct normalizing *w, const struct text *text)
{
	struct text repaired = *text;
	struct str line;

	if (!text->value.n)
		return STR_NONE;
	repaired.value = normalize_repair(w, text->value);
	line = text_plain(w->arena, &w->n->scratch, &repaired, &w->flaws);
	return line.n ? line : STR_NONE;
}

struct str normalize_media_type(const struct normalizing *w, struct str raw)
{
	struct str s = str_trim(str_head(raw, str_chr(raw, ';')));

	if (s.n > 100 || str_chr(s, '/') == s.n)
		return STR_NONE;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7F)
			return STR_NONE;
	char *lower = arena_alloc(w->arena, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		lower[i] = ascii_lower(s.p[i]);
	lower[s.n] = '\0';
	return str_make(lower, s.n);
}

/* The page that a list of links points people to: rel "alternate", HTML before anything else. */
static const struct link *alternate(const struct link *links, size_t n)
{
	const struct link *any = NULL;

	for (size_t i = 0; i < n; i++) {
		struct str rel = str_trim(links[i].rel), type = str_trim(links[i].type);
		if (!str_trim(links[i].href).n || (rel.n && !str_is_i(rel, "alternate")))
			continue;
		if (!type.n || str_istarts(type, STR("text/html")) ||
			str_istarts(type, STR("application/xhtml+xml")))
			return &links[i];
		if (!any)
			any = &links[i];
	}
	return any;
}

static struct str pick_link(const struct normalizing *w, struct str link, struct str link_base,
	const struct link *links, size_t n)
{
	struct str url = normalize_url(w, link_base, link);
	const struct link *l;

	if (url.n)
		return url;
	l = alternate(links, n);
	return l ? normalize_url(w, l->base, l->href) : STR_NONE;
}

/* Where the document is: its xml:base counts from there. */
static struct str document_base(
	const struct normalize_context *context, const struct document *d, struct arena *arena)
{
	struct str url = d->url.n ? d->url : context->url;
	struct str base = str_trim(d->base);

	if (!base.n)
		return url;
	return url_is_absolute(base) ? base : url_resolve(arena, url, base);
}

static struct normalizing begin(struct normalizer *n, const struct normalize_context *context,
	const struct document *document, struct arena *arena)
{
	struct normalizing w = {.n = n, .context = context, .document = document, .arena = arena};

	w.base = document_base(context, document, arena);
	w.dates.timezone = context->timezone;
	return w;
}

/* EVENT: relative to xml:base, else to the feed's link, else to where the document came from. */
static void use_feed_link_as_base(struct normalizing *w)
{
	const struct document *d = w->document;
	struct str link;

	if (d->base.n)
		return;
	link = pick_link(w, d->link, d->link_base, d->links, d->n_links);
	if (url_is_web(link))
		w->base = link;
}

/* The first of these that is a language. */
static struct str pick_language(
	struct arena *arena, const struct str *from, size_t n, size_t *ret_which)
{
	for (size_t i = 0; i < n; i++) {
		struct str language = from[i].n ? text_language(arena, from[i]) : STR_NONE;
		if (language.n) {
			*ret_which = i;
			return language;
		}
	}
	return STR_NONE;
}

static void settle_language(struct normalizing *w, const struct entry *entry, struct item *item)
{
	static const char document[] = "document or Content-Language";
	static const char *const names[] = {
		"entry", "content", "summary", "title", document, "configuration"};
	const struct str from[] = {entry->language, entry->content.language,
		entry->summary.language, entry->title.language, w->document->language,
		w->context->language};
	size_t which;

	item->language = pick_language(w->arena, from, sizeof from / sizeof *from, &which);
	if (w->explain && item->language.n) {
		w->explain->language_from = names[which];
		w->explain->language_raw = from[which];
	}
	w->dates.language = item->language;
}

static void settle_dates(struct normalizing *w, const struct entry *entry, struct item *item)
{
	const struct raw_dates *raw = &entry->dates;

	item->published_s = normalize_member_date(w, "date_published", raw->published);
	item->modified_s = normalize_member_date(w, "date_modified", raw->updated);
	item->created_s = normalize_member_date(w, "_created", raw->created);
	item->expires_s = normalize_member_date(w, "_expires", raw->expires);
	if (!str_trim(raw->published).n && !str_trim(raw->updated).n)
		w->flaws |= FLAW_DATE_MISSING;
	if (w->context->now_s != TIME_NONE &&
		(item->published_s > w->context->now_s + FUTURE_S ||
			item->modified_s > w->context->now_s + FUTURE_S))
		w->flaws |= FLAW_DATE_FUTURE;
}

/* A guid stands in for the link where it may and is one: a web address or a path. Guids that are
 * only names ("post-4711") would become pages that do not exist. */
static struct str guid_as_link(const struct normalizing *w, const struct entry *entry)
{
	struct str id = str_trim(entry->id);

	if (!entry->id_is_permalink || !(url_is_web(id) || (id.n && id.p[0] == '/')))
		return STR_NONE;
	return normalize_url(w, entry->link_base.p ? entry->link_base : entry->base, id);
}

static void settle_links(struct normalizing *w, const struct entry *entry, struct item *item)
{
	struct str base = entry->link_base.p ? entry->link_base : entry->base;

	const char *from = "feedburner:origLink";

	item->url = normalize_url(w, base, entry->orig_link);
	if (!item->url.n) {
		item->url = pick_link(w, entry->link, base, entry->links, entry->n_links);
		from = "link";
	}
	if (!item->url.n) {
		item->url = guid_as_link(w, entry);
		from = "guid";
	}
	if (!item->url.n)
		w->flaws |= FLAW_LINK_MISSING;
	if (w->explain)
		w->explain->url_from = item->url.n ? from : NULL;
	item->n_links =
		normalize_links(w, entry->link, base, entry->links, entry->n_links, &item->links);
	item->n_attachments = normalize_attachments(
		w, entry->enclosures, entry->n_enclosures, &item->attachments);
	if (item->n_attachments && item->attachments[0].duration_s < 0)
		item->attachments[0].duration_s = normalize_duration(entry->duration);
	item->image = normalize_url(w, entry->image_base, entry->image);
	item->comments = normalize_url(w, entry->comments_base, entry->comments);
	item->license = normalize_url(w, entry->base, entry->license);
}

static void settle_source(struct normalizing *w, const struct entry *entry, struct item *item)
{
	const struct source *raw = &entry->source;
	unsigned flaws = w->flaws;

	item->source = (struct item_source){.title = normalize_text(w, &raw->title),
		.url = normalize_url(w, raw->base, raw->url),
		.id = normalize_line(w, raw->id),
		.updated_s = normalize_date(w, raw->updated)};
	w->flaws = flaws; /* another feed's trouble is not this item's */
	item->has_source = entry->has_source &&
			   (item->source.title.n || item->source.url.n || item->source.id.n ||
				   item->source.updated_s != TIME_NONE);
}

void normalize_entry(struct normalizer *normalizer, const struct normalize_context *context,
	const struct document *document, const struct entry *raw, struct arena *arena,
	struct item *ret)
{
	struct normalizing w = begin(normalizer, context, document, arena);
	struct item item = {.withdrawn = raw->withdrawn};
	const struct raw_info *info = NULL;
	struct entry filled;
	const struct entry *entry = raw;

	shrink(normalizer); /* the last item's body was there until now */
	use_feed_link_as_base(&w);
	if (raw->alert.n_infos) {
		filled = normalize_alert_choose(&w, raw, &info);
		entry = &filled;
	}
	w.flaws = entry->flaws;
	if (context->explain)
		item.explain = w.explain = explain_new(arena);
	settle_language(&w, entry, &item);
	item.title = normalize_text(&w, &entry->title);
	normalize_body(&w, entry, &item);
	settle_dates(&w, entry, &item);
	settle_links(&w, entry, &item);
	item.n_authors = normalize_people(&w, entry->authors, entry->n_authors, &item.authors);
	item.n_contributors = normalize_people(
		&w, entry->contributors, entry->n_contributors, &item.contributors);
	item.n_categories =
		normalize_categories(&w, entry->categories, entry->n_categories, &item.categories);
	item.n_tags = normalize_tags(&w, item.categories, item.n_categories, &item.tags);
	item.rights = normalize_text(&w, &entry->rights);
	settle_source(&w, entry, &item);
	normalize_geo(&w, entry->places, entry->n_places, &item.geo);
	normalize_event(&w, entry, &item);
	normalize_alert(&w, entry, info, &item);
	identity_settle(&w, entry, &item);
	message_settle(&w, &entry->alert, &item);
	change_hash(normalizer, &item, &item.change);
	item.flaws = item.withdrawn ? 0 : w.flaws; /* what is gone lacks nothing */
	*ret = item;
}

static void feed_images(struct normalizing *w, const struct document *d, struct feed_info *info)
{
	info->image_url = normalize_url(w, d->image_base, d->image);
	info->image_title = normalize_line(w, d->image_title);
	info->image_link = normalize_url(w, d->image_base, d->image_link);
	info->icon = normalize_url(w, d->image_base, d->icon);
	info->logo = normalize_url(w, d->image_base, d->logo);
}

/* A ttl above a year says nothing. */
static int64_t minutes(struct str raw)
{
	unsigned long long v;

	return str_u64(str_trim(raw), 366 * 24 * 60, &v) ? (int64_t)v : -1;
}

void normalize_feed(struct normalizer *normalizer, const struct normalize_context *context,
	const struct document *document, struct arena *arena, struct feed_info *ret)
{
	struct normalizing w = begin(normalizer, context, document, arena);
	const struct document *d = document;
	struct feed_info info = {.ttl_min = minutes(d->ttl)};

	size_t which;
	info.language = pick_language(arena,
		(struct str[]){d->language, d->title.language, context->language}, 3, &which);
	w.dates.language = info.language;
	/* In its own letters: case means nothing here; items get the form people filter by. */
	if (str_ieq(info.language, str_trim(d->language)))
		info.language = str_trim(d->language);
	info.title = normalize_text(&w, &d->title);
	info.subtitle = info.description = normalize_text(&w, &d->subtitle);
	info.rights = normalize_text(&w, &d->rights);
	info.home_page_url = pick_link(&w, d->link, d->link_base, d->links, d->n_links);
	info.feed_url = normalize_url(&w, STR_NONE, d->feed_url);
	if (!info.feed_url.n)
		info.feed_url = d->url.n ? d->url : context->url;
	info.id = normalize_line(&w, d->id);
	info.published_s = normalize_date(&w, d->dates.published);
	info.updated_s = normalize_date(&w, d->dates.updated);
	info.generator_name = normalize_line(&w, d->generator);
	info.generator_url = normalize_url(&w, STR_NONE, d->generator_url);
	info.generator_version = normalize_line(&w, d->generator_version);
	info.docs = normalize_url(&w, STR_NONE, d->docs);
	feed_images(&w, d, &info);
	info.n_authors = normalize_people(&w, d->authors, d->n_authors, &info.authors);
	info.n_contributors =
		normalize_people(&w, d->contributors, d->n_contributors, &info.contributors);
	info.n_categories =
		normalize_categories(&w, d->categories, d->n_categories, &info.categories);
	info.n_links =
		normalize_links(&w, d->link, d->link_base, d->links, d->n_links, &info.links);
	normalize_geo(&w, d->places, d->n_places, &info.geo);
	shrink(normalizer);
	*ret = info;
}
