/* What strangers say of hubs, in headers and questions. The first byte says what the rest is: Link fields,
 * a signature, or a hub's question (its parameters, a line each). */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "websub/discover.h"
#include "websub/lease.h"
#include "websub/signature.h"

#define BASE  "https://news.example/feed"
#define TOPIC "https://news.example/topic?a=1"
#define HUB   "https://hub.example/"

static void expect(bool holds, const char *property, struct str input)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_websub: %s: %.*s\n", property, STR_FMT(input));
	abort();
}

static void check_url(struct str url, struct str input)
{
	expect(url.n && url.n <= DISCOVERY_URL_MAX, "an empty URL, or a long one", input);
	expect(str_istarts(url, STR("https://")) || str_istarts(url, STR("http://")),
		"not of the web", input);
	for (size_t i = 0; i < url.n; i++)
		expect((unsigned char)url.p[i] > ' ' && url.p[i] != '#', "a blank or a fragment",
			input);
}

static void check_same(const struct discovery *a, const struct discovery *b, struct str input)
{
	expect(a->n_hubs == b->n_hubs, "another number of hubs", input);
	for (size_t i = 0; i < a->n_hubs; i++)
		expect(str_eq(a->hubs[i], b->hubs[i]), "another hub", input);
}

/* What is found is sound, is read back as it was written, and is not changed by what comes behind it. */
static void check_header(struct str input)
{
	struct arena arena = ARENA_INIT;
	struct discovery d = {.arena = &arena}, read, first = {.arena = &arena};
	struct buf text = BUF_INIT, header = BUF_INIT;

	discover_header(&d, input, STR(BASE));
	expect(d.n_hubs <= DISCOVERY_HUBS_MAX, "too many hubs", input);
	for (size_t i = 0; i < d.n_hubs; i++)
		check_url(d.hubs[i], input);
	if (d.topic.n)
		check_url(d.topic, input);
	discovery_write(&text, &d, STR(BASE));
	expect(discovery_read(buf_view(&text), &read) == (d.n_hubs > 0), "not read back", input);
	if (d.n_hubs) {
		check_same(&d, &read, input);
		expect(str_eq(read.topic, d.topic.n ? d.topic : STR(BASE)), "another topic", input);
		expect(str_eq(read.base, STR(BASE)), "another base", input);
	}
	buf_lit(&header, "<" HUB ">; rel=hub, ");
	buf_str(&header, input);
	discover_header(&first, buf_view(&header), STR(BASE));
	expect(first.n_hubs && str_is(first.hubs[0], HUB), "the first hub is lost", input);
	size_t n = first.n_hubs;
	discover_header(&first, buf_view(&header), STR(BASE));
	expect(first.n_hubs == n, "a hub twice", input);
	buf_deinit(&header);
	buf_deinit(&text);
	arena_deinit(&arena);
}

/* A signature is what its digits say, whatever their case; and it fits what it was made of alone. */
static void check_signature(struct str input)
{
	static const size_t sizes[] = {20, 32, 48, 64};
	struct signature_claim claim;
	struct buf hex = BUF_INIT;
	bool is_known = false;

	if (!signature_read(input, &claim)) {
		expect(!claim.digest && !claim.n, "a claim of what is no signature", input);
		return;
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		is_known |= claim.n == sizes[i];
	expect(is_known && claim.digest && EVP_get_digestbyname(claim.digest), "no known digest",
		input);
	for (size_t i = 0; i < claim.n; i++)
		buf_printf(&hex, "%02x", claim.bytes[i]);
	struct str digits = str_trim(input);
	digits = str_skip(digits, str_chr(digits, '=') + 1);
	expect(str_ieq(digits, buf_view(&hex)), "other digits", input);
	buf_deinit(&hex);
	struct signature *signature = signature_begin(&claim, STR("secret"));
	expect(signature != NULL, "a digest that cannot be computed", input);
	signature_add(signature, "body", 4);
	expect(!signature_end(signature, &claim), "a forged signature fits", input);
}

/* Only what is asked for is confirmed. */
static void check_intent(struct str input)
{
	struct intent intent = {0};
	struct str rest = input, *members[] = {&intent.mode, &intent.topic, &intent.challenge,
					 &intent.lease_seconds, &intent.reason};
	size_t n = 0;

	while (n < sizeof members / sizeof *members - 1 && str_split(&rest, '\n', members[n]))
		n++;
	*members[n] = rest;
	for (int wanted = 0; wanted < 4; wanted++) {
		const struct expectation expected = {STR(TOPIC), wanted & 1, wanted & 2};
		enum verdict verdict = intent_judge(&intent, &expected);
		if (verdict == INTENT_REFUSED)
			continue;
		expect(str_is(intent.topic, TOPIC), "about another topic", input);
		bool confirms = verdict == INTENT_SUBSCRIBE || verdict == INTENT_UNSUBSCRIBE;
		expect(!confirms || intent.challenge.n, "confirmed without a challenge", input);
		expect(verdict != INTENT_SUBSCRIBE ||
				(expected.subscribe && str_is(intent.mode, "subscribe")),
			"a subscription that nobody wants", input);
		expect(verdict != INTENT_UNSUBSCRIBE ||
				(expected.unsubscribe && str_is(intent.mode, "unsubscribe")),
			"an end that nobody wants", input);
	}
	int64_t lease_us = intent_lease_us(&intent);
	expect(lease_us >= 0 && lease_us <= LEASE_MOST_US, "a lease without bounds", input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = size ? str_make((const char *)data + 1, size - 1) : STR_NONE;

	if (!size)
		return 0;
	switch (data[0] % 3) {
	case 0:
		check_header(input);
		break;
	case 1:
		check_signature(input);
		break;
	default:
		check_intent(input);
	}
	return 0;
}
