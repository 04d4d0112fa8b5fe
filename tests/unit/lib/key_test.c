#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <civicwire/key.h>

/* The example pair of RFC 26. */
#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static int read_as(const char *text, size_t n, struct cw_key *ret)
{
	char path[] = "/tmp/civicwire-key-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
	int r = cw_key_read(path, ret);
	unlink(path);
	return r;
}

#define READ(text, ret) read_as(text, strlen(text), ret)

static void test_reads(void **state)
{
	struct cw_key key;

	(void)state;
	assert_int_equal(READ("#   a certificate\n"
			      "metadata\n"
			      "    name = \"archive\"\n"
			      "    server-key = \"" PUBLIC "\"\n"
			      "curve\n"
			      "    public-key = \"" PUBLIC "\"\n"
			      "    secret-key = \"" SECRET "\"\n",
				 &key),
		0);
	assert_string_equal(key.public_key, PUBLIC);
	assert_string_equal(key.secret_key, SECRET);
	assert_string_equal(key.server_key, PUBLIC);
	/* As other programs write them: single quotes, no blanks, no newline at the end. */
	assert_int_equal(READ("curve\r\n\tpublic-key='" PUBLIC "'\r\n", &key), 0);
	assert_string_equal(key.public_key, PUBLIC);
	assert_string_equal(key.secret_key, "");
	assert_int_equal(READ("secret-key = \"" SECRET "\"", &key), 0);
	assert_string_equal(key.secret_key, SECRET);
	assert_string_equal(key.public_key, "");
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {"", "curve\n", "public-key\n", "public-key =\n",
		"public-key = " PUBLIC "\n", "public-key = \"" PUBLIC "\n",
		"public-key = \"short\"\n", "public-key = \"" PUBLIC "x\"\n",
		/* no Z85 digit; a group above 32 bits */
		"public-key = \"~ne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n",
		"public-key = \"#####w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n",
		"public-key = \"" PUBLIC "\"\nsecret-key = \"no\"\n"};
	struct cw_key key = {.public_key = "before"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(READ(bad[i], &key), -EINVAL);
		assert_string_equal(key.public_key, "before");
	}
	char large[10000];
	memset(large, '#', sizeof large);
	memcpy(large, "public-key = \"" PUBLIC "\"\n", 56);
	assert_int_equal(read_as(large, sizeof large, &key), -EINVAL);
	char nul[] = "public-key = \"" PUBLIC "\"\n";
	nul[20] = '\0';
	assert_int_equal(read_as(nul, sizeof nul - 1, &key), -EINVAL);
	assert_int_equal(cw_key_read("/nonexistent/key", &key), -ENOENT);
	assert_int_equal(cw_key_read("/", &key), -EISDIR);
}

static void test_wipes(void **state)
{
	struct cw_key key;
	static const struct cw_key zeros;

	(void)state;
	memset(&key, 'x', sizeof key);
	cw_key_wipe(&key);
	assert_memory_equal(&key, &zeros, sizeof key);
	cw_key_wipe(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads),
		cmocka_unit_test(test_refuses), cmocka_unit_test(test_wipes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
