/* Which store the platform stands on. A file of its own: the tests link another in its place. */
#include "mltopd/platform.h"

const struct store_ops *platform_store(void)
{
	return &store_sqlite;
}
