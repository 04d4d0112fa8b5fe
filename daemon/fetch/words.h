/* One sentence for each way a poll can fail, for people: who, what, and the number that matters.
 * Inside fetch/ only. */
#pragma once

#include "fetch/transfer.h"

/* Allocated. `code` is not CURLE_OK. */
char *words_for_curl(const struct transfer *transfer, CURLcode code);
/* For `stop` of a transfer. */
char *words_for_stop(const struct transfer *transfer);
/* For an HTTP status that is no success. */
char *words_for_status(const struct transfer *transfer);
/* "Not Found" of 404; NULL: a status without a name. */
const char *words_of_status(int status);
/* The URL's host for such a sentence, at most 253 bytes; the whole URL if it has none. */
#define WORDS_HOST_MAX 254
void words_host(const char *url, char out[WORDS_HOST_MAX]);
