#include "mltopd/engines.h"

#include "demo/store_demo.h"
#include "engine/fake/engine_fake.h"
#include "engine/local/engine_local.h"

#include <string.h>

static const struct engine_ops *const engines[] = {&engine_local, &engine_fake};

const struct store_front *store_front_find(const char *name)
{
	return strcmp(name, "demo") == 0 ? &store_demo : NULL;
}

const struct engine_ops *engine_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}
