#include "bus/prefixes.h"

#include <stdlib.h>

#define ANSWERS_PER_WORD 32

enum { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

static int compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void prefixes_init(struct prefixes *prefixes, const struct str *texts, size_t n)
{
	size_t kept = 0;

	*prefixes = (struct prefixes){.arena = ARENA_INIT};
	prefixes->items = arena_alloc(&prefixes->arena, (n + 1) * sizeof *texts);
	for (size_t i = 0; i < n; i++)
		prefixes->items[i] = arena_str(&prefixes->arena, texts[i]);
	qsort(prefixes->items, n, sizeof *texts, compare);
	/* In this order whatever begins with a prefix stands right behind it. */
	for (size_t i = 0; i < n; i++)
		if (!kept || !str_starts(prefixes->items[i], prefixes->items[kept - 1]))
			prefixes->items[kept++] = prefixes->items[i];
	prefixes->n = kept;
}

void prefixes_deinit(struct prefixes *prefixes)
{
	arena_deinit(&prefixes->arena);
	free(prefixes->answers);
	*prefixes = (struct prefixes){.arena = ARENA_INIT};
}

/* As none begins with another, only the last one that is not behind the topic can match: one
 * between it and the topic would begin with it. */
bool prefixes_match(const struct prefixes *prefixes, struct str topic)
{
	size_t low = 0, high = prefixes->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(prefixes->items[middle], topic) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && str_starts(topic, prefixes->items[low - 1]);
}

bool prefixes_have(struct prefixes *prefixes, uint32_t topic, const struct journal_reader *names)
{
	size_t word = topic / ANSWERS_PER_WORD;
	unsigned shift = topic % ANSWERS_PER_WORD * 2;

	if (word >= prefixes->n_words) {
		size_t want = word + 1 + word / 2;
		prefixes->answers = mem_realloc(prefixes->answers, want, sizeof(uint64_t));
		memset(prefixes->answers + prefixes->n_words, 0,
			(want - prefixes->n_words) * sizeof(uint64_t));
		prefixes->n_words = want;
	}
	unsigned answer = prefixes->answers[word] >> shift & 3;
	if (answer == ANSWER_UNKNOWN) {
		struct str name = journal_reader_topic(names, topic);
		if (str_is_none(name))
			return false;
		answer = prefixes_match(prefixes, name) ? ANSWER_YES : ANSWER_NO;
		prefixes->answers[word] |= (uint64_t)answer << shift;
	}
	return answer == ANSWER_YES;
}

void prefixes_key(const struct prefixes *prefixes, struct buf *out)
{
	for (size_t i = 0; i < prefixes->n; i++) {
		buf_str(out, prefixes->items[i]);
		buf_char(out, '\n');
	}
}
