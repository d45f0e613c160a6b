#include "ui/app/parts.h"

#include "core/kinds/kinds.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Which fields of its rows a table asks the platform for, and in which order it shows them. */

static void want(struct fieldset *set, const struct kind *k, const char *name)
{
	const struct field *f = kind_field_or_title(k, name);

	if (f && !(f->flags & (F_SECRET | F_MASKED)))
		fieldset_add(set, kind_index(k, f));
}

/* Every name of a field in a filter: too many do no harm, a missing one would match nothing. */
static void want_filtered(struct fieldset *set, const struct kind *k, const char *text)
{
	char name[64];

	while (*text) {
		size_t n = 0;

		while (isalnum((unsigned char)text[n]) || text[n] == '_')
			n++;
		if (n > 0 && n < sizeof name) {
			memcpy(name, text, n);
			name[n] = '\0';
			want(set, k, name);
		}
		text += n ? n : 1;
	}
}

static struct fieldset wanted(const struct table *t, const struct screen *s)
{
	struct fieldset set = {{0}};
	const struct kind *k = s->kind;

	if (s->fields)
		fieldset_parse(&set, k, s->fields, NULL);
	fieldset_add(&set, kind_index(k, kind_uid(k)));
	fieldset_add(&set, kind_index(k, kind_key(k)));
	fieldset_add(&set, kind_index(k, t->sort));
	for (const struct column *c = s->columns; c->field; c++)
		if (!c->wide || t->wide)
			want(&set, k, c->field);
	want_filtered(&set, k, t->filter_text);
	if (t->filter && filter_label(t->filter))
		want(&set, k, "labels");
	fieldset_ask(&set, k);
	return set;
}

static bool covers(const struct fieldset *have, const struct fieldset *need)
{
	for (int i = 0; i < KNOWN_WORDS; i++)
		if (need->bits[i] & ~have->bits[i])
			return false;
	return true;
}

static char *fields_text(const struct kind *k, const struct fieldset *set)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < k->field_count; i++)
		if (!(k->fields[i].flags & F_ALIAS) && fieldset_has(set, i))
			buf_addf(&out, "%s%s", out.len ? "," : "", k->fields[i].name);
	return buf_detach(&out);
}

void table_unsubscribe(struct table *t, struct cmds *out)
{
	if (t->data.sub)
		cmds_add(out, CMD_UNSUBSCRIBE)->sub = t->data.sub;
	t->data.sub = 0;
}

/* For what it shows, as far as the platform has it. */
static void ask(struct app *a, struct table *t, struct cmds *out)
{
	struct fieldset had = t->asked;
	struct cmd *c = cmds_add(out, CMD_SUBSCRIBE);

	for (size_t i = 0; i < KNOWN_WORDS; i++)
		had.bits[i] &= ~t->lacks.bits[i];
	t->data.sub = app_sub(a);
	dataset_fail(&t->data, NULL);
	dataset_begin_again(&t->data);
	c->sub = t->data.sub;
	c->kind = t->data.kind->name;
	c->org = mem_strdup(t->org);
	c->fields = fields_text(t->data.kind, &had);
}

/* Whose rows: of a kind that is the platform's whoever may see all does, but where a tenant is chosen. */
static const char *org_wanted(const struct app *a, const struct kind *k)
{
	bool all = k->everywhere && *a->role && app_may(a, kind_others(k));

	return *a->tenant || !all ? a->tenant : "-1";
}

void table_subscribe(struct app *a, struct table *t, const struct screen *s, bool again,
	struct cmds *out)
{
	struct fieldset need = wanted(t, s);

	if (again || !t->data.sub || !covers(&t->asked, &need))
		table_subscribe_org(a, t, s, org_wanted(a, s->kind), out);
}

void table_subscribe_org(struct app *a, struct table *t, const struct screen *s, const char *org,
	struct cmds *out)
{
	struct fieldset need = wanted(t, s);

	if (strcmp(org, "-1") == 0) /* a request about a row must say whose it is */
		want(&need, s->kind, "org_id");
	table_unsubscribe(t, out);
	t->asked = need;
	t->lacks = (struct fieldset){{0}};
	snprintf(t->org, sizeof t->org, "%s", org);
	ask(a, t, out);
}

bool table_ask_less(struct app *a, struct table *t, const char *refusal, struct cmds *out)
{
	const struct field *f = refusal ? field_refused(t->data.kind, refusal) : NULL;

	if (f == NULL || fieldset_has(&t->lacks, kind_index(t->data.kind, f)))
		return false;
	fieldset_add(&t->lacks, kind_index(t->data.kind, f));
	ask(a, t, out);
	return true;
}

/* ---- The order ---- */

/* An order is of a context: what one looks for on one platform is not it on another. */
static void sort_name(const struct app *a, const struct screen *s, struct buf *out)
{
	buf_addf(out, "%s/%s", a->context, s->name);
}

static const char *sort_remembered(const struct app *a, const struct screen *s)
{
	struct buf name = BUF_INIT;

	sort_name(a, s, &name);
	const char *sort = app_remembered(a, name.data, "sort");
	const struct field *f = sort ? kind_field(s->kind, sort + (*sort == '-')) : NULL;

	buf_release(&name);
	return f && field_orders(s->kind, f, NULL) ? sort : s->sort;
}

void table_open_remembered(const struct app *a, struct table *t, const struct screen *s)
{
	const char *wide = app_remembered(a, s->name, "wide");

	table_init(t, s->kind, s->columns, sort_remembered(a, s));
	t->now = a->now;
	t->wide = wide && *wide;
}

void table_recall_sort(const struct app *a, struct table *t, const struct screen *s)
{
	const char *sort = sort_remembered(a, s);
	bool descending = sort && *sort == '-';
	const struct field *f = sort ? kind_field(s->kind, sort + descending) : NULL;

	if (f)
		table_sort(t, f, descending);
}

void table_sorted(struct app *a, struct table *t, const struct screen *s, struct cmds *out)
{
	struct buf name = BUF_INIT, value = BUF_INIT;

	sort_name(a, s, &name);
	buf_addf(&value, "%s%s", t->descending ? "-" : "", t->sort->name);
	if (s->columns)
		app_remember(a, name.data, "sort", value.data, out);
	if (t->data.sub)
		table_subscribe(a, t, s, false, out);
	buf_release(&name);
	buf_release(&value);
}
