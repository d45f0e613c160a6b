/*
 * The text of a row, written once for all subscriptions that ask for the same fields: of two hundred
 * dashboards one pays for it. Kept while somebody is likely to want it again, within a bound.
 */
#include "serve/hub.h"

#include "base/mem.h"
#include "core/schema/record_write.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of all texts of a hub; beyond it rows are written for each subscription. */
enum { TEXTS_MAX = 8 << 20 };
enum { SWEEPS_MAX = 4 }; /* that a text lasts unused: two seconds */

struct shared_fields *fields_obtain(struct feed *f, const struct fieldset *fields)
{
	struct shared_fields *sf;

	for (size_t i = 0; i < f->fields.len; i++)
		if (memcmp(&f->fields.items[i]->set, fields, sizeof *fields) == 0) {
			f->fields.items[i]->refs++;
			return f->fields.items[i];
		}
	sf = mem_alloc(sizeof *sf);
	*sf = (struct shared_fields){.set = *fields, .refs = 1};
	vec_push(&f->fields, sf);
	return sf;
}

static void drop(struct feed *f, struct row_text *t)
{
	*f->text_bytes -= t->text ? t->len : 0;
	free(t->text);
	*t = (struct row_text){NULL};
}

void fields_let_go(struct feed *f, struct shared_fields *sf)
{
	if (--sf->refs > 0)
		return;
	for (size_t i = 0; i < f->fields.len; i++)
		if (f->fields.items[i] == sf) {
			vec_remove(&f->fields, i);
			break;
		}
	for (size_t i = 0; i < sf->texts.len; i++)
		drop(f, &sf->texts.items[i]);
	vec_release(&sf->texts);
	free(sf);
}

static void keep(struct feed *f, struct shared_fields *sf, uint32_t index, const char *text,
	size_t len)
{
	struct row_text *t;

	if (sf->refs < 2 || len > UINT32_MAX || *f->text_bytes + len > TEXTS_MAX)
		return;
	while (sf->texts.len <= index)
		vec_push(&sf->texts, (struct row_text){NULL});
	t = &sf->texts.items[index];
	*t = (struct row_text){mem_dup(text, len), (uint32_t)len, 0};
	*f->text_bytes += len;
}

void row_text_add(struct feed *f, struct shared_fields *sf, const struct slot *slot,
	const void *row, struct buf *out)
{
	struct row_text *t = slot->index < sf->texts.len ? &sf->texts.items[slot->index] : NULL;
	size_t before = out->len;

	if (t && t->text) {
		t->unused = 0;
		buf_add(out, t->text, t->len);
		return;
	}
	record_write_json(f->kind, row, &sf->set, out);
	keep(f, sf, slot->index, out->data + before, out->len - before);
}

void feed_texts_changed(struct feed *f, const struct slot *slot)
{
	for (size_t i = 0; i < f->fields.len; i++)
		if (slot->index < f->fields.items[i]->texts.len)
			drop(f, &f->fields.items[i]->texts.items[slot->index]);
}

void feed_texts_sweep(struct feed *f)
{
	for (size_t i = 0; *f->text_bytes > 0 && i < f->fields.len; i++) {
		struct shared_fields *sf = f->fields.items[i];

		for (size_t k = 0; k < sf->texts.len; k++)
			if (sf->texts.items[k].unused++ >= SWEEPS_MAX)
				drop(f, &sf->texts.items[k]);
	}
}
