/* Each way a poll can fail: its fault, and one sentence for people: who, what, and the number that
 * matters. Inside fetch/ only. */
#pragma once

#include "fetch/transfer.h"

/* All fail the transfer's reply. `code` is not CURLE_OK. */
void words_for_curl(struct transfer *transfer, CURLcode code);
/* For `stop` of a transfer. */
void words_for_stop(struct transfer *transfer);
/* For headers that were not whole or contradict each other, though libcurl took them; nothing if all
 * is well. */
void words_for_head(struct transfer *transfer);
/* For an HTTP status that is no success. */
void words_for_status(struct transfer *transfer);
/* "Not Found" of 404; NULL: a status without a name. */
const char *words_of_status(int status);
/* The URL's host for such a sentence, at most 253 bytes; the whole URL if it has none. */
#define WORDS_HOST_MAX 254
void words_host(const char *url, char out[WORDS_HOST_MAX]);
