#include "work/ages.h"

void ages_init(struct ages *a, int64_t wall, int64_t mono)
{
	*a = (struct ages){.began_wall = wall, .began_mono = mono, .apart = wall - mono};
}

int64_t ages_look(struct ages *a, int64_t wall, int64_t mono)
{
	int64_t step = wall - mono - a->apart;

	a->apart = wall - mono;
	if (step <= AGES_STEP_MS && step >= -AGES_STEP_MS)
		return 0;
	a->stepped = mono;
	return step;
}

bool ages_older(const struct ages *a, int64_t since, int64_t keep, int64_t wall, int64_t mono)
{
	int64_t age = wall - since, here = mono - a->began_mono;

	if (a->stepped && mono - a->stepped < AGES_QUIET_MS)
		return false;
	if (since >= a->began_wall && here < age)
		age = here;
	return age > keep;
}
