#include "ui/screens/jobdata.h"

#include <stdlib.h>
#include <string.h>

void jobdata_release(struct jobdata *d)
{
	arena_release(&d->text);
	free(d->error);
	*d = (struct jobdata){0};
}

void jobdata_ask(struct jobdata *d, struct app *a, const char *name, struct cmds *out)
{
	char *path = object_path(a, (struct object){&job_kind, NULL}, name, "");

	d->id = app_get(a, path, out);
	free(path);
}

static void take_reply(struct jobdata *d, const struct msg *m)
{
	struct buf why = BUF_INIT;
	struct arena text = ARENA_INIT;
	struct job fresh = {0};
	struct err e = ERR_INIT;
	bool good = m->status >= 200 && m->status < 300;

	d->id = 0;
	if (good && record_decode(&job_kind, &fresh, &text, m->body, DECODE_SERVER, &e)) {
		arena_release(&d->text);
		d->text = text;
		d->job = fresh;
		d->known = true;
		free(d->error);
		d->error = NULL;
		return;
	}
	arena_release(&text);
	if (good)
		sanitize_text(&why, e.text, strlen(e.text));
	else
		reply_error(m, &why);
	free(d->error);
	d->error = buf_detach(&why);
}

static bool take_row(struct jobdata *d, const json_t *row, bool *life)
{
	const char *uid = json_string_value(json_object_get(row, "uid"));
	unsigned state = d->job.state;
	int64_t attempt = d->job.attempt;

	if (!uid || !d->job.uid || strcmp(uid, d->job.uid) != 0)
		return false;
	/* Texts of old samples pile up in the arena: from a megabyte on only a new copy helps. */
	if (d->text.used > 1 << 20) {
		*life = true;
		return false;
	}
	if (!record_decode(&job_kind, &d->job, &d->text, row, DECODE_SERVER, NULL))
		return false;
	*life |= state != d->job.state || attempt != d->job.attempt;
	return true;
}

static bool take_gone(struct jobdata *d, const json_t *uids)
{
	for (size_t i = 0; i < json_array_size(uids); i++) {
		const char *uid = json_string_value(json_array_get(uids, i));

		if (!uid || !d->job.uid || strcmp(uid, d->job.uid) != 0)
			continue;
		free(d->error);
		d->error = mem_strdup(T_JOB_GONE);
		return true;
	}
	return false;
}

bool jobdata_message(struct jobdata *d, const struct app *a, const struct msg *m, bool *life)
{
	bool changed = false;

	if (m->type == MSG_REPLY && d->id && m->id == d->id) {
		take_reply(d, m);
		return true;
	}
	if (!d->known || m->sub == 0 || m->sub != a->home.data.sub)
		return false;
	if (m->type == MSG_GONE)
		return take_gone(d, m->uids);
	if (m->type != MSG_ROWS)
		return false;
	for (size_t i = 0; i < json_array_size(m->rows); i++)
		changed |= take_row(d, json_array_get(m->rows, i), life);
	return changed;
}
