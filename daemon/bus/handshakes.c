#include "bus/handshakes.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

/* An address may begin 64 at once, 64 ms of CPU in which nobody else is written to, and then as many
 * as let all connections that it may have be there 8 s after a restart: 32 a second by default, 3 % of
 * a core; and 500 clients of one address that may have 500 resume in 7 s. */
#define AT_ONCE   64
#define RETURN_US (8 * SEC_US)
/* All addresses together may begin as many as there may be connections, after a restart, and then
 * 250 a second: a quarter of a core, whoever asks. It takes 190 addresses to get so far. */
#define ALL_PRICE_US (SEC_US / 250)
/* Addresses remembered. Each has begun a handshake in the last 8 s, so that 12,000 and 2,000 more is
 * what there can be by default. Further ones are counted as one. */
#define ADDRESSES_MAX 20000

struct payer {
	int64_t until_us; /* paid for until then */
	char name[];
};

void handshakes_init(struct handshakes *h, int64_t per_address, int64_t all)
{
	*h = (struct handshakes){.price_us = RETURN_US / per_address,
		.all_price_us = ALL_PRICE_US,
		.all_credit_us = all * ALL_PRICE_US};
	/* What is owed at once is paid in those 8 s too. */
	h->credit_us = (per_address < AT_ONCE ? per_address : AT_ONCE) * h->price_us;
	map_init(&h->addresses);
}

void handshakes_deinit(struct handshakes *h)
{
	map_for_each(it, &h->addresses)
		free(it->value);
	map_deinit(&h->addresses);
}

static struct payer *find(struct handshakes *h, struct str address)
{
	struct payer *payer = map_get(&h->addresses, address);

	if (payer)
		return payer;
	if (h->addresses.n >= ADDRESSES_MAX) {
		address = STR("others");
		payer = map_get(&h->addresses, address);
		if (payer)
			return payer;
	}
	payer = mem_zalloc(1, sizeof *payer + address.n + 1);
	memcpy(payer->name, address.p, address.n);
	map_add(&h->addresses, str_make(payer->name, address.n), payer);
	return payer;
}

static bool can_pay(int64_t *until_us, int64_t price_us, int64_t credit_us, int64_t now_us)
{
	if (*until_us < now_us)
		*until_us = now_us;
	return *until_us + price_us <= now_us + credit_us;
}

bool handshakes_take(struct handshakes *h, struct str address, int64_t now_us)
{
	struct payer *payer = find(h, address);

	if (!can_pay(&payer->until_us, h->price_us, h->credit_us, now_us) ||
		!can_pay(&h->all_until_us, h->all_price_us, h->all_credit_us, now_us))
		return false;
	payer->until_us += h->price_us;
	h->all_until_us += h->all_price_us;
	return true;
}

void handshakes_sweep(struct handshakes *h, int64_t now_us)
{
	struct payer **free_of_debt = mem_zalloc(h->addresses.n + 1, sizeof *free_of_debt);
	size_t n = 0;

	map_for_each(it, &h->addresses) {
		struct payer *payer = it->value;
		if (payer->until_us <= now_us)
			free_of_debt[n++] = payer;
	}
	for (size_t i = 0; i < n; i++) {
		map_take(&h->addresses, str_of(free_of_debt[i]->name));
		free(free_of_debt[i]);
	}
	free(free_of_debt);
}
