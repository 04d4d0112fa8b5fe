/* The texts of the wire protocol, version 1: the header line of live messages, cursors, topics.
 *
 * Everything here is pure: no function allocates, keeps a pointer or touches a global, so all may
 * be called from any thread. Texts come as pointer and length and need not end in NUL. */
#ifndef CIVICWIRE_WIRE_H
#define CIVICWIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An epoch's name: 1–16 of [a-z0-9]; with the NUL. */
#define CW_EPOCH_SIZE 17
/* The longest header line, "CW1 <16> <20> <20> <20>", with a NUL. */
#define CW_HEADER_SIZE 84
/* The longest cursor, "<16>.<20>", with a NUL. */
#define CW_CURSOR_SIZE 38
/* A topic is at most this long, in bytes (libzmq 4.3.4 never delivers for subscriptions of 246–255);
 * each id in it is 1–40 bytes. */
#define CW_TOPIC_MAX 200
#define CW_ID_MAX    40
/* Where heartbeats come. */
#define CW_HEARTBEAT_TOPIC "sys/heartbeat/"

/* The second frame of a live message. */
struct cw_header {
	char epoch[CW_EPOCH_SIZE]; /* the journal's present life; another one: data was lost */
	uint64_t seq;              /* the event's sequence; of a heartbeat: the head */
	uint64_t prev;             /* the event before in the same topic; 0: none */
	int64_t time_us;           /* when it was journaled, microseconds since 1970 UTC */
};

/* Reads a header line. 0; -EINVAL: not one, or of another version (*ret_header is unchanged).
 * Numbers are decimal without sign or leading zeros, fields separated by one blank. */
int cw_header_parse(const char *line, size_t n, struct cw_header *ret_header);
/* Writes the line with a NUL and returns its length; 0: the epoch or the time cannot be written
 * (out is "" then). */
size_t cw_header_format(const struct cw_header *header, char out[CW_HEADER_SIZE]);

/* A place in the journal: everything up to and including seq is behind it. Clients should treat the
 * text as opaque; these are for those who must look. */
struct cw_cursor {
	char epoch[CW_EPOCH_SIZE];
	uint64_t seq;
};

/* Reads "<epoch>.<seq>". 0; -EINVAL: not a cursor (*ret_cursor is unchanged). */
int cw_cursor_parse(const char *text, size_t n, struct cw_cursor *ret_cursor);
/* Writes the text with a NUL and returns its length; 0: the epoch cannot be written. */
size_t cw_cursor_format(const struct cw_cursor *cursor, char out[CW_CURSOR_SIZE]);

/* Is this a whole topic, "view/…/": at least two ids of [a-z0-9-], each with a slash behind it?
 * 1 or 0. */
int cw_topic_is_valid(const char *topic, size_t n);
/* Could a topic begin like this? 1 or 0; the empty prefix, which is everything, gives 1. What gives
 * 0 would never match, so it is refused instead of waiting for ever. */
int cw_prefix_is_valid(const char *prefix, size_t n);

#ifdef __cplusplus
}
#endif

#endif
