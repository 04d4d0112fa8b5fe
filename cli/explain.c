/* civicwire explain: why did somebody get this, or not? All from the journal and the configuration, beside
 * a running daemon or without one. */
#include "cli/explain.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/list.h"
#include "cli/verb.h"
#include "digest/vocabulary.h"
#include "journal/known.h"
#include "normalize/url.h"

#define DEFAULT_FOLDER "/etc/civicwire"

static const char usage[] =
	"Usage: civicwire explain [OPTION]... EVENT-ID|ITEM-ID|URL\n"
	"Says what became of an item: when it was seen, which events told of it, under which "
	"topics,\n"
	"by which words or rules it has its themes, and who may read it. EVENT-ID is that of one "
	"event\n"
	"(co-mde.aci.news/KEY/2); without the version, and for the URL or the id that the feed "
	"gave "
	"an\n"
	"item, all its events are explained. Reads the journal, beside a running daemon or "
	"without.\n"
	"\n"
	"      --client NAME      say whether this client of clients.d may read it, and if not, "
	"why\n"
	"      --feed ID          look in this feed alone, which is quicker\n"
	"  -c, --config DIR       the configuration (default " DEFAULT_FOLDER ")\n"
	"      --journal FILE     the journal's file (default: as the configuration says)\n"
	"  -j, --json             print all that was found as one JSON object\n"
	"  -h, --help             show this\n"
	"\n"
	"Exit status: 0 it is in the journal; 1 it is not; 64 wrong usage; 65 the journal is "
	"damaged;\n"
	"66 no such journal; 74 it cannot be read, or the output not written; 77 not allowed; 78 "
	"the\n"
	"configuration is broken.\n";

struct search {
	struct past_sink sink;
	struct explain_run *run;
	struct str id;    /* of an event, or "<feed>/KEY/" of an item */
	struct buf alias; /* of the URL that is looked for */
	struct buf scratch;
	json_t *events;
};

/* ---- one event ---- */

static json_t *json_text(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.n);
}

static void set_text(json_t *object, const char *name, struct str s)
{
	if (s.p && s.n)
		json_object_set_new(object, name, json_text(s));
}

static const struct feed *find_feed(const struct config *config, struct str id)
{
	for (size_t i = 0; i < config->n_feeds; i++)
		if (str_is(id, config->feeds[i]->id))
			return config->feeds[i];
	return NULL;
}

/* The reasons for themes by the rules of today; what is assigned was decided when the event was
 * journaled. */
static json_t *reasons(const struct explain_run *run, const struct past_event *event)
{
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	const struct feed *feed = find_feed(run->config, past_text(event->json, "cwfeed"));
	json_t *all = json_array();
	struct str *themes;
	struct item item;

	past_item(event, &arena, &item);
	size_t n = theme_find(run->rules, &arena, feed ? feed->id : "", feed ? feed->themes : NULL,
		feed ? feed->n_themes : 0, &item, &themes);
	for (size_t i = 0; i < item.explain->n_themes; i++) {
		const struct explain_theme *why = &item.explain->themes[i];
		json_t *one = json_object();
		bool enough = false;
		for (size_t k = 0; k < n; k++)
			enough |= str_eq(themes[k], why->theme);
		set_text(one, "theme", why->theme);
		set_text(one, "by", str_of(why->by));
		set_text(one, "what", why->what);
		set_text(one, "where", why->where);
		json_object_set_new(one, "enough", json_boolean(enough));
		json_array_append_new(all, one);
	}
	return all;
}

static bool matches(struct search *s, struct str text)
{
	if (!text.n)
		return false;
	if (str_is(text, s->run->what))
		return true;
	buf_clear(&s->scratch);
	url_alias(&s->scratch, text);
	return s->alias.n && str_eq(buf_view(&s->scratch), buf_view(&s->alias));
}

static bool is_meant(struct search *s, const json_t *event)
{
	const json_t *data = json_object_get(event, "data");
	struct str id = past_text(event, "id");

	if (s->id.n)
		return s->id.p[s->id.n - 1] == '/' ? str_starts(id, s->id) : str_eq(id, s->id);
	return matches(s, past_text(event, "subject")) || matches(s, past_text(data, "id")) ||
	       matches(s, past_text(data, "url"));
}

static int on_event(struct past_sink *sink, const struct past_event *event)
{
	struct search *s = container_of(sink, struct search, sink);
	json_t *found, *views;

	if (!is_meant(s, event->json))
		return 0;
	found = json_object();
	views = json_array();
	for (size_t i = 0; i < event->n_views; i++)
		json_array_append_new(views, json_text(event->views[i]));
	json_object_set_new(found, "sequence", json_integer((json_int_t)event->seq));
	json_object_set(found, "event", event->json);
	json_object_set_new(found, "views", views);
	json_object_set_new(found, "themes", reasons(s->run, event));
	json_object_set_new(found, "readers", explain_readers(s->run, views));
	json_array_append_new(s->events, found);
	return 0;
}

/* What must stand in the bytes of an event that is meant: it spares reading the others. */
static bool on_want(struct past_sink *sink, struct str body)
{
	struct search *s = container_of(sink, struct search, sink);
	struct str needle = s->id.n ? s->id : buf_view(&s->alias);

	needle = str_head(needle, str_chr(needle, '?'));
	return str_ifind(body, needle) < body.n || str_find(body, str_of(s->run->what)) < body.n;
}

/* ---- what is remembered beside the events ---- */

struct memory {
	struct journal_known_sink sink;
	json_t *seen;
};

static void on_known(struct journal_known_sink *sink, const struct journal_known *known)
{
	struct memory *memory = container_of(sink, struct memory, sink);
	char when[TIME_TEXT_MAX];
	json_t *one = json_object();

	time_format_s(known->last_seen_us / SEC_US, when);
	set_text(one, "feed", known->feed);
	set_text(one, "item", str_of(known->item));
	set_text(one, "id", known->subject);
	set_text(one, "last_seen", str_of(when));
	json_object_set_new(one, "version", json_integer(known->version));
	json_object_set_new(one, "withdrawn", json_boolean(known->withdrawn));
	json_array_append_new(memory->seen, one);
}

static int remember(struct search *s, const char *path, const char *feed, struct error *error)
{
	struct memory memory = {{on_known}, json_array()};
	struct journal_known_query query = {.feed = feed, .subject = str_of(s->run->what)};

	if (s->id.n) {
		struct str rest = str_skip(s->id, str_chr(s->id, '/') + 1);
		query.item = str_head(rest, str_chr(rest, '/'));
	} else {
		query.alias = hash_mix(buf_view(&s->alias));
	}
	json_object_set_new(s->run->found, "seen", memory.seen);
	return journal_known(path, &query, &memory.sink, error);
}

/* ---- the search ---- */

/* "co-mde.aci.news/KEY/2", "co-mde.aci.news/KEY/", "co-mde.aci.news/KEY": the feed's part, else
 * STR_NONE. */
static struct str feed_part(const char *what)
{
	struct str id = str_of(what), feed = str_head(id, str_chr(id, '/'));
	size_t points = 0;

	for (size_t i = 0; i < feed.n; i++) {
		char c = feed.p[i];
		if (c != '.' && c != '-' &&
			!(ascii_is_alnum((unsigned char)c) && ascii_lower(c) == c))
			return STR_NONE;
		points += c == '.';
	}
	return points == 2 && feed.n < id.n ? feed : STR_NONE;
}

/* The item's own part of an event's id, with its slash: all versions begin with it. */
static struct str item_part(struct arena *arena, struct str id, size_t feed_n)
{
	struct str rest = str_skip(id, feed_n + 1);
	size_t slash = str_chr(rest, '/');

	if (slash == rest.n)
		return arena_printf(arena, "%.*s/", STR_FMT(id));
	return id;
}

static int search(struct explain_run *run)
{
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	struct search s = {.sink = {on_want, on_event}, .run = run, .events = json_array()};
	struct str feed = feed_part(run->what);
	struct journal_extent extent;
	struct error error = {0};
	const char *feed_id = run->feed;

	if (feed.p) {
		feed_id = arena_str(&arena, feed).p;
		s.id = item_part(&arena, str_of(run->what), feed.n);
	} else {
		url_alias(&s.alias, str_of(run->what));
	}
	const char *path = run->journal ? run->journal : run->config->journal.path;
	int r = past_read_journal(path, feed_id, &s.sink, &extent, &error);
	run->found = json_object();
	json_object_set_new(run->found, "events", s.events);
	if (r >= 0)
		r = remember(&s, path, feed_id, &error);
	buf_deinit(&s.alias);
	buf_deinit(&s.scratch);
	if (r < 0) {
		fprintf(stderr, "civicwire explain: %s\n", error.text);
		return verb_exit_status(-r);
	}
	json_object_set_new(run->found, "oldest", json_integer((json_int_t)extent.oldest));
	json_object_set_new(run->found, "head", json_integer((json_int_t)extent.head));
	if (feed_id)
		json_object_set_new(run->found, "feed", json_string(feed_id));
	return EX_OK;
}

static void on_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

static bool has_client(const struct explain_run *run)
{
	for (size_t i = 0; i < run->config->clients->n; i++)
		if (!strcmp(run->config->clients->items[i].name, run->client))
			return true;
	return false;
}

static int explain(struct explain_run *run)
{
	struct config_report report = {.problem = on_problem};
	struct error error = {0};
	int r = config_load(&run->config, run->folder, &report, &error);

	if (r < 0) {
		if (r != -EINVAL)
			fprintf(stderr, "civicwire explain: %s\n", error.text);
		return EX_CONFIG;
	}
	if (run->client && !has_client(run))
		return verb_misused("explain", "there is no client '%s' in %s/clients.d",
			run->client, run->config->folder);
	run->rules = vocabulary_rules(run->config);
	r = search(run);
	if (r != EX_OK)
		return r;
	if (run->json) {
		json_dumpf(run->found, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		explain_show(run);
	}
	r = verb_flush("explain");
	if (r != EX_OK)
		return r;
	return json_array_size(json_object_get(run->found, "events")) ? EX_OK : 1;
}

int verb_explain(int argc, char **argv)
{
	enum { OPTION_CLIENT = 256, OPTION_FEED, OPTION_JOURNAL };
	static const struct option options[] = {
		{"client", required_argument, NULL, OPTION_CLIENT},
		{"feed", required_argument, NULL, OPTION_FEED},
		{"config", required_argument, NULL, 'c'},
		{"journal", required_argument, NULL, OPTION_JOURNAL},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct explain_run run = {.folder = DEFAULT_FOLDER};

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":c:jh", options, NULL)) >= 0;) {
		switch (c) {
		case OPTION_CLIENT:
			run.client = optarg;
			break;
		case OPTION_FEED:
			run.feed = optarg;
			break;
		case 'c':
			run.folder = optarg;
			break;
		case OPTION_JOURNAL:
			run.journal = optarg;
			break;
		case 'j':
			run.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return verb_flush("explain");
		default:
			return verb_misused("explain",
				c == ':' ? "%s wants a value" : "unknown option '%s'",
				argv[optind - 1]);
		}
	}
	if (argc - optind != 1)
		return verb_misused("explain", "say one event's id, item's id or URL");
	run.what = argv[optind];
	int r = explain(&run);
	json_decref(run.found);
	theme_rules_free(run.rules);
	config_free(run.config);
	return r;
}
