#include "bus/offences.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

/* Peers remembered; an attack from more addresses is logged under one name. 100 KB. */
#define PEERS_MAX 1000
#define QUIET_US  MIN_US

struct offender {
	char *name;
	struct {
		int64_t until_us; /* it is quiet until then */
		size_t untold;
	} of[OFFENCE_COUNT];
};

void offences_init(struct offences *o)
{
	*o = (struct offences){.sweep_us = 0};
	map_init(&o->peers);
}

static void offender_free(struct offender *offender)
{
	free(offender->name);
	free(offender);
}

void offences_deinit(struct offences *o)
{
	map_for_each(it, &o->peers)
		offender_free(it->value);
	map_deinit(&o->peers);
}

/* Forgets whom we may log again anyway. */
static void sweep(struct offences *o, int64_t now_us)
{
	struct offender *old[PEERS_MAX + 1];
	size_t n = 0;

	map_for_each(it, &o->peers) {
		struct offender *offender = it->value;
		bool quiet = false;
		for (int i = 0; i < OFFENCE_COUNT; i++)
			quiet = quiet || offender->of[i].until_us > now_us;
		if (!quiet)
			old[n++] = offender;
	}
	for (size_t i = 0; i < n; i++) {
		map_take(&o->peers, str_of(old[i]->name));
		offender_free(old[i]);
	}
	o->sweep_us = now_us + QUIET_US;
}

static struct offender *find(struct offences *o, struct str peer)
{
	struct offender *offender = map_get(&o->peers, peer);

	if (offender)
		return offender;
	if (o->peers.n >= PEERS_MAX) {
		peer = STR("one of a thousand peers");
		offender = map_get(&o->peers, peer);
		if (offender)
			return offender;
	}
	offender = mem_zalloc(1, sizeof *offender);
	offender->name = mem_strndup(peer.p, peer.n);
	map_add(&o->peers, str_make(offender->name, peer.n), offender);
	return offender;
}

bool offences_note(
	struct offences *o, enum offence offence, struct str peer, const char *what, int64_t now_us)
{
	struct offender *offender = find(o, peer);
	size_t untold = offender->of[offence].untold;

	if (now_us < offender->of[offence].until_us) {
		offender->of[offence].untold++;
		return false;
	}
	offender->of[offence].untold = 0;
	offender->of[offence].until_us = now_us + QUIET_US;
	if (untold)
		log_warning("%s %s, and did so %zu times since that was said last", offender->name,
			what, untold);
	else
		log_warning("%s %s", offender->name, what);
	if (now_us >= o->sweep_us)
		sweep(o, now_us);
	return true;
}
