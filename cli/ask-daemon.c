#include "cli/ask-daemon.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/verb.h"

/* 100,000 feeds of 400 bytes, and as much again. */
#define ANSWER_MAX (96 * 1024 * 1024)
#define TIMEOUT_S  20L

struct answer {
	char *p;
	size_t n;
	bool quiet;       /* nothing goes to stderr */
	bool expects_404; /* nor does this answer */
};

static const char *socket_of(const char *given)
{
	const char *env = getenv("CIVICWIRE_SOCKET");

	if (given)
		return given;
	return env && *env ? env : CONTROL_SOCKET_DEFAULT;
}

int question_parse(struct question *question, const char *usage, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "js:h", options, NULL)) >= 0;) {
		switch (c) {
		case 'j':
			question->json = true;
			break;
		case 's':
			question->socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK + 1;
		default:
			fprintf(stderr, "Try 'civicwire %s --help'.\n", question->verb);
			return EX_USAGE + 1;
		}
	}
	if (optind == argc)
		return 0;
	return verb_misused(question->verb, "it takes no '%s'; what it takes begins with --",
		       argv[optind]) +
	       1;
}

static size_t on_bytes(char *p, size_t size, size_t n, void *to)
{
	struct answer *a = to;

	n *= size;
	if (n > ANSWER_MAX - a->n)
		return 0;
	char *bigger = realloc(a->p, a->n + n + 1);
	if (!bigger)
		return 0;
	a->p = bigger;
	memcpy(a->p + a->n, p, n);
	a->n += n;
	a->p[a->n] = '\0';
	return n;
}

/* Whether there is a daemon at all is told by the caller: EX_NOHOST. */
static int perform(CURL *curl, const char *socket, const char *path, struct answer *answer)
{
	cleanup(free_p) char *url = mem_printf("http://civicwired%s", path);
	long status = 0;

	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	CURLcode code = curl_easy_perform(curl);
	if (code == CURLE_COULDNT_CONNECT)
		return EX_NOHOST;
	if (code != CURLE_OK) {
		if (!answer->quiet)
			fprintf(stderr, "civicwire: %s: %s\n", socket, curl_easy_strerror(code));
		return EX_UNAVAILABLE;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200 || status == 202)
		return EX_OK;
	if (status == 404 && answer->expects_404)
		return EX_NOINPUT;
	if (!answer->quiet)
		fprintf(stderr, "civicwire: the daemon answers %ld: %s", status,
			answer->p ? answer->p : "\n");
	return status == 403 ? EX_NOPERM : status == 404 ? EX_NOINPUT : EX_UNAVAILABLE;
}

static int tell_absent(const char *socket)
{
	fprintf(stderr,
		"civicwire: no civicwired answers on %s; is it running, and may you use the "
		"socket?\n",
		socket);
	return EX_UNAVAILABLE;
}

static int show(struct question *question, const struct answer *answer)
{
	json_t *json = json_loadb(answer->p ? answer->p : "", answer->n, 0, NULL);

	if (!json) {
		fputs("civicwire: the daemon's answer is not JSON\n", stderr);
		return EX_PROTOCOL;
	}
	if (question->json)
		fwrite(answer->p, 1, answer->n, stdout);
	else
		question->show(question, json);
	int r = question->judge(question, json);
	json_decref(json);
	int flushed = verb_flush(question->verb);
	return flushed == EX_OK ? r : flushed;
}

int tell_daemon(const char *verb, const char *socket, const char *path)
{
	struct answer answer = {0};
	CURL *curl = curl_easy_init();

	if (!curl)
		return EX_OSERR;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	int r = perform(curl, socket_of(socket), path, &answer);
	curl_easy_cleanup(curl);
	free(answer.p);
	if (r != EX_OK && r != EX_NOHOST)
		fprintf(stderr, "civicwire %s: the daemon was not told\n", verb);
	return r;
}

int ask_daemon(struct question *question)
{
	const char *socket = socket_of(question->socket);
	struct answer answer = {0};
	CURL *curl = curl_easy_init();

	if (!curl)
		return EX_OSERR;
	if (question->post)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	int r = perform(curl, socket, question->path, &answer);
	curl_easy_cleanup(curl);
	if (r == EX_OK)
		r = show(question, &answer);
	if (r == EX_NOHOST)
		r = tell_absent(socket);
	free(answer.p);
	return r;
}

/* ---- many requests ---- */

struct daemon_line {
	CURL *curl;
	const char *verb, *socket;
	struct answer answer;
};

struct daemon_line *daemon_line_new(const char *verb, const char *socket)
{
	struct daemon_line *line = mem_zalloc(1, sizeof *line);

	line->curl = curl_easy_init();
	line->verb = verb;
	line->socket = socket_of(socket);
	return line->curl ? line : daemon_line_free(line);
}

struct daemon_line *daemon_line_free(struct daemon_line *line)
{
	if (!line)
		return NULL;
	curl_easy_cleanup(line->curl);
	free(line->answer.p);
	free(line);
	return NULL;
}

int daemon_line_ask(
	struct daemon_line *line, bool is_command, const char *path, json_t **ret_answer)
{
	line->answer.n = 0;
	if (line->answer.p)
		*line->answer.p = 0;
	line->answer.expects_404 = is_command;
	if (is_command)
		curl_easy_setopt(line->curl, CURLOPT_POSTFIELDS, "");
	else
		curl_easy_setopt(line->curl, CURLOPT_HTTPGET, 1L);
	int r = perform(line->curl, line->socket, path, &line->answer);
	if (r == EX_NOHOST)
		return line->answer.quiet ? EX_UNAVAILABLE : tell_absent(line->socket);
	if (r != EX_OK)
		return r;
	*ret_answer = json_loadb(line->answer.p ? line->answer.p : "", line->answer.n, 0, NULL);
	if (*ret_answer)
		return EX_OK;
	fprintf(stderr, "civicwire %s: the daemon's answer is not JSON\n", line->verb);
	return EX_PROTOCOL;
}

void daemon_line_quiet(struct daemon_line *line, bool quiet)
{
	line->answer.quiet = quiet;
}

void daemon_line_escape(struct buf *path, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (ascii_is_alnum((unsigned char)*c) || *c == '.' || *c == '-')
			buf_char(path, *c);
		else
			buf_printf(path, "%%%02X", (unsigned char)*c);
	}
}
