#include "config/clients.h"

#include <errno.h>

#include "base/map.h"
#include "config/config.h"
#include "config/shape.h"

/* The texts of a client move from the load's arena, or another table's, into its own. */
static void keep(struct config_clients *clients, size_t *cap, const struct client_settings *from)
{
	struct arena *arena = &clients->arena;
	struct client_settings *to = ARENA_PUSH(arena, clients->items, clients->n, *cap);

	*to = *from;
	to->name = arena_strdup(arena, from->name);
	to->key = arena_strdup(arena, from->key);
	to->topics = arena_alloc(arena, (from->n_topics + 1) * sizeof *to->topics);
	for (size_t i = 0; i < from->n_topics; i++)
		to->topics[i] = arena_strdup(arena, from->topics[i]);
}

static const struct client_settings *find(const struct config_clients *clients, const char *name)
{
	for (size_t i = 0; clients && i < clients->n; i++)
		if (!strcmp(clients->items[i].name, name))
			return &clients->items[i];
	return NULL;
}

static void complain(struct files *files, const struct file_name *name, const char *sentence)
{
	problem_add(files->problems,
		(struct mark){files_mark(files, name->path, name->shown), 1, 1}, "%s", sentence);
}

/* One file into *ret. False: there is a problem, reported. */
static bool read_client(struct files *files, const struct file_name *name, struct map *keys,
	struct client_settings *ret)
{
	size_t before = files->problems->n + files->problems->dropped;
	const char *why = shapes[KEY_ID].refuse(files->arena, name->stem);

	if (why)
		complain(files, name,
			arena_printf(files->arena, "the name '%.*s' %s", STR_FMT(name->stem), why)
				.p);
	files_read(files, SECTION_CLIENT, name->path, name->shown, ret);
	ret->name = arena_str(files->arena, name->stem).p;
	if (!ret->key && files->problems->n + files->problems->dropped == before)
		complain(files, name, "'key' is missing"); /* the file is empty */
	const char *other = ret->key ? map_add(keys, str_of(ret->key), (void *)ret->name) : NULL;
	if (other)
		complain(files, name,
			arena_printf(files->arena, "the key is already that of client '%s'", other)
				.p);
	return files->problems->n + files->problems->dropped == before;
}

bool clients_read(struct files *files, const char *folder, const struct config_clients *before,
	struct config_clients *clients)
{
	struct file_name *names = NULL;
	int n = files_list(files, folder, "clients.d", &names);
	struct map keys;
	size_t cap = 0;

	map_init(&keys);
	for (int i = 0; i < n; i++) {
		struct client_settings *client = ARENA_NEW(files->arena, struct client_settings);
		bool good = read_client(files, &names[i], &keys, client);
		const struct client_settings *use = good ? client : find(before, client->name);
		if (use)
			keep(clients, &cap, use);
	}
	for (size_t i = 0; before && n < 0 && n != -ENOENT && i < before->n; i++)
		keep(clients, &cap, &before->items[i]);
	map_deinit(&keys);
	return n >= 0 || n == -ENOENT;
}
