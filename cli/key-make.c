/* Making keys. A secret is written once, to a file that only its owner may read, and shown to
 * nobody; what was there before is never overwritten. */
#include <civicwire/key.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/curve.h"
#include "cli/key.h"
#include "cli/verb.h"
#include "model/rights.h"

#define SERVER_KEY_FILE "server.key"

static int refused(const char *path, int err)
{
	fprintf(stderr, "civicwire key: %s: %s\n", path, strerror(err));
	return err == EACCES || err == EPERM ? EX_NOPERM : EX_CANTCREAT;
}

static void write_key(struct buf *out, const char *what, const struct cw_key *key)
{
	buf_printf(out,
		"# %s: a secret. Whoever has this file is who it says; keep it mode 0600.\n"
		"# (A ZeroMQ certificate; pyzmq's zmq.auth.load_certificate() reads it.)\n"
		"metadata\n",
		what);
	if (key->server_key[0])
		buf_printf(out, "    server-key = \"%s\"\n", key->server_key);
	buf_printf(out, "curve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n",
		key->public_key, key->secret_key);
}

static int write_secret(const char *path, const char *what, const struct cw_key *key)
{
	struct buf text = BUF_INIT;

	buf_room(&text, 1024); /* in one place, so that wiping it wipes all */
	write_key(&text, what, key);
	int r = key_write(path, O_EXCL, 0600, &text);
	explicit_bzero(text.p, text.n);
	buf_deinit(&text);
	return r < 0 ? refused(path, -r) : EX_OK;
}

static char *server_path(const struct key_options *o)
{
	return o->out ? mem_printf("%s", o->out) : mem_printf("%s/" SERVER_KEY_FILE, o->folder);
}

int key_server(const struct key_options *o)
{
	cleanup(free_p) char *path = server_path(o);
	struct cw_key key = {.public_key = ""};
	int r = cw_key_read(path, &key);

	if (r == -ENOENT) {
		curve_keypair(key.public_key, key.secret_key);
		r = write_secret(path, "The key of a civicwire server", &key);
	} else if (r == -EINVAL) {
		fprintf(stderr, "civicwire key: %s is there and holds no key\n", path);
		r = EX_CANTCREAT;
	} else if (r < 0) {
		r = refused(path, -r);
	}
	if (r == EX_OK)
		puts(key.public_key);
	cw_key_wipe(&key);
	return r == EX_OK ? verb_flush("key") : r;
}

/* The server's public key, for the client's file; "" where there is no server key yet. */
static void find_server(const struct key_options *o, char ret[CW_KEY_SIZE])
{
	cleanup(free_p) char *path = mem_printf("%s/" SERVER_KEY_FILE, o->folder);
	struct cw_key key = {.public_key = ""};
	int r = cw_key_read(path, &key);

	memcpy(ret, key.public_key, CW_KEY_SIZE);
	cw_key_wipe(&key);
	if (r < 0)
		fprintf(stderr,
			"civicwire key: %s: %s; the client must be given the server's public key "
			"(`civicwire key server`) besides\n",
			path, r == -EINVAL ? "holds no key" : strerror(-r));
}

static void write_client(struct buf *out, const struct key_options *o, const char *public_key)
{
	char time[TIME_TEXT_MAX];

	time_format_s(clock_real_us() / SEC_US, time);
	buf_printf(out,
		"# Client %s: what it may read. Made %s by `civicwire key new`.\n"
		"key: \"%s\"\ntopics:\n",
		o->name, time, public_key);
	for (size_t i = 0; i < o->n_topics; i++)
		buf_printf(out, "  - %s\n", o->topics[i]);
	for (const char *const *root = topic_roots; !o->n_topics && *root; root++)
		buf_printf(out, "  - %s\n", *root);
	if (o->expires)
		buf_printf(out, "expires: %s\n", o->expires);
	if (o->connections)
		buf_printf(out, "connections: %s\n", o->connections);
}

/* The client's file; what the daemon would say against it is said now, and it does not stay. */
static int add_client(const struct key_options *o, const char *public_key)
{
	cleanup(free_p) char *folder = mem_printf("%s/clients.d", o->folder);
	cleanup(free_p) char *path = key_client_path(o);
	struct buf text = BUF_INIT;

	if (strchr(o->name, '/') || o->name[0] == '.')
		return verb_misused("key", "'%s' is no name for a client", o->name);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return refused(folder, errno);
	write_client(&text, o, public_key);
	int r = key_write(path, O_EXCL, 0644, &text);
	buf_deinit(&text);
	if (r < 0)
		return refused(path, -r);
	struct config_clients *clients = key_load(o);
	bool good = false;
	for (size_t i = 0; clients && i < clients->n; i++)
		good = good || !strcmp(clients->items[i].name, o->name);
	config_clients_free(clients);
	if (good)
		return EX_OK;
	unlink(path);
	return EX_CONFIG;
}

int key_new(const struct key_options *o)
{
	cleanup(free_p) char *path =
		o->out ? mem_printf("%s", o->out) : mem_printf("%s.key", o->name);
	cleanup(free_p) char *client = key_client_path(o);
	struct cw_key key;

	curve_keypair(key.public_key, key.secret_key);
	find_server(o, key.server_key);
	int r = add_client(o, key.public_key);
	if (r == EX_OK) {
		cleanup(free_p) char *what = mem_printf("The key of client %s", o->name);
		r = write_secret(path, what, &key);
		if (r != EX_OK)
			unlink(client);
	}
	cw_key_wipe(&key);
	if (r != EX_OK)
		return r;
	printf("%s may read: %s\nits key, for it alone: %s\n", o->name, client, path);
	r = key_tell(o);
	if (r == EX_OK)
		printf("the running daemon knows it\n");
	else if (r == EX_NOHOST)
		printf("no daemon runs here; it will know it when it starts\n");
	int flushed = verb_flush("key");
	return r == EX_OK || r == EX_NOHOST ? flushed : r;
}
