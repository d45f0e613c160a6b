/*
 * The life of an object whose tasks start together, pure: (where it is, what happens) -> (where it
 * is then, what to do about it). What is to be done is carried out by reconcile*.c; a kind's own
 * policy (does it run again?) is asked before and comes in as an event.
 */
#ifndef MLTOP_WORK_LIFE_H
#define MLTOP_WORK_LIFE_H

#include <stdbool.h>
#include <stdint.h>

enum life_at {
	AT_WAITING,  /* for its turn, its back-off or room */
	AT_HELD,     /* until a person releases it */
	AT_PLACED,   /* it has its place; its start is on its way to the disk */
	AT_ASKED,    /* the engine was asked to start it */
	AT_RUNNING,  /* the engine says that it runs */
	AT_STOPPING, /* the engine was asked to stop it */
	AT_ENDED,    /* it has ended; the rest of its log is being read */
	AT_OVER,     /* its last change is on its way to the disk */
	AT_COUNT,
};

/* What is wanted of it: by the planner, that it makes room and waits again; by a person the others. */
enum life_wish { WISH_NONE, WISH_YIELD, WISH_CANCEL, WISH_DELETE, WISH_COUNT };

struct life_state {
	uint8_t at, wish; /* enum life_at, enum life_wish */
};

enum life_event {
	/* the planner */
	ON_PLACED, /* there is room: start it there */
	ON_YIELD,  /* it is to make room for another */
	ON_STOP,   /* it is to go, and it holds resources */
	ON_DROP,   /* a person wants it gone, and it holds none */
	/* the store */
	ON_START_STORED,
	ON_START_LOST,
	ON_WISH_LOST, /* what a person asked for could not be stored, and is not wanted any more */
	ON_OVER_STORED,
	/* the engine */
	ON_STARTED,
	ON_ENDED,
	ON_NEVER_BEGAN, /* the platform died before the launch: nothing of it ran */
	/* its log was read, and the policy of its kind: */
	ON_LAST,  /* that was all */
	ON_AGAIN, /* another attempt */
	/* a person */
	ON_CANCEL,
	ON_DELETE,
	ON_HOLD,
	ON_RELEASE,
	ON_COUNT,
};

/* What to do, in this order. */
enum life_do {
	DO_LEAVE_PLACE = 1,    /* it holds nothing any more */
	DO_STORE_START = 2,    /* a new attempt, at its place */
	DO_TELL_START = 4,     /* the engine */
	DO_TELL_STOP = 8,      /* the engine */
	DO_STORE_RUNNING = 16, /* it runs since then */
	DO_READ_LOG = 32,      /* what is left of it; then the policy decides */
	DO_STORE_AGAIN = 64,   /* the attempt is over, another one waits */
	DO_STORE_ANEW = 128,   /* the same, not counted: it never began */
	DO_STORE_OVER = 256,   /* its end, or that it is removed */
	DO_FREE = 512,
	DO_PLAN = 1024, /* things are other than the last plan knew */
};

struct life_step {
	struct life_state next;
	unsigned what; /* bits of enum life_do */
};

/* What makes no sense where it is changes nothing. */
struct life_step life_step(struct life_state now, enum life_event ev);

/* Holds resources there: what it has is not to be had by others. */
bool life_holds(struct life_state l);
/* Its engine has been asked to stop it, or it has ended. */
bool life_stopped(struct life_state l);
/* At the start of the daemon, by what the store says of it; `runs`: of a task that may still run. */
struct life_state life_found(bool live, bool runs, bool held, enum life_wish wish);

#endif
