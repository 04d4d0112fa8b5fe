#include "schedule/host.h"

#include "base/hash.h"
#include "base/scan.h"

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

void host_of_url(struct buf *out, struct str url)
{
	struct str scheme = str_head(url, str_chr(url, ':')), host = host_authority(url);

	if (str_is_i(scheme, "file")) {
		buf_lit(out, HOST_FILE);
		return;
	}
	if (!host.n)
		return;
	for (size_t at = str_chr(host, '@'); at < host.n; at = str_chr(host, '@'))
		host = str_skip(host, at + 1);
	struct str port = default_port(scheme), bare = without_port(host);
	if (bare.n == host.n || bare.n + 1 == host.n ||
		str_eq(str_skip(host, bare.n), port)) /* "", ":" or the scheme's own */
		host = bare;
	if (host.n == bare.n && str_ends(host, STR("."))) /* the DNS root says nothing */
		host.n--;
	char *to = buf_room(out, host.n);
	for (size_t i = 0; i < host.n; i++)
		to[i] = ascii_lower(host.p[i]);
	out->n += host.n;
}

uint64_t host_number(struct str url)
{
	struct buf name = BUF_INIT;
	uint64_t number;

	host_of_url(&name, url);
	struct hash hash = hash_mix(buf_view(&name));
	buf_deinit(&name);
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
