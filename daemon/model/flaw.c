#include "model/flaw.h"

#define FLAW_TEXT(name, text, words) text,
static const char *const texts[FLAW_COUNT] = {FLAWS(FLAW_TEXT)};
#undef FLAW_TEXT

#define FLAW_WORDS(name, text, words) words,
static const char *const meanings[FLAW_COUNT] = {FLAWS(FLAW_WORDS)};
#undef FLAW_WORDS

const char *flaw_words(const char *name)
{
	for (unsigned i = 0; i < FLAW_COUNT; i++)
		if (!strcmp(texts[i], name))
			return meanings[i];
	return NULL;
}

void flaws_write(struct json *j, unsigned flaws)
{
	json_open(j, '[');
	for (unsigned i = 0; i < FLAW_COUNT; i++)
		if (flaws & 1u << i)
			json_str(j, str_of(texts[i]));
	json_close(j, ']');
}
