#include "client/backoff.h"

#include <sys/random.h>

int64_t backoff_ms(int failures)
{
	int64_t most = BACKOFF_FIRST_MS;
	uint32_t random = 0;

	while (failures-- > 0 && most < BACKOFF_MAX_MS)
		most *= 2;
	if (most > BACKOFF_MAX_MS)
		most = BACKOFF_MAX_MS;
	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		return most / 2;
	return (int64_t)(random % (uint32_t)(most + 1));
}
