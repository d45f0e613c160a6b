/* Quotas: what the public clients send along with limits, and planning when one has changed. */
#include "kinds/kinds.h"

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

static const struct route more[] = {
	{.method = METHOD_POST,
		.pattern = API "/quota",
		.least = ROLE_VIEWER,
		.handle = generic_list,
		.doc = "The same list; the newer public client reads by POST."},
	{.pattern = NULL},
};

const struct kind_handlers quota_handlers = {
	.kind = &quota_kind,
	.prepare = quota_prepare,
	.edited = quota_stored,
	.more = more,
};
