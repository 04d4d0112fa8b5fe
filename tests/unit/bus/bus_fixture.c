/* A wire room without feeds, for bus_test.py: a journal that it fills as told on standard input, and
 * a real bus under bus/child.c (this program with --bus is the bus).
 *
 *   bus_fixture JOURNAL REPLAY LIVE...
 *       REPLAY: endpoint[;curve][;client=NAME]...
 *       LIVE:   the same, and [;network=ID][;topic=PREFIX]...
 *
 * $SERVER_KEY names the file of the server's key, $LIMITS the connections taken: "ALL PER_ADDRESS".
 *
 * Commands, one a line, each answered by a line:
 *   append N BYTES TOPIC...   N events in one commit, told to the bus        head SEQ
 *   spread N FEEDS BYTES      N events over FEEDS feeds, four topics each    head SEQ
 *   flow N PER_COMMIT BYTES PER_S
 *                             N events over 20 feeds in commits of so many   head SEQ
 *   pulse MS BYTES TOPIC...   from now on an event every MS; 0: no more      head SEQ
 *   retain                    all but the newest event leaves                head SEQ
 *   clients NAME|KEY|TOPIC,…|EXPIRES_MS|REVOKED|CONNECTIONS ...   who may read   clients N
 *   pause US | stats | kill | stop
 * And unasked: ready, failed WHY, ended (the last). */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/bus.h"
#include "bus/child.h"
#include "journal/journal.h"

#define LIVE_MAX  8
#define VIEWS_MAX 600

/* A bus says something each second; after 20 s of silence it is killed. */
#define HEADS_MOST_US (15 * SEC_US)

struct fixture {
	uv_loop_t loop;
	uv_pipe_t input;
	struct journal *journal;
	struct feed *feed;
	struct bus_child *bus;
	struct bus_child_sink sink;
	struct bus_settings settings;
	struct buf line, data;
	uint64_t made;
	uv_timer_t pulse;
	uv_async_t heads;
	int64_t heads_us;      /* since when; monotonic */
	struct buf pulse_text; /* BYTES TOPIC... */
	struct arena arena;    /* of endpoints */
	struct arena clients_arena;
};

static void check(int r, const struct error *error)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bus_fixture: %s\n", error->text);
	exit(1);
}

static void append(struct fixture *f, const struct str *views, size_t n, size_t bytes)
{
	struct error error = {0};
	struct json j = json_to(&f->data);
	uint64_t seq, number = ++f->made;
	struct event event = {.type = EVENT_ITEM_PUBLISHED,
		.feed = f->feed,
		.publisher = "https://wire.example.org",
		.version = 1,
		.recorded_us = clock_real_us(),
		.views = views,
		.n_views = n};

	event.time_s = event.recorded_us / SEC_US;
	event.item = hash_of(str_make((const char *)&number, sizeof number));
	event.subject = STR("https://wire.example.org/?p=1");
	buf_clear(&f->data);
	json_open(&j, '{');
	json_member_int(&j, "made_us", event.recorded_us);
	json_key(&j, "text");
	buf_char(&f->data, '"');
	memset(buf_room(&f->data, bytes), 'x', bytes);
	f->data.n += bytes;
	buf_char(&f->data, '"');
	json_close(&j, '}');
	event.data = buf_view(&f->data);
	check(journal_append(f->journal, &event, NULL, &seq, &error), &error);
}

static void begin(struct fixture *f)
{
	struct error error = {0};

	check(journal_begin(f->journal, &error), &error);
}

static void commit(struct fixture *f)
{
	struct error error = {0};

	check(journal_commit(f->journal, &error), &error);
	bus_child_head(f->bus, journal_head(f->journal), clock_real_us());
}

static void spread(struct fixture *f, size_t feed, size_t bytes)
{
	static const char *const kinds[] = {"feed", "theme/climate", "network/al-las", "kind/news"};
	char texts[4][64];
	struct str views[4];

	for (int i = 0; i < 4; i++) {
		int n = snprintf(
			texts[i], sizeof texts[i], "%s/co-%03zu/aci/noticias/", kinds[i], feed);
		views[i] = str_make(texts[i], (size_t)n);
	}
	append(f, views, 4, bytes);
}

static size_t number(struct str *rest)
{
	struct str word = STR_NONE;
	unsigned long long v = 0;

	if (!str_word(rest, &word) || !str_u64(word, 100000000, &v))
		fprintf(stderr, "bus_fixture: a number is missing\n");
	return (size_t)v;
}

static void answer_head(struct fixture *f)
{
	printf("head %" PRIu64 "\n", journal_head(f->journal));
}

static void append_some(struct fixture *f, size_t n, struct str rest)
{
	size_t bytes = number(&rest), n_views = 0;
	struct str views[VIEWS_MAX];

	while (n_views < VIEWS_MAX && str_word(&rest, &views[n_views]))
		n_views++;
	begin(f);
	while (n--)
		append(f, views, n_views, bytes);
	commit(f);
}

static void do_append(struct fixture *f, struct str rest)
{
	append_some(f, number(&rest), rest);
	answer_head(f);
}

static void on_pulse(uv_timer_t *timer)
{
	struct fixture *f = container_of(timer, struct fixture, pulse);

	append_some(f, 1, buf_view(&f->pulse_text));
}

static void do_pulse(struct fixture *f, struct str rest)
{
	size_t ms = number(&rest);

	buf_clear(&f->pulse_text);
	buf_str(&f->pulse_text, rest);
	if (ms)
		uv_timer_start(&f->pulse, on_pulse, ms, ms);
	else
		uv_timer_stop(&f->pulse);
	answer_head(f);
}

/* In each round of the loop there is a head to be told, before anything else is looked at. */
static void on_heads(uv_async_t *heads)
{
	struct fixture *f = container_of(heads, struct fixture, heads);
	int64_t now = clock_monotonic_us();

	bus_child_head(f->bus, journal_head(f->journal), clock_real_us());
	if (!bus_child_is_silent(f->bus, now, now - f->heads_us - 1))
		puts("heads heard");
	else if (now - f->heads_us > HEADS_MOST_US)
		puts("heads silent");
	else
		uv_async_send(heads);
}

static void do_heads(struct fixture *f, struct str rest)
{
	(void)rest;
	f->heads_us = clock_monotonic_us();
	uv_async_send(&f->heads);
}

static void do_spread(struct fixture *f, struct str rest)
{
	size_t n = number(&rest), feeds = number(&rest), bytes = number(&rest);

	for (size_t i = 0; i < n; i++) {
		if (i % 1000 == 0)
			begin(f);
		spread(f, i % feeds, bytes);
		if (i % 1000 == 999 || i + 1 == n)
			commit(f);
	}
	answer_head(f);
}

static void do_flow(struct fixture *f, struct str rest)
{
	size_t n = number(&rest), per_commit = number(&rest), bytes = number(&rest);
	size_t per_s = number(&rest);
	int64_t due_us = clock_monotonic_us(), pace_us = 0;

	if (per_s)
		pace_us = (int64_t)per_commit * SEC_US / (int64_t)per_s;

	for (size_t i = 0; i < n;) {
		begin(f);
		for (size_t k = 0; k < per_commit && i < n; k++, i++)
			spread(f, i % 20, bytes);
		commit(f);
		due_us += pace_us;
		int64_t early_us = due_us - clock_monotonic_us();
		if (early_us > 0)
			usleep((useconds_t)early_us);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	answer_head(f);
}

static void do_retain(struct fixture *f, struct str rest)
{
	struct error error = {0};
	int r;

	(void)rest;
	do {
		r = journal_retain(f->journal, clock_real_us() + 2 * DAY_US, &error);
		check(r, &error);
	} while (r > 0);
	answer_head(f);
}

static void do_pause(struct fixture *f, struct str rest)
{
	bus_child_pause(f->bus, (int64_t)number(&rest));
	puts("paused");
}

/* NAME|KEY|TOPIC,…|EXPIRES_MS|REVOKED|CONNECTIONS; EXPIRES_MS from now, 0: never */
static void read_client(struct arena *arena, struct client_settings *client, struct str rest)
{
	struct str part = STR_NONE, topic;
	unsigned long long v;

	str_split(&rest, '|', &part);
	client->name = arena_str(arena, part).p;
	str_split(&rest, '|', &part);
	client->key = arena_str(arena, part).p;
	str_split(&rest, '|', &part);
	client->topics = arena_alloc(arena, (part.n + 1) * sizeof *client->topics);
	while (part.n && str_split(&part, ',', &topic))
		client->topics[client->n_topics++] = arena_str(arena, topic).p;
	str_split(&rest, '|', &part);
	if (str_u64(part, 1000000000, &v) && v)
		client->expires_us = clock_real_us() + (int64_t)v * MSEC_US;
	str_split(&rest, '|', &part);
	client->revoked = str_is(part, "1");
	client->connections = str_u64(rest, 10000, &v) ? (int64_t)v : 1;
}

static void do_clients(struct fixture *f, struct str rest)
{
	struct arena arena = ARENA_INIT;
	struct client_settings *clients = arena_zalloc(&arena, 2000 * sizeof *clients);
	struct str word;
	size_t n = 0;

	while (n < 2000 && str_word(&rest, &word))
		read_client(&arena, &clients[n++], word);
	bus_child_clients(f->bus, clients, n);
	arena_deinit(&f->clients_arena);
	f->clients_arena = arena;
	printf("clients %zu\n", n);
}

static void do_stats(struct fixture *f, struct str rest)
{
	int pid;
	const struct bus_stats *s = bus_child_stats(f->bus, &pid);

	(void)rest;
	printf("stats {\"pid\":%d,\"starts\":%" PRId64 ",\"live_sent\":%" PRIu64
	       ",\"live_subscriptions\":%" PRIu64 ",\"replay_requests\":%" PRIu64
	       ",\"replay_events\":%" PRIu64 ",\"replay_errors\":%" PRIu64
	       ",\"replay_waiting\":%" PRIu64 ",\"head\":%" PRIu64 ",\"connections\":%" PRIu64
	       ",\"accepted\":%" PRIu64 ",\"handshakes_failed\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"cut_connections\":%" PRIu64 ",\"cut_bytes\":%" PRIu64 ",\"cut_rights\":%" PRIu64
	       "}\n",
		pid, metric_get(METRIC_civicwire_bus_starts_total), s->live_sent,
		s->live_subscriptions, s->replay_requests, s->replay_events, s->replay_errors,
		s->replay_waiting, s->head, s->connections, s->accepted, s->handshakes_failed,
		s->refused, s->cut_connections, s->cut_bytes, s->cut_rights);
}

static void do_kill(struct fixture *f, struct str rest)
{
	int pid;

	(void)rest;
	bus_child_stats(f->bus, &pid);
	printf("killed %d\n", pid);
	if (pid)
		kill(pid, SIGKILL);
}

static void do_stop(struct fixture *f, struct str rest)
{
	(void)rest;
	bus_child_stop(f->bus);
	puts("stopping");
}

static void obey(struct fixture *f, struct str line)
{
	static const struct {
		const char *name;
		void (*obey)(struct fixture *f, struct str rest);
	} commands[] = {{"append", do_append}, {"spread", do_spread}, {"flow", do_flow},
		{"pulse", do_pulse}, {"heads", do_heads}, {"retain", do_retain},
		{"clients", do_clients}, {"pause", do_pause}, {"stats", do_stats},
		{"kill", do_kill}, {"stop", do_stop}};
	struct str word = STR_NONE;

	str_word(&line, &word);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (str_is(word, commands[i].name))
			commands[i].obey(f, line);
}

static void on_room(uv_handle_t *handle, size_t n, uv_buf_t *ret)
{
	(void)handle;
	*ret = uv_buf_init(mem_alloc(n), (unsigned)n);
}

static void on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *in)
{
	struct fixture *f = container_of((uv_pipe_t *)stream, struct fixture, input);

	for (ssize_t i = 0; i < n; i++) {
		if (in->base[i] != '\n') {
			buf_char(&f->line, in->base[i]);
			continue;
		}
		obey(f, buf_view(&f->line));
		buf_clear(&f->line);
	}
	free(in->base);
	if (n < 0) {
		uv_read_stop(stream);
		uv_timer_stop(&f->pulse);
		bus_child_stop(f->bus);
	}
}

static void on_ready(struct bus_child_sink *sink)
{
	(void)sink;
	puts("ready");
}

static void on_failed(struct bus_child_sink *sink, const char *why)
{
	(void)sink;
	printf("failed %s\n", why);
}

static void on_ended(struct bus_child_sink *sink)
{
	struct fixture *f = container_of(sink, struct fixture, sink);

	puts("ended");
	uv_close((uv_handle_t *)&f->pulse, NULL);
	uv_close((uv_handle_t *)&f->heads, NULL);
	uv_close((uv_handle_t *)&f->input, NULL);
}

#define NAMES_MAX 16

/* endpoint[;curve][;client=NAME][;network=ID][;topic=PREFIX]... Returns the endpoint. */
static const char *read_endpoint(
	struct fixture *f, const char *spec, struct admission *admission, struct audience *audience)
{
	struct str rest = str_of(spec), part;

	str_split(&rest, ';', &part);
	const char *bind = arena_str(&f->arena, part).p;
	audience->networks = arena_zalloc(&f->arena, NAMES_MAX * sizeof *audience->networks);
	audience->topics = arena_zalloc(&f->arena, NAMES_MAX * sizeof *audience->topics);
	while (str_split(&rest, ';', &part)) {
		const char *text = arena_str(&f->arena, str_skip(part, str_chr(part, '=') + 1)).p;
		if (str_is(part, "curve"))
			admission->curve = CURVE_REQUIRED;
		else if (str_starts(part, STR("network=")) && audience->n_networks < NAMES_MAX)
			audience->networks[audience->n_networks++] = text;
		else if (str_starts(part, STR("topic=")) && audience->n_topics < NAMES_MAX)
			audience->topics[audience->n_topics++] = text;
		else if (!admission->clients)
			admission->clients =
				arena_zalloc(&f->arena, NAMES_MAX * sizeof *admission->clients);
		if (str_starts(part, STR("client=")) && admission->n_clients < NAMES_MAX)
			admission->clients[admission->n_clients++] = text;
	}
	return bind;
}

static void read_limits(struct connection_limits *ret)
{
	const char *text = getenv("LIMITS");
	struct str rest = str_of(text ? text : "1000 1000");

	ret->all = (int64_t)number(&rest);
	ret->per_address = (int64_t)number(&rest);
}

static void open_all(struct fixture *f, int argc, char **argv)
{
	const struct journal_settings journal = {.path = argv[1], .keep_us = DAY_US};
	const struct bus_child_settings bus = {.bus = &f->settings, .journal_path = argv[1]};
	struct error error = {0};
	char *notice = NULL;

	check(journal_open(&f->journal, &journal, &notice, &error), &error);
	free(notice);
	f->feed = feed_new();
	f->feed->id = "co-mde.aci.noticias";
	f->feed->city = "co-mde";
	f->feed->agency = "aci";
	f->feed->name = "noticias";
	f->feed->path = "co-mde/aci/noticias";
	struct audience none = {NULL, NULL, 0, 0};
	f->settings.replay_bind = read_endpoint(f, argv[2], &f->settings.replay_admission, &none);
	read_limits(&f->settings.limits);
	f->settings.server_key = getenv("SERVER_KEY");
	f->settings.live = arena_zalloc(&f->arena, LIVE_MAX * sizeof *f->settings.live);
	for (int i = 3; i < argc && f->settings.n_live < LIVE_MAX; i++) {
		struct live_endpoint *live = &f->settings.live[f->settings.n_live++];
		live->bind = read_endpoint(f, argv[i], &live->admission, &live->audience);
	}
	f->sink = (struct bus_child_sink){on_ready, on_failed, on_ended};
	check(bus_child_new(&f->bus, &f->loop, &bus, &f->sink, &error), &error);
	bus_child_head(f->bus, journal_head(f->journal), clock_real_us());
	printf("epoch %s\n", journal_epoch(f->journal));
}

static void close_all(struct fixture *f)
{
	bus_child_free(f->bus);
	journal_close(f->journal);
	feed_unref(f->feed);
	arena_deinit(&f->arena);
	arena_deinit(&f->clients_arena);
	buf_deinit(&f->line);
	buf_deinit(&f->data);
	buf_deinit(&f->pulse_text);
}

int main(int argc, char **argv)
{
	struct fixture f = {.line = BUF_INIT,
		.data = BUF_INIT,
		.pulse_text = BUF_INIT,
		.arena = ARENA_INIT,
		.clients_arena = ARENA_INIT};
	bool is_bus = argc == 2 && !strcmp(argv[1], "--bus");

	log_init(is_bus ? "bus" : "fixture", LOG_LEVEL_WARNING);
	if (hash_global_init() < 0)
		return 1;
	if (is_bus)
		return bus_main(3);
	if (argc < 4) {
		fprintf(stderr, "usage: bus_fixture JOURNAL REPLAY LIVE...\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	uv_loop_init(&f.loop);
	uv_pipe_init(&f.loop, &f.input, 0);
	uv_pipe_open(&f.input, STDIN_FILENO);
	uv_timer_init(&f.loop, &f.pulse);
	uv_async_init(&f.loop, &f.heads, on_heads);
	open_all(&f, argc, argv);
	uv_read_start((uv_stream_t *)&f.input, on_room, on_input);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	close_all(&f);
	return uv_loop_close(&f.loop) == 0 ? 0 : 2;
}
