/* All words and phrases of all rules are one tree of words: a node is a word after the words of
 * its parent. Reading a text, we stand on up to `depth` nodes at a time, one for each word at which
 * a phrase may have begun:
 *
 *   rules:  good practice · practice · practice guide        text:  … a good practice guide …
 *
 *                  root                                      word      standing on
 *                 /    \                                     good      good
 *              good     practice*                            practice  good·practice*, practice*
 *               |          |                                 guide     practice·guide*
 *          practice*     guide*                              (* a rule is fulfilled)
 *
 * Each word costs one look-up per node stood on, almost always just the root's: linear in the
 * text, whatever the number of rules. The tree's edges are one hash table from (parent, word) to
 * node. Categories are a second tree in the same table, matched from their first word to their
 * last, so that "medio-ambiente" is "Medio ambiente" there as well. */
#include "normalize/theme.h"

#include "normalize/theme-word.h"

#include <stdlib.h>

/* Title and summary say what an item is about; a body mentions much in passing, so there a theme
 * needs two words. */
#define POINTS_ENOUGH 2

/* Most words of a text begin no phrase, and that is all there is to know of them: a bit says so sooner than a
 * table does. The phrases shipped have 2,400 edges, so that one word in fourteen is looked for in vain, and
 * 4 KB stay in the nearest cache. */
#define EDGE_BITS_LOG 15

enum { ROOT_WORDS, ROOT_CATEGORIES, N_ROOTS };

#define NONE UINT32_MAX

struct node {
	uint32_t parent, edge; /* the edge to it, hashed */
	struct str word;
	uint32_t goals; /* first of its chain, or NONE */
};

/* Of the hash table. Next to nothing but the node that is looked for has its hash: whoever finds another
 * one need not look at the node. */
struct slot {
	uint32_t edge;
	uint32_t node; /* or NONE */
};

/* A node's meaning: the rule that is fulfilled there. */
struct goal {
	uint32_t rule, next;
};

/* One call's words: where they count, and for what. */
struct rule {
	uint32_t theme;
	struct str language;
	struct str *feeds;
	size_t n_feeds;
};

struct theme_rules {
	struct arena arena; /* all texts */
	struct node *nodes;
	size_t n_nodes, cap_nodes;
	struct goal *goals;
	size_t n_goals, cap_goals;
	struct rule *rules;
	size_t n_rules, cap_rules;
	struct str *themes;
	size_t n_themes, cap_themes;
	struct slot *slots;
	size_t cap_slots;
	uint64_t edges[(1u << EDGE_BITS_LOG) /
		       64]; /* a bit for each hash of an edge that is there */
	size_t depth;       /* words of the longest phrase */
};

static uint32_t add_node(struct theme_rules *rules, uint32_t parent, struct str word, uint32_t edge)
{
	MEM_GROW(rules->nodes, rules->cap_nodes, rules->n_nodes + 1);
	rules->nodes[rules->n_nodes] =
		(struct node){parent, edge, arena_str(&rules->arena, word), NONE};
	return (uint32_t)rules->n_nodes++;
}

struct theme_rules *theme_rules_new(void)
{
	struct theme_rules *rules = mem_zalloc(1, sizeof *rules);

	for (unsigned i = 0; i < N_ROOTS; i++)
		add_node(rules, NONE, STR(""), 0);
	return rules;
}

struct theme_rules *theme_rules_free(struct theme_rules *rules)
{
	if (!rules)
		return NULL;
	arena_deinit(&rules->arena);
	free(rules->nodes);
	free(rules->goals);
	free(rules->rules);
	free(rules->themes);
	free(rules->slots);
	free(rules);
	return NULL;
}

static uint32_t hash_of_edge(uint32_t parent, uint32_t hash)
{
	uint32_t mixed = (hash ^ parent * 0x9E3779B1u) * 0x85EBCA6Bu;

	return mixed ^ mixed >> 15;
}

static uint64_t edge_bit(uint32_t edge, size_t *ret_at)
{
	const uint32_t bit = edge >> (32 - EDGE_BITS_LOG); /* the table goes by the others */

	*ret_at = bit / 64;
	return UINT64_C(1) << bit % 64;
}

static bool may_have(const struct theme_rules *rules, uint32_t edge)
{
	size_t at;
	uint64_t bit = edge_bit(edge, &at);

	return rules->edges[at] & bit;
}

/* Where the node is, or the free slot where it would be. The table is never more than half full. */
static struct slot *find_slot(
	const struct theme_rules *rules, uint32_t parent, struct str word, uint32_t edge)
{
	const size_t mask = rules->cap_slots - 1;

	for (size_t i = edge & mask;; i = (i + 1) & mask) {
		struct slot *slot = &rules->slots[i];

		if (slot->node == NONE)
			return slot;
		if (slot->edge != edge)
			continue;
		const struct node *node = &rules->nodes[slot->node];
		if (node->parent == parent && str_eq(node->word, word))
			return slot;
	}
}

static void grow_slots(struct theme_rules *rules)
{
	if (2 * (rules->n_nodes + 1) <= rules->cap_slots)
		return;
	rules->cap_slots = rules->cap_slots ? 2 * rules->cap_slots : 64;
	rules->slots = mem_realloc(rules->slots, rules->cap_slots, sizeof *rules->slots);
	for (size_t i = 0; i < rules->cap_slots; i++)
		rules->slots[i] = (struct slot){0, NONE};
	for (uint32_t i = N_ROOTS; i < rules->n_nodes; i++) {
		const struct node *node = &rules->nodes[i];

		*find_slot(rules, node->parent, node->word, node->edge) =
			(struct slot){node->edge, i};
	}
}

static uint32_t child(const struct theme_rules *rules, uint32_t parent, const struct theme_words *w)
{
	uint32_t edge = hash_of_edge(parent, w->hash);

	return may_have(rules, edge) ? find_slot(rules, parent, w->word, edge)->node : NONE;
}

static uint32_t add_child(struct theme_rules *rules, uint32_t parent, const struct theme_words *w)
{
	uint32_t edge = hash_of_edge(parent, w->hash);

	grow_slots(rules);
	struct slot *slot = find_slot(rules, parent, w->word, edge);
	if (slot->node == NONE) {
		size_t at;
		uint64_t bit = edge_bit(edge, &at);
		rules->edges[at] |= bit;
		*slot = (struct slot){edge, add_node(rules, parent, w->word, edge)};
	}
	return slot->node;
}

/* A phrase without any word means nothing and is left out. */
static void add_phrase(struct theme_rules *rules, uint32_t root, struct str phrase, uint32_t rule)
{
	struct theme_words words;
	uint32_t node = root;
	size_t depth = 0;

	theme_words_begin(&words, phrase);
	for (; theme_words_next(&words); depth++)
		node = add_child(rules, node, &words);
	if (node == root)
		return;
	if (depth > rules->depth)
		rules->depth = depth;
	MEM_GROW(rules->goals, rules->cap_goals, rules->n_goals + 1);
	rules->goals[rules->n_goals] = (struct goal){rule, rules->nodes[node].goals};
	rules->nodes[node].goals = (uint32_t)rules->n_goals++;
}

static uint32_t add_theme(struct theme_rules *rules, struct str theme)
{
	for (uint32_t i = 0; i < rules->n_themes; i++)
		if (str_eq(rules->themes[i], theme))
			return i;
	MEM_GROW(rules->themes, rules->cap_themes, rules->n_themes + 1);
	rules->themes[rules->n_themes] = arena_str(&rules->arena, theme);
	return (uint32_t)rules->n_themes++;
}

static uint32_t add_rule(struct theme_rules *rules, struct str theme, struct str language,
	const struct str *feeds, size_t n_feeds)
{
	struct rule *rule;

	MEM_GROW(rules->rules, rules->cap_rules, rules->n_rules + 1);
	rule = &rules->rules[rules->n_rules];
	*rule = (struct rule){add_theme(rules, theme), arena_str(&rules->arena, language),
		arena_alloc(&rules->arena, n_feeds * sizeof *feeds), n_feeds};
	for (size_t i = 0; i < n_feeds; i++)
		rule->feeds[i] = arena_str(&rules->arena, feeds[i]);
	return (uint32_t)rules->n_rules++;
}

void theme_rules_add_words(struct theme_rules *rules, struct str theme, struct str language,
	const struct str *words, size_t n_words, const struct str *feeds, size_t n_feeds)
{
	uint32_t rule = add_rule(rules, theme, language, feeds, n_feeds);

	for (size_t i = 0; i < n_words; i++)
		add_phrase(rules, ROOT_WORDS, words[i], rule);
}

void theme_rules_add_categories(
	struct theme_rules *rules, struct str theme, const struct str *categories, size_t n)
{
	uint32_t rule = add_rule(rules, theme, STR_NONE, NULL, 0);

	for (size_t i = 0; i < n; i++)
		add_phrase(rules, ROOT_CATEGORIES, categories[i], rule);
}

/* `*` stands for any bytes, none too. Going back to the last star is enough, so this is at worst
 * quadratic in ids of 40 bytes a part. */
static bool matches(struct str pattern, struct str id)
{
	size_t p = 0, i = 0, star = SIZE_MAX, mark = 0;

	while (i < id.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = i;
		} else if (p < pattern.n && pattern.p[p] == id.p[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* A rule for "es" is one for "es-MX" too, but not the other way round. */
static bool speaks(struct str language, struct str rule)
{
	if (str_is_empty(rule))
		return true;
	return str_istarts(language, rule) && (language.n == rule.n || language.p[rule.n] == '-');
}

/* What was found of a theme. */
struct score {
	unsigned points;
	size_t last; /* word at which the last point was given */
};

struct search {
	const struct theme_rules *rules;
	struct str feed, language;
	struct score *scores; /* by theme */
	uint32_t *standing;   /* nodes, see the head of this file */
	size_t n_standing;
	size_t word;     /* how many words were read, of all texts */
	unsigned weight; /* points of a word in the text in work */
	const char *where;
	struct explain *explain; /* NULL: nobody asks */
};

static bool applies(const struct search *s, const struct rule *rule)
{
	if (!speaks(s->language, rule->language))
		return false;
	for (size_t i = 0; i < rule->n_feeds; i++)
		if (matches(rule->feeds[i], s->feed))
			return true;
	return !rule->n_feeds;
}

/* The words from the root to a node, for people. */
static struct str phrase_of(const struct theme_rules *rules, struct arena *arena, uint32_t node)
{
	struct str phrase = STR("");

	for (; node >= N_ROOTS; node = rules->nodes[node].parent)
		phrase = arena_printf(arena, "%.*s%s%.*s", STR_FMT(rules->nodes[node].word),
			phrase.n ? " " : "", STR_FMT(phrase));
	return phrase;
}

static void explain_hit(const struct search *s, const struct rule *rule, uint32_t node)
{
	struct explain *explain = s->explain;

	if (explain)
		explain_theme(
			explain, &(struct explain_theme){.theme = s->rules->themes[rule->theme],
					 .by = s->where ? "word" : "category",
					 .what = phrase_of(s->rules, explain->arena, node),
					 .where = str_of(s->where)});
}

/* A phrase inside of another one is not two: points are given at words further apart. */
static void reach(struct search *s, uint32_t node)
{
	uint32_t next;

	for (uint32_t i = s->rules->nodes[node].goals; i != NONE; i = next) {
		const struct rule *rule = &s->rules->rules[s->rules->goals[i].rule];
		struct score *score = &s->scores[rule->theme];

		next = s->rules->goals[i].next;
		if (score->points >= POINTS_ENOUGH ||
			(score->points && s->word - score->last < s->rules->depth) ||
			!applies(s, rule))
			continue;
		score->points += s->weight;
		score->last = s->word;
		explain_hit(s, rule, node);
	}
}

static void search_text(struct search *s, struct str text, const char *where, unsigned weight)
{
	struct theme_words words;

	s->where = where;
	s->weight = weight;
	s->n_standing = 0;
	s->word += s->rules->depth; /* nothing reaches from one text into the next */
	for (theme_words_begin(&words, text); theme_words_next(&words); s->word++) {
		size_t before = words.broken ? 0 : s->n_standing;
		uint32_t node;

		s->n_standing = 0;
		for (size_t i = 0; i <= before; i++) {
			node = child(s->rules, i < before ? s->standing[i] : ROOT_WORDS, &words);
			if (node == NONE)
				continue;
			reach(s, node);
			/* What has no longer phrase falls off at the next word. */
			s->standing[s->n_standing++] = node;
		}
	}
}

static void search_category(struct search *s, struct str category)
{
	struct theme_words words;
	uint32_t node = ROOT_CATEGORIES;

	theme_words_begin(&words, category);
	while (node != NONE && theme_words_next(&words))
		node = child(s->rules, node, &words);
	if (node != NONE)
		reach(s, node);
}

static int compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static size_t sort_unique(struct str *texts, size_t n)
{
	size_t kept = 0;

	qsort(texts, n, sizeof *texts, compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || !str_eq(texts[kept - 1], texts[i]))
			texts[kept++] = texts[i];
	return kept;
}

size_t theme_find(const struct theme_rules *rules, struct arena *arena, const char *feed_id,
	const char *const *feed_themes, size_t n_feed_themes, const struct item *item,
	struct str **ret_themes)
{
	struct search s = {
		.rules = rules,
		.feed = str_of(feed_id),
		.language = item->language,
		.scores = arena_zalloc(arena, (rules->n_themes + 1) * sizeof *s.scores),
		.explain = item->explain,
		/* Those standing begin at different words, so they are of different depth. */
		.standing = arena_alloc(arena, (rules->depth + 1) * sizeof *s.standing),
	};
	struct str *themes =
		arena_alloc(arena, (rules->n_themes + n_feed_themes + 1) * sizeof *themes);
	size_t n = 0;

	search_text(&s, item->title, "title", POINTS_ENOUGH);
	search_text(&s, item->summary, "summary", POINTS_ENOUGH);
	search_text(&s, item->content_text, "content_text", 1);
	s.where = NULL;
	s.weight = POINTS_ENOUGH;
	for (size_t i = 0; i < item->n_categories; i++) {
		search_category(&s, item->categories[i].term);
		search_category(&s, item->categories[i].label);
	}
	for (size_t i = 0; i < n_feed_themes; i++) {
		themes[n] = arena_str(arena, str_of(feed_themes[i]));
		explain_theme(s.explain,
			&(struct explain_theme){themes[n], "configuration", STR_NONE, STR_NONE});
		n++;
	}
	for (size_t i = 0; i < rules->n_themes; i++)
		if (s.scores[i].points >= POINTS_ENOUGH)
			themes[n++] = arena_str(arena, rules->themes[i]);
	*ret_themes = themes;
	return sort_unique(themes, n);
}
