#include "control/page-put.h"

#include "base/clock.h"

void page_put_text(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '&':
			buf_lit(out, "&amp;");
			break;
		case '<':
			buf_lit(out, "&lt;");
			break;
		case '>':
			buf_lit(out, "&gt;");
			break;
		case '"':
			buf_lit(out, "&quot;");
			break;
		default:
			buf_char(out, s.p[i]);
		}
}

void page_put_query(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
			buf_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void page_put_number(struct buf *out, enum page_language language, uint64_t n)
{
	char digits[32];
	int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buf_char(out, language == PAGE_SPANISH ? '.' : ',');
		buf_char(out, digits[i]);
	}
}

static void put_span_of_time(struct buf *out, int64_t us)
{
	if (us < HOUR_US)
		buf_printf(out, "%d min", (int)(us / MIN_US));
	else if (us < 2 * DAY_US)
		buf_printf(out, "%d h", (int)(us / HOUR_US));
	else
		buf_printf(out, "%lld d", (long long)(us / DAY_US));
}

void page_put_time(struct buf *out, enum page_language language, int64_t us, int64_t now_us)
{
	char text[TIME_TEXT_MAX];
	int64_t away = us - now_us;

	if (!us) {
		buf_str(out, page_word(language, W_NEVER));
		return;
	}
	struct str exact = str_make(text, time_format_s(us / SEC_US, text));
	buf_lit(out, "<time datetime=\"");
	buf_str(out, exact);
	buf_lit(out, "\" title=\"");
	buf_str(out, exact);
	buf_lit(out, "\">");
	if (away > -MIN_US && away < MIN_US) {
		buf_str(out, page_word(language, W_NOW));
	} else if (away < 0) {
		buf_str(out, page_word(language, W_AGO_BEFORE));
		put_span_of_time(out, -away);
		buf_str(out, page_word(language, W_AGO_AFTER));
	} else {
		buf_str(out, page_word(language, W_IN));
		put_span_of_time(out, away);
	}
	buf_lit(out, "</time>");
}
