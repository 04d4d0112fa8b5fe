#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/str.h"

int address_read(const char *text, struct sockaddr_storage *ret, struct error *error)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *in4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	struct str s = str_of(text);
	char host[INET6_ADDRSTRLEN];
	unsigned long long port;
	size_t colon = s.n;

	while (colon && s.p[colon - 1] != ':')
		colon--;
	struct str name = str_head(s, colon ? colon - 1 : 0);
	if (!colon || !str_u64(str_skip(s, colon), 65535, &port))
		goto bad;
	bool v6 = name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';
	if (v6)
		name = str_make(name.p + 1, name.n - 2);
	if (name.n >= sizeof host)
		goto bad;
	memcpy(host, name.p, name.n);
	host[name.n] = '\0';
	address.ss_family = v6 ? AF_INET6 : AF_INET;
	if (inet_pton(address.ss_family, host,
		    v6 ? (void *)&in6->sin6_addr : (void *)&in4->sin_addr) != 1)
		goto bad;
	if (v6)
		in6->sin6_port = htons((uint16_t)port);
	else
		in4->sin_port = htons((uint16_t)port);
	*ret = address;
	return 0;
bad:
	return error_set(
		error, EINVAL, "'%s' is no address with a port, such as 127.0.0.1:8570", text);
}
