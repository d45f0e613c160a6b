#include "ui/app/parts.h"

#include "core/kinds/key.h"
#include "core/wire/query.h"

#include <string.h>

/* What actions are about: the open object or a row, and how requests name it. */

static const struct table *table_of(const struct view *v, const struct kind *k)
{
	const struct table *t = v->screen->table ? v->screen->table(v) : NULL;

	return t && t->data.kind == k ? t : NULL;
}

struct object app_object(const struct app *a)
{
	return view_object(app_top(a));
}

struct object view_object(const struct view *v)
{
	struct table *t = v && v->screen->table ? v->screen->table(v) : NULL;

	if (v && v->screen->object)
		return (struct object){v->kind, v->screen->object(v)};
	if (!t)
		return (struct object){0};
	struct entry *e = table_selected(t);

	return (struct object){t->data.kind, e ? e->row : NULL};
}

bool object_says_failure(struct object o)
{
	const struct field *f = o.row ? kind_field(o.kind, "failure_at") : NULL;

	return f && record_knows(o.kind, o.row, f);
}

unsigned app_scopes(const struct app *a)
{
	return view_scopes(app_top(a));
}

unsigned view_scopes(const struct view *v)
{
	const struct kind *k = view_object(v).kind;
	unsigned own = !v ? 0 : v->screen->scope ? v->screen->scope(v) : v->screen->scopes;

	if (!k || !(k->can & CAN_ONE) || v->screen->passing)
		return own;
	return own | SCOPE_OBJECT | (k->can & CAN_LOGS ? SCOPE_LOGS : 0) |
		(k->can & CAN_EVENTS ? SCOPE_EVENTS : 0) | (k->can & CAN_EDIT ? SCOPE_EDIT : 0) |
		(k->can & CAN_CREATE ? SCOPE_CLONE | (v->screen->root ? SCOPE_MAKE : 0) : 0) |
		(kind_state(k) && kind_field(k, "message") ? SCOPE_WHY : 0);
}

bool app_may(const struct app *a, unsigned least)
{
	for (unsigned i = 0; i < least; i++)
		if (strcmp(a->role, role_words[i]) == 0)
			return false;
	return true;
}

const char *object_id(struct object o, const char *name)
{
	const char *uid = o.row ? record_uid(o.kind, o.row) : "";

	return *uid ? uid : name;
}

static const void *row_in(const struct table *t, const char *name)
{
	struct entry *e = table_selected((struct table *)t);

	if (!e || strcmp(record_key(t->data.kind, e->row), name) != 0)
		e = dataset_find_key(&t->data, name);
	return e ? e->row : NULL;
}

const void *app_row(const struct app *a, const struct kind *k, const char *name)
{
	for (int i = a->depth; i-- > 0;) {
		const struct table *t = table_of(&a->stack[i], k);
		const void *row = t ? row_in(t, name) : NULL;

		if (row)
			return row;
	}
	return k == a->home.data.kind ? row_in(&a->home, name) : NULL;
}

const char *app_org_open(const struct app *a, const struct kind *k, const char *name)
{
	for (int i = a->depth; i-- > 0;)
		if (a->stack[i].org && a->stack[i].kind == k && strcmp(a->stack[i].name, name) == 0)
			return a->stack[i].org;
	return NULL;
}

const char *app_org(const struct app *a, struct object o, const char *name)
{
	const struct field *org = o.row ? kind_field(o.kind, "org_id") : NULL;
	const char *open = app_org_open(a, o.kind, o.row ? record_key(o.kind, o.row) : name);

	if (open)
		return open;
	if (strcmp(a->tenant, "-1") != 0)
		return a->tenant;
	return org ? record_text(o.row, org) : "";
}

char *object_path(const struct app *a, struct object o, const char *name, const char *tail)
{
	struct buf path = BUF_INIT;

	if (!o.row)
		o.row = app_row(a, o.kind, name);
	const char *org = app_org(a, o, name);

	buf_addf(&path, "%s/", o.kind->path);
	percent_encode(&path, name, strlen(name), "");
	buf_adds(&path, tail);
	if (*org) {
		buf_adds(&path, "?org_id=");
		percent_encode(&path, org, strlen(org), "");
	}
	return buf_detach(&path);
}
