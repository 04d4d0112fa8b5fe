#include "config/files.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "config/standing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct config_file *files_mark(struct files *files, const char *path, const char *shown)
{
	struct config_file *file = ARENA_NEW(files->arena, struct config_file);
	const char *slash = strrchr(path, '/');

	file->path = path;
	file->shown = shown;
	file->folder = arena_str(files->arena, str_make(path, (size_t)(slash - path))).p;
	file->order = files->n++;
	file->verdict = ARENA_NEW(files->arena, struct verdict);
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

static void report_unreadable(struct files *files, const struct config_file *file, int err)
{
	const struct mark whole = {file, 0, 0};

	if (err == -EFBIG)
		problem_add(files->problems, whole, "is larger than %d MiB; split it",
			TREE_BYTES_MAX >> 20);
	else
		problem_add(files->problems, whole, "cannot be read: %s", strerror(-err));
	files->broken = true;
}

static bool read_text(struct files *files, const struct config_file *file, struct buf *ret)
{
	int err = read_bytes(file->path, ret);

	if (err)
		report_unreadable(files, file, err);
	return !err;
}

/* What the file says, or what it said before; one reference. NULL: nothing (which is reported unless
 * it was told before). The bytes in *ret, if they had to be read and are not as before. */
static struct config_text *text_of(struct files *files, struct config_file *file, struct buf *ret)
{
	struct config_text *good = config_texts_find(files->before, file->shown, NULL);

	if (files->given_up && atomic_load(files->given_up))
		return NULL;
	if (files->kept && map_get(files->kept, str_of(file->shown)))
		return good ? config_text_ref(good) : NULL;
	file->fresh = true;
	bool read = read_text(files, file, ret);
	if (read && good && config_text_is(good, buf_view(ret))) {
		file->fresh = false;
		buf_clear(ret);
		return config_text_ref(good);
	}
	*ARENA_PUSH(files->arena, files->fresh, files->n_fresh, files->cap_fresh) = file;
	return read ? config_text_new(file->shown, buf_view(ret)) : NULL;
}

static void parse(struct files *files, enum section root, const struct config_file *file,
	struct str bytes, void *out)
{
	struct arena nodes = ARENA_INIT; /* those of a thousand files at once would be gigabytes */
	const struct tree_arenas arenas = {&nodes, files->arena};

	bind_file(files->binder, root,
		tree_read(&arenas, file, bytes, files->problems, &files->broken), out);
	arena_deinit(&nodes);
}

static void parse_text(struct files *files, enum section root, const struct config_file *file,
	const struct config_text *text, struct buf *bytes, void *out)
{
	if (!file->fresh)
		config_text_unpack(text, bytes);
	parse(files, root, file, buf_view(bytes), out);
}

/* True: it was not parsed. */
static bool let_stand(struct files *files, struct config_file *file, const struct config_text *text,
	struct feeds_file *out)
{
	struct standing_feeds *feeds = files->standing;
	size_t i;

	if (!feeds || file->fresh || !text->standing ||
		map_get(files->wanted, str_of(file->shown)) ||
		config_texts_find(files->before, file->shown, &i) != text)
		return false;
	file->stands = true;
	feeds->files[i] = file;
	feeds->now[i] = (uint32_t)files->now->n;
	standing_enter(text->standing, file, files->binder, out);
	return true;
}

void files_read_feeds(
	struct files *files, const char *path, const char *shown, struct feeds_file *out)
{
	struct config_file *file = files_mark(files, path, shown);
	cleanup(buf_deinit) struct buf bytes = BUF_INIT;
	struct config_text *text = text_of(files, file, &bytes);

	if (!text)
		return;
	out->first_reference = files->binder->n_references;
	if (!let_stand(files, file, text, out)) {
		if (!file->fresh) { /* what stands of it becomes known anew */
			struct config_text *copy = config_text_copy(text);
			config_text_unref(text);
			text = copy;
		}
		parse_text(files, SECTION_FEEDS, file, text, &bytes, out);
	}
	out->n_references = files->binder->n_references - out->first_reference;
	out->file = file;
	out->text = text;
	out->text_index = files->now->n;
	config_texts_add(files->now, text);
}

void files_read(
	struct files *files, enum section root, const char *path, const char *shown, void *out)
{
	struct config_file *file = files_mark(files, path, shown);
	cleanup(buf_deinit) struct buf bytes = BUF_INIT;

	/* Clients change without the rest, so what is in force of them is not known here. */
	if (root == SECTION_CLIENT) {
		if (read_text(files, file, &bytes))
			parse(files, root, file, buf_view(&bytes), out);
		return;
	}
	struct config_text *text = text_of(files, file, &bytes);
	if (!text)
		return;
	parse_text(files, root, file, text, &bytes, out);
	if (files->now)
		config_texts_add(files->now, text);
	else
		config_text_unref(text);
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

static struct file_name name_of(
	struct files *files, const char *folder, const char *shown, const char *name)
{
	struct str shown_name = arena_printf(files->arena, "%s/%s", shown, name);
	struct str stem = str_skip(shown_name, strlen(shown) + 1);

	return (struct file_name){.path = arena_printf(files->arena, "%s/%s", folder, name).p,
		.shown = shown_name.p,
		.stem = str_head(stem, stem.n - (str_ends(stem, STR(".yaml")) ? 5 : 4))};
}

/* The folder cannot be listed. Its files cannot be read either; once is enough to tell that. */
static int list_before(
	struct files *files, const char *folder, const char *shown, int err, struct file_name **ret)
{
	const struct config_texts *before = files->before;
	struct str prefix = arena_printf(files->arena, "%s/", shown);
	size_t n = 0;

	*ret = arena_alloc(files->arena, ((before ? before->n : 0) + 1) * sizeof **ret);
	for (size_t i = 0; before && i < before->n; i++) {
		struct str name = str_of(before->items[i]->shown);
		if (!str_starts(name, prefix))
			continue;
		(*ret)[n++] = name_of(files, folder, shown, name.p + prefix.n);
		map_add(files->kept, name, before->items[i]);
	}
	if (err == -ENOENT && !n)
		return err;
	const struct mark whole = {files_mark(files, folder, shown), 0, 0};
	if (err == -ENOENT)
		problem_add(files->problems, whole,
			"is gone; make it again, empty if nothing is meant to be there");
	else
		problem_add(files->problems, whole, "cannot be read: %s", strerror(-err));
	files->broken = !n;
	return n ? (int)n : err;
}

int files_list(struct files *files, const char *folder, const char *shown, struct file_name **ret)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, by_bytes);

	if (n < 0)
		return list_before(files, folder, shown, -errno, ret);
	struct file_name *names = arena_alloc(files->arena, ((size_t)n + 1) * sizeof *names);
	for (int i = 0; i < n; i++) {
		names[i] = name_of(files, folder, shown, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	*ret = names;
	return n;
}
