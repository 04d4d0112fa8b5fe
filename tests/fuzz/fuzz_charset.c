/* Any bytes as text, under any label: what comes out is valid UTF-8, the same after a rewind and from a
 * file. And text in six encodings, said to be so: what comes out is the text. The first byte chooses. */
#include "fuzz.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parse/format.h"

static void expect(bool holds, const char *property, struct str text)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_charset: %s: %.*s\n", property, STR_FMT(text));
	abort();
}

/* All pieces from here to the end; none of them is empty. False: a body cannot be read as this. */
static bool drain(struct charset *charset, struct buf *out)
{
	struct str piece;

	for (;;) {
		int r = charset_next(charset, &piece);
		expect(r == 0, "reading failed", STR(""));
		if (!piece.n)
			return true;
		expect(utf8_is_valid(piece), "not UTF-8", piece);
		buf_str(out, piece);
	}
}

static void read_body(const struct body *body, struct str type, struct buf *out)
{
	struct charset *charset = mem_zalloc(1, sizeof *charset);
	struct buf again = BUF_INIT;

	if (charset_open(charset, body, type) == 0) {
		drain(charset, out);
		charset_rewind(charset);
		drain(charset, &again);
		expect(str_eq(buf_view(out), buf_view(&again)), "not the same after a rewind",
			buf_view(&again));
	}
	charset_close(charset);
	free(charset);
	buf_deinit(&again);
}

/* From memory and from a file alike. */
static void read_bytes(struct str bytes, struct str type, struct buf *out)
{
	struct body memory = BODY_INIT, file = BODY_INIT;
	struct buf other = BUF_INIT;
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (body_open(&file, path, bytes.n) < 0 || body_append(&memory, bytes.p, bytes.n) < 0)
		abort();
	close(fd);
	read_body(&memory, type, out);
	read_body(&file, type, &other);
	expect(str_eq(buf_view(out), buf_view(&other)), "a file reads otherwise", buf_view(&other));
	body_deinit(&memory);
	body_deinit(&file);
	buf_deinit(&other);
}

static const struct encoding {
	const char *iconv, *label, *mark;
	bool ascii; /* its bytes may look like UTF-8 by chance */
} encodings[] = {
	{"UTF-8", "utf-8", "\xEF\xBB\xBF", false},
	{"UTF-16LE", "utf-16", "\xFF\xFE", false},
	{"UTF-16BE", "utf-16", "\xFE\xFF", false},
	{"CP1252", "iso-8859-1", "", true},
	{"GB18030", "gb2312", "", true},
	{"CP932", "shift_jis", "", true},
};

/* False: the text cannot be written so. */
static bool encode(struct buf *out, struct str text, const struct encoding *encoding)
{
	iconv_t cd = iconv_open(encoding->iconv, "UTF-8");
	char *from = (char *)(uintptr_t)text.p, piece[4096];
	size_t left = text.n;

	expect(cd != (iconv_t)-1, "no such encoding", str_of(encoding->iconv));
	buf_str(out, str_of(encoding->mark));
	while (left) {
		char *to = piece;
		size_t room = sizeof piece;
		size_t r = iconv(cd, &from, &left, &to, &room);
		buf_add(out, piece, sizeof piece - room);
		if (r == (size_t)-1 && errno != E2BIG)
			break;
		if (r != (size_t)-1 && r > 0) { /* something was written as something like it */
			left = 1;
			break;
		}
	}
	iconv_close(cd);
	return !left;
}

static bool has_utf8(struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		size_t length;
		struct str rest = str_skip(bytes, i);
		if ((unsigned char)bytes.p[i] >= 0xC2 && utf8_valid_prefix(str_head(rest, 4)) > 1 &&
			(utf8_decode(rest, &length), length > 1))
			return true;
	}
	return false;
}

/* Whatever bytes, as text that all of these can carry: no controls, and letters around it. */
static void text_of(struct buf *out, struct str bytes)
{
	buf_lit(out, "<a>");
	while (bytes.n) {
		size_t n = utf8_valid_prefix(bytes);
		for (size_t i = 0; i < n; i++)
			buf_char(out, (unsigned char)bytes.p[i] < ' ' || bytes.p[i] == 0x7F
					      ? ' '
					      : bytes.p[i]);
		bytes = str_skip(bytes, n < bytes.n ? n + 1 : n);
	}
	/* The end could be a character of UTF-8 that was cut. */
	buf_lit(out, "</a>");
}

static void check_round_trip(struct str bytes, const struct encoding *encoding)
{
	struct buf text = BUF_INIT, encoded = BUF_INIT, read = BUF_INIT, type = BUF_INIT;

	text_of(&text, bytes);
	buf_printf(&type, "application/xml; charset=%s", encoding->label);
	if (encode(&encoded, buf_view(&text), encoding) &&
		!(encoding->ascii && has_utf8(buf_view(&encoded)))) {
		read_bytes(buf_view(&encoded), buf_view(&type), &read);
		expect(str_eq(buf_view(&text), buf_view(&read)), encoding->iconv, buf_view(&read));
	}
	buf_deinit(&text);
	buf_deinit(&encoded);
	buf_deinit(&read);
	buf_deinit(&type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, "text/xml", "text/xml; charset=utf-16",
		"application/xml; charset=shift_jis", "application/xml; charset=iso-8859-1",
		"application/xml; charset=utf-7", "application/xml; charset=ebcdic-cp-us",
		"application/xml; charset=gb2312", "application/xml; charset=iso-2022-jp"};
	const size_t n_encodings = sizeof encodings / sizeof *encodings;
	struct buf out = BUF_INIT;

	if (!size)
		return 0;
	struct str bytes = str_make((const char *)data + 1, size - 1);
	size_t choice = data[0] % (n_encodings + sizeof types / sizeof *types);
	if (choice < n_encodings)
		check_round_trip(bytes, &encodings[choice]);
	else
		read_bytes(bytes, str_of(types[choice - n_encodings]), &out);
	buf_deinit(&out);
	return 0;
}
