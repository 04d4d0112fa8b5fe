#include "model/rights.h"

const char *const topic_roots[] = {"feed/", "theme/", "network/", "kind/", "sys/", NULL};

static bool cover_prefix(const char *const *rights, size_t n, struct str prefix)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(prefix, str_of(rights[i])))
			return true;
	return false;
}

bool rights_cover(const char *const *rights, size_t n_rights, struct str prefix)
{
	if (prefix.n)
		return cover_prefix(rights, n_rights, prefix);
	for (const char *const *root = topic_roots; *root; root++)
		if (!cover_prefix(rights, n_rights, str_of(*root)))
			return false;
	return true;
}

bool rights_cover_audience(
	const char *const *rights, size_t n_rights, const struct audience *audience)
{
	struct arena arena = ARENA_INIT;
	bool covered = audience->n_networks || audience->n_topics ||
		       rights_cover(rights, n_rights, STR(""));

	for (size_t i = 0; i < audience->n_networks && covered; i++)
		covered = rights_cover(
			rights, n_rights, network_topics(&arena, audience->networks[i]));
	for (size_t i = 0; i < audience->n_topics && covered; i++)
		covered = rights_cover(rights, n_rights, str_of(audience->topics[i]));
	arena_deinit(&arena);
	return covered;
}

struct str network_topics(struct arena *arena, const char *network)
{
	return arena_printf(arena, "network/%s/", network);
}
