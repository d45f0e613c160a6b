#include "demo/world.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400 * 1000, STILL_MS = 2 * 3600 * 1000 };

/* One when none is named. */
static void orgs_make(struct world *w, const struct strings *names)
{
	for (size_t i = 0; i < WORLD_ORGS && (i < names->len || i == 0); i++) {
		struct world_org *o = &w->orgs[w->org_count++];

		snprintf(o->name, sizeof o->name, "%s", i < names->len ? names->items[i] : "local");
		snprintf(o->id, sizeof o->id, "%zu", w->org_count);
	}
	w->orgs[1].gpus = w->org_count > 1 ? w->gpus / 4 : 0;
	w->orgs[0].gpus = w->gpus - w->orgs[1].gpus;
}

/* The first org has those that were asked for, the second some more. */
static struct world_org *org_of(struct world *w, const struct made *m)
{
	return &w->orgs[m->index >= w->asked];
}

const struct world_org *world_org_of(const struct world *w, const struct made *m)
{
	return org_of((struct world *)w, m);
}

static int gpus_of(const struct world *w, const struct made *m)
{
	static const int counts[] = {0, 1, 1, 1, 2, 2, 4, 8};
	int n = counts[made_of(m, 3) % ARRAY_SIZE(counts)];

	while (n > 0 && (size_t)n > made_node_of((size_t)w->gpus, w->nodes, 1))
		n /= 2;
	return n;
}

/* Of a hundred jobs 20 run, 12 wait, 54 completed, 14 failed. */
static enum made_class class_of(const struct made *m)
{
	uint64_t kind = made_of(m, 13) % 100;

	return kind < 20    ? MADE_RUNNING
		: kind < 32 ? MADE_WAITING
		: kind < 86 ? MADE_COMPLETED
			    : MADE_FAILED;
}

/* When it was made, so that it stands as it does now. */
static void time_set(struct world *w, struct made *m)
{
	double steps = (double)made_total(m, 1);
	int64_t ran = (int64_t)(steps * 0.9 * made_unit(made_of(m, 4)) / made_rate(m, 1) * 1000);
	int64_t ended = (int64_t)(made_of(m, 10) % (9 * (uint64_t)DAY_MS));

	if (m->class == MADE_WAITING)
		m->create = w->now - (int64_t)(made_of(m, 7) % (8 * 3600 * 1000));
	else if (m->class == MADE_RUNNING)
		m->create = w->now - ran - made_wait(m);
	else
		m->create = w->now - ended -
			(int64_t)(steps * made_part(m) / made_rate(m, 1) * 1000) - made_wait(m);
}

/* What is asked for and there is; the next in line may have what is left. */
static void gpus_take(struct world *w, struct world_job *j, int wanted)
{
	struct world_org *o = org_of(w, &j->made);
	int64_t left = o->gpus - o->used;

	j->made.gpus = wanted <= left ? wanted : 0;
	o->used += j->made.gpus;
}

/* All are in use, so that those who wait do so for a reason. */
static void gpus_rest(struct world *w)
{
	int64_t each = (int64_t)made_node_of((size_t)w->gpus, w->nodes, 1);
	int64_t most = each < 8 ? each : 8;

	for (size_t i = 0; i < w->job_count; i++) {
		struct world_job *j = &w->jobs[i];
		struct world_org *o = org_of(w, &j->made);
		int64_t left = o->gpus - o->used;

		if (j->made.class == MADE_RUNNING && j->made.gpus == 0 && left > 0)
			gpus_take(w, j, (int)(left < most ? left : most));
	}
}

static void job_make(struct world *w, uint32_t index, size_t counts[4])
{
	struct world_job *j = &w->jobs[index];
	struct made *m = &j->made;

	m->index = index;
	m->seed = (uint32_t)made_hash(w->seed, index, 12) & 0xFFFFFF;
	m->class = class_of(m);
	if ((m->class == MADE_RUNNING && counts[MADE_RUNNING] == WORLD_RUNNING) ||
		(m->class == MADE_WAITING && counts[MADE_WAITING] == WORLD_WAITING))
		m->class = MADE_COMPLETED;
	counts[m->class]++;
	m->gpus = gpus_of(w, m);
	if (m->class == MADE_RUNNING)
		gpus_take(w, j, m->gpus);
	if (m->class == MADE_WAITING && m->gpus == 0 && w->gpus > 0)
		m->gpus = 1;
}

/* Each is on the first node that has room; what is left over between them is nobody's. */
static void nodes_give(struct world *w)
{
	size_t *used = mem_alloc(w->nodes * sizeof *used);

	for (size_t i = 0; i < w->job_count; i++) {
		struct world_job *j = &w->jobs[i];
		size_t wanted = j->made.class == MADE_RUNNING ? (size_t)j->made.gpus : 0, node = 0;

		while (node < w->nodes &&
			made_node_of((size_t)w->gpus, w->nodes, node) + used[node] + wanted >
				made_node_of((size_t)w->gpus, w->nodes, node + 1))
			node++;
		if (node == w->nodes) {
			j->made.gpus = 0;
			node = wanted = 0;
		}
		j->node = wanted ? node : i % w->nodes;
		j->gpu_from = made_node_of((size_t)w->gpus, w->nodes, node) + used[node];
		used[node] += wanted;
	}
	free(used);
}

static int by_uid(const void *a, const void *b)
{
	return strcmp(((const struct world_job *)a)->uid, ((const struct world_job *)b)->uid);
}

/*
 * Where nothing changes the newest job is some hours old: its age reads the same for the better
 * part of an hour, so that what an idle screen costs can be seen.
 */
void world_make(struct world *w, const struct demo_settings *s, const struct fake_settings *engine,
	int64_t now)
{
	size_t counts[4] = {0}, asked = (size_t)s->jobs;

	*w = (struct world){.seed = (uint64_t)s->seed,
		.now = engine->changes > 0 ? now : now - STILL_MS,
		.gpus = engine->gpus,
		.nodes = made_nodes(engine->gpus, engine->nodes),
		.asked = asked,
		.job_count = asked};
	orgs_make(w, &s->orgs);
	if (w->org_count > 1)
		w->job_count += asked / 4 < WORLD_SECOND ? asked / 4 : WORLD_SECOND;
	w->jobs = mem_alloc((w->job_count + 1) * sizeof *w->jobs);
	for (size_t i = 0; i < w->job_count; i++)
		job_make(w, (uint32_t)i, counts);
	gpus_rest(w);
	nodes_give(w);
	for (size_t i = 0; i < w->job_count; i++) {
		struct world_job *j = &w->jobs[i];

		time_set(w, &j->made);
		made_uid(j->uid, &j->made);
	}
	qsort(w->jobs, w->job_count, sizeof *w->jobs, by_uid);
}

void world_release(struct world *w)
{
	free(w->jobs);
	*w = (struct world){0};
}
