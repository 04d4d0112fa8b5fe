/* For LD_PRELOAD: makes a library's function hang while a flag is set, so that one thread of the
 * daemon hangs for real and the others do not. $CIVICWIRE_HANG is a file of flags, a byte each. */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOOK_MS 20

/* In this order in the file. */
enum { JOURNAL, WORKER, CONTROL, LOOP, FLAGS };

static const volatile char *hangs;

__attribute__((constructor)) static void map_flags(void)
{
	const char *path = getenv("CIVICWIRE_HANG");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, FLAGS, PROT_READ, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		hangs = p;
	if (fd >= 0)
		close(fd);
}

static void hang_while(int flag)
{
	while (hangs && hangs[flag])
		poll(NULL, 0, LOOK_MS);
}

/* The real one, found at each call: these are no hot paths of a test. */
#define REAL(name, type) ((type)dlsym(RTLD_NEXT, #name))

/* The journal's thread: a disk that does not come back. */
int fdatasync(int fd)
{
	hang_while(JOURNAL);
	return REAL(fdatasync, int (*)(int))(fd);
}

int fsync(int fd)
{
	hang_while(JOURNAL);
	return REAL(fsync, int (*)(int))(fd);
}

/* A worker: a document that parses for ever. */
int xmlParseChunk(void *context, const char *chunk, int size, int terminate);
int xmlParseChunk(void *context, const char *chunk, int size, int terminate)
{
	hang_while(WORKER);
	return REAL(xmlParseChunk, int (*)(void *, const char *, int, int))(
		context, chunk, size, terminate);
}

/* The thread of the control socket. */
int MHD_queue_response(void *connection, unsigned status, void *response);
int MHD_queue_response(void *connection, unsigned status, void *response)
{
	hang_while(CONTROL);
	return REAL(MHD_queue_response, int (*)(void *, unsigned, void *))(
		connection, status, response);
}

/* The loop. */
int curl_multi_add_handle(void *multi, void *easy);
int curl_multi_add_handle(void *multi, void *easy)
{
	hang_while(LOOP);
	return REAL(curl_multi_add_handle, int (*)(void *, void *))(multi, easy);
}
