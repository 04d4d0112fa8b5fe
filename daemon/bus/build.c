#include "bus/build.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "civicwire/version.h"

/* Notes are padded to four bytes (elf(5), "Notes"). */
static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void add_build_id(struct buf *out, const char *notes, size_t n)
{
	while (n >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		memcpy(&note, notes, sizeof note);
		size_t name = sizeof note, id = name + padded(note.n_namesz);
		size_t end = id + padded(note.n_descsz);
		if (end > n)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
			!memcmp(notes + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU)) {
			buf_char(out, ' ');
			for (size_t i = 0; i < note.n_descsz; i++)
				buf_printf(out, "%02x", (unsigned char)notes[id + i]);
		}
		notes += end;
		n -= end;
	}
}

/* The first object is the program itself: end the walk there. */
static int on_object(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			add_build_id(out,
				(const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
				info->dlpi_phdr[i].p_memsz);
	return 1;
}

char *bus_build_id(void)
{
	struct buf id = BUF_INIT;

	buf_lit(&id, CW_VERSION);
	dl_iterate_phdr(on_object, &id);
	char *text = mem_strndup(id.p, id.n);
	buf_deinit(&id);
	return text;
}
