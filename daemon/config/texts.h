/* What the files of a configuration said, byte for byte, when it was taken. A reload reads a file
 * that is broken now from here, so that it "keeps its last good version" whatever the other files
 * have become. 100,000 feeds are some 15 MiB of text, so it is kept compressed, in a tenth of that; files
 * that have not changed share theirs with the configuration before. */
#pragma once

#include "base/buf.h"
#include "base/hash.h"
#include "base/map.h"

#include <stdatomic.h>

/* One file. Counted by reference: configurations are freed in another thread than they are made. */
struct config_text {
	atomic_uint refs;
	char *shown;      /* as problems name the file */
	struct hash hash; /* of the bytes, and their number */
	size_t n;
	void *packed;
	size_t n_packed;
	struct standing *standing; /* NULL: not known; see standing.h */
};

struct config_text *config_text_new(const char *shown, struct str bytes);
/* Are these its bytes? */
bool config_text_is(const struct config_text *text, struct str bytes);
/* Appends its bytes. */
void config_text_unpack(const struct config_text *text, struct buf *ret);
/* The same file, of which is not known what stands. */
struct config_text *config_text_copy(const struct config_text *text);
struct config_text *config_text_ref(struct config_text *text);
struct config_text *config_text_unref(struct config_text *text);

/* In the order of reading; one reference each. */
struct config_texts {
	struct config_text **items;
	size_t n, cap;
	struct map by_name;
};

void config_texts_init(struct config_texts *texts);
void config_texts_deinit(struct config_texts *texts);
/* Takes the reference over. */
void config_texts_add(struct config_texts *texts, struct config_text *text);
/* NULL: there is no such file. `texts` may be NULL. Its index in *ret_index (may be NULL). */
struct config_text *config_texts_find(
	const struct config_texts *texts, const char *shown, size_t *ret_index);
