/* Which themes an item belongs to: by its own categories, and by word rules per language (accent-
 * and case-folded, whole words). Rules only add. Pure; a rule set is built once from the
 * configuration and then only read, by any thread. */
#pragma once

#include "base/arena.h"
#include "model/item.h"

struct theme_rules;

struct theme_rules *theme_rules_new(void);
/* NULL-safe; returns NULL. */
struct theme_rules *theme_rules_free(struct theme_rules *rules);

/* Words of one theme in one language ("es"; STR_NONE: any). `feeds` are patterns over feed ids
 * ("co-mde.*"; none: every feed). Everything is copied. A "word" of several words is a phrase. */
void theme_rules_add_words(struct theme_rules *rules, struct str theme, struct str language,
	const struct str *words, size_t n_words, const struct str *feeds, size_t n_feeds);
/* Categories (terms or labels, folded) that mean a theme. */
void theme_rules_add_categories(
	struct theme_rules *rules, struct str theme, const struct str *categories, size_t n);

/* The themes of an item: those of its feed, its categories' and its words' (one in title or summary,
 * two in content_text), sorted, each once, in the arena. Returns how many. */
size_t theme_find(const struct theme_rules *rules, struct arena *arena, const char *feed_id,
	const char *const *feed_themes, size_t n_feed_themes, const struct item *item,
	struct str **ret_themes);
