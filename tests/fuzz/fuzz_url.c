/* Base and reference, divided by a line end: what is resolved holds no white space and no code, and
 * resolving it again changes nothing. An alias knows neither blanks around it nor the scheme. */
#include "fuzz.h"

#include "normalize/url.h"

#include <stdio.h>
#include <stdlib.h>

static void expect(bool holds, const char *property, struct str url)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_url: %s: %.*s\n", property, STR_FMT(url));
	abort();
}

/* What names the same page is one alias: without scheme and the blanks around it, and it holds none of
 * what resolving refuses. */
static void check_alias(struct str alias, struct str ref)
{
	struct buf padded = BUF_INIT, again = BUF_INIT;

	buf_lit(&padded, " \t");
	buf_str(&padded, ref);
	buf_lit(&padded, "\n ");
	url_alias(&again, buf_view(&padded));
	expect(str_eq(alias, buf_view(&again)), "blanks change the alias", alias);
	if (str_istarts(ref, STR("http://"))) {
		buf_clear(&padded);
		buf_clear(&again);
		buf_lit(&padded, "https://");
		buf_str(&padded, str_skip(ref, 7));
		url_alias(&again, buf_view(&padded));
		if (str_find(ref, STR(":80")) == ref.n && str_find(ref, STR(":443")) == ref.n)
			expect(str_eq(alias, buf_view(&again)), "the scheme changes the alias",
				alias);
	}
	buf_deinit(&padded);
	buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str ref = str_make((const char *)data, size), base;
	struct buf url = BUF_INIT, again = BUF_INIT;

	if (!str_split(&ref, '\n', &base) || str_is_none(ref))
		return 0;
	if (url_resolve_to(&url, base, ref)) {
		struct str found = buf_view(&url);
		for (size_t i = 0; i < found.n; i++)
			expect((unsigned char)found.p[i] > ' ', "white space", found);
		expect(found.n <= URL_BYTES_MAX, "too long", found);
		expect(!str_istarts(found, STR("javascript:")), "code", found);
		if (url_is_absolute(found)) {
			expect(url_resolve_to(&again, base, found), "lost", found);
			expect(str_eq(found, buf_view(&again)), "not idempotent", buf_view(&again));
		}
	} else {
		expect(url.n == 0, "refused, but written", buf_view(&url));
	}
	buf_clear(&url);
	url_alias(&url, ref);
	check_alias(buf_view(&url), ref);
	buf_deinit(&url);
	buf_deinit(&again);
	return 0;
}
