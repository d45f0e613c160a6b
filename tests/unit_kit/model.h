/*
 * The model alone on a store of its own, for unit tests of it: what its watchers were told, and a
 * writer beside ours who writes when a test says so. Nothing comes from the store before a test polls
 * or drains it.
 */
#ifndef MLTOP_TESTS_UNIT_KIT_MODEL_H
#define MLTOP_TESTS_UNIT_KIT_MODEL_H

#include "model/model.h"
#include "store_apart/apart.h"

struct kit {
	char dir[256];
	struct model m;
	struct arena text;
	struct buf told; /* "stored org, changed org, ..." */
	struct event_fold newest;
	bool in_motion;
	int settled; /* changes of jobs that are over; how the last one was: */
	bool last, lost;
	void (*at_point)(struct kit *f, const char *point); /* on the store's thread; may be NULL */
};

/* Set up and end of a test; *state is the kit. */
int kit_on_sqlite(void **state);
int kit_on_apart(void **state);
int kit_end(void **state);

#define ON_APART(name) cmocka_unit_test_setup_teardown(name, kit_on_apart, kit_end)
#define ON_BOTH(name) cmocka_unit_test_setup_teardown(name, kit_on_sqlite, kit_end), ON_APART(name)

/* A change that nobody asked for, and one that somebody did. What was told so far is forgotten. */
struct change *kit_begin(struct kit *f);
struct change *kit_asked(struct kit *f, const char *action);
/* Commits it and waits: did it hold? */
bool kit_commit(struct change *c);
/* Commits it; who asked is told of how it went when the store is polled or drained. */
struct kit_outcome {
	int told; /* so often */
	bool ok;
	enum err_code code;
};
void kit_commit_told(struct change *c, struct kit_outcome *how);
/* A job of org 1 that is on the disk and in motion, as its rows are now. */
struct job kit_job(struct kit *f, const char *uid);
/* As stored, and as work goes by it; NULL: it is not there. */
const struct job *kit_row(struct kit *f, const char *uid);
const struct job *kit_work(struct kit *f, const char *uid);

/* Somebody else writes a job or takes an object away, whatever revision it has; needs kit_on_apart. */
void other_puts(struct kit *f, const struct job *j);
void other_removes(struct kit *f, const struct kind *k, const char *uid);
/* Waits until all that was queued is in the store; nothing of it was told yet. */
void store_is_idle(struct kit *f);
/* The disk is full from now on, or has room again. */
void disk_full(struct kit *f, bool full);

#endif
