#include "journal/encoding.h"

/* The key's bytes say what it is; they keep no secret. */
static const struct hash_key checksum_key = {"civicwire-record"};

void varint_add(struct buf *out, uint64_t value)
{
	char *p = buf_room(out, VARINT_MAX);

	while (value >= 0x80) {
		*p++ = (char)(value | 0x80);
		value >>= 7;
	}
	*p++ = (char)value;
	out->n = (size_t)(p - out->p);
}

bool varint_take(struct str *rest, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < rest->n && i < VARINT_MAX; i++) {
		uint64_t byte = (unsigned char)rest->p[i];
		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		value |= (byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*rest = str_skip(*rest, i + 1);
			*ret = value;
			return true;
		}
	}
	return false;
}

uint64_t checksum_of(struct str s)
{
	return hash_short(&checksum_key, s);
}

static void add_fixed(struct buf *out, uint64_t value)
{
	char *p = buf_room(out, 8);

	for (int i = 0; i < 8; i++)
		p[i] = (char)(value >> (8 * i));
	out->n += 8;
}

void record_begin(struct buf *out, uint64_t seq, int64_t recorded_us, struct str views)
{
	buf_clear(out);
	add_fixed(out, seq);
	add_fixed(out, (uint64_t)recorded_us);
	add_fixed(out, views.n);
	buf_str(out, views);
}
