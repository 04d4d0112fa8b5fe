/* From a folder to a struct config, in three steps: read every file into entries (tree.c, bind.c),
 * resolve what refers to what (resolve.c), tell all problems together. The files read first are
 * told about first: civicwired.yaml, the shipped vocabulary, feeds.d/, themes.d/. */
#include "config/config.h"

#include "config/clients.h"
#include "config/load.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>

#ifndef CIVICWIRE_DATADIR
#define CIVICWIRE_DATADIR "/usr/share/civicwire"
#endif

/* LoadCredential=civicwire-server-key:… in a drop-in of the unit. */
#define SERVER_KEY_CREDENTIAL "civicwire-server-key"

/* Reads every YAML file of a folder. False if the folder is not there. */
static bool read_folder(struct loader *l, enum section root, const char *folder, const char *shown)
{
	struct sources *s = &l->sources;
	struct file_name *names = NULL;
	int n = files_list(&l->files, folder, shown, &names);

	for (int i = 0; i < n; i++) {
		const struct file_name *name = &names[i];
		if (root == SECTION_FEEDS)
			files_read_feeds(&l->files, name->path, name->shown,
				ARENA_PUSH(&l->arena, s->feeds, s->n_feeds, l->cap_feeds));
		else
			files_read(&l->files, root, name->path, name->shown,
				ARENA_PUSH(&l->arena, s->themes, s->n_themes, l->cap_themes));
	}
	return n != -ENOENT;
}

/* Themes that feeds may name without the operator's doing. Installed beside the program's data;
 * the environment leads an uninstalled program to its source tree. */
static void read_vocabulary(struct loader *l)
{
	const char *data = secure_getenv("CIVICWIRE_DATADIR");
	const char *folder =
		arena_printf(&l->arena, "%s/themes", data && *data ? data : CIVICWIRE_DATADIR).p;

	if (!read_folder(l, SECTION_THEMES, folder, folder)) {
		problem_add(&l->problems,
			(struct mark){files_mark(&l->files, folder, folder), 0, 0},
			"the shipped vocabulary of themes is not there; install it, or set "
			"CIVICWIRE_DATADIR to the folder above it");
		l->files.broken = true;
	}
}

/* An editor that is at work may have taken the file away for a moment: on a reload it is missed. */
static void read_main(struct loader *l, const char *path, const char *name)
{
	struct config_text *before = config_texts_find(l->files.before, name, NULL);

	if (!path && !before)
		return;
	if (!path) {
		path = arena_printf(&l->arena, "%s/%s", l->folder, name).p;
		problem_add(&l->problems, (struct mark){files_mark(&l->files, path, name), 0, 0},
			"is gone; make it again, empty if all shall have its default");
		map_add(l->files.kept, str_of(before->shown), before);
	}
	files_read(&l->files, SECTION_DAEMON, path, name, l->config);
}

/* What else than its own bytes decides on a file's feeds: the default interval, and the folder that
 * relative paths begin at. */
static void begin_standing(struct loader *l)
{
	const struct config *before = l->sources.before;

	if (!before || before->fetch.interval_us != l->config->fetch.interval_us ||
		strcmp(before->folder, l->folder) != 0)
		return;
	size_t n = before->texts->n + 1;
	l->standing = (struct standing_feeds){before,
		arena_zalloc(&l->arena, n * sizeof *l->standing.files),
		arena_alloc(&l->arena, n * sizeof *l->standing.now)};
	l->files.standing = &l->standing;
	l->sources.standing = &l->standing;
}

static void read_all(struct loader *l, const char *main_file, const char *main_name,
	const struct config_clients *clients)
{
	struct arena *arena = &l->arena;

	bind_defaults(&l->binder, SECTION_DAEMON, l->config);
	read_main(l, main_file, main_name);
	begin_standing(l);
	read_vocabulary(l);
	read_folder(l, SECTION_FEEDS, arena_printf(arena, "%s/feeds.d", l->folder).p, "feeds.d");
	read_folder(l, SECTION_THEMES, arena_printf(arena, "%s/themes.d", l->folder).p, "themes.d");
	clients_read(&l->files, arena_printf(arena, "%s/clients.d", l->folder).p, clients,
		l->config->clients);
	l->sources.broken = l->files.broken;
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

static void keep_admission(struct config *config, struct admission *admission)
{
	if (admission->clients) /* named, be it none of them */
		keep_texts(config, &admission->clients, admission->n_clients);
}

/* systemd hands credentials over in a folder of their own; else the file that is configured. */
static void find_server_key(struct config *config)
{
	const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
	const char *path = config->bus.server_key;
	struct arena *arena = &config->arena;

	if (folder && *folder) {
		const char *credential = arena_printf(arena, "%s/" SERVER_KEY_CREDENTIAL, folder).p;
		if (access(credential, F_OK) == 0) {
			config->bus.server_key = credential;
			return;
		}
	}
	config->bus.server_key = path[0] == '/'
					 ? arena_strdup(arena, path)
					 : arena_printf(arena, "%s/%s", config->folder, path).p;
}

static void keep_settings(struct config *config)
{
	struct bus_settings *bus = &config->bus;
	struct fetch_settings *fetch = &config->fetch;

	keep_text(config, &config->folder);
	keep_text(config, &bus->server_key);
	keep_text(config, &config->publisher);
	keep_text(config, &config->journal.path);
	keep_text(config, &config->control.socket);
	keep_text(config, &config->control.status_bind);
	keep_text(config, &config->websub.callback);
	keep_text(config, &config->websub.bind);
	keep_text(config, &fetch->contact);
	keep_text(config, &bus->replay_bind);
	keep_admission(config, &bus->replay_admission);
	bus->live = arena_regrow(
		&config->arena, bus->live, bus->n_live, bus->n_live + 1, sizeof *bus->live);
	for (size_t i = 0; i < bus->n_live; i++) {
		struct audience *audience = &bus->live[i].audience;
		keep_text(config, &bus->live[i].bind);
		keep_admission(config, &bus->live[i].admission);
		keep_texts(config, &audience->networks, audience->n_networks);
		keep_texts(config, &audience->topics, audience->n_topics);
	}
	fetch->hosts = arena_regrow(&config->arena, fetch->hosts, fetch->n_hosts,
		fetch->n_hosts + 1, sizeof *fetch->hosts);
	for (size_t i = 0; i < fetch->n_hosts; i++)
		keep_text(config, &fetch->hosts[i].host);
}

void config_set_state(struct config *config, const char *folder)
{
	if (!folder)
		return;
	config->journal.path = arena_printf(&config->arena, "%s/journal.db", folder).p;
	config->control.socket = arena_printf(&config->arena, "%s/control.sock", folder).p;
}

struct config *config_copy_settings(const struct config *from)
{
	struct config *copy = mem_zalloc(1, sizeof *copy);

	copy->folder = from->folder;
	copy->publisher = from->publisher;
	copy->journal = from->journal;
	copy->bus = from->bus;
	copy->control = from->control;
	copy->fetch = from->fetch;
	copy->websub = from->websub;
	keep_settings(copy);
	return copy;
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

void loader_init(struct loader *l)
{
	*l = (struct loader){.arena = ARENA_INIT, .config = mem_zalloc(1, sizeof *l->config)};
	l->config->clients = mem_zalloc(1, sizeof *l->config->clients);
	l->config->texts = mem_zalloc(1, sizeof *l->config->texts);
	config_texts_init(l->config->texts);
	problems_init(&l->problems);
	binder_init(&l->binder, &l->arena, &l->problems);
	l->files = (struct files){.arena = &l->arena,
		.problems = &l->problems,
		.binder = &l->binder,
		.now = l->config->texts};
}

void loader_deinit(struct loader *l)
{
	config_free(l->config);
	problems_deinit(&l->problems);
	arena_deinit(&l->arena);
	/* The trees of large files are many times what stays; let the system have them back. */
	malloc_trim(0);
}

int loader_run(struct loader *l, const char *path, const struct config_clients *clients,
	struct error *error)
{
	const char *main_file = NULL, *main_name = NULL;
	int err = path ? find_files(l, path, &main_file, &main_name, error) : 0;

	if (err)
		return err;
	if (path)
		read_all(l, main_file, main_name, clients);
	else
		read_vocabulary(l);
	resolve_all(&l->binder, &l->sources, l->config);
	if (!path)
		return 0;
	l->config->folder = l->folder;
	find_server_key(l->config);
	keep_settings(l->config);
	return 0;
}

static int load(
	struct loader *l, const char *path, struct config_report *report, struct error *error)
{
	int err = loader_run(l, path, NULL, error);

	if (err)
		return err;
	problems_tell(&l->problems, report);
	size_t n = l->problems.n + l->problems.dropped;
	if (n)
		return error_set(error, EINVAL, "configuration %s has %zu problem%s",
			path ? path : "of themes", n, n == 1 ? "" : "s");
	return 0;
}

/* `path` NULL: the vocabulary alone. */
static int load_config(
	struct config **ret, const char *path, struct config_report *report, struct error *error)
{
	struct loader l;

	loader_init(&l);
	int err = load(&l, path, report, error);
	if (!err) {
		*ret = l.config;
		l.config = NULL;
	}
	loader_deinit(&l);
	return err;
}

int config_load(
	struct config **ret, const char *path, struct config_report *report, struct error *error)
{
	return load_config(ret, path, report, error);
}

int config_load_vocabulary(struct config **ret, struct config_report *report, struct error *error)
{
	return load_config(ret, NULL, report, error);
}

int config_clients_load(struct config_clients **ret, const char *folder,
	const struct config_clients *before, struct config_report *report, struct error *error)
{
	struct config_clients *clients = mem_zalloc(1, sizeof *clients);
	struct arena arena = ARENA_INIT;
	struct problems problems;
	struct binder binder;
	struct files files = {.arena = &arena, .problems = &problems, .binder = &binder};

	problems_init(&problems);
	binder_init(&binder, &arena, &problems);
	bool read = clients_read(
		&files, arena_printf(&arena, "%s/clients.d", folder).p, before, clients);
	problems_tell(&problems, report);
	problems_deinit(&problems);
	arena_deinit(&arena);
	if (read) {
		*ret = clients;
		return 0;
	}
	config_clients_free(clients);
	return error_set(error, EIO, "%s/clients.d cannot be read", folder);
}

struct config_clients *config_clients_free(struct config_clients *clients)
{
	if (!clients)
		return NULL;
	arena_deinit(&clients->arena);
	free(clients);
	return NULL;
}

size_t config_feed_from(const struct config *config, struct str id)
{
	size_t first = 0, end = config->n_feeds;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (str_cmp(str_of(config->feeds[middle]->id), id) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	config_clients_free(config->clients);
	if (config->texts)
		config_texts_deinit(config->texts);
	free(config->texts);
	for (size_t i = 0; i < config->n_feeds; i++)
		feed_unref(config->feeds[i]);
	struct arena arena = config->arena;
	arena_deinit(&arena);
	free(config);
	return NULL;
}
