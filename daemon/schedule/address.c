#include "schedule/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "schedule/host.h"

static struct str key_of(const uint8_t bytes[ADDRESS_BYTES])
{
	return str_make((const char *)bytes, ADDRESS_BYTES);
}

void address_book_init(struct address_book *book)
{
	map_init(&book->by_bytes);
}

void address_book_deinit(struct address_book *book)
{
	map_deinit(&book->by_bytes);
}

/* As it would stand in a URL. */
static void address_text(const uint8_t bytes[ADDRESS_BYTES], char out[INET6_ADDRSTRLEN + 2])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char text[INET6_ADDRSTRLEN] = "";

	if (!memcmp(bytes, mapped, sizeof mapped)) {
		inet_ntop(AF_INET, bytes + sizeof mapped, out, INET6_ADDRSTRLEN);
		return;
	}
	inet_ntop(AF_INET6, bytes, text, sizeof text);
	size_t n = strlen(text);
	out[0] = '[';
	memcpy(out + 1, text, n);
	memcpy(out + 1 + n, "]", 2);
}

/* By its own entry under `hosts`, or as any machine. */
static void set_manners(struct address *address, const struct fetch_settings *settings)
{
	char text[INET6_ADDRSTRLEN + 2];

	address_text(address->bytes, text);
	const struct host_settings *own = host_find(settings, str_of(text));
	address->gap_us = own ? own->gap_us : ADDRESS_GAP_US;
	address->parallel = own && own->parallel > 0 ? own->parallel : ADDRESS_PARALLEL;
}

void address_book_set(struct address_book *book, const struct fetch_settings *settings)
{
	map_for_each(it, &book->by_bytes)
		set_manners(it->value, settings);
}

void guest_init(struct guest *guest)
{
	*guest = (struct guest){.free_us = INT64_MIN};
	list_init(&guest->parked);
}

void guest_arrive(struct address_book *book, struct guest *guest,
	const uint8_t bytes[ADDRESS_BYTES], size_t busy, const struct fetch_settings *settings)
{
	struct address *address = map_get(&book->by_bytes, key_of(bytes));

	if (guest->at == address && address)
		return;
	guest_leave(book, guest, busy);
	if (!address) {
		address = mem_zalloc(1, sizeof *address);
		memcpy(address->bytes, bytes, ADDRESS_BYTES);
		address->ready_us = INT64_MIN;
		list_init(&address->parked);
		set_manners(address, settings);
		map_add(&book->by_bytes, key_of(address->bytes), address);
	}
	address->guests++;
	address->busy += busy;
	guest->at = address;
}

void guest_allow(struct guest *guest, int64_t gap_us, int64_t parallel)
{
	struct address *address = guest->at;

	if (!address)
		return;
	if (address->parallel < parallel)
		address->parallel = parallel;
	if (address->gap_us > gap_us)
		address->gap_us = gap_us;
}

void guest_leave(struct address_book *book, struct guest *guest, size_t busy)
{
	struct address *address = guest->at;

	list_remove(&guest->parked);
	if (!address)
		return;
	guest->at = NULL;
	address->busy -= busy;
	if (--address->guests)
		return;
	map_take(&book->by_bytes, key_of(address->bytes));
	free(address);
}

bool address_has_place(const struct address *address, int64_t now_us)
{
	return (int64_t)address->busy < address->parallel && address->ready_us <= now_us;
}
