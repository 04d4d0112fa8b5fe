#include <civicwire/key.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

/* Three keys, a name and some comments; a longer file is some other file. */
#define FILE_MAX 8192

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* name = "value" or name = 'value'; the value into ret, which holds `size`. 0: another line; 1: it
 * is there; -EINVAL: it is there and is no key. */
static int read_line(const char *p, size_t n, const char *name, char ret[CW_KEY_SIZE])
{
	const char *end = p + n;
	unsigned char key[32];
	size_t length = strlen(name);

	while (p < end && is_blank(*p))
		p++;
	if ((size_t)(end - p) < length || memcmp(p, name, length) != 0)
		return 0;
	for (p += length; p < end && is_blank(*p);)
		p++;
	if (p == end || *p != '=')
		return 0;
	for (p++; p < end && is_blank(*p);)
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	if (end - p != CW_KEY_SIZE - 1 + 2 || (*p != '"' && *p != '\'') || end[-1] != *p)
		return -EINVAL;
	memcpy(ret, p + 1, CW_KEY_SIZE - 1);
	ret[CW_KEY_SIZE - 1] = '\0';
	bool good = strlen(ret) == CW_KEY_SIZE - 1 && zmq_z85_decode(key, ret);
	explicit_bzero(key, sizeof key);
	return good ? 1 : -EINVAL;
}

static int read_text(const char *p, size_t n, struct cw_key *ret)
{
	const struct {
		const char *name;
		char *to;
	} names[] = {{"public-key", ret->public_key}, {"secret-key", ret->secret_key},
		{"server-key", ret->server_key}};
	bool found = false;

	for (const char *end = p + n; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t length = (size_t)((newline ? newline : end) - p);
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			int r = read_line(p, length, names[i].name, names[i].to);
			if (r < 0)
				return r;
			found = found || r;
		}
		p += length + 1;
	}
	return found ? 0 : -EINVAL;
}

int cw_key_read(const char *path, struct cw_key *ret_key)
{
	char text[FILE_MAX];
	struct cw_key key = {.public_key = ""};
	size_t n = 0;
	ssize_t more = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	while (n < sizeof text && (more = read(fd, text + n, sizeof text - n)) > 0)
		n += (size_t)more;
	r = more < 0 ? -errno : n == sizeof text ? -EINVAL : read_text(text, n, &key);
	close(fd);
	if (r == 0)
		*ret_key = key;
	explicit_bzero(text, sizeof text);
	cw_key_wipe(&key);
	return r;
}

void cw_key_wipe(struct cw_key *key)
{
	if (key)
		explicit_bzero(key, sizeof *key);
}
