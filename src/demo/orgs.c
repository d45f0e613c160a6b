/* Orgs of a made-up platform, with their quotas. */
#include "demo/world.h"

void world_org_row(const struct world *w, const struct world_org *o, struct org *out)
{
	*out = (struct org){0};
	record_set(org, out, org_id, o->id);
	record_set(org, out, org_name, o->name);
	record_set(org, out, create_time, (struct when){w->now - (int64_t)30 * 86400 * 1000});
}

/*
 * Where there are two, GPUs are divided, and each may have its part: what its screens count of them is
 * then what keeps its jobs waiting.
 */
void world_quota_row(const struct world *w, const struct world_org *o, struct quota *out)
{
	quota_init(out);
	record_set(quota, out, org_id, o->id);
	record_set(quota, out, org_name, o->name);
	if (w->org_count < 2)
		return;
	out->total.gpu_quota = out->train.gpu_quota = o->gpus;
}
