/* How often a peer may begin a CURVE handshake: pure arithmetic over addresses. A handshake costs
 * about 1 ms of CPU of the one thread that writes to everybody, before anything is known of who asks;
 * so it is refused when it begins, which costs 0.03 ms. */
#pragma once

#include "base/map.h"

struct handshakes {
	/* Each pays for a handshake with so much time, and may owe so much of it. */
	int64_t price_us, credit_us;         /* of an address */
	int64_t all_price_us, all_credit_us; /* of all together */
	int64_t all_until_us;                /* paid for until then; monotonic */
	struct map addresses;                /* name → struct payer, while they owe */
};

/* For so many connections of an address, and in all. */
void handshakes_init(struct handshakes *handshakes, int64_t per_address, int64_t all);
void handshakes_deinit(struct handshakes *handshakes);
/* One begins now, from an address as connections are counted by. False: it is one too many. */
bool handshakes_take(struct handshakes *handshakes, struct str address, int64_t now_us);
/* Forgets addresses that owe nothing. */
void handshakes_sweep(struct handshakes *handshakes, int64_t now_us);
