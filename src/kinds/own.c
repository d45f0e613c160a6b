/* Requests that the daemon makes itself: what a local admin asks for takes the way of all others. */
#include "kinds/kinds.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct own {
	struct request r;
	struct route_table *table;
	struct arena text;
	own_answered answered;
	void *ctx;
};

static void own_release(struct request *r)
{
	struct own *o = CONTAINER_OF(r, struct own, r);

	json_decref(o->r.body);
	route_table_free(o->table);
	arena_release(&o->text);
	free(o);
}

static void own_request_answered(struct request *r, int status, const char *text, size_t len)
{
	struct own *o = CONTAINER_OF(r, struct own, r);
	json_t *answer = json_loadb(text, len, JSON_DECODE_ANY, NULL);

	o->answered(o->ctx, status, answer);
	json_decref(answer);
	request_over(r, own_release);
}

/* The kind's route that creates (`action` NULL), or that of the action. */
static const struct route *route_of(const struct route_table *t, const struct kind *k,
	const char *action)
{
	const struct route *r = route_table_rows(t);

	for (; r->pattern; r++) {
		bool same = action ? r->action && strcmp(r->action->name, action) == 0
				   : r->method == METHOD_POST && strcmp(r->pattern, k->path) == 0;

		if (r->kind == k && same)
			return r;
	}
	return NULL;
}

void own_request(struct platform *p, const struct own_asks *asks, own_answered answered, void *ctx)
{
	struct own *o = mem_alloc(sizeof *o);
	struct request *r = &o->r;

	o->table = route_table_new();
	o->answered = answered;
	o->ctx = ctx;
	r->platform = p;
	r->loop = p->loop;
	r->route = route_of(o->table, asks->kind, asks->action);
	r->method = r->route->method;
	r->path = r->route->pattern;
	r->params[0] = asks->name ? arena_strdup(&o->text, asks->name) : NULL;
	r->who = (struct principal){.key_name = arena_strdup(&o->text, asks->actor),
		.org_id = arena_strdup(&o->text, asks->org_id),
		.role = ROLE_ADMIN};
	r->body = asks->body;
	r->raw_fd = -1;
	r->nonce = "";
	r->secure = true;
	r->now = model_now();
	r->answered = own_request_answered;
	r->route->handle(r);
}
