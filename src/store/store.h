/*
 * What the platform keeps over a restart: objects of kinds, behind one interface that more than one
 * store can fill (store_sqlite is ours).
 *
 * An object is (kind, uid, org, parent, name, gone, pack) with an opaque revision. A change is made
 * of operations, queued by the loop thread; the store's thread takes what has arrived meanwhile,
 * makes it last and tells `notify`; store_poll, called on the loop thread, then tells the feed and
 * runs the completions, in the order of queueing. A completion with `ok` means that the change is on
 * the disk.
 *
 * One object is the unit of atomicity that a caller may rely on: a store whose table does not say
 * `many` carries the rest of a change inside its first object until that is done too, so that a
 * change is whole or not at all after a crash, but others may see it half done for a moment.
 *
 * SQLite 3.40 corrupts WAL files when two connections meet, so nothing else may ever open its file:
 * the folder is locked (store/folder.h) and the connection is exclusive.
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

struct store_ops;
struct store_front;

struct store_config {
	const struct store_ops *ops;     /* NULL: store_sqlite */
	const struct store_front *front; /* makes up objects that stand before its own; or NULL */
	const char *dir;                 /* state folder, locked by the caller */
	bool volatile_data;              /* demo: nothing must survive, so nothing is synced */
	void (*notify)(void *ctx); /* from the store thread: completions wait for store_poll */
	void *ctx;
	const void *settings;             /* the front's own: struct demo_settings */
	const void *engine_settings;      /* of the engine that goes on with what a demo makes up */
	void (*fault)(const char *point); /* named crash points of the fault tests; may be NULL */
};

extern const struct store_ops store_sqlite;

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

/* Any thread. False: changes are refused, or will be soon, and why. */
bool store_ready(const struct store *s, struct err *e);
enum store_health store_health(const struct store *s);
/* Loop thread: runs the completions that wait; returns how many. */
size_t store_poll(struct store *s);
/* Blocks until all that is queued has been committed and completed; for programs without a loop. */
void store_drain(struct store *s);

/* ---- Objects ---- */

/*
 * Texts are "" where there is none. `name` is unique among the objects of a kind and org that are
 * not `gone`. `revision` says which state of the object this is: only equality means anything.
 */
struct store_object {
	const char *kind, *uid, *org_id, *parent, *name;
	bool gone; /* being removed: its name is free again */
	const void *pack;
	size_t len;
	const void *
		row; /* as the feed brings it, from a store that makes its rows: unpacked; or NULL */
	uint64_t revision;
	/* As the feed brings it: of the change of ours that made it so; 0: of somebody else's. */
	uint64_t version;
};

enum { STORE_NONE = 0 };     /* revision of what is not there */
#define STORE_ANY UINT64_MAX /* as expected revision: whatever is there, or nothing */

/*
 * All objects come by one feed, on the loop thread: at start (store_load), after our own changes and
 * when somebody else changed them. Arguments are valid during the call. object_put's false stops a
 * store_load with its error; later it is of no consequence.
 */
struct store_feed {
	void *ctx;
	bool (*object_put)(void *ctx, const struct store_object *o, struct err *e);
	void (*object_gone)(void *ctx, const struct store_object *o); /* kind, uid, version */
};

/* ---- Changes. A tx belongs to the caller until store_commit or store_tx_free. ---- */

struct store_tx *store_tx_new(void);
void store_tx_free(struct store_tx *tx);
/*
 * It makes room, or must not be lost for want of it: stored with what is held back for that when the
 * disk is full.
 */
void store_tx_urgent(struct store_tx *tx);
/* Appends copies of what is in `more`. */
void store_tx_add(struct store_tx *tx, const struct store_tx *more);

/*
 * How it went. `ok` false: nothing of it was done; ERR_CONFLICT (only this one) or ERR_UNAVAILABLE.
 * `now`: the object in conflict as it is, NULL when it is not there or something else was wrong.
 */
struct store_outcome {
	bool ok;
	const struct err *e;
	const struct store_object *now;
};
typedef void (*store_done)(void *ctx, const struct store_outcome *how);
/* Queues; `version` > 0 is stored as the commit counter. `done` may be NULL. Consumes tx. */
void store_commit(struct store *s, struct store_tx *tx, uint64_t version, store_done done,
	void *ctx);

/* All arguments are copied. `o->revision` is the one expected: compare and set. */
void store_put(struct store_tx *tx, const struct store_object *o);
void store_remove(struct store_tx *tx, const char *kind, const char *uid, uint64_t expected);
/* A large text beside the object: goes with it; the feed does not bring it. */
void store_blob_put(struct store_tx *tx, const char *kind, const char *uid, const char *name,
	const void *data, size_t len);
/* All objects with that parent, and their blobs; told to nobody. */
void store_children_remove(struct store_tx *tx, const char *parent);
/* Keeps the newest `keep` (by uid) of that kind and parent. */
void store_children_trim(struct store_tx *tx, const char *kind, const char *parent, int64_t keep);
/* Appends to the org's hash chain: SHA-256(hash before | record). `record` is one JSON object. */
void store_audit_add(struct store_tx *tx, const char *org_id, const char *record);
/*
 * The first n records of that chain go; it begins with their last hash from then on. Whoever drops some
 * says so in a record of the chain: action AUDIT_CHECKPOINT, with "dropped": n and "hash".
 */
#define AUDIT_CHECKPOINT "audit.checkpoint"
void store_audit_drop(struct store_tx *tx, const char *org_id, int64_t n);

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

/* ---- Reading at start, before store_start. A loader's false stops with its error. ---- */

struct store_loader {
	struct store_feed feed;   /* objects of the kinds in the order of these; kept for later */
	const char *const *kinds; /* NULL-ended */
	const char *newest;       /* of this kind only the newest `most`, oldest first */
	int64_t most;
	bool (*nonce)(void *ctx, const struct store_nonce *n, struct err *e); /* without body */
	int64_t now; /* nonces that expired are not read */
};
bool store_load(struct store *s, const struct store_loader *l, struct err *e);
/* The commit counter at start; 0 for a new store. */
uint64_t store_version_at_start(const struct store *s);
/*
 * Revisions that were acknowledged before this start and are not there any more: the log of a crash
 * was damaged, and what follows the damage is dropped by SQLite in silence. 0: none.
 */
uint64_t store_lost(const struct store *s);
/* Was the store closed cleanly the last time (a new one: yes)? */
bool store_was_clean(const struct store *s);

/* ---- Reading later: done by the store thread, answered by completion ---- */

/* Blobs, in order. Valid during the call. */
struct store_rows {
	const struct buf *rows;
	size_t count;
};
typedef void (
	*store_rows_done)(void *ctx, bool ok, const struct store_rows *rows, const struct err *e);
/* Packs of the newest `limit` objects of that kind and parent, oldest first. */
void store_read_children(struct store *s, const char *kind, const char *parent, int64_t limit,
	store_rows_done done, void *ctx);
/* The blobs of an object: rows are name, data, name, data ... */
void store_read_blobs(struct store *s, const char *kind, const char *uid, store_rows_done done,
	void *ctx);
/*
 * Audit records as JSON text {"seq", "n", "hash", "record"}, newest first; before > 0: below that seq.
 * `org_id`: only of that one; "": of all. n: its number in its chain; 0: in that which all orgs shared
 * once.
 */
void store_read_audit(struct store *s, const char *org_id, int64_t before, int64_t limit,
	store_rows_done done, void *ctx);
/*
 * Of each chain that begins with records older than `time` (RFC 3339, UTC) three rows: org, number and
 * hash (hex) of the last of these. AUDIT_SHARED: that which all orgs shared once.
 */
#define AUDIT_SHARED "*"
void store_audit_old(struct store *s, const char *time, store_rows_done done, void *ctx);
/* The answer stored with a nonce: one row, or none. */
void store_read_nonce(struct store *s, const char *access_key, const char *nonce,
	store_rows_done done, void *ctx);

/* Each of the following answers with rows[0] = a sentence for people. */
/* Recomputes the audit chain of an org, or of all (""): then a row for each follows. */
void store_audit_verify(struct store *s, const char *org_id, store_rows_done done, void *ctx);
/* PRAGMA integrity_check. */
void store_check(struct store *s, store_rows_done done, void *ctx);
/* A copy of the database as of now into `path` (must not exist), synced. */
void store_copy(struct store *s, const char *path, store_rows_done done, void *ctx);

/*
 * ---- Secrets: AES-256-GCM by the master key in <dir>/master.key. What it is the secret of (`bound`: an
 * access key; "ORG_ID/NAME" of a secret) is bound in: it opens as nothing else. Both append. ----
 */

/* HMAC-SHA256 in hex, by a key that is made from the master key: nobody without it can try texts. */
void store_mark(const struct store *s, const void *text, size_t len, char out[STORE_HASH_HEX]);

enum { STORE_SECRET_MAX = 64 * 1024 }; /* bytes of one */
bool store_seal(struct store *s, const char *bound, const void *secret, size_t len,
	struct buf *sealed, struct err *e);
/* ERR_INTERNAL when it was altered or belongs to another key. The caller wipes what `secret` gets. */
bool store_unseal(struct store *s, const char *bound, const void *sealed, size_t len,
	struct buf *secret, struct err *e);

#endif
