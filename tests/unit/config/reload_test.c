/* Reading again: what is broken, or names what has gone, stays as it was; all else takes effect. */
#include "folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/list.h"
#include "config/texts.h"

struct reloaded {
	struct config_report report;
	struct folder *folder;
};

/* A city with one feed; `more` are lines of the feed. */
static void write_city(struct folder *f, const char *name, const char *city, const char *more)
{
	cleanup(free_p) char *path = mem_printf("feeds.d/%s.yaml", name);
	cleanup(free_p) char *text = mem_printf(
		"cities:\n  - id: %s\n    name: { en: City }\n    agencies:\n      - id: aci\n"
		"        name: { en: ACI }\n        feeds:\n          - id: news\n"
		"            url: https://aci.example/%s\n%s",
		city, city, more);

	folder_write(f, path, text);
}

static void collect(struct config_report *report, const char *message)
{
	struct folder *f = container_of(report, struct reloaded, report)->folder;

	buf_printf(&f->messages, "%s\n", message);
}

/* Reads again and takes it; returns the messages. */
static const char *reload(struct folder *f)
{
	struct reloaded r = {{collect, 0}, f};
	const struct config_again again = {
		.before = f->config, .clients = f->config->clients, .path = f->path};
	struct config *config = NULL;

	buf_clear(&f->messages);
	f->result = config_reload(&config, &again, &r.report, &f->error);
	if (f->result == 0) {
		config_free(f->config);
		f->config = config;
	}
	f->problems = r.report.problems;
	return buf_cstr(&f->messages);
}

static void remove_file(const struct folder *f, const char *name)
{
	cleanup(free_p) char *path = mem_printf("%s/%s", f->path, name);

	assert_int_equal(unlink(path), 0);
}

static int setup(void **state)
{
	struct folder *f = mem_zalloc(1, sizeof *f);

	assert_int_equal(hash_global_init(), 0);
	folder_open(f);
	folder_write(f, "civicwired.yaml", "fetch: { interval: 2h }\n");
	write_city(f, "a", "aa-aaa", "");
	write_city(f, "b", "bb-bbb", "");
	assert_string_equal(folder_load(f), "");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct folder *f = *state;

	folder_close(f);
	free(f);
	return 0;
}

static void test_nothing_changed(void **state)
{
	struct folder *f = *state;
	const struct feed *a = f->config->feeds[0];

	assert_string_equal(reload(f), "");
	assert_int_equal(f->config->n_feeds, 2);
	assert_ptr_equal(f->config->feeds[0], a);
	/* The files' texts are shared as well. */
	assert_int_equal(atomic_load(&f->config->texts->items[0]->refs), 1);
}

static void test_one_feed_changed(void **state)
{
	struct folder *f = *state;
	const struct feed *a = f->config->feeds[0], *b = f->config->feeds[1];

	write_city(f, "b", "bb-bbb", "            interval: 3h\n");
	assert_string_equal(reload(f), "");
	assert_ptr_equal(f->config->feeds[0], a);
	assert_ptr_not_equal(f->config->feeds[1], b);
	assert_int_equal(f->config->feeds[1]->interval_us, INT64_C(3) * 3600 * 1000000);
}

/* The default is a part of each feed that says nothing. */
static void test_default_changed(void **state)
{
	struct folder *f = *state;

	folder_write(f, "civicwired.yaml", "fetch: { interval: 5h }\n");
	assert_string_equal(reload(f), "");
	assert_int_equal(f->config->feeds[1]->interval_us, INT64_C(5) * 3600 * 1000000);
	folder_write(f, "civicwired.yaml", "fetch: { interval: 5 }\n");
	assert_non_null(strstr(reload(f), "civicwired.yaml:1:20: "));
	assert_int_equal(f->config->fetch.interval_us, INT64_C(5) * 3600 * 1000000);
	remove_file(f, "civicwired.yaml");
	assert_non_null(strstr(reload(f), "civicwired.yaml: is gone"));
	assert_int_equal(f->config->fetch.interval_us, INT64_C(5) * 3600 * 1000000);
}

/* Several files at a time, each broken in its own way; a second reading says the same. */
static void test_broken(void **state)
{
	struct folder *f = *state;

	write_city(f, "a", "aa-aaa", "            intervall: 3h\n");
	folder_write(f, "feeds.d/c.yaml", "cities: [\n");
	write_city(f, "d", "dd-ddd", "            themes: [nothing]\n");
	write_city(f, "e", "ee-eee", "");
	for (int i = 0; i < 2; i++) {
		assert_string_equal(reload(f),
			"feeds.d/a.yaml:10:13: feed aa-aaa.aci.news: unknown key 'intervall' (did "
			"you mean 'interval'?)\n"
			"feeds.d/c.yaml:2:1: expected a value here; look whether every [ and { "
			"above is closed\n"
			"feeds.d/d.yaml:10:22: feed dd-ddd.aci.news: theme 'nothing' is not "
			"defined in any file; define it, or take it out\n");
		assert_int_equal(f->problems, 3);
		assert_int_equal(f->config->n_feeds, 3);
		assert_string_equal(f->config->feeds[0]->id, "aa-aaa.aci.news");
		assert_string_equal(f->config->feeds[2]->id, "ee-eee.aci.news");
	}
	write_city(f, "a", "aa-aaa", "            interval: 3h\n");
	remove_file(f, "feeds.d/c.yaml");
	remove_file(f, "feeds.d/d.yaml");
	assert_string_equal(reload(f), "");
	assert_int_equal(f->config->feeds[0]->interval_us, INT64_C(3) * 3600 * 1000000);
}

/* The file that came is to blame for an id that is there twice, also where the other is read later. */
static void test_twice(void **state)
{
	struct folder *f = *state;

	write_city(f, "0", "bb-bbb", "");
	assert_string_equal(reload(f),
		"feeds.d/b.yaml:2:9: city 'bb-bbb' is already defined at feeds.d/0.yaml:2:9\n"
		"feeds.d/b.yaml:5:13: agency 'bb-bbb.aci' is already defined at "
		"feeds.d/0.yaml:5:13\n"
		"feeds.d/b.yaml:8:17: feed 'bb-bbb.aci.news' is already defined at "
		"feeds.d/0.yaml:8:17\n");
	assert_int_equal(f->config->n_feeds, 2);
	/* A city that moves from one file to another is no such case. */
	remove_file(f, "feeds.d/b.yaml");
	assert_string_equal(reload(f), "");
	assert_int_equal(f->config->n_feeds, 2);
}

/* What a broken file defines still counts, as it was. */
static void test_names_in_broken_files(void **state)
{
	static const char theme[] = "themes:\n  - { id: trams, name: { en: Trams } }\n";
	struct folder *f = *state;

	folder_write(f, "themes.d/t.yaml", theme);
	write_city(f, "a", "aa-aaa", "            themes: [trams]\n");
	assert_string_equal(reload(f), "");
	folder_write(f, "themes.d/t.yaml", "themes: [\n");
	write_city(f, "b", "bb-bbb", "            themes: [trams]\n");
	assert_non_null(strstr(reload(f), "themes.d/t.yaml:2:1: "));
	assert_int_equal(f->problems, 1);
	assert_int_equal(f->config->feeds[1]->n_themes, 1);
	/* Taken out on purpose: both feeds stay as they are, and it is told of both. */
	remove_file(f, "themes.d/t.yaml");
	assert_non_null(strstr(reload(f), "bb-bbb.aci.news: theme 'trams' is not defined"));
	assert_int_equal(f->problems, 2);
	assert_int_equal(f->config->feeds[0]->n_themes, 1);
	assert_string_equal(f->config->feeds[1]->themes[0], "trams");
}

static void test_unreadable(void **state)
{
	struct folder *f = *state;
	cleanup(free_p) char *feeds = mem_printf("%s/feeds.d", f->path);
	cleanup(free_p) char *away = mem_printf("%s/away", f->path);
	cleanup(free_p) char *b = mem_printf("%s/feeds.d/b.yaml", f->path);

	/* A link that leads nowhere, whoever runs the test. */
	assert_int_equal(unlink(b), 0);
	assert_int_equal(symlink("/nowhere/at/all", b), 0);
	assert_string_equal(
		reload(f), "feeds.d/b.yaml: cannot be read: No such file or directory\n");
	assert_int_equal(f->config->n_feeds, 2);
	assert_int_equal(rename(feeds, away), 0);
	assert_string_equal(reload(f),
		"feeds.d: is gone; make it again, empty if nothing is meant to be there\n");
	assert_int_equal(f->config->n_feeds, 2);
	assert_int_equal(rename(away, feeds), 0);
	cleanup(free_p) char *elsewhere = mem_printf("%s-elsewhere", f->path);
	assert_int_equal(rename(f->path, elsewhere), 0);
	reload(f);
	assert_int_equal(f->result, -ENOENT);
	assert_int_equal(rename(elsewhere, f->path), 0);
}

static void test_given_up(void **state)
{
	struct folder *f = *state;
	atomic_bool given_up = true;
	const struct config_again again = {.before = f->config,
		.clients = f->config->clients,
		.path = f->path,
		.given_up = &given_up};
	struct config_report report = {0};
	struct config *config = NULL;

	assert_int_equal(config_reload(&config, &again, &report, &f->error), -ECANCELED);
	assert_null(config);
}

static void note(struct config_report *report, const char *key)
{
	struct folder *f = container_of(report, struct reloaded, report)->folder;

	buf_printf(&f->messages, "%s ", key);
}

static void test_fixed(void **state)
{
	struct folder *f = *state;
	struct reloaded r = {{note, 0}, f};
	struct config *running = config_copy_settings(f->config);

	buf_clear(&f->messages);
	config_compare_fixed(running, f->config, &r.report);
	assert_int_equal(r.report.problems, 0);
	folder_write(f, "civicwired.yaml",
		"publisher: https://other.example\njournal: { path: /other, keep: 1d }\n"
		"control: { socket: /other }\nstatus: { bind: \"127.0.0.1:1\" }\n"
		"live: [ { bind: \"tcp://127.0.0.1:1\", audience: { topics: [feed/] } } ]\n"
		"replay: { bind: \"tcp://127.0.0.1:2\" }\nserver_key: other\n"
		"connections: { all: 100 }\nfetch: { interval: 9h, parallel: 3 }\n"
		"websub: { callback: \"https://other.example/hub\", bind: \"127.0.0.1:3\" }\n");
	assert_string_equal(reload(f), "");
	buf_clear(&f->messages);
	config_compare_fixed(running, f->config, &r.report);
	assert_string_equal(buf_cstr(&f->messages),
		"publisher journal.path control.socket status.bind live replay server_key "
		"connections websub.callback websub.bind ");
	/* --state goes before what the file says. */
	config_set_state(running, "/state");
	config_set_state(f->config, "/state");
	buf_clear(&f->messages);
	config_compare_fixed(running, f->config, &r.report);
	assert_null(strstr(buf_cstr(&f->messages), "journal.path"));
	config_free(running);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_changed),
		TEST(test_one_feed_changed),
		TEST(test_default_changed),
		TEST(test_broken),
		TEST(test_twice),
		TEST(test_names_in_broken_files),
		TEST(test_unreadable),
		TEST(test_given_up),
		TEST(test_fixed),
	};

	return cmocka_run_group_tests_name("config reload", tests, NULL, NULL);
}
