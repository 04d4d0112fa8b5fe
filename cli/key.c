/* civicwire key: who may read. Makes, lists and revokes the keys of clients, and makes the server's.
 * All there is to know stands in the configuration folder (clients.d/NAME.yaml, server.key), so the
 * subcommands work with and without a running daemon; one that runs is told. */
#include "cli/key.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/ask-daemon.h"
#include "cli/verb.h"

#define DEFAULT_FOLDER "/etc/civicwire"

static const char usage[] =
	"Usage: civicwire key server [OPTION]...\n"
	"       civicwire key new NAME [OPTION]...\n"
	"       civicwire key list [OPTION]...\n"
	"       civicwire key show NAME [OPTION]...\n"
	"       civicwire key revoke NAME [OPTION]...\n"
	"Says who may read, where an endpoint has 'curve: required'.\n"
	"\n"
	"  server   make the server's key, unless it is there, and print its public half\n"
	"  new      make a client's key: what it may read goes to clients.d/NAME.yaml, the key "
	"itself\n"
	"           to NAME.key here, which is for the client alone\n"
	"  list     each client, and whether its key is good\n"
	"  show     one client\n"
	"  revoke   refuse a client from now on; its connections are cut\n"
	"\n"
	"  -c, --config DIR       the configuration (default " DEFAULT_FOLDER ")\n"
	"  -t, --topics LIST      new: what it may read, such as feed/,theme/climate/ (default "
	"all)\n"
	"  -e, --expires DATE     new: refused from then on (2027-01-31, or RFC 3339)\n"
	"  -n, --connections N    new: connections at a time (default 16)\n"
	"  -o, --out FILE         new, server: where the key goes\n"
	"  -s, --socket PATH      the daemon's control socket (default $CIVICWIRE_SOCKET,\n"
	"                         else " CONTROL_SOCKET_DEFAULT ")\n"
	"  -h, --help             show this\n"
	"\n"
	"Exit status: 0; 64 wrong usage; 66 no such client or folder; 73 the file is there, or "
	"cannot\n"
	"be made; 77 not allowed; 78 a file of clients.d has a problem.\n";

static const struct subcommand {
	const char *name;
	bool named; /* takes the name of a client */
	int (*run)(const struct key_options *options);
} subcommands[] = {
	{"server", false, key_server},
	{"new", true, key_new},
	{"list", false, key_list},
	{"show", true, key_show},
	{"revoke", true, key_revoke},
};

char *key_client_path(const struct key_options *options)
{
	return mem_printf("%s/clients.d/%s.yaml", options->folder, options->name);
}

static void print_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

struct config_clients *key_load(const struct key_options *options)
{
	struct config_report report = {print_problem, 0};
	struct config_clients *clients = NULL;
	struct error error = {0};

	if (config_clients_load(&clients, options->folder, NULL, &report, &error) < 0)
		fprintf(stderr, "civicwire key: %s\n", error.text);
	return clients;
}

const struct client_settings *key_find(
	const struct config_clients *clients, const struct key_options *options)
{
	for (size_t i = 0; i < clients->n; i++)
		if (!strcmp(clients->items[i].name, options->name))
			return &clients->items[i];
	fprintf(stderr, "civicwire key: there is no client '%s' in %s/clients.d\n", options->name,
		options->folder);
	return NULL;
}

int key_write(const char *path, int how, mode_t mode, const struct buf *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | how, mode);

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, bytes->p, bytes->n);
	int err = n < 0 ? errno : n != (ssize_t)bytes->n ? ENOSPC : fsync(fd) < 0 ? errno : 0;
	close(fd);
	if (err)
		unlink(path);
	return -err;
}

int key_tell(const struct key_options *options)
{
	return tell_daemon("key", options->socket, "/v1/reload-clients");
}

static const char *state_of(const struct client_settings *client)
{
	if (client->revoked)
		return "revoked";
	return client->expires_us && client->expires_us <= clock_real_us() ? "expired" : "good";
}

static void put_topics(const struct client_settings *client, const char *separator)
{
	for (size_t i = 0; i < client->n_topics; i++)
		printf("%s%s", i ? separator : "", client->topics[i]);
}

static const char *expiry_text(const struct client_settings *client, char text[TIME_TEXT_MAX])
{
	if (!client->expires_us)
		return "never";
	time_format_s(client->expires_us / SEC_US, text);
	return text;
}

int key_list(const struct key_options *options)
{
	struct config_clients *clients = key_load(options);
	char time[TIME_TEXT_MAX];

	if (!clients)
		return EX_NOINPUT;
	for (size_t i = 0; i < clients->n; i++) {
		const struct client_settings *client = &clients->items[i];
		printf("%-20s %-8s %-21s ", client->name, state_of(client),
			expiry_text(client, time));
		put_topics(client, " ");
		putchar('\n');
	}
	config_clients_free(clients);
	return verb_flush("key");
}

int key_show(const struct key_options *options)
{
	struct config_clients *clients = key_load(options);
	const struct client_settings *client = clients ? key_find(clients, options) : NULL;
	char time[TIME_TEXT_MAX];

	if (client) {
		printf("client       %s\nstate        %s\npublic key   %s\nexpires      %s\n"
		       "connections  %lld at a time\ntopics       ",
			client->name, state_of(client), client->key, expiry_text(client, time),
			(long long)client->connections);
		put_topics(client, "\n             ");
		putchar('\n');
	}
	config_clients_free(clients);
	return client ? verb_flush("key") : EX_NOINPUT;
}

/* "feed/,theme/climate/": the text is cut at the commas. */
static bool add_topics(struct key_options *options, char *list)
{
	for (char *topic; (topic = strsep(&list, ", "));) {
		if (!*topic)
			continue;
		if (options->n_topics == KEY_TOPICS_MAX)
			return false;
		options->topics[options->n_topics++] = topic;
	}
	return true;
}

/* 0: go on; else the exit status + 1. */
static int parse(struct key_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"topics", required_argument, NULL, 't'},
		{"expires", required_argument, NULL, 'e'},
		{"connections", required_argument, NULL, 'n'},
		{"out", required_argument, NULL, 'o'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "c:t:e:n:o:s:h", options, NULL)) >= 0;) {
		switch (c) {
		case 'c':
			o->folder = optarg;
			break;
		case 't':
			if (!add_topics(o, optarg))
				return verb_misused("key", "more than %d topics", KEY_TOPICS_MAX) +
				       1;
			break;
		case 'e':
			o->expires = optarg;
			break;
		case 'n':
			o->connections = optarg;
			break;
		case 'o':
			o->out = optarg;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK + 1;
		default:
			fputs("Try 'civicwire key --help'.\n", stderr);
			return EX_USAGE + 1;
		}
	}
	return 0;
}

static const struct subcommand *find_subcommand(const char *word)
{
	for (size_t i = 0; word && i < sizeof subcommands / sizeof *subcommands; i++)
		if (!strcmp(word, subcommands[i].name))
			return &subcommands[i];
	return NULL;
}

int verb_key(int argc, char **argv)
{
	struct key_options options = {.folder = DEFAULT_FOLDER};
	int r = parse(&options, argc, argv);

	if (r)
		return r - 1;
	const struct subcommand *subcommand = find_subcommand(argv[optind]);
	if (!subcommand)
		return argv[optind]
			       ? verb_misused("key", "'%s' is no verb of it", argv[optind])
			       : verb_misused("key", "say what: server, new, list, show or revoke");
	if (argc - optind != 1 + subcommand->named)
		return verb_misused("key",
			subcommand->named ? "%s takes the name of one client" : "%s takes no name",
			subcommand->name);
	options.name = argv[optind + 1];
	cleanup(free_p) char *folder = realpath(options.folder, NULL);
	if (!folder) {
		fprintf(stderr, "civicwire key: configuration %s: %s\n", options.folder,
			strerror(errno));
		return errno == EACCES ? EX_NOPERM : EX_NOINPUT;
	}
	options.folder = folder;
	return subcommand->run(&options);
}
