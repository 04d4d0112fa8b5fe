/* civicwire reload: asks the daemon to read its configuration again, and waits until it has, so that
 * `systemctl reload` fails where a file is broken. */
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "base/list.h"
#include "cli/ask-daemon.h"
#include "cli/member.h"
#include "cli/verb.h"

/* 100,000 feeds take a second or two; the daemon is asked this often whether it has done it. */
#define AGAIN_MS 50
/* It is not given up earlier than systemd would (TimeoutStartSec: 90 s). */
#define PATIENCE_S 80

static const char usage[] =
	"Usage: civicwire reload [OPTION]...\n"
	"Makes the daemon read its configuration again, and tells what became of it. A file with "
	"a\n"
	"problem stays as it was; the others take effect.\n"
	"\n"
	"  -j, --json         print the daemon's own answer\n"
	"  -s, --socket PATH  the daemon's control socket (default $CIVICWIRE_SOCKET,\n"
	"                     else " CONTROL_SOCKET_DEFAULT ")\n"
	"  -h, --help         show this\n"
	"\n"
	"Exit status: 0 all is in force; 64 wrong usage; 69 no daemon answers; 77 not for this "
	"user;\n"
	"78 something has a problem and stays as it was.\n";

struct reloading {
	struct question question;
	long long wanted; /* number of the report that tells of it */
	bool done, json; /* the question's own `json` would print each answer, not the last alone */
};

static void print_texts(json_t *array, const char *after)
{
	json_t *text;
	size_t i;

	json_array_foreach(array, i, text)
		fprintf(stderr, "%s%s\n", json_string_value(text), after);
}

static void print_report(struct question *question, json_t *report)
{
	struct reloading *r = container_of(question, struct reloading, question);
	const char *failed = json_string_value(json_object_get(report, "failed"));

	if (number_of(report, "reload") < r->wanted)
		return;
	r->done = true;
	if (r->json) {
		json_dumpf(report, stdout, JSON_COMPACT);
		putchar('\n');
		return;
	}
	fflush(stdout);
	print_texts(json_object_get(report, "problems"), "");
	print_texts(json_object_get(report, "next_start"),
		" of civicwired.yaml takes effect at the next start");
	if (failed)
		fprintf(stderr, "civicwire reload: %s; all stays as it was\n", failed);
	else
		printf("%lld feed%s: %lld added, %lld changed, %lld removed\n",
			number_of(report, "feeds"), number_of(report, "feeds") == 1 ? "" : "s",
			number_of(report, "added"), number_of(report, "changed"),
			number_of(report, "removed"));
	if (json_array_size(json_object_get(report, "problems")))
		fputs("civicwire reload: what has a problem stays as it was\n", stderr);
}

static int judge_report(const struct question *question, json_t *report)
{
	(void)question;
	return json_object_get(report, "failed") ||
			       json_array_size(json_object_get(report, "problems"))
		       ? EX_CONFIG
		       : EX_OK;
}

static void keep_number(struct question *question, json_t *answer)
{
	container_of(question, struct reloading, question)->wanted = number_of(answer, "reload");
}

static int judge_nothing(const struct question *question, json_t *answer)
{
	(void)question;
	(void)answer;
	return EX_OK;
}

int verb_reload(int argc, char **argv)
{
	struct reloading r = {.question = {.verb = "reload",
				      .path = "/v1/reload",
				      .post = true,
				      .show = keep_number,
				      .judge = judge_nothing}};
	const struct timespec again = {.tv_nsec = AGAIN_MS * 1000000L};
	int status = question_parse(&r.question, usage, argc, argv);

	if (status)
		return status - 1;
	r.json = r.question.json;
	r.question.json = false;
	status = ask_daemon(&r.question);
	if (status != EX_OK)
		return status;
	r.question.post = false;
	r.question.show = print_report;
	r.question.judge = judge_report;
	for (int i = 0; i < PATIENCE_S * 1000 / AGAIN_MS; i++) {
		status = ask_daemon(&r.question);
		if (r.done || (status != EX_OK && status != EX_CONFIG))
			return status;
		nanosleep(&again, NULL);
	}
	fprintf(stderr, "civicwire reload: the daemon is still reading after %d s\n", PATIENCE_S);
	return EX_UNAVAILABLE;
}
