#include "ui/app/difference.h"

#include "base/mem.h"
#include "ui/app/foresee.h"

#include <string.h>

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

static void add_cell(const struct app *a, const struct kind *k, const struct field *f,
	const void *rec, struct buf *out)
{
	if (rec)
		record_cell(k, rec, f, a->now, out);
	else
		buf_addc(out, '-');
}

/* What it was nobody knows: there is no way back from such a change, of whatever else it is too. */
static void add_secret(struct difference *d, const struct field *f)
{
	buf_addf(&d->lines, "%s%s: " T_EDIT_SECRET, d->count++ ? "\n" : "", f->name);
	d->asks = d->for_good = true;
}

static void add_field(struct difference *d, const struct app *a, const struct kind *k,
	const struct field *f, const void *before, const void *rec)
{
	const struct field *used = used_of(k, f);
	const int64_t *limit = used ? record_member(rec, f) : NULL;

	buf_addf(&d->lines, "%s%s: ", d->count++ ? "\n" : "", f->name);
	add_cell(a, k, f, before, &d->lines);
	buf_adds(&d->lines, " -> ");
	add_cell(a, k, f, rec, &d->lines);
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

void difference_take(struct difference *d, const struct app *a, const struct kind *k,
	const void *before, void *rec)
{
	*d = (struct difference){.lines = BUF_INIT, .back = json_object()};
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (!(f->flags & F_EDIT) || !record_knows(k, rec, f))
			continue;
		if (before && record_knows(k, before, f) &&
			f->type->compare(f, record_member(before, f), record_member(rec, f)) == 0)
			record_forget(k, rec, f->offset);
		else if (f->flags & F_SECRET)
			add_secret(d, f);
		else
			add_field(d, a, k, f, before, rec);
	}
}

void difference_release(struct difference *d)
{
	json_decref(d->back);
	buf_release(&d->lines);
}

/* "quota vision is changed: a: 1 -> 2, b: 3 -> 4." */
static char *said_of(const struct change *c, const struct difference *d)
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

struct change *difference_propose(struct app *a, const struct difference *d, const struct kind *k,
	char *path, const char *name, const void *before, const void *rec)
{
	struct change *c = changes_add(&a->proposed);

	c->kind = k;
	c->method = "PUT";
	c->verb = "edit";
	c->doing = T_DOING_EDIT;
	c->path = path;
	c->name = mem_strdup(name);
	c->body = record_encode_request(k, rec);
	c->back = d->for_good ? NULL : json_incref(d->back);
	c->version = version_of(k, before);
	c->said = said_of(c, d);
	return c;
}

void difference_ask(struct app *a, const struct kind *k, const char *lines, bool below)
{
	struct buf question = BUF_INIT;

	if (a->proposed.len == 1)
		buf_addf(&question, T_ASK_EDIT, k->name, a->proposed.items[0].name);
	else
		buf_addf(&question, T_ASK_MANY, T_ASK_EDIT_VERB, a->proposed.len, k->plural);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, T_ACCEPT_EDIT, NULL);
	buf_adds(&a->prompt.stakes, lines);
	if (a->prompt.stakes.len && a->prompt.stakes.data[a->prompt.stakes.len - 1] != '\n')
		buf_addc(&a->prompt.stakes, '\n');
	if (below)
		buf_adds(&a->prompt.stakes, T_EDIT_BELOW "\n");
	a->mode = MODE_PROMPT;
	foresee_about(&a->foresee, a, k, &a->proposed);
	buf_release(&question);
}
