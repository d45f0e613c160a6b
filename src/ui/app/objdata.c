#include "ui/app/objdata.h"

#include <stdlib.h>
#include <string.h>

void objdata_init(struct objdata *d, const struct kind *k)
{
	*d = (struct objdata){.kind = k, .rec = mem_alloc(k->size)};
}

void objdata_release(struct objdata *d, struct cmds *out)
{
	if (d->sub)
		cmds_add(out, CMD_UNSUBSCRIBE)->sub = d->sub;
	arena_release(&d->text);
	free(d->error);
	free(d->rec);
	*d = (struct objdata){0};
}

/* The one row: by its uid, which no other will have, as soon as that is known. */
static void subscribe(struct objdata *d, struct app *a, const char *name, struct cmds *out)
{
	const char *uid = d->known ? record_uid(d->kind, d->rec) : "";
	const struct field *f = *uid ? kind_uid(d->kind) : kind_key(d->kind);
	struct buf filter = BUF_INIT;

	if (d->sub || !(d->kind->can & CAN_STREAM))
		return;
	buf_addf(&filter, "%s=%s", f->name, *uid ? uid : name);
	d->sub = app_sub(a);
	struct cmd *c = cmds_add(out, CMD_SUBSCRIBE);

	c->sub = d->sub;
	c->kind = d->kind->name;
	c->org = mem_strdup(app_org_open(a, d->kind, name) ?: a->tenant);
	c->filter = buf_detach(&filter);
	c->fields = mem_strdup("");
}

void objdata_ask(struct objdata *d, struct app *a, const char *name, struct cmds *out)
{
	struct object o = {d->kind, d->known ? d->rec : app_row(a, d->kind, name)};

	if (d->kind->can & CAN_ONE) {
		char *path = object_path(a, o, object_id(o, name), "");

		d->id = app_get(a, path, out);
		free(path);
		return;
	}
	if (!d->known && o.row) {
		record_copy(d->kind, d->rec, o.row, &d->text);
		d->known = true;
	}
	subscribe(d, a, name, out);
}

static void take_reply(struct objdata *d, struct app *a, const struct msg *m, struct cmds *out)
{
	struct arena text = ARENA_INIT;
	void *fresh = mem_alloc(d->kind->size);
	struct err e = ERR_INIT;
	bool good = m->status >= 200 && m->status < 300;

	d->id = 0;
	if (good && record_decode(d->kind, fresh, &text, m->body, DECODE_SERVER, &e)) {
		if (d->kind->settle)
			d->kind->settle(fresh);
		arena_release(&d->text);
		free(d->rec);
		d->text = text;
		d->rec = fresh;
		d->known = true;
		sentence_set(&d->error, NULL);
		subscribe(d, a, record_key(d->kind, d->rec), out);
		return;
	}
	arena_release(&text);
	free(fresh);
	struct buf why = BUF_INIT;

	if (!good)
		reply_error(m, &why);
	sentence_set(&d->error, good ? e.text : why.data);
	buf_release(&why);
}

/* What makes tasks and events of an object others than they were. */
static uint64_t life_of(const struct objdata *d)
{
	const struct field *state = kind_state(d->kind), *attempt = kind_field(d->kind, "attempt");
	uint64_t word = state && record_knows(d->kind, d->rec, state)
		? *(const unsigned *)record_member(d->rec, state) + 1
		: 0;

	return attempt && record_knows(d->kind, d->rec, attempt)
		? word << 32 | (uint32_t) * (const int64_t *)record_member(d->rec, attempt)
		: word << 32;
}

/*
 * A stream tells rows whole, but for what only a request brings: what it no longer says is no
 * longer known, such as the time left of a job that has ended.
 */
static void forget_unsaid(struct objdata *d, const json_t *row)
{
	struct fieldset told;

	fieldset_rows(&told, d->kind);
	for (size_t i = 0; i < d->kind->field_count; i++) {
		const struct field *f = &d->kind->fields[i];

		if (fieldset_has(&told, i) && record_knows(d->kind, d->rec, f) &&
			!json_object_get(row, f->name))
			record_forget(d->kind, d->rec, f->offset);
	}
}

static bool take_rows(struct objdata *d, const json_t *rows, bool *life)
{
	uint64_t before = life_of(d);
	bool changed = false, known = d->known;

	/* Texts of old samples pile up in the arena: from a megabyte on only a new copy helps. */
	if (d->text.used > 1 << 20) {
		*life = true;
		return false;
	}
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		if (!record_decode(d->kind, d->rec, &d->text, row, DECODE_SERVER, NULL))
			continue;
		forget_unsaid(d, row);
		changed = true;
	}
	if (changed && d->kind->settle)
		d->kind->settle(d->rec);
	d->known |= changed;
	*life |= known && life_of(d) != before;
	return changed;
}

static bool take_gone(struct objdata *d, const json_t *uids)
{
	struct buf text = BUF_INIT;

	if (json_array_size(uids) == 0)
		return false;
	buf_addf(&text, T_OBJECT_GONE, d->kind->name);
	sentence_set(&d->error, text.data);
	buf_release(&text);
	return true;
}

bool objdata_message(struct objdata *d, struct app *a, const struct msg *m, bool *life,
	struct cmds *out)
{
	if (m->type == MSG_REPLY && d->id && m->id == d->id) {
		take_reply(d, a, m, out);
		return true;
	}
	if (m->sub == 0 || m->sub != d->sub)
		return false;
	switch (m->type) {
	case MSG_ROWS: return take_rows(d, m->rows, life);
	case MSG_GONE: return take_gone(d, m->uids);
	case MSG_SUB_ERROR: sentence_set(&d->error, m->text); return true;
	default: return false;
	}
}
