#include "kinds/platform.h"

void platform_hold(struct platform *p)
{
	p->held++;
}

void platform_let_go(struct platform *p)
{
	if (--p->held == 0 && p->closing)
		p->let_go(p);
}
