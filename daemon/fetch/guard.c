#include "fetch/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"

/* All judging is done on 16 bytes, IPv4 as ::ffff:a.b.c.d. Of IPv6 only 2000::/3 is the public
 * internet; of IPv4 everything that IANA's special-purpose registry does not list. Addresses that
 * carry an IPv4 address inside are judged by that one where a network may rightly use them (NAT64),
 * and refused where none does any more (6to4, Teredo, IPv4-compatible). */

static const struct {
	const char *net, *kind;
} special[] = {
	{"0.0.0.0/8", "an address of \"this network\""},
	{"10.0.0.0/8", "a private address"},
	{"100.64.0.0/10", "a carrier's private address"},
	{"127.0.0.0/8", "a loopback address"},
	{"168.63.129.16/32", "a cloud's metadata address"}, /* Azure: public by its number alone */
	{"169.254.0.0/16", "a link-local or metadata address"},
	{"172.16.0.0/12", "a private address"},
	{"192.0.0.0/24", "a reserved address"},
	{"192.0.2.0/24", "a documentation address"},
	{"192.88.99.0/24", "a 6to4 relay"},
	{"192.168.0.0/16", "a private address"},
	{"198.18.0.0/15", "a benchmark address"},
	{"198.51.100.0/24", "a documentation address"},
	{"203.0.113.0/24", "a documentation address"},
	{"224.0.0.0/4", "a multicast address"},
	{"240.0.0.0/4", "a reserved address"},
	{"::/128", "the unspecified address"},
	{"::1/128", "a loopback address"},
	{"fc00::/7", "a private address"},
	{"fe80::/10", "a link-local address"},
	{"ff00::/8", "a multicast address"},
	{"2001::/23", "a reserved or Teredo address"},
	{"2001:db8::/32", "a documentation address"},
	{"2002::/16", "a 6to4 address"},
	{"3fff::/20", "a documentation address"},
};

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};

static bool parse_address(const char *text, uint8_t out[16], bool *ret_v4)
{
	*ret_v4 = inet_pton(AF_INET, text, out + 12) == 1;
	if (*ret_v4)
		memcpy(out, mapped, sizeof mapped);
	return *ret_v4 || inet_pton(AF_INET6, text, out) == 1;
}

static bool parse_net(struct str text, struct guard_net *net)
{
	char address[INET6_ADDRSTRLEN];
	struct str rest = str_trim(text), part;
	unsigned long long bits;
	bool v4;

	if (!str_split(&rest, '/', &part) || part.n >= sizeof address)
		return false;
	memcpy(address, part.p, part.n);
	address[part.n] = '\0';
	if (!parse_address(address, net->address, &v4))
		return false;
	bits = v4 ? 32 : 128;
	if (str_chr(text, '/') < text.n && !str_u64(str_trim(rest), bits, &bits))
		return false;
	net->bits = (uint8_t)(bits + (v4 ? 96 : 0));
	return true;
}

static bool inside(const uint8_t address[16], const struct guard_net *net)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	/* "::/0" is all of IPv6, not also IPv4 in its mapped form. */
	if (!memcmp(address, mapped, 12) && net->bits < 96)
		return false;
	return !memcmp(address, net->address, whole) &&
	       (!rest || !((address[whole] ^ net->address[whole]) >> (8 - rest)));
}

int guard_init(struct guard *guard, const char *const *nets, size_t n, struct error *error)
{
	*guard = (struct guard){n ? mem_zalloc(n, sizeof *guard->nets) : NULL, 0};
	for (size_t i = 0; i < n; i++) {
		if (parse_net(str_of(nets[i]), &guard->nets[guard->n++]))
			continue;
		guard_deinit(guard);
		return error_set(
			error, EINVAL, "allow_net '%s' is no network (10.1.0.0/16)", nets[i]);
	}
	return 0;
}

void guard_deinit(struct guard *guard)
{
	free(guard->nets);
	*guard = (struct guard){0};
}

static const char *judge(const struct guard *guard, const uint8_t address[16])
{
	struct guard_net net;
	uint8_t v4[16];

	for (size_t i = 0; i < guard->n; i++)
		if (inside(address, &guard->nets[i]))
			return NULL;
	if (!memcmp(address, nat64, sizeof nat64)) {
		memcpy(v4, mapped, sizeof mapped);
		memcpy(v4 + 12, address + 12, 4);
		return judge(guard, v4);
	}
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (parse_net(str_of(special[i].net), &net) && inside(address, &net))
			return special[i].kind;
	if (memcmp(address, mapped, sizeof mapped) != 0 && (address[0] & 0xe0) != 0x20)
		return "an address outside the public internet";
	return NULL;
}

bool guard_bytes(const struct sockaddr *address, uint8_t ret_bytes[16])
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof in);
		memcpy(ret_bytes, mapped, sizeof mapped);
		memcpy(ret_bytes + sizeof mapped, &in.sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof in6);
		memcpy(ret_bytes, &in6.sin6_addr, 16);
	} else {
		return false;
	}
	return true;
}

const char *guard_refuses(const struct guard *guard, const struct sockaddr *address)
{
	uint8_t bytes[16];

	return guard_bytes(address, bytes) ? judge(guard, bytes) : "no internet address";
}

const char *guard_refuses_host(const struct guard *guard, struct str host)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr number;
	uint8_t bytes[16];
	bool v4;

	if (str_ends(host, STR(".")))
		host.n--;
	if (str_is_i(host, "localhost") ||
		(host.n > 10 && str_ieq(str_skip(host, host.n - 10), STR(".localhost"))))
		host = STR("127.0.0.1");
	if (host.n > 2 && host.p[0] == '[')
		host = str_make(host.p + 1, host.n - 2);
	host = str_head(host, str_chr(host, '%')); /* a zone */
	if (host.n >= sizeof text)
		return NULL;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	/* As a proxy's resolver may read it: "127.1", "0x7f.1" and "2130706433" too. */
	if (!parse_address(text, bytes, &v4)) {
		if (!inet_aton(text, &number))
			return NULL;
		memcpy(bytes, mapped, sizeof mapped);
		memcpy(bytes + 12, &number, 4);
	}
	return judge(guard, bytes);
}
