/* Polls that a redirect has led to another host. Between the two requests nothing of such a poll is under
 * way: its slot waits in that host's queue with what there is to go on with (schedule_hop()), and it begins
 * as any other does, but for its URL. So it can be put elsewhere or taken out meanwhile like any feed that
 * waits; then the poll begins anew, and a push that comes meanwhile does the same. */
#include "actors/polling.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "schedule/host.h"

const struct hop *hopping_of(const struct poller *p, const struct polled *polled)
{
	bool is_over;

	return schedule_hop_of(p->schedule, &polled->slot, &is_over);
}

void hopping_put_off(struct poller *p, struct polled *polled, const struct hop *hop)
{
	struct feed_state state = polled_state(polled);
	struct reply *reply = reply_new(polled->feed, &state);
	cleanup(buf_deinit) struct buf host = BUF_INIT;
	int64_t held_us = schedule_held_us(p->schedule, hop->url, clock_boot_us());

	host_of_url(&host, str_of(hop->url));
	reply->url = mem_strdup(hop->url);
	reply->started_us = hop->started_us;
	reply->finished_us = clock_real_us();
	if (held_us) {
		reply->http_status = 429;
		reply->retry_after_us = held_us;
		reply_fail(reply, FAULT_BUSY,
			mem_printf("%s, where this is redirected to, is to be asked again after "
				   "%lld s: it answered 429 Too Many Requests",
				buf_cstr(&host), (long long)(held_us / SEC_US)));
	} else {
		reply_fail(reply, FAULT_LOCAL,
			mem_printf("%s, where this is redirected to, had no turn for it within "
				   "%lld minutes: too much leads there",
				buf_cstr(&host), (long long)(SCHEDULE_HOP_WAIT_US / MIN_US)));
	}
	fetch_count(reply);
	polling_log(reply, hop->spent_us);
	p->sink->reply(p->sink, reply);
}
