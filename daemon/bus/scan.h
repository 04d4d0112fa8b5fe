/* Reading the journal for one request, a slice at a time. */
#pragma once

#include "bus/request.h"

/* Bytes of a reply's events (WIRE: 4 MiB with its head). */
#define SCAN_REPLY_BYTES (4 * 1024 * 1024 - 4096)

enum scan_result {
	SCAN_ON,       /* there is more to look at */
	SCAN_FULL,     /* the reply is as large as it may be, or the look as long */
	SCAN_HEAD,     /* everything durable has been looked at */
	SCAN_OUTDATED, /* the journal no longer has what follows request->after */
	SCAN_FAILED    /* it cannot be read now: *error */
};

/* Adds matching events to the request and moves request->after; what is gathered is whole and in
 * order whatever it returns. *ret_oldest is set with SCAN_OUTDATED. A damaged record is passed over:
 * *error then tells of it (code EBADMSG). */
enum scan_result scan_slice(struct request *request, struct journal_reader *reader, uint64_t head,
	uint64_t *ret_oldest, struct error *error);
