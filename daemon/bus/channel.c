#include "bus/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "model/bus-stats.h"

int channel_send(int fd, enum channel_type type, const void *payload, size_t n)
{
	uint32_t kind = type;
	struct iovec parts[] = {{&kind, sizeof kind}, {(void *)payload, n}};
	struct msghdr packet = {.msg_iov = parts, .msg_iovlen = n ? 2 : 1};

	if (n > CHANNEL_BYTES_MAX)
		return -EMSGSIZE;
	for (;;) {
		if (sendmsg(fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EINTR)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
}

/* How long the payload of each type is; SIZE_MAX: it varies. */
static size_t payload_size(enum channel_type type)
{
	switch (type) {
	case CHANNEL_HEAD:
		return sizeof(struct channel_head);
	case CHANNEL_PAUSE:
		return sizeof(int64_t);
	case CHANNEL_END:
	case CHANNEL_READY:
		return 0;
	case CHANNEL_STATS:
		return sizeof(struct bus_stats);
	case CHANNEL_CONFIG:
	case CHANNEL_CLIENTS:
	case CHANNEL_FAILED:
		break;
	}
	return SIZE_MAX;
}

int channel_receive(int fd, enum channel_type *ret_type, struct buf *ret_payload)
{
	uint32_t kind;
	ssize_t n;

	buf_clear(ret_payload);
	struct iovec parts[] = {{&kind, sizeof kind},
		{buf_room(ret_payload, CHANNEL_BYTES_MAX), CHANNEL_BYTES_MAX}};
	struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
	do
		n = recvmsg(fd, &packet, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
	if (!n)
		return -EPIPE;
	if ((size_t)n < sizeof kind || (packet.msg_flags & MSG_TRUNC) || kind > CHANNEL_FAILED)
		return -EPROTO;
	ret_payload->n = (size_t)n - sizeof kind;
	size_t want = payload_size((enum channel_type)kind);
	if (want != SIZE_MAX && ret_payload->n != want)
		return -EPROTO;
	*ret_type = (enum channel_type)kind;
	return 1;
}
