#include "cli/listen.h"

#include <civicwire/key.h>
#include <civicwire/wire.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

/* The one thing a signal handler may touch. */
static volatile sig_atomic_t over;

static void on_signal(int number)
{
	(void)number;
	over = 1;
}

bool listen_topic(struct listen *listen, const char *topic)
{
	if (listen->n_topics == LISTEN_TOPICS_MAX) {
		fprintf(stderr, "civicwire: more than %d topics\n", LISTEN_TOPICS_MAX);
		return false;
	}
	listen->topics[listen->n_topics++] = topic;
	return true;
}

bool listen_option(struct listen *listen, int option, const char *value)
{
	if (option == LISTEN_KEY)
		listen->options.key_file = value;
	else if (option == LISTEN_SERVER_KEY)
		listen->options.server_key_file = value;
	else if (option == LISTEN_REPLAY)
		listen->options.replay = value;
	else
		return false;
	return true;
}

/* Says which key file is wrong. False: none. */
static bool tell_key(const struct cw_subscriber_options *o)
{
	const char *files[] = {o->key_file, o->server_key_file};
	struct cw_key keys[2] = {{.public_key = ""}};
	bool told = false;

	for (int i = 0; i < 2 && !told; i++) {
		int r = files[i] ? cw_key_read(files[i], &keys[i]) : 0;
		told = r < 0;
		if (told)
			fprintf(stderr, "civicwire: key file %s: %s\n", files[i],
				r == -EINVAL ? "holds no key" : strerror(-r));
	}
	if (!told && (o->key_file || o->server_key_file)) {
		const char *missing = !keys[0].secret_key[0] || !keys[0].public_key[0]
					      ? "this client's key; give --key"
				      : !keys[0].server_key[0] && !keys[1].public_key[0]
					      ? "the server's public key; give --server-key"
					      : NULL;
		told = missing != NULL;
		if (told)
			fprintf(stderr, "civicwire: there is no %s\n", missing);
	}
	cw_key_wipe(&keys[0]);
	cw_key_wipe(&keys[1]);
	return told;
}

static bool is_place(const char *after)
{
	struct cw_cursor cursor;
	int64_t us;

	return !after || !strcmp(after, "oldest") || !strcmp(after, "now") ||
	       time_parse_rfc3339(str_of(after), &us) ||
	       cw_cursor_parse(after, strlen(after), &cursor) == 0;
}

/* Says which of the options is not what it should be. */
static void tell_wrong(const struct listen *listen)
{
	const struct cw_subscriber_options *o = &listen->options;

	for (size_t i = 0; i < listen->n_topics; i++) {
		if (cw_prefix_is_valid(listen->topics[i], strlen(listen->topics[i])))
			continue;
		fprintf(stderr,
			"civicwire: no topic begins with '%s'; topics look like theme/climate/ or "
			"feed/co-mde/, in lower case\n",
			listen->topics[i]);
		return;
	}
	if (!is_place(o->after))
		fprintf(stderr,
			"civicwire: '%s' is no place to begin; write oldest, now, a cursor, or a "
			"time such as 2026-11-01T00:00:00Z\n",
			o->after);
	else if (o->cursor_file && access(o->cursor_file, F_OK) == 0)
		fprintf(stderr,
			"civicwire: %s is no cursor file, or an endpoint is wrong (it looks like "
			"%s)\n",
			o->cursor_file, CW_LIVE_DEFAULT);
	else
		fprintf(stderr, "civicwire: an endpoint is wrong; it looks like %s\n",
			CW_LIVE_DEFAULT);
}

int listen_open(struct listen *listen)
{
	/* Without SA_RESTART: the wait must end. */
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (listen->n_topics)
		listen->options.topics = listen->topics;
	int r = cw_subscriber_open(&listen->options, &listen->subscriber);
	if (r == 0)
		return EX_OK;
	if (tell_key(&listen->options))
		return r == -EINVAL ? EX_USAGE : EX_NOINPUT;
	if (r == -EINVAL)
		tell_wrong(listen);
	else
		fprintf(stderr, "civicwire: cannot subscribe: %s\n", strerror(-r));
	return r == -EINVAL ? EX_USAGE : EX_OSERR;
}

void listen_close(struct listen *listen)
{
	listen->subscriber = cw_subscriber_close(listen->subscriber);
}

bool listen_is_over(void)
{
	return over;
}

int listen_next(struct listen *listen, int timeout_ms, struct cw_event **ret_event)
{
	for (;;) {
		if (over)
			return 0;
		int r = cw_subscriber_next(listen->subscriber, timeout_ms, ret_event);
		if (r >= 0)
			return r;
		if (r == -EINTR)
			continue;
		fprintf(stderr, "civicwire: %s\n", cw_subscriber_error(listen->subscriber));
		if (r != -ENODATA && r != -ESTALE)
			return r;
	}
}
