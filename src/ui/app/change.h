/*
 * What a person asked for that changes something on the platform. A change is proposed (a prompt
 * says what is at stake), accepted, waits its grace time so that it can be undone, is sent, and is
 * over with the reply. No change exists that was not accepted in a prompt.
 */
#ifndef MLTOP_UI_CHANGE_H
#define MLTOP_UI_CHANGE_H

#include "ui/kit/keymap.h"
#include "ui/kit/msg.h"

struct app;
struct entry;

struct change {
	uint64_t id;
	const char *method; /* static */
	const char *verb;   /* static: "cancel" */
	char *path, *name;  /* of the request; of the object */
	char *uid;          /* of the row that bears the badge; "" none */
	json_t *body;
	int64_t due;    /* mono ms when it leaves; 0: sent */
	uint64_t batch; /* what was accepted together is undone together */
	bool form;      /* the open form made it and gets the reply */
};

struct changes {
	struct change *items;
	size_t len, cap;
};

void changes_release(struct changes *c);
struct change *changes_add(struct changes *c); /* zeroed; valid until the next call */
size_t changes_waiting(const struct changes *c);

/* Opens the prompt for the targets of an action on jobs; a notice when there is nothing to do. */
void change_propose(struct app *a, enum action act, struct cmds *out);
/* For one job by name, where no row is at hand. */
void change_propose_job(struct app *a, enum action act, const void *job, const char *uid,
	struct cmds *out);
/* The prompt was accepted: a->proposed becomes a->changes. */
void change_accept(struct app *a, struct cmds *out);
void change_tick(struct app *a, struct cmds *out);
void change_undo(struct app *a);
/* True when the reply was for a change. */
bool change_reply(struct app *a, const struct msg *m, struct cmds *out);
int64_t change_wake(const struct app *a); /* mono ms; 0: none */

#endif
