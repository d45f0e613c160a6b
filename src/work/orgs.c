#include "work/orgs.h"

#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>

bool orgs_are(const struct kind *k)
{
	return k == &org_kind;
}

/* "org a is held by lin since 2026-01-02T03:04:05Z (a note): mltop orgs release a" */
bool orgs_held(struct work *w, const char *org_id, char out[PLAN_MESSAGE])
{
	const struct org *o = model_org(w->model, org_id);
	char since[TIMEFMT_SIZE], note[SENTENCE_NOTE] = "";

	out[0] = '\0';
	if (o == NULL || !o->held)
		return false;
	timefmt_rfc3339(since, o->held_since.v / 1000 * 1000);
	sentence_note(note, o->hold_note);
	snprintf(out, PLAN_MESSAGE, "org %s is held by %s since %s%s: mltop orgs release %s",
		o->org_name, o->held_by && *o->held_by ? o->held_by : "?", since, note,
		o->org_name);
	return true;
}
