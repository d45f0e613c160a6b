/* A job that filters are tried on. */
#ifndef MLTOP_TESTS_CORE_FILTER_SAMPLE_H
#define MLTOP_TESTS_CORE_FILTER_SAMPLE_H

#include "core/kinds/job.h"
#include "core/schema/filter.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t NOW = 1767236400000; /* 2026-01-01T03:00:00Z */

/* A job that is running; nothing is known of its metric, reason or exit code. */
static inline struct job sample(void)
{
	static const struct label labels[] = {{"team", "vision"}, {"run", "7"}};
	static const struct label env[] = {{"TOKEN", "hush"}};
	static const char *const command[] = {"python3", "train.py"};
	struct job j = {0};

	job_set(&j, job_name, "resnet50-a");
	job_set(&j, state, WORK_RUNNING);
	job_set(&j, owner, "lin chen");
	job_set(&j, gpu_limit, 8);
	job_set(&j, cpu_limit, (struct mcpu){1500});
	job_set(&j, memory_limit, (struct bytes){(int64_t)4 << 30});
	job_set(&j, gpu_util, (struct percent){94.5});
	job_set(&j, create_time, (struct when){NOW - 90 * 60000});
	job_set(&j, loss, 0.1 + 0.2);
	job_set(&j, max_runtime, (struct ms){7200000});
	job_set(&j, mount_read_only, true);
	job_set(&j, labels, ((struct labels){labels, 2}));
	job_set(&j, env, ((struct labels){env, 1}));
	job_set(&j, command, ((struct strings){command, 2}));
	job_set(&j, message, "");
	return j;
}

#endif
