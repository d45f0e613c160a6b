/*
 * Which processors a task may run on, where no control group holds its cpu_limit: as many as the
 * limit, those that have the fewest tasks. On the loop.
 */
#include "engine/local/local.h"

#include <stdio.h>

void local_cores_find(struct local_cores *c)
{
	CPU_ZERO(&c->all);
	if (sched_getaffinity(0, sizeof c->all, &c->all) < 0)
		CPU_ZERO(&c->all);
}

static int least_used(const struct local_cores *c, const cpu_set_t *taken)
{
	int best = -1;

	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &c->all) && !CPU_ISSET(i, taken) &&
			(best < 0 || c->tasks[i] < c->tasks[best]))
			best = i;
	return best;
}

static void count(struct local_cores *c, const cpu_set_t *set, int by)
{
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, set))
			c->tasks[i] += by;
}

bool local_cores_take(struct local_cores *c, int64_t wanted, cpu_set_t *out)
{
	CPU_ZERO(out);
	if (wanted <= 0 || wanted >= CPU_COUNT(&c->all))
		return false;
	for (int64_t i = 0; i < wanted; i++)
		CPU_SET(least_used(c, out), out);
	count(c, out, 1);
	return true;
}

void local_cores_adopt(struct local_cores *c, int pid, cpu_set_t *out)
{
	cpu_set_t has;

	if (CPU_COUNT(out) > 0 || sched_getaffinity(pid, sizeof has, &has) < 0)
		return;
	CPU_AND(&has, &has, &c->all);
	if (CPU_COUNT(&has) == 0 || CPU_EQUAL(&has, &c->all))
		return;
	*out = has;
	count(c, out, 1);
}

void local_cores_give_back(struct local_cores *c, cpu_set_t *set)
{
	count(c, set, -1);
	CPU_ZERO(set);
}

const char *local_cores_text(const cpu_set_t *set, struct arena *a)
{
	struct buf text = BUF_INIT;

	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, set))
			buf_addf(&text, "%s%d", text.len ? "," : "", i);
	const char *out = arena_strdup(a, text.data);

	buf_release(&text);
	return out;
}
