/*
 * The question before a change. Its default is Cancel; it is accepted by moving to the other
 * answer and Enter, or by typing the word it asks for and Enter. A text may be asked for besides, such
 * as a note for others; it need not be given. An answer counts only once the
 * question has been painted: keys that were on their way before (a paste, a flood) never accept.
 */
#ifndef MLTOP_UI_PROMPT_H
#define MLTOP_UI_PROMPT_H

#include "core/schema/field.h"
#include "ui/kit/edit.h"
#include "ui/kit/layout.h"
#include "ui/kit/msg.h"

enum prompt_about { PROMPT_CHANGES, PROMPT_QUIT };

struct prompt {
	enum prompt_about about;
	char *question;           /* "Cancel job resnet50-a?" */
	struct buf stakes;        /* lines, each ended by LF */
	char *accept;             /* the word of the other answer: "cancel it" */
	char *typed;              /* the word to type; NULL: none */
	const struct field *asks; /* a text that may be given besides; NULL: none */
	struct edit answer;       /* where `typed`, or what is asked for, is typed */
	bool yes;                 /* the other answer is highlighted */
	bool painted;
};

enum prompt_answer { PROMPT_OPEN, PROMPT_ACCEPTED, PROMPT_REFUSED };

void prompt_init(struct prompt *p);
void prompt_release(struct prompt *p);
/* Texts are copied (and must be clean); `typed` may be NULL. Stakes are added to p->stakes after.
 */
void prompt_start(struct prompt *p, enum prompt_about about, const char *question,
	const char *accept, const char *typed);
/* `f`, borrowed and not together with `typed`: keys are its text, and Tab moves to the answers. */
void prompt_asks(struct prompt *p, const struct field *f);
enum prompt_answer prompt_input(struct prompt *p, const struct msg *m);
/* `leads`: lines after the stakes, in `role`: what it leads to, as far as that is known. */
void prompt_draw(const struct prompt *p, const char *leads, enum grid_role role, struct grid *g,
	struct rect body);

#endif
