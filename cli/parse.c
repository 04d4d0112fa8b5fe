/* civicwire parse: what the daemon would make of a file, offline. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/list.h"
#include "cli/verb.h"
#include "digest/digest.h"
#include "digest/vocabulary.h"
#include "normalize/text.h"

/* As the fetcher's limit for a decoded body (64 MiB). */
#define FILE_BYTES_MAX (64 * 1024 * 1024)
/* Input is read, and output written, in pieces of this size. */
#define PIECE 65536

static const char help[] =
	"Usage: civicwire parse [OPTION]... FILE\n"
	"       civicwire parse [OPTION]... --worker\n"
	"\n"
	"Prints a feed file (RSS, Atom, JSON Feed; \"-\" is standard input) as one JSON Feed 1.1\n"
	"document: the items as the daemon would publish them, and the feed's own data.\n"
	"\n"
	"  --url BASE              where the file came from: relative links start there\n"
	"  --header 'NAME: VALUE'  an HTTP header field it came with (Content-Type,\n"
	"                          Content-Location, Content-Language count); may be repeated\n"
	"  --language TAG          the language, where the feed does not say\n"
	"  --emails                print authors' e-mail addresses\n"
	"  --explain               say in a member \"_explain\" of each item, and of the feed, by "
	"which\n"
	"                          rule it has its dates, id, link, language and themes\n"
	"  --config DIR            with --explain: the rules of this configuration too\n"
	"  --feed ID               with --config: as this feed of it\n"
	"  --worker                read one request "
	"{\"file\":…,\"url\":…,\"headers\":[[NAME,VALUE],…]}\n"
	"                          per line of standard input, print one document, or\n"
	"                          {\"error\":…}, per line\n"
	"  -h, --help              print this\n"
	"\n"
	"Exit status: 0 something could be read; 64 wrong usage; 65 this is no feed; 66 the file "
	"cannot\n"
	"be opened; 74 reading or writing failed; 78 the configuration is broken.\n";

struct task {
	struct digester *digester;
	struct config *config; /* with --explain: the vocabulary, and the operator's rules */
	struct theme_rules *rules;
	struct digest_print_options options;
	struct digest_out out;
	bool begun; /* something of this document has been printed */
};

static int on_piece(struct digest_out *out, struct str piece)
{
	struct task *task = container_of(out, struct task, out);

	task->begun = true;
	if (fwrite(piece.p, 1, piece.n, stdout) == piece.n)
		return 0;
	return errno ? -errno : -EIO;
}

static struct str *hint_of(struct parse_hints *hints, struct str name)
{
	if (str_is_i(name, "Content-Type"))
		return &hints->content_type;
	if (str_is_i(name, "Content-Location"))
		return &hints->content_location;
	if (str_is_i(name, "Content-Language"))
		return &hints->content_language;
	return NULL;
}

static void set_hint(struct parse_hints *hints, struct str name, struct str value)
{
	struct str *hint = hint_of(hints, str_trim(name));

	if (hint)
		*hint = str_trim(value);
}

static int load_stdin(struct body *body)
{
	char piece[PIECE];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, stdin)) > 0) {
		int r = body->n + n > FILE_BYTES_MAX ? -EFBIG : body_append(body, piece, n);
		if (r < 0)
			return r;
	}
	return ferror(stdin) ? -EIO : 0;
}

/* Parses one file and prints the document, without the end of the line. 0, or a negative errno with the
 * reason in *error: then nothing was printed, or (task->begun) a document that names the error. */
static int parse_file(struct task *task, const char *path, struct error *error)
{
	cleanup(body_deinit) struct body body = BODY_INIT;
	int r = strcmp(path, "-") ? body_open(&body, path, FILE_BYTES_MAX) : load_stdin(&body);

	task->begun = false;
	if (r < 0)
		return error_errno(error, -r, "%s", path);
	task->options.now_s = clock_real_us() / SEC_US;
	r = digest_print(task->digester, &body, &task->options, &task->out, error);
	if (r < 0 && !error->text[0])
		return error_errno(error, -r, "%s", path);
	return r < 0 ? error_prefix(error, "%s", path) : 0;
}

static int exit_code(int r)
{
	switch (-r) {
	case EBADMSG:
		return EX_DATAERR;
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case EISDIR:
		return EX_NOINPUT;
	default:
		return EX_IOERR;
	}
}

static int parse_one(struct task *task, const char *path)
{
	struct error error = {0};
	int r = parse_file(task, path, &error);

	if (task->begun)
		putchar('\n');
	if (r == 0 || ferror(stdout))
		return verb_flush("parse");
	fflush(stdout);
	fprintf(stderr, "civicwire parse: %s\n", error.text);
	return exit_code(r);
}

static struct str json_text(const json_t *value)
{
	return json_is_string(value) ? str_make(json_string_value(value), json_string_length(value))
				     : STR_NONE;
}

static void take_headers(struct parse_hints *hints, const json_t *headers)
{
	size_t i;
	json_t *pair;

	json_array_foreach(headers, i, pair)
	{
		struct str name = json_text(json_array_get(pair, 0));
		struct str value = json_text(json_array_get(pair, 1));
		if (name.p && value.p)
			set_hint(hints, name, value);
	}
}

static void put_error(const char *text)
{
	cleanup(buf_deinit) struct buf words = BUF_INIT, line = BUF_INIT;
	struct json j = json_to(&line);

	text_fold(&words, str_of(text)); /* a path in it may hold any bytes */
	json_open(&j, '{');
	json_member(&j, "error", buf_view(&words));
	json_close(&j, '}');
	fwrite(line.p, 1, line.n, stdout);
}

static void answer(struct task *task, const char *line, size_t n)
{
	struct parse_hints given = task->options.hints;
	struct error error = {0};
	json_error_t why;
	json_t *request = json_loadb(line, n, 0, &why);
	struct str file = json_text(json_object_get(request, "file"));

	if (!request) {
		put_error(why.text);
	} else if (!file.p) {
		put_error("the request names no \"file\"");
	} else {
		struct str url = json_text(json_object_get(request, "url"));
		if (url.p)
			task->options.hints.url = url;
		take_headers(&task->options.hints, json_object_get(request, "headers"));
		if (parse_file(task, file.p, &error) < 0 && !task->begun)
			put_error(error.text);
	}
	task->options.hints = given;
	json_decref(request);
}

static int work(struct task *task)
{
	cleanup(free_p) char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int r = EX_OK;

	while (r == EX_OK && (n = getline(&line, &cap, stdin)) >= 0) {
		if (!str_trim(str_make(line, (size_t)n)).n)
			continue;
		answer(task, line, (size_t)n);
		putchar('\n');
		r = verb_flush("parse");
	}
	return r;
}

static void task_deinit(struct task *task)
{
	digester_free(task->digester);
	theme_rules_free(task->rules);
	config_free(task->config);
}

static void on_problem(struct config_report *report, const char *message)
{
	report->problems++;
	fprintf(stderr, "%s\n", message);
}

static const struct feed *find_feed(const struct config *config, const char *id)
{
	for (size_t i = 0; i < config->n_feeds; i++)
		if (!strcmp(config->feeds[i]->id, id))
			return config->feeds[i];
	return NULL;
}

/* What the daemon would know of a feed before it reads one. */
static void use_feed(struct task *task, const struct feed *feed)
{
	struct digest_print_options *options = &task->options;

	options->feed = feed;
	options->emails = options->emails || feed->emails;
	if (!options->language.p)
		options->language = str_of(feed->language);
	if (!options->hints.url.p)
		options->hints.url = str_of(feed->url);
}

static int load_rules(struct task *task, const char *folder, const char *feed_id)
{
	struct config_report report = {.problem = on_problem};
	struct error error = {0};
	int r = folder ? config_load(&task->config, folder, &report, &error)
		       : config_load_vocabulary(&task->config, &report, &error);

	if (r < 0) {
		fprintf(stderr, "civicwire parse: %s\n", error.text);
		return EX_CONFIG;
	}
	task->rules = vocabulary_rules(task->config);
	if (feed_id) {
		const struct feed *feed = find_feed(task->config, feed_id);
		if (!feed)
			return verb_misused("parse", "no feed has the id %s", feed_id);
		use_feed(task, feed);
	}
	return EX_OK;
}

static int run(struct task *task, const char *file)
{
	task->digester = digester_new(task->rules);
	return file ? parse_one(task, file) : work(task);
}

int verb_parse(int argc, char **argv)
{
	enum {
		OPT_URL = 1,
		OPT_HEADER,
		OPT_LANGUAGE,
		OPT_EMAILS,
		OPT_EXPLAIN,
		OPT_CONFIG,
		OPT_FEED,
		OPT_WORKER
	};
	static const struct option options[] = {
		{"url", required_argument, NULL, OPT_URL},
		{"header", required_argument, NULL, OPT_HEADER},
		{"language", required_argument, NULL, OPT_LANGUAGE},
		{"emails", no_argument, NULL, OPT_EMAILS},
		{"explain", no_argument, NULL, OPT_EXPLAIN},
		{"config", required_argument, NULL, OPT_CONFIG},
		{"feed", required_argument, NULL, OPT_FEED},
		{"worker", no_argument, NULL, OPT_WORKER},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	cleanup(task_deinit) struct task task = {.out = {on_piece}};
	const char *config = NULL, *feed = NULL;
	bool worker = false;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		struct str name = str_of(optarg), value = STR_NONE;
		switch (opt) {
		case OPT_URL:
			task.options.hints.url = name;
			break;
		case OPT_HEADER:
			if (!str_split(&name, ':', &value) || !name.p)
				return verb_misused("parse", "--header wants 'Name: value'");
			set_hint(&task.options.hints, value, name);
			break;
		case OPT_LANGUAGE:
			task.options.language = name;
			break;
		case OPT_EMAILS:
			task.options.emails = true;
			break;
		case OPT_EXPLAIN:
			task.options.explain = true;
			break;
		case OPT_CONFIG:
			config = optarg;
			break;
		case OPT_FEED:
			feed = optarg;
			break;
		case OPT_WORKER:
			worker = true;
			break;
		case 'h':
			fputs(help, stdout);
			return verb_flush("parse");
		case ':':
			return verb_misused("parse", "%s wants a value", argv[optind - 1]);
		default:
			return verb_misused("parse", "unknown option %s", argv[optind - 1]);
		}
	}
	if (worker && optind != argc)
		return verb_misused("parse", "--worker reads files' names from stdin");
	if (!worker && optind + 1 != argc)
		return verb_misused("parse", "name one FILE");
	if ((config && !task.options.explain) || (feed && !config))
		return verb_misused("parse", "--config goes with --explain, --feed with --config");
	if (task.options.explain) {
		int code = load_rules(&task, config, feed);
		if (code != EX_OK)
			return code;
	}
	return run(&task, worker ? NULL : argv[optind]);
}
