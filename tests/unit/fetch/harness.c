#include "harness.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"

void origin_start(struct origin *origin, const char *certificate, const char *key)
{
	const char *script = getenv("FETCH_ORIGIN"), *python = getenv("FETCH_PYTHON");
	int in[2], out[2];
	char line[32] = "";

	assert_non_null(script);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	origin->pid = fork();
	assert_true(origin->pid >= 0);
	if (origin->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(python, python, script, certificate, key, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	origin->stdin_fd = in[1];
	FILE *f = fdopen(out[0], "r");
	assert_non_null(fgets(line, sizeof line, f));
	fclose(f);
	origin->port = (int)strtol(line, NULL, 10);
	assert_true(origin->port > 0);
}

void origin_stop(struct origin *origin)
{
	close(origin->stdin_fd);
	kill(origin->pid, SIGKILL);
	waitpid(origin->pid, NULL, 0);
}

static void on_reply(struct fetch_sink *sink, struct reply *reply)
{
	struct harness *h = container_of(sink, struct harness, sink);

	reply_free(h->last);
	h->last = reply;
	h->done++;
	h->outcomes[reply->outcome]++;
}

void harness_init(struct harness *h)
{
	*h = (struct harness){.limits = fetch_limits_default, .sink.done = on_reply};
	h->settings.contact = "https://wire.example.org/about";
	h->settings.parallel = 100;
}

void harness_open(struct harness *h)
{
	struct error error = {0};

	assert_int_equal(uv_loop_init(&h->loop), 0);
	assert_int_equal(fetcher_new_limited(
				 &h->fetcher, &h->loop, &h->settings, &h->limits, &h->sink, &error),
		0);
}

void harness_close(struct harness *h)
{
	fetcher_free(h->fetcher);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	h->last = reply_free(h->last);
}

void *stand_new(size_t size)
{
	struct stand *stand = mem_zalloc(1, size);

	origin_start(&stand->origin, NULL, NULL);
	harness_init(&stand->h);
	return stand;
}

int stand_setup(void **state)
{
	*state = stand_new(sizeof(struct stand));
	return 0;
}

int stand_teardown(void **state)
{
	struct stand *stand = *state;

	harness_close(&stand->h);
	origin_stop(&stand->origin);
	free(stand);
	return 0;
}

struct feed *harness_feed(const char *format, ...)
{
	struct feed *feed = feed_new();
	char url[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(url, sizeof url, format, ap);
	va_end(ap);
	feed->id = "mx-mex.cgai.noticias";
	feed->url = arena_strdup(&feed->arena, url);
	feed->interval_us = 3600 * INT64_C(1000000);
	feed->access.allow_net = arena_alloc(&feed->arena, sizeof(char *));
	feed->access.allow_net[0] = "127.0.0.0/8";
	feed->access.n_allow_net = 1;
	return feed;
}

void harness_run(struct harness *h)
{
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(fetch_active(h->fetcher), 0);
}

struct reply *harness_poll(
	struct harness *h, const struct feed *feed, const struct feed_state *state)
{
	static const struct feed_state none;
	size_t done = h->done;

	fetch_submit(h->fetcher, feed, state ? state : &none, LANE_QUICK);
	assert_int_equal(h->done, done); /* never from inside fetch_submit() */
	harness_run(h);
	assert_int_equal(h->done, done + 1);
	struct reply *reply = h->last;
	h->last = NULL;
	assert_true(reply->started_us > 0 && reply->finished_us >= reply->started_us);
	return reply;
}

struct reply *harness_get(struct harness *h, const struct origin *origin, const char *path)
{
	cleanup(feed_unref_p) struct feed *feed =
		harness_feed("http://127.0.0.1:%d%s", origin->port, path);

	return harness_poll(h, feed, NULL);
}

void expect_failure(struct reply *reply, enum reply_outcome outcome, const char *words)
{
	if (!reply->error || !strstr(reply->error, words) || reply->outcome != outcome)
		fail_msg("%s: %s, wanted %s: %s", reply_outcome_names[reply->outcome], reply->error,
			reply_outcome_names[outcome], words);
	assert_int_equal(reply->body.n, 0);
	assert_null(reply->permanent_url);
	reply_free(reply);
}

void expect_in_body(const struct reply *reply, const char *words)
{
	char text[8192];
	ssize_t n = body_read(&reply->body, 0, text, sizeof text - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	if (!strstr(text, words))
		fail_msg("'%s' is not in: %s", words, text);
}
