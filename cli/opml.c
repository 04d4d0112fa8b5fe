/* civicwire opml import, export. */
#include "cli/opml.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/verb.h"

#define DEFAULT_FOLDER "/etc/civicwire"

static const char usage[] =
	"Usage: civicwire opml import [OPTION]... [FILE]\n"
	"       civicwire opml export [OPTION]...\n"
	"Exchanges lists of feeds with other readers, as OPML 2.0.\n"
	"\n"
	"  import   print a file for feeds.d made of the list in FILE (default standard input), "
	"with\n"
	"           ids proposed, and in comments what must be filled in and what was left out\n"
	"  export   print the feeds of the configuration as OPML, a folder for each city and "
	"agency\n"
	"\n"
	"      --place ID     import: the city (co-mde) or body (x-al-las) that all feeds go to\n"
	"  -o, --out FILE     write to this new file instead of standard output\n"
	"  -c, --config DIR   import: leave out what this configuration has; export: the "
	"configuration\n"
	"                     (default " DEFAULT_FOLDER ")\n"
	"  -h, --help         show this\n"
	"\n"
	"Exit status: 0; 64 wrong usage; 65 this is no OPML, or one that is refused; 66 the file "
	"or "
	"the\n"
	"folder cannot be read; 73 the new file is there, or cannot be made; 74 the output cannot "
	"be\n"
	"written; 77 not allowed to read the configuration; 78 it is broken.\n";

struct opml_options {
	const char *folder, *out, *place, *file;
};

static void on_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

/* 0, or the exit status. */
static int load(const char *folder, struct config **ret)
{
	struct config_report problems = {on_problem, 0};
	struct error error = {0};
	int r = config_load(ret, folder, &problems, &error);

	if (r == 0)
		return EX_OK;
	if (r == -EINVAL)
		return EX_CONFIG;
	fprintf(stderr, "civicwire opml: %s\n", error.text);
	return r == -EACCES || r == -EPERM ? EX_NOPERM : EX_NOINPUT;
}

/* To standard output, or a file that must not be there. */
static int put(const struct opml_options *o, struct buf *text)
{
	if (!o->out) {
		fwrite(text->p, 1, text->n, stdout);
		return verb_flush("opml");
	}
	cleanup(close_p) int fd = open(o->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		fprintf(stderr, "civicwire opml: %s: %s\n", o->out, strerror(errno));
		return EX_CANTCREAT;
	}
	ssize_t n = write(fd, text->p, text->n);
	if (n == (ssize_t)text->n && fsync(fd) == 0)
		return EX_OK;
	fprintf(stderr, "civicwire opml: %s: %s\n", o->out, strerror(n < 0 ? errno : ENOSPC));
	unlink(o->out);
	return EX_IOERR;
}

static int export_all(const struct opml_options *o)
{
	cleanup(config_free_p) struct config *config = NULL;
	cleanup(buf_deinit) struct buf text = BUF_INIT;
	int r = load(o->folder ? o->folder : DEFAULT_FOLDER, &config);

	if (r != EX_OK)
		return r;
	opml_write(&text, config);
	return put(o, &text);
}

/* At most one byte more than is taken, so that what is longer is seen. */
static int read_file(const char *path, struct buf *ret)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");

	if (!file)
		return -errno;
	for (size_t n = 1; n && ret->n <= OPML_BYTES_MAX; ret->n += n)
		n = fread(buf_room(ret, BUFSIZ), 1, BUFSIZ, file);
	int err = ferror(file) ? errno : 0;
	if (!is_stdin)
		fclose(file);
	return -err;
}

static void tell(const struct opml_import *import, const struct opml *opml)
{
	fprintf(stderr, "civicwire opml: %zu feeds taken", import->taken);
	if (import->known)
		fprintf(stderr, ", %zu are configured already", import->known);
	if (import->twice)
		fprintf(stderr, ", %zu stand there twice", import->twice);
	if (import->unusable)
		fprintf(stderr, ", %zu have no address that can be polled", import->unusable);
	if (opml->n_other)
		fprintf(stderr, ", %zu outlines are no feeds", opml->n_other);
	fputs("\n", stderr);
}

static int import_list(const struct opml_options *o)
{
	cleanup(config_free_p) struct config *config = NULL;
	cleanup(buf_deinit) struct buf bytes = BUF_INIT, text = BUF_INIT;
	struct opml_import import = {.from = o->file, .place = o->place};
	struct error error = {0};
	struct opml opml;
	int r = o->folder ? load(o->folder, &config) : EX_OK;

	if (r != EX_OK)
		return r;
	r = read_file(o->file, &bytes);
	if (r < 0) {
		fprintf(stderr, "civicwire opml: %s: %s\n", o->file, strerror(-r));
		return EX_NOINPUT;
	}
	if (opml_read(&opml, buf_view(&bytes), &error) < 0) {
		fprintf(stderr, "civicwire opml: %s: %s\n", o->file, error.text);
		return EX_DATAERR;
	}
	import.config = config;
	opml_write_yaml(&text, &opml, &import);
	r = put(o, &text);
	if (r == EX_OK)
		tell(&import, &opml);
	opml_deinit(&opml);
	return r;
}

static bool is_place(const char *id)
{
	return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(id) &&
	       strchr(id, '-') && strlen(id) <= 40;
}

int verb_opml(int argc, char **argv)
{
	static const struct option options[] = {
		{"place", required_argument, NULL, 'p'},
		{"out", required_argument, NULL, 'o'},
		{"config", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct opml_options o = {.file = "-"};

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":o:c:h", options, NULL)) >= 0;) {
		switch (c) {
		case 'p':
			o.place = optarg;
			break;
		case 'o':
			o.out = optarg;
			break;
		case 'c':
			o.folder = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return verb_flush("opml");
		default:
			return verb_misused("opml",
				c == ':' ? "%s wants a value" : "unknown option '%s'",
				argv[optind - 1]);
		}
	}
	const char *word = optind < argc ? argv[optind++] : "";
	bool is_import = !strcmp(word, "import");
	if (!is_import && strcmp(word, "export") != 0)
		return verb_misused("opml",
			*word ? "'%s' is no verb of it: import, export"
			      : "say what: import or export%s",
			word);
	if (argc - optind > (is_import ? 1 : 0))
		return verb_misused("opml", "%s takes %s", word,
			is_import ? "one file at a time" : "no file; it prints the list");
	if (o.place && (!is_import || !is_place(o.place)))
		return verb_misused("opml",
			"--place goes with import, and names a city (co-mde) or a body (x-al-las), "
			"not "
			"'%s'",
			o.place);
	if (optind < argc)
		o.file = argv[optind];
	return is_import ? import_list(&o) : export_all(&o);
}
