#include "kinds/platform.h"

#include <stdio.h>

void platform_hold(struct platform *p)
{
	p->held++;
}

void platform_let_go(struct platform *p)
{
	if (--p->held == 0 && p->work.closing)
		p->let_go(p);
}

const char *platform_turn(const char *org_id, char out[PLATFORM_TURN_SIZE])
{
	snprintf(out, PLATFORM_TURN_SIZE, "asked/%s", org_id);
	return out;
}
