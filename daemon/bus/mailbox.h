/* What the bus's main thread tells a serving thread: only the newest of each matters, so this is
 * not a queue but a box whose content is replaced, with a descriptor that wakes zmq_poll(). A slow
 * thread thus costs nothing and delays nobody. */
#pragma once

#include "bus/auth.h"
#include "bus/channel.h"

#include <pthread.h>
#include <stdbool.h>

struct mail {
	struct channel_head head;
	struct auth_clients *clients; /* who may read; NULL: nobody with a key */
	int64_t pause_until_us;       /* monotonic clock: leave the journal alone until then */
	bool end;
};

struct mailbox {
	pthread_mutex_t lock;
	struct mail mail;
	int fd; /* eventfd: readable while there is news */
};

/* 0 or -errno. */
int mailbox_init(struct mailbox *box);
void mailbox_deinit(struct mailbox *box);
void mailbox_put(struct mailbox *box, const struct mail *mail);
/* The newest mail, with a reference to its clients; the descriptor is quiet until the next. */
struct mail mailbox_take(struct mailbox *box);
