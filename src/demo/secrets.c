/* Secrets of a made-up platform: sealed as real ones are, so that jobs that name them can start. */
#include "demo/world.h"

#include "base/base64.h"
#include "core/kinds/secret.h"

#include <string.h>

static const struct {
	const char *name, *description;
	int made, used; /* days and hours ago */
} kept[] = {
	{"hf-token", "read-only token of the model hub", 90, 1},
	{"s3-credentials", "data sets of the team", 41, 5},
	{"wandb", "key of the experiment tracker", 12, 30},
};

static bool seal(struct store *s, struct secret *row, struct arena *a, struct err *e)
{
	struct buf bound = BUF_INIT, sealed = BUF_INIT, text = BUF_INIT;
	bool good;

	secret_bound(row->org_id, row->secret_name, &bound);
	good = store_seal(s, bound.data, "made-up", strlen("made-up"), &sealed, e);
	base64_encode(&text, sealed.data, sealed.len);
	record_set(secret, row, sealed, arena_strdup(a, text.data));
	buf_release(&bound);
	buf_release(&sealed);
	buf_release(&text);
	return good;
}

static void secret_row(const struct world *w, const struct world_org *o, size_t n, struct arena *a,
	struct secret *out)
{
	enum { HOUR = 60 * 60 * 1000 };
	int64_t made = w->now - (int64_t)24 * HOUR * kept[n].made;
	char uid[ULID_SIZE];

	ulid_make(uid, made, (const uint8_t[10]){(uint8_t)o->id[0], [9] = (uint8_t)n});
	*out = (struct secret){.uid = NULL};
	record_set(secret, out, uid, arena_strdup(a, uid));
	record_set(secret, out, secret_name, kept[n].name);
	record_set(secret, out, description, kept[n].description);
	record_set(secret, out, org_id, o->id);
	record_set(secret, out, org_name, o->name);
	record_set(secret, out, owner, world_owner(n));
	record_set(secret, out, create_time, (struct when){made});
	record_set(secret, out, update_time, (struct when){made});
	record_set(secret, out, last_used, (struct when){w->now - (int64_t)HOUR * kept[n].used});
}

bool world_secrets_tell(struct store *s, const struct world *w, const struct store_loader *l,
	struct err *e)
{
	struct arena text = ARENA_INIT;
	bool good = true;

	for (size_t i = 0; good && i < w->org_count * ARRAY_SIZE(kept); i++) {
		const struct world_org *org = &w->orgs[i / ARRAY_SIZE(kept)];
		struct store_object o = {.org_id = org->id, .parent = ""};
		struct secret row;

		secret_row(w, org, i % ARRAY_SIZE(kept), &text, &row);
		o.uid = row.uid;
		o.name = row.secret_name;
		good = seal(s, &row, &text, e) && world_tell(l, &secret_kind, &row, &o, e);
	}
	arena_release(&text);
	return good;
}
