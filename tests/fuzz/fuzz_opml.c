/* Any bytes as a list of feeds: what is taken is text, and the file that is proposed of it is YAML with as many
 * feeds as were taken, whatever names and addresses they have: nothing of a list can become structure. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/opml.h"
#include "config/tree.h"
#include "fuzz.h"

static void expect(bool holds, const char *property, struct str what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_opml: %s:\n%.*s\n", property, STR_FMT(what));
	abort();
}

/* Feeds under a list of cities or bodies. */
static size_t count(const struct node *places)
{
	size_t n = 0;

	for (const struct node *p = places ? places->first : NULL; p; p = p->next) {
		const struct node *agencies = node_get(p, "agencies");
		for (const struct node *a = agencies ? agencies->first : NULL; a; a = a->next)
			n += node_get(a, "feeds") ? node_get(a, "feeds")->n : 0;
	}
	return n;
}

static void check_yaml(struct str yaml, size_t feeds)
{
	static const struct config_file file = {.shown = "fuzz", .path = "fuzz", .folder = "/"};
	struct arena arena = ARENA_INIT;
	struct problems problems;
	bool broken = false;

	problems_init(&problems);
	const struct tree_arenas arenas = {&arena, &arena};
	const struct node *root = tree_read(&arenas, &file, yaml, &problems, &broken);
	expect(!broken && !problems.n, "what is proposed is no YAML", yaml);
	size_t n = root ? count(node_get(root, "cities")) + count(node_get(root, "bodies")) : 0;
	expect(n == feeds, "another number of feeds", yaml);
	problems_deinit(&problems);
	arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct opml_import import = {.from = "fuzz"};
	struct str bytes = str_make((const char *)data, size);
	struct error error = {0};
	struct buf yaml = BUF_INIT;
	struct opml opml;
	int r = opml_read(&opml, bytes, &error);

	expect(r == 0 || r == -EBADMSG, "another error", str_of(error.text));
	expect((r == 0) == !*error.text, "refused without a reason, or not refused", bytes);
	if (r < 0)
		return 0;
	for (size_t i = 0; i < opml.n_feeds; i++)
		expect(utf8_is_valid(opml.feeds[i].text) && utf8_is_valid(opml.feeds[i].url),
			"a text that is none", bytes);
	opml_write_yaml(&yaml, &opml, &import);
	expect(import.taken + import.known + import.twice + import.unusable == opml.n_feeds,
		"a feed is lost", bytes);
	check_yaml(buf_view(&yaml), import.taken);
	buf_deinit(&yaml);
	opml_deinit(&opml);
	return 0;
}
