#include "ui/screens/jobview.h"

#include "base/mem.h"
#include "core/wire/query.h"

#include <stdlib.h>
#include <string.h>

/*
 * The curves of a job's event files: which there are, and one of them. Asked for when they are to be
 * seen, and of a job that runs again after a while: a look costs the platform a walk through its files.
 */

enum { AGAIN_MS = 10 * 1000 };

static uint64_t ask(struct job_view *v, struct app *a, const char *name, const char *tag,
	int points, struct cmds *out)
{
	struct object job = {&job_kind, v->data.known ? v->data.rec : app_row(a, &job_kind, name)};
	char *path = object_path(a, job, object_id(job, name), "/scalars");
	struct query q = QUERY_INIT;
	struct buf full = BUF_INIT;
	char number[16];
	uint64_t id;

	snprintf(number, sizeof number, "%d", points);
	query_add(&q, "max_points", number, NULL);
	if (tag)
		query_add(&q, "tag", tag, NULL);
	buf_addf(&full, "%s%c", path, strchr(path, '?') ? '&' : '?');
	query_encode(&q, &full);
	id = app_get(a, full.data, out);
	query_release(&q);
	buf_release(&full);
	free(path);
	return id;
}

void job_curves_ask(struct job_view *v, struct app *a, const char *name, struct cmds *out)
{
	v->curves_at = a->now;
	v->names_id = ask(v, a, name, NULL, 1, out);
}

static void chosen_ask(struct job_view *v, struct app *a, const char *name, struct cmds *out)
{
	const struct curves *c = &v->curves;

	v->curve_id = ask(v, a, name, c->tags.items[c->chosen].name, CURVES_POINTS, out);
}

static bool good(const struct msg *m)
{
	return m->status >= 200 && m->status < 300;
}

bool job_curves_message(struct job_view *v, struct app *a, const char *name, const struct msg *m,
	struct cmds *out)
{
	if (m->type == MSG_REPLY && m->id && m->id == v->names_id) {
		v->names_id = 0;
		/* An older platform has none. */
		if (good(m) && curves_names(&v->curves, m->body))
			chosen_ask(v, a, name, out);
		return true;
	}
	if (m->type == MSG_REPLY && m->id && m->id == v->curve_id) {
		v->curve_id = 0;
		if (good(m))
			curves_points(&v->curves, m->body);
		return true;
	}
	if (v->tab == TAB_CHARTS && v->data.known && !v->names_id && !v->curve_id &&
		kind_life(&job_kind, v->data.rec) == LIFE_LIVE && a->now - v->curves_at > AGAIN_MS)
		job_curves_ask(v, a, name, out);
	return false;
}

bool job_curves_action(struct job_view *v, struct app *a, const char *name, enum action act,
	struct cmds *out)
{
	bool before = act == ACT_PREVIOUS || act == ACT_UP;

	if (act != ACT_NEXT && act != ACT_DOWN && !before)
		return false;
	if (curves_choose(&v->curves, before))
		chosen_ask(v, a, name, out);
	return true;
}

bool job_curves_search(struct job_view *v, struct app *a, const char *name, const char *text,
	struct cmds *out)
{
	if (!curves_find(&v->curves, text))
		return false;
	chosen_ask(v, a, name, out);
	return true;
}
