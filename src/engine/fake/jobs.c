#include "engine/fake/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 86400 * 1000, STILL_MS = 2 * 3600 * 1000 };

int64_t fake_total(const struct fake *f, uint32_t index, int attempt)
{
	static const int64_t totals[] = {1000, 2400, 5000, 12000, 30000, 90000, 250000};

	return totals[fake_hash(f->seed, index, 100 + (uint64_t)attempt) % ARRAY_SIZE(totals)];
}

double fake_rate(const struct fake *f, uint32_t index, int attempt)
{
	return 2 + 40 * fake_unit(fake_hash(f->seed, index, 200 + (uint64_t)attempt));
}

struct mcpu fake_cpu(const struct fake_job *j)
{
	return (struct mcpu){j->gpus ? 4000 * j->gpus : 2000};
}

struct bytes fake_memory(const struct fake_job *j)
{
	return (struct bytes){(int64_t)(j->gpus ? 32 * j->gpus : 8) << 30};
}

static void count_running(struct fake *f, const struct fake_job *j, int sign)
{
	if (j->list != FAKE_RUNNING)
		return;
	f->used.cpu_used.v += sign * fake_cpu(j).v;
	f->used.memory_used.v += sign * fake_memory(j).v;
	f->used.gpu_used += sign * j->gpus;
	f->used.count_used += sign;
}

void fake_move(struct fake *f, struct fake_job *j, enum fake_list list)
{
	count_running(f, j, -1);
	uint32_t last = f->lists[j->list].items[--f->lists[j->list].len];

	f->lists[j->list].items[j->at] = last;
	f->jobs[last].at = j->at;
	j->list = (uint8_t)list;
	j->at = (uint32_t)f->lists[list].len;
	vec_push(&f->lists[list], j->index);
	count_running(f, j, 1);
}

bool fake_gpus_take(struct fake *f, struct fake_job *j)
{
	int left = j->gpus;

	if ((size_t)left > f->gpus_free)
		return false;
	for (size_t g = 0; left > 0 && g < f->machine.gpu_count; g++) {
		if (f->gpu_owner[g] != -1)
			continue;
		f->gpu_owner[g] = (int32_t)j->index;
		f->gpus[g].held = true;
		f->gpus_free--;
		left--;
	}
	return true;
}

void fake_gpus_give(struct fake *f, const struct fake_job *j)
{
	for (size_t g = 0; g < f->machine.gpu_count; g++) {
		if (f->gpu_owner[g] != (int32_t)j->index)
			continue;
		f->gpu_owner[g] = -1;
		f->gpus[g].held = false;
		f->gpus_free++;
	}
}

static int gpus_of(const struct fake *f, uint32_t index)
{
	static const int counts[] = {0, 1, 1, 1, 2, 2, 4, 8};
	int n = counts[fake_hash(f->seed, index, 3) % ARRAY_SIZE(counts)];

	while ((size_t)n > f->machine.gpu_count)
		n /= 2;
	return n;
}

static void make_running(struct fake *f, struct fake_job *j, int64_t now)
{
	/* So many run that not all can have GPUs; and a few GPUs stay free for those who submit. */
	if (f->gpus_free < (size_t)j->gpus + f->machine.gpu_count / 10 || !fake_gpus_take(f, j))
		j->gpus = 0;
	j->state = JOB_RUNNING;
	j->list = FAKE_RUNNING;
	j->step = (double)j->total * 0.9 * fake_unit(fake_hash(f->seed, j->index, 4));
	j->start = now - (int64_t)(j->step / j->rate * 1000);
	j->create = j->start - 1000 - (int64_t)(fake_hash(f->seed, j->index, 5) % 600000);
}

static void make_waiting(struct fake *f, struct fake_job *j, int64_t now)
{
	static const uint8_t reasons[] = {REASON_GPU, REASON_GPU, REASON_GPU, REASON_QUOTA,
		REASON_QUOTA, REASON_PRIORITY, REASON_HELD};

	j->state = JOB_ENQUEUED;
	j->list = FAKE_WAITING;
	j->reason = reasons[fake_hash(f->seed, j->index, 6) % ARRAY_SIZE(reasons)];
	if (j->gpus == 0 && f->machine.gpu_count > 0)
		j->gpus = 1;
	if (f->machine.gpu_count == 0 && j->reason == REASON_GPU)
		j->reason = REASON_QUOTA;
	j->create = now - (int64_t)(fake_hash(f->seed, j->index, 7) % (8 * 3600 * 1000));
}

static void make_done(struct fake *f, struct fake_job *j, int64_t now, bool good)
{
	static const uint8_t reasons[] = {REASON_EXIT_CODE, REASON_EXIT_CODE, REASON_EXIT_CODE,
		REASON_OOM_KILLED, REASON_SIGNAL, REASON_CANCELLED, REASON_CANCELLED};
	double part = good ? 1 : fake_unit(fake_hash(f->seed, j->index, 8));

	j->state = good ? JOB_COMPLETED : JOB_FAILED;
	j->list = FAKE_DONE;
	j->reason = good ? REASON_NONE
			 : reasons[fake_hash(f->seed, j->index, 9) % ARRAY_SIZE(reasons)];
	j->exit_code = j->reason == REASON_EXIT_CODE ? 1 : 0;
	j->signal = j->reason == REASON_OOM_KILLED ? 9
		: j->reason == REASON_SIGNAL       ? 11
		: j->reason == REASON_CANCELLED    ? 15
						   : 0;
	j->step = (double)j->total * part;
	j->end = now - (int64_t)(fake_hash(f->seed, j->index, 10) % (9 * (uint64_t)DAY_MS));
	j->start = j->end - (int64_t)(j->step / j->rate * 1000);
	j->create = j->start - (int64_t)(fake_hash(f->seed, j->index, 5) % 600000);
}

static void make_uid(struct fake *f, struct fake_job *j)
{
	uint64_t words[2] = {fake_hash(f->seed, j->index, 11), fake_hash(f->seed, j->index, 12)};
	uint8_t random[10];

	memcpy(random, words, sizeof random);
	ulid_make(j->uid, j->create, random);
}

/* Of a hundred jobs 20 run, 12 wait, 54 completed, 14 failed. */
static void make(struct fake *f, uint32_t index, int64_t now)
{
	struct fake_job *j = &f->jobs[index];
	uint64_t kind = fake_hash(f->seed, index, 13) % 100;

	j->index = index;
	j->attempt = 1;
	j->gpus = (uint8_t)gpus_of(f, index);
	j->total = fake_total(f, index, 1);
	j->rate = fake_rate(f, index, 1);
	j->util = 60 + 39 * fake_unit(fake_hash(f->seed, index, 14));
	j->moved = now;
	if (kind < 20)
		make_running(f, j, now);
	else if (kind < 32)
		make_waiting(f, j, now);
	else
		make_done(f, j, now, kind < 86);
	make_uid(f, j);
	j->at = (uint32_t)f->lists[j->list].len;
	vec_push(&f->lists[j->list], index);
	count_running(f, j, 1);
	map_set(&f->by_uid, j->uid, j);
}

/*
 * Where nothing changes the newest job is some hours old: its age reads the same for the better
 * part of an hour, so that what an idle screen costs can be seen.
 */
void fake_jobs_make(struct fake *f, int64_t now)
{
	if (f->changes <= 0)
		now -= STILL_MS;
	f->jobs = mem_alloc((f->job_count + 1) * sizeof *f->jobs);
	for (size_t i = 0; i < f->job_count; i++)
		make(f, (uint32_t)i, now);
}

void fake_jobs_tell_all(struct fake *f)
{
	for (size_t i = 0; i < f->job_count; i++)
		fake_tell(f, &f->jobs[i]);
}
