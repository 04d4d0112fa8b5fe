/* Who may read which topics: prefixes that cover prefixes. A right is a prefix of topics; who has
 * it may read what begins so, and nothing else. */
#pragma once

#include "base/arena.h"
#include "model/settings.h"

/* All topics there are begin with one of these (WIRE, "Views and topics"); ended by NULL. */
extern const char *const topic_roots[];

/* Does one of the rights cover every topic that could begin with `prefix`? The empty prefix means
 * everything, so it takes a right to each root. */
bool rights_cover(const char *const *rights, size_t n_rights, struct str prefix);
/* Do they cover all that an audience may carry? */
bool rights_cover_audience(
	const char *const *rights, size_t n_rights, const struct audience *audience);
/* The prefix of a network's topics, "network/<id>/", in the arena. */
struct str network_topics(struct arena *arena, const char *network);
