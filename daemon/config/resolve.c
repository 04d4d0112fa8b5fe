#include "config/resolve.h"

#include "config/config.h"
#include "config/feeds.h"
#include "config/reference.h"
#include "config/standing.h"
#include "config/texts.h"
#include "model/rights.h"

#include <stdlib.h>

struct resolver {
	struct binder *binder;
	struct ids ids;
	struct config *config;
};

/* Gives an entry its full id and its place among its kind; false if it has none of its own. */
static bool define(struct resolver *r, struct map *ids, struct entry *entry, const char *above)
{
	struct problems *problems = r->binder->problems;

	if (!entry->id)
		return false;
	entry->full =
		above ? arena_printf(r->binder->arena, "%s.%s", above, entry->id).p : entry->id;
	const struct entry *first = map_add(ids, str_of(entry->full), entry);
	if (!first)
		return true;
	problem_add(problems, entry->mark, "%s '%s' is already defined at %s",
		schema_sections[entry->place->section].name, entry->full,
		mark_text(&problems->arena, first->mark));
	problem_blame(entry->mark, first->mark);
	return false;
}

static void define_city(struct resolver *r, struct city_entry *city)
{
	define(r, &r->ids.cities, &city->entry, NULL);
	if (!city->entry.full)
		return;
	for (size_t i = 0; i < city->n_agencies; i++) {
		struct agency_entry *agency = &city->agencies[i];
		define(r, &r->ids.agencies, &agency->entry, city->entry.full);
		for (size_t j = 0; agency->entry.full && j < agency->n_feeds; j++)
			define(r, &r->ids.feeds, &agency->feeds[j].entry, agency->entry.full);
	}
}

static void define_all(struct resolver *r, struct sources *sources)
{
	for (size_t i = 0; i < sources->n_themes; i++)
		for (size_t j = 0; j < sources->themes[i].n_themes; j++)
			define(r, &r->ids.themes, &sources->themes[i].themes[j].entry, NULL);
	for (size_t i = 0; i < sources->n_feeds; i++) {
		struct feeds_file *file = &sources->feeds[i];
		for (size_t j = 0; j < file->n_networks; j++)
			define(r, &r->ids.networks, &file->networks[j].entry, NULL);
		for (size_t j = 0; j < file->n_cities; j++)
			define_city(r, &file->cities[j]);
		for (size_t j = 0; j < file->n_bodies; j++)
			define_city(r, &file->bodies[j]);
	}
}

/* Where a name of a list stands. */
static const struct reference *reference_of(const struct resolver *r, const char *text)
{
	for (size_t i = 0; i < r->binder->n_references; i++)
		if (r->binder->references[i].text == text)
			return &r->binder->references[i];
	return NULL;
}

/* A live endpoint carries the same for all: whom it names must be allowed to read all of it. */
static void check_admission(struct resolver *r, const struct live_endpoint *live)
{
	for (size_t i = 0; i < live->admission.n_clients; i++) {
		const char *name = live->admission.clients[i];
		const struct client_settings *client = map_get(&r->ids.clients, str_of(name));
		const struct reference *reference = reference_of(r, name);
		if (client && reference &&
			!rights_cover_audience(client->topics, client->n_topics, &live->audience))
			problem_add(r->binder->problems, reference->mark,
				"%sclient '%s' may not read all that this endpoint carries; give "
				"it "
				"the topics, or an endpoint with a narrower audience",
				place_text(r->binder->problems, reference->place), name);
	}
}

static void check_hosts(struct resolver *r)
{
	struct fetch_settings *fetch = &r->config->fetch;

	for (size_t i = 0; i < fetch->n_hosts; i++) {
		struct host_settings *host = &fetch->hosts[i];
		if (host->gap_us < 0)
			host->gap_us = fetch->host_default.gap_us;
		if (!host->parallel)
			host->parallel = fetch->host_default.parallel;
	}
}

static const char *name_for(const struct names *names, const char *fallback)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->items[i].language, "en"))
			return names->items[i].text;
	return names->n ? names->items[0].text : fallback;
}

static const char **copy_texts(struct arena *arena, const char *const *texts, size_t n)
{
	const char **copy = arena_alloc(arena, (n + 1) * sizeof *copy);

	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(arena, texts[i]);
	return copy;
}

static void join(struct resolver *r, const char *city_id, const char *network)
{
	struct city_entry *city = map_get(&r->ids.cities, str_of(city_id));

	if (!city)
		return;
	for (size_t i = 0; i < city->n_networks; i++)
		if (!strcmp(city->networks[i], network))
			return;
	*ARENA_PUSH(r->binder->arena, city->networks, city->n_networks, city->cap_networks) =
		network;
}

static void make_network(struct resolver *r, const struct network_entry *entry)
{
	struct arena *arena = &r->config->arena;
	struct config_network *network = &r->config->networks[r->config->n_networks++];
	const char *body = arena_printf(r->binder->arena, "x-%s", entry->entry.id).p;

	network->id = arena_strdup(arena, entry->entry.id);
	network->name = arena_strdup(arena, name_for(&entry->name, entry->entry.id));
	network->cities = copy_texts(arena, entry->cities, entry->n_cities);
	network->n_cities = entry->n_cities;
	for (size_t i = 0; i < entry->n_cities; i++)
		join(r, entry->cities[i], network->id);
	join(r, body, network->id);
}

static void make_networks(struct resolver *r, const struct sources *sources)
{
	size_t n = 0;

	for (size_t i = 0; i < sources->n_feeds; i++) {
		n += sources->feeds[i].n_networks;
		r->config->n_cities += sources->feeds[i].n_cities;
	}
	r->config->networks =
		arena_zalloc(&r->config->arena, (n + 1) * sizeof *r->config->networks);
	for (size_t i = 0; i < sources->n_feeds; i++)
		for (size_t j = 0; j < sources->feeds[i].n_networks; j++)
			if (sources->feeds[i].networks[j].entry.full)
				make_network(r, &sources->feeds[i].networks[j]);
}

static struct config_rule *add_rule(struct resolver *r, size_t *cap, const char *theme)
{
	struct config *config = r->config;
	struct config_rule *rule = ARENA_PUSH(&config->arena, config->rules, config->n_rules, *cap);

	rule->theme = arena_strdup(&config->arena, theme);
	return rule;
}

static void make_rules(struct resolver *r, size_t *cap, const struct rule_entry *entry)
{
	struct arena *arena = &r->config->arena;

	if (!entry->theme)
		return;
	for (size_t i = 0; i < entry->words.n; i++) {
		const struct word_list *words = &entry->words.items[i];
		struct config_rule *rule = add_rule(r, cap, entry->theme);
		rule->language = arena_strdup(arena, words->language);
		rule->words = copy_texts(arena, words->items, words->n);
		rule->n_words = words->n;
		rule->feeds = copy_texts(arena, entry->feeds, entry->n_feeds);
		rule->n_feeds = entry->n_feeds;
	}
	if (entry->n_categories) {
		struct config_rule *rule = add_rule(r, cap, entry->theme);
		rule->categories = copy_texts(arena, entry->categories, entry->n_categories);
		rule->n_categories = entry->n_categories;
	}
}

static void make_all_rules(struct resolver *r, const struct sources *sources)
{
	size_t cap = 0;

	for (size_t i = 0; i < sources->n_themes; i++) {
		for (size_t j = 0; j < sources->themes[i].n_themes; j++) {
			const struct theme_entry *theme = &sources->themes[i].themes[j];
			make_rules(r, &cap,
				&(struct rule_entry){.theme = theme->entry.id,
					.words = theme->words,
					.categories = theme->categories,
					.n_categories = theme->n_categories});
		}
	}
	for (size_t i = 0; i < sources->n_feeds; i++)
		for (size_t j = 0; j < sources->feeds[i].n_rules; j++)
			make_rules(r, &cap, &sources->feeds[i].rules[j]);
}

/* What stands of each file that has been parsed, for the next reload, and whether that of the others has
 * held: its cities may have come into other networks. */
static void note_standing(struct resolver *r, struct sources *sources)
{
	for (size_t i = 0; i < sources->n_feeds; i++) {
		struct feeds_file *file = &sources->feeds[i];
		if (file->standing && !standing_fits(file))
			problem_want(file->file);
		if (file->text && !file->standing && !file->file->verdict->troubled &&
			!sources->broken)
			file->text->standing = standing_new(r->binder, file, &r->ids);
	}
}

static void init_ids(struct ids *ids)
{
	struct map *maps = &ids->networks;

	for (size_t i = 0; maps + i <= &ids->hosts; i++)
		map_init(&maps[i]);
}

static void deinit_ids(struct ids *ids)
{
	struct map *maps = &ids->networks;

	for (size_t i = 0; maps + i <= &ids->hosts; i++)
		map_deinit(&maps[i]);
}

void resolve_all(struct binder *binder, struct sources *sources, struct config *config)
{
	struct resolver r = {.binder = binder, .config = config, .ids.standing = sources->standing};

	init_ids(&r.ids);
	define_all(&r, sources);
	for (size_t i = 0; i < config->clients->n; i++)
		map_add(&r.ids.clients, str_of(config->clients->items[i].name),
			&config->clients->items[i]);
	/* what a broken file would have defined must not be missed a hundred times */
	if (!sources->broken)
		references_check(binder, &r.ids, config->fetch.allow_file);
	for (size_t i = 0; i < config->bus.n_live; i++)
		check_admission(&r, &config->bus.live[i]);
	check_hosts(&r);
	make_networks(&r, sources);
	make_all_rules(&r, sources);
	feeds_make(binder, sources, sources->before, config);
	note_standing(&r, sources);
	deinit_ids(&r.ids);
}
