#include "ui/screens/form_send.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct change *propose(struct app *a, uint64_t form, const struct kind *k,
	const char *method, const char *name)
{
	changes_release(&a->proposed);
	struct change *c = changes_add(&a->proposed);

	c->kind = k;
	c->form = form;
	c->method = method;
	c->name = mem_strdup(name);
	return c;
}

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
	struct change *c = propose(a, form, k, "POST", record_key(k, rec));
	struct buf said = BUF_INIT;
	bool runs = k->can & CAN_TASKS;

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

/* What is used of a limit, where the kind says it beside it: gpu_quota and gpu_used. */
static const struct field *used_of(const struct kind *k, const struct field *limit)
{
	static const char end[] = "_quota";
	size_t len = strlen(limit->name), cut = sizeof end - 1;
	bool is_text = limit->type->storage == ST_TEXT;
	struct buf name = BUF_INIT;
	const struct field *f = NULL;

	if (len > cut && strcmp(limit->name + len - cut, end) == 0 && !is_text) {
		buf_addf(&name, "%.*s_used", (int)(len - cut), limit->name);
		f = kind_field(k, name.data);
	}
	buf_release(&name);
	return f && f->type == limit->type ? f : NULL;
}

struct edit_diff {
	struct buf lines;
	size_t count;
	bool below; /* a limit falls under what is used of it */
	bool asks;  /* it may harm */
	json_t *back;
};

static void diff_cell(const struct app *a, const struct kind *k, const struct field *f,
	const void *rec, struct buf *out)
{
	if (rec)
		record_cell(k, rec, f, a->now, out);
	else
		buf_addc(out, '-');
}

static void diff_field(struct edit_diff *d, const struct app *a, const struct kind *k,
	const struct field *f, const void *before, const void *rec)
{
	const struct field *used = used_of(k, f);
	const int64_t *limit = used ? record_member(rec, f) : NULL;

	buf_addf(&d->lines, "%s%s: ", d->count++ ? "\n" : "", f->name);
	diff_cell(a, k, f, before, &d->lines);
	buf_adds(&d->lines, " -> ");
	diff_cell(a, k, f, rec, &d->lines);
	if (used && before && record_knows(k, before, used) && *limit >= 0 &&
		*limit < *(const int64_t *)record_member(before, used)) {
		buf_adds(&d->lines, T_EDIT_USED);
		record_cell(k, before, used, a->now, &d->lines);
		d->below = d->asks = true;
	}
	/* A word of text harms nothing; a role or a flag may shut somebody out. */
	if (!used && f->type->storage != ST_TEXT)
		d->asks = true;
	if (!before || !record_knows(k, before, f))
		json_object_set_new(d->back, f->name, json_null());
	else
		json_object_set_new(d->back, f->name, f->type->encode(f, record_member(before, f)));
}

/* Takes out of `rec` what is as it was. */
static void diff(struct edit_diff *d, const struct app *a, const struct kind *k, const void *before,
	void *rec)
{
	*d = (struct edit_diff){.lines = BUF_INIT, .back = json_object()};
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (!(f->flags & F_EDIT) || !record_knows(k, rec, f))
			continue;
		if (before && record_knows(k, before, f) &&
			f->type->compare(f, record_member(before, f), record_member(rec, f)) == 0)
			record_forget(k, rec, f->offset);
		else
			diff_field(d, a, k, f, before, rec);
	}
}

static void ask_change(struct app *a, const struct edit_diff *d)
{
	const struct change *c = &a->proposed.items[0];
	struct buf question = BUF_INIT;

	buf_addf(&question, T_ASK_EDIT, c->kind->name, c->name);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, T_ACCEPT_EDIT, NULL);
	buf_addf(&a->prompt.stakes, "%s\n", d->lines.data);
	if (d->below)
		buf_adds(&a->prompt.stakes, T_EDIT_BELOW "\n");
	a->mode = MODE_PROMPT;
	buf_release(&question);
}

/* "quota vision is changed: a: 1 -> 2, b: 3 -> 4." */
static char *said_of(const struct change *c, const struct edit_diff *d)
{
	struct buf said = BUF_INIT;

	buf_addf(&said, T_EDITED, c->kind->name, c->name);
	for (const char *s = d->lines.data; *s; s++)
		if (*s == '\n')
			buf_adds(&said, ", ");
		else
			buf_addc(&said, *s);
	buf_addc(&said, '.');
	return buf_detach(&said);
}

/* What it was made from: whoever changed it meanwhile is not overwritten unseen. NULL: it says none. */
static char *version_of(const struct kind *k, const void *before)
{
	const struct field *f = before ? kind_field(k, "version") : NULL;
	struct buf text = BUF_INIT;

	if (f == NULL || f->type->storage != ST_INT || !record_knows(k, before, f))
		return NULL;
	record_cell(k, before, f, 0, &text);
	return buf_detach(&text);
}

void form_send_edit(struct app *a, uint64_t form, const struct kind *k, const char *id,
	const char *name, const void *before, void *rec, bool always, struct cmds *out)
{
	struct edit_diff d;

	diff(&d, a, k, before, rec);
	if (d.count == 0) {
		app_notice(a, ROLE_WARN, T_NOTHING_CHANGED);
	} else {
		struct change *c = propose(a, form, k, "PUT", name);

		c->verb = "edit";
		c->doing = T_DOING_EDIT;
		c->path = object_path(a, (struct object){k, NULL}, id, "");
		c->body = record_encode_request(k, rec);
		c->back = json_incref(d.back);
		c->version = version_of(k, before);
		c->said = said_of(c, &d);
		if (d.asks || always)
			ask_change(a, &d);
		else
			change_accept(a, out);
	}
	json_decref(d.back);
	buf_release(&d.lines);
}

/* ---- In place: rows of a table ---- */

static bool set_word(const struct kind *k, const char *word, size_t len, void *rec,
	struct arena *text, struct err *e)
{
	char *copy = strndup(word, len), *equals = strchr(copy, '=');
	const struct field *f;
	bool good = false;

	if (equals)
		*equals = '\0';
	f = equals ? kind_field_to_edit(k, copy) : NULL;
	f = f ? kind_owner(k, f) : NULL;
	if (!equals)
		err_set(e, ERR_INVALID, T_SET_WORD, copy);
	else if (!f || !(f->flags & F_EDIT))
		err_set(e, ERR_INVALID, T_SET_UNKNOWN, copy, k->name);
	else
		good = record_set_text(k, rec, text, f, equals + 1, e);
	free(copy);
	return good;
}

static bool set_words(const struct kind *k, const char *words, void *rec, struct arena *text,
	struct err *e)
{
	bool good = true;

	while (good && *(words += strspn(words, " "))) {
		size_t len = strcspn(words, " ");

		good = set_word(k, words, len, rec, text, e);
		words += len;
	}
	return good;
}

/* Of one row: its change is proposed, and what it says is added to `lines`. */
static void row_propose(struct app *a, const struct kind *k, const void *row, const void *rec,
	bool many, struct edit_diff *all)
{
	const char *name = record_key(k, row);
	void *mine = mem_alloc(k->size);
	struct edit_diff d;

	memcpy(mine, rec, k->size);
	diff(&d, a, k, row, mine);
	if (d.count > 0) {
		struct object o = {k, row};
		struct change *c = changes_add(&a->proposed);

		c->kind = k;
		c->method = "PUT";
		c->verb = "edit";
		c->doing = T_DOING_EDIT;
		c->name = mem_strdup(name);
		c->uid = mem_strdup(object_id(o, name));
		c->path = object_path(a, o, c->uid, "");
		c->body = record_encode_request(k, mine);
		c->back = json_incref(d.back);
		c->version = version_of(k, row);
		c->said = said_of(c, &d);
		for (const char *s = d.lines.data; *s; s += strcspn(s, "\n"), s += *s == '\n')
			buf_addf(&all->lines, "%s%s%s%.*s", all->count++ ? "\n" : "",
				many ? name : "", many ? ": " : "", (int)strcspn(s, "\n"), s);
		all->below = all->below || d.below;
	}
	json_decref(d.back);
	buf_release(&d.lines);
	free(mine);
}

static void rows_ask(struct app *a, const struct kind *k, const struct edit_diff *all)
{
	struct buf question = BUF_INIT;

	if (a->proposed.len == 1) {
		ask_change(a, all);
		return;
	}
	buf_addf(&question, T_ASK_MANY, T_ASK_EDIT_VERB, a->proposed.len, k->plural);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, T_ACCEPT_EDIT, NULL);
	buf_addf(&a->prompt.stakes, "%s\n", all->lines.data);
	if (all->below)
		buf_adds(&a->prompt.stakes, T_EDIT_BELOW "\n");
	a->mode = MODE_PROMPT;
	buf_release(&question);
}

void rows_set(struct app *a, struct view *v, const char *words, struct cmds *out)
{
	const struct kind *k = v->screen->kind;
	struct table *t = v->screen->table(v);
	struct entry **entries = mem_alloc((t->data.len + 1) * sizeof(struct entry *));
	size_t count = table_targets(t, entries, t->data.len + 1);
	struct edit_diff all = {.lines = BUF_INIT};
	struct arena text = ARENA_INIT;
	void *rec = mem_alloc(k->size);
	struct err e = ERR_INIT;

	(void)out;
	changes_release(&a->proposed);
	if (!set_words(k, words, rec, &text, &e)) {
		line_open(a, MODE_SET, words);
		app_set_text(&a->line_error, e.text);
	} else {
		for (size_t i = 0; i < count; i++)
			row_propose(a, k, entries[i]->row, rec, count > 1, &all);
		if (all.count)
			rows_ask(a, k, &all);
		else
			app_notice(a, ROLE_WARN, T_NOTHING_CHANGED);
	}
	buf_release(&all.lines);
	arena_release(&text);
	free(rec);
	free(entries);
}
