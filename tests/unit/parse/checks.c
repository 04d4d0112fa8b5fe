#include "checks.h"

#include <errno.h>
#include <stdio.h>

static bool has_line(struct str printed, struct str line)
{
	struct str rest = printed, part;

	while (str_split(&rest, '\n', &part))
		if (str_eq(str_trim(part), str_trim(line)))
			return true;
	return false;
}

void check(struct str bytes, const struct parse_hints *hints, const char *lines)
{
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error = {0, ""};
	struct str rest = str_of(lines), line;

	/* Twice: a parser that was used before reads the same. */
	for (int run = 0; run < 2; run++) {
		int r = collect_run(&c, parser, bytes, hints, &error);
		if (r)
			fail_msg("parse_run: %d %s", r, error.text);
		assert_false(c.invalid);
	}
	while (str_split(&rest, '\n', &line)) {
		bool absent = line.n && line.p[0] == '!';
		if (has_line(buf_view(&c.out), str_skip(line, absent)) == absent)
			fail_msg("%s «%.*s» in:\n%.*s", absent ? "unexpected" : "missing",
				STR_FMT(line), STR_FMT(buf_view(&c.out)));
	}
	collect_deinit(&c);
	parser_free(parser);
}

void check_not_feed_at(struct str bytes, const struct parse_hints *hints, const char *words)
{
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();
	struct error error = {0, ""};

	assert_int_equal(collect_run(&c, parser, bytes, hints, &error), -EBADMSG);
	if (!strstr(error.text, words))
		fail_msg("«%s» does not say «%s»", error.text, words);
	collect_deinit(&c);
	parser_free(parser);
}

void check_not_feed(struct str bytes, const char *words)
{
	check_not_feed_at(bytes, NULL, words);
}
