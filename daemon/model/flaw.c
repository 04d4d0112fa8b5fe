#include "model/flaw.h"

#define FLAW_TEXT(name, text) text,
static const char *const texts[FLAW_COUNT] = {FLAWS(FLAW_TEXT)};
#undef FLAW_TEXT

void flaws_write(struct json *j, unsigned flaws)
{
	json_open(j, '[');
	for (unsigned i = 0; i < FLAW_COUNT; i++)
		if (flaws & 1u << i)
			json_str(j, str_of(texts[i]));
	json_close(j, ']');
}
