#include "frame.h"

#include <errno.h>

int frame_receive(void *socket, zmq_msg_t *frame)
{
	int r;

	do
		r = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
	while (r < 0 && zmq_errno() == EINTR);
	return r < 0 ? -zmq_errno() : 0;
}

int frame_send(void *socket, const void *p, size_t n, bool more)
{
	int r, flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);

	do
		r = zmq_send(socket, p, n, flags);
	while (r < 0 && zmq_errno() == EINTR);
	return r < 0 ? -zmq_errno() : 0;
}
