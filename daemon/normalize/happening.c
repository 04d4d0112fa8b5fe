/* Things that happen, and warnings of them: _event and _alert.
 *
 * A CAP alert says the same once per language (<info>). The one that is read is the one in the
 * language the operator gave the feed, else in the document's own, else the first. Its words fill
 * what the entry around it leaves empty: headline → title, description → summary, description and
 * instruction → content, web → url, areas → _geo. */
#include "normalize/normalizing.h"

#include "normalize/text.h"

/* The names of areas together: a warning for every county of a land has 3,000 bytes of them. */
#define AREAS_BYTES_MAX (16 * 1024)

/* ---- alerts ---- */

static struct str primary(struct str language)
{
	language = str_trim(language);
	return str_head(language, str_chr(str_head(language, str_chr(language, '_')), '-'));
}

/* The info in this very language, else in its kin ("fr" for "fr-CA"). */
static const struct raw_info *info_in(const struct raw_alert *alert, struct str language)
{
	if (!str_trim(language).n)
		return NULL;
	for (size_t i = 0; i < alert->n_infos; i++)
		if (str_ieq(str_trim(alert->infos[i].language), str_trim(language)))
			return &alert->infos[i];
	for (size_t i = 0; i < alert->n_infos; i++)
		if (str_ieq(primary(alert->infos[i].language), primary(language)))
			return &alert->infos[i];
	return NULL;
}

static const struct raw_info *choose(const struct normalizing *w, const struct raw_alert *alert)
{
	const struct raw_info *info = info_in(alert, w->context->language);

	if (!info)
		info = info_in(alert, w->document->language);
	return info ? info : &alert->infos[0];
}

static struct text plain(const struct raw_info *info, struct str value)
{
	return (struct text){.value = value, .type = TEXT_PLAIN, .language = info->language};
}

struct entry normalize_alert_choose(
	const struct normalizing *w, const struct entry *entry, const struct raw_info **ret_info)
{
	struct entry e = *entry;

	*ret_info = NULL;
	if (!entry->alert.n_infos)
		return e;
	const struct raw_info *info = *ret_info = choose(w, &entry->alert);
	if (!str_trim(e.title.value).n)
		e.title = plain(info, info->headline.n ? info->headline : info->event);
	if (!str_trim(e.content.value).n)
		e.content = plain(info, info->instruction.n ? arena_printf(w->arena, "%.*s\n\n%.*s",
								      STR_FMT(info->description),
								      STR_FMT(info->instruction))
							    : info->description);
	if (!str_trim(e.summary.value).n)
		e.summary = plain(info, info->description);
	if (!str_trim(e.link).n && !e.n_links)
		e.link = info->web;
	if (!e.dates.expires.n)
		e.dates.expires = info->expires;
	if (!e.n_places) {
		e.places = info->places;
		e.n_places = info->n_places;
	}
	return e;
}

static struct str area_names(struct normalizing *w, const struct raw_info *info)
{
	struct buf *out = &w->n->alias; /* normalize_line() has use for the others */

	buf_clear(out);
	for (size_t i = 0; i < info->n_areas; i++) {
		struct str name = normalize_line(w, info->areas[i]);
		if (out->n + name.n > AREAS_BYTES_MAX) {
			w->flaws |= FLAW_CONTENT_CUT;
			break;
		}
		if (out->n && name.n)
			buf_lit(out, "; ");
		buf_str(out, name);
	}
	return out->n ? arena_str(w->arena, buf_view(out)) : STR_NONE;
}

static size_t lines(struct normalizing *w, const struct str *raw, size_t n, struct str **ret)
{
	struct str *list = NULL;
	size_t count = 0, cap = 0;

	for (size_t i = 0; i < n; i++) {
		struct str line = normalize_line(w, raw[i]);
		if (line.n)
			*ARENA_PUSH(w->arena, list, count, cap) = line;
	}
	*ret = list;
	return count;
}

static void add_geocodes(
	struct normalizing *w, const struct raw_info *info, struct item_alert *alert)
{
	size_t cap = 0;

	for (size_t i = 0; i < info->n_geocodes; i++) {
		struct geocode code = {normalize_line(w, info->geocodes[i].name),
			normalize_line(w, info->geocodes[i].value)};
		bool known = !code.value.n;
		for (size_t k = 0; k < alert->n_geocodes && !known; k++)
			known = str_eq(alert->geocodes[k].value, code.value) &&
				str_eq(alert->geocodes[k].name, code.name);
		if (!known)
			*ARENA_PUSH(w->arena, alert->geocodes, alert->n_geocodes, cap) = code;
	}
}

static void add_info(struct normalizing *w, const struct raw_info *info, struct item *item)
{
	struct item_alert *a = &item->alert;

	a->event = normalize_line(w, info->event);
	a->severity = normalize_line(w, info->severity);
	a->urgency = normalize_line(w, info->urgency);
	a->certainty = normalize_line(w, info->certainty);
	a->sender_name = normalize_line(w, info->sender_name);
	a->headline = normalize_line(w, info->headline);
	if (str_eq(a->headline, item->title))
		a->headline = STR_NONE; /* said already */
	a->instruction = normalize_line(w, info->instruction);
	a->area_desc = area_names(w, info);
	a->effective_s = normalize_date(w, info->effective);
	a->onset_s = normalize_date(w, info->onset);
	a->expires_s = normalize_date(w, info->expires);
	a->n_categories = lines(w, info->categories, info->n_categories, &a->categories);
	a->n_response_types =
		lines(w, info->response_types, info->n_response_types, &a->response_types);
	add_geocodes(w, info, a);
}

void normalize_alert(struct normalizing *w, const struct entry *entry, const struct raw_info *info,
	struct item *item)
{
	const struct raw_alert *raw = &entry->alert;
	struct item_alert *a = &item->alert;

	*a = (struct item_alert){.identifier = normalize_line(w, raw->identifier),
		.sender = normalize_line(w, raw->sender),
		.sent_s = normalize_date(w, raw->sent),
		.status = normalize_line(w, raw->status),
		.msg_type = normalize_line(w, raw->msg_type),
		.scope = normalize_line(w, raw->scope),
		.references = normalize_line(w, raw->references),
		.effective_s = TIME_NONE,
		.onset_s = TIME_NONE,
		.expires_s = TIME_NONE};
	if (info)
		add_info(w, info, item);
	item->has_alert = info || a->identifier.n || a->msg_type.n || a->status.n;
}

/* ---- events ---- */

/* "2021-05-01", "20210501": a day, not the first moment of one. */
static bool is_day(struct str raw)
{
	struct str s = str_trim(raw);
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (ascii_is_digit((unsigned char)s.p[i]))
			digits++;
		else if (s.p[i] != '-' || s.n != 10)
			return false;
	}
	return digits == 8;
}

static bool is_utc(struct str zone)
{
	static const char *const names[] = {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is_i(zone, names[i]))
			return true;
	return false;
}

/* iCalendar's "20210501T190000Z" with the zone beside it: a Z wins over the zone (RFC 5545 has no
 * TZID with it). Rules of zones change too often to be kept here, so a local time stays one. */
static struct item_time read_time(struct normalizing *w, struct str raw, struct str zone)
{
	struct str text = str_trim(raw);
	bool has_offset = str_ends(text, STR("Z")) || str_chr(text, '+') < text.n;

	return (struct item_time){.s = normalize_date(w, raw),
		.day = is_day(raw),
		.is_local = str_trim(zone).n && !is_utc(str_trim(zone)) && !has_offset};
}

void normalize_event(struct normalizing *w, const struct entry *entry, struct item *item)
{
	const struct raw_event *raw = &entry->event;
	struct item_event *e = &item->event;

	*e = (struct item_event){.start = read_time(w, raw->start, raw->start_zone),
		.end = read_time(w, raw->end, raw->end_zone),
		.name = normalize_line(w, raw->name),
		.location = normalize_line(w, raw->location),
		.organizer = normalize_line(w, raw->organizer),
		.type = normalize_line(w, raw->type),
		.url = normalize_url(w, entry->base, raw->url)};
	if (e->start.is_local || e->end.is_local)
		e->time_zone =
			normalize_line(w, e->start.is_local ? raw->start_zone : raw->end_zone);
	if (str_eq(e->name, item->title))
		e->name = STR_NONE;
	item->has_event = e->start.s != TIME_NONE || e->end.s != TIME_NONE || e->location.n ||
			  e->organizer.n || e->name.n || e->type.n;
}
