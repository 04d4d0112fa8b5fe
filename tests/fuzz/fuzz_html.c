/* Whatever comes in: what html_clean() writes passes the strict reader, and is a fixed point of it;
 * a cut of it is no longer than asked and as clean. */
#include "fuzz.h"

#include "normalize/html.h"
#include "normalize/text.h"
#include "../unit/normalize/strict.h"

#include <stdio.h>
#include <stdlib.h>

static void expect(bool holds, const char *property, struct str html)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_html: %s: %.*s\n", property, STR_FMT(html));
	abort();
}

static void check_cut(struct str clean, size_t max)
{
	struct buf cut = BUF_INIT, again = BUF_INIT;
	size_t at;

	html_cut(&cut, clean, max);
	expect(cut.n <= max, "cut too long", buf_view(&cut));
	expect(!strict_check(buf_view(&cut), &at), "cut not clean", buf_view(&cut));
	buf_deinit(&cut);
	buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct html_options options = {.base = {"https://city.example/news/", 26}};
	struct buf once = BUF_INIT, twice = BUF_INIT, text = BUF_INIT, swept = BUF_INIT;
	struct arena arena = ARENA_INIT;
	size_t at;

	if (size < 1)
		return 0;
	/* The first byte decides whether there is a base, and where to cut. */
	const struct html_options *with = data[0] & 1 ? &options : &(struct html_options){STR_NONE};
	struct str html = str_make((const char *)data + 1, size - 1);

	struct html_options sweeping = *with;
	sweeping.text = &swept;
	html_clean(&once, html, &sweeping);
	const char *wrong = strict_check(buf_view(&once), &at);
	expect(!wrong, wrong, buf_view(&once));
	unsigned result = html_clean(&twice, buf_view(&once), with);
	expect(str_eq(buf_view(&once), buf_view(&twice)), "not idempotent", buf_view(&twice));
	expect(result == HTML_CLEAN, "clean, but said to be mended", buf_view(&once));
	check_cut(buf_view(&once), data[0]);

	/* The text of the same sweep is the text of the output. (Bytes that are no UTF-8 may become
	 * some where a tag between them goes.) */
	if (utf8_is_valid(html)) {
		buf_clear(&twice);
		html_text(&twice, buf_view(&once));
		expect(str_eq(buf_view(&swept), buf_view(&twice)), "not its text", html);
	}

	buf_clear(&twice);
	html_text(&text, html);
	text_fold_lines(&twice, buf_view(&text));
	expect(utf8_is_valid(buf_view(&twice)), "text is not UTF-8", buf_view(&twice));
	struct text title = {.value = html, .type = (enum text_type)(data[0] >> 1 & 3)};
	struct str plain = text_plain(&arena, &text, &title, NULL);
	expect(utf8_is_valid(plain) && str_chr(plain, '\n') == plain.n, "title", plain);

	arena_deinit(&arena);
	buf_deinit(&once);
	buf_deinit(&twice);
	buf_deinit(&text);
	buf_deinit(&swept);
	return 0;
}
