/*
 * What changes would lead to, asked of the platform before they are sent, and shown beside the
 * question: a moment after the last key of a form or of the `=` line, at once where a prompt opens.
 * A platform that does not know the question is not asked, and nothing is shown. An answer to what
 * is not asked any more is passed over.
 */
#ifndef MLTOP_UI_FORESEE_H
#define MLTOP_UI_FORESEE_H

#include "base/buf.h"
#include "core/schema/schema.h"
#include "ui/kit/grid.h"
#include "ui/kit/msg.h"

struct app;
struct changes;

enum {
	FORESEE_AFTER_MS = 400, /* after the last key */
	FORESEE_ASKS = 32,      /* of many changes so many are asked about, ... */
	FORESEE_AT_ONCE = 4,    /* ... so many at a time: each is a plan of all that waits */
	FORESEE_OVER = 3,       /* who is over a limit, by name; of the others the number */
};

/* Of all platforms that this run has seen the one it is on: whether it knows the question. */
enum foresee_can { FORESEE_UNASKED, FORESEE_ASKED, FORESEE_CAN, FORESEE_CANNOT };

struct foresee_ask {
	const char *method; /* static */
	char *path;         /* without the question */
	json_t *body;
	uint64_t id; /* of the request whose answer is awaited; 0: not sent, or answered */
};

struct foresee {
	const struct kind *kind;
	struct foresee_ask asks[FORESEE_ASKS];
	size_t count, sent, answered;
	size_t changes; /* that it is about: `count`, or more than are asked about */
	bool tried;     /* it was asked whether it can be asked */
	int64_t due;    /* mono ms when the caller is to say what it is about; 0: not */
	/* Of all answers so far. */
	size_t refused, over;
	int64_t starts, waits;
	struct buf says;    /* of one: starts or waits */
	struct buf changed; /* of one: used and limits, before and after */
	struct buf overs;   /* who is over, the first few */
	struct buf refusal; /* of the first that was refused */
	bool bad;           /* it waits, is refused, or somebody is over */
};

void foresee_init(struct foresee *f);
/* Nothing is asked or shown any more, and all is freed. */
void foresee_clear(struct foresee *f);
/* What it is about has changed: asked again when it has not for FORESEE_AFTER_MS. */
void foresee_touched(struct foresee *f, const struct app *a);
/* True once it has not: the caller calls foresee_clear, and foresee_add where there is something. */
bool foresee_due(const struct foresee *f, const struct app *a);
/* One more change: `path` and `body` are kept. */
void foresee_add(struct foresee *f, const struct kind *k, const char *method, char *path,
	json_t *body);
/* About these, now; where they are those that it is about, the answers stay. */
void foresee_about(struct foresee *f, const struct app *a, const struct kind *k,
	const struct changes *c);
/* Sends what is to be asked next. */
void foresee_send(struct foresee *f, struct app *a, struct cmds *out);
/* True when the message was an answer to it, or (foresee_can_answer) to whether it can be asked. */
bool foresee_answer(struct foresee *f, const struct msg *m);
bool foresee_can_answer(struct app *a, const struct msg *m);

/* What is known so far, clean; each appends nothing while there is nothing. */
void foresee_says(const struct foresee *f, struct buf *out);
void foresee_changes(const struct foresee *f, struct buf *out);
/* Both, as lines that end with LF. */
void foresee_lines(const struct foresee *f, struct buf *out);
enum grid_role foresee_role(const struct foresee *f);

#endif
