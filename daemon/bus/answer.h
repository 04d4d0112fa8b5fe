/* Writing the first frame of a reply. */
#pragma once

#include "bus/question.h"

/* What an answer says; members that are not set stay out. */
struct answer {
	const char *epoch; /* of all cursors */
	uint64_t next, head, oldest;
	bool has_next, has_head, has_oldest;
	/* events: */
	size_t count;
	bool more;
	/* or an error: */
	const char *code, *message;
	double retry_after_s; /* 0: none */
};

void answer_write(struct buf *out, struct str id, const struct answer *answer);
