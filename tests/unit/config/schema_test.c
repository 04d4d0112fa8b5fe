#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "config/quantity.h"
#include "config/schema.h"
#include "config/suggest.h"

static void test_quantities(void **state)
{
	struct arena arena = ARENA_INIT;
	int64_t n;

	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {{"500ms", 500 * MSEC_US}, {"30s", 30 * SEC_US}, {"15min", 15 * MIN_US},
		{"6h", 6 * HOUR_US}, {"90d", 90 * DAY_US}, {"0s", 0}, {"5 min", 5 * MIN_US}};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(quantity_duration(str_of(good[i].text), &n));
		assert_int_equal(n, good[i].us);
	}
	static const char *const bad[] = {"", "min", "15", "15m", "1.5h", "-1s", "+1s", "5  min",
		"5min ", " 5min", "5Min", "106751992d", "1w", "0x1s"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(quantity_duration(str_of(bad[i]), &n));
	assert_true(quantity_size(STR("20GiB"), &n) && n == INT64_C(20) << 30);
	assert_true(quantity_size(STR("64KiB"), &n) && n == 65536);
	assert_false(quantity_size(STR("64KB"), &n));
	assert_false(quantity_size(STR("8388608TiB"), &n));
	assert_string_equal(quantity_duration_text(&arena, 90 * MIN_US), "90min");
	assert_string_equal(quantity_duration_text(&arena, 48 * HOUR_US), "2d");
	assert_string_equal(quantity_duration_text(&arena, 0), "0ms");
	assert_string_equal(quantity_size_text(&arena, 3 << 20), "3MiB");
	assert_string_equal(quantity_size_text(&arena, 1025), "1025B");
	arena_deinit(&arena);
}

static void test_suggestions(void **state)
{
	static const struct {
		const char *text, *candidate;
		bool near;
	} cases[] = {{"intervall", "interval", true}, {"itnerval", "interval", true},
		{"tiem", "time", true}, {"tiem", "point", false}, {"x", "id", false},
		{"Bind", "bind", true}, {"translate", "translates", true}, {"", "id", false}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct suggestion s = suggest_for(str_of(cases[i].text));
		suggest_offer(&s, str_of(cases[i].candidate));
		assert_int_equal(s.best.p != NULL, cases[i].near);
	}
	struct suggestion s = suggest_for(STR("themee"));
	suggest_offer(&s, STR("themes"));
	suggest_offer(&s, STR("theme"));
	suggest_offer(&s, STR("themed"));
	assert_true(str_is(s.best, "theme"));
}

/* The table itself: sections in one piece, within bind.c's bounds, each key once, each described. */
static void test_table(void **state)
{
	size_t total = 0;

	(void)state;
	for (enum section section = 0; section < SECTION_COUNT; section++) {
		size_t n;
		const struct schema_key *rows = schema_of(section, &n);
		assert_in_range(n, 1, 32);
		assert_non_null(schema_sections[section].name);
		for (size_t i = 0; i < n; i++) {
			assert_ptr_equal(schema_find(section, str_of(rows[i].name)), &rows[i]);
			assert_non_null(rows[i].about);
			assert_true(rows[i].type != KEY_CHOICE || rows[i].choices);
			if (rows[i].type == KEY_SECTION || rows[i].type == KEY_SECTIONS)
				assert_true(rows[i].child > SECTION_CLIENT);
		}
		total += n;
	}
	assert_int_equal(total, schema_n_keys);
}

static void check_kept(const char *name, const struct buf *made)
{
	struct buf kept = BUF_INIT;

	source_read(name, &kept);
	if (!str_eq(buf_view(made), buf_view(&kept)))
		fail_msg("config/%s is not what the table says; run `ninja config-files`", name);
	buf_deinit(&kept);
}

static void test_kept_files_agree(void **state)
{
	static const char *const names[] = {
		[SECTION_DAEMON] = "schema/civicwired.json",
		[SECTION_FEEDS] = "schema/feeds.json",
		[SECTION_THEMES] = "schema/themes.json",
		[SECTION_CLIENT] = "schema/clients.json",
	};
	struct buf made = BUF_INIT;

	(void)state;
	schema_write_sample(&made);
	check_kept("civicwired.yaml", &made);
	for (enum section root = SECTION_DAEMON; root <= SECTION_CLIENT; root++) {
		buf_clear(&made);
		schema_write_json(&made, root);
		check_kept(names[root], &made);
	}
	buf_deinit(&made);
}

/* "#key: …" and "#  key: …" are settings, "# Words" and "#   Words" are words. */
static bool is_setting(struct str line)
{
	if (str_starts(line, STR("#  ")))
		line = str_skip(line, 2);
	size_t n = 1;
	while (n < line.n && ((line.p[n] >= 'a' && line.p[n] <= 'z') || line.p[n] == '_'))
		n++;
	return line.n && n > 1 && n < line.n && line.p[n] == ':';
}

/* The shipped file, each setting uncommented, says what the daemon does without any file. */
static void test_sample_states_defaults(void **state)
{
	struct buf sample = BUF_INIT, text = BUF_INIT;
	struct folder f, none;
	struct str rest, line;
	size_t settings = 0, rows = 0;

	(void)state;
	source_read("civicwired.yaml", &sample);
	for (rest = buf_view(&sample); str_split(&rest, '\n', &line);) {
		settings += is_setting(line);
		buf_str(&text, is_setting(line) ? str_skip(line, 1) : line);
		buf_char(&text, '\n');
	}
	for (size_t i = 0; i < schema_n_keys; i++) {
		enum section s = schema_keys[i].section;
		rows += s == SECTION_DAEMON || (s >= SECTION_CONTROL && !schema_sections[s].size);
	}
	assert_int_equal(settings, rows);
	folder_open(&f);
	folder_open(&none);
	folder_write(&f, "civicwired.yaml", buf_cstr(&text));
	assert_string_equal(folder_load(&f), "");
	assert_string_equal(folder_load(&none), "");
	const struct config *a = f.config, *b = none.config;
	assert_string_equal(a->publisher, b->publisher);
	assert_string_equal(a->journal.path, b->journal.path);
	assert_int_equal(a->journal.keep_us, b->journal.keep_us);
	assert_int_equal(a->journal.max_size, b->journal.max_size);
	assert_string_equal(a->control.socket, b->control.socket);
	assert_ptr_equal(a->control.status_bind, b->control.status_bind);
	assert_ptr_equal(a->fetch.contact, b->fetch.contact);
	assert_int_equal(a->bus.n_live, b->bus.n_live);
	assert_string_equal(a->bus.live[0].bind, b->bus.live[0].bind);
	assert_string_equal(a->bus.replay_bind, b->bus.replay_bind);
	assert_int_equal(a->bus.replay_admission.curve, b->bus.replay_admission.curve);
	assert_memory_equal(&a->bus.limits, &b->bus.limits, sizeof a->bus.limits);
	assert_int_equal(a->fetch.interval_us, b->fetch.interval_us);
	assert_int_equal(a->fetch.parallel, b->fetch.parallel);
	assert_int_equal(a->fetch.allow_file, b->fetch.allow_file);
	assert_int_equal(a->fetch.n_hosts, b->fetch.n_hosts);
	assert_memory_equal(
		&a->fetch.host_default, &b->fetch.host_default, sizeof a->fetch.host_default);
	folder_close(&f);
	folder_close(&none);
	buf_deinit(&sample);
	buf_deinit(&text);
}

static void test_demo(void **state)
{
	cleanup(free_p) char *path = mem_printf("%s/demo", source_folder());
	struct config *config = NULL;

	(void)state;
	assert_int_equal(config_load(&config, path, NULL, NULL), 0);
	assert_int_equal(config->n_feeds, 4);
	for (size_t i = 0; i < config->n_feeds; i++) {
		struct stat st;
		assert_int_equal(stat(config->feeds[i]->url + sizeof "file://" - 1, &st), 0);
		assert_string_equal(config->feeds[i]->networks[0], "al-las");
	}
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantities),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_kept_files_agree),
		cmocka_unit_test(test_sample_states_defaults),
		cmocka_unit_test(test_demo),
	};

	if (hash_global_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
