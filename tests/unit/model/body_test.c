/* Bodies: the same bytes come back from memory and from a file, wherever one starts to read. */
#include "model/body.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/cleanup.h"

/* A byte that tells its offset from its neighbours' and from the next pages'. */
static char byte_at(size_t i)
{
	return (char)(i * 31 ^ i >> 8 ^ i >> 16);
}

static char *pattern(size_t from, size_t n)
{
	char *p = mem_alloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(from + i);
	return p;
}

/* Appends the next n bytes of the pattern. */
static int append(struct body *body, size_t n)
{
	cleanup(free_p) char *p = pattern(body->n, n);

	return body_append(body, p, n);
}

static void check_all(const struct body *body)
{
	static const size_t sizes[] = {1, 7, 4096, 65536, SIZE_MAX};
	cleanup(free_p) char *expected = pattern(0, body->n);
	cleanup(free_p) char *out = mem_alloc(body->n + 1);
	char c = 0;

	for (size_t i = 0; i < body->n; i++)
		if (body_read(body, i, &c, 1) != 1 || c != expected[i])
			fail_msg("byte %zu is wrong", i);
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
		for (size_t at = 0; at < body->n; at += 9973) {
			size_t n = body->n - at < sizes[s] ? body->n - at : sizes[s];
			assert_int_equal(body_read(body, at, out, sizes[s]), n);
			assert_memory_equal(out, expected + at, n);
		}
	assert_int_equal(body_read(body, body->n, &c, 1), 0);
	assert_int_equal(body_read(body, body->n + 1, &c, 1), 0);
	assert_int_equal(body_read(body, SIZE_MAX, &c, 1), 0);
	assert_int_equal(body_read(body, 0, &c, 0), 0);
}

static void test_empty(void **state)
{
	struct body body = BODY_INIT;
	char c;

	(void)state;
	assert_int_equal(body_append(&body, "", 0), 0);
	assert_int_equal(body.n, 0);
	assert_int_equal(body_read(&body, 0, &c, 1), 0);
	body_deinit(&body);
	body_deinit(&body);
}

static void test_memory(void **state)
{
	struct body body = BODY_INIT;

	(void)state;
	assert_int_equal(append(&body, 1), 0);
	assert_int_equal(append(&body, BODY_MEMORY_MAX - 1), 0);
	assert_int_equal(body.n, BODY_MEMORY_MAX);
	assert_int_equal(body.fd, -1);
	check_all(&body);
	body_deinit(&body);
	assert_int_equal(body.n, 0);
}

/* One byte more and it is a file that nobody can find, with nothing left in memory. */
static void test_spill(void **state)
{
	struct body body = BODY_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(append(&body, BODY_MEMORY_MAX), 0);
	assert_int_equal(append(&body, 1), 0);
	assert_int_equal(body.n, BODY_MEMORY_MAX + 1);
	assert_null(body.memory.p);
	assert_int_equal(fstat(body.fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, body.n);
	assert_true(fcntl(body.fd, F_GETFD) & FD_CLOEXEC);
	for (int i = 0; i < 5; i++)
		assert_int_equal(append(&body, 12345), 0);
	check_all(&body);
	int fd = body.fd;
	body_deinit(&body);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_large_at_once(void **state)
{
	struct body body = BODY_INIT;

	(void)state;
	assert_int_equal(append(&body, BODY_MEMORY_MAX * 2 + 1), 0);
	assert_true(body.fd >= 0);
	check_all(&body);
	body_deinit(&body);
}

/* A folder that is not there: the body is as it was, and works again once there is one. */
static void test_no_folder(void **state)
{
	const char *before = getenv("TMPDIR");
	cleanup(free_p) char *kept = before ? mem_strdup(before) : NULL;
	struct body body = BODY_INIT;

	(void)state;
	setenv("TMPDIR", "/nonexistent/folder", 1);
	assert_int_equal(append(&body, BODY_MEMORY_MAX), 0);
	assert_int_equal(append(&body, 1), -ENOENT);
	assert_int_equal(body.n, BODY_MEMORY_MAX);
	assert_int_equal(body.fd, -1);
	if (kept)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	assert_int_equal(append(&body, 1), 0);
	check_all(&body);
	body_deinit(&body);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	limit.rlim_cur = bytes;
	assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* Runs in a child, whose limits are its own. Returns 0 if all is as it should be, else a line. */
static int fill_a_small_disk(void)
{
	struct body body = BODY_INIT;

	signal(SIGXFSZ, SIG_IGN);
	limit_files(BODY_MEMORY_MAX / 2); /* not even what is in memory fits */
	if (append(&body, BODY_MEMORY_MAX) != 0 || append(&body, 1) != -EFBIG)
		return __LINE__ & 0x7f;
	if (body.n != BODY_MEMORY_MAX || body.fd >= 0)
		return __LINE__ & 0x7f;
	limit_files(BODY_MEMORY_MAX + 1000); /* the beginning of what follows fits */
	if (append(&body, 1) != 0 || append(&body, 5000) != -EFBIG)
		return __LINE__ & 0x7f;
	if (body.n != BODY_MEMORY_MAX + 1)
		return __LINE__ & 0x7f;
	limit_files(BODY_MEMORY_MAX * 2);
	if (append(&body, 5000) != 0)
		return __LINE__ & 0x7f;
	for (size_t i = 0; i < body.n; i++) {
		char c;
		if (body_read(&body, i, &c, 1) != 1 || c != byte_at(i))
			return __LINE__ & 0x7f;
	}
	body_deinit(&body);
	return 0;
}

/* No room: an error, and the body is as it was; with room again the rest follows without a gap. */
static void test_disk_is_full(void **state)
{
	int status;

	(void)state;
	pid_t child = fork();
	if (child == 0)
		_exit(fill_a_small_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A file of n bytes of the pattern. */
static char *make_file(size_t n)
{
	char path[] = "/tmp/civicwire-body-XXXXXX";
	cleanup(close_p) int fd = mkstemp(path);
	cleanup(free_p) char *p = pattern(0, n);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	return mem_strdup(path);
}

static void test_load(void **state)
{
	static const size_t sizes[] = {0, 1, 65536, 65537, BODY_MEMORY_MAX, BODY_MEMORY_MAX + 1};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct body body = BODY_INIT;
		cleanup(free_p) char *path = make_file(sizes[i]);
		assert_int_equal(body_load(&body, path, sizes[i]), 0);
		assert_int_equal(body.n, sizes[i]);
		assert_int_equal(body.fd >= 0, sizes[i] > BODY_MEMORY_MAX);
		check_all(&body);
		body_deinit(&body);
		if (sizes[i]) {
			assert_int_equal(body_load(&body, path, sizes[i] - 1), -EFBIG);
			body_deinit(&body);
		}
		unlink(path);
	}
}

static void test_load_what_cannot_be(void **state)
{
	struct body body = BODY_INIT;
	cleanup(free_p) char *path = make_file(10);

	(void)state;
	assert_int_equal(body_load(&body, "/nonexistent/file", 100), -ENOENT);
	assert_int_equal(body_load(&body, "/tmp", 100), -EISDIR);
	assert_int_equal(body.n, 0);
	/* The limit is the body's, whatever is in it already. */
	assert_int_equal(append(&body, 20), 0);
	assert_int_equal(body_load(&body, path, 29), -EFBIG);
	assert_int_equal(body_load(&body, path, 5), -EFBIG);
	assert_int_equal(body_load(&body, path, 30), 0);
	assert_int_equal(body.n, 30);
	unlink(path);
	body_deinit(&body);
}

/* Opened, a file is read where it is: nothing of it is in memory, and nothing can be added to it. */
static void test_open(void **state)
{
	struct body body = BODY_INIT;
	cleanup(free_p) char *path = make_file(1000);

	(void)state;
	assert_int_equal(body_open(&body, path, 1000), 0);
	assert_int_equal(body.n, 1000);
	assert_true(body.fd >= 0);
	assert_null(body.memory.p);
	assert_true(fcntl(body.fd, F_GETFD) & FD_CLOEXEC);
	check_all(&body);
	assert_int_equal(append(&body, 1), -EBADF);
	check_all(&body);
	body_deinit(&body);
	assert_int_equal(body_open(&body, path, 999), -EFBIG);
	assert_int_equal(body_open(&body, "/nonexistent/file", 100), -ENOENT);
	assert_int_equal(body_open(&body, "/tmp", 100), -EISDIR);
	assert_int_equal(body.n, 0);
	assert_int_equal(body.fd, -1);
	/* No size is known of it, so it is loaded. */
	assert_int_equal(body_open(&body, "/proc/self/stat", 4096), 0);
	assert_true(body.n > 0);
	assert_int_equal(body.memory.n, body.n);
	unlink(path);
	body_deinit(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_spill),
		cmocka_unit_test(test_large_at_once),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_disk_is_full),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_load_what_cannot_be),
	};

	return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
