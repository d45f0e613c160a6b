/*
 * What a kind whose objects run says of them: pure functions over a row. What they fill in borrows
 * the texts of the row.
 */
#ifndef MLTOP_WORK_POLICY_H
#define MLTOP_WORK_POLICY_H

#include "core/kinds/workload.h"
#include "core/plan/plan.h"
#include "engine/engine.h"

/* What a person said about the log of a workload. */
struct progress_terms {
	struct strings patterns; /* of core/progress/progress.h */
	const char *metric;      /* name of the one to show; NULL: the reader chooses */
	const char *framework;   /* whose patterns of the platform's hold for it; NULL: none's */
};

struct work_policy {
	const struct kind *kind; /* kind_runs() */
	/* What its task runs, in the engine's words. */
	void (*program)(struct task_program *out, const void *row);
	/* The secrets of its org that it is given (core/kinds/secret_use.h); NULL: none. */
	struct strings (*secrets)(const void *row);
	/* URI of the package that the task gets; NULL or "": none. */
	const char *(*package)(const void *row);
	/* How its log is read; NULL: as any log is. */
	void (*progress)(struct progress_terms *out, const void *row);
	/* What all its tasks claim: they are alike, so it is one claim. */
	void (*claim)(struct claim *out, const void *row);
	/* What it is to the planner; how it stands is left to the caller. `claim` must live as long. */
	void (*gang)(struct plan_gang *out, const struct claim *claim, const void *row);
	/*
	 * An attempt has ended: is there another, and how long (ms) is it until then? `why` REASON_RETRY:
	 * it never began. `done`: attempts that count.
	 */
	bool (*again)(const void *row, enum work_reason why, int64_t done, int64_t *delay_ms);
	enum quota_part part; /* of a quota: what it counts in, beside the total */
};

#endif
