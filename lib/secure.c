#include "secure.h"

#include <errno.h>
#include <zmq.h>

int secure_socket(void *socket, const struct cw_key *key)
{
	const struct {
		int option;
		const char *text;
	} options[] = {{ZMQ_CURVE_SERVERKEY, key ? key->server_key : NULL},
		{ZMQ_CURVE_PUBLICKEY, key ? key->public_key : NULL},
		{ZMQ_CURVE_SECRETKEY, key ? key->secret_key : NULL}};

	if (!key)
		return 0;
	if (!zmq_has("curve"))
		return -ENOTSUP;
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (zmq_setsockopt(socket, options[i].option, options[i].text, CW_KEY_SIZE) < 0)
			return -zmq_errno();
	return 0;
}
