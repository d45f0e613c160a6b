/* In place of src/mltopd/platform_store.c. */
#include "mltopd/platform.h"
#include "store_apart/apart.h"

const struct store_ops *platform_store(void)
{
	return &store_apart;
}
