/* What jobs that were removed had spent, of a made-up platform. */
#include "demo/world.h"

#include "base/mem.h"
#include "core/kinds/spending.h"
#include "core/usage/spent.h"

enum { WEEKEND = 4, HOUR = 60 * 60 * 1000 }; /* it is a fourth then */

/* As if he had held some GPUs for some hours, more in some weeks than in others. */
static void day_spent(const struct world *w, const struct world_org *o, size_t n, int64_t day,
	struct spent *out)
{
	const struct made m = {.index = (uint32_t)n, .seed = (uint32_t)w->seed & 0xFFFFFF};
	uint64_t salt = (uint64_t)day * 16 + (uint64_t)o->id[0];
	bool weekend = (day + 3) % 7 >= 5; /* 1970-01-01 was a Thursday */
	double busy = made_unit(made_of(&m, salt)) * (0.4 + made_unit(made_of(&m, salt / 112)));
	int64_t ms = (int64_t)(busy * (double)o->gpus / WORLD_OWNERS * 24) * HOUR;

	ms /= weekend ? WEEKEND : 1;
	out->gpu_ms += (spent_sum)ms;
	out->mcpu_ms += (spent_sum)(ms + HOUR) * (spent_sum)made_cpu(1);
	out->byte_ms += (spent_sum)(ms + HOUR) * (spent_sum)made_memory(1);
	out->attempts += 1 + ms / (4 * HOUR);
}

static void spending_row(const struct world *w, const struct world_org *o, size_t n,
	struct arena *a, struct spending *out)
{
	int64_t today = day_of(w->now), from = today - 7 * WORLD_WEEKS;
	struct spent_days days = {0};
	struct buf text = BUF_INIT;
	char uid[ULID_SIZE];

	for (int64_t day = from; day < today; day++)
		day_spent(w, o, n, day, spent_days_at(&days, day));
	spent_days_write(&days, &text);
	ulid_make(uid, from * DAY_MS, (const uint8_t[10]){(uint8_t)o->id[0], [9] = (uint8_t)n});
	*out = (struct spending){0};
	record_set(spending, out, uid, arena_strdup(a, uid));
	record_set(spending, out, org_id, o->id);
	record_set(spending, out, org_name, o->name);
	record_set(spending, out, owner, world_owner(n));
	record_set(spending, out, job_name, "");
	record_set(spending, out, days, arena_strdup(a, text.data));
	record_set(spending, out, several, true);
	vec_release(&days);
	buf_release(&text);
}

bool world_spendings_tell(const struct world *w, const struct store_loader *l, struct err *e)
{
	struct arena text = ARENA_INIT;
	bool good = true;

	for (size_t i = 0; good && i < w->org_count * WORLD_OWNERS; i++) {
		const struct world_org *org = &w->orgs[i / WORLD_OWNERS];
		struct store_object o = {.org_id = org->id, .parent = "", .name = ""};
		struct spending row;

		spending_row(w, org, i % WORLD_OWNERS, &text, &row);
		o.uid = row.uid;
		good = world_tell(l, &spending_kind, &row, &o, e);
	}
	arena_release(&text);
	return good;
}
