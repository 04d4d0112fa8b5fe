/* clients.d/: what is read, what an endpoint asks of clients, and reading again. */
#include "folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"

#define KEY_A "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define KEY_B "0000000000000000000000000000000000000000"

static void write_client(struct folder *f, const char *name, const char *key, const char *more)
{
	cleanup(free_p) char *path = mem_printf("clients.d/%s.yaml", name);
	cleanup(free_p) char *text = mem_printf("key: \"%s\"\n%s\n", key, more);

	folder_write(f, path, text);
}

static void test_reads(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	write_client(&f, "archive", KEY_A,
		"topics: [feed/, theme/climate/]\nexpires: 2027-01-31\nconnections: 3");
	write_client(&f, "board", KEY_B,
		"topics: [feed/]\nexpires: 2027-01-31T12:00:00+01:00\n"
		"revoked: true");
	assert_string_equal(folder_load(&f), "");
	assert_int_equal(f.config->clients->n, 2);
	const struct client_settings *a = &f.config->clients->items[0],
				     *b = &f.config->clients->items[1];
	assert_string_equal(a->name, "archive");
	assert_string_equal(a->key, KEY_A);
	assert_int_equal(a->n_topics, 2);
	assert_string_equal(a->topics[1], "theme/climate/");
	assert_int_equal(a->expires_us, calendar_days(2027, 1, 31) * DAY_US);
	assert_int_equal(a->connections, 3);
	assert_false(a->revoked);
	assert_string_equal(b->name, "board");
	assert_int_equal(b->expires_us, calendar_days(2027, 1, 31) * DAY_US + 11 * HOUR_US);
	assert_true(b->revoked);
	assert_int_equal(b->connections, 16);
	folder_close(&f);
}

static void test_one_key_one_client(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	write_client(&f, "a", KEY_A, "topics: [feed/]");
	write_client(&f, "b", KEY_A, "topics: [theme/]");
	assert_string_equal(
		folder_load(&f), "clients.d/b.yaml:1:1: the key is already that of client 'a'\n");
	folder_close(&f);
}

static void test_endpoints(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	write_client(&f, "archive", KEY_A, "topics: [feed/, theme/]");
	folder_write(&f, "feeds.d/n.yaml", "networks: [{ id: al-las, name: { en: A } }]\n");
	folder_write(&f, "civicwired.yaml",
		"server_key: keys/server.key\n"
		"live:\n"
		"  - { bind: \"tcp://0.0.0.0:5580\", curve: required, clients: [archive],\n"
		"      audience: { topics: [theme/climate/] } }\n"
		"  - { bind: \"tcp://[::]:5581\", curve: required, clients: [] }\n"
		"  - { bind: \"tcp://*:5582\", curve: required }\n"
		"replay: { bind: \"tcp://192.0.2.1:5571\", curve: required, clients: [archive] "
		"}\n");
	assert_string_equal(folder_load(&f), "");
	const struct bus_settings *bus = &f.config->bus;
	assert_int_equal(bus->live[0].admission.curve, CURVE_REQUIRED);
	assert_string_equal(bus->live[0].admission.clients[0], "archive");
	assert_non_null(bus->live[1].admission.clients); /* nobody … */
	assert_int_equal(bus->live[1].admission.n_clients, 0);
	assert_null(bus->live[2].admission.clients); /* … and everybody */
	assert_int_equal(bus->replay_admission.n_clients, 1);
	cleanup(free_p) char *key = mem_printf("%s/keys/server.key", f.path);
	assert_string_equal(bus->server_key, key);

	folder_write(&f, "civicwired.yaml",
		"live:\n"
		"  - { bind: \"tcp://0.0.0.0:5580\", curve: required, clients: [archive] }\n"
		"  - { bind: \"tcp://0.0.0.0:5581\", curve: required, clients: [archve],\n"
		"      audience: { networks: [al-las] } }\n");
	assert_string_equal(folder_load(&f),
		"civicwired.yaml:2:62: live: client 'archive' may not read all that this endpoint "
		"carries; give it the topics, or an endpoint with a narrower audience\n"
		"civicwired.yaml:3:62: live: client 'archve' is not defined in any file (did you "
		"mean 'archive'?)\n");
	folder_close(&f);
}

static void count(struct config_report *report, const char *message)
{
	(void)report;
	assert_non_null(message);
}

static void test_again(void **state)
{
	struct config_report report = {count, 0};
	struct config_clients *before, *after;
	struct folder f;

	(void)state;
	folder_open(&f);
	write_client(&f, "a", KEY_A, "topics: [feed/]");
	write_client(&f, "b", KEY_B, "topics: [theme/]");
	assert_int_equal(config_clients_load(&before, f.path, NULL, &report, NULL), 0);
	assert_int_equal(before->n, 2);
	assert_int_equal(report.problems, 0);
	/* A broken file keeps its client, a broken new one has none, a removed one goes. */
	write_client(&f, "a", KEY_A, "topics: [feed/]\nrevokd: true");
	write_client(&f, "c", "no key", "topics: [feed/]");
	cleanup(free_p) char *path = mem_printf("%s/clients.d/b.yaml", f.path);
	unlink(path);
	assert_int_equal(config_clients_load(&after, f.path, before, &report, NULL), 0);
	config_clients_free(before);
	assert_int_equal(report.problems, 2);
	assert_int_equal(after->n, 1);
	assert_string_equal(after->items[0].name, "a");
	assert_string_equal(after->items[0].topics[0], "feed/");
	/* Without the folder there are none; one that is no folder says nothing. */
	cleanup(free_p) char *folder = mem_printf("%s/clients.d", f.path);
	cleanup(free_p) char *aside = mem_printf("%s/aside.d", f.path);
	assert_int_equal(rename(folder, aside), 0);
	assert_int_equal(config_clients_load(&before, f.path, after, &report, NULL), 0);
	assert_int_equal(before->n, 0);
	config_clients_free(before);
	folder_write(&f, "clients.d", "");
	assert_int_equal(config_clients_load(&before, f.path, after, &report, NULL), -EIO);
	config_clients_free(after);
	folder_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads),
		cmocka_unit_test(test_one_key_one_client), cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_again)};

	if (hash_global_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
