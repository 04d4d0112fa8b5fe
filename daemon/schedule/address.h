/* Machines. Three hundred cities' sites may be one machine at one provider; each asked politely, but
 * all at once, it would have three hundred requests to answer. So there is a bound for each address,
 * too. Which one a host is at is known once it has been connected to; from then on it waits for a
 * place there. Inside schedule/ only. */
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "model/settings.h"

/* Requests under way at one address, of whatever hosts. A browser opens six connections for each
 * person; a small machine answers as many at a time as it has cores or PHP workers, four to twenty. */
#define ADDRESS_PARALLEL 4
/* Between the end of a request and the next one's start: ten a second, 36,000 an hour. */
#define ADDRESS_GAP_US (100 * MSEC_US)

#define ADDRESS_BYTES 16

struct address {
	uint8_t bytes[ADDRESS_BYTES]; /* IPv4 as ::ffff:a.b.c.d; its key in the book */
	int64_t ready_us;             /* no request starts before */
	int64_t gap_us, parallel;
	size_t busy, guests;
	struct list parked; /* guests that could be asked, if there were a place */
};

/* Embedded in a host. */
struct guest {
	struct address *at; /* NULL: it is not known where the host is */
	struct list parked; /* in at->parked */
	int64_t free_us;    /* when there was a place for it at last */
};

struct address_book {
	struct map by_bytes;
};

void address_book_init(struct address_book *book);
/* No guest may be left. */
void address_book_deinit(struct address_book *book);

void guest_init(struct guest *guest);
/* The host is at this address; `busy` of its requests are under way. What it may do by itself, its
 * machine takes: whoever has agreed on more for one site of a machine has agreed with the machine. */
void guest_arrive(struct address_book *book, struct guest *guest,
	const uint8_t bytes[ADDRESS_BYTES], size_t busy, const struct fetch_settings *settings);
void guest_allow(struct guest *guest, int64_t gap_us, int64_t parallel);
void guest_leave(struct address_book *book, struct guest *guest, size_t busy);

/* May a request start? */
bool address_has_place(const struct address *address, int64_t now_us);
/* Other settings: guest_allow() is to follow for each guest. */
void address_book_set(struct address_book *book, const struct fetch_settings *settings);
