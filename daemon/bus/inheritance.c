#include "bus/inheritance.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* Each up to its "="; one that ends in "_" is the beginning of several. */
static const char *const kept[] = {"JOURNAL_STREAM", /* is stderr the journal? (base/log.c) */
	"LD_LIBRARY_PATH", "LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_", /* the loader, and libc */
	"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
	"UBSAN_OPTIONS", /* gcc's and clang's tools */
	"VALGRIND_"};

static bool is_kept(const char *variable)
{
	size_t name = strcspn(variable, "=");

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		size_t n = strlen(kept[i]);
		bool several = kept[i][n - 1] == '_';
		if (!strncmp(variable, kept[i], n) && (several || n == name))
			return true;
	}
	return false;
}

char **inheritance_environment(void)
{
	size_t n = 0, all = 0;

	while (environ[all])
		all++;
	char **kept_ones = mem_zalloc(all + 1, sizeof *kept_ones);
	for (size_t i = 0; i < all; i++)
		if (is_kept(environ[i]))
			kept_ones[n++] = environ[i];
	return kept_ones;
}

static void clear(const char *endpoint)
{
	static const char ipc[] = "ipc://";
	struct stat st;

	if (strncmp(endpoint, ipc, sizeof ipc - 1) != 0 || endpoint[sizeof ipc - 1] == '@')
		return;
	const char *path = endpoint + sizeof ipc - 1;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

void inheritance_clear(const struct bus_settings *settings)
{
	for (size_t i = 0; i < settings->n_live; i++)
		clear(settings->live[i].bind);
	if (settings->replay_bind)
		clear(settings->replay_bind);
}
