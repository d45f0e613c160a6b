#include "base/fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fault_point(const char *point)
{
	static atomic_int times;
	const char *wanted = getenv("MLTOPD_CRASH");
	size_t len = strlen(point);
	long at = 1, wait_ms = 0;
	char *end;

	if (wanted == NULL || strncmp(wanted, point, len) != 0 ||
		(wanted[len] && wanted[len] != ':'))
		return;
	if (wanted[len] == ':') {
		at = strtol(wanted + len + 1, &end, 10);
		wait_ms = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
	}
	if (atomic_fetch_add(&times, 1) + 1 < at)
		return;
	usleep((useconds_t)wait_ms * 1000); /* what others do meanwhile must not matter */
	kill(getpid(), SIGKILL);
}
