/* ZAP, by which libzmq asks who may connect (ZeroMQ RFC 27): one request, one answer. */
#pragma once

#include "base/str.h"

#include <stdbool.h>

/* Where libzmq looks for a handler; one in a context. */
#define ZAP_ENDPOINT "inproc://zeromq.zap.01"

/* A key's text, with its NUL. */
#define ZAP_KEY_SIZE 41

struct zap_request {
	char id[64];
	size_t id_n;
	char domain[64], address[64];
	char key[ZAP_KEY_SIZE]; /* "": it shows none */
};

/* Takes a request off the REP socket. 1; 0: there is none; -EPROTO: not one that we understand,
 * which must be denied (its id is set). */
int zap_receive(void *socket, struct zap_request *ret);
/* Admits, or denies without a word: the client sees its connection end. */
void zap_answer(void *socket, const struct zap_request *request, bool admit);
