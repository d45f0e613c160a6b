#include "ui/kit/form_inside.h"

#include "base/mem.h"
#include "ui/kit/text.h"

#include <stdlib.h>
#include <string.h>

static void add_field(struct form *f, const struct field *field, int section)
{
	struct formfield *out = &f->fields[f->len++];

	*out = (struct formfield){.field = field, .section = section};
	edit_init(&out->edit,
		field->max > 0 && field->type->storage == ST_TEXT ? (size_t)field->max : EDIT_MAX);
	if (field->flags & F_SECRET)
		edit_hide(&out->edit);
}

/* Sections with something needed are open, and the next one; the rest unfolds with Enter. */
static void add_section(struct form *f, const char *title, int section, bool hidden)
{
	size_t before = f->len;

	for (size_t i = 0; i < f->kind->field_count; i++) {
		const struct field *field = &f->kind->fields[i];
		bool mine = hidden ? (field->flags & F_HIDDEN) != 0
				   : field->section == section && !(field->flags & F_HIDDEN);

		if (mine && (field->flags & f->flag) && !(field->flags & (F_ALIAS | F_STATUS)))
			add_field(f, field, f->sections);
	}
	if (f->len == before || f->sections == FORM_SECTIONS_MAX)
		return;
	f->titles[f->sections] = title;
	f->folded[f->sections] = f->sections > 1;
	f->sections++;
}

void form_init(struct form *f, const struct kind *k, unsigned flag)
{
	*f = (struct form){.kind = k, .flag = flag};
	f->fields = mem_alloc(k->field_count * sizeof *f->fields);
	for (int s = 0; k->sections[s] && f->sections < FORM_SECTIONS_MAX - 1; s++)
		add_section(f, k->sections[s], s, false);
	add_section(f, T_FORM_MORE, 0, true);
	f->focus = (struct form_place){FORM_FIELD, 0};
}

void form_release(struct form *f)
{
	for (size_t i = 0; i < f->len; i++) {
		edit_release(&f->fields[i].edit);
		free(f->fields[i].error);
	}
	free(f->fields);
	*f = (struct form){0};
}

/* ---- Places ---- */

bool form_place_at(const struct form *f, int n, struct form_place *out)
{
	for (int s = 0; s < f->sections; s++) {
		if (n-- == 0) {
			*out = (struct form_place){FORM_SECTION, s};
			return true;
		}
		for (size_t i = 0; i < f->len && !f->folded[s]; i++) {
			if (f->fields[i].section == s && n-- == 0) {
				*out = (struct form_place){FORM_FIELD, (int)i};
				return true;
			}
		}
	}
	*out = (struct form_place){FORM_SUBMIT, 0};
	return n == 0;
}

int form_line_of(const struct form *f, struct form_place p)
{
	struct form_place at;

	for (int n = 0; form_place_at(f, n, &at); n++)
		if (at.row == p.row && at.index == p.index)
			return n;
	return 0;
}

struct formfield *form_focused(struct form *f)
{
	return f->focus.row == FORM_FIELD ? &f->fields[f->focus.index] : NULL;
}

static void set_error(struct formfield *field, const char *sentence)
{
	struct buf clean = BUF_INIT;

	if (sentence)
		sanitize_text(&clean, sentence, strlen(sentence));
	free(field->error);
	field->error = sentence ? buf_detach(&clean) : NULL;
	buf_release(&clean);
}

/* A field is checked when the cursor leaves it; an empty one only when the form is given away. */
static void check(struct form *f)
{
	struct formfield *field = form_focused(f);
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;

	if (!field)
		return;
	void *rec = mem_alloc(f->kind->size);
	bool good = field->edit.text.len == 0 ||
		record_set_text(f->kind, rec, &text, field->field, field->edit.text.data, &e);

	set_error(field, good ? NULL : e.text);
	free(rec);
	arena_wipe(&text);
}

static void move(struct form *f, int by)
{
	int to = form_line_of(f, f->focus) + by;
	struct form_place at;

	check(f);
	if (to < 0)
		to = 0;
	form_place_at(f, to, &at);
	f->focus = at;
	if (form_focused(f))
		form_focused(f)->edit.at = form_focused(f)->edit.text.len;
}

/* ---- Keys ---- */

/* Fields with few values: the arrows go through them. */
static bool cycle(struct formfield *field, int by)
{
	static const char *const flags[] = {"false", "true", NULL};
	const char *const *words = field->field->type->storage == ST_BOOL ? flags
									  : field->field->names;
	int n = 0, at = -1;

	if (!words ||
		(field->field->type->storage != ST_BOOL && field->field->type->storage != ST_ENUM))
		return false;
	for (; words[n]; n++)
		if (strcmp(words[n], field->edit.text.data) == 0)
			at = n;
	at = at < 0 ? (by > 0 ? 0 : n - 1) : (at + by + n) % n;
	edit_set(&field->edit, words[at]);
	return true;
}

static enum form_answer enter(struct form *f)
{
	if (f->focus.row == FORM_SUBMIT)
		return FORM_SUBMITTED;
	if (f->focus.row == FORM_SECTION)
		f->folded[f->focus.index] = !f->folded[f->focus.index];
	else
		move(f, 1);
	return FORM_OPEN;
}

static bool field_key(struct form *f, uint32_t key)
{
	struct formfield *field = form_focused(f);

	if (!field)
		return false;
	if ((key == K_LEFT || key == K_RIGHT) && cycle(field, key == K_LEFT ? -1 : 1)) {
		f->touched = true;
		return true;
	}
	size_t before = field->edit.text.len;

	if (!edit_key(&field->edit, key))
		return false;
	f->touched |= before || field->edit.text.len;
	set_error(field, NULL);
	return true;
}

static void paste(struct form *f, const struct msg *m)
{
	struct formfield *field = form_focused(f);

	if (!field)
		return;
	f->touched = true;
	set_error(field,
		edit_insert(&field->edit, m->text, m->text_len) ? NULL : T_FORM_SECRET_PASTE);
}

bool form_hides_input(const struct form *f)
{
	return f->focus.row == FORM_FIELD && f->fields[f->focus.index].edit.hidden;
}

enum form_answer form_input(struct form *f, const struct msg *m, int page)
{
	if (m->type == MSG_PASTE) {
		paste(f, m);
		return FORM_OPEN;
	}
	switch (m->key) {
	case K_ESC: return FORM_LEFT;
	case K_CTRL | 's': check(f); return FORM_SUBMITTED;
	case K_ENTER: return enter(f);
	case K_UP:
	case K_BACKTAB: move(f, -1); return FORM_OPEN;
	case K_DOWN:
	case K_TAB: move(f, 1); return FORM_OPEN;
	case K_PGUP:
	case K_PGDN: move(f, m->key == K_PGUP ? -page : page); return FORM_OPEN;
	case ' ':
		if (f->focus.row == FORM_SECTION)
			return enter(f);
		break;
	default: break;
	}
	field_key(f, m->key);
	return FORM_OPEN;
}

/* ---- Values ---- */

void form_set(struct form *f, const char *field, const char *text)
{
	for (size_t i = 0; i < f->len; i++)
		if (strcmp(f->fields[i].field->name, field) == 0)
			edit_set(&f->fields[i].edit, text);
}

/* A member as a person would type it. */
static void typed_text(const struct field *f, const void *member, struct buf *out)
{
	bool quota = f->type == &ft_quota_memory || f->type == &ft_quota_cpu ||
		f->type == &ft_quota_count;
	json_t *value;
	char *dump;

	/* No limit is a word to people and a number on the wire, a mode octal and a number. */
	if ((quota && *(const int64_t *)member < 0) || f->type == &ft_mode) {
		f->type->cell(f, member, 0, out);
		return;
	}
	value = f->type->encode(f, member);
	if (json_is_string(value)) {
		buf_adds(out, json_string_value(value));
	} else if (value && !json_is_null(value)) {
		dump = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
		buf_adds(out, dump ? dump : "");
		free(dump);
	}
	json_decref(value);
}

bool form_fill(struct form *f, const void *rec)
{
	bool whole = true;

	for (size_t i = 0; i < f->len; i++) {
		struct formfield *field = &f->fields[i];
		struct buf text = BUF_INIT;

		if (!record_knows(f->kind, rec, field->field))
			continue;
		if (field->field->flags & (F_MASKED | F_SECRET)) {
			whole = false;
			continue;
		}
		typed_text(field->field, record_member(rec, field->field), &text);
		edit_set(&field->edit, text.data);
		if (text.len)
			f->folded[field->section] = false;
		buf_release(&text);
	}
	return whole;
}

bool form_mark(struct form *f, const char *name, const char *sentence)
{
	for (size_t i = 0; i < f->len; i++) {
		if (strcmp(f->fields[i].field->name, name) != 0)
			continue;
		set_error(&f->fields[i], sentence);
		f->folded[f->fields[i].section] = false;
		f->focus = (struct form_place){FORM_FIELD, (int)i};
		return true;
	}
	return false;
}

bool form_try(const struct form *f, void *rec, struct arena *a, struct err *e, const char **at)
{
	const char *fault = NULL;

	for (size_t i = 0; i < f->len && fault == NULL; i++) {
		const struct formfield *field = &f->fields[i];

		if (field->edit.text.len == 0 && !(field->field->flags & F_NEEDED))
			continue;
		if (!record_set_text(f->kind, rec, a, field->field, field->edit.text.data, e))
			fault = field->field->name;
	}
	if (fault == NULL && f->kind->check && !f->kind->check(rec, e))
		fault = e->field;
	if (at)
		*at = fault;
	return fault == NULL;
}

bool form_record(struct form *f, void *rec, struct arena *a, struct err *e)
{
	const char *at;

	if (form_try(f, rec, a, e, &at))
		return true;
	form_mark(f, at, e->text);
	return false;
}
