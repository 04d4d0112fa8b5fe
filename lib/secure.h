/* CURVE on a client's socket. */
#ifndef LIB_SECURE_H
#define LIB_SECURE_H

#include <civicwire/key.h>

/* Before it connects. A key has all three parts; NULL leaves the socket as it is. 0 or -errno:
 * -ENOTSUP where this libzmq has no CURVE. */
int secure_socket(void *socket, const struct cw_key *key);

#endif
