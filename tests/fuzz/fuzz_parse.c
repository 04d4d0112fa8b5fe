/* Any bytes through the parse stage. The first byte chooses the Content-Type, the rest is the body.
 * Every text that comes out must be valid UTF-8. */
#include <stdint.h>
#include <stdlib.h>

#include "base/list.h"
#include "parse/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sink {
	struct parse_sink sink;
	size_t entries;
};

static void must_be_text(struct str s)
{
	if (s.p && (!utf8_is_valid(s) || memchr(s.p, 0, s.n)))
		abort();
}

static int on_entry(struct parse_sink *sink, const struct document *document, struct entry *entry)
{
	(void)document;
	container_of(sink, struct sink, sink)->entries++;
	must_be_text(entry->id);
	must_be_text(entry->link);
	must_be_text(entry->title.value);
	must_be_text(entry->summary.value);
	must_be_text(entry->content.value);
	must_be_text(entry->base);
	must_be_text(entry->dates.published);
	for (size_t i = 0; i < entry->n_places; i++)
		must_be_text(entry->places[i].coordinates);
	for (size_t i = 0; i < entry->n_links; i++)
		must_be_text(entry->links[i].href);
	for (size_t i = 0; i < entry->n_categories; i++)
		must_be_text(entry->categories[i].term);
	for (size_t i = 0; i < entry->n_authors; i++)
		must_be_text(entry->authors[i].name);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, "text/xml", "application/rss+xml; charset=utf-16",
		"text/html; charset=shift_jis", "application/xml; charset=\"iso-8859-1\""};
	struct sink sink = {.sink = {on_entry}};
	struct body body = BODY_INIT;
	struct error error;
	const struct document *document;

	if (!size)
		return 0;
	const char *type = types[data[0] % (sizeof types / sizeof *types)];
	const struct parse_hints hints = {.content_type = str_of(type)};
	/* Twice with one parser: what the first run leaves must not change the second. */
	struct parser *parser = parser_new();
	body_append(&body, data + 1, size - 1);
	int first = parse_run(parser, &body, &hints, &sink.sink, &document, &error);
	size_t entries = sink.entries;
	if (!first) {
		must_be_text(document->title.value);
		must_be_text(document->encoding);
		must_be_text(document->link);
		if (document->entries != entries)
			abort();
	}
	int second = parse_run(parser, &body, &hints, &sink.sink, &document, &error);
	if (first != second || sink.entries != 2 * entries)
		abort();
	body_deinit(&body);
	parser_free(parser);
	return 0;
}
