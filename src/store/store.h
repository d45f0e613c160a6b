/*
 * What the platform keeps over a restart: one SQLite file in the state folder, written by one
 * thread that owns the only connection.
 *
 * A change is a transaction made of operations, queued by the loop thread. The store thread takes
 * what has arrived meanwhile, commits it together (group commit) and tells `notify`; store_poll,
 * called on the loop thread, then runs the completions in the order of queueing. Writing SQLite's log
 * back into the file is left for a pause, after all are told. A completion with
 * `ok` means that the change is on the disk. Rows are opaque blobs here (core's record_pack);
 * only what SQL must know (uid, org, name, state) is a column.
 *
 * SQLite 3.40 corrupts WAL files when two connections meet, so nothing else
 * may ever open the file: the folder is locked (store/folder.h) and the connection is exclusive.
 */
#ifndef MLTOP_STORE_STORE_H
#define MLTOP_STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_tx;

enum { STORE_VAULT_KEY = 32, STORE_HASH_HEX = 65 };

struct store_config {
	const char *dir;           /* state folder, locked by the caller */
	bool volatile_data;        /* demo: nothing must survive, so nothing is synced */
	void (*notify)(void *ctx); /* from the store thread: completions wait for store_poll */
	void *ctx;
	void (*fault)(const char *point); /* named crash points of the fault tests; may be NULL */
};

/*
 * How well it is. FULL: the last commit found no room; later ones are tried. BROKEN: an I/O error
 * or a failed fsync; nothing is tried again before the next start, because what a failed fsync
 * lost cannot be known.
 */
enum store_health { STORE_WELL, STORE_FULL, STORE_BROKEN };

/* Opens and migrates; no thread runs yet. A file of a newer schema than this program is refused. */
bool store_open(struct store **out, const struct store_config *config, struct err *e);
/* Starts the thread. Before it, store_load; after it, everything else. */
bool store_start(struct store *s, struct err *e);
/* Commits what is queued, checkpoints, marks the file as closed cleanly and frees. Blocks. */
void store_close(struct store *s);

/* Any thread. */
enum store_health store_health(const struct store *s);
/* Loop thread: runs the completions that wait; returns how many. */
size_t store_poll(struct store *s);
/* Blocks until all that is queued has been committed and completed; for programs without a loop. */
void store_drain(struct store *s);

/* ---- Changes. A tx belongs to the caller until store_commit or store_tx_free. ---- */

struct store_tx *store_tx_new(void);
void store_tx_free(struct store_tx *tx);
bool store_tx_empty(const struct store_tx *tx);

/* `ok` false: nothing of the tx was done; ERR_CONFLICT (only this tx) or ERR_UNAVAILABLE. */
typedef void (*store_done)(void *ctx, bool ok, const struct err *e);
/* Queues; `version` > 0 is stored as the commit counter. `done` may be NULL. Consumes tx. */
void store_commit(struct store *s, struct store_tx *tx, uint64_t version, store_done done,
	void *ctx);

/* All arguments are copied. The names of one org's jobs are unique, but for those being deleted. */
struct store_job {
	const char *uid, *org_id, *name;
	unsigned state;
	const void *pack;
	size_t len;
};
void store_job_insert(struct store_tx *tx, const struct store_job *job);
/* Compare and set: conflict unless the job is there in state `expected`. */
void store_job_update(struct store_tx *tx, const struct store_job *job, unsigned expected);
/* With its tasks and events; conflict when it is not there. */
void store_job_remove(struct store_tx *tx, const char *uid);
void store_task_put(struct store_tx *tx, const char *uid, const char *job_uid, const void *pack,
	size_t len);
void store_event_put(struct store_tx *tx, const char *uid, const char *org_id,
	const char *object_uid, const void *pack, size_t len);
/* Keeps the newest `keep` events of that object. */
void store_events_trim(struct store_tx *tx, const char *object_uid, int64_t keep);
void store_org_put(struct store_tx *tx, const char *org_id, const char *name, const void *pack,
	size_t len);
void store_quota_put(struct store_tx *tx, const char *org_id, const void *pack, size_t len);
/* `sealed` is the secret as store_seal made it. */
void store_key_put(struct store_tx *tx, const char *access_key, const char *org_id,
	const struct buf *sealed, const void *pack, size_t len);
void store_package_put(struct store_tx *tx, const char *id, const char *org_id, const void *pack,
	size_t len);
void store_package_remove(struct store_tx *tx, const char *id);
/* Appends to the hash chain: SHA-256(hash before | record). `record` is one JSON object. */
void store_audit_add(struct store_tx *tx, const char *org_id, const char *record);

struct store_nonce {
	const char *access_key, *nonce, *request_hash;
	int64_t expires; /* wall ms */
	int status;
	const char *body;
	size_t body_len;
};
void store_nonce_put(struct store_tx *tx, const struct store_nonce *n);
/* Forgets nonces that expired before `now`. */
void store_nonces_expire(struct store_tx *tx, int64_t now);
void store_meta_put(struct store_tx *tx, const char *name, const char *value);

/* ---- Reading at start, before store_start. A loader's false stops with its error. ---- */

struct store_loader {
	void *ctx;
	bool (*org)(void *ctx, const void *pack, size_t len, struct err *e);
	bool (*key)(void *ctx, const char *access_key, const void *sealed, size_t sealed_len,
		const void *pack, size_t len, struct err *e);
	bool (*quota)(void *ctx, const void *pack, size_t len, struct err *e);
	bool (*package)(void *ctx, const void *pack, size_t len, struct err *e);
	bool (*job)(void *ctx, const void *pack, size_t len, struct err *e);
	bool (*task)(void *ctx, const void *pack, size_t len, struct err *e);
	bool (*event)(void *ctx, const void *pack, size_t len,
		struct err *e); /* newest `events`, oldest first */
	bool (*nonce)(void *ctx, const struct store_nonce *n, struct err *e); /* without body */
	int64_t events;                                                       /* how many at most */
	int64_t now; /* nonces that expired are not read */
};
bool store_load(struct store *s, const struct store_loader *l, struct err *e);
/* The commit counter at start; 0 for a new store. */
uint64_t store_version_at_start(const struct store *s);
/* Was the store closed cleanly the last time (a new one: yes)? */
bool store_was_clean(const struct store *s);
/* Text of a meta row, "" when absent; before store_start. */
bool store_meta_get(struct store *s, const char *name, struct buf *out, struct err *e);

/* ---- Reading later: done by the store thread, answered by completion ---- */

/* Blobs, in order. Valid during the call. */
struct store_rows {
	const struct buf *rows;
	size_t count;
};
typedef void (
	*store_rows_done)(void *ctx, bool ok, const struct store_rows *rows, const struct err *e);
/* Packs of the newest `limit` events of an object, oldest first. */
void store_read_events(struct store *s, const char *object_uid, int64_t limit, store_rows_done done,
	void *ctx);
/* Audit records as JSON text {"seq", "hash", "record"}, newest first; before > 0: below that seq. */
void store_read_audit(struct store *s, int64_t before, int64_t limit, store_rows_done done,
	void *ctx);
/* Blocks the caller until the thread has looked: only for an answer that was asked for twice. */
bool store_read_nonce(struct store *s, const char *access_key, const char *nonce, struct buf *body);

/* Each of the following answers with rows[0] = a sentence for people. */
/* Recomputes the audit chain. */
void store_audit_verify(struct store *s, store_rows_done done, void *ctx);
/* PRAGMA integrity_check and foreign_key_check. */
void store_check(struct store *s, store_rows_done done, void *ctx);
/* A copy of the database as of now into `path` (must not exist), synced. */
void store_copy(struct store *s, const char *path, store_rows_done done, void *ctx);

/* ---- Secrets: AES-256-GCM by the master key in <dir>/master.key; the key's id is bound in ---- */

bool store_seal(struct store *s, const char *access_key, const char *secret, struct buf *sealed,
	struct err *e);
/* ERR_INTERNAL when it was altered or belongs to another key. `secret` gets the text. */
bool store_unseal(struct store *s, const char *access_key, const void *sealed, size_t len,
	struct buf *secret, struct err *e);

/* The schema that this program writes. */
int store_schema_version(void);

#endif
