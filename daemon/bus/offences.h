/* What peers do that they should not: counted always, logged once a minute for each peer. */
#pragma once

#include "base/map.h"

enum offence {
	OFFENCE_REFUSED,     /* it may not come in */
	OFFENCE_CONNECTIONS, /* too many */
	OFFENCE_HANDSHAKES,  /* too often */
	OFFENCE_BYTES,       /* it sends more than a client has to say */
	OFFENCE_WORDS,       /* it subscribes to what cannot be a topic */
	OFFENCE_COUNT
};

struct offences {
	struct map peers; /* name → struct offender */
	int64_t sweep_us;
};

void offences_init(struct offences *offences);
void offences_deinit(struct offences *offences);
/* `peer` is an address, or the name of a client; `what` is the rest of a sentence about it; now_us
 * is monotonic. True: it was logged. */
bool offences_note(struct offences *offences, enum offence offence, struct str peer,
	const char *what, int64_t now_us);
