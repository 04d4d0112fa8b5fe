#include "schedule/host.h"

#include "base/hash.h"
#include "base/scan.h"

/* DNS allows 253 bytes; a port has five digits. Of what is longer the beginning will do. */
#define HOST_NAME_BYTES 260

static struct str default_port(struct str scheme)
{
	return str_is_i(scheme, "https")  ? STR(":443")
	       : str_is_i(scheme, "http") ? STR(":80")
					  : STR_NONE;
}

/* Without ":port"; the colons of an IPv6 address lie inside its brackets. */
static struct str without_port(struct str host)
{
	size_t i = host.n;

	while (i && ascii_is_digit((unsigned char)host.p[i - 1]))
		i--;
	return i && host.p[i - 1] == ':' ? str_head(host, i - 1) : host;
}

SCAN_INLINE scan_bytes ends_authority(scan_bytes v)
{
	return scan_is(v, '/') | scan_is(v, '?') | scan_is(v, '#') | scan_is(v, '\\');
}

struct str host_authority(struct str url)
{
	struct str rest = str_skip(url, str_chr(url, ':') + 1);

	if (!str_starts(rest, STR("//")))
		return STR_NONE;
	rest = str_skip(rest, 2);
	return str_head(rest, scan_find(rest, 0, ends_authority));
}

/* The name as it is written in the URL. */
static struct str name_in(struct str url)
{
	struct str scheme = str_head(url, str_chr(url, ':')), host = host_authority(url);

	if (str_is_i(scheme, "file"))
		return STR(HOST_FILE);
	if (!host.n)
		return STR("");
	for (size_t at = str_chr(host, '@'); at < host.n; at = str_chr(host, '@'))
		host = str_skip(host, at + 1);
	struct str port = default_port(scheme), bare = without_port(host);
	if (bare.n == host.n || bare.n + 1 == host.n ||
		str_eq(str_skip(host, bare.n), port)) /* "", ":" or the scheme's own */
		host = bare;
	if (host.n == bare.n && str_ends(host, STR("."))) /* the DNS root says nothing */
		host.n--;
	return host;
}

static void write_lower(char *to, struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		to[i] = ascii_lower(name.p[i]);
}

void host_of_url(struct buf *out, struct str url)
{
	struct str name = name_in(url);

	if (!name.n)
		return;
	write_lower(buf_room(out, name.n), name);
	out->n += name.n;
}

uint64_t host_number(struct str url)
{
	char name[HOST_NAME_BYTES];
	struct str written = str_head(name_in(url), sizeof name);
	uint64_t number;

	write_lower(name, written);
	struct hash hash = hash_mix(str_make(name, written.n));
	memcpy(&number, hash.b, sizeof number);
	return number ? number : 1;
}

const struct host_settings *host_find(const struct fetch_settings *settings, struct str host)
{
	const struct host_settings *by_name = NULL;
	struct str name = without_port(host);

	for (size_t i = 0; i < settings->n_hosts; i++) {
		struct str entry = str_of(settings->hosts[i].host);
		if (str_eq(entry, host))
			return &settings->hosts[i];
		if (str_eq(entry, name))
			by_name = &settings->hosts[i];
	}
	return by_name;
}
