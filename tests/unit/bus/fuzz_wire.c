/* Fuzzed ZMTP (ZeroMQ RFC 23, 26; versions 1 and 2 in between) for a running bus.
 *
 *   fuzz_wire SEED FIRST TARGET...        a TARGET: PORT,live|replay[,SERVER-KEY,PUBLIC,SECRET] (Z85)
 *   fuzz_wire SEED FIRST show COUNT TARGET...
 *   fuzz_wire SEED SECONDS flood BYTES TARGET    a CURVE target: parts of a message without end, each of
 *                                                so many bytes; says after how many ms it was cut, or -1
 *
 * A connection is made from SEED and its number alone: which target, what greeting, which frames, and
 * what is broken about them. The cases of a connection are its greeting, if it is not a good one, and
 * its frames. Told a COUNT on standard input it makes so many connections, beginning with number
 * FIRST, and says "done NEXT CASES"; `show` prints what they would send, under CURVE as it is before
 * it is encrypted. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

/* Connections that are open at a time: the bus reads one to its end while others begin. */
#define OPEN_MAX_HERE 64
#define FRAMES_MAX    48
#define SECRET_FRAMES 200
#define BYTES_MAX     40000
/* One in so many finishes a CURVE handshake, which costs some 2 ms on both sides. */
#define DEEP_ONE_IN 40

struct target {
	uint16_t port;
	bool live, curve;
	uint8_t server[32], public[32], secret[32];
};

struct out {
	uint8_t bytes[BYTES_MAX];
	size_t n, ends[SECRET_FRAMES + 2], n_cases;
	size_t n_hello; /* up to here, before the server is ready: libzmq takes no frame earlier */
};

static uint64_t state;

static uint64_t next(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t below(size_t n)
{
	return (size_t)(next() % n);
}

static void add(struct out *out, const void *p, size_t n)
{
	if (n > BYTES_MAX - out->n)
		n = BYTES_MAX - out->n;
	memcpy(out->bytes + out->n, p, n);
	out->n += n;
}

static void end_case(struct out *out)
{
	out->ends[out->n_cases++] = out->n;
}

/* ---- what a client says ---- */

static void add_frame(struct out *out, uint8_t flags, const void *body, size_t n)
{
	uint8_t head[9] = {flags};

	if (n < 256 && below(16)) {
		head[1] = (uint8_t)n;
		add(out, head, 2);
	} else {
		head[0] |= 2;
		for (int i = 0; i < 8; i++)
			head[1 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
		add(out, head, 9);
	}
	add(out, body, n);
}

static size_t random_bytes(uint8_t *p, size_t most)
{
	size_t n = below(most + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)next();
	return n;
}

/* From few letters, so that they share beginnings and are taken back as often as they are made. */
static size_t make_subscription(uint8_t *p)
{
	static const char *const roots[] = {"", "feed/", "theme/", "sys/heartbeat/", "a", "-", "z"};
	const char *root = roots[below(7)];
	size_t n = strlen(root), more = below(8) ? below(6) : below(300);

	p[0] = below(20) ? (uint8_t)below(2) : (uint8_t)next();
	memcpy(p + 1, root, n);
	for (size_t i = 0; i < more; i++)
		p[1 + n + i] = (uint8_t)(below(200) ? "abz-/"[below(5)] : (char)next());
	return 1 + n + more;
}

static size_t make_request(uint8_t *p)
{
	static const char *const requests[] = {"{\"v\":1,\"after\":\"oldest\"}",
		"{\"v\":1,\"after\":\"now\",\"max\":3,\"topics\":[\"feed/\",\"\"],\"wait\":1}",
		"{\"v\":1,\"after\":{\"time\":\"2017-05-12T15:04:05Z\"},\"id\":[{}]}", "{}", "[",
		"", "{\"v\":1,\"after\":\"k3x9.7\",\"wait\":60,\"max\":1000,\"topics\":[]}"};
	const char *request = requests[below(7)];
	size_t n = strlen(request);

	memcpy(p, request, n);
	for (size_t i = below(4); i && n; i--)
		p[below(n)] = (uint8_t)next();
	return n;
}

static size_t make_command(uint8_t *p, bool live)
{
	static const char *const names[] = {"\5READY", "\5ERROR", "\4PING", "\4PONG",
		"\11SUBSCRIBE", "\6CANCEL", "\5HELLO", "\7WELCOME", "\10INITIATE", "\7MESSAGE",
		"\0", "\377X"};
	static const char *const properties[] = {"\13Socket-Type\0\0\0\3SUB",
		"\13Socket-Type\0\0\0\6DEALER", "\10Identity\0\0\0\2me", "\10Identity\0\0\0\0",
		"\1X\377\377\377\377", "\11Socket-Type\0\0\0\3"};
	static const size_t sizes[] = {19, 22, 15, 13, 6, 14};
	const char *name = names[below(12)];
	size_t n = 1 + (name[0] > 0 ? (size_t)name[0] : 0);

	memcpy(p, name, n);
	if (below(2)) {
		for (size_t i = below(4); i; i--) {
			size_t k = below(6);
			memcpy(p + n, properties[k], sizes[k]);
			n += sizes[k];
		}
	} else if (live && below(2)) {
		n += make_subscription(p + n);
	} else {
		n += random_bytes(p + n, 40);
	}
	return n;
}

static size_t make_body(const struct target *target, uint8_t *flags, uint8_t body[2048])
{
	*flags = 0;
	switch (below(8)) {
	case 0:
		*flags = 4;
		return make_command(body, target->live);
	case 1:
		*flags = (uint8_t)(below(2) ? 1 : next() & 0xfd);
		return random_bytes(body, below(8) ? 20 : 1500);
	case 2:
		*flags = 1; /* an envelope, or a part of a message that goes on */
		return below(3) ? 0 : random_bytes(body, 8);
	default:
		return target->live ? make_subscription(body) : make_request(body);
	}
}

/* Breaks the bytes from `from` on. */
static void mutate(struct out *out, size_t from)
{
	size_t n = out->n - from;

	if (!n)
		return;
	switch (below(5)) {
	case 0:
		out->bytes[from + below(n)] ^= (uint8_t)(1 << below(8));
		break;
	case 1:
		out->bytes[from + below(n < 9 ? n : 9)] = (uint8_t)next(); /* flags and size */
		break;
	case 2:
		out->n -= below(n);
		break;
	case 3: {
		static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
		out->bytes[from + below(n)] = edges[below(5)];
		break;
	}
	default: {
		uint8_t noise[16];
		add(out, noise, random_bytes(noise, 16));
	}
	}
}

static void add_greeting(struct out *out, const struct target *target)
{
	static const uint8_t good[64] = {
		0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'N', 'U', 'L', 'L'};
	static const char *const mechanisms[] = {"NULL", "PLAIN", "CURVE", "GSSAPI", "", "NULL\1"};
	uint8_t greeting[64];

	memcpy(greeting, good, 64);
	if (target->curve)
		memcpy(greeting + 12, "CURVE", 5);
	if (below(4)) {
		add(out, greeting, 64);
		return;
	}
	switch (below(5)) {
	case 0: { /* ZMTP 1: no signature, the length of an identity */
		uint8_t old[3] = {(uint8_t)(1 + below(3)), 0, (uint8_t)next()};
		add(out, old, below(4) ? 2 : 3);
		break;
	}
	case 1: { /* ZMTP 2, and revisions that are none */
		greeting[10] = (uint8_t)below(4);
		greeting[11] = (uint8_t)below(12); /* the type of socket */
		add(out, greeting, 12);
		add(out, "\0", 2);
		break;
	}
	case 2:
		memset(greeting + 12, 0, 20);
		const char *mechanism = mechanisms[below(6)];
		memcpy(greeting + 12, mechanism, strlen(mechanism));
		greeting[32] = (uint8_t)below(2);
		add(out, greeting, 64);
		break;
	case 3:
		for (size_t i = 1 + below(4); i; i--)
			greeting[below(64)] = (uint8_t)next();
		add(out, greeting, 64);
		break;
	default:
		add(out, greeting, 64);
		mutate(out, 0);
	}
	end_case(out);
}

static void add_ready(struct out *out, const struct target *target)
{
	static const char *const types[] = {
		"\3SUB", "\6DEALER", "\3REQ", "\4XSUB", "\6ROUTER", "\3PUB"};
	const char *type = types[below(8) ? !target->live : below(6)];
	uint8_t body[64] = "\5READY\13Socket-Type\0\0";
	size_t n = 20;

	body[n++] = 0;
	memcpy(body + n, type, 1 + (size_t)type[0]);
	add_frame(out, 4, body, n + 1 + (size_t)type[0]);
}

static void make_connection(struct out *out, const struct target *target)
{
	uint8_t body[2048], flags;

	out->n = out->n_cases = 0;
	add_greeting(out, target);
	bool good = out->n == 64 && !out->n_cases;
	if (below(10))
		add_ready(out, target);
	out->n_hello = good && !target->curve && below(10) ? out->n : 0;
	for (size_t i = 1 + below(FRAMES_MAX); i; i--) {
		size_t from = out->n;
		size_t n = make_body(target, &flags, body);
		add_frame(out, flags, body, n);
		if (below(12) == 0)
			mutate(out, from);
		end_case(out);
	}
}

/* ---- CURVE to its end, with a good key ---- */

struct session {
	int fd;
	uint64_t nonce;
	uint8_t public[32], secret[32], server[32]; /* of this connection */
};

static bool send_all(int fd, const void *p, size_t n)
{
	return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool receive(int fd, void *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static void make_nonce(uint8_t nonce[24], const char *prefix, uint64_t counter)
{
	memcpy(nonce, prefix, 16);
	for (int i = 0; i < 8; i++)
		nonce[16 + i] = (uint8_t)(counter >> (56 - 8 * i));
}

static bool say_hello(struct session *s, const struct target *target)
{
	uint8_t hello[202] = {4, 200}, zeros[64] = {0}, nonce[24], welcome[170], inside[128];

	memcpy(hello + 2, "\5HELLO\1\0", 8);
	memcpy(hello + 82, s->public, 32);
	make_nonce(nonce, "CurveZMQHELLO---", ++s->nonce);
	memcpy(hello + 114, nonce + 16, 8);
	if (crypto_box_easy(hello + 122, zeros, 64, nonce, target->server, s->secret) < 0 ||
		!send_all(s->fd, hello, sizeof hello) || !receive(s->fd, welcome, sizeof welcome))
		return false;
	memcpy(nonce, "WELCOME-", 8);
	memcpy(nonce + 8, welcome + 10, 16);
	if (crypto_box_open_easy(inside, welcome + 26, 144, nonce, target->server, s->secret) < 0)
		return false;
	memcpy(s->server, inside, 32);
	uint8_t initiate[2 + 9 + 96 + 8 + 16 + 32 + 16 + 80 + 64] = {4}, plain[32 + 16 + 80 + 64],
							      vouch[64];
	struct out metadata = {.n = 0};
	add_ready(&metadata, target);
	size_t n_metadata = metadata.bytes[0] & 2 ? metadata.n - 9 : metadata.n - 2;
	const uint8_t *at = metadata.bytes + (metadata.n - n_metadata) + 6;
	n_metadata -= 6;
	memcpy(plain, target->public, 32);
	memcpy(nonce, "VOUCH---", 8);
	randombytes_buf(nonce + 8, 16);
	memcpy(plain + 32, nonce + 8, 16);
	memcpy(vouch, s->public, 32);
	memcpy(vouch + 32, target->server, 32);
	if (crypto_box_easy(plain + 48, vouch, 64, nonce, s->server, target->secret) < 0)
		return false;
	memcpy(plain + 128, at, n_metadata);
	if (below(8) == 0)
		plain[below(128 + n_metadata)] ^= 1;
	size_t n = 9 + 96 + 8 + 16 + 128 + n_metadata;
	initiate[0] = 6;
	uint8_t head[9] = {6, 0, 0, 0, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n};
	memcpy(initiate, "\10INITIATE", 9);
	memcpy(initiate + 9, inside + 32, 96);
	make_nonce(nonce, "CurveZMQINITIATE", ++s->nonce);
	memcpy(initiate + 105, nonce + 16, 8);
	if (crypto_box_easy(initiate + 113, plain, 128 + n_metadata, nonce, s->server, s->secret) <
		0)
		return false;
	return send_all(s->fd, head, 9) && send_all(s->fd, initiate, n);
}

static bool shake_hands(struct session *s, const struct target *target)
{
	uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
	uint8_t theirs[64], ready[2];

	crypto_box_keypair(s->public, s->secret);
	return send_all(s->fd, greeting, 64) && receive(s->fd, theirs, 64) &&
	       say_hello(s, target) && receive(s->fd, ready, 2);
}

static size_t talk_in_secret(struct session *s, const struct target *target)
{
	uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
	uint8_t theirs[64], ready[2], body[2049], nonce[24], message[2100];
	struct out out = {.n = 0};

	crypto_box_keypair(s->public, s->secret);
	if (!send_all(s->fd, greeting, 64) || !receive(s->fd, theirs, 64) ||
		!say_hello(s, target) || !receive(s->fd, ready, 2))
		return 0;
	for (size_t i = 1 + below(SECRET_FRAMES); i; i--) {
		uint8_t flags;
		size_t from = out.n, n = make_body(target, &flags, body + 1);
		if (n > 1800 || out.n + 2200 > BYTES_MAX)
			break;
		body[0] = (uint8_t)((flags & 1) | (flags & 4 ? 2 : 0));
		memcpy(message, "\7MESSAGE", 8);
		make_nonce(nonce, "CurveZMQMESSAGEC", ++s->nonce);
		memcpy(message + 8, nonce + 16, 8);
		if (crypto_box_easy(message + 16, body, n + 1, nonce, s->server, s->secret) < 0)
			break;
		add_frame(&out, below(200) ? 0 : (uint8_t)next(), message, 16 + 16 + n + 1);
		if (below(100) == 0)
			mutate(&out, from);
		end_case(&out);
	}
	return send_all(s->fd, out.bytes, out.n) ? out.n_cases : out.n_cases / 2;
}

/* ---- connections ---- */

static int connect_from(uint64_t number, const struct target *target)
{
	struct sockaddr_in source = {.sin_family = AF_INET,
		.sin_addr.s_addr =
			htonl(0x7f020001 + (uint32_t)(number / 250 % 200 * 256 + number % 250))};
	struct sockaddr_in server = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(target->port)};
	const struct timeval patience = {.tv_usec = 300000};
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0 ||
		connect(fd, (struct sockaddr *)&server, sizeof server) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void leave(int fd)
{
	const struct linger reset = {.l_onoff = 1};
	char bytes[4096];

	if (fd < 0)
		return;
	while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		continue;
	if (below(2))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
}

static void show(uint64_t number, const struct target *target, const struct out *out)
{
	printf("connection %llu to the %s %s:", (unsigned long long)number,
		target->curve ? "CURVE" : "plain", target->live ? "live" : "replay");
	for (size_t i = 0, k = 0; i < out->n; i++) {
		bool cut = k < out->n_cases && i == out->ends[k];
		k += cut;
		printf("%s%02x", cut ? " " : "", out->bytes[i]);
	}
	printf("\n");
}

static uint64_t seed;
static struct {
	int fd;
	struct out out;
} open_now[OPEN_MAX_HERE];

/* The rest of a connection, once the server has greeted and is ready. */
static void go_on(uint64_t number)
{
	int fd = open_now[number % OPEN_MAX_HERE].fd;
	const struct out *out = &open_now[number % OPEN_MAX_HERE].out;
	uint8_t theirs[92];

	if (fd >= 0 && out->n_hello && receive(fd, theirs, sizeof theirs))
		send_all(fd, out->bytes + out->n_hello, out->n - out->n_hello);
}

/* How many cases it was. */
static size_t run(uint64_t number, const struct target *targets, size_t n_targets, bool print)
{
	int *fd = &open_now[number % OPEN_MAX_HERE].fd;
	struct out *out = &open_now[number % OPEN_MAX_HERE].out;

	if (!print)
		leave(*fd);
	state = seed * UINT64_C(0x9e3779b97f4a7c15) ^ (number * UINT64_C(0xd1342543de82ef95));
	const struct target *target = &targets[below(n_targets)];
	bool deep = target->curve && below(DEEP_ONE_IN * n_targets / 4) == 0;
	out->n_hello = 0;
	if (!deep)
		make_connection(out, target);
	if (print && deep)
		printf("connection %llu finishes its handshake\n", (unsigned long long)number);
	else if (print)
		show(number, target, out);
	if (print)
		return 0;
	*fd = connect_from(number, target);
	size_t cases = *fd < 0 ? 0 : out->n_cases;
	if (*fd >= 0 && deep) {
		struct session session = {.fd = *fd};
		cases = talk_in_secret(&session, target);
	} else if (*fd >= 0) {
		send_all(*fd, out->bytes, out->n_hello ? out->n_hello : out->n);
	}
	if (number >= OPEN_MAX_HERE / 4)
		go_on(number - OPEN_MAX_HERE / 4);
	return cases;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Does the other side end it within this time (ms)? */
static bool is_ended(int fd, int ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char bytes[4096];

	while (poll(&poll_fd, 1, ms) > 0)
		if (recv(fd, bytes, sizeof bytes, 0) <= 0)
			return true;
	return false;
}

static int flood(const struct target *target, size_t bytes, int64_t seconds)
{
	struct session session = {.fd = connect_from(0, target)};
	uint8_t *message = calloc(1, 9 + 16 + 17 + bytes), *body = calloc(1, bytes + 1), nonce[24];
	size_t n = 16 + 16 + 1 + bytes;
	int64_t began = now_ms(), ended = -1;

	body[0] = 1;               /* more follows */
	body[1] = bytes > 1000000; /* as one message it is a subscription */
	while (session.fd >= 0 && !shake_hands(&session, target) && now_ms() < began + 10000) {
		close(session.fd); /* refused for coming too often */
		session = (struct session){.fd = connect_from(0, target)};
	}
	message[0] = 2;
	for (int i = 0; i < 8; i++)
		message[1 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
	memcpy(message + 9, "\7MESSAGE", 8);
	began = now_ms();
	while (ended < 0 && now_ms() < began + seconds * 1000) {
		make_nonce(nonce, "CurveZMQMESSAGEC", ++session.nonce);
		memcpy(message + 17, nonce + 16, 8);
		if (crypto_box_easy(message + 25, body, bytes + 1, nonce, session.server,
			    session.secret) < 0)
			break;
		if (!send_all(session.fd, message, 9 + n) || is_ended(session.fd, 0))
			ended = is_ended(session.fd, 1000) ? now_ms() - began : -1;
	}
	printf("%lld\n", (long long)ended);
	free(message);
	free(body);
	return 0;
}

static bool read_target(char *text, struct target *ret)
{
	char *part = strtok(text, ",");
	uint8_t *const keys[] = {ret->server, ret->public, ret->secret};

	ret->port = (uint16_t)strtoul(part ? part : "0", NULL, 10);
	part = strtok(NULL, ",");
	ret->live = part && !strcmp(part, "live");
	for (int i = 0; i < 3 && (part = strtok(NULL, ",")); i++) {
		ret->curve = true;
		if (!zmq_z85_decode(keys[i], part))
			return false;
	}
	return ret->port != 0;
}

int main(int argc, char **argv)
{
	struct target targets[8];
	size_t n = 0, count = 0;
	bool print = argc > 4 && (!strcmp(argv[3], "show") || !strcmp(argv[3], "flood"));
	char line[64];

	if (argc < 4 || sodium_init() < 0)
		return 64;
	seed = strtoull(argv[1], NULL, 10);
	uint64_t number = strtoull(argv[2], NULL, 10);
	for (size_t i = 0; i < OPEN_MAX_HERE; i++)
		open_now[i].fd = -1;
	memset(targets, 0, sizeof targets);
	for (int i = print ? 5 : 3; i < argc && n < 8; i++)
		if (!read_target(argv[i], &targets[n++]))
			return 64;
	if (print && !strcmp(argv[3], "flood"))
		return flood(&targets[0], strtoull(argv[4], NULL, 10), (int64_t)number);
	if (print) {
		for (count = strtoull(argv[4], NULL, 10); count; count--)
			run(number++, targets, n, true);
		return 0;
	}
	while (fgets(line, sizeof line, stdin)) {
		size_t cases = 0;
		for (count = strtoull(line, NULL, 10); count; count--)
			cases += run(number++, targets, n, false);
		printf("done %llu %zu\n", (unsigned long long)number, cases);
		fflush(stdout);
	}
	return 0;
}
