/* What there is in a made-up platform. Private to this folder; nothing of it changes once made. */
#ifndef MLTOP_DEMO_WORLD_H
#define MLTOP_DEMO_WORLD_H

#include "base/buf.h"
#include "core/kinds/event.h"
#include "core/kinds/job.h"
#include "core/kinds/org.h"
#include "core/kinds/quota.h"
#include "core/kinds/task.h"
#include "demo/settings.h"
#include "engine/fake/made.h"
#include "engine/fake/settings.h"
#include "store/store.h"

enum {
	WORLD_ORGS = 2,
	WORLD_RUNNING = 500, /* so many run at most, and so many wait: the others are over */
	WORLD_WAITING = 300,
	WORLD_SECOND = 50,  /* jobs of the second org at most */
	WORLD_EVENTS = 3,   /* of a job at most */
	WORLD_TASKS = 1000, /* so many newest jobs that are over have a row of their attempt */
	WORLD_OWNERS = 7,
	WORLD_WEEKS = 8, /* that jobs which were removed had spent */
};

struct world_org {
	char id[8], name[64];
	int64_t gpus, used; /* that it may use, and that its jobs do */
};

struct world_job {
	struct made made;
	char uid[ULID_SIZE];
	size_t gpu_from; /* the first of those it holds, when it runs */
	size_t node;     /* that it is on */
};

struct world {
	uint64_t seed;
	int64_t now; /* wall ms of its making */
	int64_t gpus;
	size_t nodes;
	struct world_org orgs[WORLD_ORGS];
	size_t org_count;
	size_t asked;           /* jobs of the first org */
	struct world_job *jobs; /* by uid */
	size_t job_count;
};

void world_make(struct world *w, const struct demo_settings *s, const struct fake_settings *engine,
	int64_t now);
void world_release(struct world *w);
const struct world_org *world_org_of(const struct world *w, const struct made *m);

/* ---- Rows. Texts of a row live in it; zeroed before its first use. ---- */

#define WORLD_NAME "demo-job-%05u"

struct world_row {
	struct record known[64]; /* of jobs, by how they stand and what their log has said */
	bool is_known;           /* of the one that is being made */
	char node[MADE_NODE_SIZE];
	char name[32], args[64], message[64], uid[ULID_SIZE + 32];
	const char *words[8];
	const char *gpus[MADE_GPUS_MAX];
	char gpu_text[MADE_GPUS_MAX][48];
	struct label label;
	union {
		struct job job;
		struct task task;
		struct event event;
	};
};
void world_job_row(const struct world *w, const struct world_job *j, struct world_row *r);
/* Its first attempt. */
void world_task_row(const struct world *w, const struct world_job *j, struct world_row *r);
/* What happened to it, oldest first: event n; false: there is none. */
bool world_event_row(const struct world *w, const struct world_job *j, size_t n,
	struct world_row *r);
void world_org_row(const struct world *w, const struct world_org *o, struct org *out);
const char *world_owner(size_t n);
/* Why it failed, of one that did. */
enum work_reason world_why(const struct made *m);
const char *world_why_text(enum work_reason why);
void world_quota_row(const struct world *w, const struct world_org *o, struct quota *out);

/* ---- Told at the start ---- */

/* As it was made: the store holds nothing of it yet, which is what its revision says. */
bool world_tell(const struct store_loader *l, const struct kind *k, const void *row,
	const struct store_object *names, struct err *e);
/* What removed jobs of each owner had spent. */
bool world_spendings_tell(const struct world *w, const struct store_loader *l, struct err *e);
/* Secrets of each org, sealed by that store's key. */
bool world_secrets_tell(struct store *s, const struct world *w, const struct store_loader *l,
	struct err *e);

#endif
