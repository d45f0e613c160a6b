/* The store alone: commits, conflicts, versions, looks, secrets, the audit chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "store/folder.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
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

struct fixture {
	char dir[256];
	struct store *s;
	_Atomic int notified; /* by the store's thread */
	/* what the feed brought last, and how much of it */
	uint64_t revision, version;
	bool gone;
	char uid[64], name[64];
	int jobs, events, removed;
};

static bool fed(void *ctx, const struct store_object *o, struct err *e)
{
	struct fixture *f = ctx;

	(void)e;
	f->revision = o->revision;
	f->version = o->version;
	f->gone = o->gone;
	snprintf(f->uid, sizeof f->uid, "%s", o->uid);
	snprintf(f->name, sizeof f->name, "%s", o->name);
	f->jobs += strcmp(o->kind, "job") == 0;
	f->events += strcmp(o->kind, "event") == 0;
	return true;
}

static void fed_gone(void *ctx, const struct store_object *o)
{
	struct fixture *f = ctx;

	f->version = o->version;
	f->removed++;
}

static void load(struct fixture *f)
{
	static const char *const kinds[] = {"org", "job", "event", NULL};
	struct store_loader l = {.feed = {f, fed, fed_gone},
		.kinds = kinds,
		.newest = "event",
		.most = 1000};

	assert_true(store_load(f->s, &l, NULL));
}

static void notify(void *ctx)
{
	atomic_fetch_add(&((struct fixture *)ctx)->notified, 1);
}

static void open_store(struct fixture *f)
{
	struct store_config c = {.dir = f->dir, .notify = notify, .ctx = f};
	struct err e = ERR_INIT;

	assert_true(store_open(&f->s, &c, &e) || (print_error("%s\n", e.text), false));
	load(f);
	assert_true(store_start(f->s, &e));
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof f->dir, "%s/mltop-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	open_store(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->s);
	fsio_remove_tree(f->dir, NULL);
	free(f);
	return 0;
}

/* ---- Outcomes ---- */

struct outcome {
	bool called, ok;
	enum err_code code;
	uint64_t now;    /* revision of the object in conflict */
	struct buf text; /* all rows, each with a newline */
};

static void on_done(void *ctx, const struct store_outcome *how)
{
	struct outcome *o = ctx;

	o->called = true;
	o->ok = how->ok;
	o->code = how->ok ? ERR_NONE : how->e->code;
	o->now = how->now ? how->now->revision : 0;
}

static void on_rows(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct outcome *o = ctx;

	on_done(ctx, &(struct store_outcome){.ok = ok, .e = e});
	for (size_t i = 0; i < rows->count; i++) {
		buf_add(&o->text, rows->rows[i].data, rows->rows[i].len);
		buf_addc(&o->text, '\n');
	}
}

static void put(struct store_tx *tx, const char *kind, const char *uid, const char *parent,
	const char *name, uint64_t expected)
{
	store_put(tx,
		&(struct store_object){.kind = kind,
			.uid = uid,
			.org_id = strcmp(kind, "org") == 0 ? "" : "1",
			.parent = parent,
			.name = name,
			.pack = uid,
			.len = strlen(uid),
			.revision = expected});
}

static struct store_tx *org_tx(const char *id, const char *name)
{
	struct store_tx *tx = store_tx_new();

	put(tx, "org", id, "", name, STORE_NONE);
	return tx;
}

static bool commit(struct fixture *f, struct store_tx *tx, uint64_t version)
{
	struct outcome o = {false};

	store_commit(f->s, tx, version, on_done, &o);
	store_drain(f->s);
	assert_true(o.called);
	return o.ok;
}

static bool insert(struct fixture *f, const char *uid, const char *name)
{
	struct store_tx *tx = store_tx_new();

	put(tx, "job", uid, "", name, STORE_NONE);
	return commit(f, tx, 0);
}

static bool update(struct fixture *f, const char *uid, const char *name, uint64_t expected,
	bool gone)
{
	struct store_tx *tx = store_tx_new();

	store_put(tx,
		&(struct store_object){.kind = "job",
			.uid = uid,
			.org_id = "1",
			.parent = "",
			.name = name,
			.gone = gone,
			.pack = "new",
			.len = 3,
			.revision = expected});
	return commit(f, tx, 0);
}

/* ---- What is in it ---- */

static void reopen(struct fixture *f)
{
	store_close(f->s);
	f->jobs = f->events = 0;
	open_store(f);
}

/* ---- Tests ---- */

static void test_names_are_unique_but_for_gone(void **state)
{
	struct fixture *f = *state;

	assert_true(insert(f, "a", "x"));
	assert_false(insert(f, "b", "x"));
	assert_true(update(f, "a", "x", f->revision, true));
	assert_true(f->gone);
	assert_true(insert(f, "b", "x"));
	/* It cannot come back under the name that another has now. */
	reopen(f);
	assert_int_equal(f->jobs, 2);
	assert_string_equal(f->uid, "b");
	/* Names of another kind, and of none, are another matter. */
	assert_true(commit(f, org_tx("x", "x"), 0));
	assert_true(insert(f, "c", ""));
	assert_true(insert(f, "d", ""));
}

static void test_compare_and_set(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {false};
	struct store_tx *tx = store_tx_new();
	uint64_t first, second;

	assert_true(insert(f, "a", "x"));
	first = f->revision;
	assert_false(insert(f, "a", "y"));
	assert_false(update(f, "a", "x", first + 7, false));
	assert_true(update(f, "a", "x", first, false));
	second = f->revision;
	assert_int_not_equal(first, second);
	/* Who is too late is told what is there. */
	put(tx, "job", "a", "", "x", first);
	store_commit(f->s, tx, 0, on_done, &o);
	store_drain(f->s);
	assert_false(o.ok);
	assert_int_equal(o.code, ERR_CONFLICT);
	assert_int_equal(o.now, second);
	assert_false(update(f, "absent", "z", 1, false));
	assert_true(update(f, "a", "x", STORE_ANY, false));
	/* A revision is not given twice, whatever was removed in between. */
	tx = store_tx_new();
	store_remove(tx, "job", "a", second);
	assert_false(commit(f, tx, 0));
	second = f->revision;
	tx = store_tx_new();
	store_remove(tx, "job", "a", second);
	assert_true(commit(f, tx, 9));
	assert_int_equal(f->removed, 1);
	assert_int_equal(f->version, 9);
	reopen(f);
	assert_true(insert(f, "a", "x"));
	assert_true(f->revision > second);
}

/* A conflict in the middle takes back its own tx only, whatever it had done before. */
static void test_conflict_is_alone(void **state)
{
	struct fixture *f = *state;
	struct outcome o[3] = {{false}};
	static const char *const uids[] = {"a", "a", "c"}, *const events[] = {"e0", "e1", "e2"};

	for (int i = 0; i < 3; i++) {
		struct store_tx *tx = store_tx_new();

		put(tx, "event", events[i], "o", "", STORE_ANY);
		put(tx, "job", uids[i], "", uids[i], STORE_NONE);
		store_commit(f->s, tx, 0, on_done, &o[i]);
	}
	store_drain(f->s);
	assert_true(o[0].ok && !o[1].ok && o[2].ok);
	assert_int_equal(o[1].code, ERR_CONFLICT);
	assert_int_equal(f->events, 2); /* nobody was told of what was taken back */
	reopen(f);
	assert_int_equal(f->jobs, 2);
	assert_int_equal(f->events, 2);
}

/* Completions come by store_poll, on the thread that calls it, after a notice. */
static void test_completion_waits_for_poll(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {false};
	int before = atomic_load(&f->notified);

	store_commit(f->s, org_tx("1", "one"), 0, on_done, &o);
	while (atomic_load(&f->notified) == before)
		usleep(100);
	assert_false(o.called);
	assert_true(store_poll(f->s) >= 1);
	assert_true(o.called && o.ok);
}

static void test_version_persists(void **state)
{
	struct fixture *f = *state;

	assert_true(commit(f, org_tx("1", "one"), 41));
	assert_true(commit(f, org_tx("2", "two"), 42));
	assert_false(commit(f, org_tx("3", "two"), 43));
	reopen(f);
	assert_int_equal(store_version_at_start(f->s), 42);
	assert_true(store_was_clean(f->s));
}

static void test_nonce_once(void **state)
{
	struct fixture *f = *state;
	struct store_nonce n = {"AK", "n1", "hash", 1000, 200, "body", 4};
	struct store_tx *tx = store_tx_new(), *again = org_tx("9", "nine");
	struct buf body = BUF_INIT;

	store_nonce_put(tx, &n);
	assert_true(commit(f, tx, 0));
	store_nonce_put(again, &n);
	assert_false(commit(f, again, 0));
	assert_true(store_read_nonce(f->s, "AK", "n1", &body));
	assert_string_equal(body.data, "body");
	assert_false(store_read_nonce(f->s, "AK", "n2", &body));
	tx = store_tx_new();
	store_nonces_expire(tx, 1001);
	assert_true(commit(f, tx, 0));
	assert_false(store_read_nonce(f->s, "AK", "n1", &body));
	buf_release(&body);
	store_drain(f->s);
}

/* Its blobs, its children and theirs. */
static void test_removed_object_takes_what_is_its(void **state)
{
	struct fixture *f = *state;
	struct store_tx *tx = store_tx_new();
	struct outcome o = {false, .text = BUF_INIT};

	put(tx, "job", "a", "", "x", STORE_NONE);
	store_blob_put(tx, "job", "a", "command", "long", 4);
	put(tx, "event", "e", "a", "", STORE_ANY);
	store_blob_put(tx, "event", "e", "text", "longer", 6);
	put(tx, "event", "other", "b", "", STORE_ANY);
	assert_true(commit(f, tx, 0));
	store_read_blobs(f->s, "job", "a", on_rows, &o);
	store_drain(f->s);
	assert_string_equal(o.text.data, "command\nlong\n");
	tx = store_tx_new();
	store_remove(tx, "job", "a", STORE_ANY);
	store_children_remove(tx, "a");
	assert_true(commit(f, tx, 0));
	buf_reset(&o.text);
	store_read_blobs(f->s, "job", "a", on_rows, &o);
	store_read_blobs(f->s, "event", "e", on_rows, &o);
	store_drain(f->s);
	assert_string_equal(o.text.data, "");
	reopen(f);
	assert_int_equal(f->jobs, 0);
	assert_int_equal(f->events, 1);
	/* "" is no parent: nothing is a child of it. */
	tx = store_tx_new();
	store_children_remove(tx, "");
	assert_true(commit(f, tx, 0));
	reopen(f);
	assert_int_equal(f->events, 1);
	buf_release(&o.text);
}

static void test_children_trimmed(void **state)
{
	struct fixture *f = *state;
	struct store_tx *tx = store_tx_new();
	struct outcome o = {false, .text = BUF_INIT};

	for (int i = 0; i < 9; i++) {
		char uid[2] = {(char)('a' + i), 0};

		put(tx, "event", uid, "o", "", STORE_ANY);
	}
	store_children_trim(tx, "event", "o", 3);
	assert_true(commit(f, tx, 0));
	store_read_children(f->s, "event", "o", 100, on_rows, &o);
	store_drain(f->s);
	assert_string_equal(o.text.data, "g\nh\ni\n");
	buf_release(&o.text);
}

static void test_audit_chain(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {false, .text = BUF_INIT};
	struct store_tx *tx;

	for (int i = 0; i < 3; i++) {
		/* A conflicting change in between must leave no link behind. */
		tx = store_tx_new();
		store_audit_add(tx, "1", "{\"n\": 1}");
		if (i == 1)
			put(tx, "job", "z", "", "z", 1);
		assert_int_equal(commit(f, tx, 0), i != 1);
	}
	store_audit_verify(f->s, on_rows, &o);
	store_drain(f->s);
	assert_true(o.ok);
	assert_non_null(strstr(o.text.data, "2 audit records"));
	buf_reset(&o.text);
	store_read_audit(f->s, 0, 1, on_rows, &o);
	store_drain(f->s);
	assert_non_null(strstr(o.text.data, "\"seq\": 2"));
	buf_release(&o.text);
}

/* A completion means that the change is on the disk. */
static void test_commit_is_synced(void **state)
{
	struct fixture *f = *state;
	int before = atomic_load(&disk.syncs);

	assert_true(commit(f, org_tx("1", "one"), 0));
	assert_in_range(atomic_load(&disk.syncs) - before, 1, 100);
}

/* What a failed fsync lost cannot be known: nothing is tried again, not even at the end. */
static void test_failed_sync_is_final(void **state)
{
	struct fixture *f = *state;
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
	open_store(f);
	assert_true(commit(f, org_tx("3", "three"), 0));
}

/* The chain goes on from the newest record that is there, not from one that found no room. */
static void test_audit_chain_over_a_full_disk(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {false, .text = BUF_INIT};

	for (int i = 0; i < 3; i++) {
		struct store_tx *tx = store_tx_new();

		store_audit_add(tx, "1", "{\"n\": 1}");
		atomic_store(&disk.full, i == 1);
		assert_int_equal(commit(f, tx, 0), i != 1);
		assert_int_equal(store_health(f->s), i == 1 ? STORE_FULL : STORE_WELL);
	}
	store_audit_verify(f->s, on_rows, &o);
	store_drain(f->s);
	assert_true(o.ok);
	assert_non_null(strstr(o.text.data, "2 audit records, chain whole"));
	buf_release(&o.text);
}

static void test_secrets(void **state)
{
	struct fixture *f = *state;
	struct buf sealed = BUF_INIT, again = BUF_INIT, out = BUF_INIT;
	struct err e = ERR_INIT;

	assert_true(store_seal(f->s, "AK", "very secret", &sealed, &e));
	assert_true(store_seal(f->s, "AK", "very secret", &again, &e));
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

static void test_copy_and_check(void **state)
{
	struct fixture *f = *state;
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

static bool opens(const struct fixture *f, struct err *e)
{
	struct store_config c = {.dir = f->dir};
	struct store *s;

	if (!store_open(&s, &c, e))
		return false;
	store_close(s);
	return true;
}

/* A fresh key beside old secrets would open none of them, and be saved over the good one's place. */
static void test_master_key_is_not_made_anew(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	char path[300], away[300];

	store_close(f->s);
	snprintf(path, sizeof path, "%s/master.key", f->dir);
	snprintf(away, sizeof away, "%s/away", f->dir);
	assert_int_equal(rename(path, away), 0);
	assert_false(opens(f, &e));
	assert_non_null(strstr(e.text, "/master.key is missing"));
	assert_non_null(strstr(e.text, "mltopd restore FILE"));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rename(away, path), 0);
	open_store(f);
}

static void test_damage_says_what_to_do(void **state)
{
	static const char noise[] = "this was a database once, and now it is none";
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	char path[300];
	int fd;

	store_close(f->s);
	snprintf(path, sizeof path, "%s/store.db", f->dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, noise, sizeof noise, 0), sizeof noise);
	close(fd);
	assert_false(opens(f, &e));
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "mltopd restore FILE"));
	assert_int_equal(unlink(path), 0);
	open_store(f);
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
	struct fixture *f = *state;
	struct store_config c;
	struct store *s;
	char dir[300], path[400];
	struct stat st;
	int fd;

	for (int i = 0; i < 20; i++) {
		char id[8];

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

static void test_group_commit(void **state)
{
	struct fixture *f = *state;
	struct outcome o[1000] = {{false}};
	int before = atomic_load(&f->notified);

	for (int i = 0; i < 1000; i++) {
		char id[8], name[8];

		snprintf(id, sizeof id, "%d", i);
		snprintf(name, sizeof name, "n%d", i);
		store_commit(f->s, org_tx(id, name), 0, on_done, &o[i]);
	}
	store_drain(f->s);
	for (int i = 0; i < 1000; i++)
		assert_true(o[i].ok);
	/* Each batch is told once: far fewer than there were changes. */
	assert_in_range(atomic_load(&f->notified) - before, 1, 500);
}

static void test_folder(void **state)
{
	struct fixture *f = *state;
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

/* ---- The log is written back when nobody waits ---- */

static struct fixture *watched;
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
	struct fixture *f = watched = *state;
	struct err e = ERR_INIT;

	store_close(f->s);
	atomic_store(&f->notified, 0);
	assert_true(store_open(&f->s,
		&(struct store_config){.dir = f->dir,
			.notify = notify,
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_names_are_unique_but_for_gone),
		T(test_compare_and_set),
		T(test_conflict_is_alone),
		T(test_completion_waits_for_poll),
		T(test_version_persists),
		T(test_nonce_once),
		T(test_removed_object_takes_what_is_its),
		T(test_children_trimmed),
		T(test_audit_chain),
		T(test_commit_is_synced),
		T(test_failed_sync_is_final),
		T(test_audit_chain_over_a_full_disk),
		T(test_secrets),
		T(test_copy_and_check),
		T(test_master_key_is_not_made_anew),
		T(test_damage_says_what_to_do),
		T(test_damaged_log_is_told),
		T(test_group_commit),
		T(test_folder),
		T(test_written_back_in_a_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
