/* The control socket and the status port over a daemon that is made up: who gets which answer. */
#include "control/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/list.h"

#define NOBODY    65534
#define OUR_UMASK 0026

/* What the tests set before they ask, and look at after the answer. */
struct fixture {
	struct control_source source;
	bool ending;
	const char *trouble;
	int refresh_result, redact_result;
	int bus_pid;
	uint64_t head, bus_head;
	char redacted[100];
	char refreshed[100];
	unsigned refreshes, reloads;
	struct control_page page; /* asked for last */
	char after[100];

	char dir[64], path[96], status_bind[32];
	in_port_t port;
	struct control_settings settings;
	struct control *control;
	struct error error;
};

static struct control_snapshot *on_snapshot(
	struct control_source *source, const struct control_page *page)
{
	struct fixture *f = container_of(source, struct fixture, source);

	if (f->ending)
		return NULL;
	f->page = *page;
	snprintf(f->after, sizeof f->after, "%s", page->after ? page->after : "");
	struct control_snapshot *s = mem_zalloc(1, sizeof *s);
	s->version = "1.2.3";
	s->taken_us = s->started_us = 1;
	s->trouble = f->trouble ? mem_strdup(f->trouble) : NULL;
	s->bus_pid = f->bus_pid;
	s->head = f->head;
	s->bus.head = f->bus_head;
	s->feeds = mem_zalloc(1, sizeof *s->feeds);
	s->n_feeds = 1;
	s->feeds[0].feed = feed_new();
	s->feeds[0].feed->id = "co-mde.aci.noticias";
	s->feeds[0].feed->url = "https://aci.example/feed";
	return s;
}

static int on_redact(struct control_source *source, const char *id, const char *epoch,
	struct control_redaction *ret, struct error *error)
{
	struct fixture *f = container_of(source, struct fixture, source);

	snprintf(f->redacted, sizeof f->redacted, "%s of %s", id, epoch ? epoch : "any");
	*ret = (struct control_redaction){3, true};
	return f->redact_result ? error_set(error, -f->redact_result, "not \"so\"") : 0;
}

static int on_refresh(
	struct control_source *source, const char *feed_id, struct control_refresh *ret)
{
	struct fixture *f = container_of(source, struct fixture, source);

	*ret = (struct control_refresh){.next_us = 1, .ahead = 2};

	f->refreshes++;
	snprintf(f->refreshed, sizeof f->refreshed, "%s", feed_id);
	return f->refresh_result;
}

static int on_reload(struct control_source *source, uint64_t *ret_number)
{
	struct fixture *f = container_of(source, struct fixture, source);

	f->reloads++;
	*ret_number = 7;
	return f->ending ? -ESHUTDOWN : 0;
}

static struct reload *on_reload_report(struct control_source *source)
{
	struct fixture *f = container_of(source, struct fixture, source);

	return f->ending ? NULL : reload_new(6);
}

/* A port that was free a moment ago. */
static in_port_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	cleanup(close_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin_port);
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);

	f->source.snapshot = on_snapshot;
	f->source.refresh = on_refresh;
	f->source.redact = on_redact;
	f->source.reload = on_reload;
	f->source.reload_report = on_reload_report;
	snprintf(f->dir, sizeof f->dir, "/tmp/civicwire-control-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chmod(f->dir, 0755), 0);
	snprintf(f->path, sizeof f->path, "%s/control.sock", f->dir);
	f->port = free_port();
	snprintf(f->status_bind, sizeof f->status_bind, "127.0.0.1:%u", f->port);
	f->settings = (struct control_settings){f->path, f->status_bind};
	*state = f;
	return 0;
}

static int setup_started(void **state)
{
	setup(state);
	struct fixture *f = *state;
	int r = control_start(&f->control, &f->settings, &f->source, &f->error);
	if (r < 0)
		print_error("%s\n", f->error.text);
	return r;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_null(control_stop(f->control));
	assert_int_equal(access(f->path, F_OK), -1); /* nothing is left behind */
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static int connect_socket(const struct fixture *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, f->path, strlen(f->path));
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_status(const struct fixture *f)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(f->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

struct answer {
	int status;
	struct buf all;
	const char *body;
};

static void answer_deinit(struct answer *a)
{
	buf_deinit(&a->all);
}

/* Sends bytes and reads to the end. No cmocka here: a forked child asks, too. */
static struct answer exchange(int fd, const char *request)
{
	struct answer a = {.all = BUF_INIT, .body = ""};

	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
		a.status = -1;
	for (;;) {
		ssize_t r = read(fd, buf_room(&a.all, 4096), 4096);
		if (r <= 0)
			break;
		a.all.n += (size_t)r;
	}
	close(fd);
	const char *text = buf_cstr(&a.all);
	const char *body = strstr(text, "\r\n\r\n");
	if (!body || sscanf(text, "HTTP/1.1 %d ", &a.status) != 1)
		return a;
	a.body = body + 4;
	return a;
}

static struct answer ask(int fd, const char *method, const char *target)
{
	char request[512];

	snprintf(request, sizeof request,
		"%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, target);
	return exchange(fd, request);
}

/* Status, and what the body begins with. */
static void check(struct answer a, int status, const char *type, const char *body)
{
	if (a.status != status || strncmp(a.body, body, strlen(body)) != 0)
		print_error("%s\n", buf_cstr(&a.all));
	assert_int_equal(a.status, status);
	assert_memory_equal(a.body, body, strlen(body));
	cleanup(free_p) char *header = mem_printf("\r\nContent-Type: %s\r\n", type);
	assert_non_null(strstr(buf_cstr(&a.all), header));
	assert_non_null(strstr(buf_cstr(&a.all), "\r\nCache-Control: no-store\r\n"));
	answer_deinit(&a);
}

#define JSON_TYPE    "application/json"
#define TEXT_TYPE    "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define HTML_TYPE    "text/html; charset=utf-8"

static void test_reading(void **state)
{
	static int (*const doors[])(const struct fixture *) = {connect_socket, connect_status};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct answer a = ask(doors[i](f), "GET", "/v1/status");
		json_t *root = json_loads(a.body, 0, NULL);
		assert_string_equal(json_string_value(json_object_get(root, "version")), "1.2.3");
		json_decref(root);
		check(a, 200, JSON_TYPE, "{\"version\":");
		check(ask(doors[i](f), "GET", "/v1/feeds"), 200, JSON_TYPE,
			"[{\"id\":\"co-mde.aci.noticias\",");
		check(ask(doors[i](f), "GET", "/metrics"), 200, METRICS_TYPE,
			"# HELP civicwire_build_info ");
		check(ask(doors[i](f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
		check(ask(doors[i](f), "GET", "/status?lang=es"), 200, HTML_TYPE,
			"<!DOCTYPE html>\n<html lang=\"es\">");
		check(ask(doors[i](f), "GET", "/status.css"), 200, "text/css; charset=utf-8", "/*");
		check(ask(doors[i](f), "GET", "/status.js"), 200, "text/javascript; charset=utf-8",
			"/*");
	}
}

static void test_nothing_here(void **state)
{
	static const char *const wrong[][2] = {{"GET", "/"}, {"GET", "/v1"}, {"GET", "/v1/"},
		{"GET", "/v1/status/"}, {"GET", "/V1/status"}, {"GET", "/v1/refresh"},
		{"POST", "/v1/status"}, {"DELETE", "/v1/feeds"}, {"POST", "/healthz"},
		{"GET", "/v1/../v1/status"}, {"BREW", "/v1/status"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		check(ask(connect_socket(f), wrong[i][0], wrong[i][1]), 404, JSON_TYPE,
			"{\"error\":\"nothing here\"}");
		check(ask(connect_status(f), wrong[i][0], wrong[i][1]), 404, JSON_TYPE,
			"{\"error\":\"nothing here\"}");
	}
	assert_int_equal(f->refreshes, 0);
}

static void test_redact(void **state)
{
	static const struct {
		int result;
		unsigned status;
	} failures[] = {
		{-ENOENT, 404}, {-EINVAL, 400}, {-ESTALE, 409}, {-ESHUTDOWN, 503}, {-EIO, 503}};
	struct fixture *f = *state;

	check(ask(connect_socket(f), "POST", "/v1/redact?id=a.b.c%2fK%2F"), 200, JSON_TYPE,
		"{\"events\":3,\"in_log\":true}\n");
	assert_string_equal(f->redacted, "a.b.c/K/ of any");
	check(ask(connect_socket(f), "POST", "/v1/redact?epoch=abc&id=a.b.c/K/2"), 200, JSON_TYPE,
		"{\"events\":3,\"in_log\":true}\n");
	assert_string_equal(f->redacted, "a.b.c/K/2 of abc");
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		f->redact_result = failures[i].result;
		check(ask(connect_socket(f), "POST", "/v1/redact?id=x"), failures[i].status,
			JSON_TYPE, "{\"error\":\"not \\\"so\\\"\"}\n");
	}
	check(ask(connect_socket(f), "POST", "/v1/redact"), 400, JSON_TYPE,
		"{\"error\":\"which event? give ?id=FEED/ITEM/VERSION, or FEED/ITEM/ for all "
		"versions\"}\n");
}

/* Which part of the feeds is asked for; a wrong word is told, not passed over. */
static void test_pages(void **state)
{
	struct fixture *f = *state;

	check(ask(connect_socket(f), "GET", "/v1/feeds"), 200, JSON_TYPE, "[{");
	assert_true(f->page.limit == SIZE_MAX && !*f->after && f->page.health == UINT_MAX);
	check(ask(connect_socket(f), "GET", "/v1/feeds?limit=7&after=a.b%2ec&health=failing,gone"),
		200, JSON_TYPE, "[{");
	assert_int_equal(f->page.limit, 7);
	assert_string_equal(f->after, "a.b.c");
	assert_int_equal(f->page.health, 1u << FEED_FAILING | 1u << FEED_GONE);
	check(ask(connect_socket(f), "GET", "/v1/status"), 200, JSON_TYPE, "{");
	assert_int_equal(f->page.limit, 0);
	static const char *const wrong[] = {"limit=0", "limit=x", "limit=", "limit=-1",
		"health=", "health=well", "health=fine,well"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char path[64];
		snprintf(path, sizeof path, "/v1/feeds?%s", wrong[i]);
		check(ask(connect_socket(f), "GET", path), 400, JSON_TYPE, "{\"error\":");
	}
}

static void test_refresh(void **state)
{
	struct fixture *f = *state;

	check(ask(connect_socket(f), "POST", "/v1/refresh?feed=co-mde.aci.noticias"), 202,
		JSON_TYPE, "{\"next\":\"1970-01-01T00:00:00.000Z\",\"ahead\":2}");
	assert_string_equal(f->refreshed, "co-mde.aci.noticias");
	check(ask(connect_socket(f), "POST", "/v1/refresh?x=1&feed=a%2fb%20c"), 202, JSON_TYPE,
		"{\"next\":\"1970-01-01T00:00:00.000Z\",\"ahead\":2}");
	assert_string_equal(f->refreshed, "a/b c");
	/* A body says nothing to us, and does no harm. */
	check(exchange(connect_socket(f),
		      "POST /v1/refresh?feed=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		      "Content-Length: 5\r\n\r\nhello"),
		202, JSON_TYPE, "{\"next\":\"1970-01-01T00:00:00.000Z\",\"ahead\":2}");
	f->refresh_result = -ENOENT;
	check(ask(connect_socket(f), "POST", "/v1/refresh?feed=none"), 404, JSON_TYPE,
		"{\"error\":\"no such feed\"}");
	f->refresh_result = -EPERM;
	check(ask(connect_socket(f), "POST", "/v1/refresh?feed=none"), 409, JSON_TYPE,
		"{\"error\":\"the feed is paused");
	f->refresh_result = -ECANCELED;
	check(ask(connect_socket(f), "POST", "/v1/refresh?feed=none"), 503, JSON_TYPE,
		"{\"error\":\"the daemon is ending\"}");
	assert_int_equal(f->refreshes, 6);
	check(ask(connect_socket(f), "POST", "/v1/refresh"), 400, JSON_TYPE, "{\"error\":");
	check(ask(connect_socket(f), "POST", "/v1/refresh?feed"), 400, JSON_TYPE, "{\"error\":");
	check(ask(connect_socket(f), "POST", "/v1/refresh?fee=x"), 400, JSON_TYPE, "{\"error\":");
	assert_int_equal(f->refreshes, 6);
}

/* It is begun at once; whoever wants to know asks for what became of it. */
static void test_reload(void **state)
{
	struct fixture *f = *state;

	check(ask(connect_socket(f), "POST", "/v1/reload"), 202, JSON_TYPE, "{\"reload\":7}");
	check(ask(connect_socket(f), "GET", "/v1/reload"), 200, JSON_TYPE, "{\"reload\":6,");
	check(ask(connect_status(f), "GET", "/v1/reload"), 200, JSON_TYPE, "{\"reload\":6,");
	check(ask(connect_status(f), "POST", "/v1/reload"), 404, JSON_TYPE,
		"{\"error\":\"nothing here\"}");
	assert_int_equal(f->reloads, 1);
	f->ending = true;
	check(ask(connect_socket(f), "POST", "/v1/reload"), 503, JSON_TYPE,
		"{\"error\":\"the daemon is ending\"}");
	check(ask(connect_socket(f), "GET", "/v1/reload"), 503, JSON_TYPE,
		"{\"error\":\"the daemon is ending\"}");
}

/* Whoever reaches the status port may look and not touch. */
static void test_status_port_only_reads(void **state)
{
	struct fixture *f = *state;

	check(ask(connect_status(f), "POST", "/v1/refresh?feed=co-mde.aci.noticias"), 404,
		JSON_TYPE, "{\"error\":\"nothing here\"}");
	assert_int_equal(f->refreshes, 0);
}

static void test_trouble(void **state)
{
	struct fixture *f = *state;

	f->trouble = "no space left on device";
	check(ask(connect_status(f), "GET", "/healthz"), 503, TEXT_TYPE,
		"no space left on device\n");
	check(ask(connect_status(f), "GET", "/readyz"), 503, TEXT_TYPE,
		"no space left on device\n");
	check(ask(connect_status(f), "GET", "/v1/status"), 200, JSON_TYPE, "{");
	f->trouble = NULL;
	check(ask(connect_status(f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
}

/* Well, but of no use to subscribers yet. */
static void test_readiness(void **state)
{
	struct fixture *f = *state;

	check(ask(connect_status(f), "GET", "/readyz"), 503, TEXT_TYPE, "the bus is not running\n");
	f->bus_pid = 7;
	f->head = 12;
	f->bus_head = 11;
	check(ask(connect_status(f), "GET", "/readyz"), 503, TEXT_TYPE,
		"the bus has not caught up yet\n");
	f->bus_head = 12;
	check(ask(connect_status(f), "GET", "/readyz"), 200, TEXT_TYPE, "ok\n");
	check(ask(connect_status(f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
}

/* What stands in the page may come from anywhere: the browser is told to run and to load nothing of
 * it. */
static void test_policy(void **state)
{
	struct fixture *f = *state;
	struct answer a = ask(connect_status(f), "GET", "/status");

	assert_non_null(
		strstr(buf_cstr(&a.all), "\r\nContent-Security-Policy: default-src 'none'; "));
	assert_null(strstr(buf_cstr(&a.all), "unsafe-inline"));
	assert_non_null(strstr(buf_cstr(&a.all), "\r\nReferrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(buf_cstr(&a.all), "\r\nX-Content-Type-Options: nosniff\r\n"));
	answer_deinit(&a);
}

static void test_ending(void **state)
{
	struct fixture *f = *state;

	f->ending = true;
	check(ask(connect_socket(f), "GET", "/v1/status"), 503, JSON_TYPE,
		"{\"error\":\"the daemon is ending\"}");
	check(ask(connect_socket(f), "GET", "/v1/feeds"), 503, JSON_TYPE,
		"{\"error\":\"the daemon is ending\"}");
	check(ask(connect_status(f), "GET", "/healthz"), 503, TEXT_TYPE, "ending\n");
	check(ask(connect_status(f), "GET", "/metrics"), 503, METRICS_TYPE,
		"# the daemon is ending\n");
}

/* Someone who connects and says nothing, or half a request, keeps nobody else waiting; and the
 * daemon ends without them. */
static void test_silent_askers(void **state)
{
	struct fixture *f = *state;
	int silent[8];

	for (size_t i = 0; i < 8; i++) {
		silent[i] = i % 2 ? connect_socket(f) : connect_status(f);
		if (i % 4 > 1)
			assert_int_equal(write(silent[i], "GET /v1/st", 10), 10);
	}
	check(ask(connect_socket(f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
	check(ask(connect_status(f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
	f->control = control_stop(f->control);
	for (size_t i = 0; i < 8; i++)
		close(silent[i]);
}

static void test_keep_alive(void **state)
{
	struct fixture *f = *state;
	struct answer a = exchange(connect_socket(f),
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
		"POST /v1/refresh?feed=y HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
		"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	const char *second = strstr(a.body, "HTTP/1.1 202 ");

	assert_int_equal(a.status, 200);
	assert_non_null(second);
	assert_non_null(strstr(second, "HTTP/1.1 404 "));
	assert_string_equal(f->refreshed, "y");
	answer_deinit(&a);
}

static void test_mode(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(umask(OUR_UMASK), OUR_UMASK); /* is as it was */
}

/* As another user, with or without our group: the status of the answer, or 0 where it could not
 * even connect. */
static int ask_as_nobody(const struct fixture *f, bool in_group)
{
	gid_t group = getegid();
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (setgroups(in_group, &group) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(1);
		int fd = connect_socket(f);
		_exit(fd < 0 ? 0 : ask(fd, "GET", "/v1/status").status / 100 * 10 + 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 1);
	return WEXITSTATUS(status) / 10 * 100;
}

/* Members of our group by whatever of their groups; never the world, even if the mode lets it. */
static void test_peers(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0) {
		print_message("only root can ask as another user\n");
		skip();
	}
	assert_int_equal(ask_as_nobody(f, true), 200);
	assert_int_equal(ask_as_nobody(f, false), 0);
	assert_int_equal(chmod(f->path, 0666), 0);
	assert_int_equal(ask_as_nobody(f, true), 200);
	assert_int_equal(ask_as_nobody(f, false), 400); /* 403 */
}

static int start(struct fixture *f)
{
	f->error = (struct error){0};
	return control_start(&f->control, &f->settings, &f->source, &f->error);
}

static void test_path_too_long(void **state)
{
	struct fixture *f = *state;
	char path[200];

	memset(path, 'a', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	f->settings.socket = path;
	assert_int_equal(start(f), -ENAMETOOLONG);
	assert_non_null(strstr(f->error.text, "at most 107 bytes"));
	f->settings.socket = "/nonexistent/folder/control.sock";
	assert_int_equal(start(f), -ENOENT);
	assert_non_null(strstr(f->error.text, "/nonexistent/folder/control.sock"));
	assert_null(f->control);
}

/* A crash leaves its socket's file behind. */
static void test_leftover_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, f->path, strlen(f->path));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	close(fd);
	assert_int_equal(connect_socket(f), -1);
	assert_int_equal(start(f), 0);
	check(ask(connect_socket(f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
}

/* A mistyped path must not cost a file. */
static void test_file_is_kept(void **state)
{
	struct fixture *f = *state;
	int fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	assert_int_equal(start(f), -EEXIST);
	assert_non_null(strstr(f->error.text, f->path));
	assert_int_equal(access(f->path, F_OK), 0);
	unlink(f->path);
}

static void test_living_socket_is_refused(void **state)
{
	struct fixture *f = *state;
	struct control *second = NULL;
	struct control_settings settings = {.socket = f->path};
	struct error error = {0};

	assert_int_equal(control_start(&second, &settings, &f->source, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, "another civicwired answers on"));
	assert_null(second);
	check(ask(connect_socket(f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
}

/* One that is too busy to take another asker lives, too, and must not hold us up. */
static void test_busy_socket_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	cleanup(close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, f->path, strlen(f->path));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 0), 0);
	cleanup(close_p) int first = connect_socket(f);
	assert_true(first >= 0);
	assert_int_equal(start(f), -EADDRINUSE);
	unlink(f->path);
}

/* Nothing stays behind of a start that failed half-way. */
static void test_port_in_use(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	cleanup(close_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_port = htons(f->port);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(start(f), -EADDRINUSE);
	assert_non_null(strstr(f->error.text, f->status_bind));
	f->settings.status_bind = "localhost";
	assert_int_equal(start(f), -EINVAL);
	f->settings.status_bind = NULL;
	assert_int_equal(start(f), 0); /* without a status port */
	check(ask(connect_socket(f), "GET", "/healthz"), 200, TEXT_TYPE, "ok\n");
}

int main(void)
{
#define STARTED(test)  cmocka_unit_test_setup_teardown(test, setup_started, teardown)
#define STARTING(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		STARTED(test_reading),
		STARTED(test_nothing_here),
		STARTED(test_pages),
		STARTED(test_refresh),
		STARTED(test_redact),
		STARTED(test_reload),
		STARTED(test_status_port_only_reads),
		STARTED(test_trouble),
		STARTED(test_readiness),
		STARTED(test_policy),
		STARTED(test_ending),
		STARTED(test_silent_askers),
		STARTED(test_keep_alive),
		STARTED(test_mode),
		STARTED(test_peers),
		STARTED(test_living_socket_is_refused),
		STARTING(test_path_too_long),
		STARTING(test_leftover_is_replaced),
		STARTING(test_file_is_kept),
		STARTING(test_busy_socket_is_refused),
		STARTING(test_port_in_use),
	};

	umask(OUR_UMASK);
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
