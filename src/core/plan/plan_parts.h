/*
 * What the files of plan*.c share: pools that amounts are taken from, and the sentences about
 * them. Private to the planner.
 */
#ifndef MLTOP_CORE_PLAN_PARTS_H
#define MLTOP_CORE_PLAN_PARTS_H

#include "core/plan/plan.h"

/* Something that gangs take from: a node, all nodes, or one line of an org's quota. */
struct pool {
	struct amounts total; /* NO_BOUND: this dimension is not counted */
	struct amounts used;
	struct amounts kept; /* of what is free, reserved for `keeper` */
	const char *keeper;  /* a gang's name; borrowed from it */
	const char *org;     /* name of the org; NULL: the machine */
};

/* Why a gang does not fit: the first dimension of the first pool that lacks. */
struct block {
	const struct pool *pool;
	enum dim dim;
	bool kept; /* it would fit were nothing kept */
};

/* What a gang needs in all, and what each task of a claim needs. */
void need_of(struct amounts *out, const struct plan_gang *g);
void need_each(struct amounts *out, const struct claim *c);
int64_t need_tasks(const struct plan_gang *g);

void pool_of_node(struct pool *out, const struct plan_node *n, bool packing_cpu);
/* Adds up; a dimension that one of them does not count is not counted. */
void pool_join(struct pool *to, const struct pool *more);
/* Of a part of the org's quota, or (PART_COUNT) of its total; NULL: no bounds. */
void pool_of_org(struct pool *out, const struct plan_org *o, enum quota_part part);
void pool_take(struct pool *p, const struct amounts *need);
void pool_give_back(struct pool *p, const struct amounts *need);
/* Keeps of what is free as much as `need` asks for. */
void pool_keep(struct pool *p, const struct amounts *need, const char *keeper);
/* What may be taken now of one dimension; never negative. */
int64_t pool_free(const struct pool *p, int dim);
bool pool_blocks(const struct pool *p, const struct amounts *need, struct block *out);
/* True when nothing is left of something that every gang takes from. */
bool pool_full(const struct pool *p);
/* True when the pool could not hold it even if it were empty. */
bool pool_too_small(const struct pool *p, const struct amounts *need, enum dim *dim);

bool selector_says(const struct plan_gang *g); /* not any node will do */
/* "hostname" and how Kubernetes says it: a label that every node has. */
bool selector_is_name(const char *key);
bool node_selected(const struct plan_gang *g, const struct plan_node *n);

enum work_reason block_reason(const struct block *b);
void block_message(char *out, size_t size, const struct block *b, const struct amounts *need);
/* It fits all nodes together and no single one: what one task needs, and the most one node has. */
void spread_message(char *out, size_t size, enum dim dim, const struct amounts *each, int64_t most);

/* Text that is cut at `size`, always NUL-ended. printf would cost most of a plan's time. */
struct text {
	char *out;
	size_t size, len;
};
void text_add(struct text *t, const char *s);
void text_number(struct text *t, int64_t n);
/* Which nodes have which values of that label: "a is that of left, right; b is that of far". */
void selector_tell(struct text *t, const struct plan_cluster *c, const char *key);
/* An amount with its unit word: "4 GPUs", "8G of memory", "0.5 CPUs", "1 task". */
void text_amount(struct text *t, enum dim dim, int64_t n);
/* The same without the word: "4", "8G", "0.5"; `up` rounds up, else down. */
void text_bare(struct text *t, enum dim dim, int64_t n, bool up);

/* ---- Nodes (plan_nodes.c) ---- */

struct nodes {
	const struct plan_cluster *cluster;
	struct pool *pools; /* beside cluster->nodes */
	struct pool whole;  /* all of them together */
	bool **gpu_taken; /* of each node, beside its GPUs: held, or given in this plan; NULL: not looked */
	struct arena *arena; /* the plan's */
	uint16_t *chosen;    /* scratch of nodes_place: of each task */
	size_t chosen_size;
	/* As if no node were drained: by it is told who waits for that. NULL: none is. */
	struct nodes *undrained;
};

void nodes_init(struct nodes *n, const struct plan_cluster *c, struct arena *a);
void nodes_release(struct nodes *n);
/* From now on nodes_place says of what waits for a drained node that it does. Before all others. */
void nodes_see_drained(struct nodes *n);
/*
 * Why a node is drained without which it would have started, or could; NULL: it waits for something
 * else. Where it would have started it has its place on `undrained`: the next is told of what is left.
 */
const char *nodes_drained_lack(struct nodes *n, const struct plan_gang *g,
	const struct amounts *need);
/* It found no place, for the reason and sentence that are there: is it its selector that keeps it? */
void nodes_selector_why(struct nodes *n, const struct plan_gang *g, const struct amounts *need,
	enum work_reason *reason, struct text *t);
/* A live gang holds its share. GPUs are told by their own `held`. */
void nodes_take_live(struct nodes *n, const struct plan_gang *g);
/* After all of them: what is left is what all nodes together have. */
void nodes_settle(struct nodes *n);
bool nodes_full(const struct nodes *n); /* of something that every gang takes from */
/* All tasks on nodes, taken from them, or nothing: then *reason and the sentence say why. */
bool nodes_place(struct nodes *n, const struct plan_gang *g, const struct amounts *need,
	enum work_reason *reason, char *message, size_t size);
/* The same without a reason. */
bool nodes_fit(struct nodes *n, const struct plan_gang *g, const struct amounts *need);
/* Where `from` has placed it last, here as well; and that taken back. */
void nodes_take_as(struct nodes *n, const struct nodes *from, const struct plan_gang *g);
void nodes_put_back(struct nodes *n, const struct plan_gang *g, const struct amounts *need);
/* What a live gang holds is free, GPUs as well; and is not. */
void nodes_leave(struct nodes *n, const struct plan_gang *g);
void nodes_return(struct nodes *n, const struct plan_gang *g);
/* Keeps, where `from` has placed it last, what is free there. */
void nodes_keep_as(struct nodes *n, const struct nodes *from, const struct plan_gang *g);
/* After nodes_place: the GPUs of each place. */
void nodes_give(struct nodes *n, const struct plan_gang *g, struct plan_action *a,
	struct arena *arena);
/* Could it run were everything free? */
bool nodes_could_hold(const struct nodes *n, const struct plan_gang *g, const struct amounts *need);
void nodes_keep(struct nodes *n, const struct plan_gang *g);

/* ---- Who may be stopped for another (plan_preempt.c) ---- */

struct preempt {
	const struct plan_input *in;
	struct nodes later; /* once what is to go has gone, and those that it is for have started */
	struct nodes best;  /* and all that may be stopped have gone, too */
	uint32_t *may;      /* in the order in which they are stopped; a taken one is NOBODY */
	size_t may_len;
	uint32_t *chosen; /* of the last preempt_for */
	size_t chosen_len;
	int rounds; /* how often somebody was stopped */
	bool idle;  /* nobody may be stopped and nobody goes: there is nothing to look at */
};
enum { NOBODY = UINT32_MAX, PREEMPT_ROUNDS = 16 };
enum preempt_answer {
	PREEMPT_NO,     /* that would not be enough */
	PREEMPT_COMING, /* there is room once what is to go has gone */
	PREEMPT_STOP,   /* there is room once those chosen have gone as well */
	PREEMPT_LATER,  /* not in this turn: too many were stopped in it */
};

void preempt_init(struct preempt *p, const struct plan_input *in, struct arena *a);
void preempt_release(struct preempt *p);
/* It was placed on the nodes. */
void preempt_started(struct preempt *p, const struct nodes *n, const struct plan_gang *g);
/* What is free is kept for it. */
void preempt_kept(struct preempt *p, const struct plan_gang *g);
enum preempt_answer preempt_for(struct preempt *p, const struct plan_gang *g,
	const struct amounts *need);

#endif
