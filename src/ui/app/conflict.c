#include "ui/app/conflict.h"

#include "base/mem.h"
#include "ui/app/parts.h"

#include <stdlib.h>
#include <string.h>

void conflicts_release(struct conflicts *c)
{
	for (size_t i = 0; i < c->len; i++) {
		change_release(&c->items[i].mine);
		json_decref(c->items[i].theirs);
		buf_release(&c->items[i].lines);
	}
	free(c->items);
	*c = (struct conflicts){0};
}

/* ---- What was refused ---- */

bool sides_open(struct sides *s, const struct change *c, const json_t *theirs)
{
	const struct kind *k = c->kind;

	*s = (struct sides){mem_alloc(k->size), mem_alloc(k->size), mem_alloc(k->size), ARENA_INIT};
	return record_decode(k, s->was, &s->text, c->back, DECODE_SERVER, NULL) &&
		record_decode(k, s->theirs, &s->text, theirs, DECODE_SERVER, NULL) &&
		record_decode(k, s->mine, &s->text, c->body, DECODE_SERVER, NULL);
}

void sides_release(struct sides *s)
{
	free(s->was);
	free(s->theirs);
	free(s->mine);
	arena_release(&s->text);
}

static void say_fields(const struct app *a, const struct kind *k, const struct sides *s,
	struct buf *out)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (!(f->flags & F_EDIT) || !record_knows(k, s->mine, f))
			continue;
		buf_addf(out, "%s%s: " T_CONFLICT_WAS, out->len ? "\n" : "", f->name);
		record_cell(k, s->was, f, a->now, out);
		buf_adds(out, T_CONFLICT_IS);
		record_cell(k, s->theirs, f, a->now, out);
		buf_adds(out, T_CONFLICT_MINE);
		record_cell(k, s->mine, f, a->now, out);
	}
}

static struct conflict *add(struct conflicts *c)
{
	if (c->len == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 8;
		c->items = mem_realloc(c->items, c->cap * sizeof *c->items);
	}
	c->items[c->len] = (struct conflict){.lines = BUF_INIT};
	return &c->items[c->len++];
}

bool conflict_take(struct app *a, struct change *c, const struct msg *m)
{
	const char *field = json_string_value(json_object_get(m->body, "field"));
	json_t *theirs = json_object_get(m->body, "now");
	struct sides s;
	bool good = m->status == 409 && c->back && c->body && field &&
		strcmp(field, "version") == 0 && json_is_object(theirs);

	if (!good)
		return false;
	good = sides_open(&s, c, theirs);
	if (good) {
		struct conflict *one = add(&a->conflicts);

		say_fields(a, c->kind, &s, &one->lines);
		one->theirs = json_incref(theirs);
		one->mine = *c;
		*c = (struct change){.form = c->form};
	}
	sides_release(&s);
	return good;
}
