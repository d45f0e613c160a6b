/*
 * What the platform knows, in memory, backed by the store. All of it runs on the loop thread. Reads
 * are answered from memory; a change is visible to others and acknowledged only after its commit.
 *
 * Two views of a workload exist. The row in its kind's set is what the last commit holds; it is what
 * everybody sees. The row in `moving` (only of those that are not final) is ahead of it by the changes
 * that are on their way to the disk; who brings it to its end decides by it. A change is composed from
 * `moving`, queued, and applied to the set by its completion, in the order of queueing.
 *
 * The model knows nobody above it: what others have to learn it tells its watchers.
 */
#ifndef MLTOP_MODEL_MODEL_H
#define MLTOP_MODEL_MODEL_H

#include "base/map.h"
#include "base/ulid.h"
#include "base/vec.h"
#include "core/kinds/event.h"
#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/org.h"
#include "core/kinds/package.h"
#include "core/kinds/quota.h"
#include "core/kinds/spending.h"
#include "core/kinds/task.h"
#include "core/schema/rowset.h"
#include "core/wire/sign.h"
#include "model/sets.h"
#include "store/store.h"

#include <jansson.h>

enum {
	NONCE_CACHE = 256,                /* newest answers kept in memory */
	NONCES_PER_KEY = 65536,           /* in the window; more are refused */
	RETRY_AFTER_S = 5,                /* told when the store cannot take changes */
	KEYS_WRITTEN_MS = 10 * 60 * 1000, /* when a key was used last is written that often */
	KEYS_WRITTEN = 256,               /* keys of one such change */
};

#define MODEL_ALL_ORGS "-1" /* in place of an org_id, where somebody asks for rows */

struct nonce;
struct change;

/* The newest event of a job in motion: the same again is counted in it. Zeroed at first. */
struct event_fold {
	char uid[ULID_SIZE];
	char reason[64];
	uint32_t hash;
	int64_t count, first;
};

/* Who is told of what. All are there; they may start changes, and keep nothing of what they get. */
struct model_watchers {
	void *ctx;
	/* The store has told of a row, which is in its set and not yet shown. Also while it is loaded. */
	void (*row_stored)(void *ctx, const struct kind *k, const void *row);
	/* It is to be shown as it is now; it is gone. */
	void (*row_changed)(void *ctx, const struct kind *k, const char *uid);
	void (*row_gone)(void *ctx, const struct kind *k, const char *uid);
	void (*key_disabled)(void *ctx, const char *access_key);
	/*
	 * A change of that workload is over. `last`: no other one is on its way. `lost`: nobody asked
	 * for it and it is not stored: it is to be stored anew.
	 */
	void (*work_settled)(void *ctx, const char *uid, bool last, bool lost);
	/* Where the newest event of an object is kept; NULL: it is not in motion. */
	struct event_fold *(*fold)(void *ctx, const char *uid);
};

/* As they may be at this moment: a reload of the settings changes them. */
struct model_settings {
	int64_t events_kept;    /* in memory */
	int64_t events_per_job; /* in the store */
	bool users_apart; /* tasks of several orgs meet on this machine: each has a Unix user */
	const char *uid_range; /* of these: "FIRST-LAST"; borrowed */
};

struct model {
	struct store *store; /* the owner's: opened after model_init, closed before model_release */
	struct model_settings settings;
	struct model_watchers told;
	bool loaded;

	struct rowset jobs, tasks, events, orgs, keys, quotas, packages,
		spendings;         /* as committed */
	struct sets sets;          /* of these, by kind, with the names that are taken */
	struct map record_bytes;   /* org_id -> intptr_t: bytes of what runs for it in the store */
	struct map coming;         /* "kind/org_id" -> struct coming */
	struct map flights;        /* "kind/uid" -> struct flight: changes on their way */
	VEC(struct change *) next; /* those that may be first at their objects now, each once */
	bool going;                /* these are being looked at */
	int64_t org_given, user_given; /* the greatest id and Unix user ever given to an org */
	uint32_t server;               /* this run of the program, by chance */
	uint64_t version, next_version;
	size_t changes_waiting;
	struct map keys_used; /* access keys that were used since that was written */
	int64_t keys_written; /* wall ms; 0: not yet since the start */

	struct map nonces;       /* "access_key nonce" -> struct nonce */
	struct map nonce_counts; /* access key -> number */
	int64_t nonce_swept;
	struct {
		char *key, *body;
		size_t len;
	} answers[NONCE_CACHE];
	size_t answer_next;

	int64_t uid_ms; /* of the newest ULID */
	uint8_t uid_random[10];
};

/* `m` is zeroed. */
void model_init(struct model *m, const struct model_watchers *told);
void model_release(struct model *m);
/* All that the opened store has. */
bool model_load(struct model *m, struct err *e);

/*
 * Wall ms. MLTOPD_CLOCK names a file that says by how many ms it is wrong, read each time: tests set
 * the clock by it. Always compiled in, as the crash points are.
 */
int64_t model_now(void);
/* A new ULID, greater than all before it: also within a millisecond, order is that of creation. */
void model_uid(struct model *m, char out[ULID_SIZE], int64_t now);

/* ---- Changes ---- */

struct change *change_new(struct model *m);
/* Who asks for a change. Borrowed until it is over. */
struct author {
	const char *access_key, *key_name, *org_id, *peer;
	enum role role;
	const char *nonce, *request_hash; /* "" or NULL: none */
	int64_t now;                      /* wall ms when it was asked for */
};
/* A change that somebody asked for: its nonce is stored with it, and its audit record is due. */
struct change *change_by(struct model *m, const struct author *who);
/* One that is not to be committed after all: names that it reserved are free again. */
void change_free(struct change *c);
/* Packs the row as it is now. Its name is reserved, or given up when it is being deleted. */
void change_work(struct change *c, const struct kind *k, const struct workload *w);
void change_task(struct change *c, const struct task *t);
/* What happened to an object; folds into its newest event when it says the same. */
void change_event(struct change *c, const struct kind *k, const void *rec, enum event_type type,
	const char *reason, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Keeps the newest events.per_job of that object. */
void change_events_trim(struct change *c, const struct kind *k, const char *uid);
/*
 * What the events of an object are kept under in the store: its uid, and for a kind whose objects have
 * the uid of their org (quota) the kind before it, so that they crowd out none of the org's.
 */
enum { EVENTS_OF_SIZE = 128 };
const char *events_of(const struct kind *k, const char *uid, char out[EVENTS_OF_SIZE]);
struct model *change_model(const struct change *c);
/* An object of any kind, made from the row that has its uid; by its uid, it goes and what is its. */
void change_row(struct change *c, const struct kind *k, const void *rec);
/* That object, which is in the change, must still be as it was: else the change fails (ERR_CONFLICT). */
void change_only_if(struct change *c, const struct kind *k, const char *uid);
void change_row_remove(struct change *c, const struct kind *k, const char *uid);
bool change_key(struct change *c, const struct key *k, struct err *e);
/* What was done, by whom: core/kinds/audit.c has the rows. `detail` NULL: none. */
void change_audit(struct change *c, const char *action, const char *object, const char *detail);
/* The same in the chain of that org, whoever did it. */
void change_audit_in(struct change *c, const char *org, const char *action, const char *object,
	const char *detail);
/* The first n records of the org's chain go; `hash`: of the last of them, which the record of it keeps. */
void change_audit_drop(struct change *c, const char *org, int64_t n, const char *hash);
/* "job.delete", of the row's uid and name: in the chain of its org, where it is of one. */
void change_audit_of(struct change *c, const struct kind *k, const char *verb, const void *row);
/* Who, where there is no request: "control socket, user 1000". */
void change_actor(struct change *c, const char *actor, const char *org_id);
/* Called after the commit and after the rows are applied, before the answer leaves. */
typedef void (*change_after)(void *ctx, bool ok, const struct err *e);
void change_then(struct change *c, change_after after, void *ctx);
/* Last of all: what whoever asked is told. */
typedef void (
	*change_answered)(void *ctx, bool ok, const struct err *e, int status, const char *answer);
void change_told(struct change *c, change_answered answered, void *ctx);
/* What is told when all went well; `body` is consumed. */
void change_answer(struct change *c, int status, json_t *body);
/* The answer holds a secret: a repeated request gets a refusal in its place. */
void change_answer_once(struct change *c);
void change_commit(struct change *c);
/*
 * A row's long texts are beside it in the store: `done` gets a record that has them all, at once where
 * there are none; NULL with the error when they could not be read or the object is gone.
 */
typedef void (*whole_read)(void *ctx, const void *rec, const struct err *e);
void model_whole(struct model *m, const struct kind *k, const void *row, whole_read done,
	void *ctx);
/* Bytes of the org's records in the store. */
int64_t model_record_bytes(const struct model *m, const char *org_id);
/* New objects of a kind that are on their way to the store: who counts for a limit counts them too. */
struct coming {
	int64_t objects, bytes;
};
struct coming model_coming(const struct model *m, const struct kind *k, const char *org_id);
/* Is a change of that object on its way to the disk? */
bool change_in_flight(const struct model *m, const struct kind *k, const char *uid);
/* For starts, before the loop runs: waits for it. */
bool change_commit_now(struct change *c, struct err *e);

/* ---- Lookups ---- */

/* NULL: it is not in motion. */
struct workload *model_moving(struct model *m, const struct kind *k, const char *uid);
/* Writes a record over its row in `moving`; it is in motion no longer. */
void model_moving_put(struct model *m, const struct kind *k, const void *rec);
void model_moving_remove(struct model *m, const struct kind *k, const char *uid);
/* As committed; NULL: none. */
void *model_row(struct model *m, const struct kind *k, const char *uid);
/* In memory only: why it waits, how it does. */
void model_row_put(struct model *m, const struct kind *k, const void *rec);
/* The same, of whatever kind that runs: which one it is (NULL: nobody asks). */
const struct workload *model_workload(struct model *m, const char *uid, const struct kind **kind);
/* The org whose row of a veiled kind this one stands in place of, for all others; "": it is the row itself. */
const char *model_veils(const struct kind *k, const void *row);
const struct org *model_org(struct model *m, const char *org_id);
const struct org *model_org_named(struct model *m, const char *name);
/* Of kinds whose names are unique in an org. */
const char *model_name_uid(struct model *m, const struct kind *k, const char *org_id,
	const char *name);
/* The newest object of that name (or uid) in the org; NULL: none. */
const void *model_named(struct model *m, const struct kind *k, const char *org_id,
	const char *name_or_uid);
/* The row of that attempt (exit code, signal, state); NULL: none. */
const struct task *model_task(struct model *m, const char *job_uid, const char *task, int attempt);
/* The key row for an access key, disabled ones included; NULL: none. Its secret is in the clear. */
const struct key *model_key(struct model *m, const char *access_key);
/* Tells that a key was used, and from where: known to the minute, written every KEYS_WRITTEN_MS. */
void model_key_used(struct model *m, const char *access_key, const char *peer, int64_t now);
/* Writes what is known by now, at a clean end; waits for it. */
void keys_used_write(struct model *m);
/* All rows of a kind, whatever the org; rows know their org_id. NULL: not a kind that is streamed. */
const struct rowset *model_rows(struct model *m, const struct kind *k);
/* May `who` see this row of kind k? `org`: whose rows were asked for; "" or NULL: not said. */
bool model_visible(const struct principal *who, const struct kind *k, const void *row,
	const char *org);
/* "v" on the wire (core/wire/wire.h): the counter of commits, which is stored, and who we are. */
uint64_t model_version(const struct model *m);
/* The store has failed: nothing is made last any more. */
bool model_broken(const struct model *m);

/* A row goes out as it is now: committed before, or in memory only. */
void model_show(struct model *m, const struct kind *k, const char *uid);

/* ---- Nonces ---- */

/* NONCE_SAME: *status and *body (borrowed) are the answer that was given. */
enum nonce_state model_nonce_take(struct model *m, const struct principal *who, const char *nonce,
	const char *request_hash, int64_t now, int *status, const char **body, size_t *body_len);
/* NONCE_STORED: *status is known already; `done` is told the answer later. */
void model_nonce_read(struct model *m, const char *access_key, const char *nonce, int status,
	nonce_read done, void *ctx);
/* It is answered: unless a change was stored with the nonce, it may be used again. */
void model_nonce_free(struct model *m, const char *access_key, const char *nonce);
bool model_nonce_load(struct model *m, const struct store_nonce *n);
/* The change of that nonce is stored, and n beside it. */
void model_nonce_keep(struct model *m, const struct store_nonce *n);
void model_nonces_sweep(struct model *m, int64_t now, struct store_tx *tx);
void model_nonces_release(struct model *m);

/* ---- Keys and orgs ---- */

/* Makes a key with fresh halves; texts in `a`. */
void keys_make(struct key *k, struct arena *a, const struct org *o, const char *name,
	enum role role, int64_t now);
/* The key disabled (`off`) or enabled is queued; disabled, its streams close once it is stored. */
bool keys_switch(struct change *c, const struct key *row, bool off, struct err *e);
/* A second key like `row`. */
void keys_rotate(struct key *out, struct arena *a, const struct key *row, int64_t now);
/* The key of a platform without others, in <dir>/private.key: made where there is none. */
bool keys_private(struct model *m, const char *dir, struct err *e);

/* The org of that name, or a new one in the change; texts in `a`. */
bool orgs_obtain(struct change *c, const char *name, struct org *out, struct arena *a,
	struct err *e);
/*
 * Before anything runs: orgs that were made while this platform was private, had another engine
 * or was not root get their Unix user now; false where tasks of two orgs would share one.
 */
bool orgs_separate(struct model *m, struct err *e);

#endif
