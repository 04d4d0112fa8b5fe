/* A subscription's life, with a turned clock; what hubs may have confirmed; signatures. */
#include "websub/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "websub/signature.h"

#define NOW   (INT64_C(1795000000) * SEC_US)
#define LEASE (10 * DAY_US)

static void test_verified(void **state)
{
	struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};

	(void)state;
	lease_asked(&s, NOW);
	assert_int_equal(s.next_us, NOW + LEASE_VERIFY_US);
	assert_false(lease_delivers(&s, NOW));
	lease_verified(&s, 0, LEASE, 0, NOW + SEC_US);
	assert_int_equal(s.state, SUBSCRIPTION_ACTIVE);
	assert_int_equal(s.lease_us, NOW + SEC_US + LEASE);
	assert_true(lease_delivers(&s, NOW + 2 * SEC_US));
	/* Asked again between 70 and 80 % of it, each at another time. */
	assert_int_equal(s.next_us, NOW + SEC_US + LEASE * 8 / 10);
	lease_verified(&s, LEASE, 1, 0.999, NOW + SEC_US);
	assert_true(s.next_us > NOW + LEASE * 7 / 10 && s.next_us < NOW + LEASE * 71 / 100);
	/* A renewal, too, waits for its verification, and the lease goes on meanwhile. */
	lease_asked(&s, s.next_us);
	assert_int_equal(s.state, SUBSCRIPTION_ACTIVE);
	assert_int_equal(lease_tick(&s, 0, s.next_us), LEASE_UNVERIFIED);
	assert_int_equal(s.state, SUBSCRIPTION_ACTIVE);
	assert_int_equal(lease_tick(&s, 0, s.lease_us - 1), LEASE_SAME);
	assert_int_equal(lease_tick(&s, 0, s.lease_us), LEASE_RAN_OUT);
	assert_int_equal(s.state, SUBSCRIPTION_FAILING);
	assert_false(lease_delivers(&s, s.lease_us));
	hub_subscription_deinit(&s);
}

/* In the place of another: no hub is asked twice in an hour, and what was not asked is not waited for. */
static void test_begun(void **state)
{
	struct hub_subscription s = {0};

	(void)state;
	lease_begin(&s, 0, NOW);
	assert_int_equal(s.next_us, NOW);
	lease_begin(&s, NOW - DAY_US, NOW);
	assert_int_equal(s.next_us, NOW);
	lease_begin(&s, NOW + DAY_US, NOW); /* by a clock that has been put right since */
	assert_int_equal(s.next_us, NOW);
	lease_begin(&s, NOW - MIN_US, NOW);
	assert_true(s.next_us >= NOW - MIN_US + LEASE_AGAIN_US);
	assert_false(lease_waits(&s));
	assert_int_equal(lease_tick(&s, 0, s.next_us), LEASE_SAME);
	assert_int_equal(s.state, SUBSCRIPTION_ASKED);
	lease_asked(&s, s.next_us);
	assert_true(lease_waits(&s));
}

static void test_granted(void **state)
{
	static const struct {
		int64_t granted, wanted, lease;
	} rows[] = {
		{HOUR_US, LEASE, HOUR_US},
		{SEC_US, LEASE, LEASE_LEAST_US},
		{1000 * DAY_US, LEASE, LEASE_MOST_US},
		{0, LEASE, LEASE},
		{-5, LEASE, LEASE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};
		lease_verified(&s, rows[i].granted, rows[i].wanted, 0.5, NOW);
		assert_int_equal(s.lease_us - NOW, rows[i].lease);
		assert_true(s.next_us > NOW && s.next_us < s.lease_us);
	}
}

static void test_failures(void **state)
{
	static const int hours[] = {1, 2, 4, 8, 16, 24, 24};
	struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};
	int64_t now = NOW;

	(void)state;
	for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
		lease_asked(&s, now);
		lease_failed(&s, "no answer", 0, now);
		assert_int_equal(s.state, SUBSCRIPTION_FAILING);
		assert_int_equal(s.next_us - now, hours[i] * HOUR_US);
		assert_int_equal(lease_gives_way(&s, now), now - NOW >= DAY_US);
		now = s.next_us;
	}
	assert_string_equal(s.reason, "no answer");
	lease_denied(&s, "not you", 0, now);
	assert_int_equal(s.state, SUBSCRIPTION_DENIED);
	assert_int_equal(s.next_us - now, DAY_US);
	assert_true(lease_gives_way(&s, now));
	lease_verified(&s, LEASE, LEASE, 0, now);
	assert_int_equal(s.failures, 0);
	assert_null(s.reason);
	assert_false(lease_gives_way(&s, now + 2 * DAY_US));
	hub_subscription_deinit(&s);
}

/* Denied while it was running: what the hub pushes no more is polled for. */
static void test_denied(void **state)
{
	struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};

	(void)state;
	lease_verified(&s, LEASE, LEASE, 0, NOW);
	lease_denied(&s, "no", 0, NOW + HOUR_US);
	assert_false(lease_delivers(&s, NOW + HOUR_US));
	assert_int_equal(lease_tick(&s, 0, NOW + 2 * HOUR_US), LEASE_SAME);
	hub_subscription_deinit(&s);
}

static void test_trust(void **state)
{
	struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};
	int64_t now = NOW + HOUR_US;

	(void)state;
	lease_verified(&s, LEASE, LEASE, 0, NOW);
	/* The poll before was before the hub could push, or before we listened. */
	lease_polled(&s, NOW - 1, 0, now);
	lease_polled(&s, NOW + MIN_US, NOW + 2 * MIN_US, now);
	assert_int_equal(lease_tick(&s, 0, now + LEASE_DOUBT_US), LEASE_SAME);
	/* A push that has just come is what made us look. */
	assert_false(lease_pushed(&s, now));
	lease_polled(&s, NOW + MIN_US, 0, now + MIN_US);
	assert_int_equal(lease_tick(&s, 0, now + DAY_US), LEASE_SAME);
	/* One that comes within the time. */
	now += HOUR_US;
	lease_polled(&s, NOW + MIN_US, 0, now);
	assert_int_equal(lease_tick(&s, 0, now + LEASE_DOUBT_US - 1), LEASE_SAME);
	lease_pushed(&s, now + LEASE_DOUBT_US - 1);
	assert_int_equal(lease_tick(&s, 0, now + LEASE_DOUBT_US), LEASE_SAME);
	/* None. */
	now += HOUR_US;
	lease_polled(&s, NOW + MIN_US, 0, now);
	assert_true(lease_delivers(&s, now));
	assert_int_equal(lease_tick(&s, 0, now + LEASE_DOUBT_US), LEASE_DISTRUSTED);
	assert_false(lease_delivers(&s, now + LEASE_DOUBT_US));
	assert_int_equal(lease_tick(&s, 0, now + HOUR_US), LEASE_SAME);
	/* A renewal does not make it better; a push does. */
	lease_verified(&s, LEASE, LEASE, 0, now + HOUR_US);
	assert_false(lease_delivers(&s, now + HOUR_US));
	assert_true(lease_pushed(&s, now + 2 * HOUR_US));
	assert_true(lease_delivers(&s, now + 2 * HOUR_US));
}

/* What was noted by a clock that was wrong by a year, and has been put right. */
static void test_clock_set_back(void **state)
{
	struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};
	int64_t wrong = NOW + 365 * DAY_US, now = NOW;

	(void)state;
	lease_asked(&s, wrong);
	lease_verified(&s, LEASE, LEASE, 0, wrong);
	lease_pushed(&s, wrong + HOUR_US);
	assert_int_equal(lease_tick(&s, 0, now), LEASE_CLOCK_SET);
	assert_true(lease_delivers(&s, now));
	assert_int_equal(s.next_us, now);
	assert_true(s.lease_us <= now + LEASE_MOST_US);
	assert_int_equal(lease_tick(&s, 0, now), LEASE_SAME);
	/* It is asked once, and doubted as any other. */
	lease_asked(&s, now);
	assert_int_equal(lease_tick(&s, 0, now + MIN_US), LEASE_SAME);
	lease_polled(&s, now + MIN_US, 0, now + HOUR_US);
	lease_verified(&s, LEASE, LEASE, 0, now + HOUR_US);
	assert_int_equal(s.lease_us, now + HOUR_US + LEASE);
	assert_int_equal(lease_tick(&s, 0, now + HOUR_US + LEASE_DOUBT_US), LEASE_DISTRUSTED);
	/* A hub that was about to be asked in a year. */
	lease_failed(&s, "no", 0, wrong);
	assert_int_equal(lease_tick(&s, 0, now + 2 * HOUR_US), LEASE_CLOCK_SET);
	assert_int_equal(s.failing_us, now + 2 * HOUR_US);
	assert_int_equal(s.next_us, now + 2 * HOUR_US);
	hub_subscription_deinit(&s);
}

/* Clocks are put right by some milliseconds all the time. */
static void test_clock_slewed(void **state)
{
	struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};

	(void)state;
	lease_asked(&s, NOW);
	assert_int_equal(lease_tick(&s, 0, NOW - SEC_US), LEASE_SAME);
	lease_verified(&s, LEASE, LEASE, 0, NOW);
	assert_int_equal(lease_tick(&s, 0, NOW - SEC_US), LEASE_SAME);
	hub_subscription_deinit(&s);
}

static void test_leaving(void **state)
{
	struct hub_subscription s = {.state = SUBSCRIPTION_ASKED};

	(void)state;
	lease_verified(&s, LEASE, LEASE, 0, NOW);
	lease_leave(&s, NOW + HOUR_US);
	assert_int_equal(s.next_us, NOW + HOUR_US);
	assert_false(lease_delivers(&s, NOW + HOUR_US));
	lease_asked(&s, NOW + HOUR_US);
	lease_failed(&s, "no", 0, NOW + HOUR_US);
	lease_verified(&s, LEASE, LEASE, 0, NOW + HOUR_US); /* too late */
	assert_int_equal(s.state, SUBSCRIPTION_LEAVING);
	assert_int_equal(lease_tick(&s, 0, NOW + HOUR_US + LEASE_GIVE_UP_US - 1), LEASE_SAME);
	assert_int_equal(lease_tick(&s, 0, NOW + HOUR_US + LEASE_GIVE_UP_US), LEASE_FORGET);
	hub_subscription_deinit(&s);
	/* Nothing was running: nobody is to be told. */
	s = (struct hub_subscription){.state = SUBSCRIPTION_FAILING};
	lease_leave(&s, NOW);
	assert_int_equal(s.lease_us, 0);
	assert_int_equal(lease_tick(&s, 0, NOW), LEASE_FORGET);
}

static void test_intent(void **state)
{
	static const struct {
		const char *mode, *topic, *challenge;
		bool subscribe, unsubscribe;
		enum verdict verdict;
	} rows[] = {
		{"subscribe", "t", "c", true, false, INTENT_SUBSCRIBE},
		{"subscribe", "T", "c", true, false, INTENT_REFUSED},
		{"subscribe", "", "c", true, false, INTENT_REFUSED},
		{"subscribe", "t", "", true, false, INTENT_REFUSED},
		{"Subscribe", "t", "c", true, false, INTENT_REFUSED},
		{"subscribe", "t", "c", false, true, INTENT_REFUSED},
		{"unsubscribe", "t", "c", true, false, INTENT_REFUSED},
		{"unsubscribe", "t", "c", false, true, INTENT_UNSUBSCRIBE},
		{"unsubscribe", "t", "", false, true, INTENT_REFUSED},
		{"denied", "t", "", true, false, INTENT_DENIED},
		{"denied", "x", "", true, false, INTENT_REFUSED},
		{"denied", "t", "", false, true, INTENT_REFUSED},
		{"", "t", "c", true, true, INTENT_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct intent intent = {.mode = str_of(rows[i].mode),
			.topic = str_of(rows[i].topic),
			.challenge = str_of(rows[i].challenge)};
		const struct expectation expected = {
			STR("t"), rows[i].subscribe, rows[i].unsubscribe};
		if (intent_judge(&intent, &expected) != rows[i].verdict)
			fail_msg("row %zu", i);
	}
	assert_int_equal(
		intent_judge(&(struct intent){.mode = STR("subscribe"), .challenge = STR("c")},
			&(struct expectation){STR(""), true, true}),
		INTENT_REFUSED);
}

static void test_lease_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} rows[] = {{"3600", HOUR_US}, {"0", 0}, {"", 0}, {"-1", 0}, {"1e3", 0}, {"10.5", 0},
		{"4294967295", LEASE_MOST_US}, {"99999999999999999999", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
			intent_lease_us(&(struct intent){.lease_seconds = str_of(rows[i].text)}),
			rows[i].us);
}

/* RFC 4231, test case 2; SHA-1's is of RFC 2202. */
static const char *const signed_text[] = {
	"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
	"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	"sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	"8e2240ca5e69e2c78b3239ecfab21649",
	"sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	"SHA256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
};

static bool fits(const char *header, const char *secret, const char *text, size_t pieces)
{
	struct signature_claim claim;
	size_t n = strlen(text), at = 0;

	if (!signature_read(str_of(header), &claim))
		return false;
	struct signature *signature = signature_begin(&claim, str_of(secret));
	assert_non_null(signature);
	for (size_t i = 0; i < pieces; i++) {
		size_t piece = i + 1 == pieces ? n - at : n / pieces;
		signature_add(signature, text + at, piece);
		at += piece;
	}
	return signature_end(signature, &claim);
}

static void test_signatures(void **state)
{
	static const char text[] = "what do ya want for nothing?";

	(void)state;
	for (size_t i = 0; i < sizeof signed_text / sizeof *signed_text; i++) {
		assert_true(fits(signed_text[i], "Jefe", text, 1));
		assert_true(fits(signed_text[i], "Jefe", text, 5));
		assert_false(fits(signed_text[i], "jefe", text, 1));
		assert_false(fits(signed_text[i], "Jefe", "what do ya want for nothing!", 1));
	}
}

static void test_no_signatures(void **state)
{
	static const char *const bad[] = {"", "sha256", "sha256=", "=5bdc", "sha256=5bdc",
		"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c7", /* a digit is missing */
		"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c790",
		"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7cxx",
		"sha256=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		"md5=750c783e6ab0b503eaa86e310a5db738",
		"sha1 =effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"};
	struct signature_claim claim;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (signature_read(str_of(bad[i]), &claim))
			fail_msg("%s", bad[i]);
	assert_null(signature_begin(&(struct signature_claim){0}, STR("x")));
	assert_null(signature_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verified),
		cmocka_unit_test(test_begun),
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_clock_slewed),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_intent),
		cmocka_unit_test(test_lease_seconds),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_no_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
