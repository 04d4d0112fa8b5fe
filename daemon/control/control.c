/* The control socket and the status port, both served by libmicrohttpd's own threads.
 *
 * Who may talk: on the socket, root, the daemon's own user and members of its group, by peer
 * credentials (and by the socket's mode, 0660); on the status port, whoever reaches that address,
 * which config/ holds to loopback. */
#include "control/control.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/address.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/pulse.h"
#include "control/render.h"
#include "control/routes.h"

/* Askers are a person's CLI and a scraper or two; more at a time is a mistake. */
#define CONTROL_CONNECTIONS 32
/* An asker that is silent for this long is gone. */
#define CONTROL_TIMEOUT_S 10
#define CONTROL_BACKLOG   16

struct control {
	struct control_source *source;
	struct MHD_Daemon *socket_daemon, *status_daemon;
	char *path;
	struct pulse socket, status; /* of the two threads */
};

/* Is our group one of the peer's others? */
static bool peer_has_our_group(int fd)
{
	socklen_t n = 0;

	/* The first call says how much there is. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &n) == 0 || errno != ERANGE)
		return false;
	cleanup(free_p) gid_t *groups = mem_alloc(n);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) < 0)
		return false;
	for (size_t i = 0; i < n / sizeof *groups; i++)
		if (groups[i] == getegid())
			return true;
	return false;
}

/* Root and our own user always; members of our group, whom the socket's mode lets in; never the
 * world, even if someone changed the mode. */
static bool peer_is_allowed(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t n = sizeof peer;

	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid() ||
	       peer_has_our_group(info->connect_fd);
}

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status,
	const struct content *content, struct buf *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body->n, body->p ? body->p : (void *)(intptr_t) "", MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", content->type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (content->policy) {
		MHD_add_response_header(response, "Content-Security-Policy", content->policy);
		MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	}
	enum MHD_Result r = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result answer(struct control *control, struct MHD_Connection *connection,
	const char *path, const char *method, bool is_socket)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	const struct route *route = route_find(method, path);
	const struct content *content = &content_json;
	struct pulse *pulse = is_socket ? &control->socket : &control->status;
	unsigned status = MHD_HTTP_NOT_FOUND;

	if (!route || !route->waits)
		pulse_begin(pulse);
	if (is_socket && !peer_is_allowed(connection)) {
		buf_lit(&out, "{\"error\":\"not for this user\"}\n");
		status = MHD_HTTP_FORBIDDEN;
	} else if (route && (is_socket || !route->socket_only)) {
		content = route->content;
		status = route->handle(control->source, connection, &out);
	} else {
		buf_lit(&out, "{\"error\":\"nothing here\"}\n");
	}
	enum MHD_Result r = respond(connection, status, content, &out);
	pulse_end(pulse);
	return r;
}

/* libmicrohttpd calls these first for the head, then for the body, then with none left. */
static enum MHD_Result on_socket_request(void *cls, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *data, size_t *size,
	void **context)
{
	(void)version;
	(void)data;
	if (!*context) {
		*context = cls;
		return MHD_YES;
	}
	if (*size) { /* we take no bodies: swallow it */
		*size = 0;
		return MHD_YES;
	}
	return answer(cls, connection, path, method, true);
}

static enum MHD_Result on_status_request(void *cls, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *data, size_t *size,
	void **context)
{
	(void)version;
	(void)data;
	(void)size;
	(void)context;
	return answer(cls, connection, path, method, false);
}

/* A socket file that nobody listens on is a leftover of a crash; one that takes or would take (EAGAIN:
 * its backlog is full) a connection is a daemon; anything else is somebody's file. */
static int clear_leftover(const struct sockaddr_un *address, struct error *error)
{
	cleanup(close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return error_errno(error, errno, "control socket %s", address->sun_path);
	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : error_errno(error, errno, "control socket %s", address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN)
		return error_set(
			error, EADDRINUSE, "another civicwired answers on %s", address->sun_path);
	if (errno != ECONNREFUSED)
		return error_errno(error, errno, "control socket %s", address->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(error, EEXIST, "%s is there and is no socket", address->sun_path);
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return error_errno(error, errno, "cannot replace %s", address->sun_path);
	return 0;
}

static int open_socket(const char *path, int *ret_fd, struct error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup(close_p) int fd = -1;

	if (strlen(path) >= sizeof address.sun_path)
		return error_set(error, ENAMETOOLONG,
			"control socket %s: a socket's path has at most %zu bytes", path,
			sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path));
	int r = clear_leftover(&address, error);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(error, errno, "control socket %s", path);
	/* Nobody may connect before the mode is right. */
	mode_t before = umask(0117);
	r = bind(fd, (const struct sockaddr *)&address, sizeof address);
	int e = errno;
	umask(before);
	if (r < 0 || listen(fd, CONTROL_BACKLOG) < 0)
		return error_errno(error, r < 0 ? e : errno, "control socket %s", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int start_socket(struct control *control, const char *path, struct error *error)
{
	int fd = -1, r = open_socket(path, &fd, error);

	if (r < 0)
		return r;
	control->path = mem_strdup(path);
	control->socket_daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0,
		NULL, NULL, on_socket_request, control, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONTROL_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		CONTROL_TIMEOUT_S, MHD_OPTION_END);
	if (!control->socket_daemon) {
		close(fd);
		return error_set(error, EIO, "control socket %s cannot be served", path);
	}
	return 0;
}

static int start_status(struct control *control, const char *bind_text, struct error *error)
{
	struct sockaddr_storage address;
	int r = address_read(bind_text, &address, error);

	if (r < 0)
		return r;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	control->status_daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_status_request, control,
		MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, CONTROL_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, CONTROL_TIMEOUT_S, MHD_OPTION_END);
	if (!control->status_daemon)
		return error_errno(error, errno ? errno : EADDRINUSE,
			"status port %s cannot be opened", bind_text);
	return 0;
}

int control_start(struct control **ret, const struct control_settings *settings,
	struct control_source *source, struct error *error)
{
	struct control *control = mem_zalloc(1, sizeof *control);

	control->source = source;
	int r = start_socket(control, settings->socket, error);
	if (r == 0 && settings->status_bind)
		r = start_status(control, settings->status_bind, error);
	if (r < 0) {
		control_stop(control);
		return r;
	}
	*ret = control;
	return 0;
}

bool control_is_stuck(const struct control *control, int64_t now_us, int64_t limit_us)
{
	return pulse_is_stuck(&control->socket, now_us, limit_us) ||
	       pulse_is_stuck(&control->status, now_us, limit_us);
}

struct control *control_stop(struct control *control)
{
	if (!control)
		return NULL;
	/* A thread that waits for the loop could not end: the loop is here, waiting for it. */
	if (control->source->end)
		control->source->end(control->source);
	if (control->status_daemon)
		MHD_stop_daemon(control->status_daemon);
	if (control->socket_daemon)
		MHD_stop_daemon(control->socket_daemon);
	if (control->path)
		unlink(control->path);
	free(control->path);
	free(control);
	return NULL;
}
