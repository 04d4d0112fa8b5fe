/* What the subcommands of `civicwire key` share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "config/config.h"

#define KEY_TOPICS_MAX 64

struct key_options {
	const char *folder; /* absolute path of the configuration */
	const char *socket; /* of the running daemon; NULL: the usual one */
	const char *out;    /* where the secret goes; NULL: NAME.key here */
	const char *name;   /* of the client */
	const char *expires;
	const char *connections;
	const char *topics[KEY_TOPICS_MAX];
	size_t n_topics;
};

/* Each returns an exit status, and has told on stderr what went wrong. */
int key_new(const struct key_options *options);
int key_server(const struct key_options *options);
int key_list(const struct key_options *options);
int key_show(const struct key_options *options);
int key_revoke(const struct key_options *options);

/* clients.d/ as the daemon reads it; problems go to stderr. NULL: not readable (told). */
struct config_clients *key_load(const struct key_options *options);
/* NULL: there is none (told). */
const struct client_settings *key_find(
	const struct config_clients *clients, const struct key_options *options);
/* "clients.d/NAME.yaml" in the configuration folder; the caller frees it. */
char *key_client_path(const struct key_options *options);
/* Writes a file, which is on the disk when this returns. `how`: O_EXCL, for a new one, or O_TRUNC. 0, or
 * -errno, and then nothing half written is left. */
int key_write(const char *path, int how, mode_t mode, const struct buf *bytes);
/* Has the daemon read clients.d/ again. EX_OK, or EX_NOHOST: none runs, it will read them when it
 * starts; else an exit status. */
int key_tell(const struct key_options *options);
