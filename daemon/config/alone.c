#include "config/alone.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "config/config.h"
#include "config/resolve.h"
#include "model/body.h"

#include <errno.h>

struct node *alone_read(struct files *files, const char *path, const char *shown, int *ret_err)
{
	const struct config_file *file = files_mark(files, path, shown);
	cleanup(body_deinit) struct body body = BODY_INIT;
	cleanup(buf_deinit) struct buf bytes = BUF_INIT;

	*ret_err = body_load(&body, path, TREE_BYTES_MAX);
	if (*ret_err < 0)
		return NULL;
	ssize_t n = body_read(&body, 0, buf_room(&bytes, body.n + 1), body.n);
	*ret_err = n < 0 ? (int)n : 0;
	if (n < 0)
		return NULL;
	bytes.n = (size_t)n;
	const struct tree_arenas arenas = {files->arena, files->arena};
	return tree_read(&arenas, file, buf_view(&bytes), files->problems, &files->broken);
}

int config_load_themes(
	struct config **ret, const char *path, struct config_report *report, struct error *error)
{
	cleanup(config_free_p) struct config *config = mem_zalloc(1, sizeof *config);
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	cleanup(problems_deinit) struct problems problems;
	struct binder binder;
	struct themes_file themes = {.n_themes = 0};
	struct sources sources = {.themes = &themes, .n_themes = 1};
	const char *slash = strrchr(path, '/');
	int err;

	config->clients = mem_zalloc(1, sizeof *config->clients);
	problems_init(&problems);
	binder_init(&binder, &arena, &problems);
	struct files files = {.arena = &arena, .problems = &problems, .binder = &binder};
	if (!slash)
		path = arena_printf(&arena, "./%s", path).p;
	const struct node *tree = alone_read(&files, path, slash ? slash + 1 : path + 2, &err);
	if (err < 0)
		return error_errno(error, -err, "%s", path);
	if (!files.broken) {
		bind_file(&binder, SECTION_THEMES, tree, &themes);
		resolve_all(&binder, &sources, config);
	}
	problems_tell(&problems, report);
	if (problems.n)
		return error_set(error, EINVAL, "%s has %zu problem%s", path, problems.n,
			problems.n == 1 ? "" : "s");
	*ret = config;
	config = NULL;
	return 0;
}
