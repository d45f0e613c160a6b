#include "ui/screens/screens.h"

#include "base/mem.h"
#include "core/kinds/audit.h"
#include "core/kinds/kinds.h"
#include "core/kinds/page.h"
#include "core/wire/query.h"

#include <stdlib.h>
#include <string.h>

/*
 * What was asked for and done. From a record one goes to what it is about, where that is still
 * there; from an object (trail) to its records.
 */

struct audit_view {
	struct table table; /* first: what all screens of rows have */
	uint64_t id;        /* of the request for the object of a record; 0: none */
	char *seq;          /* of that record */
};

static const struct column columns[] = {
	{.field = "age", .width = 4, .most = 5},
	{.field = "action", .priority = 1, .width = 16, .most = 24},
	{.field = "detail", .priority = 2, .width = 20, .most = 40},
	{.field = "key_name", .priority = 3, .width = 12, .most = 24},
	{.field = "peer", .priority = 4, .width = 15},
	{.field = "org_id", .priority = 5, .width = 4, .most = 8},
	{.field = "by_org", .priority = 6, .width = 6, .wide = true},
	{.field = "time", .priority = 7, .width = 20, .wide = true},
	{.field = "object", .priority = 8, .width = 26, .wide = true},
	{0},
};

static const char *const no_records[] = {T_EMPTY_KIND, NULL};
static const char *const no_trail[] = {T_EMPTY_TRAIL_1, T_EMPTY_TRAIL_2, NULL};

/* ---- Asking ---- */

static void add_query(struct buf *path, const char *name, const char *value)
{
	buf_addf(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', name);
	percent_encode(path, value, strlen(value), "");
}

static uint64_t get(struct app *a, struct buf *path, struct cmds *out)
{
	uint64_t id = app_get(a, path->data, out);

	buf_release(path);
	return id;
}

/* Without a word on the org an admin's are of all. */
static uint64_t audit_ask(struct app *a, struct view *v, struct cmds *out)
{
	struct buf path = BUF_INIT;

	(void)v;
	buf_adds(&path, audit_kind.path);
	if (*a->tenant && strcmp(a->tenant, "-1") != 0)
		add_query(&path, "org_id", a->tenant);
	return get(a, &path, out);
}

/* A name may pass to another: by the uid where it is known. */
static uint64_t trail_ask(struct app *a, struct view *v, struct cmds *out)
{
	struct object o = {v->kind, app_row(a, v->kind, v->name)};
	const char *id = object_id(o, v->name), *org = app_org(a, o, v->name);
	struct buf path = BUF_INIT, filter = BUF_INIT;

	buf_addf(&filter, "%s=\"%s\" action~=\"^%s[.]\"",
		strcmp(id, v->name) == 0 ? "detail" : "object", id, v->kind->name);
	buf_adds(&path, audit_kind.path);
	add_query(&path, "filter", filter.data);
	if (*org)
		add_query(&path, "org_id", org);
	buf_release(&filter);
	return get(a, &path, out);
}

/* ---- To what a record is about ---- */

/* The kind that "job.cancel" names; NULL: none whose objects can be opened. */
static const struct kind *kind_of(const struct audit *r)
{
	char word[32];
	size_t n = r->action ? strcspn(r->action, ".") : 0;
	const struct kind *k;

	if (n == 0 || n >= sizeof word)
		return NULL;
	memcpy(word, r->action, n);
	word[n] = '\0';
	k = kinds_find(word);
	return k && (k->can & CAN_ONE) && r->object && *r->object ? k : NULL;
}

static void show(struct app *a, const struct audit_view *v, const struct entry *e,
	const char *sentence)
{
	tablescreen_show(a, &v->table, e, sentence);
}

static void jump(struct app *a, struct audit_view *v, const struct entry *e, struct cmds *out)
{
	const struct audit *r = e->row;
	const struct kind *k = kind_of(r);
	struct buf path = BUF_INIT;

	if (k == NULL) {
		show(a, v, e, T_AUDIT_NO_OBJECT);
		return;
	}
	buf_addf(&path, "%s/", k->path);
	percent_encode(&path, r->object, strlen(r->object), "");
	if (r->org_id && *r->org_id && !k->everywhere)
		add_query(&path, "org_id", r->org_id);
	app_set_text(&v->seq, r->seq);
	v->id = get(a, &path, out);
	app_notice(a, ROLE_DIM, T_AUDIT_ASKING, k->name, r->detail ? r->detail : r->object);
}

/* It stands on the screen for its kind; of another org than that which is shown, as such. */
static void arrive(struct app *a, const struct kind *k, const struct audit *r, const json_t *body,
	struct cmds *out)
{
	const struct screen *s = k->can & CAN_TASKS ? &scr_job : &scr_describe;
	const struct field *of = kind_field(k, "org_id");
	struct arena text = ARENA_INIT;
	void *row = mem_alloc(k->size);
	bool good = record_decode(k, row, &text, body, DECODE_SERVER, NULL);
	const char *name = good && *record_key(k, row) ? record_key(k, row) : r->object;
	const char *org = good && of && !k->everywhere ? record_text(row, of) : "";
	const void *own = app_quota(a);

	if (*org && (own == NULL || strcmp(record_uid(a->quota.data.kind, own), org) != 0))
		stack_open_of(a, s, k, name, org, out);
	else
		stack_open_kind(a, s, k, name, out);
	arena_release(&text);
	free(row);
}

static void say_missing(struct app *a, const struct audit_view *v, const struct entry *e,
	const struct msg *m)
{
	const struct audit *r = e->row;
	const char *name = r->detail && *r->detail ? r->detail : r->object;
	struct buf say = BUF_INIT, why = BUF_INIT;

	reply_error(m, &why);
	if (m->status == 404 || m->status == 410)
		buf_addf(&say, T_AUDIT_GONE, kind_of(r)->name, name);
	else
		buf_addf(&say, T_AUDIT_NOT_SEEN, kind_of(r)->name, name, why.data);
	show(a, v, e, say.data);
	buf_release(&say);
	buf_release(&why);
}

/* The person may have gone on meanwhile: then it stays where it is. */
static void answered(struct app *a, struct view *view, const struct msg *m, struct cmds *out)
{
	struct audit_view *v = view->state;
	const struct entry *e = dataset_find(&v->table.data, v->seq);

	v->id = 0;
	app_notice_clear(a);
	if (e == NULL || view != app_top(a) || a->mode != MODE_NONE)
		return;
	if (m->status >= 200 && m->status < 300)
		arrive(a, kind_of(e->row), e->row, m->body, out);
	else
		say_missing(a, v, e, m);
}

/* ---- The screens ---- */

static void audit_open(struct app *a, struct view *view, struct cmds *out)
{
	struct audit_view *v = mem_alloc(sizeof *v);

	table_open_remembered(a, &v->table, view->screen);
	view->state = v;
	v->table.request = view->screen->ask(a, view, out);
}

static void audit_close(struct app *a, struct view *view, struct cmds *out)
{
	struct audit_view *v = view->state;

	(void)a, (void)out;
	table_release(&v->table);
	free(v->seq);
	free(v);
}

static void audit_message(struct app *a, struct view *view, const struct msg *m, struct cmds *out)
{
	const struct audit_view *v = view->state;

	if (m->type == MSG_REPLY && v->id && m->id == v->id)
		answered(a, view, m, out);
	else
		tablescreen_message(a, view, m, out);
}

/* Of the records that are here those about the same object; Esc takes the filter away. */
static void filter_same(struct audit_view *v, const struct audit *r)
{
	struct buf text = BUF_INIT;

	if (r->object && *r->object) {
		buf_addf(&text, "object=\"%s\"", r->object);
		table_filter(&v->table, text.data, NULL);
	}
	buf_release(&text);
}

/* The trail's records are all about where one came from: Enter shows the record there. */
static bool audit_action(struct app *a, struct view *view, enum action act, struct cmds *out)
{
	struct audit_view *v = view->state;
	const struct entry *e = table_selected(&v->table);

	if (act == ACT_OPEN && e && view->screen == &scr_audit) {
		jump(a, v, e, out);
		return true;
	}
	if ((act == ACT_DESCRIBE || act == ACT_YAML) && e)
		show(a, v, e, NULL);
	else if (act == ACT_TRAIL && e)
		filter_same(v, e->row);
	else
		return tablescreen_action(a, view, act, out);
	return true;
}

#define AUDIT_SCREEN                                                                              \
	.kind = &audit_kind, .columns = columns, .sort = "age", .fields = "seq,action",           \
	.scopes = SCOPE_TABLE | SCOPE_OPEN | SCOPE_OBJECT, .rows = page_rows, .open = audit_open, \
	.close = audit_close, .message = audit_message, .action = audit_action,                   \
	.mouse = tablescreen_mouse, .draw = tablescreen_draw, .status = tablescreen_status,       \
	.crumb = tablescreen_crumb, .table = tablescreen_table, .save = tablescreen_save,         \
	.copy = tablescreen_copy

const struct screen scr_audit = {
	.name = "audit",
	.doc = T_SCREEN_AUDIT,
	.root = true,
	.empty = no_records,
	.ask = audit_ask,
	AUDIT_SCREEN,
};

const struct screen scr_trail = {
	.name = "trail",
	.doc = T_SCREEN_TRAIL,
	.takes_name = true,
	.any_kind = true,
	.empty = no_trail,
	.ask = trail_ask,
	AUDIT_SCREEN,
};
