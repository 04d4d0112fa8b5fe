#include "cli/ask-daemon.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/verb.h"

/* 100,000 feeds of 400 bytes, and as much again. */
#define ANSWER_MAX (96 * 1024 * 1024)
#define TIMEOUT_S  20L

struct answer {
	char *p;
	size_t n;
};

static const char *socket_of(const char *given)
{
	const char *env = getenv("CIVICWIRE_SOCKET");

	if (given)
		return given;
	return env && *env ? env : CONTROL_SOCKET_DEFAULT;
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
	char url[1024];
	long status = 0;

	snprintf(url, sizeof url, "http://civicwired%s", path);
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
		fprintf(stderr, "civicwire: %s: %s\n", socket, curl_easy_strerror(code));
		return EX_UNAVAILABLE;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200 || status == 202)
		return EX_OK;
	fprintf(stderr, "civicwire: the daemon answers %ld: %s", status,
		answer->p ? answer->p : "\n");
	return status == 403 ? EX_NOPERM : status == 404 ? EX_NOINPUT : EX_UNAVAILABLE;
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
	if (r == EX_NOHOST) {
		fprintf(stderr,
			"civicwire: no civicwired answers on %s; is it running, and may "
			"you use the socket?\n",
			socket);
		r = EX_UNAVAILABLE;
	}
	free(answer.p);
	return r;
}
