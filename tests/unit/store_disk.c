/* SQLite and the disk: what is synced, what a disk that fails or is full does, damage, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "unit_kit/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- The disk: what SQLite asks of it comes here first, is counted and done, or fails as told ---- */

static struct {
	_Atomic int syncs;
	atomic_bool sync_fails, full;
} disk;

static int disk_sync(int fd, long call)
{
	atomic_fetch_add(&disk.syncs, 1);
	if (atomic_load(&disk.sync_fails)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return disk_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return disk_sync(fd, SYS_fdatasync);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	if (atomic_load(&disk.full)) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, len, at);
}

/* A completion means that the change is on the disk. */
static void test_commit_is_synced(void **state)
{
	struct kit *f = *state;
	int before = atomic_load(&disk.syncs);

	assert_true(commit(f, org_tx("1", "one"), 0));
	assert_in_range(atomic_load(&disk.syncs) - before, 1, 100);
}

/* What a failed fsync lost cannot be known: nothing is tried again, not even at the end. */
static void test_failed_sync_is_final(void **state)
{
	struct kit *f = *state;
	int before;

	atomic_store(&disk.sync_fails, true);
	assert_false(commit(f, org_tx("1", "one"), 0));
	atomic_store(&disk.sync_fails, false);
	assert_int_equal(store_health(f->s), STORE_BROKEN);
	before = atomic_load(&disk.syncs);
	assert_false(commit(f, org_tx("2", "two"), 0));
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(atomic_load(&disk.syncs), before);
	kit_open(f);
	assert_true(commit(f, org_tx("3", "three"), 0));
}

/* The chain goes on from the newest record that is there, not from one that found no room. */
static void test_audit_chain_over_a_full_disk(void **state)
{
	struct kit *f = *state;
	struct outcome o = {false, .text = BUF_INIT};

	for (int i = 0; i < 3; i++) {
		struct store_tx *tx = store_tx_new();

		store_audit_add(tx, "1", "{\"n\": 1}");
		atomic_store(&disk.full, i == 1);
		assert_int_equal(commit(f, tx, 0), i != 1);
		assert_int_equal(store_health(f->s), i == 1 ? STORE_FULL : STORE_WELL);
	}
	store_audit_verify(f->s, "", on_rows, &o);
	store_drain(f->s);
	assert_true(o.ok);
	assert_non_null(strstr(o.text.data, "2 audit records, chain whole"));
	buf_release(&o.text);
}

static void test_copy_and_check(void **state)
{
	struct kit *f = *state;
	struct outcome o = {false, .text = BUF_INIT};
	char path[300];

	commit(f, org_tx("1", "one"), 0);
	snprintf(path, sizeof path, "%s/copy.db", f->dir);
	store_copy(f->s, path, on_rows, &o);
	store_drain(f->s);
	assert_true(o.ok);
	assert_int_equal(access(path, R_OK), 0);
	store_copy(f->s, path, on_rows, &o);
	store_drain(f->s);
	assert_false(o.ok);
	buf_reset(&o.text);
	store_check(f->s, on_rows, &o);
	store_drain(f->s);
	assert_string_equal(o.text.data, "the store is whole\n");
	buf_release(&o.text);
}

static void test_damage_says_what_to_do(void **state)
{
	static const char noise[] = "this was a database once, and now it is none";
	struct kit *f = *state;
	struct err e = ERR_INIT;
	char path[300];
	int fd;

	store_close(f->s);
	snprintf(path, sizeof path, "%s/store.db", f->dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, noise, sizeof noise, 0), sizeof noise);
	close(fd);
	assert_false(kit_opens(f, &e));
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "mltopd restore FILE"));
	assert_int_equal(unlink(path), 0);
	kit_open(f);
}

/* A counter that is taken for 0 would give revisions and versions again that others hold. */
static void test_damaged_counter_is_told(void **state)
{
	static const char *const broken[] = {"UPDATE meta SET value = 'x' WHERE name = 'revision'",
		"DELETE FROM meta WHERE name = 'version'"};
	struct kit *f = *state;
	struct err e = ERR_INIT;
	char path[300];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/store.db", f->dir);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		store_close(f->s);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, broken[i], NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		assert_false(kit_opens(f, &e));
		assert_non_null(strstr(e.text, i ? "\"version\"" : "\"revision\""));
		assert_non_null(strstr(e.text, "mltopd restore FILE"));
		assert_int_equal(unlink(path), 0);
		kit_open(f);
	}
}

static void copy_file(const char *from_dir, const char *to_dir, const char *name)
{
	char from[400], to[400];
	struct buf text = BUF_INIT;

	snprintf(from, sizeof from, "%s/%s", from_dir, name);
	snprintf(to, sizeof to, "%s/%s", to_dir, name);
	assert_true(fsio_read(from, &text, 64 << 20, NULL));
	assert_true(fsio_write(to, text.data, text.len, 0600, NULL));
	buf_release(&text);
}

/* What a crash leaves is whole, or it is told that it is not. */
static void test_damaged_log_is_told(void **state)
{
	static const char *const names[] = {"store.db", "store.db-wal", "master.key", "commits"};
	struct kit *f = *state;
	struct store_config c;
	struct store *s;
	char dir[300], path[400];
	struct stat st;
	int fd;

	for (int i = 0; i < 20; i++) {
		char id[16];

		snprintf(id, sizeof id, "%d", i);
		assert_true(commit(f, org_tx(id, id), 0));
	}
	for (int damaged = 0; damaged < 2; damaged++) {
		snprintf(dir, sizeof dir, "%s/copy-%d", f->dir, damaged);
		assert_int_equal(mkdir(dir, 0700), 0);
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			copy_file(f->dir, dir, names[i]);
		snprintf(path, sizeof path, "%s/store.db-wal", dir);
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_int_equal(fstat(fd, &st), 0);
		if (damaged)
			assert_int_equal(pwrite(fd, "damage", 6, st.st_size * 3 / 4), 6);
		close(fd);
		c = (struct store_config){.dir = dir};
		assert_true(store_open(&s, &c, NULL));
		assert_int_equal(store_lost(s) > 0, damaged);
		store_close(s);
		/* Once. */
		assert_true(store_open(&s, &c, NULL));
		assert_int_equal(store_lost(s), 0);
		store_close(s);
	}
}

/* ---- The log is written back when nobody waits ---- */

static struct kit *watched;
static _Atomic int commits, checkpoints, told_before;

static void put_large(struct store *s, const char *uid)
{
	static const char pack[6 << 20];
	struct store_tx *tx = store_tx_new();

	store_put(tx,
		&(struct store_object){.kind = "event",
			.uid = uid,
			.org_id = "1",
			.parent = "object",
			.name = "",
			.pack = pack,
			.len = sizeof pack,
			.revision = STORE_ANY});
	store_commit(s, tx, 0, NULL, NULL);
}

/* On the store's thread. What comes while it commits is waiting when it looks whether there is a pause. */
static void at_point(const char *point)
{
	if (strcmp(point, "after-commit") == 0 && atomic_fetch_add(&commits, 1) == 0)
		put_large(watched->s, "second");
	if (strcmp(point, "before-checkpoint") == 0 && atomic_fetch_add(&checkpoints, 1) == 0)
		atomic_store(&told_before, atomic_load(&watched->notified));
}

static void test_written_back_in_a_pause(void **state)
{
	struct kit *f = watched = *state;
	struct err e = ERR_INIT;

	store_close(f->s);
	atomic_store(&f->notified, 0);
	assert_true(store_open(&f->s,
		&(struct store_config){.dir = f->dir,
			.notify = kit_notify,
			.ctx = f,
			.fault = at_point},
		&e));
	assert_true(store_start(f->s, &e));
	put_large(f->s, "first");
	store_drain(f->s);
	assert_int_equal(commits, 2);
	assert_int_equal(checkpoints, 1);
	assert_int_equal(told_before, 2); /* both, before the log was touched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SQLITE(test_commit_is_synced),
		ON_SQLITE(test_failed_sync_is_final),
		ON_SQLITE(test_audit_chain_over_a_full_disk),
		ON_SQLITE(test_copy_and_check),
		ON_SQLITE(test_damage_says_what_to_do),
		ON_SQLITE(test_damaged_counter_is_told),
		ON_SQLITE(test_damaged_log_is_told),
		ON_SQLITE(test_written_back_in_a_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
