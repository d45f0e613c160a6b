#include "ui/screens/form_send.h"

#include "base/mem.h"
#include "ui/app/difference.h"

#include <stdlib.h>
#include <string.h>

/* ---- New ---- */

/* What it takes of the org's GPUs, and whether it will wait. */
static void say_gpus(const struct app *a, int64_t want, struct buf *out)
{
	const struct rowset *rows = &a->quota.data.rows;
	const struct quota *q = NULL;

	for (size_t i = 0; i < rows->len; i++)
		if (rows->len == 1 || strcmp(record_key(&quota_kind, rows->rows[i]), a->org) == 0)
			q = rows->rows[i];
	if (!q || q->total.gpu_quota < 0 || !record_has(quota, q, total.gpu_quota)) {
		buf_addf(out, T_SUBMIT_GPUS_ONLY, (long long)want, want == 1 ? "" : "s");
		return;
	}
	buf_addf(out, T_SUBMIT_GPUS, (long long)(q->total.gpu_used + want),
		(long long)q->total.gpu_quota);
	if (q->total.gpu_used + want > q->total.gpu_quota)
		buf_adds(out, T_SUBMIT_WAITS);
}

static void say_job(const struct app *a, const struct job *j, struct buf *out)
{
	struct buf what = BUF_INIT;

	job_what(j, &what);
	buf_adds(out, ": ");
	sanitize_text(out, what.data, what.len);
	buf_adds(out, ".");
	if (*a->tenant)
		buf_addf(out, T_SUBMIT_OWN, a->org);
	if (j->gpu_limit > 0)
		say_gpus(a, j->gpu_limit, out);
	buf_release(&what);
}

void form_send_new(struct app *a, uint64_t form, const struct kind *k, const void *rec,
	struct cmds *out)
{
	struct buf said = BUF_INIT;
	bool runs = k->can & CAN_TASKS;

	changes_release(&a->proposed);
	struct change *c = changes_add(&a->proposed);

	c->kind = k;
	c->form = form;
	c->method = "POST";
	c->name = mem_strdup(record_key(k, rec));
	c->verb = runs ? T_ACCEPT_SUBMIT : T_ACCEPT_MAKE;
	c->doing = T_DOING_NEW;
	c->path = mem_strdup(k->path);
	c->body = record_encode_request(k, rec);
	if (runs)
		buf_addf(&said, T_SUBMITTED, k->name, c->name);
	else
		buf_addf(&said, T_MADE, k->name, c->name);
	if (k == &job_kind)
		say_job(a, rec, &said);
	else
		buf_adds(&said, ".");
	c->said = buf_detach(&said);
	change_accept(a, out);
}

/* ---- Changed ---- */

void form_send_edit(struct app *a, uint64_t form, const struct kind *k, const char *id,
	const char *name, const void *before, void *rec, struct cmds *out)
{
	struct difference d;

	difference_take(&d, a, k, before, rec);
	if (d.count == 0) {
		app_notice(a, ROLE_WARN, T_NOTHING_CHANGED);
	} else {
		char *path = object_path(a, (struct object){k, NULL}, id, "");

		changes_release(&a->proposed);
		difference_propose(a, &d, k, path, name, before, rec)->form = form;
		if (d.asks)
			difference_ask(a, k, d.lines.data, d.below);
		else
			change_accept(a, out);
	}
	difference_release(&d);
}
