#include "fetch/headers.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/scan.h"

/* The longest ETags seen are 200 bytes; what is longer is dropped rather than kept for ever and
 * sent back with each poll. Other texts are cut off from use by the same bound. */
#define HEADER_TEXT_MAX 2048
/* Room for a self and hubs with long URLs; what comes behind is dropped. */
#define LINKS_MAX 8192
/* A server whose clock is farther ahead of ours has a wrong one. */
#define DATE_AHEAD_S 60
/* Delta seconds beyond a year mean a year (RFC 9111 § 5.2.2.1 allows any large value). */
#define DELTA_MAX_S (366 * DAY_S)

void response_init(struct response *r)
{
	*r = (struct response){
		.max_age_s = -1,
		.age_s = -1,
		.retry_s = -1,
		.length = -1,
		.expires_s = TIME_NONE,
		.retry_date_s = TIME_NONE,
	};
}

void response_deinit(struct response *r)
{
	free(r->etag);
	free(r->last_modified);
	free(r->content_type);
	free(r->content_location);
	free(r->content_language);
	free(r->location);
	free(r->links);
	response_init(r);
}

SCAN_INLINE scan_bytes is_unsound(scan_bytes v)
{
	return (scan_up_to(v, ' ' - 1) & ~scan_is(v, '\t')) | scan_is(v, 0x7f);
}

bool validator_is_sound(struct str value)
{
	if (!value.n || value.n > HEADER_TEXT_MAX)
		return false;
	return scan_find(value, 0, is_unsound) == value.n;
}

/* Digits only; large values mean "long". -1 if it is no number. */
static int64_t delta_seconds(struct str s)
{
	int64_t v = 0;

	s = str_trim(s);
	if (s.n > 1 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = str_make(s.p + 1, s.n - 2);
	if (!s.n)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit((unsigned char)s.p[i]))
			return -1;
		v = v * 10 + (s.p[i] - '0');
		if (v > DELTA_MAX_S)
			v = DELTA_MAX_S;
	}
	return v;
}

static void cache_control(struct response *r, struct str value)
{
	struct str directive, name;

	while (str_split(&value, ',', &directive)) {
		directive = str_trim(directive);
		struct str argument = directive;
		if (!str_split(&argument, '=', &name))
			continue;
		name = str_trim(name);
		if (str_is_i(name, "no-cache") || str_is_i(name, "no-store"))
			r->expires_now = true;
		else if (str_is_i(name, "max-age") && name.n < directive.n && r->max_age_s < 0)
			r->max_age_s = delta_seconds(argument);
	}
}

/* libcurl takes the first; RFC 9110 § 8.6: neither is to be trusted. */
static void set_length(struct response *r, struct str value)
{
	unsigned long long v;
	int64_t length = str_u64(value, INT64_MAX, &v) ? (int64_t)v : -1;

	r->lengths_differ = r->lengths_differ || (r->length >= 0 && r->length != length);
	r->length = length;
}

static void set_age(struct response *r, struct str value)
{
	r->age_s = delta_seconds(value);
}

static void set_date(struct response *r, struct str value)
{
	value = str_head(value, sizeof r->date - 1);
	memcpy(r->date, value.p, value.n);
	r->date[value.n] = '\0';
}

static void set_expires(struct response *r, struct str value)
{
	/* RFC 9111 § 5.3: an invalid date, above all "0", means that it has passed. */
	if (!http_date(value, &r->expires_s))
		r->expires_now = true;
}

static void set_retry(struct response *r, struct str value)
{
	r->retry_s = delta_seconds(value);
	if (r->retry_s < 0)
		(void)http_date(value, &r->retry_date_s);
}

/* Many servers send links of which none is about hubs. */
static void add_links(struct response *r, struct str value)
{
	size_t before = r->links ? strlen(r->links) : 0;

	if (!validator_is_sound(value) || before + value.n > LINKS_MAX ||
		(str_ifind(value, STR("hub")) == value.n &&
			str_ifind(value, STR("self")) == value.n))
		return;
	char *joined =
		mem_printf("%s%s%.*s", before ? r->links : "", before ? ", " : "", STR_FMT(value));
	free(r->links);
	r->links = joined;
}

#define NAME(text) \
	{ \
		text, sizeof(text) - 1 \
	}
static const struct {
	struct str name;
	size_t text; /* offset of a char *, if there is no function */
	void (*take)(struct response *r, struct str value);
} known[] = {
	{NAME("etag"), offsetof(struct response, etag), NULL},
	{NAME("last-modified"), offsetof(struct response, last_modified), NULL},
	{NAME("content-type"), offsetof(struct response, content_type), NULL},
	{NAME("content-location"), offsetof(struct response, content_location), NULL},
	{NAME("content-language"), offsetof(struct response, content_language), NULL},
	{NAME("location"), offsetof(struct response, location), NULL},
	{NAME("link"), 0, add_links},
	{NAME("cache-control"), 0, cache_control},
	{NAME("content-length"), 0, set_length},
	{NAME("age"), 0, set_age},
	{NAME("date"), 0, set_date},
	{NAME("expires"), 0, set_expires},
	{NAME("retry-after"), 0, set_retry},
};

static void take_header(struct response *r, struct str name, struct str value)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (name.n != known[i].name.n || !str_ieq(name, known[i].name))
			continue;
		char **text = (char **)((char *)r + known[i].text);
		if (known[i].take)
			known[i].take(r, value);
		else if (!*text && validator_is_sound(value))
			*text = mem_strndup(value.p, value.n);
		return;
	}
}

static int status_of(struct str line)
{
	size_t space = str_chr(line, ' ');
	unsigned long long status;

	return str_u64(str_head(str_trim(str_skip(line, space)), 3), 999, &status) ? (int)status
										   : 0;
}

void response_line(struct response *r, struct str line)
{
	size_t bytes = r->bytes + line.n;

	if (str_istarts(line, STR("HTTP/"))) {
		response_deinit(r);
		r->status = status_of(line);
	} else if (r->ended) {
		; /* a trailer: what the body has been judged by is not changed behind it */
	} else if (line.n && !ascii_is_space((unsigned char)line.p[0])) {
		size_t colon = str_chr(line, ':');
		if (colon < line.n)
			take_header(r, str_head(line, colon), str_trim(str_skip(line, colon + 1)));
	} else if (!str_trim(line).n) {
		r->ended = true;
	} /* else: a folded line, obsolete; nothing we read is ever folded */
	r->bytes = bytes;
}

/* When the server thinks it is. */
static int64_t date_of(const struct response *r, int64_t now_s)
{
	int64_t date_s;

	return http_date(str_of(r->date), &date_s) ? date_s : now_s;
}

int64_t response_made_us(const struct response *r, int64_t now_s)
{
	int64_t date_s;

	return http_date(str_of(r->date), &date_s) && date_s > 0 && date_s <= now_s + DATE_AHEAD_S
		       ? date_s * SEC_US
		       : 0;
}

int64_t response_fresh_us(const struct response *r, int64_t now_s)
{
	int64_t s = -1;

	if (r->expires_now && r->max_age_s < 0)
		return 0;
	if (r->max_age_s >= 0)
		s = r->max_age_s;
	else if (r->expires_s != TIME_NONE)
		s = r->expires_s - date_of(r, now_s);
	else
		return -1;
	if (r->age_s > 0)
		s -= r->age_s;
	if (s > DELTA_MAX_S)
		s = DELTA_MAX_S;
	return s > 0 ? s * SEC_US : 0;
}

int64_t response_retry_us(const struct response *r, int64_t now_s)
{
	int64_t s = r->retry_s;

	if (s < 0 && r->retry_date_s == TIME_NONE)
		return -1;
	if (s < 0)
		s = r->retry_date_s - date_of(r, now_s);
	if (s < 0)
		s = 0; /* passed */
	return s < RETRY_AFTER_MAX_US / SEC_US ? s * SEC_US : RETRY_AFTER_MAX_US;
}

/* ---- HTTP-date ---- */

static const char months[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static int month_of(struct str s)
{
	for (int i = 0; i < 12; i++)
		if (str_is_i(s, months[i]))
			return i + 1;
	return 0;
}

static bool number(struct str s, unsigned long long max, int *ret)
{
	unsigned long long v;

	if (!str_u64(s, max, &v))
		return false;
	*ret = (int)v;
	return true;
}

static bool time_of_day(struct str s, int *ret)
{
	struct str h, m;
	int hour, minute, second;

	if (!str_split(&s, ':', &h) || !str_split(&s, ':', &m) || !number(h, 23, &hour) ||
		!number(m, 59, &minute) || !number(s, 60, &second))
		return false;
	*ret = hour * 3600 + minute * 60 + second;
	return true;
}

/* Two digits: RFC 9110 asks for the past once the date would be 50 years ahead; servers old enough
 * to send them are older than that question. */
static int full_year(int year, size_t digits)
{
	return digits == 2 ? year + (year < 70 ? 2000 : 1900) : year;
}

bool http_date(struct str s, int64_t *ret_s)
{
	struct str word, day, month, year, clock;
	int d, m, y, seconds;

	s = str_trim(s);
	if (!str_word(&s, &word) || !str_word(&s, &day))
		return false;
	if (str_chr(day, '-') < day.n) { /* RFC 850: Sunday, 06-Nov-94 08:49:37 GMT */
		year = day;
		if (!str_split(&year, '-', &day) || !str_split(&year, '-', &month) ||
			!str_word(&s, &clock))
			return false;
	} else if (month_of(day)) { /* asctime: Sun Nov  6 08:49:37 1994 */
		month = day;
		if (!str_word(&s, &day) || !str_word(&s, &clock) || !str_word(&s, &year))
			return false;
	} else if (!str_word(&s, &month) || !str_word(&s, &year) || !str_word(&s, &clock)) {
		return false; /* not Sun, 06 Nov 1994 08:49:37 GMT either */
	}
	m = month_of(month);
	if (!m || !number(day, 31, &d) || !number(year, 9999, &y) || !time_of_day(clock, &seconds))
		return false;
	y = full_year(y, year.n);
	if (d < 1 || d > calendar_month_length(y, m))
		return false;
	*ret_s = calendar_days(y, m, d) * DAY_S + seconds;
	return true;
}

void http_date_write(int64_t unix_s, char out[TIME_TEXT_MAX])
{
	int64_t days = unix_s / DAY_S - (unix_s % DAY_S < 0), s = unix_s - days * DAY_S, year;
	int month, day;

	calendar_date(days, &year, &month, &day);
	snprintf(out, TIME_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT",
		weekdays[calendar_weekday(days)], day, months[month - 1], (int)(year % 10000),
		(int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}
