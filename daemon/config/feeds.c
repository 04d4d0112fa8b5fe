#include "config/feeds.h"

#include "base/clock.h"
#include "config/config.h"
#include "config/quantity.h"
#include "config/standing.h"

#include <stdlib.h>

/* FETCH, "When next": below this a partner must have agreed. */
#define INTERVAL_POLITE_US (15 * MIN_US)
/* systemd puts a unit's credentials here; see systemd.exec(5), LoadCredential=. */
#define CREDENTIALS_FOLDER "/run/credentials/civicwired.service"

/* The three levels that may say something, nearest first. */
struct line {
	const struct feed_entry *feed;
	const struct agency_entry *agency;
	const struct city_entry *city;
	const struct inherited *levels[3];
};

#define N_LEVELS 3

static const char *nearest_text(const struct line *line, size_t offset)
{
	for (size_t i = 0; i < N_LEVELS; i++) {
		const char *text = *(const char *const *)((const char *)line->levels[i] + offset);
		if (text)
			return text;
	}
	return NULL;
}

static bool nearest_bool(const struct line *line, size_t offset, bool fallback)
{
	for (size_t i = 0; i < N_LEVELS; i++) {
		int said = *(const int *)((const char *)line->levels[i] + offset);
		if (said != TRI_UNSET)
			return said == TRI_TRUE;
	}
	return fallback;
}

/* An adaptive feed is looked at once a day, however seldom it has news. */
#define INTERVAL_MAX_US DAY_US

#define TEXT(line, member) nearest_text((line), offsetof(struct inherited, member))
#define BOOL(line, member, fallback) \
	nearest_bool((line), offsetof(struct inherited, member), fallback)

static char *keep(struct feed *feed, const char *text)
{
	return text ? arena_strdup(&feed->arena, text) : NULL;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once, in the feed's arena. `texts` is reordered. */
static const char **keep_set(struct feed *feed, const char **texts, size_t n, size_t *ret_n)
{
	const char **kept = arena_alloc(&feed->arena, (n + 1) * sizeof *kept);
	size_t n_kept = 0;

	if (n)
		qsort(texts, n, sizeof *texts, compare_texts);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(texts[i - 1], texts[i]) != 0)
			kept[n_kept++] = keep(feed, texts[i]);
	*ret_n = n_kept;
	return kept;
}

static void keep_themes(struct arena *scratch, struct feed *feed, const struct line *line)
{
	size_t n = 0;

	for (size_t i = 0; i < N_LEVELS; i++)
		n += line->levels[i]->n_themes;
	const char **themes = arena_alloc(scratch, (n + 1) * sizeof *themes);
	n = 0;
	for (size_t i = 0; i < N_LEVELS; i++)
		for (size_t j = 0; j < line->levels[i]->n_themes; j++)
			themes[n++] = line->levels[i]->themes[j];
	feed->themes = keep_set(feed, themes, n, &feed->n_themes);
}

/* How well a name's language suits: the same, the same but for the region, any. */
static unsigned suits(const char *have, const char *want)
{
	size_t n = strcspn(have, "-");

	if (!want)
		return 1;
	if (str_ieq(str_of(have), str_of(want)))
		return 4;
	if (strcspn(want, "-") == n && str_ieq(str_make(have, n), str_make(want, n)))
		return 3;
	return 1;
}

static const char *name_in(const struct names *names, const char *language, const char *fallback)
{
	unsigned best = 0;

	for (size_t i = 0; i < names->n; i++) {
		unsigned suit = suits(names->items[i].language, language);
		if (suit > best) {
			best = suit;
			fallback = names->items[i].text;
		}
	}
	return fallback;
}

static const char *credential_path(struct feed *feed, const char *name)
{
	const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");

	return arena_printf(&feed->arena, "%s/%s", folder ? folder : CREDENTIALS_FOLDER, name).p;
}

static void keep_access(struct feed *feed, const struct line *line)
{
	struct feed_access *access = &feed->access;
	const struct auth_entry none = {0}, *auth = &none;

	for (size_t i = N_LEVELS; i--;)
		if (line->levels[i]->auth.given)
			auth = &line->levels[i]->auth;
	if (auth->user) {
		access->auth = FEED_AUTH_BASIC;
		access->user = keep(feed, auth->user);
	} else if (auth->bearer_file || auth->bearer_credential) {
		access->auth = FEED_AUTH_BEARER;
	} else if (auth->certificate_file) {
		access->auth = FEED_AUTH_CERTIFICATE;
		access->certificate_file = keep(feed, auth->certificate_file);
		access->key_file = keep(feed, auth->key_file);
	}
	const char *file = auth->user ? auth->password_file : auth->bearer_file;
	const char *credential = auth->user ? auth->password_credential : auth->bearer_credential;
	access->secret_file = file         ? keep(feed, file)
			      : credential ? credential_path(feed, credential)
					   : NULL;
	access->proxy = keep(feed, TEXT(line, proxy));
	for (size_t i = 0; i < N_LEVELS && !access->n_allow_net; i++)
		if (line->levels[i]->n_allow_net)
			access->allow_net = keep_set(feed, line->levels[i]->allow_net,
				line->levels[i]->n_allow_net, &access->n_allow_net);
}

/* The interval is judged where all levels are known: the city may set it, the feed have agreed. */
static int64_t interval_of(
	struct binder *b, const struct line *line, const char *id, int64_t fallback_us)
{
	struct problems *problems = b->problems;
	struct interval *interval = NULL;

	for (size_t i = N_LEVELS; i--;)
		if (line->levels[i]->interval.us)
			interval = (struct interval *)&line->levels[i]->interval;
	if (!interval)
		return fallback_us;
	if (interval->us < INTERVAL_POLITE_US && !interval->told &&
		!BOOL(line, interval_agreed, false)) {
		interval->told = true;
		problem_add(problems, interval->mark,
			"interval '%s' of %s is below %s; ask the partner, then set "
			"interval_agreed: true",
			interval->text, id,
			quantity_duration_text(&problems->arena, INTERVAL_POLITE_US));
	}
	return interval->us;
}

static void keep_identity(struct feed *feed, const struct line *line)
{
	feed->id = keep(feed, line->feed->entry.full);
	feed->city = keep(feed, line->city->entry.id);
	feed->agency = keep(feed, line->agency->entry.id);
	feed->name = keep(feed, line->feed->entry.id);
	feed->path = arena_printf(&feed->arena, "%s/%s/%s", feed->city, feed->agency, feed->name).p;
	feed->language = keep(feed, TEXT(line, language));
	feed->city_name = keep(feed, name_in(&line->city->name, feed->language, feed->city));
	feed->agency_name = keep(feed, name_in(&line->agency->name, feed->language, feed->agency));
}

/* `feed` is a blank draft: what it gets lies loosely in its arena. `like` is the one made before it. */
static struct feed *make_feed(struct binder *b, const struct line *line,
	const struct fetch_settings *fetch, struct feed *feed, const struct feed *like)
{
	const struct feed_entry *entry = line->feed;

	keep_identity(feed, line);
	feed->networks =
		keep_set(feed, line->city->networks, line->city->n_networks, &feed->n_networks);
	feed->formerly = keep_set(feed, entry->formerly, entry->n_formerly, &feed->n_formerly);
	keep_themes(b->arena, feed, line);
	feed->kind = (enum feed_kind)entry->kind;
	feed->timezone = keep(feed, TEXT(line, timezone));
	feed->licence = keep(feed, TEXT(line, licence));
	feed->contact = keep(feed, TEXT(line, contact));
	feed->translates = keep(feed, entry->translates);
	feed->latitude = line->city->point.latitude;
	feed->longitude = line->city->point.longitude;
	feed->has_point = line->city->point.given;
	feed->url = keep(feed, entry->url ? entry->url : "");
	feed->interval_us = interval_of(b, line, feed->id, fetch->interval_us);
	feed->interval_max_us = INTERVAL_MAX_US;
	for (size_t i = N_LEVELS; i--;) {
		if (line->levels[i]->max_body)
			feed->max_body = line->levels[i]->max_body;
		if (line->levels[i]->interval_max)
			feed->interval_max_us = line->levels[i]->interval_max;
	}
	feed->adaptive = BOOL(line, adaptive, false);
	feed->ignore_hints = BOOL(line, ignore_hints, false);
	feed->emails = BOOL(line, emails, false);
	feed->complete = BOOL(line, complete, false);
	feed->enabled = BOOL(line, enabled, true);
	feed->websub = BOOL(line, websub, true);
	keep_access(feed, line);
	return feed_pack(feed, like);
}

/* A feed and the file that it is from. */
struct made {
	struct feed *feed;
	uint32_t text;
};

struct maker {
	struct binder *binder;
	const struct fetch_settings *fetch;
	struct made *items;
	size_t n, cap;
};

static int compare_made(const void *a, const void *b)
{
	return strcmp(((const struct made *)a)->feed->id, ((const struct made *)b)->feed->id);
}

static void make_of_city(
	struct maker *m, const struct feeds_file *file, const struct city_entry *city)
{
	struct arena texts = ARENA_INIT;
	const struct feed *like = NULL;

	for (size_t i = 0; i < city->n_agencies; i++) {
		const struct agency_entry *agency = &city->agencies[i];
		for (size_t j = 0; j < agency->n_feeds; j++) {
			const struct feed_entry *feed = &agency->feeds[j];
			struct line line = {
				feed, agency, city, {&feed->own, &agency->own, &city->own}};
			if (!feed->entry.full)
				continue;
			struct feed draft = {.arena = texts};
			struct feed *made = make_feed(m->binder, &line, m->fetch, &draft, like);
			like = made;
			*ARENA_PUSH(m->binder->arena, m->items, m->n, m->cap) =
				(struct made){made, (uint32_t)file->text_index};
			texts = draft.arena;
			arena_reset(&texts);
		}
	}
	arena_deinit(&texts);
}

/* Two feeds with one id are reported; a reload that goes on in spite of it must not have both. */
static void drop_repeated(struct maker *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (n && !strcmp(m->items[n - 1].feed->id, m->items[i].feed->id))
			feed_unref(m->items[i].feed);
		else
			m->items[n++] = m->items[i];
	}
	m->n = n;
}

/* Those that are as before become the very same. */
static void share(struct maker *m, const struct config *before)
{
	for (size_t i = 0; i < m->n; i++) {
		struct feed *feed = m->items[i].feed;
		size_t k = config_feed_from(before, str_of(feed->id));
		if (k == before->n_feeds || !feed_equal(before->feeds[k], feed))
			continue;
		feed_unref(feed);
		m->items[i].feed = feed_ref(before->feeds[k]);
	}
}

static void push(struct config *config, struct feed *feed, uint32_t text)
{
	config->feeds[config->n_feeds] = feed;
	config->feed_texts[config->n_feeds++] = text;
}

static bool comes_before(const struct feed *a, const struct feed *b)
{
	return strcmp(a->id, b->id) < 0;
}

/* Those that stand, between those that were made: both are in order. */
static void merge(struct maker *m, const struct standing_feeds *standing, struct config *config)
{
	size_t k = 0;

	for (size_t i = 0; standing && i < standing->before->n_feeds; i++) {
		struct feed *feed = standing->before->feeds[i];
		if (!standing_file(standing, i))
			continue;
		for (; k < m->n && comes_before(m->items[k].feed, feed); k++)
			push(config, m->items[k].feed, m->items[k].text);
		push(config, feed_ref(feed), standing->now[standing->before->feed_texts[i]]);
	}
	for (; k < m->n; k++)
		push(config, m->items[k].feed, m->items[k].text);
}

void feeds_make(struct binder *b, const struct sources *sources, const struct config *before,
	struct config *config)
{
	const struct standing_feeds *standing = sources->standing;
	struct maker m = {.binder = b, .fetch = &config->fetch};

	for (size_t i = 0; i < sources->n_feeds; i++) {
		const struct feeds_file *file = &sources->feeds[i];
		for (size_t j = 0; j < file->n_cities; j++)
			make_of_city(&m, file, &file->cities[j]);
		for (size_t j = 0; j < file->n_bodies; j++)
			make_of_city(&m, file, &file->bodies[j]);
	}
	if (m.n)
		qsort(m.items, m.n, sizeof *m.items, compare_made);
	drop_repeated(&m);
	if (before)
		share(&m, before);
	size_t most = m.n + (standing ? standing->before->n_feeds : 0);
	config->feeds = arena_alloc(&config->arena, (most + 1) * sizeof *config->feeds);
	config->feed_texts = arena_alloc(&config->arena, (most + 1) * sizeof *config->feed_texts);
	merge(&m, standing, config);
}
