#include "config/standing.h"

#include "config/config.h"

#include <stdlib.h>

static const struct place city_place = {.section = SECTION_CITY},
			  body_place = {.section = SECTION_BODY},
			  network_place = {.section = SECTION_NETWORK},
			  agency_place = {.section = SECTION_AGENCY};

/* ---- a parsed file → what stands of it ---- */

static const char *keep_text(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static const char **keep_texts(struct arena *arena, const char *const *texts, size_t n)
{
	const char **kept = arena_alloc(arena, (n + 1) * sizeof *kept);

	for (size_t i = 0; i < n; i++)
		kept[i] = arena_strdup(arena, texts[i]);
	return kept;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void keep_city(struct arena *arena, struct standing_city *to, const struct city_entry *city)
{
	size_t cap = 0;

	to->id = keep_text(arena, city->entry.id);
	to->networks = keep_texts(arena, city->networks, city->n_networks);
	to->n_networks = city->n_networks;
	if (to->n_networks)
		qsort(to->networks, to->n_networks, sizeof *to->networks, compare_texts);
	for (size_t i = 0; i < city->n_agencies; i++)
		if (!city->agencies[i].n_feeds)
			*ARENA_PUSH(arena, to->agencies, to->n_agencies, cap) =
				keep_text(arena, city->agencies[i].entry.id);
}

static struct standing_city *keep_cities(
	struct arena *arena, const struct city_entry *cities, size_t n)
{
	struct standing_city *kept = arena_zalloc(arena, (n + 1) * sizeof *kept);

	for (size_t i = 0; i < n; i++)
		keep_city(arena, &kept[i], &cities[i]);
	return kept;
}

static void keep_network(
	struct arena *arena, struct network_entry *to, const struct network_entry *network)
{
	to->entry.id = keep_text(arena, network->entry.id);
	to->name.items = arena_zalloc(arena, (network->name.n + 1) * sizeof *to->name.items);
	to->name.n = network->name.n;
	for (size_t i = 0; i < network->name.n; i++)
		to->name.items[i] = (struct name){keep_text(arena, network->name.items[i].language),
			keep_text(arena, network->name.items[i].text)};
	to->cities = keep_texts(arena, network->cities, network->n_cities);
	to->n_cities = network->n_cities;
}

static void keep_rule(struct arena *arena, struct rule_entry *to, const struct rule_entry *rule)
{
	to->theme = keep_text(arena, rule->theme);
	to->feeds = keep_texts(arena, rule->feeds, rule->n_feeds);
	to->n_feeds = rule->n_feeds;
	to->categories = keep_texts(arena, rule->categories, rule->n_categories);
	to->n_categories = rule->n_categories;
	to->words.items = arena_zalloc(arena, (rule->words.n + 1) * sizeof *to->words.items);
	to->words.n = rule->words.n;
	for (size_t i = 0; i < rule->words.n; i++) {
		const struct word_list *list = &rule->words.items[i];
		to->words.items[i] = (struct word_list){keep_text(arena, list->language),
			keep_texts(arena, list->items, list->n), list->n};
	}
}

static bool defines(const struct config_file *file, const struct map *ids, const char *id)
{
	const struct entry *entry = map_get(ids, str_of(id));

	return entry && entry->mark.file == file;
}

/* What the file itself defines is there as long as the file is. */
static bool looks_elsewhere(
	const struct reference *reference, const struct config_file *file, const struct ids *ids)
{
	switch (reference->type) {
	case KEY_CITY_REF:
		return !defines(file, &ids->cities, reference->text);
	case KEY_AGENCY_REF:
		return !defines(file, &ids->agencies, reference->text);
	case KEY_FEED_REF:
		return !defines(file, &ids->feeds, reference->text);
	default:
		return true;
	}
}

static int compare_references(const void *left, const void *right)
{
	const struct reference *a = left, *b = right;

	return a->type != b->type ? (int)a->type - (int)b->type : strcmp(a->text, b->text);
}

static void keep_references(struct binder *b, struct standing *to, const struct feeds_file *source,
	const struct ids *ids)
{
	const struct reference *from = b->references + source->first_reference;
	size_t n = 0, n_kept = 0;
	struct reference *some = arena_alloc(b->arena, (source->n_references + 1) * sizeof *some);

	for (size_t i = 0; i < source->n_references; i++)
		if (looks_elsewhere(&from[i], source->file, ids))
			some[n++] = from[i];
	if (n)
		qsort(some, n, sizeof *some, compare_references);
	for (size_t i = 0; i < n; i++)
		if (!i || compare_references(&some[i - 1], &some[i]) != 0)
			some[n_kept++] = some[i];
	to->references = arena_alloc(&to->arena, (n_kept + 1) * sizeof *to->references);
	to->n_references = n_kept;
	for (size_t i = 0; i < n_kept; i++)
		to->references[i] = (struct reference){
			.type = some[i].type, .text = keep_text(&to->arena, some[i].text)};
}

struct standing *standing_new(
	struct binder *binder, const struct feeds_file *source, const struct ids *ids)
{
	struct arena arena = ARENA_INIT;
	struct standing *s = ARENA_NEW(&arena, struct standing);

	s->arena = arena;
	s->cities = keep_cities(&s->arena, source->cities, source->n_cities);
	s->n_cities = source->n_cities;
	s->bodies = keep_cities(&s->arena, source->bodies, source->n_bodies);
	s->n_bodies = source->n_bodies;
	s->networks = arena_zalloc(&s->arena, (source->n_networks + 1) * sizeof *s->networks);
	s->n_networks = source->n_networks;
	for (size_t i = 0; i < s->n_networks; i++)
		keep_network(&s->arena, &s->networks[i], &source->networks[i]);
	s->rules = arena_zalloc(&s->arena, (source->n_rules + 1) * sizeof *s->rules);
	s->n_rules = source->n_rules;
	for (size_t i = 0; i < s->n_rules; i++)
		keep_rule(&s->arena, &s->rules[i], &source->rules[i]);
	keep_references(binder, s, source, ids);
	return s;
}

struct standing *standing_free(struct standing *standing)
{
	if (standing) {
		struct arena arena = standing->arena;
		arena_deinit(&arena);
	}
	return NULL;
}

/* ---- and back ---- */

static struct entry entry_of(
	const char *id, const struct config_file *file, const struct place *place)
{
	return (struct entry){.id = id, .mark = {file, 0, 0}, .place = place};
}

static struct city_entry *enter_cities(struct arena *arena, const struct config_file *file,
	const struct standing_city *cities, size_t n, const struct place *place)
{
	struct city_entry *entered = arena_zalloc(arena, (n + 1) * sizeof *entered);

	for (size_t i = 0; i < n; i++) {
		const struct standing_city *from = &cities[i];
		struct city_entry *to = &entered[i];
		to->entry = entry_of(from->id, file, place);
		to->agencies = arena_zalloc(arena, (from->n_agencies + 1) * sizeof *to->agencies);
		to->n_agencies = from->n_agencies;
		for (size_t k = 0; k < from->n_agencies; k++)
			to->agencies[k].entry = entry_of(from->agencies[k], file, &agency_place);
	}
	return entered;
}

void standing_enter(const struct standing *standing, const struct config_file *file,
	struct binder *binder, struct feeds_file *ret)
{
	struct arena *arena = binder->arena;

	ret->standing = standing;
	ret->cities = enter_cities(arena, file, standing->cities, standing->n_cities, &city_place);
	ret->n_cities = standing->n_cities;
	ret->bodies = enter_cities(arena, file, standing->bodies, standing->n_bodies, &body_place);
	ret->n_bodies = standing->n_bodies;
	ret->networks = arena_alloc(arena, (standing->n_networks + 1) * sizeof *ret->networks);
	ret->n_networks = standing->n_networks;
	for (size_t i = 0; i < ret->n_networks; i++) {
		ret->networks[i] = standing->networks[i];
		ret->networks[i].entry =
			entry_of(standing->networks[i].entry.id, file, &network_place);
	}
	ret->rules = standing->rules;
	ret->n_rules = standing->n_rules;
	for (size_t i = 0; i < standing->n_references; i++) {
		struct reference *reference = binder_refer(binder);
		*reference = standing->references[i];
		reference->mark = (struct mark){file, 0, 0};
		reference->place = &city_place;
	}
}

static bool same_networks(const struct standing_city *was, const struct city_entry *is)
{
	if (was->n_networks != is->n_networks)
		return false;
	for (size_t i = 0; i < is->n_networks; i++)
		if (!bsearch(&is->networks[i], was->networks, was->n_networks,
			    sizeof *was->networks, compare_texts))
			return false;
	return true;
}

bool standing_fits(const struct feeds_file *source)
{
	const struct standing *standing = source->standing;
	bool fits = true;

	for (size_t i = 0; i < source->n_cities; i++)
		fits &= same_networks(&standing->cities[i], &source->cities[i]);
	for (size_t i = 0; i < source->n_bodies; i++)
		fits &= same_networks(&standing->bodies[i], &source->bodies[i]);
	return fits;
}

/* ---- the feeds of such files ---- */

const struct config_file *standing_file(const struct standing_feeds *feeds, size_t i)
{
	return feeds->files[feeds->before->feed_texts[i]];
}

const struct config_file *standing_feed(const struct standing_feeds *feeds, const char *id)
{
	if (!feeds)
		return NULL;
	size_t i = config_feed_from(feeds->before, str_of(id));
	if (i == feeds->before->n_feeds || strcmp(feeds->before->feeds[i]->id, id) != 0)
		return NULL;
	return standing_file(feeds, i);
}

const struct config_file *standing_agency(const struct standing_feeds *feeds, const char *id)
{
	const struct config_file *file = NULL;
	struct buf prefix = BUF_INIT;

	if (!feeds)
		return NULL;
	const struct config *before = feeds->before;
	buf_printf(&prefix, "%s.", id);
	for (size_t i = config_feed_from(before, buf_view(&prefix));
		!file && i < before->n_feeds &&
		str_starts(str_of(before->feeds[i]->id), buf_view(&prefix));
		i++)
		file = standing_file(feeds, i);
	buf_deinit(&prefix);
	return file;
}
