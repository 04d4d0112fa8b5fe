#include "digest/vocabulary.h"

static struct str *strs_of(struct arena *arena, const char **texts, size_t n)
{
	struct str *strs = arena_alloc(arena, n * sizeof *strs + 1);

	for (size_t i = 0; i < n; i++)
		strs[i] = str_of(texts[i]);
	return strs;
}

struct theme_rules *vocabulary_rules(const struct config *config)
{
	struct theme_rules *rules = theme_rules_new();
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < config->n_rules; i++) {
		const struct config_rule *r = &config->rules[i];
		struct str theme = str_of(r->theme);
		if (r->n_words)
			theme_rules_add_words(rules, theme, str_of(r->language),
				strs_of(&arena, r->words, r->n_words), r->n_words,
				strs_of(&arena, r->feeds, r->n_feeds), r->n_feeds);
		if (r->n_categories)
			theme_rules_add_categories(rules, theme,
				strs_of(&arena, r->categories, r->n_categories), r->n_categories);
		arena_reset(&arena);
	}
	arena_deinit(&arena);
	return rules;
}
