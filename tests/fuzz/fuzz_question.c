/* Any bytes as a request of replay, from somebody with few rights: an answer or a question, whose
 * topics the rights cover; and the answer is JSON, whatever was echoed. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "bus/answer.h"
#include "bus/request.h"
#include "fuzz.h"
#include "model/rights.h"

static const char *topics[] = {"feed/co-mde/", "theme/climate/"};
static const struct client_settings client = {.name = "fuzz", .topics = topics, .n_topics = 2};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_filter(const struct request *request)
{
	check(request->filter != NULL);
	for (size_t i = 0; i < request->filter->prefixes.n; i++)
		check(rights_cover(topics, 2, request->filter->prefixes.items[i]));
}

static void check_answer(const struct request *request)
{
	struct answer answer = {.code = request->refusal.code,
		.message = request->refusal.message,
		.epoch = "abc",
		.next = 7,
		.has_next = true};
	struct buf text = BUF_INIT;

	answer_write(&text, buf_view(&request->question.id), &answer);
	json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	check(json_is_object(json));
	json_decref(json);
	buf_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char id[5] = {0, 1, 2, 3, 4};
	struct incoming incoming = {.fits = true, .fd = -1};
	struct filters filters;
	struct peers peers;

	check(hash_global_init() == 0);
	filters_init(&filters);
	peers_init(&peers, &filters, -1);
	buf_add(&incoming.envelope.bytes, id, sizeof id);
	incoming.envelope.sizes[0] = sizeof id;
	incoming.envelope.n = 1;
	buf_add(&incoming.body, data, size);
	struct peer *peer = peers_get(&peers, envelope_routing_id(&incoming.envelope));
	struct request *request = request_new(&peers, peer, &incoming, &client);
	if (!request->refusal.code) {
		check_filter(request);
		check(request->question.max >= 1 && request->question.max <= QUESTION_EVENTS_MAX);
		check(request->question.wait_us >= 0);
	}
	check(request->question.id.n <= QUESTION_ID_MAX);
	check_answer(request);
	request_free(&peers, request);
	peers_deinit(&peers);
	filters_deinit(&filters);
	incoming_deinit(&incoming);
	return 0;
}
