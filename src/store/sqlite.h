/* What the files of the SQLite store share. */
#ifndef MLTOP_STORE_SQLITE_H
#define MLTOP_STORE_SQLITE_H

#include "store/inside.h"

#include <sqlite3.h>
#include <sys/types.h>

enum statement {
	SQL_INSERT,
	SQL_UPDATE,     /* of an object that stays what it is but for its pack */
	SQL_UPDATE_ALL, /* and of one that changes its name, or goes */
	SQL_UPSERT,
	SQL_GET,
	SQL_NAMED,
	SQL_REMOVE,
	SQL_REMOVE_ANY,
	SQL_BLOBS_REMOVE,
	SQL_BLOB_PUT,
	SQL_CHILDREN_BLOBS,
	SQL_CHILDREN_REMOVE,
	SQL_CHILDREN_TRIM,
	SQL_AUDIT_ADD,
	SQL_AUDIT_HEAD, /* of a chain: its newest number and hash */
	SQL_AUDIT_HEAD_PUT,
	SQL_AUDIT_DROP, /* the chain begins behind that number; then what is before it goes */
	SQL_AUDIT_DROPPED,
	SQL_NONCE_PUT,
	SQL_NONCES_EXPIRE,
	SQL_VERSION,
	SQL_REVISION,
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_SAVE,
	SQL_RELEASE,
	SQL_UNSAVE,
	SQL_COUNT,
};

struct sql {
	sqlite3 *db;
	sqlite3_stmt *run[SQL_COUNT];
	int wal_pages;
	uint64_t revision; /* the newest that was given */
	int counted;       /* file of the newest revision that was told, beside the database */
	bool given;        /* the ballast: only what makes room is stored */
	dev_t dev;         /* the file that is open */
	ino_t ino;
};

static inline struct sql *sql_of(struct store *s)
{
	return s->back;
}

/* ballast.c */
void ballast_start(struct store *s);
bool ballast_make(struct store *s);
bool ballast_give(struct store *s); /* false: there is none */
bool sql_tight(const struct store *s, struct err *e);
/* Notes which file it is; is it still the one at that path? */
void sql_place(struct store *s);
bool sql_there(const struct store *s, struct err *e);

/* counted.c */
void counted_open(struct store *s);
void counted_put(struct store *s);
void counted_close(struct store *s);

/* sql.c */
/* What a person can do about it, behind a colon; "" where there is nothing to say. */
const char *sql_advice(int code);
bool sql_exec(sqlite3 *db, const char *sql, struct err *e);
/* Fills `e` with what SQLite says about the last call, as a sentence that begins with `what`. */
bool sql_fail(sqlite3 *db, const char *what, struct err *e);
bool sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct err *e);
bool sql_int(sqlite3 *db, const char *sql, int64_t *out, struct err *e);

/* sqlite.c */
/* Runs one without an answer, and makes it ready for the next time. */
bool sql_step(sqlite3_stmt *q);

/* migrate.c */
bool store_migrate(sqlite3 *db, struct err *e);

/* apply.c: one change inside the open transaction; *broken: all of it is to be given up. */
bool store_apply(struct store *s, struct item *it, bool *broken);
bool store_apply_prepare(struct store *s, struct err *e);
void op_bind(sqlite3_stmt *q, const struct op *op);
/* Runs one with the operation's values: how many rows it changed; -1: SQLite says why not. */
int sql_run(struct sql *sql, enum statement which, const struct op *op);

/* batch.c */
void sql_batch(struct store *s, struct item *first, struct item *end);

/* load.c */
bool sql_load(struct store *s, const struct store_loader *l, struct err *e);
bool sql_meta(struct store *s, const char *name, struct buf *out, struct err *e);

/* look.c, audit.c */
bool look_children(struct store *s, struct item *it, struct err *e);
bool look_blobs(struct store *s, struct item *it, struct err *e);
bool look_nonce(struct store *s, struct item *it, struct err *e);
bool look_check(struct store *s, struct item *it, struct err *e);
bool look_copy(struct store *s, struct item *it, struct err *e);
bool look_audit(struct store *s, struct item *it, struct err *e);
bool look_verify(struct store *s, struct item *it, struct err *e);
bool look_old(struct store *s, struct item *it, struct err *e);
/* As store_apply's: the record goes behind the newest of its org's chain; how many rows, or -1. */
int audit_chain(struct sql *sql, struct op *op);

#endif
