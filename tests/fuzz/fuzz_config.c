/* Any bytes as civicwired.yaml, and as a file of feeds.d: problems are reported, nothing breaks. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "fuzz.h"

static void ignore(struct config_report *report, const char *message)
{
	(void)report;
	(void)message;
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	fwrite(data, 1, size, f);
	fclose(f);
}

static void load(const char *path)
{
	struct config *config = NULL;
	struct config_report report = {.problem = ignore};
	struct error error = {0};

	if (config_load(&config, path, &report, &error) == 0)
		config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char folder[] = "fuzz-config-folder";

	mkdir(folder, 0700);
	mkdir("fuzz-config-folder/feeds.d", 0700);
	write_file("fuzz-config-folder/feeds.d/fuzz.yaml", data, size);
	load(folder);
	unlink("fuzz-config-folder/feeds.d/fuzz.yaml");
	write_file("fuzz-config-folder/civicwired.yaml", data, size);
	load(folder);
	unlink("fuzz-config-folder/civicwired.yaml");
	return 0;
}
