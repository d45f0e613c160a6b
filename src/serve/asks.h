/*
 * What the server asks of the platform behind it: a table of functions given at server_open, so
 * that this folder knows no store, no model and no engine. All are called on the loop thread; rows
 * and texts that they return stay the platform's and are good until the next turn of the loop.
 */
#ifndef MLTOP_SERVE_ASKS_H
#define MLTOP_SERVE_ASKS_H

#include "core/kinds/key.h"
#include "core/kinds/task.h"
#include "core/schema/rowset.h"
#include "core/wire/logs.h"
#include "core/wire/sign.h"

#include <sys/types.h>

struct platform;

/* Where signatures of a weak scheme (core/wire/sign.h) are taken. */
enum weak_signing { WEAK_SECURE, WEAK_NEVER, WEAK_ALWAYS };

struct server_limits {
	enum weak_signing weak;
	bool shared; /* false: the private platform, which has none but memory */
	int connections, per_key, per_address, streams_per_key, requests_per_s, request_burst;
	size_t list_max; /* rows of a page */
};

struct server_asks {
	/* The row of an access key, disabled ones included, its secret in the clear; NULL: none. */
	const struct key *(*key)(struct platform *p, const char *access_key);
	/* Tells that a key was used, and from which address. */
	void (*key_used)(struct platform *p, const char *access_key, const char *peer, int64_t now);
	/* As they may be at this moment: a reload changes them. */
	const struct server_limits *(*limits)(const struct platform *p);

	/* All rows of a kind, whatever the org; NULL: not a kind that is streamed. */
	const struct rowset *(*rows)(struct platform *p, const struct kind *k);
	/* May `who` see this row of kind k? `org`: whose rows were asked for, "" the own. */
	bool (*visible)(const struct principal *who, const struct kind *k, const void *row,
		const char *org);
	/* "v" on the wire (core/wire/wire.h). Never goes back while we run. */
	uint64_t (*version)(const struct platform *p);

	/*
	 * What alike requests have in common, for request_hash: made with a key of the platform's, because
	 * it is stored, and whoever reads it could try else which secret the request had brought.
	 */
	void (*request_mark)(const struct platform *p, const void *text, size_t len,
		char out[SIGN_HEX_SIZE]);
	/*
	 * Taken before the handler runs. NONCE_NEW: it is held for this request until nonce_free: the
	 * same request is NONCE_PENDING meanwhile, however long the handler looks into a package first.
	 * NONCE_SAME: an identical request was answered: *status and *body (borrowed) are that answer.
	 */
	enum nonce_state (*nonce_take)(struct platform *p, const struct principal *who,
		const char *nonce, const char *request_hash, int64_t now, int *status,
		const char **body, size_t *body_len);
	/* NONCE_STORED: *status is known already; `done` is told the answer later, on the loop. */
	void (*nonce_read)(struct platform *p, const char *access_key, const char *nonce,
		int status, nonce_read done, void *ctx);
	/* It is answered: unless a change was stored with the nonce, it may be used again. */
	void (*nonce_free)(struct platform *p, const char *access_key, const char *nonce);

	/* The newest object of that name (or uid) in the org, of a kind that runs; NULL: none. */
	const void *(*named)(struct platform *p, const struct kind *k, const char *org_id,
		const char *name_or_uid);
	/* The row of that attempt (exit code, signal, state); NULL: none. */
	const struct task *(
		*task)(struct platform *p, const char *of, const char *task, int attempt);
	/*
	 * Somebody's place in a log, as work/cursor.h has it; attempt 0: the newest. NULL: there is no
	 * such task or attempt, or not yet.
	 */
	struct log_cursor *(*log_open)(struct platform *p, const struct kind *k, const void *row,
		const char *task, int attempt, void (*ready)(void *ctx), void *ctx, struct err *e);
	enum log_step (
		*log_next)(struct log_cursor *c, void *out, size_t size, struct log_piece *piece);
	void (*log_seek)(struct log_cursor *c, uint64_t offset);
	int (*log_attempt)(const struct log_cursor *c);
	void (*log_news)(struct log_cursor *c); /* it grew, or its task ended */
	void (*log_close)(struct log_cursor *c);
};

#endif
