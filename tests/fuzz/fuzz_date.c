/* A byte that chooses the language, then a date. What is read is a year we accept, means the same
 * when it is written as RFC 3339, and no blanks around it change it. What one language leaves
 * undecided may be decided by another, but what is read without any is read so in all. */
#include "fuzz.h"

#include "normalize/date.h"

#include <stdio.h>
#include <stdlib.h>

static void expect(bool holds, const char *property, struct str text)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_date: %s: %.*s\n", property, STR_FMT(text));
	abort();
}

static void check_written(int64_t s, const struct date_context *context, struct str text)
{
	char written[TIME_TEXT_MAX];
	size_t n = time_format_s(s, written);
	int64_t again;

	/* A zone may carry the first and the last day into a year beyond. */
	if (s < calendar_days(1900, 1, 1) * DAY_S || s >= calendar_days(2201, 1, 1) * DAY_S) {
		expect(s >= calendar_days(1899, 12, 31) * DAY_S &&
				s < calendar_days(2201, 1, 3) * DAY_S,
			"year out of range", text);
		return;
	}
	expect(date_parse(str_make(written, n), context, &again) == DATE_OK && again == s,
		"not the same when written", text);
}

static void check_blanks(
	struct str text, const struct date_context *context, enum date_result result, int64_t s)
{
	char padded[260];
	int64_t again = s;

	if (text.n > 250)
		return;
	padded[0] = ' ';
	memcpy(padded + 1, text.p, text.n);
	padded[text.n + 1] = '\n';
	expect(date_parse(str_make(padded, text.n + 2), context, &again) == result && again == s,
		"blanks change it", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const languages[] = {NULL, "es", "en", "en-US", "hr", "ja", "en-IN"};
	struct date_context context = {.language = STR_NONE};
	struct str text;
	enum date_result result, plain;
	int64_t s = 0, plain_s = 0;

	if (!size)
		return 0;
	text = str_make((const char *)data + 1, size - 1);
	plain = date_parse(text, &context, &plain_s);
	context.language = str_of(languages[data[0] % (sizeof languages / sizeof languages[0])]);
	result = date_parse(text, &context, &s);
	if (plain == DATE_OK || plain == DATE_NONE)
		expect(result == plain && s == plain_s, "language changes it", text);
	if (result == DATE_OK)
		check_written(s, &context, text);
	check_blanks(text, &context, result, s);
	return 0;
}
