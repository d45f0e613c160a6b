/*
 * What each kind has beyond the tables of core/kinds: one file a kind, its table entry beside the
 * code. The routes are made from both (table.c); list, one, create, edit, delete, action and events
 * are the same for all kinds (generic.c, list.c) but for what is said here.
 *
 * A handler answers its request exactly once.
 */
#ifndef MLTOP_KINDS_KINDS_H
#define MLTOP_KINDS_KINDS_H

#include "core/kinds/kinds.h"
#include "kinds/platform.h"

#define API "/cloud_ml/v1"

/* An object that is to be made: decoded and checked. Whoever is given it frees it. */
struct making {
	struct request *r;
	struct arena text; /* what the record points at */
	_Alignas(16) char record[KIND_SIZE_MAX];
};
void making_free(struct making *m);
/* Answers with `e` and frees. */
void making_refuse(struct making *m, const struct err *e);

struct action_handler {
	const char *name; /* of the kind's action */
	/* `row`: as committed, in a state that the action may be taken from. */
	void (*run)(struct request *r, const void *row);
};

/* `e` says whether all is there (ERR_NONE). */
typedef void (*gathered)(struct request *r, const struct err *e);

struct kind_handlers {
	const struct kind *kind;
	/* Before the body, a JSON object, is judged: what clients send along goes. NULL: nothing. */
	bool (*prepare)(struct request *r, struct err *e);
	/*
	 * CAN_CREATE, after that: what the body means and only the store has is put into it. `done` is
	 * called once, at once or later. NULL: nothing.
	 */
	void (*gather)(struct request *r, gathered done);
	/* CAN_CREATE. */
	void (*make)(struct making *m);
	/*
	 * Before one is edited or an action is done to it: whether it is theirs to do so, who have the
	 * role already. NULL: it is.
	 */
	bool (*manage)(const struct principal *who, const void *row, struct err *e);
	/*
	 * CAN_EDIT: judges what a row, `changed`, is to become, and puts it into the change. NULL: it is
	 * put as it is.
	 */
	bool (*edit)(struct request *r, struct change *c, const void *row, void *changed,
		struct err *e);
	/*
	 * CAN_WHAT_IF: answers what `made`, checked and not stored, would lead to (request.what_if).
	 * `row`: what it is a change of; NULL: it is new.
	 */
	void (*what_if)(struct request *r, const void *row, const void *made);
	/* CAN_EDIT: after the change was stored or not, as change_then. NULL: nothing to do. */
	change_after edited;
	/*
	 * Its rows are looked up after each turn of planning, not stored: all of them as they are now
	 * go into `out`, a set of its kind. NULL: they are stored.
	 */
	void (*look)(struct platform *p, struct rowset *out);
	/* CAN_RUN. */
	const struct work_policy *policy;
	const struct action_handler *actions; /* ended by name NULL */
	const struct route *more;             /* special routes, ended by pattern NULL */
};

#define X(name) extern const struct kind_handlers name##_handlers;
KINDS(X)
#undef X
extern const struct kind_handlers *const all_handlers[]; /* NULL-ended */
/* Of a kind that runs. */
const struct work_policy *handlers_policy(void *ctx, const struct kind *k);
/* The platform's own: /version, /healthz, /platform ... (platform.c). */
extern const struct route platform_routes[];

/* ---- generic.c ---- */

/* A change that a request asks for, which it answers (change_by). */
struct change *change_for(struct request *r);
/* What is told of it: of any change, `ctx` being the request. */
void request_answered(void *ctx, bool ok, const struct err *e, int status, const char *answer);

/*
 * A person has done that to an object: the audit record, "quota.change", and what the object's
 * events say of it, "Changed". `which`: rows that are different now; NULL: not to be told.
 */
void request_did(struct request *r, struct change *c, const struct kind *k, const void *row,
	const char *verb, const char *event, const struct fieldset *which);

/* The org that is asked about; NULL after a refusal has been answered. All of them (MODEL_ALL_ORGS) only where `all`. */
const char *request_org(struct request *r, const struct kind *k, bool all);
/* The object of the path, as the caller may see it; NULL: 404 (or 403) has been answered. */
const void *request_object(struct request *r);
void request_absent(struct request *r, const struct kind *k, const char *name);
/* The row as the request wants it: ?fields=. */
void request_reply_row(struct request *r, const struct kind *k, const void *row);
/*
 * What the body says, a record of the action's `takes`, zeroed before: false after a refusal. An empty
 * body says nothing.
 */
bool action_takes(struct request *r, void *rec, struct arena *text);
/* "job digits is completed: it is over already" */
void action_refuse(struct request *r, const void *row, const char *why);
/* {"message": "..."}. */
json_t *message_json(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Answers the forecast of a workload (work/foresee.h), as what_if. */
void workload_what_if(struct request *r, const void *row, const void *made);

void generic_one(struct request *r);
void generic_create(struct request *r);
void generic_edit(struct request *r);
void generic_action(struct request *r);
void generic_events(struct request *r);

/* ---- metrics.c ---- */

void platform_metrics(struct request *r);

/* ---- look.c ---- */

/* From now on; before the first turn of planning. */
void looks_open(struct platform *p);

/* ---- framework.c ---- */

/* The question to the platform's Python ends at once. */
void frameworks_stop(struct platform *p);

/* ---- list.c ---- */

/* ?filter= ?fields= ?state= ?name= ?label= ?limit= ?continue= of the route's kind. */
void generic_list(struct request *r);
/* Of a few rows that the platform keeps elsewhere those that ?filter= wants; false after a refusal. */
/*
 * The same answer of rows that a handler made, `rows` in order of uid, which it takes and frees, all of
 * them to be seen by who asks. `columns`: as CSV, in one piece, of ?fields= or else these; NULL: as JSON,
 * in pages.
 */
void list_made(struct request *r, struct rowset *rows, const char *columns);
bool list_wanted(struct request *r, const struct rowset *rows,
	void (*wanted)(void *ctx, const void *row), void *ctx);

/* ---- audit.c ---- */

/* Now and then, when something new comes: records older than audit.keep go. */
void audit_keep(struct platform *p, int64_t now);

/* ---- own.c ---- */

/* What the daemon asks itself, as an admin. Texts are copied. */
struct own_asks {
	const char *actor;  /* for the audit: "control socket, user 1000" */
	const char *org_id; /* whose audit it is; "": nobody's */
	const struct kind *kind;
	const char *action,
		*name; /* of the kind and its object; both NULL: one is made of `body` */
	json_t *body;  /* consumed; NULL: none */
};
/* Status and body as HTTP has them. Called once, now or later on the loop. */
typedef void (*own_answered)(void *ctx, int status, const json_t *answer);
void own_request(struct platform *p, const struct own_asks *asks, own_answered answered, void *ctx);

/* ---- table.c ---- */

struct route_table;
struct route_table *route_table_new(void);
void route_table_free(struct route_table *t);
const struct route *route_table_rows(const struct route_table *t); /* ended by pattern NULL */

/* Docs of the API, from the tables. */
void routes_docs(struct buf *out);
/* The table itself: [{"method", "pattern", "role", "flags": [words]}], for what is made of it. */
void routes_json(struct buf *out);

/* ---- Handlers that lie in other files than the kind's own ---- */

void job_made(struct making *m); /* job_submit.c */
bool job_prepare(struct request *r, struct err *e);
void job_gather(struct request *r, gathered done);
extern const struct work_policy job_policy; /* job_policy.c */

#endif
