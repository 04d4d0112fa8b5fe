/* Where we may connect to. A feed's URL, or the redirect or DNS name behind it, is written by
 * others; without a guard it could point the daemon at the inside of the network it runs in (a
 * router's page, a cloud's metadata service with its keys). Only addresses of the public internet
 * are allowed, and what the feed's `allow_net` names. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct sockaddr;

struct guard_net {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;        /* of 128 */
};

/* The networks that are allowed beyond the public ones. */
struct guard {
	struct guard_net *nets;
	size_t n;
};

/* "127.0.0.0/8", "fd00::/8", "10.1.2.3". 0 or -EINVAL; then *guard is empty. */
int guard_init(struct guard *guard, const char *const *nets, size_t n, struct error *error);
void guard_deinit(struct guard *guard);

/* The address in 16 bytes, IPv4 as ::ffff:a.b.c.d. False: it is of no such kind. */
bool guard_bytes(const struct sockaddr *address, uint8_t ret_bytes[16]);
/* NULL: allowed; else what kind of address it is: "a loopback address". */
const char *guard_refuses(const struct guard *guard, const struct sockaddr *address);
/* The same for the host of a URL as a proxy would get it: an address, in brackets or not, or
 * "localhost"; any other name is the proxy's to judge. */
const char *guard_refuses_host(const struct guard *guard, struct str host);
