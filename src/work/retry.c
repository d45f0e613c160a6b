#include "work/retry.h"

enum { RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 60 * 1000 };

/* What another attempt of the same would run into again. */
static bool hopeless(enum job_reason why)
{
	return why == REASON_CANCELLED || why == REASON_PACKAGE_UNPACK ||
		why == REASON_MODULE_MISSING;
}

bool retry_job(const struct job *j, enum job_reason why, int64_t attempts_done, int64_t *delay_ms)
{
	int64_t most = j->max_attempts > 0 ? j->max_attempts : 1;
	bool again = j->restart_policy == RESTART_ALWAYS ||
		(j->restart_policy == RESTART_ON_FAILURE && why != REASON_NONE);
	int64_t delay = RETRY_FIRST_MS;

	/* The engine's word for "it never began": nothing ran, so no policy is needed to go on. */
	if (why == REASON_RETRY) {
		*delay_ms = RETRY_FIRST_MS;
		return true;
	}
	if (!again || hopeless(why) || attempts_done >= most)
		return false;
	for (int64_t i = 1; i < attempts_done && delay < RETRY_MOST_MS; i++)
		delay *= 2;
	*delay_ms = delay < RETRY_MOST_MS ? delay : RETRY_MOST_MS;
	return true;
}
