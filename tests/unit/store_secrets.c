/* Keys at rest, the master key, and the folder that all of it is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/folder.h"
#include "unit_kit/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_secrets(void **state)
{
	struct kit *f = *state;
	struct buf sealed = BUF_INIT, again = BUF_INIT, out = BUF_INIT;
	struct err e = ERR_INIT;

	assert_true(store_seal(f->s, "AK", "very secret", 11, &sealed, &e));
	assert_true(store_seal(f->s, "AK", "very secret", 11, &again, &e));
	assert_memory_not_equal(sealed.data, again.data, sealed.len);
	assert_null(memmem(sealed.data, sealed.len, "secret", 6));
	assert_true(store_unseal(f->s, "AK", sealed.data, sealed.len, &out, &e));
	assert_string_equal(out.data, "very secret");
	/* Bound to its key, and every bit of it counts. */
	assert_false(store_unseal(f->s, "AL", sealed.data, sealed.len, &out, &e));
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 1;
		assert_false(store_unseal(f->s, "AK", sealed.data, sealed.len, &out, &e));
		sealed.data[i] ^= 1;
	}
	assert_false(store_unseal(f->s, "AK", sealed.data, 3, &out, &e));
	buf_release(&sealed);
	buf_release(&again);
	buf_release(&out);
}

/* A fresh key beside old secrets would open none of them, and be saved over the good one's place. */
static void test_master_key_is_not_made_anew(void **state)
{
	struct kit *f = *state;
	struct err e = ERR_INIT;
	char path[300], away[300];

	store_close(f->s);
	snprintf(path, sizeof path, "%s/master.key", f->dir);
	snprintf(away, sizeof away, "%s/away", f->dir);
	assert_int_equal(rename(path, away), 0);
	assert_false(kit_opens(f, &e));
	assert_non_null(strstr(e.text, "/master.key is missing"));
	assert_non_null(strstr(e.text, "mltopd restore FILE"));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rename(away, path), 0);
	kit_open(f);
}

static void test_folder(void **state)
{
	struct kit *f = *state;
	struct err e = ERR_INIT;
	char dir[300], secret[16], again[16], path[400];
	int first, second;

	snprintf(dir, sizeof dir, "%s/sub/folder", f->dir);
	assert_true(folder_prepare(dir, &e));
	assert_true(folder_lock(dir, &first, &e));
	assert_false(folder_lock(dir, &second, &e));
	assert_int_equal(e.code, ERR_CONFLICT);
	close(first);
	assert_true(folder_lock(dir, &first, &e));
	close(first);
	assert_true(folder_secret(dir, "s", secret, 16, &e));
	assert_true(folder_secret(dir, "s", again, 16, &e));
	assert_memory_equal(secret, again, 16);
	assert_false(folder_secret(dir, "s", again, 15, &e));
	snprintf(path, sizeof path, "%s/s", dir);
	chmod(path, 0644);
	assert_false(folder_secret(dir, "s", again, 16, &e));
	chmod(dir, 0750);
	assert_false(folder_prepare(dir, &e));
	assert_non_null(strstr(e.text, "chmod 700"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SQLITE(test_secrets),
		ON_SQLITE(test_master_key_is_not_made_anew),
		ON_SQLITE(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
