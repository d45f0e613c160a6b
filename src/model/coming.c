/* What changes on their way will add to an org: limits count it before the store has it. */
#include "model/change.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { COMING_KEY = 256 };

static const char *coming_key(char out[COMING_KEY], const struct kind *k, const char *org_id)
{
	snprintf(out, COMING_KEY, "%s/%s", k->name, org_id);
	return out;
}

struct coming model_coming(const struct model *m, const struct kind *k, const char *org_id)
{
	char key[COMING_KEY];
	const struct coming *c = map_get(&m->coming, coming_key(key, k, org_id));

	return c ? *c : (struct coming){0, 0};
}

static void coming_add(struct model *m, const struct entry *en, int64_t objects, int64_t bytes)
{
	char key[COMING_KEY];
	struct coming *c;

	coming_key(key, en->set->kind, en->org_id);
	c = map_get(&m->coming, key);
	if (c == NULL) {
		c = mem_alloc(sizeof *c);
		map_set(&m->coming, key, c);
	}
	c->objects += objects;
	c->bytes += bytes;
	if (c->objects == 0)
		free(map_remove(&m->coming, key));
}

void coming_begin(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++) {
		struct entry *en = &c->entries.items[i];

		en->coming = en->fresh;
		if (en->coming)
			coming_add(c->m, en, 1, en->bytes);
	}
}

void coming_end(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++) {
		struct entry *en = &c->entries.items[i];

		if (en->coming)
			coming_add(c->m, en, -1, -en->bytes);
		en->coming = false;
	}
}
