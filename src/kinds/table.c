/* The route table and the reference pages, made from the kinds and what their files add. */
#include "core/kinds/forecast.h"
#include "core/schema/series.h"
#include "kinds/kinds.h"
#include "kinds/look_samples.h"
#include "kinds/work.h"

#include "base/mem.h"
#include "base/vec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct route_table {
	struct arena text;
	VEC(struct route) rows;
};

const struct kind_handlers *const all_handlers[] = {
#define X(name) &name##_handlers,
	KINDS(X)
#undef X
		NULL,
};

const struct work_policy *handlers_policy(void *ctx, const struct kind *k)
{
	(void)ctx;
	for (size_t i = 0; all_handlers[i]; i++)
		if (all_handlers[i]->kind == k)
			return all_handlers[i]->policy;
	return NULL;
}

static const char *textf(struct route_table *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static const char *textf(struct route_table *t, const char *format, ...)
{
	struct buf b = BUF_INIT;
	const char *out;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&b, format, ap);
	va_end(ap);
	out = arena_strdup(&t->text, b.data);
	buf_release(&b);
	return out;
}

static void add(struct route_table *t, const struct kind_handlers *h, enum method method,
	enum role least, unsigned flags, const char *pattern, void (*handle)(struct request *r),
	const char *doc)
{
	struct route row = {.method = method,
		.pattern = pattern,
		.least = least,
		.flags = flags,
		.handle = handle,
		.doc = doc,
		.kind = h->kind,
		.handlers = h};

	vec_push(&t->rows, row);
}

/* An object of another org is as if it were not, but for who sees all: the tenant matrix looks. */
static unsigned object_flags(const struct kind_handlers *h, unsigned least)
{
	bool nobodys = kind_field(h->kind, "org_id") == NULL;
	bool all = h->kind->everywhere && least >= (unsigned)kind_others(h->kind);

	return nobodys || all ? 0 : ROUTE_TENANT;
}

/* What the kind's own file says of a route stands in place of the generic one. */
static void add_special(struct route_table *t, const struct kind_handlers *h,
	const struct route *special)
{
	struct route *at = NULL;

	for (size_t i = 0; i < t->rows.len; i++)
		if (t->rows.items[i].method == special->method &&
			strcmp(t->rows.items[i].pattern, special->pattern) == 0)
			at = &t->rows.items[i];
	if (at)
		*at = *special;
	else
		vec_push(&t->rows, *special);
	if (at == NULL)
		at = &t->rows.items[t->rows.len - 1];
	at->kind = h->kind;
	at->handlers = h;
}

static bool has_handler(const struct kind_handlers *h, const char *action)
{
	for (const struct action_handler *a = h->actions; a && a->name; a++)
		if (strcmp(a->name, action) == 0)
			return true;
	return false;
}

/* With what its body may say. */
static const char *action_doc(struct route_table *t, const struct kind_action *a)
{
	struct buf text = BUF_INIT;
	const char *between = ": ", *out;

	buf_addf(&text, "%s The body may say", a->doc);
	for (size_t i = 0; i < a->takes->field_count; i++) {
		const struct field *f = &a->takes->fields[i];

		if (!(f->flags & F_NEW))
			continue;
		buf_addf(&text, "%s\"%s\" (%s): %s", between, f->name, f->type->name, f->doc);
		between = " ";
	}
	out = arena_strdup(&t->text, text.data);
	buf_release(&text);
	return out;
}

static void add_actions(struct route_table *t, const struct kind_handlers *h, const char *one)
{
	const struct kind *k = h->kind;

	for (size_t i = 0; i < k->action_count; i++) {
		const struct kind_action *a = &k->actions[i];
		bool deletes = strcmp(a->method, "DELETE") == 0;

		assert(deletes || has_handler(h, a->name));

		add(t, h, deletes ? METHOD_DELETE : METHOD_POST, (enum role)a->least,
			ROUTE_CHANGES | object_flags(h, a->least), textf(t, "%s%s", one, a->tail),
			generic_action, a->takes ? action_doc(t, a) : a->doc);
		t->rows.items[t->rows.len - 1].action = a;
	}
}

/* What each object that runs has below it. */
static void add_running(struct route_table *t, const struct kind_handlers *h, const char *one)
{
	static const struct {
		const char *tail;
		unsigned flags;
		void (*handle)(struct request *r);
		const char *doc;
	} rows[] = {
		{"/logs", ROUTE_STREAM, workload_logs,
			"{\"logs\": text}, the newest 256 KiB or of these ?lines=N; ?task= "
			"?attempt=; with ?follow=True a chunked stream of lines to the end, from "
			"the first or the newest ?lines=N (of the newest 16 MiB) on."},
		{"/tasks", 0, workload_tasks, "Its tasks, a row for each attempt."},
		{"/outputs", ROUTE_STREAM, workload_outputs,
			"Files in its MLTOP_OUTPUT_DIR {\"path\", \"size\", \"mtime\"}, a link with "
			"its \"link\", at most 10,000 (else truncated), folders that are "
			"unreadable, and how many are unnamed; with ?path= the bytes of one, of "
			"which ?offset= and ?length= give a part."},
		{"/samples", 0, workload_samples,
			"What it used and how its training went over time: {\"step_ms\", \"from\" (ms), "
			"\"fields\", \"rows\"}, at most 240 rows, values null where unknown, numbers or "
			"\"nan\", \"inf\", \"-inf\"; ?fields= ?from= (ms since 1970)."},
		{"/scalars", 0, workload_scalars,
			"Curves of its event files below MLTOP_OUTPUT_DIR, each folder a run, as TensorBoard "
			"reads them: {\"data\": [{\"tag\", \"run\", \"points\": [[step, ms since 1970, value], "
			"...]}], \"truncated\", \"source\", \"problems\"}, values numbers or \"nan\", \"inf\", "
			"\"-inf\"; ?tags=A,B ?tag=A (one name, whatever is in it) ?run= ?from_step= ?max_points= (1,000 of a tag, spread evenly; 10,000 at "
			"most). truncated: there are more points than these. Where there are no event files, source is "
			"`log`: loss and metric as its samples have them, steps null."},
	};
	enum role see = (enum role)h->kind->see;

	assert(h->policy);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		add(t, h, METHOD_GET, see, object_flags(h, h->kind->see) | rows[i].flags,
			textf(t, "%s%s", one, rows[i].tail), rows[i].handle, rows[i].doc);
}

static void add_kind(struct route_table *t, const struct kind_handlers *h)
{
	const struct kind *k = h->kind;
	const char *one = textf(t, "%s/{%s}", k->path, k->name);
	enum role see = (enum role)k->see;
	unsigned changes = ROUTE_CHANGES | (k->can & CAN_WHAT_IF ? ROUTE_WHAT_IF : 0);
	const char *what_if = k->can & CAN_WHAT_IF ? " With ?what_if=1 a forecast instead." : "";

	assert(!(k->can & CAN_WHAT_IF) || h->what_if);
	if (k->can & CAN_CREATE)
		add(t, h, METHOD_POST, (enum role)k->make, changes, k->path, generic_create,
			textf(t, "Makes a %s from its `new` rows; answers it.%s", k->name,
				what_if));
	if (k->can & CAN_LIST)
		add(t, h, METHOD_GET, see, 0, k->path, generic_list,
			textf(t,
				"%s: ?fields= ?filter=%s ?name= ?limit= ?continue=%s, in pages; {\"data\": "
				"[...], \"continue\", \"v\"}.",
				k->plural, kind_state(k) ? " ?state=" : "",
				kind_field(k, "org_id") ? " ?org_id=" : ""));
	if (k->can & CAN_ONE)
		add(t, h, METHOD_GET, see, object_flags(h, k->see), one, generic_one,
			textf(t, "One %s, by name or uid: ?fields=.", k->name));
	if (k->can & CAN_EDIT)
		add(t, h, METHOD_PUT, (enum role)k->change, changes | object_flags(h, k->change),
			one, generic_edit,
			textf(t, "Changes `edit` rows of the %s; answers it.%s", k->name, what_if));
	add_actions(t, h, one);
	if (k->can & CAN_EVENTS)
		add(t, h, METHOD_GET, see, object_flags(h, k->see), textf(t, "%s/events", one),
			generic_events,
			textf(t, "What happened to the %s, oldest first.", k->name));
	if (kind_runs(k))
		add_running(t, h, one);
	if (h->look && kind_has_series(k))
		add(t, h, METHOD_GET, see, object_flags(h, k->see), textf(t, "%s/samples", one),
			look_samples,
			"What it was over time, since the platform began: {\"step_ms\", \"from\" (ms), "
			"\"fields\", \"rows\"}, at most 240 rows, values null where unknown; ?from= (ms "
			"since 1970).");
	for (const struct route *r = h->more; r && r->pattern; r++)
		add_special(t, h, r);
}

struct route_table *route_table_new(void)
{
	struct route_table *t = mem_alloc(sizeof *t);
	const struct route end = {.pattern = NULL};

	for (const struct route *r = platform_routes; r->pattern; r++)
		vec_push(&t->rows, *r);
	for (size_t i = 0; all_handlers[i]; i++)
		add_kind(t, all_handlers[i]);
	vec_push(&t->rows, end);
	return t;
}

void route_table_free(struct route_table *t)
{
	if (t == NULL)
		return;
	vec_release(&t->rows);
	arena_release(&t->text);
	free(t);
}

const struct route *route_table_rows(const struct route_table *t)
{
	return t->rows.items;
}

/* ---- Reference pages ---- */

/* The names of a route's flags, in the order of their bits. */
static const char *const flag_words[] = {"open", "changes", "raw-body", "tenant", "stream",
	"what-if", "objects"};

static void route_json(const struct route *t, struct buf *out)
{
	const char *between = "";

	buf_addf(out,
		"{\"method\":\"%s\",\"pattern\":\"%s\",\"role\":\"%s\",\"kind\":\"%s\",\"flags\":[",
		method_words[t->method], t->pattern, role_words[t->least],
		t->kind ? t->kind->name : "");
	for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++) {
		if (!(t->flags & 1u << i))
			continue;
		buf_addf(out, "%s\"%s\"", between, flag_words[i]);
		between = ",";
	}
	buf_adds(out, "]}");
}

void routes_json(struct buf *out)
{
	struct route_table *table = route_table_new();
	const char *between = "[\n";

	for (const struct route *t = table->rows.items; t->pattern; t++) {
		buf_adds(out, between);
		route_json(t, out);
		between = ",\n";
	}
	buf_adds(out, "\n]\n");
	route_table_free(table);
}

void routes_docs(struct buf *out)
{
	struct route_table *table = route_table_new();

	buf_adds(out,
		"# The platform API\n\nMade by `mltopd docs api` from the route table and the "
		"tables of kinds.\n\n| method | path | least role | |\n|---|---|---|---|\n");
	for (const struct route *t = table->rows.items; t->pattern; t++)
		buf_addf(out, "| %s | `%s` | %s | %s |\n", method_words[t->method], t->pattern,
			t->flags & ROUTE_OPEN ? "none" : role_words[t->least], t->doc);
	buf_adds(out,
		"\nRequests are signed as AWS Signature Version 4 with the provider `mltop`: "
		"`curl --aws-sigv4 mltop:mltop:local:cloudml --user AK:SK`. Whatever changes something "
		"(POST, PUT, PATCH, DELETE) needs a signed header `x-mltop-nonce` with 1 to 128 printable "
		"characters never used before (`-H \"x-mltop-nonce: $(uuidgen)\"`): the same request with "
		"the same nonce gets the same answer again, and changes nothing twice.\n"
		"\nThe public client (cloud-ml-sdk) signs as `Galaxy V3`, which covers path, time and body, "
		"but neither method nor query. That is taken over TLS, here or at a trusted proxy, and "
		"from this machine where no proxy is trusted (`signing.galaxy`), for 60 s; what changes "
		"something may come once with its signature and method (409 afterwards), and no "
		"websocket is opened with it.\n"
		"\nWhere a route says so, `?what_if=1` makes the same checks, with the same errors, and "
		"answers a forecast (below): nothing is stored, started or audited, and no nonce is "
		"taken, nor needed. `/version` names the capability `what_if`; whatever else changes "
		"something refuses the parameter.\n"
		"\nErrors are `{\"error\": true, \"message\": \"...\"}` with status 400, 401, 403, "
		"404, 405, 408, 409, 411, 413, 422, 429, 431, 500 or 503. An object of another org answers "
		"exactly like one that is not there.\n\nA request must be exactly as RFC 9112 has it: "
		"lines end with CR LF and are not folded, there is one Host and at most one "
		"Content-Length, the target begins with `/` (or with `http://HOST/`, as a proxy may send it: "
		"that host then stands for Host) and holds only what RFC 3986 allows in one, "
		"percent-encoded where it must be. Anything else gets 400, a head of more than 16 KiB or "
		"100 headers 431, and the connection is closed.\n");
	for (size_t i = 0; all_kinds[i]; i++) {
		buf_addc(out, '\n');
		kind_docs(all_kinds[i], out);
	}
	buf_addc(out, '\n');
	kind_docs(&forecast_kind, out);
	route_table_free(table);
}
