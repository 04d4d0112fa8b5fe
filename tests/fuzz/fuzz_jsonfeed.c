/* JSON through the parse stage, as fuzz_parse.c does, and beside jansson as a second opinion: what is no
 * JSON for it is no sound document, and what is JSON yields the entries' titles that it finds, in order. */
#include "fuzz.h"
#include "twice.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* At the beginning of a line: texts may have the same words, and no line of their own. */
#define TITLE "\n  title(plain)="

static void expect(bool holds, const char *property, const struct collector *c)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_jsonfeed: %s:\n%.*s\n", property, (int)c->out.n, c->out.p);
	abort();
}

/* The title of an item as an entry must have it; none: there must be none. False: too odd to say. */
static bool title_of(const json_t *item, struct str *ret)
{
	const json_t *title = json_object_get(item, "title");

	*ret = STR_NONE;
	if (json_is_number(title))
		return false;
	if (!json_is_string(title))
		return true;
	struct str s = str_make(json_string_value(title), json_string_length(title));
	*ret = str_trim(str_head(s, str_chr(s, '\0')));
	/* The collector escapes what would break its lines. */
	return str_chr(*ret, '\n') == ret->n && str_chr(*ret, '\r') == ret->n;
}

static void check_titles(const json_t *root, const struct collector *c)
{
	struct str rest = buf_view(&c->out), title;
	const json_t *items = json_object_get(root, "items"), *item;
	size_t i, objects = json_is_object(items); /* one item for a list of them */

	json_array_foreach(items, i, item)
	{
		if (!json_is_object(item))
			continue;
		objects++;
		if (!title_of(item, &title))
			return;
		if (!title.n)
			continue;
		size_t at = str_find(rest, STR(TITLE));
		expect(at < rest.n, "an item's title is missing", c);
		rest = str_skip(rest, at + strlen(TITLE));
		expect(str_starts(rest, title), "an item has another title", c);
		rest = str_skip(rest, title.n);
	}
	expect(c->entries <= objects, "more entries than items", c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_make((const char *)data, size);
	struct twice twice = {.hints = NULL};
	json_error_t error;

	if (!size || (data[0] != '{' && data[0] != '['))
		return 0;
	twice_parse(&twice, bytes);
	/* Doubled keys have no meaning that all agree on; other encodings are fuzz_charset's. */
	json_t *root = json_loadb(bytes.p, bytes.n, JSON_ALLOW_NUL, &error);
	json_t *strict =
		json_loadb(bytes.p, bytes.n, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	if (strict && !twice.result)
		check_titles(strict, &twice.first);
	if (!root && utf8_is_valid(bytes) && !memchr(bytes.p, 0, bytes.n))
		expect(twice.result != 0 || str_find(buf_view(&twice.first.out),
						    STR("not-well-formed")) < twice.first.out.n,
			"a sound document of what is no JSON", &twice.first);
	json_decref(root);
	json_decref(strict);
	twice_deinit(&twice);
	return 0;
}
