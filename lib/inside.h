/* What a subscriber consists of, for the files that make it up:
 *
 *   subscriber.c   the public functions: opening, handing out, committing
 *   drive.c        sockets and time: what is to be done now, and when next
 *   follow.c       what messages and replies mean
 */
#ifndef LIB_INSIDE_H
#define LIB_INSIDE_H

#include <civicwire/subscriber.h>
#include <stdbool.h>

#include "account.h"
#include "ask.h"
#include "live.h"
#include "position.h"
#include "ready.h"

/* No more is taken in while this many events wait to be handed out. */
#define READY_MAX 2000
#define ERROR_MAX 384

struct cw_subscriber {
	char *live_endpoint, *replay_endpoint, *cursor_file;
	char **topics;     /* ended by NULL */
	struct cw_key key; /* secret_key "": none */
	void *context;
	struct live live; /* socket NULL: replay only */
	struct ask ask;
	struct ask_reply *reply;
	int epoll_fd, timer_fd;

	enum { FILLING, FOLLOWING } mode;
	bool after_loss; /* this filling mends a loss: what it brings counts as filled */
	bool at_head; /* the last reply had all there was, and nothing has put it in doubt since */
	bool broken;  /* the server refuses us for good */
	char after[ASK_CURSOR_MAX]; /* where the next request goes on */
	int64_t ask_not_before_ms;

	struct account account;
	struct seqset got;
	struct live_message **held;
	size_t n_held, cap_held, held_bytes;
	char left_epoch[POSITION_EPOCH_MAX]; /* the one before this: its messages may still come */

	struct ready_queue ready;
	struct position position;
	bool unsaved; /* the position has moved since it was committed */
	char cursor[ASK_CURSOR_MAX];
	struct cw_subscriber_stats stats;
	char error[ERROR_MAX];
	int pending_error; /* to be returned once the ready queue is empty */
};

/* Puts the sentence where cw_subscriber_error() finds it, and returns `code`. */
int inside_fail(struct cw_subscriber *s, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
