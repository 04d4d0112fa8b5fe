#include "fetch/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

/* Tokens of the kind "JWT" reach 4 KB; a longer file is some other file. */
#define SECRET_MAX 8192

/* The text of the file without white space at its end. */
static int read_secret(const char *path, char out[SECRET_MAX + 1], struct error *error)
{
	cleanup(close_p) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n;

	if (!path)
		return error_set(error, EINVAL, "no file is named for the feed's secret");
	if (fd < 0)
		return error_errno(error, errno, "cannot read the secret in %s", path);
	n = read(fd, out, SECRET_MAX + 1);
	if (n < 0)
		return error_errno(error, errno, "cannot read the secret in %s", path);
	if (n > SECRET_MAX)
		return error_set(error, EFBIG, "the secret in %s is too long", path);
	while (n && ascii_is_space((unsigned char)out[n - 1]))
		n--;
	out[n] = '\0';
	if (!n || strlen(out) != (size_t)n || strpbrk(out, "\r\n"))
		return error_set(error, EINVAL, "%s must hold one line, the secret", path);
	return 0;
}

static int apply_basic(CURL *easy, const struct feed_access *access, struct error *error)
{
	char secret[SECRET_MAX + 1];
	int r = read_secret(access->secret_file, secret, error);

	if (r == 0) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, access->user ? access->user : "");
		curl_easy_setopt(easy, CURLOPT_PASSWORD, secret);
	}
	explicit_bzero(secret, sizeof secret);
	return r;
}

static int apply_bearer(CURL *easy, const struct feed_access *access, struct error *error)
{
	char secret[SECRET_MAX + 1];
	int r = read_secret(access->secret_file, secret, error);

	if (r == 0) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, secret);
	}
	explicit_bzero(secret, sizeof secret);
	return r;
}

static int apply_certificate(CURL *easy, const struct feed_access *access, struct error *error)
{
	const char *key = access->key_file ? access->key_file : access->certificate_file;

	if (!access->certificate_file)
		return error_set(error, EINVAL, "no file is named for the feed's certificate");
	if (faccessat(AT_FDCWD, access->certificate_file, R_OK, AT_EACCESS) < 0)
		return error_errno(error, errno, "cannot read the client certificate %s",
			access->certificate_file);
	if (faccessat(AT_FDCWD, key, R_OK, AT_EACCESS) < 0)
		return error_errno(error, errno, "cannot read the key %s", key);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, access->certificate_file);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, key);
	return 0;
}

int secret_apply(CURL *easy, const struct feed_access *access, struct error *error)
{
	switch (access->auth) {
	case FEED_AUTH_BASIC:
		return apply_basic(easy, access, error);
	case FEED_AUTH_BEARER:
		return apply_bearer(easy, access, error);
	case FEED_AUTH_CERTIFICATE:
		return apply_certificate(easy, access, error);
	default:
		return 0;
	}
}

void secret_withdraw(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, NULL);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, NULL);
	curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, NULL);
}
