/* One poll over HTTP.
 *
 * Redirects are followed here, not by libcurl: each hop is judged before anything is sent to it
 * (scheme, count, and behind a proxy literal addresses, which no socket of ours would ever show),
 * secrets go to the feed's own origin alone, and whether all hops were permanent is known.
 *
 * An easy handle is made once, with all options that every request shares, and then used for one
 * poll after another; transfer_aim() sets each of the others every time. A handle that has seen a
 * secret or a proxy is not used again, so nothing of one feed can be left over for the next. */
#include "fetch/transfer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "fetch/secret.h"
#include "fetch/words.h"
#include "schedule/host.h"

/* A feed that has not changed for a week is asked once a week for the whole, lest a stuck ETag hide
 * it for ever. */
#define FULL_GET_EVERY_US (7 * DAY_US)
/* Nobody reads the page that comes with an error or a redirect. To its end it is taken for the
 * connection's sake, but a longer one costs more than a new connection, above all if packed. */
#define UNREAD_MAX (64 * 1024)

const struct fetch_limits fetch_limits_default = {
	.connect_ms = 10000, /* three SYNs (1 + 2 + 4 s) and a TLS handshake */
	.total_ms = 60000, /* 16 MiB at 2.2 Mbit/s; slower servers of small feeds are well within */
	.low_speed_bytes = 100,
	.low_speed_s = 20,
	.wire = 16 * 1024 *
		1024, /* the largest feeds seen are 8 MB, podcasts with all their years */
	.decoded = 64 * 1024 * 1024, /* four times that: text packs 4:1 and better */
	.headers = 64 * 1024,        /* nginx and Apache send 8 KiB at most */
	.ratio = 200,              /* feeds pack 5–20:1, the most repetitive 60:1; bombs 1000:1 */
	.ratio_from = 1024 * 1024, /* a small body may pack well by chance and harms nobody */
	.redirects = 5,
	.resolving = 32, /* the resolver takes a thread for each */
	/* A server that moves is found at its new address within a minute, half of it for each of
	 * the two. getaddrinfo() does not tell the DNS record's TTL; the machine's resolver, which
	 * keeps to it, is asked again after this time. A connection in use all the time would stay
	 * with the old address for ever; resumed TLS makes the next one cheap. */
	.address_s = 30,
	.connection_s = 30,
	/* Four times as many: a name that hangs does so for 10 s, 2 of them as one of the 32. */
	.resolving_slow = 128,
	.ca_file = NULL,
};

struct transfer *transfer_new(
	struct reply *reply, struct transfer_desk *desk, const struct fetch_limits *limits)
{
	struct transfer *t = mem_zalloc(1, sizeof *t);

	t->reply = reply;
	t->desk = desk;
	t->limits = limits;
	t->permanent = true;
	list_init(&t->link);
	response_init(&t->response);
	return t;
}

void transfer_resolved(struct transfer *t)
{
	if (t->resolving)
		t->desk->resolving.busy[t->lane]--;
	t->resolving = false;
}

/* "https://host:port"; STR_NONE: over plain HTTP nothing can be shared. */
static struct str origin_of(const char *url)
{
	struct str s = str_of(url), authority = host_authority(s);

	if (!str_istarts(s, STR("https://")))
		return STR_NONE;
	return str_head(s, (size_t)(authority.p + authority.n - s.p));
}

bool transfer_follows(struct transfer *t)
{
	struct str origin = origin_of(t->reply->url);

	if (t->private || t->led || !origin.n)
		return false;
	struct transfer *leader = map_add(&t->pool->connecting, origin, t);
	if (!leader) {
		t->leads = origin;
		return false;
	}
	t->leader = leader;
	list_remove(&t->link);
	list_append(&t->desk->following, &t->link);
	return true;
}

void transfer_led(struct transfer *t)
{
	struct list *link = t->desk->following.next;

	if (!t->leads.n)
		return;
	map_take(&t->pool->connecting, t->leads);
	t->leads = STR_NONE;
	while (link != &t->desk->following) {
		struct transfer *other = container_of(link, struct transfer, link);
		link = link->next;
		if (other->leader != t)
			continue;
		other->leader = NULL;
		other->led = true;
		list_remove(&other->link);
		list_append(&t->desk->waiting[other->lane], &other->link);
	}
}

struct transfer *transfer_free(struct transfer *t)
{
	if (!t)
		return NULL;
	transfer_resolved(t);
	transfer_led(t);
	list_remove(&t->link);
	for (size_t i = 0; i < sizeof t->conditions / sizeof *t->conditions; i++)
		free(t->conditions[i].data);
	response_deinit(&t->response);
	if (t->form) /* it may have a secret in it */
		explicit_bzero(t->form, strlen(t->form));
	free(t->form);
	reply_free(t->reply);
	free(t);
	return NULL;
}

/* ---- libcurl's callbacks ---- */

/* Header and body callbacks stop a transfer by taking less than they were given. */
static size_t stop(struct transfer *t, enum transfer_stop why)
{
	t->stop = why;
	return 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *userp)
{
	struct transfer *t = userp;

	(void)size; /* always 1 */
	response_line(&t->response, str_make(p, n));
	if ((int64_t)t->response.bytes > t->limits->headers)
		return stop(t, STOP_HEADERS);
	return n;
}

static size_t on_body(char *p, size_t size, size_t n, void *userp)
{
	struct transfer *t = userp;
	struct reply *reply = t->reply;
	int64_t max = reply->feed->max_body > 0 ? reply->feed->max_body : t->limits->decoded;
	int64_t total = (int64_t)(reply->body.n + n);
	curl_off_t wire = 0;

	(void)size;
	if (!transfer_has_body(t)) {
		t->unread += n;
		return t->unread > UNREAD_MAX ? stop(t, STOP_ENOUGH) : n;
	}
	if (total > max)
		return stop(t, STOP_DECODED);
	if (total > t->limits->ratio_from) {
		curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
		/* What is being unpacked may not be counted yet: one receive buffer more. */
		if (total / t->limits->ratio > wire + CURL_MAX_WRITE_SIZE)
			return stop(t, STOP_RATIO);
	}
	t->spool_error = body_append(&reply->body, p, n);
	if (t->spool_error < 0)
		return stop(t, STOP_SPOOL);
	hash_mixer_add(&t->hash, p, n);
	return n;
}

/* A feed that is allowed more than the common limit may send it unpacked. */
static int64_t wire_max(const struct transfer *t)
{
	int64_t max_body = t->reply->feed->max_body;

	return max_body > t->limits->wire ? max_body : t->limits->wire;
}

/* Called whenever bytes have come in, also those of bodies that nobody reads. */
static int on_progress(
	void *userp, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct transfer *t = userp;

	(void)total;
	(void)up_total;
	(void)up_now;
	if (now <= wire_max(t))
		return 0;
	t->stop = STOP_WIRE;
	return 1;
}

static bool is_out_of_resources(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

/* A proxy has bounds of its own; and a redirect within a host is a part of what was asked for. */
static bool passes_gate(struct transfer *t, const struct sockaddr *address)
{
	struct transfer_gate *gate = &t->desk->gate;
	uint8_t bytes[16];

	if (!gate->meets || t->at_once || t->reply->feed->access.proxy ||
		!guard_bytes(address, bytes) || gate->meets(gate, t->reply->feed, bytes))
		return true;
	t->turned_away = true;
	memcpy(t->full, bytes, sizeof bytes);
	return false;
}

static curl_socket_t on_open_socket(
	void *userp, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = userp;

	(void)purpose;
	transfer_resolved(t);
	/* A proxy's own address is the operator's word. */
	const char *refused = t->reply->feed->access.proxy
				      ? NULL
				      : guard_refuses(&t->pool->guard, &address->addr);
	if (refused) {
		t->refused = refused;
		if (address->addrlen <= sizeof t->refused_peer)
			memcpy(&t->refused_peer, &address->addr, address->addrlen);
		return CURL_SOCKET_BAD;
	}
	if (!passes_gate(t, &address->addr))
		return CURL_SOCKET_BAD;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		address->protocol);
	if (fd < 0) {
		if (is_out_of_resources(errno))
			t->socket_error = errno;
		return CURL_SOCKET_BAD;
	}
	if (address->addrlen <= sizeof t->peer)
		memcpy(&t->peer, &address->addr, address->addrlen);
	pool_opened(t->pool, fd);
	return fd;
}

/* The connection stands, new or reused, and the request goes out: no name is being looked up. */
static int on_request(void *userp, char *peer, char *local, int peer_port, int local_port)
{
	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	transfer_resolved(userp);
	transfer_led(userp);
	return CURL_PREREQFUNC_OK;
}

/* ---- asking ---- */

CURL *transfer_easy_new(const struct transfer_desk *desk, const struct fetch_limits *limits)
{
	CURL *e = curl_easy_init();

	if (!e)
		return NULL;
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Without it, ending a transfer whose name is still being looked up waits for the thread
	 * that does it, and the whole loop with it. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
	/* TLS 1.0 and 1.1 are broken (RFC 8996); what OpenSSL is set up to take is the system's word. */
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* Debian's default directory makes libcurl read all authorities again for each handshake:
	 * 43 ms of CPU in place of 1.5. */
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	if (limits->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, limits->ca_file);
	curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, limits->address_s);
	curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, limits->connection_s);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, limits->connect_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, limits->low_speed_bytes);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, limits->low_speed_s);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, pool_close_socket);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
	if (desk->trace)
		curl_easy_setopt(e, CURLOPT_CERTINFO, 1L);
	return e;
}

/* Is this the weekly moment at which this feed is asked for the whole? Each feed has its own, by
 * its id, so that they do not all come together; no state is needed to know that it has passed. */
static bool wants_whole(const struct feed *feed, const struct feed_state *state, int64_t now_us)
{
	struct hash hash;
	uint32_t phase;

	if (now_us - state->last_change_us < FULL_GET_EVERY_US)
		return false;
	hash = hash_of(str_of(feed->id ? feed->id : feed->url));
	memcpy(&phase, hash.b, sizeof phase);
	int64_t offset = (int64_t)phase * 1000 % FULL_GET_EVERY_US;
	return (now_us + offset) / FULL_GET_EVERY_US !=
	       (state->last_success_us + offset) / FULL_GET_EVERY_US;
}

/* Forgets validators that are not to be sent: whoever settles the reply then knows that it answers
 * an unconditional request. */
static void choose_validators(struct transfer *t)
{
	struct feed_state *state = &t->reply->state;
	const struct feed *feed = t->reply->feed;
	bool known = state->url && !strcmp(state->url, feed->url);

	if (known && !wants_whole(feed, state, t->reply->started_us))
		return;
	t->reply->forgot = state->etag || state->last_modified;
	free(state->etag);
	free(state->last_modified);
	state->etag = state->last_modified = NULL;
}

/* Puts "name: value" before the rest, if there is a value. `line` keeps it. */
static struct curl_slist *condition(
	struct curl_slist *line, struct str name, const char *value, struct curl_slist *rest)
{
	struct str v = str_of(value);

	free(line->data);
	line->data = NULL;
	if (!v.n || !validator_is_sound(v))
		return rest;
	line->data = mem_alloc(name.n + v.n + 1);
	memcpy(line->data, name.p, name.n);
	memcpy(line->data + name.n, v.p, v.n + 1);
	line->next = rest;
	return line;
}

/* Returns -1. */
static int refuse(struct transfer *t, enum fault fault, char *sentence)
{
	reply_fail(t->reply, fault, sentence);
	return -1;
}

static char *url_part(const char *url, CURLUPart part, unsigned flags)
{
	CURLU *u = curl_url();
	char *text = NULL, *copy = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) &&
		!curl_url_get(u, part, &text, flags))
		copy = mem_strdup(text);
	curl_free(text);
	curl_url_cleanup(u);
	return copy;
}

static bool same_origin(const char *a, const char *b)
{
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	bool same = true;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		cleanup(free_p) char *x = url_part(a, parts[i], CURLU_DEFAULT_PORT);
		cleanup(free_p) char *y = url_part(b, parts[i], CURLU_DEFAULT_PORT);
		same = same && x && y && str_ieq(str_of(x), str_of(y));
	}
	return same;
}

static int aim_secrets(struct transfer *t, CURL *easy, const char *url)
{
	const struct feed_access *access = &t->reply->feed->access;
	struct error error = {0};

	if (access->proxy) {
		cleanup(free_p) char *host = url_part(url, CURLUPART_HOST, CURLU_PUNYCODE);
		const char *kind = host ? guard_refuses_host(&t->pool->guard, str_of(host)) : NULL;
		if (kind)
			return refuse(t, FAULT_ADDRESS_REFUSED,
				mem_printf("%s is %s; allow_net does not name it", host, kind));
	}
	if (access->proxy) /* which hears no header of ours but this one */
		curl_easy_setopt(easy, CURLOPT_USERAGENT, t->desk->user_agent);
	/* Empty, not NULL: the environment has no say in whom we ask. */
	curl_easy_setopt(easy, CURLOPT_PROXY, access->proxy ? access->proxy : "");
	if (access->auth == FEED_AUTH_NONE || t->form)
		return 0;
	if (!same_origin(url, t->reply->feed->url)) {
		secret_withdraw(easy);
		return 0;
	}
	int r = secret_apply(easy, access, &error);
	return r < 0 ? refuse(t, FAULT_LOCAL, mem_strdup(error.text)) : 0;
}

/* A password in a URL would go into logs and events; libcurl would send one that a redirect made
 * up. */
static bool has_user(const char *url)
{
	struct str authority = host_authority(str_of(url));

	return str_chr(authority, '@') < authority.n;
}

/* May this URL be asked at all? */
static int judge_url(struct transfer *t, const char *url)
{
	struct str scheme = str_head(str_of(url), str_chr(str_of(url), ':'));

	if (!str_is_i(scheme, "http") && !str_is_i(scheme, "https"))
		return refuse(t, FAULT_SCHEME_REFUSED,
			mem_printf("%s leads to %s, which is neither http nor https",
				t->reply->feed->url, url));
	if (has_user(url)) {
		char host[WORDS_HOST_MAX];
		words_host(url, host);
		return refuse(t, FAULT_URL_REFUSED,
			mem_printf(
				"the URL at %s has a user name in it; `auth` is its place", host));
	}
	return 0;
}

bool transfer_leaves_host(struct transfer *t, const char *next)
{
	cleanup(buf_deinit) struct buf from = BUF_INIT, to = BUF_INIT;

	host_of_url(&from, str_of(t->reply->url));
	host_of_url(&to, str_of(next));
	return !str_eq(buf_view(&from), buf_view(&to)) && judge_url(t, next) == 0;
}

struct hop transfer_hop(const struct transfer *t, char *next)
{
	return (struct hop){.url = next,
		.number = t->hops,
		.permanent = t->permanent,
		.started_us = t->reply->started_us,
		.spent_us = clock_monotonic_us() - t->began_us};
}

int transfer_aim(struct transfer *t, CURL *easy, const char *url)
{
	struct reply *reply = t->reply;

	if (reply->url != url) {
		free(reply->url);
		reply->url = mem_strdup(url);
	}
	if (judge_url(t, url) < 0)
		return -1;
	if (!t->began_us) {
		t->began_us = clock_monotonic_us() - t->spent_us;
		if (!t->form)
			choose_validators(t);
	}
	int64_t left_ms = t->limits->total_ms - (clock_monotonic_us() - t->began_us) / MSEC_US;
	if (aim_secrets(t, easy, url) < 0)
		return -1;
	if (!t->private) /* such a handle is not used again: what it keeps goes with it */
		curl_easy_setopt(
			easy, CURLOPT_SHARE, sessions_for(&t->pool->sessions, str_of(url)));
	struct curl_slist *headers = condition(&t->conditions[0], STR("If-Modified-Since: "),
		reply->state.last_modified, t->desk->headers);
	headers = condition(&t->conditions[1], STR("If-None-Match: "), reply->state.etag, headers);
	response_deinit(&t->response);
	t->response.bytes = 0;
	hash_mixer_begin(&t->hash);
	*t->curl_error = '\0';
	t->stop = STOP_NONE;
	t->unread = 0;
	t->peer.ss_family = AF_UNSPEC;
	t->refused = NULL;
	t->turned_away = false;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	if (t->form) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(t->form));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->form);
	}
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
	/* Stops at once what announces too much; on_progress() and on_body() stop the rest. */
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)wire_max(t));
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t->pool);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_error);
	t->easy = easy;
	t->resolving = true;
	t->desk->resolving.busy[t->lane]++;
	return 0;
}
