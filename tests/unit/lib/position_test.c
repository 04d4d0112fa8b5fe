#include "position.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "envelope.h"

static void test_seqset_against_a_plain_set(void **state)
{
	struct seqset set = {0};
	static bool plain[2000];
	unsigned random = 1;
	uint64_t floor = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		random = random * 1103515245u + 12345u;
		uint64_t seq = 1 + (random >> 16) % 1999;
		if (i % 1000 == 999 && floor < 1500) {
			floor += 100;
			seqset_drop_to(&set, floor);
			memset(plain, 0, (size_t)floor + 1);
			continue;
		}
		if (seq <= floor)
			continue;
		assert_int_equal(seqset_add(&set, seq), plain[seq] ? 0 : 1);
		plain[seq] = true;
		uint64_t other = 1 + (random >> 8) % 1999;
		assert_int_equal(seqset_has(&set, other), plain[other]);
	}
	for (size_t i = 1; i < set.n; i++)
		assert_true(set.ranges[i].from > set.ranges[i - 1].to + 1);
	seqset_deinit(&set);
}

static void test_file_round_trip(void **state)
{
	char path[] = "/tmp/civicwire-position-XXXXXX";
	struct position p = {.epoch = "k3x9", .verified = 4213}, q = {0};

	(void)state;
	close(mkstemp(path));
	for (uint64_t seq = 4220; seq < 4300; seq += seq % 7 ? 1 : 2)
		seqset_add(&p.beyond, seq);
	assert_int_equal(position_save(&p, path), 0);
	assert_int_equal(position_load(&q, path), 0);
	assert_string_equal(q.epoch, "k3x9");
	assert_int_equal(q.verified, 4213);
	assert_int_equal(q.beyond.n, p.beyond.n);
	assert_memory_equal(q.beyond.ranges, p.beyond.ranges, p.beyond.n * sizeof *p.beyond.ranges);
	seqset_deinit(&p.beyond);
	seqset_deinit(&q.beyond);
	unlink(path);
}

static void test_bad_files(void **state)
{
	static const char *const bad[] = {"", "hello\n", "civicwire-cursor 2 a.1\n",
		"civicwire-cursor 1 a\n", "civicwire-cursor 1 A.1\n",
		"civicwire-cursor 1 a.5 9-8\n", "civicwire-cursor 1 a.5 3-4\n",
		"civicwire-cursor 1 a.5 7-8 8-9\n", "civicwire-cursor 1 a.5 7-8 rubbish\n"};
	char path[] = "/tmp/civicwire-position-XXXXXX";
	struct position p = {0};

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		FILE *f = fopen(path, "w");
		fputs(bad[i], f);
		fclose(f);
		assert_int_equal(position_load(&p, path), -EINVAL);
	}
	unlink(path);
	assert_int_equal(position_load(&p, path), -ENOENT);
}

static int seq_of(const char *json, uint64_t *ret)
{
	return envelope_seq(json, strlen(json), ret);
}

static void test_envelope(void **state)
{
	uint64_t seq = 0;

	(void)state;
	assert_int_equal(seq_of("{\"sequence\":\"00000000000000004213\"}", &seq), 0);
	assert_int_equal(seq, 4213);
	assert_int_equal(seq_of(" { \"data\" : {\"sequence\":\"7\",\"a\":[1,{\"b\":\"}]\\\"\"}]} , "
				"\"n\":-1.5e3, \"sequence\" : \"12\"}",
				 &seq),
		0);
	assert_int_equal(seq, 12);
	assert_int_equal(seq_of("{\"data\":{\"sequence\":\"7\"}}", &seq), -EINVAL);
	assert_int_equal(seq_of("{\"sequence\":7}", &seq), -EINVAL);
	assert_int_equal(seq_of("{\"sequence\":\"\"}", &seq), -EINVAL);
	assert_int_equal(seq_of("{\"sequence\":\"99999999999999999999999\"}", &seq), -EINVAL);
	/* Cut anywhere, it never reads beyond and never finds one that is not whole. */
	const char *whole = "{\"a\":\"x\\\\\",\"b\":[{}],\"sequence\":\"5\"}";
	for (size_t n = 0; n + 1 < strlen(whole); n++) {
		char *copy = malloc(n + 1);
		memcpy(copy, whole, n);
		assert_int_equal(envelope_seq(copy, n, &seq), -EINVAL);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seqset_against_a_plain_set),
		cmocka_unit_test(test_file_round_trip),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_envelope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
