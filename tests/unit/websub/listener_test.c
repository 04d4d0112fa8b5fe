/* The listener over real sockets, told what to say by a loop that is this test. */
#include "websub/limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/queue.h"

#define TOKEN   "AAAAAAAAAAAAAAAAAAAAAA"
#define PLAIN   "BBBBBBBBBBBBBBBBBBBBBB"
#define TOPIC   "https://feed.example/a?b=1"
#define SECRET  "between us"
#define WAIT_MS 10000

struct fixture {
	struct listener_sink sink;
	struct listener *listener;
	struct queue knocks;
	struct listener_limits limits;
	unsigned port;
};

static bool on_knock(struct listener_sink *sink, struct knock *knock)
{
	return queue_try_push(&container_of(sink, struct fixture, sink)->knocks, knock);
}

static unsigned free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void start(struct fixture *f)
{
	struct error error = {0};
	char where[32];

	f->port = free_port();
	snprintf(where, sizeof where, "127.0.0.1:%u", f->port);
	if (listener_start_limited(&f->listener, where, &f->limits, &f->sink, &error) < 0)
		fail_msg("%s", error.text);
	listener_open(f->listener,
		&(struct door){
			.token = TOKEN, .topic = TOPIC, .secret = SECRET, .subscribe = true});
	listener_open(
		f->listener, &(struct door){.token = PLAIN, .topic = TOPIC, .subscribe = true});
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof *f);

	f->sink.knock = on_knock;
	f->limits = listener_limits_default;
	queue_init(&f->knocks, 2);
	start(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	listener_end(f->listener);
	while (queue_length(&f->knocks)) {
		struct knock *knock = queue_pop(&f->knocks);
		if (knock->kind == KNOCK_PUSH)
			listener_answer(f->listener, knock, 503);
		else
			knock_free(knock);
	}
	listener_free(f->listener);
	queue_deinit(&f->knocks);
	free(f);
	return 0;
}

/* ---- a hub ---- */

static int hub_connect(const struct fixture *f)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)f->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void hub_send(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t w = send(fd, text, n, MSG_NOSIGNAL);
		if (w < 0)
			return; /* it was cut off: the answer tells */
		text += w;
		n -= (size_t)w;
	}
}

/* The whole answer, whose connection then ends; its status, 0 where there is none. */
static int hub_read(int fd, struct buf *out)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char piece[4096];
	ssize_t n;

	buf_clear(out);
	while (poll(&ready, 1, WAIT_MS) == 1 && (n = read(fd, piece, sizeof piece)) > 0)
		buf_add(out, piece, (size_t)n);
	close(fd);
	return out->n > 12 ? atoi(buf_cstr(out) + 9) : 0;
}

static int ask(struct fixture *f, struct buf *out, const char *request)
{
	int fd = hub_connect(f);

	hub_send(fd, request, strlen(request));
	return hub_read(fd, out);
}

static void sign(char out[80], const char *secret, const char *body)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, strlen(body),
		bytes, &n);
	snprintf(out, 80, "sha256=");
	for (unsigned i = 0; i < n; i++)
		snprintf(out + 7 + 2 * i, 3, "%02x", bytes[i]);
}

static char *push(const char *token, const char *signature, const char *more, const char *body)
{
	return mem_printf("POST /websub/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			  "Content-Type: application/rss+xml\r\n%s%s%s%sContent-Length: "
			  "%zu\r\n\r\n%s",
		token, signature ? "X-Hub-Signature: " : "", signature ? signature : "",
		signature ? "\r\n" : "", more, strlen(body), body);
}

#define HEAD          " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define ENCODED_TOPIC "https%3A%2F%2Ffeed.example%2Fa%3Fb%3D1"

static void test_verification(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;

	assert_int_equal(ask(f, &out,
				 "GET /websub/" TOKEN "?hub.mode=subscribe&hub.topic=" ENCODED_TOPIC
				 "&hub.challenge=a%3Cb%3E+c&hub.lease_seconds=3600" HEAD),
		200);
	assert_non_null(strstr(buf_cstr(&out), "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "nosniff"));
	assert_string_equal(strstr(buf_cstr(&out), "\r\n\r\n") + 4, "a<b> c");
	struct knock *knock = queue_pop(&f->knocks);
	assert_int_equal(knock->kind, KNOCK_SUBSCRIBED);
	assert_string_equal(knock->token, TOKEN);
	assert_int_equal(knock->lease_us, HOUR_US);
	knock_free(knock);
	assert_int_equal(ask(f, &out,
				 "GET /" TOKEN "?hub.mode=denied&hub.topic=" ENCODED_TOPIC
				 "&hub.reason=too%0Amany" HEAD),
		200);
	knock = queue_pop(&f->knocks);
	assert_int_equal(knock->kind, KNOCK_DENIED);
	assert_string_equal(knock->reason, "too?many");
	knock_free(knock);
	buf_deinit(&out);
}

static void test_refused(void **state)
{
	static const struct {
		int status;
		const char *request;
	} rows[] = {
		{404, "GET /websub/" TOKEN "?hub.mode=unsubscribe&hub.topic=" ENCODED_TOPIC
		      "&hub.challenge=c" HEAD},
		{404, "GET /websub/" TOKEN
		      "?hub.mode=subscribe&hub.topic=other&hub.challenge=c" HEAD},
		{404, "GET /websub/" TOKEN "?hub.mode=subscribe&hub.topic=" ENCODED_TOPIC HEAD},
		{404, "GET /websub/" TOKEN HEAD},
		{404, "GET "
		      "/websub/CCCCCCCCCCCCCCCCCCCCCC?hub.mode=subscribe&hub.topic=" ENCODED_TOPIC
		      "&hub.challenge=c" HEAD},
		{404, "GET / HTTP/1.0\r\n\r\n"},
		{405, "PUT /websub/" TOKEN HEAD},
		{405, "DELETE /websub/" TOKEN HEAD},
		{405, "HEAD /websub/" TOKEN HEAD},
		{410, "POST /websub/CCCCCCCCCCCCCCCCCCCCCC HTTP/1.1\r\nHost: x\r\nConnection: "
		      "close\r\nContent-Length: 3\r\n\r\nabc"},
		{413, "POST /websub/" TOKEN " HTTP/1.1\r\nHost: x\r\nX-Hub-Signature: sha1=1\r\n"
		      "Content-Length: 99999999999\r\n\r\n"},
		{415, "POST /websub/" TOKEN " HTTP/1.1\r\nHost: x\r\nConnection: "
		      "close\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"},
	};
	struct fixture *f = *state;
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (ask(f, &out, rows[i].request) != rows[i].status)
			fail_msg("%s\n--- %s", rows[i].request, buf_cstr(&out));
	assert_int_equal(queue_length(&f->knocks), 0);
	buf_deinit(&out);
}

/* The connection waits until the loop has answered; what it is given is what was sent. */
static void test_push(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	char signature[80], body[16];

	sign(signature, SECRET, "<rss/>");
	char *request = push(TOKEN, signature, "", "<rss/>");
	for (unsigned status = 200; status <= 503; status += 303) {
		int fd = hub_connect(f);
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		hub_send(fd, request, strlen(request));
		struct knock *knock = queue_pop(&f->knocks);
		assert_int_equal(knock->kind, KNOCK_PUSH);
		assert_string_equal(knock->content_type, "application/rss+xml");
		assert_int_equal(body_read(&knock->body, 0, body, sizeof body), 6);
		assert_memory_equal(body, "<rss/>", 6);
		assert_int_equal(poll(&ready, 1, 50), 0); /* no answer yet */
		listener_answer(f->listener, knock, status);
		assert_int_equal(hub_read(fd, &out), status);
		assert_int_equal(!!strstr(buf_cstr(&out), "Retry-After"), status == 503);
	}
	free(request);
	buf_deinit(&out);
}

static void assert_told(struct fixture *f, const char *token, const char *signature,
	const char *body, enum knock_kind kind)
{
	struct buf out = BUF_INIT;
	char *request = push(token, signature, "", body);

	assert_int_equal(ask(f, &out, request), 202);
	struct knock *knock = queue_pop(&f->knocks);
	assert_int_equal(knock->kind, kind);
	assert_int_equal(knock->body.n, 0);
	knock_free(knock);
	free(request);
	buf_deinit(&out);
}

static void test_wrong_and_pings(void **state)
{
	struct fixture *f = *state;
	char signature[80];

	sign(signature, "another's", "<rss/>");
	assert_told(f, TOKEN, signature, "<rss/>", KNOCK_WRONG);
	assert_told(f, TOKEN, NULL, "<rss/>", KNOCK_WRONG);
	assert_told(f, TOKEN, "md5=00", "<rss/>", KNOCK_WRONG);
	sign(signature, SECRET, "");
	assert_told(f, TOKEN, signature, "", KNOCK_PING);
	/* Without a secret nothing is content, whatever it is signed with. */
	sign(signature, SECRET, "<rss/>");
	assert_told(f, PLAIN, signature, "<rss/>", KNOCK_PING);
	assert_told(f, PLAIN, NULL, "", KNOCK_PING);
}

/* The loop has no room: come again. */
static void test_busy(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	char signature[80], *ping = push(PLAIN, NULL, "", "");

	sign(signature, SECRET, "<rss/>");
	char *request = push(TOKEN, signature, "", "<rss/>");
	assert_int_equal(ask(f, &out, ping), 202);
	assert_int_equal(ask(f, &out, ping), 202);
	assert_int_equal(ask(f, &out, ping), 503);
	assert_int_equal(ask(f, &out, request), 503);
	free(request);
	free(ping);
	buf_deinit(&out);
}

static void restart(struct fixture *f)
{
	f->listener = listener_free(f->listener);
	start(f);
}

static void test_too_much(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	char signature[80];

	f->limits.body = 8;
	f->limits.waiting = 20;
	f->limits.swallowed = 16;
	restart(f);
	sign(signature, SECRET, "123456789");
	char *request = push(TOKEN, signature, "", "123456789");
	assert_int_equal(ask(f, &out, request), 413);
	free(request);
	/* Not announced. */
	request =
		mem_printf("POST /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Hub-Signature: "
			   "%s\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n",
			TOKEN, signature);
	assert_int_equal(ask(f, &out, request), 413);
	free(request);
	/* What nobody reads is swallowed so far, then its connection is cut: at the byte after the last that is
	 * taken the answer does not come any more. */
	static const char nobody[] = "POST /nobody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				     "Transfer-Encoding: chunked\r\n\r\n";
	request = mem_printf("%s10\r\n1234567890123456\r\n0\r\n\r\n", nobody);
	assert_int_equal(ask(f, &out, request), 410);
	free(request);
	request = mem_printf("%s11\r\n12345678901234567\r\n0\r\n\r\n", nobody);
	assert_int_equal(ask(f, &out, request), 0);
	free(request);
	/* Two wait for the loop: a third has no room, and has it again when one is answered. */
	sign(signature, SECRET, "12345678");
	request = push(TOKEN, signature, "", "12345678");
	int fds[2];
	struct knock *knocks[2];
	for (int i = 0; i < 2; i++) {
		fds[i] = hub_connect(f);
		hub_send(fds[i], request, strlen(request));
		knocks[i] = queue_pop(&f->knocks);
	}
	assert_int_equal(ask(f, &out, request), 503);
	for (int i = 0; i < 2; i++) {
		listener_answer(f->listener, knocks[i], 200);
		assert_int_equal(hub_read(fds[i], &out), 200);
	}
	int fd = hub_connect(f);
	hub_send(fd, request, strlen(request));
	listener_answer(f->listener, queue_pop(&f->knocks), 200);
	assert_int_equal(hub_read(fd, &out), 200);
	free(request);
	buf_deinit(&out);
}

/* One that sends a byte now and then, in the head or in the body, is cut; one that waits for us is not. */
static void test_slow(void **state)
{
	static const char head[] = "POST /" TOKEN " HTTP/1.1\r\nHost: x\r\n",
			  more[] = "Content-Length: 10\r\n\r\nabc";
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	char signature[80];

	sign(signature, SECRET, "<rss/>");
	char *request = push(TOKEN, signature, "", "<rss/>");
	int in_head = hub_connect(f), in_body = hub_connect(f), waits = hub_connect(f);
	hub_send(in_head, head, sizeof head - 1);
	hub_send(in_body, head, sizeof head - 1);
	hub_send(in_body, more, sizeof more - 1);
	hub_send(waits, request, strlen(request));
	struct knock *knock = queue_pop(&f->knocks);
	listener_cut_slow(f->listener, clock_monotonic_us() + f->limits.request_us / 2);
	struct pollfd ready[] = {{in_head, POLLIN, 0}, {in_body, POLLIN, 0}, {waits, POLLIN, 0}};
	assert_int_equal(poll(ready, 3, 50), 0);
	listener_cut_slow(f->listener, clock_monotonic_us() + 2 * f->limits.request_us);
	assert_int_equal(hub_read(in_head, &out), 0);
	assert_int_equal(hub_read(in_body, &out), 0);
	assert_int_equal(poll(ready + 2, 1, 50), 0);
	listener_answer(f->listener, knock, 200);
	assert_int_equal(hub_read(waits, &out), 200);
	free(request);
	buf_deinit(&out);
}

/* A door that is closed, and one that only waits for its end. */
static void test_doors(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	char signature[80];

	sign(signature, SECRET, "<rss/>");
	char *request = push(TOKEN, signature, "", "<rss/>");
	listener_open(f->listener,
		&(struct door){
			.token = TOKEN, .topic = TOPIC, .secret = SECRET, .unsubscribe = true});
	assert_int_equal(ask(f, &out, request), 410);
	assert_int_equal(ask(f, &out,
				 "GET /" TOKEN "?hub.mode=unsubscribe&hub.topic=" ENCODED_TOPIC
				 "&hub.challenge=c" HEAD),
		200);
	struct knock *knock = queue_pop(&f->knocks);
	assert_int_equal(knock->kind, KNOCK_UNSUBSCRIBED);
	knock_free(knock);
	listener_close(f->listener, TOKEN);
	listener_close(f->listener, TOKEN);
	assert_int_equal(ask(f, &out, request), 410);
	free(request);
	buf_deinit(&out);
}

/* After its end nothing is told; what was, can be answered yet. */
static void test_end(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	char signature[80];

	sign(signature, SECRET, "<rss/>");
	char *request = push(TOKEN, signature, "", "<rss/>");
	int fd = hub_connect(f);
	hub_send(fd, request, strlen(request));
	struct knock *knock = queue_pop(&f->knocks);
	listener_end(f->listener);
	assert_int_equal(ask(f, &out, request), 503);
	assert_int_equal(
		ask(f, &out,
			"GET /" TOKEN
			"?hub.mode=subscribe&hub.challenge=c&hub.topic=" ENCODED_TOPIC HEAD),
		503);
	assert_int_equal(queue_length(&f->knocks), 0);
	listener_answer(f->listener, knock, 503);
	assert_int_equal(hub_read(fd, &out), 503);
	free(request);
	buf_deinit(&out);
}

static void test_taken_port(void **state)
{
	struct fixture *f = *state;
	struct listener *other = NULL;
	struct error error = {0};
	char where[32];

	snprintf(where, sizeof where, "127.0.0.1:%u", f->port);
	assert_true(listener_start(&other, where, &f->sink, &error) < 0);
	assert_null(other);
	assert_non_null(strstr(error.text, "websub.bind"));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_verification),
		TEST(test_refused),
		TEST(test_push),
		TEST(test_wrong_and_pings),
		TEST(test_busy),
		TEST(test_too_much),
		TEST(test_slow),
		TEST(test_doors),
		TEST(test_end),
		TEST(test_taken_port),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
