/* Any bytes as civicwired.yaml, and as a file of feeds.d and of clients.d: a problem is one line that
 * names the file and the place, the same ones come when it is read again, and a refusal has at least
 * one. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "config/config.h"
#include "fuzz.h"

static void expect(bool holds, const char *property, const char *message)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_config: %s: %s\n", property, message);
	abort();
}

struct problems {
	struct config_report report;
	struct buf lines;
};

static void take(struct config_report *report, const char *message)
{
	struct problems *problems = container_of(report, struct problems, report);
	const char *colon = strstr(message, ".yaml:");
	unsigned line = 0, column = 0;

	expect(colon && sscanf(colon, ".yaml:%u:%u: ", &line, &column) == 2, "no position",
		message);
	expect(line > 0 && column > 0, "no such place", message);
	expect(!strchr(message, '\n') && utf8_is_valid(str_of(message)), "not one line", message);
	buf_str(&problems->lines, str_of(message));
	buf_char(&problems->lines, '\n');
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	fwrite(data, 1, size, f);
	fclose(f);
}

static int load_once(const char *path, struct problems *problems)
{
	struct config *config = NULL;
	struct error error = {0};
	int r = config_load(&config, path, &problems->report, &error);

	expect(r == 0 || r == -EINVAL, "the folder cannot be read", error.text);
	expect((r == 0) == (problems->lines.n == 0), "refused without a reason, or not refused",
		buf_cstr(&problems->lines));
	if (r == 0)
		config_free(config);
	return r;
}

static void load(const char *path)
{
	struct problems first = {{.problem = take}, BUF_INIT},
			second = {{.problem = take}, BUF_INIT};
	int r = load_once(path, &first);

	expect(load_once(path, &second) == r &&
			str_eq(buf_view(&first.lines), buf_view(&second.lines)),
		"another answer the second time", buf_cstr(&second.lines));
	buf_deinit(&first.lines);
	buf_deinit(&second.lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char folder[] = "fuzz-config-folder";

	mkdir(folder, 0700);
	mkdir("fuzz-config-folder/feeds.d", 0700);
	write_file("fuzz-config-folder/feeds.d/fuzz.yaml", data, size);
	load(folder);
	unlink("fuzz-config-folder/feeds.d/fuzz.yaml");
	mkdir("fuzz-config-folder/clients.d", 0700);
	write_file("fuzz-config-folder/clients.d/fuzz.yaml", data, size);
	load(folder);
	unlink("fuzz-config-folder/clients.d/fuzz.yaml");
	write_file("fuzz-config-folder/civicwired.yaml", data, size);
	load(folder);
	unlink("fuzz-config-folder/civicwired.yaml");
	return 0;
}
