/* What is left after a crash, and how losses are noticed. */
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define CRASHES 30

/* Commits without end, a few events at a time, and says each head once it is durable. */
static void write_for_ever(struct store *store, int pipe_fd, unsigned seed)
{
	char names[12][16], data[2000];
	const char *topics[4];

	memset(data, '1', sizeof data);
	data[sizeof data - 1] = 0;
	for (int i = 0; i < 12; i++)
		snprintf(names[i], sizeof names[i], "theme/t%d/", i);
	store_open(store);
	for (;;) {
		uint64_t seq = 0;
		if (journal_begin(store->journal, &store->error) < 0)
			_exit(3);
		for (int i = 1 + rand_r(&seed) % 5; i > 0; i--) {
			topics[0] = names[rand_r(&seed) % 4];
			topics[1] = names[4 + rand_r(&seed) % 4];
			topics[2] = names[8 + rand_r(&seed) % 4];
			topics[3] = NULL;
			seq = store_append(store, 1, data + rand_r(&seed) % 1500, topics, NULL);
		}
		if (rand_r(&seed) % 5 == 0) {
			journal_rollback(store->journal);
			continue;
		}
		if (journal_commit(store->journal, &store->error) < 0)
			_exit(4);
		if (write(pipe_fd, &seq, sizeof seq) != sizeof seq)
			_exit(5);
	}
}

static uint64_t last_reported(int fd, uint64_t last)
{
	uint64_t seq;

	while (read(fd, &seq, sizeof seq) == sizeof seq)
		last = seq;
	return last;
}

/* kill -9 at any moment: what was reported durable is there, in order, each number once, with whole
 * chains of `prev`; and the witness raises no false alarm. */
static void test_kill(void **state)
{
	struct store *store = *state;
	uint64_t head = 0;
	unsigned seed = 42;
	char epoch[JOURNAL_EPOCH_MAX];

	memcpy(epoch, journal_epoch(store->journal), sizeof epoch);
	for (int crash = 0; crash < CRASHES; crash++) {
		int fds[2], status;
		store_close(store);
		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			close(fds[0]);
			write_for_ever(store, fds[1], seed + (unsigned)crash);
		}
		close(fds[1]);
		uint64_t first = 0;
		if (crash % 2) /* else it may come before anything is durable */
			assert_int_equal(read(fds[0], &first, sizeof first), sizeof first);
		const struct timespec wait = {0, 5000000 + rand_r(&seed) % 60000000};
		nanosleep(&wait, NULL);
		kill(pid, SIGKILL);
		uint64_t reported = last_reported(fds[0], first);
		close(fds[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		store_open(store);
		assert_null(store->notice);
		assert_string_equal(journal_epoch(store->journal), epoch);
		assert_true(journal_head(store->journal) >= reported);
		assert_true(journal_head(store->journal) >= head);
		head = journal_head(store->journal);
	}
	assert_true(head >= CRASHES / 2);
	struct checker checker = checker_new();
	struct journal_reader *reader;
	assert_int_equal(journal_reader_open(&reader, store->path, &store->error), 0);
	checker_run(&checker, reader, 100);
	assert_int_equal(checker.first, 1);
	assert_int_equal(checker.last, head);
	assert_int_equal(checker.n, head);
	assert_int_equal(checker.breaks, 0);
	journal_reader_close(reader);
}

static void truncate_log(struct store *store, off_t size)
{
	char path[128];

	snprintf(path, sizeof path, "%s-wal", store->path);
	assert_int_equal(truncate(path, size), 0);
	snprintf(path, sizeof path, "%s-shm", store->path);
	unlink(path);
}

static off_t log_size(const struct store *store)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s-wal", store->path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* The log's end is lost: the witness knows, and no number is used twice. */
static void test_lost_log(void **state)
{
	struct store *store = *state, copy;

	for (int i = 0; i < 20; i++)
		store_commit_one(store, 1000);
	off_t early = log_size(store);
	for (int i = 0; i < 20; i++)
		store_commit_one(store, 1000);
	store_copy(store, &copy);
	truncate_log(&copy, early);
	store_open(&copy);
	assert_non_null(copy.notice);
	assert_non_null(strstr(copy.notice, "lost"));
	assert_string_not_equal(journal_epoch(copy.journal), journal_epoch(store->journal));
	assert_int_equal(journal_head(copy.journal), 40);
	assert_int_equal(store_commit_one(&copy, 1000), 41);

	/* Readers pass the gap, and are not stuck before it. */
	struct checker checker = checker_new();
	const struct journal_read_limits limits = {40, 100, SIZE_MAX, 0};
	struct journal_reader *reader;
	struct journal_extent extent;
	uint64_t next;
	assert_int_equal(journal_reader_open(&reader, copy.path, &copy.error), 0);
	assert_int_equal(journal_read(reader, 0, &limits, &checker.visitor, &next, &copy.error), 0);
	assert_int_equal(checker.last, 20);
	assert_int_equal(next, 40);
	assert_int_equal(journal_extent(reader, &extent, &copy.error), 0);
	assert_int_equal(extent.head, 41);
	assert_string_equal(extent.epoch, journal_epoch(copy.journal));
	journal_reader_close(reader);

	/* Once: the next opening is an ordinary one. */
	char epoch[JOURNAL_EPOCH_MAX];
	memcpy(epoch, journal_epoch(copy.journal), sizeof epoch);
	store_close(&copy);
	store_open(&copy);
	assert_null(copy.notice);
	assert_string_equal(journal_epoch(copy.journal), epoch);
	store_close(&copy);
	store_remove(&copy);
}

/* One flipped bit makes SQLite drop all commits after it, and be content. */
static void test_flipped_bit(void **state)
{
	struct store *store = *state, copy;
	char path[128], byte;

	for (int i = 0; i < 30; i++)
		store_commit_one(store, 1000);
	store_copy(store, &copy);
	snprintf(path, sizeof path, "%s-wal", copy.path);
	int fd = open(path, O_RDWR);
	off_t middle = log_size(&copy) / 2;
	assert_int_equal(pread(fd, &byte, 1, middle), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, middle), 1);
	close(fd);
	truncate_log(&copy, log_size(&copy));
	store_open(&copy);
	assert_non_null(copy.notice);
	assert_int_equal(journal_head(copy.journal), 30);
	assert_int_equal(store_commit_one(&copy, 1000), 31);
	store_close(&copy);
	store_remove(&copy);
}

static void copy_witness(const struct store *from, const struct store *to)
{
	char a[128], b[128], text[256];

	snprintf(a, sizeof a, "%s.head", from->path);
	snprintf(b, sizeof b, "%s.head", to->path);
	int in = open(a, O_RDONLY), out = open(b, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n = read(in, text, sizeof text);
	assert_true(n > 0);
	assert_int_equal(write(out, text, (size_t)n), n);
	close(in);
	close(out);
}

/* A backup is put back under a newer witness. */
static void test_restored_backup(void **state)
{
	struct store *store = *state, backup;

	store_commit_one(store, 1);
	store_copy(store, &backup);
	for (int i = 0; i < 9; i++)
		store_commit_one(store, 1);
	copy_witness(store, &backup);
	store_open(&backup);
	assert_non_null(backup.notice);
	assert_int_equal(journal_head(backup.journal), 10);
	store_close(&backup);
	store_remove(&backup);
}

/* Another past of equal length: the numbers fit, the events do not. */
static void test_forked_past(void **state)
{
	struct store *store = *state, other;
	const char *topics[] = {"feed/b/", NULL};

	store_commit_one(store, 1);
	store_copy(store, &other);
	store_commit_one(store, 1);
	store_open(&other);
	assert_null(other.notice);
	assert_int_equal(journal_begin(other.journal, &other.error), 0);
	for (int i = 0; i < 3; i++)
		store_append(&other, 1, "{\"other\":true}", topics, NULL);
	assert_int_equal(journal_commit(other.journal, &other.error), 0);
	store_close(&other);
	copy_witness(store, &other);
	store_open(&other);
	assert_non_null(other.notice);
	assert_non_null(strstr(other.notice, "another past"));
	assert_string_not_equal(journal_epoch(other.journal), journal_epoch(store->journal));
	assert_int_equal(journal_head(other.journal), 4);
	store_close(&other);
	store_remove(&other);
}

/* The store was deleted, the witness was not. */
static void test_deleted_store(void **state)
{
	struct store *store = *state;
	char path[128];

	for (int i = 0; i < 5; i++)
		store_commit_one(store, 1);
	store_close(store);
	const char *suffixes[] = {"", "-wal", "-shm"};
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", store->path, suffixes[i]);
		unlink(path);
	}
	store_open(store);
	assert_non_null(store->notice);
	assert_int_equal(store_commit_one(store, 1), 6);
}

static void overwrite_witness(struct store *store, const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s.head", store->path);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A witness behind the store, or none, is what a power cut leaves: no alarm. */
static void test_witness_behind(void **state)
{
	struct store *store = *state, copy;
	char epoch[JOURNAL_EPOCH_MAX];

	memcpy(epoch, journal_epoch(store->journal), sizeof epoch);
	store_commit_one(store, 1);
	store_copy(store, &copy);
	store_commit_one(store, 1);
	store_close(store);
	copy_witness(&copy, store);
	store_open(store);
	assert_null(store->notice);
	assert_int_equal(journal_head(store->journal), 2);
	store_close(store);
	overwrite_witness(store, "");
	store_open(store);
	assert_null(store->notice);
	assert_string_equal(journal_epoch(store->journal), epoch);
	store_remove(&copy);
}

static void test_unreadable_witness(void **state)
{
	struct store *store = *state;

	store_commit_one(store, 1);
	store_close(store);
	overwrite_witness(store, "civicwire-head 1 what is this?\n");
	store_open(store);
	assert_non_null(store->notice);
	assert_non_null(strstr(store->notice, "cannot be read"));
	assert_int_equal(store_commit_one(store, 1), 2);
	store_close(store);
	store_open(store);
	assert_null(store->notice);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kill),
		TEST(test_lost_log),
		TEST(test_flipped_bit),
		TEST(test_restored_backup),
		TEST(test_forked_past),
		TEST(test_deleted_store),
		TEST(test_witness_behind),
		TEST(test_unreadable_witness),
	};

	assert_int_equal(hash_global_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
