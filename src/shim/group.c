/*
 * The control group of the task (base/cgroup.h), where the daemon made one: the shim is not in it
 * itself. What the kernel did in it for want of memory is read from there, and never guessed.
 */
#include "shim.h"

#include "base/cgroup.h"

#include <string.h>
#include <time.h>

enum { REMOVE_TRIES = 50 }; /* of a millisecond: what has just ended may still be counted */

enum group_memory group_memory(const struct shim *s)
{
	const char *const *group = s->spec.cgroups;
	int64_t value;

	if (!cgroup_read(group, CGROUP_MEMORY_LIMIT, &value) || value > s->spec.memory_limit ||
		!cgroup_read(group, CGROUP_OOM_KILLS, &value))
		return GROUP_MEMORY_NONE;
	return cgroup_read(group, CGROUP_OOM_WHOLE, &value) && value == 1 ? GROUP_MEMORY_WHOLE
									  : GROUP_MEMORY_ONE;
}

bool group_oom(struct shim *s)
{
	int64_t kills = 0, before = s->oom_kills;

	if (s->spec.cgroups[0] == NULL || !cgroup_read(s->spec.cgroups, CGROUP_OOM_KILLS, &kills))
		return false;
	s->oom_kills = kills;
	return kills > before;
}

void group_note_oom(struct shim *s)
{
	const char *const *group = s->spec.cgroups;
	int64_t peak = 0, limit = s->spec.memory_limit;

	/* The limit of the group, or all of the machine: then nobody's own peak says why. */
	cgroup_read(group, CGROUP_MEMORY_PEAK, &peak);
	if (limit > 0 && peak >= limit - limit / 16)
		shim_note(s,
			"out of memory: the kernel ended %lld of its processes at the memory limit of "
			"%lld MiB (peak %lld MiB)",
			(long long)s->oom_kills, (long long)(limit >> 20), (long long)(peak >> 20));
	else
		shim_note(s,
			"out of memory: the machine had none left, and the kernel ended %lld of its "
			"processes (peak %lld MiB%s)",
			(long long)s->oom_kills, (long long)(peak >> 20),
			limit > 0 ? ", below its limit" : ", it has no limit");
}

void group_note_refused(struct shim *s)
{
	int64_t times = 0, most = 0;

	if (cgroup_read(s->spec.cgroups, CGROUP_PIDS_REFUSED, &times) && times > 0 &&
		cgroup_read(s->spec.cgroups, CGROUP_PIDS_LIMIT, &most))
		shim_note(s, "it was refused a process %lld times: it may have %lld at once",
			(long long)times, (long long)most);
}

void group_kill(const struct shim *s)
{
	if (s->spec.cgroups[0] != NULL)
		cgroup_kill(s->spec.cgroups);
}

static bool is_watched(const struct shim *s)
{
	for (int i = 0; i < SHIMCTL_CLIENTS; i++)
		if (s->clients[i].subscribed)
			return true;
	return false;
}

void group_end(struct shim *s)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	if (s->spec.cgroups[0] == NULL)
		return;
	for (int i = 0; i < REMOVE_TRIES && !cgroup_remove(s->spec.cgroups); i++)
		nanosleep(&moment, NULL);
	/* A daemon that lives makes tasks there. */
	if (!is_watched(s))
		cgroup_remove_parents(s->spec.cgroups);
}
