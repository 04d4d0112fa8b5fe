/* What a client asks of replay: one JSON object, read strictly. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <civicwire/wire.h>

#include <stdint.h>

/* Events per reply: by request, and unless it says. */
#define QUESTION_EVENTS_MAX     1000
#define QUESTION_EVENTS_DEFAULT 500
#define QUESTION_WAIT_MAX_S     60
/* Of one request: 1,000 topics of 60 bytes. What is somewhat larger is heard to be refused; of what is
 * larger by far the connection is cut. */
#define QUESTION_BYTES_MAX   65536
#define QUESTION_BYTES_HEARD (4 * QUESTION_BYTES_MAX)
/* Prefixes in one request; its bytes would hold some more short ones. */
#define QUESTION_TOPICS_MAX 1000
/* An id is echoed with every reply, so it must not be the reply. */
#define QUESTION_ID_MAX 1024

enum question_after { AFTER_CURSOR, AFTER_OLDEST, AFTER_NOW, AFTER_TIME };

struct question {
	struct buf id; /* its JSON; empty: none */
	enum question_after after;
	struct cw_cursor cursor; /* AFTER_CURSOR */
	int64_t time_us;         /* AFTER_TIME */
	struct str *topics;      /* in `arena` */
	size_t n_topics;         /* 0: all */
	unsigned max;
	int64_t wait_us;
	struct arena arena;
};

/* Why a question is refused: a code of the wire protocol and a sentence. */
struct refusal {
	const char *code;
	const char *message;
};

/* True: *ret is a question. False: *ret_refusal says why (static texts), and ret->id is the id if
 * one could be read. End *ret with question_deinit() either way. */
bool question_read(struct question *ret, struct str json, struct refusal *ret_refusal);
void question_deinit(struct question *question);
