/* Screens of kinds that have none of their own: a table of the kind's list fields. */
#include "core/kinds/kinds.h"
#include "core/kinds/page.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <string.h>

static const char *const empty[] = {T_EMPTY_KIND, NULL};

static bool has_screen(const struct kind_screens *s, const struct kind *k)
{
	for (size_t i = 0; s->all[i]; i++)
		if (strcmp(s->all[i]->name, k->plural) == 0)
			return true;
	return false;
}

/* Whatever gets narrow, the key stays longest, then what stands before the others. */
static void columns_make(struct kind_screen *out, const struct kind *k)
{
	const char *at = k->list_fields;
	size_t n = 0, used = 0;

	while (*at && n + 1 < ARRAY_SIZE(out->columns)) {
		size_t len = strcspn(at, ",");
		const struct field *f;

		if (used + len + 1 > sizeof out->names)
			break;
		memcpy(out->names + used, at, len);
		out->names[used + len] = '\0';
		f = kind_field(k, out->names + used);
		out->columns[n] = (struct column){
			.field = out->names + used,
			.priority = (uint8_t)n,
			.width = f->width,
			.most = f->width < 16 ? 0 : (uint8_t)(f->width * 2),
		};
		n++;
		used += len + 1;
		at += len + (at[len] == ',');
	}
}

/* Where no stream brings them. */
static uint64_t kind_ask(struct app *a, struct view *v, struct cmds *out)
{
	return app_get(a, v->kind->path, out);
}

static void screen_make(struct kind_screen *out, const struct kind *k)
{
	const struct screen table = {TABLE_SCREEN};

	columns_make(out, k);
	snprintf(out->fields, sizeof out->fields, "%s,%s", kind_uid(k)->name, kind_key(k)->name);
	out->screen = table;
	out->screen.name = k->plural;
	out->screen.doc = k->doc;
	out->screen.root = true;
	out->screen.scopes = SCOPE_TABLE | SCOPE_OPEN;
	out->screen.kind = k;
	out->screen.columns = out->columns;
	out->screen
		.sort = out->names; /* the first column: the key, or the age of what has happened */
	out->screen.fields = out->fields;
	out->screen.empty = empty;
	if (!(k->can & CAN_STREAM)) {
		out->screen.ask = kind_ask;
		out->screen.rows = page_rows;
	}
}

const struct screen *const *kind_screens(struct kind_screens *s)
{
	size_t count = 0, made = 0;

	memset(s, 0, sizeof *s);
	for (; dashboard_screens[count]; count++)
		s->all[count] = dashboard_screens[count];
	for (size_t i = 0; all_kinds[i]; i++) {
		const struct kind *k = all_kinds[i];

		if (!(k->can & CAN_LIST) || has_screen(s, k) || made == KIND_SCREENS_MAX)
			continue;
		screen_make(&s->made[made], k);
		s->all[count++] = &s->made[made++].screen;
	}
	return s->all;
}
