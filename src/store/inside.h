/* What the files of src/store share; nobody else includes it. */
#ifndef MLTOP_STORE_INSIDE_H
#define MLTOP_STORE_INSIDE_H

#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum op_kind {
	OP_JOB_INSERT,
	OP_JOB_UPDATE,
	OP_JOB_REMOVE,
	OP_TASK_PUT,
	OP_EVENT_PUT,
	OP_EVENTS_REMOVE,
	OP_EVENTS_TRIM,
	OP_ORG_PUT,
	OP_QUOTA_PUT,
	OP_KEY_PUT,
	OP_PACKAGE_PUT,
	OP_PACKAGE_REMOVE,
	OP_AUDIT_ADD,
	OP_NONCE_PUT,
	OP_NONCES_EXPIRE,
	OP_META_PUT,
	OP_COUNT,
};

/* One statement to run: parameters ?1..?3 texts, ?4 ?5 numbers, ?6 ?7 blobs. */
struct op {
	struct op *next;
	enum op_kind kind;
	const char *text[3];
	int64_t number[2];
	const void *blob[2];
	size_t blob_len[2];
	char bytes[]; /* where texts and blobs lie */
};

struct store_tx {
	struct op *first, **last;
};

/* What waits for the thread, or for the loop afterwards. */
struct item {
	struct item *next;
	/* a change */
	struct store_tx *tx;
	uint64_t version;
	store_done done;
	/* or a look: run by the thread outside of any transaction */
	bool (*look)(struct store *s, struct item *it, struct err *e);
	char *text[2];
	int64_t number[2];
	struct buf *rows;
	size_t row_count;
	store_rows_done rows_done;
	void *ctx;
	/* how it went */
	bool ok;
	struct err e;
};

struct store {
	struct store_config config;
	char *dir;
	sqlite3 *db;
	sqlite3_stmt *ops[OP_COUNT], *begin, *commit, *rollback, *save, *release, *unsave, *version;
	int wal_pages;
	uint8_t master[STORE_VAULT_KEY];
	unsigned char audit_hash[32]; /* of the newest record */
	bool was_clean;
	uint64_t version_at_start;

	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t more, idle;
	struct item *queue, **queue_last, *finished, **finished_last;
	bool stop, busy;
	atomic_int health;
};

/* sqlite.c */
bool sql_exec(sqlite3 *db, const char *sql, struct err *e);
/* Fills `e` with what SQLite says about the last call, as a sentence that begins with `what`. */
bool sql_fail(sqlite3 *db, const char *what, struct err *e);
bool sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct err *e);
bool sql_int(sqlite3 *db, const char *sql, int64_t *out, struct err *e);
bool sql_open(struct store *s, struct err *e);
void sql_close(struct store *s);
bool sql_checkpoint(struct store *s, struct err *e);

/* migrate.c */
bool store_migrate(sqlite3 *db, struct err *e);

/* apply.c: one tx inside the open transaction; *broken: the whole transaction is to be given up. */
bool store_apply(struct store *s, const struct store_tx *tx, bool *broken, struct err *e);
bool store_apply_prepare(struct store *s, struct err *e);

/* thread.c */
void *store_thread(void *arg);
void item_free(struct item *it);
void store_queue(struct store *s, struct item *it);

/* audit.c */
void audit_next(const unsigned char before[32], const char *record, size_t len,
	unsigned char after[32]);
bool audit_last(struct store *s, struct err *e);

/* Appends a row to what a look answers. */
struct buf *item_row(struct item *it);

#endif
