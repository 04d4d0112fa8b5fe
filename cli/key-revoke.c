/* Revoking: `revoked: true` in the client's file, which may have been written by hand; its words and
 * comments stay. The file is replaced whole, and only by one that says what it should. */
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
#include "cli/key.h"
#include "cli/verb.h"

/* A client's file is some lines; a larger one is some other. */
#define FILE_MAX 65536

static int refused(const char *path, int err)
{
	fprintf(stderr, "civicwire key: %s: %s\n", path, strerror(err));
	return err == EACCES || err == EPERM ? EX_NOPERM : EX_IOERR;
}

static int read_file(const char *path, struct buf *ret, mode_t *ret_mode)
{
	cleanup(fclose_p) FILE *file = fopen(path, "re");
	struct stat st;

	if (!file || fstat(fileno(file), &st) < 0)
		return refused(path, errno);
	*ret_mode = st.st_mode & 0777;
	ret->n = fread(buf_room(ret, FILE_MAX), 1, FILE_MAX, file);
	return ret->n < FILE_MAX && !ferror(file) ? EX_OK : refused(path, EFBIG);
}

/* Every line but those of the key, and at the end the key. */
static void set_revoked(struct buf *out, struct str text)
{
	for (struct str line; str_split(&text, '\n', &line);) {
		if (str_starts(line, STR("revoked:")) || (!line.n && !text.n))
			continue;
		buf_str(out, line);
		buf_char(out, '\n');
	}
	buf_lit(out, "revoked: true\n");
}

static bool is_revoked(const struct key_options *o)
{
	struct config_clients *clients = key_load(o);
	const struct client_settings *client = clients ? key_find(clients, o) : NULL;
	bool revoked = client && client->revoked;

	config_clients_free(clients);
	return revoked;
}

/* Replaces the file, and puts the old text back if the new one is not understood. */
static int replace(const struct key_options *o, const char *path)
{
	cleanup(free_p) char *aside = mem_printf("%s/clients.d/.%s.new", o->folder, o->name);
	cleanup(buf_deinit) struct buf before = BUF_INIT, after = BUF_INIT;
	mode_t mode;
	int r = read_file(path, &before, &mode);

	if (r != EX_OK)
		return r;
	set_revoked(&after, buf_view(&before));
	int written = key_write(aside, O_TRUNC, mode, &after);
	if (written < 0)
		return refused(aside, -written);
	if (rename(aside, path) < 0)
		r = refused(path, errno);
	if (r == EX_OK && is_revoked(o))
		return EX_OK;
	if (r == EX_OK && key_write(aside, O_TRUNC, mode, &before) == 0 &&
		rename(aside, path) == 0) {
		fprintf(stderr, "civicwire key: write 'revoked: true' into %s by hand\n", path);
		return EX_CONFIG;
	}
	unlink(aside);
	return r == EX_OK ? EX_IOERR : r;
}

int key_revoke(const struct key_options *o)
{
	cleanup(free_p) char *path = key_client_path(o);
	struct config_clients *clients = key_load(o);
	const struct client_settings *client = clients ? key_find(clients, o) : NULL;
	int r = !client ? EX_NOINPUT : client->revoked ? EX_OK : replace(o, path);

	config_clients_free(clients);
	if (r != EX_OK)
		return r;
	r = key_tell(o);
	if (r == EX_OK)
		printf("%s is revoked; its connections are cut\n", o->name);
	else
		printf("%s is revoked in %s\n", o->name, path);
	if (r == EX_NOHOST)
		printf("no daemon runs here; it will refuse it when it starts\n");
	int flushed = verb_flush("key");
	return r == EX_OK || r == EX_NOHOST ? flushed : r;
}
