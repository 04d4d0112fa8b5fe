/* From a folder to a struct config, in three steps: read every file into entries (tree.c, bind.c),
 * resolve what refers to what (resolve.c), tell all problems together. The files read first are
 * told about first: civicwired.yaml, the shipped vocabulary, feeds.d/, themes.d/. */
#include "config/config.h"

#include "base/cleanup.h"
#include "config/resolve.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>

#ifndef CIVICWIRE_DATADIR
#define CIVICWIRE_DATADIR "/usr/share/civicwire"
#endif

struct loader {
	struct arena arena; /* of entries: all that does not outlive the load */
	struct problems problems;
	struct binder binder;
	struct sources sources;
	size_t cap_feeds, cap_themes;
	unsigned n_files;
	const char *folder; /* absolute */
	struct config *config;
};

static const struct config_file *file_new(struct loader *l, const char *path, const char *shown)
{
	struct config_file *file = ARENA_NEW(&l->arena, struct config_file);
	const char *slash = strrchr(path, '/');

	file->path = path;
	file->shown = shown;
	file->folder = arena_str(&l->arena, str_make(path, (size_t)(slash - path))).p;
	file->order = l->n_files++;
	return file;
}

/* The file's bytes in *ret: 0 or -errno. */
static int read_bytes(const char *path, struct buf *ret)
{
	cleanup(fclose_p) FILE *file = fopen(path, "re");
	struct stat st;

	if (!file || fstat(fileno(file), &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	for (size_t n = 1; n;) {
		n = fread(buf_room(ret, BUFSIZ), 1, BUFSIZ, file);
		ret->n += n;
		if (ret->n > TREE_BYTES_MAX)
			return -EFBIG;
	}
	return ferror(file) ? -EIO : 0;
}

static void read_file(
	struct loader *l, enum section root, const char *path, const char *shown, void *out)
{
	const struct config_file *file = file_new(l, path, shown);
	struct buf bytes = BUF_INIT;
	int err = read_bytes(path, &bytes);

	if (err == -EFBIG) {
		problem_add(&l->problems, (struct mark){file, 0, 0},
			"is larger than %d MiB; split it", TREE_BYTES_MAX >> 20);
	} else if (err) {
		problem_add(&l->problems, (struct mark){file, 0, 0}, "cannot be read: %s",
			strerror(-err));
	} else {
		bind_file(&l->binder, root,
			tree_read(&l->arena, file, buf_view(&bytes), &l->problems,
				&l->sources.broken),
			out);
	}
	if (err)
		l->sources.broken = true;
	buf_deinit(&bytes);
}

static int is_yaml(const struct dirent *entry)
{
	struct str name = str_of(entry->d_name);

	return name.p[0] != '.' && (str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")));
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads every YAML file of a folder. False if the folder is not there. */
static bool read_folder(struct loader *l, enum section root, const char *folder, const char *shown)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, by_bytes);

	if (n < 0) {
		if (errno == ENOENT)
			return false;
		problem_add(&l->problems, (struct mark){file_new(l, folder, shown), 0, 0},
			"cannot be read: %s", strerror(errno));
		l->sources.broken = true;
		return true;
	}
	for (int i = 0; i < n; i++) {
		const char *path = arena_printf(&l->arena, "%s/%s", folder, entries[i]->d_name).p;
		const char *name = arena_printf(&l->arena, "%s/%s", shown, entries[i]->d_name).p;
		struct sources *s = &l->sources;
		void *out = root == SECTION_FEEDS ? (void *)ARENA_PUSH(&l->arena, s->feeds,
							    s->n_feeds, l->cap_feeds)
						  : (void *)ARENA_PUSH(&l->arena, s->themes,
							    s->n_themes, l->cap_themes);
		read_file(l, root, path, name, out);
		free(entries[i]);
	}
	free(entries);
	return true;
}

/* Themes that feeds may name without the operator's doing. Installed beside the program's data;
 * the environment leads an uninstalled program to its source tree. */
static void read_vocabulary(struct loader *l)
{
	const char *data = secure_getenv("CIVICWIRE_DATADIR");
	const char *folder =
		arena_printf(&l->arena, "%s/themes", data && *data ? data : CIVICWIRE_DATADIR).p;

	if (!read_folder(l, SECTION_THEMES, folder, folder)) {
		problem_add(&l->problems, (struct mark){file_new(l, folder, folder), 0, 0},
			"the shipped vocabulary of themes is not there; install it, or set "
			"CIVICWIRE_DATADIR to the folder above it");
		l->sources.broken = true;
	}
}

static void read_all(struct loader *l, const char *main_file, const char *main_name)
{
	struct arena *arena = &l->arena;

	bind_defaults(&l->binder, SECTION_DAEMON, l->config);
	if (main_file)
		read_file(l, SECTION_DAEMON, main_file, main_name, l->config);
	read_vocabulary(l);
	read_folder(l, SECTION_FEEDS, arena_printf(arena, "%s/feeds.d", l->folder).p, "feeds.d");
	read_folder(l, SECTION_THEMES, arena_printf(arena, "%s/themes.d", l->folder).p, "themes.d");
}

/* Texts of the settings move from the load's arena into the configuration's. */
static void keep_text(struct config *config, const char **text)
{
	if (*text)
		*text = arena_strdup(&config->arena, *text);
}

static void keep_texts(struct config *config, const char ***texts, size_t n)
{
	const char **kept = arena_alloc(&config->arena, (n + 1) * sizeof *kept);

	for (size_t i = 0; i < n; i++)
		kept[i] = arena_strdup(&config->arena, (*texts)[i]);
	*texts = kept;
}

static void keep_settings(struct config *config)
{
	struct bus_settings *bus = &config->bus;
	struct fetch_settings *fetch = &config->fetch;

	keep_text(config, &config->publisher);
	keep_text(config, &config->journal.path);
	keep_text(config, &config->control.socket);
	keep_text(config, &config->control.status_bind);
	keep_text(config, &fetch->contact);
	keep_text(config, &bus->replay_bind);
	bus->live = arena_regrow(
		&config->arena, bus->live, bus->n_live, bus->n_live + 1, sizeof *bus->live);
	for (size_t i = 0; i < bus->n_live; i++) {
		struct audience *audience = &bus->live[i].audience;
		keep_text(config, &bus->live[i].bind);
		keep_texts(config, &audience->networks, audience->n_networks);
		keep_texts(config, &audience->topics, audience->n_topics);
	}
	fetch->hosts = arena_regrow(&config->arena, fetch->hosts, fetch->n_hosts,
		fetch->n_hosts + 1, sizeof *fetch->hosts);
	for (size_t i = 0; i < fetch->n_hosts; i++)
		keep_text(config, &fetch->hosts[i].host);
}

/* A folder, or a file in it. Sets l->folder and *ret_main (NULL: no such file). */
static int find_files(struct loader *l, const char *path, const char **ret_main,
	const char **ret_name, struct error *error)
{
	cleanup(free_p) char *full = realpath(path, NULL);
	struct stat st;

	if (!full || stat(full, &st))
		return error_errno(error, errno, "configuration %s", path);
	const char *kept = arena_strdup(&l->arena, full);
	if (!S_ISDIR(st.st_mode)) {
		const char *slash = strrchr(kept, '/');
		l->folder = arena_str(&l->arena, str_make(kept, (size_t)(slash - kept))).p;
		*ret_main = kept;
		*ret_name = slash + 1;
		return 0;
	}
	if (access(kept, R_OK | X_OK))
		return error_errno(error, errno, "configuration %s", path);
	l->folder = kept;
	*ret_name = "civicwired.yaml";
	const char *main_file = arena_printf(&l->arena, "%s/%s", kept, *ret_name).p;
	*ret_main = lstat(main_file, &st) && errno == ENOENT ? NULL : main_file;
	return 0;
}

static int load(
	struct loader *l, const char *path, struct config_report *report, struct error *error)
{
	const char *main_file = NULL, *main_name = NULL;
	int err = find_files(l, path, &main_file, &main_name, error);

	if (err)
		return err;
	read_all(l, main_file, main_name);
	resolve_all(&l->binder, &l->sources, l->config);
	keep_settings(l->config);
	problems_tell(&l->problems, report);
	size_t n = l->problems.n + l->problems.dropped;
	if (n)
		return error_set(error, EINVAL, "configuration %s has %zu problem%s", path, n,
			n == 1 ? "" : "s");
	return 0;
}

int config_load(
	struct config **ret, const char *path, struct config_report *report, struct error *error)
{
	struct loader l = {.arena = ARENA_INIT, .config = mem_zalloc(1, sizeof *l.config)};

	problems_init(&l.problems);
	binder_init(&l.binder, &l.arena, &l.problems);
	int err = load(&l, path, report, error);
	if (!err)
		*ret = l.config;
	else
		config_free(l.config);
	problems_deinit(&l.problems);
	arena_deinit(&l.arena);
	/* The trees of large files are many times what stays; let the system have them back. */
	malloc_trim(0);
	return err;
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	for (size_t i = 0; i < config->n_feeds; i++)
		feed_unref(config->feeds[i]);
	struct arena arena = config->arena;
	arena_deinit(&arena);
	free(config);
	return NULL;
}
