/*
 * What a person asked for that changes something on the platform. A change is proposed (a prompt
 * says what is at stake), accepted, waits its grace time so that it can be undone, is sent, and is
 * over with the reply. No change exists that was not accepted in a prompt, but for those that harm
 * nothing (kind.h: actions that ask nothing; forms): those need a frame since the key before, so
 * that a flood of keys does nothing.
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
	const char *doing;  /* static; after the name, once it is accepted: "is being cancelled" */
	const struct kind *kind;
	char *path, *name; /* of the request; of the object */
	char *uid;         /* of the row that bears the badge; "" none */
	json_t *body;
	char *undo_path; /* of the action that takes it back; NULL: none */
	json_t *back;    /* what the fields were that an edit changes; NULL: no edit */
	char *version;   /* that the object must still have; NULL: whatever it is */
	char *said;      /* a sentence for when it is accepted; NULL: "NAME DOING." */
	int64_t due;     /* mono ms when it leaves; 0: sent */
	uint64_t batch;  /* what was accepted together is undone together */
	uint64_t form;   /* that made it and gets the reply; 0: none */
	bool at_once;    /* harms nothing: no time to undo it */
};

struct changes {
	struct change *items;
	size_t len, cap;
};

void change_release(struct change *c); /* its contents */
void changes_release(struct changes *c);
struct change *changes_add(struct changes *c); /* zeroed; valid until the next call */

/*
 * An action of the kind that is on the screen, on the open object or the marked or selected rows:
 * opens its prompt, or does it at once where it asks nothing; a notice when there is nothing to do.
 */
void change_propose(struct app *a, const struct kind_action *ka, struct cmds *out);
struct prompt;
/* What was typed into it goes with what is proposed. */
void change_say(struct app *a, const struct prompt *p);
/* The prompt was accepted: a->proposed becomes a->changes. */
void change_accept(struct app *a, struct cmds *out);
/* Whether a change of that form has no answer yet. */
bool change_of_form(const struct app *a, uint64_t form);
void change_tick(struct app *a, struct cmds *out);
/* Takes back what waits to be sent, else what undo.h can. */
void change_undo(struct app *a, struct cmds *out);
/* True when the reply was for a change. */
bool change_reply(struct app *a, const struct msg *m, struct cmds *out);
int64_t change_wake(const struct app *a); /* mono ms; 0: none */

#endif
