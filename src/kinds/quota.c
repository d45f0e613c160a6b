/* Quotas: what the public clients send along with limits, and planning when one has changed. */
#include "kinds/kinds.h"
#include "kinds/quota_client.h"
#include "work/foresee.h"

#include <string.h>

/* The public client sends the org's identity along, and what it calls priorities. */
static bool quota_prepare(struct request *r, struct err *e)
{
	json_t *body = r->body;
	static const char *const known[] = {"org_id", "org_name", "project"};
	const char *key;
	json_t *value;
	void *next;

	(void)e;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		json_object_del(body, known[i]);
	json_object_foreach_safe(body, next, key, value)
		if (json_is_null(value) || strstr(key, "_priority_"))
			json_object_del(body, key);
	return true;
}

static void quota_stored(void *ctx, bool ok, const struct err *e)
{
	struct platform *p = ctx;

	(void)ok, (void)e;
	reconcile_soon(&p->work);
}

/* What holds for jobs of everything together: the lesser of their own limit and the total. */
static void bounds_put(struct nested *out, const struct quota *q, struct arena *text)
{
	forecast_uses(out, q->cpu_bound, q->memory_bound, q->gpu_bound, q->train.count_quota, text);
}

static void used_put(struct nested *out, const struct quota *q, struct arena *text)
{
	forecast_uses(out, q->total.cpu_used, q->total.memory_used, q->total.gpu_used,
		q->train.count_used, text);
}

static void quota_foresee(struct platform *p, const struct quota *before, const struct quota *made,
	struct forecast *f, struct arena *text)
{
	struct plan_limits then;

	limits_of(&then, made);
	work_foresee_limits(&p->work, before->org_id, &then, f, text);
	used_put(&f->used, before, text);
	used_put(&f->after, before, text);
	bounds_put(&f->limit, before, text);
	bounds_put(&f->limit_after, made, text);
	record_know(&forecast_kind, f, offsetof(struct forecast, used));
	record_know(&forecast_kind, f, offsetof(struct forecast, after));
	record_know(&forecast_kind, f, offsetof(struct forecast, limit));
	record_know(&forecast_kind, f, offsetof(struct forecast, limit_after));
}

static void quota_what_if(struct request *r, const void *row, const void *made)
{
	struct arena text = ARENA_INIT;
	struct forecast f;

	if (r->platform->work.engine == NULL) {
		struct err e = ERR_INIT;

		err_set(&e, ERR_UNAVAILABLE, "mltopd is starting: ask again");
		request_fail_retry(r, &e, RETRY_AFTER_S);
		return;
	}
	quota_foresee(r->platform, row, made, &f, &text);
	request_reply(r, 200, record_encode(&forecast_kind, &f, NULL));
	arena_release(&text);
}

static const struct route more[] = {
	{.method = METHOD_POST,
		.pattern = API "/quota",
		.least = ROLE_VIEWER,
		.handle = quota_read,
		.doc = "The own org's, {\"data\": [quota]}, as the newer public client reads it; with a "
		       "query the same list as GET."},
	{.method = METHOD_POST,
		.pattern = API "/application",
		.least = ROLE_OPERATOR,
		.flags = ROUTE_CHANGES,
		.handle = quota_apply,
		.doc = "Asks the quota admin for more: {\"service\": dev, jobs or models, "
		       "\"cpu_limit\", \"memory_limit\", \"gpu_limit\"}; an event of the org's quota."},
	{.pattern = NULL},
};

const struct kind_handlers quota_handlers = {
	.kind = &quota_kind,
	.prepare = quota_prepare,
	.edited = quota_stored,
	.what_if = quota_what_if,
	.more = more,
};
