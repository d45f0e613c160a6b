#include "store/sqlite.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHECK_AT_ONCE_BYTES = 4 << 20 };

/* What the log may grow to, in pages of 4 KiB: when nothing waits, and at most. */
enum { WAL_PAGES = 1024, WAL_PAGES_MOST = 4096 };

static int wal_grew(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct store *s = ctx;

	(void)db, (void)name;
	sql_of(s)->wal_pages = pages;
	return SQLITE_OK;
}

/* The log keeps its size and is written over from its start: syncing that is half the work of growing. */
static bool checkpoint(struct store *s, struct err *e)
{
	sql_of(s)->wal_pages = 0;
	if (sqlite3_wal_checkpoint_v2(sql_of(s)->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
		SQLITE_OK)
		return true;
	return sql_fail(sql_of(s)->db, "store: cannot write the log back", e);
}

static bool sql_pragmas(struct store *s, struct err *e)
{
	/* Exclusive before the first read: then WAL needs no shared memory file. */
	return sql_exec(sql_of(s)->db,
		       "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA mmap_size=0;"
		       "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
		       "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=8388608;"
		       "PRAGMA cache_size=-2048; PRAGMA secure_delete=FAST;",
		       e) &&
		sql_exec(sql_of(s)->db,
			s->config.volatile_data ? "PRAGMA synchronous=OFF"
						: "PRAGMA synchronous=FULL",
			e);
}

/* After a crash a small file is checked before it is believed; a large one by `store check`. */
static bool sql_trust(struct store *s, const char *path, struct err *e)
{
	struct stat st;
	sqlite3_stmt *q = NULL;
	bool good;

	if (s->was_clean || stat(path, &st) != 0 || st.st_size > CHECK_AT_ONCE_BYTES)
		return true;
	if (sqlite3_prepare_v2(sql_of(s)->db, "PRAGMA quick_check(1)", -1, &q, NULL) != SQLITE_OK)
		return sql_fail(sql_of(s)->db, "SQLite says", e);
	good = sqlite3_step(q) == SQLITE_ROW || sql_fail(sql_of(s)->db, "SQLite says", e);
	if (good) {
		/* A complaint has a line that names the database before it. */
		const char *text = (const char *)sqlite3_column_text(q, 0);
		const char *lf = strrchr(text, '\n');

		good = strcmp(text, "ok") == 0 ||
			err_set(e, ERR_INTERNAL, "it is damaged (%s)%s", lf ? lf + 1 : text,
				sql_advice(SQLITE_CORRUPT));
	}
	sqlite3_finalize(q);
	return good;
}

/* Taken for 0 where it is not there, revisions and versions that others hold would be given again. */
static bool counter_read(struct store *s, const char *name, uint64_t most, uint64_t *out,
	struct err *e)
{
	struct buf text = BUF_INIT;
	bool good = sql_meta(s, name, &text, e);

	if (good && !num_u64(text.data, most, out))
		good = err_set(e, ERR_INTERNAL, "it is damaged (its counter \"%s\" is no number)%s",
			name, sql_advice(SQLITE_CORRUPT));
	buf_release(&text);
	return good;
}

static bool sql_start_state(struct store *s, struct err *e)
{
	struct buf text = BUF_INIT;
	bool good = counter_read(s, "version", UINT64_MAX, &s->version_at_start, e) &&
		counter_read(s, "revision", INT64_MAX, &sql_of(s)->revision, e) &&
		sql_meta(s, "clean", &text, e);

	s->was_clean = strcmp(text.data, "no") != 0;
	buf_release(&text);
	return good;
}

static bool sql_open(struct store *s, struct err *e)
{
	struct sql *sql = s->back = mem_alloc(sizeof *sql);
	char *path = fsio_join(s->dir, "store.db");
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	mode_t before = umask(077);
	bool good = sqlite3_open_v2(path, &sql->db, flags, NULL) == SQLITE_OK;

	umask(before);
	sql->counted = -1;
	ballast_start(s);
	if (!good)
		err_set(e, ERR_UNAVAILABLE, "%s",
			sql->db ? sqlite3_errmsg(sql->db) : "out of memory");
	good = good && sql_pragmas(s, e) && store_migrate(sql->db, e) && sql_start_state(s, e) &&
		sql_trust(s, path, e) &&
		sql_exec(sql->db,
			"INSERT INTO meta VALUES('clean', 'no')"
			" ON CONFLICT(name) DO UPDATE SET value = 'no'",
			e) &&
		store_apply_prepare(s, e);
	sql_place(s);
	if (good) {
		ballast_make(s);
		counted_open(s);
	}
	if (good)
		sqlite3_wal_hook(sql->db, wal_grew, s);
	else
		err_prefix(e, "cannot use the store %s", path);
	free(path);
	return good;
}

static void sql_close(struct store *s)
{
	struct sql *sql = sql_of(s);
	sqlite3_stmt *q;

	if (sql == NULL)
		return;
	if (store_health(s) == STORE_BROKEN) {
		/* Closing would write the log back, and sync what failed to sync. */
		sqlite3_db_config(sql->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	} else if (sql->run[SQL_COMMIT]) {
		sql_exec(sql->db, "UPDATE meta SET value = 'yes' WHERE name = 'clean'", NULL);
		sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	}
	while (sql->db && (q = sqlite3_next_stmt(sql->db, NULL)) != NULL)
		sqlite3_finalize(q);
	sqlite3_close(sql->db);
	counted_close(s);
	free(sql);
	s->back = NULL;
}

static bool sql_ready(const struct store *s, struct err *e)
{
	return sql_there(s, e) && sql_tight(s, e);
}

static void sql_pause(struct store *s, bool busy)
{
	if (sql_of(s)->wal_pages < (busy ? WAL_PAGES_MOST : WAL_PAGES))
		return;
	if (!sql_there(s, NULL))
		return;
	store_fault(s, "before-checkpoint");
	if (!checkpoint(s, NULL))
		atomic_store(&s->health,
			(sqlite3_errcode(sql_of(s)->db) & 0xff) == SQLITE_FULL ? STORE_FULL
									       : STORE_BROKEN);
}

const struct store_ops store_sqlite = {
	.many = true,
	.open = sql_open,
	.close = sql_close,
	.load = sql_load,
	.batch = sql_batch,
	.ready = sql_ready,
	.pause = sql_pause,
	.look =
		{
			[LOOK_CHILDREN] = look_children,
			[LOOK_BLOBS] = look_blobs,
			[LOOK_AUDIT] = look_audit,
			[LOOK_OLD] = look_old,
			[LOOK_NONCE] = look_nonce,
			[LOOK_VERIFY] = look_verify,
			[LOOK_CHECK] = look_check,
			[LOOK_COPY] = look_copy,
		},
};
