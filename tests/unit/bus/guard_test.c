/* What the guard decides by: allowances, handshakes, connections by descriptor, whom a table admits, and how often
 * an offence is told. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "bus/auth.h"
#include "bus/briefing.h"
#include "bus/connections.h"
#include "bus/handshakes.h"
#include "bus/offences.h"

#define KEY_A "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define KEY_B "0000000000000000000000000000000000000000"

static void allowance_of_a_subscriber(void **state)
{
	struct allowance a;
	int64_t now_us = 5 * SEC_US;
	uint64_t said = ALLOWANCE_LIVE;

	(void)state;
	allowance_begin(&a, true, now_us);
	assert_true(allowance_take(&a, said, now_us));
	assert_true(allowance_take(&a, said, now_us)); /* it has said nothing new */
	allowance_renew(&a, said);                     /* means nothing here */
	assert_false(allowance_take(&a, said + 1, now_us));
	/* A heartbeat of 43 bytes every three seconds, for a while. */
	allowance_begin(&a, true, now_us);
	assert_true(allowance_take(&a, said, now_us));
	for (int i = 0; i < 10000; i++) {
		now_us += 3 * SEC_US;
		said += 43;
		assert_true(allowance_take(&a, said, now_us));
	}
	/* Looking often does not take the remainders. */
	allowance_begin(&a, true, now_us);
	assert_true(allowance_take(&a, said = ALLOWANCE_LIVE, now_us));
	for (int i = 0; i < 1000; i++) {
		assert_true(allowance_take(&a, said += (uint64_t)(i % 20 == 19), now_us));
		now_us += 5 * MSEC_US;
	}
	/* But not for ever. */
	allowance_begin(&a, true, 0);
	for (said = 0; said <= ALLOWANCE_LIVE_LIFE; said += 1024)
		assert_true(allowance_take(&a, said, (int64_t)said * SEC_US));
	assert_false(allowance_take(&a, said, (int64_t)said * SEC_US));
}

static void allowance_of_an_asker(void **state)
{
	struct allowance a;
	uint64_t said = 0;

	(void)state;
	allowance_begin(&a, false, 0);
	for (int i = 0; i < 100; i++) {
		assert_true(allowance_take(&a, said += ALLOWANCE_REPLAY, 0));
		allowance_renew(&a, said);
	}
	assert_false(allowance_take(&a, said + ALLOWANCE_REPLAY + 1, DAY_US));
}

/* A connection over TCP: [0] is the server's end. */
static void connect_pair(int listener, const char *source, int ret[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET}, server;
	socklen_t n = sizeof server;

	assert_int_equal(getsockname(listener, (struct sockaddr *)&server, &n), 0);
	ret[1] = socket(AF_INET, SOCK_STREAM, 0);
	inet_pton(AF_INET, source, &address.sin_addr);
	assert_int_equal(bind(ret[1], (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(connect(ret[1], (struct sockaddr *)&server, sizeof server), 0);
	ret[0] = accept(listener, NULL, NULL);
	assert_true(ret[0] >= 0);
}

static int listen_somewhere(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 10), 0);
	return fd;
}

static bool is_open(int peer)
{
	char c;

	return recv(peer, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void connections_are_counted(void **state)
{
	int listener = listen_somewhere(), a[2], b[2], c[2];
	struct connections connections;

	(void)state;
	connections_init(&connections);
	connect_pair(listener, "127.0.0.2", a);
	connect_pair(listener, "127.0.0.2", b);
	connect_pair(listener, "127.0.0.3", c);
	assert_non_null(connections_add(&connections, a[0], 0));
	struct connection *second = connections_add(&connections, b[0], 0);
	assert_true(str_is(second->address->name, "127.0.0.2"));
	assert_int_equal(second->address->n, 2);
	assert_int_equal(connections_add(&connections, c[0], 1)->address->n, 1);
	assert_int_equal(connections.n, 3);
	assert_int_equal(send(b[1], "12345", 5, 0), 5);
	while (connection_bytes(second) < 5)
		usleep(1000);
	assert_int_equal(connection_bytes(second), 5);
	struct connection *first = connections_get(&connections, a[0]);
	connections_say(&connections, first, 7);
	connections_say(&connections, second, 5);
	connections_say(&connections, second, 6);
	connections_say(&connections, second, 6);
	connections_say(&connections, connections_get(&connections, c[0]), 100);
	assert_int_equal(second->address->said[SIDE_REPLAY], 13);
	assert_int_equal(connections.said[SIDE_REPLAY], 113);
	connections_remove(&connections, a[0]);
	connections_remove(&connections, a[0]);
	assert_int_equal(second->address->n, 1);
	assert_int_equal(second->address->said[SIDE_REPLAY], 6);
	connections_say(&connections, second, 0);
	assert_int_equal(second->address->said[SIDE_REPLAY], 0);
	assert_int_equal(connections.said[SIDE_REPLAY], 100);
	assert_null(connections_get(&connections, a[0]));
	assert_ptr_equal(connections_get(&connections, b[0]), second);
	/* What has come and is not read yet is gone with it. */
	connection_cut(second);
	assert_false(is_open(b[1]));
	assert_true(recv(b[0], &(char){0}, 1, MSG_DONTWAIT) < 0);
	assert_true(is_open(c[1]));
	/* What is no socket has no place here. */
	assert_null(connections_add(&connections, -1, 0));
	assert_null(connections_add(&connections, STDERR_FILENO, 0));
	assert_null(connections_get(&connections, 100000));
	connections_deinit(&connections);
	int all[] = {listener, a[0], a[1], b[0], b[1], c[0], c[1]};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		close(all[i]);
}

/* libzmq closes a descriptor, and its next connection gets the same number. */
static void descriptor_that_changes_hands(void **state)
{
	int listener = listen_somewhere(), old[2], new[2];
	struct connections connections;

	(void)state;
	connections_init(&connections);
	connect_pair(listener, "127.0.0.2", old);
	struct connection *stale = connections_add(&connections, old[0], 0);
	assert_true(connections_claim(&connections, stale, STR(KEY_A)));
	close(old[0]);
	close(old[1]);
	connect_pair(listener, "127.0.0.3", new);
	if (new[0] != old[0]) {
		assert_int_equal(dup2(new[0], old[0]), old[0]);
		close(new[0]);
		new[0] = old[0];
	}
	/* The stranger is not cut in the place of who had the number before … */
	assert_null(connections_get(&connections, new[0]));
	connection_cut(stale);
	assert_true(is_open(new[1]));
	/* … nor does it inherit a key. */
	struct connection *fresh = connections_add(&connections, new[0], 0);
	assert_null(fresh->key);
	assert_int_equal(connections.n, 1);
	assert_true(connections_claim(&connections, fresh, STR(KEY_B)));
	assert_true(connections_claim(&connections, fresh, STR(KEY_B)));
	assert_int_equal(fresh->key->n, 1);
	assert_false(connections_claim(&connections, fresh, STR(KEY_A)));
	connections_deinit(&connections);
	close(listener);
	close(new[0]);
	close(new[1]);
}

static size_t take_at(struct handshakes *h, const char *address, size_t n, int64_t now_us)
{
	size_t taken = 0;

	while (n--)
		taken += handshakes_take(h, str_of(address), now_us);
	return taken;
}

static void handshakes_of_an_address(void **state)
{
	struct handshakes h;
	int64_t now_us = 7 * SEC_US;
	size_t taken;

	(void)state;
	handshakes_init(&h, 256, 12000);
	assert_int_equal(take_at(&h, "10.0.0.1", 1000, now_us), 64);
	assert_int_equal(take_at(&h, "10.0.0.2", 10, now_us), 10);
	handshakes_sweep(&h, now_us);
	assert_int_equal(take_at(&h, "10.0.0.1", 10, now_us), 0); /* not forgotten */
	now_us += SEC_US;
	assert_int_equal(take_at(&h, "10.0.0.1", 1000, now_us), 32);
	now_us += 8 * SEC_US;
	handshakes_sweep(&h, now_us);
	assert_int_equal(h.addresses.n, 0);
	/* All connections that an address may have are there again eight seconds after a restart. */
	taken = take_at(&h, "10.0.0.1", 1000, now_us);
	for (int i = 0; i < 80; i++)
		taken += take_at(&h, "10.0.0.1", 1000, now_us += 100 * MSEC_US);
	assert_in_range(taken, 256, 64 + 256 + 1);
	handshakes_deinit(&h);
	/* One connection for each address is a limit too. */
	handshakes_init(&h, 1, 16);
	assert_int_equal(take_at(&h, "10.0.0.1", 3, now_us), 1);
	handshakes_deinit(&h);
}

static void handshakes_in_all(void **state)
{
	struct handshakes h;
	size_t taken = 0;
	char name[32];

	(void)state;
	handshakes_init(&h, 256, 12000);
	for (int i = 0; i < 40000; i++) {
		snprintf(name, sizeof name, "10.0.%d.%d", i / 250, i % 250);
		taken += handshakes_take(&h, str_of(name), 0);
	}
	assert_int_equal(taken, 12000);
	assert_true(h.addresses.n <= 20001);
	handshakes_sweep(&h, 0);
	assert_in_range(h.addresses.n, 1, 12000); /* who was refused owes nothing */
	assert_int_equal(take_at(&h, "10.1.0.1", 40, SEC_US), 40);
	taken = 0;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "10.2.%d.%d", i / 250, i % 250);
		taken += handshakes_take(&h, str_of(name), SEC_US);
	}
	assert_int_equal(taken, 250 - 40);
	handshakes_deinit(&h);
}

static void who_is_admitted(void **state)
{
	const char *topics[] = {"feed/", "theme/climate/"}, *climate[] = {"theme/climate/co-mde/"},
		   *named[] = {"archive"}, *others[] = {"board"};
	struct admission all = {CURVE_REQUIRED, NULL, 0}, mine = {CURVE_REQUIRED, named, 1},
			 theirs = {CURVE_REQUIRED, others, 1}, nobody = {CURVE_REQUIRED, named, 0};
	struct audience everything = {NULL, NULL, 0, 0}, narrow = {NULL, climate, 0, 1};
	struct client_settings client = {
		.name = "archive", .key = KEY_A, .topics = topics, .n_topics = 2};
	const struct {
		struct admission *admission;
		struct audience *audience;
		enum auth_verdict verdict;
	} cases[] = {{&all, NULL, AUTH_ADMITTED}, {&mine, NULL, AUTH_ADMITTED},
		{&theirs, NULL, AUTH_ELSEWHERE}, {&nobody, NULL, AUTH_ELSEWHERE},
		{&all, &everything, AUTH_ELSEWHERE}, {&mine, &everything, AUTH_ELSEWHERE},
		{&all, &narrow, AUTH_ADMITTED}, {&mine, &narrow, AUTH_ADMITTED},
		{&theirs, &narrow, AUTH_ELSEWHERE}};
	const int64_t now_us = 1000 * SEC_US;

	(void)state;
	for (int how = 0; how < 4; how++) {
		struct auth_clients *clients = auth_clients_new();
		client.revoked = how == 1;
		client.expires_us = how == 2 ? now_us : how == 3 ? now_us + 1 : 0;
		auth_clients_add(clients, &client);
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			struct auth_endpoint endpoint = {.domain = "x",
				.admission = cases[i].admission,
				.audience = cases[i].audience};
			assert_int_equal(auth_judge(clients, &endpoint, STR(KEY_A), now_us),
				how == 1   ? AUTH_REVOKED
				: how == 2 ? AUTH_EXPIRED
					   : cases[i].verdict);
			assert_int_equal(
				auth_judge(clients, &endpoint, STR(KEY_B), now_us), AUTH_UNKNOWN);
			assert_int_equal(
				auth_judge(clients, &endpoint, STR(""), now_us), AUTH_UNKNOWN);
			assert_int_equal(
				auth_judge(NULL, &endpoint, STR(KEY_A), now_us), AUTH_UNKNOWN);
		}
		assert_int_equal(
			auth_next_expiry(clients, now_us), how == 3 ? now_us + 1 : INT64_MAX);
		auth_clients_unref(clients);
	}
}

/* Packets as long as it takes; a list that begins anew forgets what came before. */
static void clients_over_the_channel(void **state)
{
	const char *topics[] = {"feed/co-mde/aci/noticias/", "theme/climate/"};
	struct client_settings *items = mem_zalloc(2000, sizeof *items);
	struct auth_clients *coming = NULL;
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	struct error error = {0};
	size_t packets = 0, at = 0;
	int more = 1;

	(void)state;
	for (size_t i = 0; i < 2000; i++)
		items[i] = (struct client_settings){.name = arena_printf(&arena, "client-%zu", i).p,
			.key = arena_printf(&arena, "%040zu", i).p,
			.topics = topics,
			.n_topics = 2,
			.expires_us = (int64_t)i,
			.revoked = i % 2,
			.connections = 3};
	at = briefing_write_clients(&text, items, 0, 2000);
	assert_in_range(at, 1, 1999);
	assert_int_equal(briefing_read_clients(&coming, buf_view(&text), &error), 1);
	assert_non_null(auth_find(coming, str_of(items[0].key)));
	items++; /* the first one is taken away while the list is under way */
	for (at = 0; more; packets++) {
		buf_clear(&text);
		at = briefing_write_clients(&text, items, at, 1999);
		assert_true(text.n < 65536);
		more = briefing_read_clients(&coming, buf_view(&text), &error);
		assert_int_equal(more, at < 1999);
	}
	items--;
	assert_in_range(packets, 5, 100);
	assert_null(auth_find(coming, str_of(items[0].key)));
	for (size_t i = 1; i < 2000; i++) {
		const struct client_settings *c = auth_find(coming, str_of(items[i].key));
		assert_string_equal(c->name, items[i].name);
		assert_string_equal(c->topics[1], "theme/climate/");
		assert_int_equal(c->expires_us, i);
		assert_int_equal(c->revoked, i % 2);
		assert_int_equal(c->connections, 3);
	}
	coming = auth_clients_unref(coming);
	assert_true(briefing_read_clients(&coming, STR("{\"clients\":[]}"), &error) < 0);
	assert_true(briefing_read_clients(&coming, STR("no"), &error) < 0);
	/* None at all is a list too. */
	buf_clear(&text);
	assert_int_equal(briefing_write_clients(&text, NULL, 0, 0), 0);
	assert_int_equal(briefing_read_clients(&coming, buf_view(&text), &error), 0);
	auth_clients_unref(coming);
	arena_deinit(&arena);
	buf_deinit(&text);
	free(items);
}

static void offences_once_a_minute(void **state)
{
	struct offences offences;
	char name[32];

	(void)state;
	offences_init(&offences);
	assert_true(offences_note(&offences, OFFENCE_BYTES, STR("a"), "does", 1));
	assert_false(offences_note(&offences, OFFENCE_BYTES, STR("a"), "does", MIN_US));
	assert_true(offences_note(&offences, OFFENCE_REFUSED, STR("a"), "does else", MIN_US));
	assert_true(offences_note(&offences, OFFENCE_BYTES, STR("b"), "does", MIN_US));
	assert_true(offences_note(&offences, OFFENCE_BYTES, STR("a"), "does", MIN_US + 1));
	assert_false(offences_note(&offences, OFFENCE_BYTES, STR("b"), "does", MIN_US + 2));
	size_t told = 0;
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "peer %d", i);
		told += offences_note(
			&offences, OFFENCE_BYTES, str_of(name), "does", 2 * MIN_US + i);
	}
	assert_in_range(told, 900, 1010);
	assert_in_range(offences.peers.n, 900, 1001);
	/* A quiet minute later they are forgotten. */
	assert_true(offences_note(&offences, OFFENCE_BYTES, STR("z"), "does", 9 * MIN_US));
	assert_in_range(offences.peers.n, 1, 2);
	offences_deinit(&offences);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowance_of_a_subscriber),
		cmocka_unit_test(allowance_of_an_asker),
		cmocka_unit_test(connections_are_counted),
		cmocka_unit_test(handshakes_of_an_address),
		cmocka_unit_test(handshakes_in_all),
		cmocka_unit_test(descriptor_that_changes_hands),
		cmocka_unit_test(who_is_admitted),
		cmocka_unit_test(clients_over_the_channel),
		cmocka_unit_test(offences_once_a_minute),
	};

	log_init("guard-test", LOG_LEVEL_ERROR);
	if (hash_global_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
