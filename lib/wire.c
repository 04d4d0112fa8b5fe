#include <civicwire/wire.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What is still to be read; every take_* moves p behind what it took. */
struct cut {
	const char *p, *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_epoch_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_id_char(char c)
{
	return is_epoch_char(c) || c == '-';
}

static bool take_char(struct cut *cut, char c)
{
	if (cut->p == cut->end || *cut->p != c)
		return false;
	cut->p++;
	return true;
}

static bool take_epoch(struct cut *cut, char ret[CW_EPOCH_SIZE])
{
	size_t n = 0;

	while (n < (size_t)(cut->end - cut->p) && is_epoch_char(cut->p[n]))
		n++;
	if (!n || n >= CW_EPOCH_SIZE)
		return false;
	memcpy(ret, cut->p, n);
	ret[n] = '\0';
	cut->p += n;
	return true;
}

/* One spelling for each number: no sign, no leading zero, nothing beyond `max`. */
static bool take_number(struct cut *cut, uint64_t max, uint64_t *ret)
{
	const char *start = cut->p;
	uint64_t v = 0;

	for (; cut->p < cut->end && is_digit(*cut->p); cut->p++) {
		unsigned digit = (unsigned)(*cut->p - '0');
		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (cut->p == start || (*start == '0' && cut->p - start > 1))
		return false;
	*ret = v;
	return true;
}

static bool epoch_is_valid(const char epoch[CW_EPOCH_SIZE])
{
	char copy[CW_EPOCH_SIZE];
	size_t n = strnlen(epoch, CW_EPOCH_SIZE);
	struct cut cut = {epoch, epoch + n};

	return take_epoch(&cut, copy) && cut.p == cut.end;
}

int cw_header_parse(const char *line, size_t n, struct cw_header *ret_header)
{
	struct cut cut = {line, line + n};
	struct cw_header h;
	uint64_t time_us = 0;

	if (n < 4 || memcmp(line, "CW1 ", 4) != 0)
		return -EINVAL;
	cut.p += 4;
	if (!take_epoch(&cut, h.epoch) || !take_char(&cut, ' ') ||
		!take_number(&cut, UINT64_MAX, &h.seq) || !take_char(&cut, ' ') ||
		!take_number(&cut, UINT64_MAX, &h.prev) || !take_char(&cut, ' ') ||
		!take_number(&cut, INT64_MAX, &time_us) || cut.p != cut.end)
		return -EINVAL;
	h.time_us = (int64_t)time_us;
	*ret_header = h;
	return 0;
}

/* Writes v in decimal without NUL: snprintf takes ten times as long, and every message has three. */
static char *put_number(char *p, uint64_t v)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = digits[--n];
	return p;
}

static char *put_text(char *p, const char *text)
{
	size_t n = strlen(text);

	memcpy(p, text, n);
	return p + n;
}

size_t cw_header_format(const struct cw_header *header, char out[CW_HEADER_SIZE])
{
	char *p = out;

	out[0] = '\0';
	if (!epoch_is_valid(header->epoch) || header->time_us < 0)
		return 0;
	p = put_text(p, "CW1 ");
	p = put_text(p, header->epoch);
	*p++ = ' ';
	p = put_number(p, header->seq);
	*p++ = ' ';
	p = put_number(p, header->prev);
	*p++ = ' ';
	p = put_number(p, (uint64_t)header->time_us);
	*p = '\0';
	return (size_t)(p - out);
}

int cw_cursor_parse(const char *text, size_t n, struct cw_cursor *ret_cursor)
{
	struct cut cut = {text, text + n};
	struct cw_cursor c;

	if (!take_epoch(&cut, c.epoch) || !take_char(&cut, '.') ||
		!take_number(&cut, UINT64_MAX, &c.seq) || cut.p != cut.end)
		return -EINVAL;
	*ret_cursor = c;
	return 0;
}

size_t cw_cursor_format(const struct cw_cursor *cursor, char out[CW_CURSOR_SIZE])
{
	char *p = out;

	out[0] = '\0';
	if (!epoch_is_valid(cursor->epoch))
		return 0;
	p = put_text(p, cursor->epoch);
	*p++ = '.';
	p = put_number(p, cursor->seq);
	*p = '\0';
	return (size_t)(p - out);
}

/* Walks over "id/id/…"; *ret_ids counts the ids that are complete. False: no topic begins so. */
static bool walk_ids(const char *p, size_t n, size_t *ret_ids, size_t *ret_rest)
{
	size_t ids = 0, length = 0;

	if (n > CW_TOPIC_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '/') {
			if (!length)
				return false;
			ids++;
			length = 0;
		} else if (!is_id_char(p[i]) || ++length > CW_ID_MAX) {
			return false;
		}
	}
	*ret_ids = ids;
	*ret_rest = length;
	return true;
}

int cw_topic_is_valid(const char *topic, size_t n)
{
	size_t ids, rest;

	return walk_ids(topic, n, &ids, &rest) && ids >= 2 && !rest;
}

int cw_prefix_is_valid(const char *prefix, size_t n)
{
	size_t ids, rest;

	return walk_ids(prefix, n, &ids, &rest);
}
