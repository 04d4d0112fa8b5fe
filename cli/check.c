/* civicwire check: reads a configuration as the daemon would, says everything that is wrong with
 * it, and changes nothing. */
#include "cli/verb.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "config/config.h"

#define DEFAULT_FOLDER "/etc/civicwire"

static const char usage[] =
	"Usage: civicwire check [DIR]\n"
	"Reads the configuration in DIR (a folder, or its civicwired.yaml; default " DEFAULT_FOLDER
	")\n"
	"as the daemon would and prints every problem as FILE:LINE:COLUMN: sentence on standard\n"
	"error. Warns of hosts whose feeds ask for more polls than the host's limits allow.\n"
	"Changes nothing.\n"
	"\n"
	"  -h, --help   show this\n"
	"\n"
	"Exit status: 0 no problems (warnings are none); 64 wrong usage; 66 no such folder;\n"
	"77 not allowed to read it; 78 problems.\n";

static void print_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

static void print_warning(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "warning: %s\n", message);
}

static void print_count(const char *before, size_t n, const char *one, const char *many)
{
	printf("%s%zu %s", before, n, n == 1 ? one : many);
}

static int check(const char *folder)
{
	cleanup(config_free_p) struct config *config = NULL;
	struct config_report problems = {print_problem, 0}, warnings = {print_warning, 0};
	struct error error = {0};
	int err = config_load(&config, folder, &problems, &error);

	if (err == -EINVAL)
		return EX_CONFIG;
	if (err) {
		fprintf(stderr, "civicwire check: %s\n", error.text);
		return err == -EACCES || err == -EPERM ? EX_NOPERM : EX_NOINPUT;
	}
	config_check_budgets(config, &warnings);
	print_count("ok: ", config->n_networks, "network", "networks");
	print_count(", ", config->n_cities, "city", "cities");
	print_count(", ", config->n_feeds, "feed", "feeds");
	putchar('\n');
	return verb_flush("check");
}

int verb_check(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};

	for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) >= 0;) {
		if (c != 'h')
			return verb_misused("check", "unknown option '%s'", argv[optind - 1]);
		fputs(usage, stdout);
		return verb_flush("check");
	}
	if (argc - optind > 1)
		return verb_misused("check", "one folder at a time");
	return check(optind < argc ? argv[optind] : DEFAULT_FOLDER);
}
