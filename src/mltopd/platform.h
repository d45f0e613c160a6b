/*
 * The platform's model: what the daemon knows, in memory, backed by the store. Everything here
 * runs on the loop thread. Reads are answered from memory; a change is visible to others and
 * acknowledged only after its commit.
 */
#ifndef MLTOPD_PLATFORM_H
#define MLTOPD_PLATFORM_H

#include "core/kinds/event.h"
#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/org.h"
#include "core/kinds/package.h"
#include "core/kinds/quota.h"
#include "core/schema/rowset.h"
#include "core/kinds/task.h"
#include "engine/engine.h"
#include "serve/asks.h"
#include "serve/request.h"

struct platform;

/* ---- What the server and the streams ask for: the functions of serve/asks.h ---- */

/* The key row for an access key, disabled ones included; NULL: none. Its secret is in the clear. */
const struct key *platform_key(struct platform *p, const char *access_key);
/* Tells that a key was used (kept in memory, written coarsely). */
void platform_key_used(struct platform *p, const char *access_key, int64_t now);

/* All rows of a kind, whatever the org; rows know their org_id. NULL: not a kind that is streamed. */
const struct rowset *platform_rows(struct platform *p, const struct kind *k);
/* May `who` see this row of kind k? */
bool platform_visible(const struct principal *who, const struct kind *k, const void *row,
	const char *org);
/* The counter of commits: "v" on the wire. Persistent, never goes back. */
uint64_t platform_version(const struct platform *p);

/* The newest job of that name (or uid) in the org; NULL: none. */
const struct job *platform_job(struct platform *p, const char *org_id, const char *name_or_uid);

/*
 * A place in the log of a job's attempt (work/cursor.h); 0: the newest. NULL: there is no such task
 * or attempt, or not yet.
 */
struct log_cursor *platform_log_open(struct platform *p, const struct job *j, const char *task,
	int attempt, void (*ready)(void *ctx), void *ctx, struct err *e);
/* The row of that attempt (exit code, signal, state); NULL: none. */
const struct task *platform_task(struct platform *p, const char *job_uid, const char *task,
	int attempt);

enum nonce_state platform_nonce_take(struct platform *p, const struct principal *who,
	const char *nonce, const char *request_hash, int64_t now, int *status, const char **body,
	size_t *body_len);
/* It is answered: unless a change was stored with the nonce, it may be used again. */
void platform_nonce_free(struct platform *p, const char *access_key, const char *nonce);

/* Settings the server needs. */
const struct server_limits *platform_limits(const struct platform *p);
bool platform_ready(const struct platform *p, struct err *e); /* /readyz */

#endif
