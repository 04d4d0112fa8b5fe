#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/queue.h"
#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_str(struct str s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static void test_str(void **state)
{
	struct str rest = STR("a,,b"), part;
	unsigned long long v;

	(void)state;
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_split(&rest, ',', &part));
	rest = STR(" \tone  two\n");
	assert_true(str_word(&rest, &part));
	assert_str(part, "one");
	assert_true(str_word(&rest, &part));
	assert_str(part, "two");
	assert_false(str_word(&rest, &part));
	assert_int_equal(str_ifind(STR("abCDef"), STR("cd")), 2);
	assert_true(str_u64(STR("18446744073709551615"), UINT64_MAX, &v));
	assert_false(str_u64(STR("18446744073709551616"), UINT64_MAX, &v));
	assert_false(str_u64(STR("11"), 10, &v));
	assert_false(str_u64(STR("-1"), 10, &v));
}

static void test_utf8(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(utf8_valid_prefix(STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")), 10);
	assert_int_equal(utf8_valid_prefix(STR("a\xC0\x80")), 1);        /* overlong */
	assert_int_equal(utf8_valid_prefix(STR("\xED\xA0\x80")), 0);     /* surrogate */
	assert_int_equal(utf8_valid_prefix(STR("\xF4\x90\x80\x80")), 0); /* beyond U+10FFFF */
	assert_int_equal(utf8_valid_prefix(STR("\xE2\x82")), 0);         /* cut */
	for (unsigned cp = 1; cp < 0x110000; cp += 97) {
		if (cp >= 0xD800 && cp <= 0xDFFF)
			continue;
		size_t n = utf8_encode(cp, out), len;
		assert_int_equal(utf8_decode(str_make(out, n), &len), cp);
		assert_int_equal(len, n);
	}
}

static void test_arena(void **state)
{
	struct arena arena = ARENA_INIT;
	int *items = NULL;
	size_t n = 0, cap = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		*ARENA_PUSH(&arena, items, n, cap) = i;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(items[i], i);
	assert_str(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
	assert_null(arena_str(&arena, STR_NONE).p);
	arena_reset(&arena);
	assert_str(arena_str(&arena, STR("again")), "again");
	arena_deinit(&arena);
}

static void test_time(void **state)
{
	char text[TIME_TEXT_MAX];
	int64_t us, year;
	int month, day;

	(void)state;
	for (int64_t d = -200000; d < 200000; d += 13) {
		calendar_date(d, &year, &month, &day);
		assert_int_equal(calendar_days(year, month, day), d);
	}
	assert_int_equal(calendar_weekday(0), 4); /* 1970-01-01 was a Thursday */
	assert_int_equal(calendar_month_length(2000, 2), 29);
	assert_int_equal(calendar_month_length(1900, 2), 28);
	assert_str(str_make(text, time_format_s(1494601445, text)), "2017-05-12T15:04:05Z");
	assert_str(str_make(text, time_format_us(-1, text)), "1969-12-31T23:59:59.999Z");
	assert_true(time_parse_rfc3339(STR("2017-05-12T17:04:05.25+02:00"), &us));
	assert_int_equal(us, INT64_C(1494601445250000));
	assert_false(time_parse_rfc3339(STR("2017-02-29T00:00:00Z"), &us));
	assert_false(time_parse_rfc3339(STR("2017-05-12"), &us));
}

static void test_map(void **state)
{
	struct map map;
	struct arena arena = ARENA_INIT;
	char key[16];

	(void)state;
	map_init(&map);
	for (intptr_t i = 1; i <= 10000; i++)
		assert_null(map_add(&map, arena_printf(&arena, "k%d", (int)i), (void *)i));
	assert_int_equal((intptr_t)map_add(&map, STR("k7"), (void *)1), 7);
	for (intptr_t i = 1; i <= 10000; i += 2) {
		snprintf(key, sizeof key, "k%d", (int)i);
		assert_int_equal((intptr_t)map_take(&map, str_of(key)), i);
	}
	for (intptr_t i = 1; i <= 10000; i++) {
		snprintf(key, sizeof key, "k%d", (int)i);
		assert_int_equal((intptr_t)map_get(&map, str_of(key)), i % 2 ? 0 : i);
	}
	assert_int_equal(map.n, 5000);
	map_deinit(&map);
	arena_deinit(&arena);
}

static void *producer(void *p)
{
	for (intptr_t i = 1; i <= 10000; i++)
		assert_true(queue_push(p, (void *)i));
	queue_close(p);
	return NULL;
}

static void test_queue(void **state)
{
	struct queue q;
	pthread_t thread;
	void *out[7];
	intptr_t next = 1;

	(void)state;
	queue_init(&q, 5);
	assert_int_equal(queue_pop_many(&q, out, 7, 1000), 0);
	pthread_create(&thread, NULL, producer, &q);
	for (size_t n; (n = queue_pop_many(&q, out, 7, -1));)
		for (size_t i = 0; i < n; i++)
			assert_int_equal((intptr_t)out[i], next++);
	assert_int_equal(next, 10001);
	assert_false(queue_push(&q, out));
	pthread_join(thread, NULL);
	queue_deinit(&q);
}

/* What is left to those that must not wait is never taken by those that can. */
static void test_queue_reserved(void **state)
{
	struct queue q;
	pthread_t thread;

	(void)state;
	queue_init_reserved(&q, 2, 3);
	for (intptr_t i = 1; i <= 2; i++)
		assert_true(queue_push(&q, (void *)i));
	pthread_create(&thread, NULL, producer, &q); /* waits for room */
	for (intptr_t i = 3; i <= 5; i++)
		assert_true(queue_try_push(&q, (void *)i));
	assert_false(queue_try_push(&q, &q));
	for (intptr_t i = 1; i <= 5; i++)
		assert_int_equal((intptr_t)queue_pop(&q), i);
	for (intptr_t i = 1; i <= 10000; i++) {
		assert_int_equal((intptr_t)queue_pop(&q), i);
		assert_in_range(queue_length(&q), 0, 2);
	}
	assert_null(queue_pop(&q));
	pthread_join(thread, NULL);
	queue_deinit(&q);
}

#define AN_HOUR_US 3600000000LL

static void *gatherer(void *p)
{
	void *out[4];

	return (void *)queue_gather(p, out, 4, -1, AN_HOUR_US, 3);
}

static size_t gathered_after(struct queue *q, bool (*push)(struct queue *q, void *item))
{
	pthread_t thread;
	void *n;

	pthread_create(&thread, NULL, gatherer, q);
	assert_true(queue_try_push_patient(q, q));
	if (push)
		assert_true(push(q, q));
	else
		queue_wake(q);
	pthread_join(thread, &n);
	return (size_t)n;
}

/* What is in no hurry waits an hour here; but not once anything else has come. */
static void test_queue_gathers(void **state)
{
	struct queue q;
	void *out[4];

	(void)state;
	queue_init(&q, 4);
	assert_int_equal(gathered_after(&q, queue_push), 2);
	assert_int_equal(gathered_after(&q, queue_try_push), 2);
	assert_int_equal(gathered_after(&q, NULL), 1);
	assert_true(queue_try_push_patient(&q, &q));
	assert_int_equal(gathered_after(&q, queue_try_push_patient), 3); /* enough */
	assert_true(queue_try_push_patient(&q, &q));
	assert_int_equal(queue_gather(&q, out, 4, 0, 1000, 3), 1); /* for a millisecond */
	/* One that could not be taken is still in a hurry. */
	assert_true(queue_try_push_patient(&q, &q) && queue_push(&q, &q));
	assert_int_equal(queue_gather(&q, out, 1, 0, AN_HOUR_US, 3), 1);
	assert_int_equal(queue_gather(&q, out, 1, 0, AN_HOUR_US, 3), 1);
	assert_true(queue_try_push_patient(&q, &q));
	queue_close(&q);
	assert_int_equal(queue_gather(&q, out, 4, 0, AN_HOUR_US, 3), 1);
	queue_deinit(&q);
}

static void test_json(void **state)
{
	cleanup(buf_deinit) struct buf b = BUF_INIT;
	struct json j = json_to(&b);

	(void)state;
	json_open(&j, '{');
	json_member(&j, "a", STR("x\"\\\n\x01é"));
	json_member(&j, "none", STR_NONE);
	json_key(&j, "n");
	json_open(&j, '[');
	json_int(&j, -5);
	json_double(&j, -75.56);
	json_double(&j, 2);
	json_double(&j, 0.1);
	json_bool(&j, true);
	json_close(&j, ']');
	json_member_time(&j, "t", 0);
	json_close(&j, '}');
	assert_str(buf_view(&b), "{\"a\":\"x\\\"\\\\\\n\\u0001é\",\"n\":[-5,-75.56,2,0.1,true],"
				 "\"t\":\"1970-01-01T00:00:00Z\"}");
}

/* A text with one byte of each value in turn, at every place of two scans. */
static void test_json_quote(void **state)
{
	cleanup(buf_deinit) struct buf b = BUF_INIT;
	static const char escaped[] = "\b\t\n\f\r\"\\";
	char text[2 * 16 + 1], want[16];

	(void)state;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof text; at++) {
			memset(text, 'x', sizeof text);
			text[at] = (char)c;
			const char *special = c ? strchr(escaped, (char)c) : NULL;
			if (special)
				snprintf(want, sizeof want, "\\%c", "btnfr\"\\"[special - escaped]);
			else if (c < 0x20 || c == 0x7F)
				snprintf(want, sizeof want, "\\u%04x", c);
			else
				snprintf(want, sizeof want, "%c", (char)c);
			buf_clear(&b);
			json_quote(&b, str_make(text, sizeof text));
			assert_int_equal(b.n, 2 + sizeof text - 1 + strlen(want));
			assert_memory_equal(b.p + 1, text, at);
			assert_memory_equal(b.p + 1 + at, want, strlen(want));
			assert_memory_equal(b.p + b.n - 1 - (sizeof text - 1 - at), text + at + 1,
				sizeof text - 1 - at);
			assert_true(b.p[0] == '"' && b.p[b.n - 1] == '"');
		}
}

static void test_json_integers(void **state)
{
	cleanup(buf_deinit) struct buf b = BUF_INIT;
	struct json j = json_to(&b);

	(void)state;
	json_int(&j, 0);
	json_int(&j, INT64_MIN);
	json_int(&j, INT64_MAX);
	json_uint(&j, 10);
	json_uint(&j, UINT64_MAX);
	assert_str(
		buf_view(&b), "0,-9223372036854775808,9223372036854775807,10,18446744073709551615");
}

static void test_hash(void **state)
{
	struct hash_state s;
	struct hash a, b;
	char text[HASH_TEXT_MAX];

	(void)state;
	assert_int_equal(hash_global_init(), 0);
	hash_begin(&s);
	hash_add(&s, "ab", 2);
	hash_add(&s, "c", 1);
	hash_end(&s, &a);
	b = hash_of(STR("abc"));
	assert_true(hash_eq(&a, &b));
	size_t n = hash_text(&a, text);
	assert_int_equal(n, strlen(text));
	hash_begin(&s);
	hash_add_str(&s, STR("ab"));
	hash_add_str(&s, STR("c"));
	hash_end(&s, &a);
	hash_begin(&s);
	hash_add_str(&s, STR("a"));
	hash_add_str(&s, STR("bc"));
	hash_end(&s, &b);
	assert_false(hash_eq(&a, &b));
}

static int compare_hashes(const void *a, const void *b)
{
	return memcmp(a, b, HASH_SIZE);
}

static unsigned bits_between(const struct hash *a, const struct hash *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < HASH_SIZE; i++)
		n += (unsigned)__builtin_popcount(a->b[i] ^ b->b[i]);
	return n;
}

/* Stored hashes depend on it: these may never change. */
static void test_mix_is_stable(void **state)
{
	static const char *const want[][2] = {
		{"", "MUVa01ffWAusqhOQqNpaiQ"},
		{"a", "Q7duZYtnCDINFeiIVuF5Aw"},
		{"0123456789abcdef", "HtGrIQztOZSZfb7_bf7zEQ"},
		{"Ayuntamiento de Medellín: obras en la vía", "1ZuBf6ImFdbG37P9Cdl9Mw"},
	};
	char text[HASH_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		struct hash h = hash_mix(str_of(want[i][0]));
		hash_text(&h, text);
		assert_string_equal(text, want[i][1]);
	}
}

static struct hash mix_pieces(struct str s, size_t piece)
{
	struct hash_mixer mixer;
	struct hash hash;

	hash_mixer_begin(&mixer);
	for (size_t i = 0; i < s.n; i += piece) {
		struct str part = str_head(str_skip(s, i), piece);
		hash_mixer_add(&mixer, part.p, part.n);
	}
	hash_mixer_end(&mixer, &hash);
	return hash;
}

static struct hash mix_whole(struct str s)
{
	return mix_pieces(s, s.n);
}

/* However it is cut; stored, too. */
static void test_mixer(void **state)
{
	const struct str text = STR("Ayuntamiento de Medellín: obras en la vía pública; desvíos");
	struct hash whole = mix_whole(text);
	char words[HASH_TEXT_MAX];

	(void)state;
	for (size_t piece = 1; piece < text.n; piece++) {
		struct hash hash = mix_pieces(text, piece);
		assert_true(hash_eq(&hash, &whole));
	}
	hash_text(&whole, words);
	assert_string_equal(words, "2_RCe4DlhBpqvu3VK75iwg");
	whole = mix_whole(STR(""));
	assert_false(hash_is_zero(&whole));
}

/* Every bit of a text, wherever it is, turns about half of the hash; and no two of all the texts that
 * differ so little have the same hash, nor have two texts of zeros. */
static void assert_tells_apart(struct hash (*mix)(struct str s))
{
	enum { LENGTH = 70, N = LENGTH * 8 + 1 + LENGTH };
	static struct hash all[N];
	char text[LENGTH], zeros[LENGTH] = {0};
	size_t n = 0;

	for (size_t i = 0; i < LENGTH; i++)
		text[i] = (char)('a' + i % 26);
	const struct hash whole = all[n++] = mix(str_make(text, LENGTH));
	for (size_t bit = 0; bit < LENGTH * 8; bit++) {
		text[bit / 8] ^= (char)(1 << bit % 8);
		all[n] = mix(str_make(text, LENGTH));
		unsigned turned = bits_between(&all[n++], &whole);
		assert_true(turned > 32 && turned < 96);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t i = 0; i < LENGTH; i++)
		all[n++] = mix(str_make(zeros, i));
	assert_int_equal(n, N);
	qsort(all, N, sizeof *all, compare_hashes);
	for (size_t i = 1; i < N; i++)
		assert_false(hash_eq(&all[i - 1], &all[i]));
}

static void test_mix_tells_apart(void **state)
{
	(void)state;
	assert_tells_apart(hash_mix);
	assert_tells_apart(mix_whole);
}

static void test_error(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(error_set(&e, EINVAL, "%s is bad", "x"), -EINVAL);
	assert_int_equal(error_prefix(&e, "reading %s", "f"), -EINVAL);
	assert_string_equal(e.text, "reading f: x is bad");
	assert_int_equal(error_set(NULL, EIO, "nobody listens"), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_mix_is_stable),
		cmocka_unit_test(test_mixer),
		cmocka_unit_test(test_mix_tells_apart),
		cmocka_unit_test(test_str),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_queue_reserved),
		cmocka_unit_test(test_queue_gathers),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_quote),
		cmocka_unit_test(test_json_integers),
		cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
