/* Any bytes through the parse stage. The first byte chooses the Content-Type, the rest is the body. All
 * that comes out is valid UTF-8, and the same again with the same parser and from a file, which is read
 * in other pieces. */
#include "fuzz.h"
#include "twice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, "text/xml", "application/rss+xml; charset=utf-16",
		"text/html; charset=shift_jis", "application/xml; charset=\"iso-8859-1\""};

	if (!size)
		return 0;
	const char *type = types[data[0] % (sizeof types / sizeof *types)];
	const struct parse_hints hints = {.url = STR("https://city.example/feed"),
		.content_type = str_of(type),
		.content_location = data[0] & 8 ? STR("https://city.example/a/b") : STR_NONE};
	struct twice twice = {.hints = &hints};
	twice_parse(&twice, str_make((const char *)data + 1, size - 1));
	twice_deinit(&twice);
	return 0;
}
