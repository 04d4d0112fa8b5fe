/* A list of feeds → a file for feeds.d/. What another reader calls a folder is taken for an agency; which
 * city it belongs to the list does not say, so all goes to one body, or to the city that is named. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/map.h"
#include "cli/opml.h"
#include "cli/propose.h"

/* One feed with the place that is proposed for it. */
struct entry {
	const struct opml_feed *feed;
	struct str city, city_name, agency, agency_name, id;
	size_t order; /* of its agency's first feed, then its own */
};

struct import {
	struct arena arena;
	struct opml_import *options;
	const struct opml *opml;
	struct str place, place_name;
	struct map urls, ids;
	struct entry *entries;
	struct buf left_out; /* comments */
};

static bool is_id(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(ascii_is_alnum((unsigned char)s.p[i]) && ascii_lower(s.p[i]) == s.p[i]) &&
			s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= 40;
}

static struct str made_id(struct import *in, struct str text)
{
	struct buf id = BUF_INIT;

	propose_id(&id, text);
	struct str kept = arena_str(&in->arena, buf_view(&id));
	buf_deinit(&id);
	return kept;
}

static struct str or_else(struct str text, struct str fallback)
{
	return text.n ? text : fallback;
}

static struct str folder(const struct opml_feed *feed, size_t from_inside)
{
	return feed->n_folders > from_inside ? feed->folders[feed->n_folders - 1 - from_inside]
					     : STR_NONE;
}

/* Our own export says where each feed belongs; of others it is proposed. */
static void place(struct import *in, struct entry *e)
{
	const struct opml_feed *feed = e->feed;
	struct str rest = feed->id, host = propose_host(feed->url);
	struct str parts[3] = {STR_NONE, STR_NONE, STR_NONE};
	size_t n = 0;

	while (n < 3 && str_split(&rest, '.', &parts[n]))
		n++;
	if (n == 3 && !rest.n && is_id(parts[0]) && is_id(parts[1]) && is_id(parts[2]) &&
		!in->options->place) {
		e->city = parts[0];
		e->city_name = or_else(folder(feed, 1), parts[0]);
		e->agency = parts[1];
		e->agency_name = or_else(folder(feed, 0), parts[1]);
		e->id = parts[2];
		return;
	}
	e->city = in->place;
	e->city_name = in->place_name;
	e->agency_name = or_else(folder(feed, 0), host);
	e->agency = made_id(in, e->agency_name);
	e->id = made_id(in, or_else(feed->text, host));
}

/* Two feeds of one agency cannot have one id. */
static void make_unique(struct import *in, struct entry *e)
{
	struct str id = e->id;

	for (unsigned n = 2;; n++) {
		struct str full = arena_printf(&in->arena, "%.*s.%.*s.%.*s", STR_FMT(e->city),
			STR_FMT(e->agency), STR_FMT(e->id));
		if (!map_add(&in->ids, full, e))
			return;
		e->id = arena_printf(&in->arena, "%.*s-%u", STR_FMT(str_head(id, 36)), n);
	}
}

static void leave_out(struct import *in, const struct opml_feed *feed, const char *why)
{
	struct buf url = BUF_INIT;

	json_quote(&url, str_head(feed->url, 500));
	buf_printf(&in->left_out, "#   %s: %s\n", buf_cstr(&url), why);
	buf_deinit(&url);
}

static bool is_usable(struct str url)
{
	struct str rest = str_skip(url, str_find(url, STR("://")) + 3);
	size_t end = 0;

	if (!str_istarts(url, STR("http://")) && !str_istarts(url, STR("https://")))
		return false;
	while (end < rest.n && !memchr("/?#", rest.p[end], 3))
		end++;
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ')
			return false;
	return end > 0 && str_chr(str_head(rest, end), '@') == end;
}

static bool takes(struct import *in, const struct opml_feed *feed)
{
	if (!is_usable(feed->url)) {
		in->options->unusable++;
		leave_out(in, feed, "no http or https address, or one with a password in it");
	} else if (map_get(&in->urls, feed->url) == in->options) {
		in->options->known++;
		leave_out(in, feed, "the configuration has it");
	} else if (map_add(&in->urls, feed->url, (void *)feed)) {
		in->options->twice++;
		leave_out(in, feed, "it stands here twice");
	} else {
		return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = str_cmp(x->city, y->city);

	/* Cities before bodies, which have a heading of their own. */
	bool x_body = str_starts(x->city, STR("x-")), y_body = str_starts(y->city, STR("x-"));
	if (x_body != y_body)
		return x_body ? 1 : -1;
	if (!order)
		order = str_cmp(x->agency, y->agency);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void write_feed(struct buf *out, const struct entry *e)
{
	buf_printf(out, "          - id: %.*s\n            url: ", STR_FMT(e->id));
	json_quote(out, e->feed->url);
	if (e->feed->text.n && !e->feed->id.n) {
		buf_lit(out, "\n            name: ");
		propose_name(out, e->feed->language, e->feed->text);
	}
	if (e->feed->language.n) {
		buf_lit(out, "\n            language: ");
		json_quote(out, e->feed->language);
	}
	buf_char(out, '\n');
}

static void write_entries(struct buf *out, const struct entry *entries, size_t n)
{
	const struct entry *before = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &entries[i];
		bool is_body = str_starts(e->city, STR("x-"));
		bool new_city = !before || !str_eq(before->city, e->city);
		if (!before || is_body != str_starts(before->city, STR("x-")))
			buf_str(out, is_body ? STR("bodies:\n") : STR("cities:\n"));
		if (new_city) {
			buf_printf(out, "  - id: %.*s\n    name: ", STR_FMT(e->city));
			propose_name(out, e->feed->language, e->city_name);
			buf_lit(out, "\n    agencies:\n");
		}
		if (new_city || !str_eq(before->agency, e->agency)) {
			buf_printf(out, "      - id: %.*s\n        name: ", STR_FMT(e->agency));
			propose_name(out, e->feed->language, e->agency_name);
			buf_lit(out, "\n        feeds:\n");
		}
		write_feed(out, e);
		before = e;
	}
}

static void write_heading(struct buf *out, const struct import *in)
{
	const struct opml_import *o = in->options;
	struct buf name = BUF_INIT;

	json_quote(&name, str_of(o->from));
	buf_printf(out, "# Proposed by civicwire opml import from %s: %zu feed%s.\n",
		buf_cstr(&name), o->taken, o->taken == 1 ? "" : "s");
	buf_deinit(&name);
	buf_lit(out, "# Look over, before the daemon reads this:\n"
		     "#   ids      of cities, agencies and feeds: subscribers will know them, so "
		     "they stay\n"
		     "#   cities   a city's id is country and code (co-mde); what begins with x- "
		     "is no city\n"
		     "#   language and timezone, once for each city or agency, where feeds do not "
		     "say them\n"
		     "#   names    by language: { es: …, en: … }; 'und' is a language that nobody "
		     "knows\n");
	if (in->left_out.n) {
		buf_lit(out, "# Left out:\n");
		buf_str(out, buf_view(&in->left_out));
	}
}

static void begin(struct import *in)
{
	const struct config *config = in->options->config;
	struct str title = or_else(in->opml->title, STR("opml"));

	map_init(&in->urls);
	map_init(&in->ids);
	for (size_t i = 0; config && i < config->n_feeds; i++)
		map_add(&in->urls, str_of(config->feeds[i]->url), in->options);
	in->place = in->options->place
			    ? str_of(in->options->place)
			    : arena_printf(&in->arena, "x-%.*s", STR_FMT(made_id(in, title)));
	in->place_name = in->options->place ? in->place : title;
}

void opml_write_yaml(struct buf *out, const struct opml *opml, struct opml_import *import)
{
	struct import in = {.arena = ARENA_INIT, .options = import, .opml = opml};

	begin(&in);
	in.entries = mem_zalloc(opml->n_feeds + 1, sizeof *in.entries);
	for (size_t i = 0; i < opml->n_feeds; i++) {
		struct entry *e = &in.entries[import->taken];
		if (!takes(&in, &opml->feeds[i]))
			continue;
		*e = (struct entry){.feed = &opml->feeds[i], .order = i};
		place(&in, e);
		make_unique(&in, e);
		import->taken++;
	}
	qsort(in.entries, import->taken, sizeof *in.entries, compare);
	write_heading(out, &in);
	write_entries(out, in.entries, import->taken);
	map_deinit(&in.urls);
	map_deinit(&in.ids);
	buf_deinit(&in.left_out);
	free(in.entries);
	arena_deinit(&in.arena);
}
