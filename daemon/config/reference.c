#include "config/reference.h"

#include "config/config.h"
#include "config/standing.h"
#include "config/suggest.h"

/* Looking for the nearest of 100,000 ids takes some 10 ms; a file that gets thousands of them wrong
 * is not read to the end by anybody, so after this many comparisons there are no suggestions. */
#define SUGGEST_COMPARISONS_MAX 5000000

struct checker {
	struct binder *binder;
	struct ids *ids;
	size_t comparisons;
};

static struct str agency_of(const struct feed *feed)
{
	return str_head(str_of(feed->id), strlen(feed->city) + 1 + strlen(feed->agency));
}

/* Feeds that stand, or their agencies: their number. `near` NULL: only counts. */
static size_t offer_standing(
	const struct standing_feeds *standing, enum key_type type, struct suggestion *near)
{
	bool feeds = type == KEY_FEED_REF || type == KEY_FEED_PATTERN;
	struct str last = STR_NONE;
	size_t n = 0;

	if (!standing || (!feeds && type != KEY_AGENCY_REF))
		return 0;
	for (size_t i = 0; i < standing->before->n_feeds; i++) {
		const struct feed *feed = standing->before->feeds[i];
		if (!standing_file(standing, i))
			continue;
		struct str id = feeds ? str_of(feed->id) : agency_of(feed);
		if (last.p && str_eq(last, id))
			continue;
		last = id;
		n++;
		if (near)
			suggest_offer(near, id);
	}
	return n;
}

static void report_unknown(struct checker *c, const struct reference *reference, const char *what,
	const struct map *known)
{
	struct problems *problems = c->binder->problems;
	struct suggestion near = suggest_for(str_of(reference->text));
	const char *prefix = place_text(problems, reference->place);
	bool is_client = reference->type == KEY_CLIENT_REF;

	c->comparisons += known->n + offer_standing(c->ids->standing, reference->type, NULL);
	if (c->comparisons <= SUGGEST_COMPARISONS_MAX) {
		map_for_each(it, known)
			suggest_offer(&near, it->key);
		offer_standing(c->ids->standing, reference->type, &near);
	}
	if (near.best.p)
		problem_add(problems, reference->mark,
			"%s%s '%s' is not defined in any file (did you mean '%.*s'?)", prefix, what,
			reference->text, STR_FMT(near.best));
	else
		problem_add(problems, reference->mark,
			"%s%s '%s' is not defined in any file; %s%s%s", prefix, what,
			reference->text,
			is_client ? "make it with `civicwire key new " : "define it",
			is_client ? reference->text : "", is_client ? "`" : ", or take it out");
}

static void check_host(struct checker *c, const struct reference *reference)
{
	struct problems *problems = c->binder->problems;
	const struct reference *other =
		map_add(&c->ids->hosts, str_of(reference->text), (void *)reference);

	if (other)
		problem_add(problems, reference->mark, "host '%s' is already named at %s",
			reference->text, mark_text(&problems->arena, other->mark));
}

static void check_former(struct checker *c, const struct reference *reference)
{
	struct problems *problems = c->binder->problems;
	const char *prefix = place_text(problems, reference->place);
	const struct entry *still = map_get(&c->ids->feeds, str_of(reference->text));
	const struct config_file *standing = standing_feed(c->ids->standing, reference->text);

	if (still || standing) {
		struct mark mark = still ? still->mark : (struct mark){standing, 0, 0};
		problem_add(problems, reference->mark,
			"%sformer id '%s' is still that of the feed at %s", prefix, reference->text,
			mark_text(&problems->arena, mark));
		problem_blame(reference->mark, mark);
		return;
	}
	const struct reference *other =
		map_add(&c->ids->formers, str_of(reference->text), (void *)reference);
	if (!other)
		return;
	problem_add(problems, reference->mark, "%sformer id '%s' is already claimed at %s", prefix,
		reference->text, mark_text(&problems->arena, other->mark));
	problem_blame(reference->mark, other->mark);
}

/* "*" stands for one part of an id, at the end for all that follow. */
static bool pattern_matches(struct str pattern, struct str id)
{
	struct str want, have;

	while (str_split(&pattern, '.', &want)) {
		if (!str_split(&id, '.', &have))
			return false;
		if (!str_is(want, "*") && !str_eq(want, have))
			return false;
		if (str_is(want, "*") && str_is_none(pattern))
			return true;
	}
	return !str_split(&id, '.', &have);
}

static bool matches_standing(const struct checker *c, struct str pattern)
{
	const struct standing_feeds *standing = c->ids->standing;

	for (size_t i = 0; standing && i < standing->before->n_feeds; i++)
		if (standing_file(standing, i) &&
			pattern_matches(pattern, str_of(standing->before->feeds[i]->id)))
			return true;
	return false;
}

static void check_pattern(struct checker *c, const struct reference *reference)
{
	struct problems *problems = c->binder->problems;
	struct str pattern = str_of(reference->text);

	if (str_chr(pattern, '*') == pattern.n) {
		if (!map_get(&c->ids->feeds, pattern) &&
			!standing_feed(c->ids->standing, reference->text))
			report_unknown(c, reference, "feed", &c->ids->feeds);
		return;
	}
	if (matches_standing(c, pattern))
		return;
	map_for_each(it, &c->ids->feeds)
		if (pattern_matches(pattern, it->key))
			return;
	problem_add(problems, reference->mark, "%sfeeds '%s' matches no feed",
		place_text(problems, reference->place), reference->text);
}

static bool is_standing(const struct checker *c, const struct reference *reference)
{
	const struct standing_feeds *standing = c->ids->standing;

	return (reference->type == KEY_FEED_REF && standing_feed(standing, reference->text)) ||
	       (reference->type == KEY_AGENCY_REF && standing_agency(standing, reference->text));
}

static void check_reference(struct checker *c, const struct reference *reference, bool allow_file)
{
	static const struct {
		enum key_type type;
		const char *what;
		size_t map;
	} kinds[] = {
		{KEY_NETWORK_REF, "network", offsetof(struct ids, networks)},
		{KEY_CITY_REF, "city", offsetof(struct ids, cities)},
		{KEY_AGENCY_REF, "agency", offsetof(struct ids, agencies)},
		{KEY_FEED_REF, "feed", offsetof(struct ids, feeds)},
		{KEY_THEME_REF, "theme", offsetof(struct ids, themes)},
		{KEY_CLIENT_REF, "client", offsetof(struct ids, clients)},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct map *known = (struct map *)((char *)c->ids + kinds[i].map);
		if (kinds[i].type == reference->type && !map_get(known, str_of(reference->text)) &&
			!is_standing(c, reference))
			report_unknown(c, reference, kinds[i].what, known);
	}
	if (reference->type == KEY_FORMER_FEED)
		check_former(c, reference);
	if (reference->type == KEY_HOST)
		check_host(c, reference);
	if (reference->type == KEY_FEED_PATTERN)
		check_pattern(c, reference);
	if (reference->type == KEY_FEED_URL && !allow_file)
		problem_add(c->binder->problems, reference->mark,
			"%surl '%s' is a file; that needs fetch: { allow_file: true } in "
			"civicwired.yaml, and is meant for demonstrations",
			place_text(c->binder->problems, reference->place), reference->text);
}

void references_check(struct binder *binder, struct ids *ids, bool allow_file)
{
	struct checker checker = {binder, ids, 0};

	for (size_t i = 0; i < binder->n_references; i++)
		check_reference(&checker, &binder->references[i], allow_file);
}
