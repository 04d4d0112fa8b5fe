#include "folder.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

void folder_open(struct folder *folder)
{
	*folder = (struct folder){.path = "/tmp/civicwire-config-XXXXXX"};
	assert_non_null(mkdtemp(folder->path));
	static const char *const inside[] = {"clients.d", "feeds.d", "themes.d"};
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
		cleanup(free_p) char *path = mem_printf("%s/%s", folder->path, inside[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void folder_close(struct folder *folder)
{
	config_free(folder->config);
	buf_deinit(&folder->messages);
	nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void folder_write(struct folder *folder, const char *name, const char *text)
{
	cleanup(free_p) char *path = mem_printf("%s/%s", folder->path, name);
	cleanup(fclose_p) FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

struct collector {
	struct config_report report;
	struct buf *messages;
};

static void collect(struct config_report *report, const char *message)
{
	struct collector *collector = (struct collector *)report;

	buf_printf(collector->messages, "%s\n", message);
}

const char *folder_load(struct folder *folder)
{
	struct collector collector = {{collect, 0}, &folder->messages};

	config_free(folder->config);
	folder->config = NULL;
	buf_clear(&folder->messages);
	folder->result =
		config_load(&folder->config, folder->path, &collector.report, &folder->error);
	folder->problems = collector.report.problems;
	return buf_cstr(&folder->messages);
}

const struct feed *folder_feed(const struct folder *folder, const char *id)
{
	assert_non_null(folder->config);
	for (size_t i = 0; i < folder->config->n_feeds; i++)
		if (!strcmp(folder->config->feeds[i]->id, id))
			return folder->config->feeds[i];
	fail_msg("no feed %s", id);
	return NULL;
}

const char *source_folder(void)
{
	const char *folder = getenv("CIVICWIRE_DATADIR");

	assert_non_null(folder);
	return folder;
}

void source_read(const char *name, struct buf *ret)
{
	cleanup(free_p) char *path = mem_printf("%s/%s", source_folder(), name);
	cleanup(fclose_p) FILE *file = fopen(path, "r");

	assert_non_null(file);
	for (size_t n = 1; n; ret->n += n)
		n = fread(buf_room(ret, BUFSIZ), 1, BUFSIZ, file);
}
