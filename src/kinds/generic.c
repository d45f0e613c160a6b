/* What routes of all kinds do alike: one object, creating, editing, actions, events. */
#include "kinds/kinds.h"

#include "base/mem.h"
#include "core/schema/record_write.h"

#include <stdlib.h>
#include <string.h>

json_t *message_json(const char *format, ...)
{
	struct buf text = BUF_INIT;
	json_t *out;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	out = json_pack("{s:s}", "message", text.data);
	buf_release(&text);
	return out;
}

/* ---- Changes that answer a request ---- */

void request_answered(void *ctx, bool ok, const struct err *e, int status, const char *answer)
{
	struct request *r = ctx;

	if (ok)
		request_reply_json_text(r, status, answer, strlen(answer));
	else if (e->code == ERR_UNAVAILABLE)
		request_fail_retry(r, e, RETRY_AFTER_S);
	else
		request_fail(r, e);
}

struct change *change_for(struct request *r)
{
	struct author who = {.access_key = r->who.access_key,
		.key_name = r->who.key_name,
		.org_id = r->who.org_id,
		.peer = r->peer,
		.role = r->who.role,
		.nonce = r->nonce,
		.request_hash = r->request_hash,
		.now = r->now};
	struct change *c = change_by(&r->platform->model, &who);

	audit_keep(r->platform, r->now);
	change_told(c, request_answered, r);
	return c;
}

/* "train_gpu_quota, total_gpu_quota: by root" */
static void did_what(const struct kind *k, const struct fieldset *which, const char *who,
	struct buf *out)
{
	for (size_t i = 0; which && i < k->field_count; i++)
		if (fieldset_has(which, i) && (k->fields[i].flags & F_EDIT))
			buf_addf(out, "%s%s", out->len ? ", " : "", k->fields[i].name);
	buf_addf(out, "%sby %s", out->len ? ": " : "", who && *who ? who : "local");
}

void request_did(struct request *r, struct change *c, const struct kind *k, const void *row,
	const char *verb, const char *event, const struct fieldset *which)
{
	struct buf what = BUF_INIT;

	did_what(k, which, r->who.key_name, &what);
	change_event(c, k, row, EVENT_NORMAL, event, "%s", what.data);
	change_events_trim(c, k, record_uid(k, row));
	change_audit_of(c, k, verb, row);
	buf_release(&what);
}

/* ---- Whose ---- */

const char *request_org(struct request *r, const struct kind *k, bool all)
{
	const char *org = request_query(r, "org_id");
	struct err e = ERR_INIT;

	if (org == NULL || *org == '\0' || strcmp(org, r->who.org_id) == 0)
		return r->who.org_id;
	if (r->who.role < kind_others(k))
		err_set(&e, ERR_FORBIDDEN, "org_id names another org: only %s may (this key is %s)",
			kind_others(k) == ROLE_ADMIN ? "an admin" : "a quota-admin or an admin",
			role_words[r->who.role]);
	else if (strcmp(org, MODEL_ALL_ORGS) == 0 && all)
		return org;
	else if (model_org(&r->platform->model, org) == NULL)
		err_set(&e, ERR_NOT_FOUND, "there is no org %.40s", org);
	else
		return org;
	request_fail(r, &e);
	return NULL;
}

/* The same text for an object that is absent and for one of another org. */
void request_absent(struct request *r, const struct kind *k, const char *name)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_NOT_FOUND, "there is no %s %.100s", k->name, name);
	request_fail(r, &e);
}

static bool row_of_org(const struct kind *k, const void *row, const char *org)
{
	const struct field *f = kind_field(k, "org_id");

	return f == NULL || org == NULL || strcmp(record_text(row, f), org) == 0;
}

/* By its name where only one row of these that may be seen has it: of these kinds there are few. */
static const void *row_called(const struct rowset *rows, const char *org, const char *name)
{
	const void *found = NULL;

	for (size_t i = 0; i < rows->len; i++) {
		if (strcmp(record_key(rows->kind, rows->rows[i]), name) != 0 ||
			!row_of_org(rows->kind, rows->rows[i], org))
			continue;
		if (found)
			return NULL;
		found = rows->rows[i];
	}
	return found;
}

static size_t rows_called(const struct rowset *rows, const char *org, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; rows->kind->everywhere && i < rows->len; i++)
		n += strcmp(record_key(rows->kind, rows->rows[i]), name) == 0 &&
			row_of_org(rows->kind, rows->rows[i], org);
	return n;
}

static void request_ambiguous(struct request *r, const struct kind *k, const char *name)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_CONFLICT, "several %s are named %.100s: say which by its %s", k->plural,
		name, kind_uid(k)->name);
	request_fail(r, &e);
}

/* `org` NULL: whatever its org. */
static const void *row_find(struct request *r, const struct kind *k, const char *org,
	const char *name)
{
	const struct set *set = sets_of(&r->platform->model.sets, k);
	const char *uid = org && set->name_field ? set_name_uid(set, org, name) : NULL;
	const void *row = rowset_find(set->rows, uid ? uid : name);

	if (row == NULL && k->everywhere)
		row = row_called(set->rows, org, name);
	return row && row_of_org(k, row, org) ? row : NULL;
}

const void *request_object(struct request *r)
{
	const struct kind *k = r->route->kind;
	bool any = k->everywhere && r->who.role >= kind_others(k);
	const char *org = any ? NULL : request_org(r, k, false);
	const void *row;

	if (org == NULL && !any)
		return NULL;
	row = row_find(r, k, org, r->params[0]);
	if (row == NULL &&
		rows_called(sets_of(&r->platform->model.sets, k)->rows, org, r->params[0]) > 1)
		request_ambiguous(r, k, r->params[0]);
	else if (row == NULL)
		request_absent(r, k, r->params[0]);
	return row;
}

/* ---- One ---- */

void request_reply_row(struct request *r, const struct kind *k, const void *row)
{
	const char *fields = request_query(r, "fields");
	bool some = fields && *fields;
	struct fieldset set = {{0}};
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	if (some && !fieldset_parse(&set, k, fields, &e)) {
		request_fail(r, &e);
		return;
	}
	fieldset_add_splits(&set, k);
	if (some)
		record_write_json(k, row, &set, &out);
	else
		record_write_whole(k, row, &out);
	request_reply_owned(r, 200, &out);
}

static void one_whole(void *ctx, const void *rec, const struct err *e)
{
	struct request *r = ctx;

	if (rec)
		request_reply_row(r, r->route->kind, rec);
	else
		request_fail(r, e);
}

/* Whoever asks for some fields gets what a list has of them. */
void generic_one(struct request *r)
{
	const void *row = request_object(r);
	const char *fields = request_query(r, "fields");

	if (row && fields && *fields)
		request_reply_row(r, r->route->kind, row);
	else if (row)
		model_whole(&r->platform->model, r->route->kind, row, one_whole, r);
}

/* ---- Creating ---- */

/* What was given may be a secret. */
void making_free(struct making *m)
{
	arena_wipe(&m->text);
	free(m);
}

void making_refuse(struct making *m, const struct err *e)
{
	request_fail(m->r, e);
	making_free(m);
}

/* "the body must be a JSON object with name, size" */
static bool body_wrong(const struct kind *k, unsigned flag, struct err *e)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < k->field_count && flag; i++)
		if (k->fields[i].flags & flag)
			buf_addf(&names, "%s%s", names.len ? ", " : "", k->fields[i].name);
	err_set(e, ERR_INVALID, "the body must be a JSON object%s%s",
		names.len ? " with " : ": what is to be changed", names.len ? names.data : "");
	buf_release(&names);
	return false;
}

static bool kind_has(const struct kind *k, unsigned flag)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].flags & flag)
			return true;
	return false;
}

static bool body_read(struct request *r, unsigned flag, struct err *e)
{
	const struct kind_handlers *h = r->route->handlers;

	if (!json_is_object(r->body))
		return body_wrong(h->kind, flag, e);
	return h->prepare == NULL || h->prepare(r, e);
}

static void create_gathered(struct request *r, const struct err *why)
{
	const struct kind *k = r->route->kind;
	struct making *m = mem_alloc(sizeof *m);
	struct err e = *why;

	m->r = r;
	if (e.code == ERR_NONE && record_decode(k, m->record, &m->text, r->body, DECODE_NEW, &e))
		r->route->handlers->make(m);
	else
		making_refuse(m, &e);
}

void generic_create(struct request *r)
{
	const struct kind_handlers *h = r->route->handlers;
	struct err e = ERR_INIT;

	if (body_read(r, kind_has(h->kind, F_NEEDED) ? F_NEEDED : F_NEW, &e) && h->gather)
		h->gather(r, create_gathered);
	else
		create_gathered(r, &e);
}

/* ---- Editing ---- */

static bool edit_put(struct request *r, struct change *c, const void *row, void *changed,
	struct err *e)
{
	const struct kind_handlers *h = r->route->handlers;

	if (h->edit)
		return h->edit(r, c, row, changed, e);
	change_row(c, h->kind, changed);
	return true;
}

/* The version that the change was made from: ?if_version= or If-Match; NULL: whatever it is. */
static const char *edit_version(struct request *r, size_t *len)
{
	const char *version = request_query(r, "if_version");

	if (version == NULL)
		version = r->if_match;
	if (version && strcmp(version, "*") == 0)
		version = NULL;
	*len = version ? strlen(version) : 0;
	if (*len >= 2 && version[0] == '"' && version[*len - 1] == '"') {
		version++;
		*len -= 2;
	}
	return version;
}

/* Whoever made the change looked at another state of the row: they are told the one that there is. */
static bool edit_conflicts(struct request *r, const struct kind *k, const void *row)
{
	const struct field *f = kind_field(k, "version");
	struct buf now = BUF_INIT;
	struct err e = ERR_INIT;
	size_t len;
	const char *version = edit_version(r, &len);
	bool same;

	if (version == NULL)
		return false;
	if (f == NULL || !record_knows(k, row, f)) {
		err_field(&e, ERR_INVALID, "if_version",
			"a %s has no version: leave if_version and If-Match out", k->name);
		request_fail(r, &e);
		return true;
	}
	record_cell(k, row, f, 0, &now);
	same = now.len == len && memcmp(now.data, version, len) == 0;
	if (!same) {
		err_set(&e, ERR_CONFLICT,
			"%s %.100s was changed by somebody else meanwhile: it has version %s now, not "
			"%.40s; look at it and change it again",
			k->name, record_key(k, row), now.data, version);
		request_reply(r, 409,
			json_pack("{s:b, s:s, s:s, s:o}", "error", 1, "message", e.text, "field",
				"version", "now", record_encode(k, row, NULL)));
	}
	buf_release(&now);
	return !same;
}

static void edit_commit(struct request *r, struct change *c, const void *row, const void *changed)
{
	const struct kind_handlers *h = r->route->handlers;
	struct fieldset which;

	size_t len;

	record_diff(h->kind, row, changed, &which);
	if (edit_version(r, &len))
		change_only_if(c, h->kind, record_uid(h->kind, row));
	request_did(r, c, h->kind, changed, "change", "Changed", &which);
	change_answer(c, 200, record_encode(h->kind, changed, NULL));
	if (h->edited)
		change_then(c, h->edited, r->platform);
	change_commit(c);
}

/* The object of the path, where it is the caller's to change; NULL after a refusal. */
static const void *request_managed(struct request *r)
{
	const struct kind_handlers *h = r->route->handlers;
	const void *row = request_object(r);
	struct err e = ERR_INIT;

	if (row == NULL || h->manage == NULL || h->manage(&r->who, row, &e))
		return row;
	request_fail(r, &e);
	return NULL;
}

void generic_edit(struct request *r)
{
	const struct kind *k = r->route->kind;
	const void *row = request_managed(r);
	_Alignas(16) char changed[KIND_SIZE_MAX];
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	struct change *c;
	bool good;

	if (row == NULL || edit_conflicts(r, k, row))
		return;
	memcpy(changed, row, k->size);
	c = change_for(r);
	good = body_read(r, 0, &e) && record_decode(k, changed, &text, r->body, DECODE_EDIT, &e) &&
		edit_put(r, c, row, changed, &e);
	if (good && !r->what_if) {
		edit_commit(r, c, row, changed);
	} else {
		change_free(c);
		if (good)
			r->route->handlers->what_if(r, row, changed);
		else
			request_fail(r, &e);
	}
	arena_wipe(&text);
}

/* ---- Actions ---- */

void action_refuse(struct request *r, const void *row, const char *why)
{
	const struct kind *k = r->route->kind;
	const struct field *state = kind_state(k);
	const char *word = state ? record_word(k, row, state) : NULL;
	struct err e = ERR_INIT;

	if (word)
		err_set(&e, ERR_CONFLICT, "%s %s is %s: %s", k->name, record_key(k, row), word,
			why);
	else
		err_set(&e, ERR_CONFLICT, "%s %s: %s", k->name, record_key(k, row), why);
	request_fail(r, &e);
}

bool action_takes(struct request *r, void *rec, struct arena *text)
{
	const struct kind *takes = r->route->action->takes;
	struct err e = ERR_INIT;
	bool good = true;

	memset(rec, 0, takes->size);
	if (r->body && !json_is_object(r->body))
		good = body_wrong(takes, F_NEW, &e);
	else if (r->body)
		good = record_decode(takes, rec, text, r->body, DECODE_NEW, &e);
	if (!good)
		request_fail(r, &e);
	return good;
}

/* What DELETE is where a kind says no more of it. */
static void row_remove(struct request *r, const struct kind *k, const void *row)
{
	struct change *c = change_for(r);

	change_row_remove(c, k, record_uid(k, row));
	change_audit_of(c, k, "delete", row);
	change_answer(c, 200, message_json("%s %s is deleted", k->name, record_key(k, row)));
	change_commit(c);
}

void generic_action(struct request *r)
{
	const struct kind *k = r->route->kind;
	const void *row = request_managed(r);
	const struct action_handler *a = r->route->handlers->actions;

	if (row == NULL)
		return;
	if (!kind_action_may(k, r->route->action, row)) {
		action_refuse(r, row, r->route->action->not_from);
		return;
	}
	while (a && a->name && strcmp(a->name, r->route->action->name) != 0)
		a++;
	if (a && a->name)
		a->run(r, row);
	else
		row_remove(r, k, row);
}

/* ---- Events ---- */

/* Whole rows, and beside them what the public client reads. */
struct events {
	json_t *rows, *compatible;
};

static void events_add(void *ctx, const struct event *ev)
{
	struct events *all = ctx;

	json_array_append_new(all->rows, record_encode(&event_kind, ev, NULL));
	json_array_append_new(all->compatible, event_compatible(ev));
}

/* The public client reads `recommend` without looking whether it is there. */
static void events_reply(struct request *r, const struct events *all)
{
	request_reply(r, 200,
		json_pack("{s:o, s:o, s:[]}", "data", all->rows, "events", all->compatible,
			"recommend"));
}

static void events_read(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct request *r = ctx;
	struct events all = {NULL, NULL};

	if (!ok) {
		request_fail(r, e);
		return;
	}
	all = (struct events){json_array(), json_array()};
	for (size_t i = 0; i < rows->count; i++) {
		struct arena text = ARENA_INIT;
		struct event ev;

		/* Those of a quota lay under its org's uid once. */
		if (record_unpack(&event_kind, &ev, &text, rows->rows[i].data, rows->rows[i].len,
			    NULL) &&
			strcmp(ev.kind, r->route->kind->name) == 0)
			events_add(&all, &ev);
		arena_release(&text);
	}
	events_reply(r, &all);
}

void generic_events(struct request *r)
{
	const struct kind *k = r->route->kind;
	const void *row = request_object(r);
	char of[EVENTS_OF_SIZE];

	if (row == NULL)
		return;
	store_read_children(r->platform->model.store, event_kind.name,
		events_of(k, record_uid(k, row), of), r->platform->model.settings.events_per_job,
		events_read, r);
}
