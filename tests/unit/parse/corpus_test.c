/* Real feeds: none crashes the parser, every text is valid UTF-8, and no entry is lost that another
 * parser finds. The files are not ours; without them this test is skipped. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "checks.h"

#include "base/cleanup.h"
#include "base/map.h"

#define FILE_MAX (64u << 20)

/* The reference counts JSON-LD records, which are no entries of a feed. */
static const char *const exceptions[] = {"json-br-anac-schema-org-not-jsonfeed.json"};

static const char *corpus(void)
{
	const char *path = getenv("CIVICWIRE_CORPUS");
	DIR *dir = path ? opendir(path) : NULL;

	if (!dir) {
		print_message("skipped: CIVICWIRE_CORPUS names no folder of real feeds\n");
		skip();
	}
	closedir(dir);
	return path;
}

static bool is_exception(const char *name)
{
	for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
		if (!strcmp(name, exceptions[i]))
			return true;
	return false;
}

/* Parses a file; returns what parse_run() said. */
static int run_file(struct collector *c, struct parser *parser, const char *path)
{
	const struct parse_hints hints = {.content_type = STR("application/xml")};
	struct body body = BODY_INIT;
	struct error error = {0, ""};

	if (body_load(&body, path, FILE_MAX))
		fail_msg("cannot read %s", path);
	int r = collect_body(c, parser, &body, &hints, &error);
	body_deinit(&body);
	if (r && r != -EBADMSG)
		fail_msg("%s: %d %s", path, r, error.text);
	if (r == -EBADMSG && !error.text[0])
		fail_msg("%s: refused without a word", path);
	if (c->invalid)
		fail_msg("%s: a text is not valid UTF-8", path);
	return r;
}

static void test_expected(void **state)
{
	const char *root = corpus();
	char path[4096];
	cleanup(free_p) char *line = NULL;
	size_t size = 0, files = 0;
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();

	(void)state;
	snprintf(path, sizeof path, "%s/expected.jsonl", root);
	cleanup(fclose_p) FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (getline(&line, &size, f) > 0) {
		json_t *expected = json_loads(line, 0, NULL);
		assert_non_null(expected);
		const char *name = json_string_value(json_object_get(expected, "name"));
		size_t want = (size_t)json_integer_value(json_object_get(expected, "n_entries"));
		snprintf(path, sizeof path, "%s/feeds/%s", root, name);
		int r = run_file(&c, parser, path);
		if (!is_exception(name) && (c.entries < want || (want && r)))
			fail_msg("%s: %zu entries, not %zu", name, c.entries, want);
		json_decref(expected);
		files++;
	}
	assert_true(files > 200);
	collect_deinit(&c);
	parser_free(parser);
}

static size_t walk(struct collector *c, struct parser *parser, const char *folder)
{
	struct dirent **list;
	size_t files = 0;
	int n = scandir(folder, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
		if (list[i]->d_type == DT_DIR && list[i]->d_name[0] != '.') {
			files += walk(c, parser, path);
		} else if (list[i]->d_type == DT_REG) {
			run_file(c, parser, path);
			files++;
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return files;
}

static void test_every_file(void **state)
{
	struct collector c = {.out = BUF_INIT};
	const char *root = corpus();
	struct parser *parser = parser_new();
	char path[4096];

	(void)state;
	snprintf(path, sizeof path, "%s/feedparser", root);
	assert_true(walk(&c, parser, path) > 600);
	snprintf(path, sizeof path, "%s/standards", root);
	assert_true(walk(&c, parser, path) > 0);
	collect_deinit(&c);
	parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_every_file),
	};

	return cmocka_run_group_tests_name("parse corpus", tests, NULL, NULL);
}
