#include "fetch/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "fetch/headers.h"

static void fail(struct reply *reply, enum fault fault, const char *path, const char *what)
{
	reply_fail(reply, fault, mem_printf("%s: %s", path, what));
}

/* "file:/a%20b", "file:///a", "file://localhost/a" → "/a b"; NULL: none of them. */
static char *path_of(const char *url)
{
	struct str rest = str_skip(str_of(url), sizeof "file:" - 1);
	int n;

	if (str_starts(rest, STR("//"))) {
		rest = str_skip(rest, 2);
		if (str_istarts(rest, STR("localhost/")))
			rest = str_skip(rest, sizeof "localhost" - 1);
	}
	rest = str_head(rest, str_chr(rest, '#'));
	if (!str_starts(rest, STR("/")) || rest.n > 4096)
		return NULL;
	char *decoded = curl_easy_unescape(NULL, rest.p, (int)rest.n, &n);
	if (!decoded)
		return NULL;
	char *path = strlen(decoded) == (size_t)n ? mem_strndup(decoded, (size_t)n) : NULL;
	curl_free(decoded);
	return path;
}

static int hash_body(const struct body *body, struct hash *ret)
{
	struct hash_mixer state;
	char chunk[16384];
	ssize_t n;

	hash_mixer_begin(&state);
	for (size_t at = 0; (n = body_read(body, at, chunk, sizeof chunk)) > 0; at += (size_t)n)
		hash_mixer_add(&state, chunk, (size_t)n);
	if (n < 0)
		return (int)n;
	hash_mixer_end(&state, ret);
	return 0;
}

static enum fault fault_of(int code)
{
	switch (code) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
		return FAULT_LOCAL;
	case EFBIG:
		return FAULT_TOO_LARGE;
	default:
		return FAULT_FILE;
	}
}

void file_fetch(struct reply *reply, const struct fetch_limits *limits)
{
	const struct feed_state *state = &reply->state;
	cleanup(free_p) char *path = path_of(reply->feed->url);
	bool known = state->url && !strcmp(state->url, reply->feed->url);
	int64_t max = reply->feed->max_body > 0 ? reply->feed->max_body : limits->decoded;
	char modified[TIME_TEXT_MAX + 16];
	struct stat st;

	reply->url = mem_strdup(reply->feed->url);
	if (!path) {
		fail(reply, FAULT_URL_REFUSED, reply->feed->url, "is no path of this machine");
		return;
	}
	if (stat(path, &st) < 0) {
		int code = errno;
		fail(reply, fault_of(code), path, strerror(code));
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		fail(reply, FAULT_URL_REFUSED, path, "is no regular file");
		return;
	}
	/* Nanoseconds, and the size: two versions within one second are two versions. */
	snprintf(modified, sizeof modified, "%lld.%09ld %lld", (long long)st.st_mtim.tv_sec,
		st.st_mtim.tv_nsec, (long long)st.st_size);
	if (known && state->last_modified && !strcmp(state->last_modified, modified)) {
		reply->last_modified = mem_strdup(modified);
		reply->outcome = REPLY_NOT_MODIFIED;
		return;
	}
	int r = body_load(&reply->body, path, (size_t)max);
	if (r == 0)
		r = hash_body(&reply->body, &reply->body_hash);
	if (r < 0) {
		body_deinit(&reply->body);
		fail(reply, fault_of(-r), path, r == -EFBIG ? "is too large" : strerror(-r));
		return;
	}
	reply->last_modified = mem_strdup(modified);
	reply->outcome = known && hash_eq(&reply->body_hash, &state->body_hash) ? REPLY_SAME_BODY
										: REPLY_BODY;
}
