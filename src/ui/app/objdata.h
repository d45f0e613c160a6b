/*
 * One object as a whole, of any kind: read by a request where its kind answers one, and kept fresh
 * by a subscription of its own, for that one row.
 */
#ifndef MLTOP_UI_OBJDATA_H
#define MLTOP_UI_OBJDATA_H

#include "ui/app/parts.h"

struct objdata {
	const struct kind *kind;
	void *rec; /* of the kind */
	struct arena text;
	bool known;
	uint64_t id;  /* of the request on its way; 0: none */
	uint32_t sub; /* 0: none */
	char *error;  /* clean; NULL: none */
};

void objdata_init(struct objdata *d, const struct kind *k);
void objdata_release(struct objdata *d, struct cmds *out);
void objdata_ask(struct objdata *d, struct app *a, const char *name, struct cmds *out);
/* True when the object changed; *life when its state or attempt did. */
bool objdata_message(struct objdata *d, struct app *a, const struct msg *m, bool *life,
	struct cmds *out);

#endif
