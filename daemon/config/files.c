#include "config/files.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

const struct config_file *files_mark(struct files *files, const char *path, const char *shown)
{
	struct config_file *file = ARENA_NEW(files->arena, struct config_file);
	const char *slash = strrchr(path, '/');

	file->path = path;
	file->shown = shown;
	file->folder = arena_str(files->arena, str_make(path, (size_t)(slash - path))).p;
	file->order = files->n++;
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

void files_read(
	struct files *files, enum section root, const char *path, const char *shown, void *out)
{
	const struct config_file *file = files_mark(files, path, shown);
	const struct mark whole = {file, 0, 0};
	struct buf bytes = BUF_INIT;
	int err = read_bytes(path, &bytes);

	if (err == -EFBIG)
		problem_add(files->problems, whole, "is larger than %d MiB; split it",
			TREE_BYTES_MAX >> 20);
	else if (err)
		problem_add(files->problems, whole, "cannot be read: %s", strerror(-err));
	else
		bind_file(files->binder, root,
			tree_read(files->arena, file, buf_view(&bytes), files->problems,
				&files->broken),
			out);
	if (err)
		files->broken = true;
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

int files_list(struct files *files, const char *folder, const char *shown, struct file_name **ret)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, by_bytes);

	if (n < 0) {
		int err = -errno;
		if (err != -ENOENT) {
			problem_add(files->problems,
				(struct mark){files_mark(files, folder, shown), 0, 0},
				"cannot be read: %s", strerror(-err));
			files->broken = true;
		}
		return err;
	}
	struct file_name *names = arena_alloc(files->arena, ((size_t)n + 1) * sizeof *names);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		struct str shown_name = arena_printf(files->arena, "%s/%s", shown, name);
		struct str stem = str_skip(shown_name, strlen(shown) + 1);
		names[i] = (struct file_name){
			.path = arena_printf(files->arena, "%s/%s", folder, name).p,
			.shown = shown_name.p,
			.stem = str_head(stem, stem.n - (str_ends(stem, STR(".yaml")) ? 5 : 4))};
		free(entries[i]);
	}
	free(entries);
	*ret = names;
	return n;
}
