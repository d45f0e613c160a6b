/* How a made-up job has done so far: nothing is kept, all of it follows from its uid. */
#include "engine/fake/fake.h"
#include "engine/fake/made.h"

#include "base/timefmt.h"

#include <math.h>

enum { WAVE_MS = 97000 };

/* Busy, with a dip now and then; at one moment always the same. */
static double util_at(const struct made *m, int64_t at)
{
	double noise = made_unit(made_of(m, 300 + (uint64_t)(at / 4000)));
	double wave = sin((double)(at % WAVE_MS) / WAVE_MS * 2 * 3.14159265358979);

	return made_of(m, 5000 + (uint64_t)(at / 30000)) % 16 == 0 ? 8 + 20 * noise
								   : 84 + 6 * wave + 8 * noise;
}

/* False: it has not trained a step by then. */
static bool moment(const struct made *m, const struct made_log *log, int64_t at,
	struct task_past *out)
{
	double step = made_step(m, at);
	struct made_said said;
	struct made_use use;

	made_said(&said, log, step);
	made_use(&use, m->gpus, util_at(m, at));
	*out = (struct task_past){.at = at,
		.used = {use.cpu, use.memory, use.gpu},
		.percent = 100 * step / (double)log->total,
		.loss = said.loss};
	return said.step > 0;
}

size_t fake_past(struct engine *en, const char *uid, struct task_past *out, size_t most)
{
	int64_t now = time_now_ms(), begin, end;
	struct made_log log;
	struct made m;
	size_t count = 0;

	(void)en;
	if (!made_read(&m, uid) || m.class == MADE_WAITING)
		return 0;
	log = made_log(&m, 1);
	begin = made_start(&m);
	end = m.class == MADE_RUNNING || made_end(&m) > now ? now : made_end(&m);
	for (size_t i = 0; i < most && begin < end; i++) {
		double part = (double)i / (double)most;

		count += moment(&m, &log, begin + (int64_t)(part * (double)(end - begin)),
			&out[count]);
	}
	return count;
}
