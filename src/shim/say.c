#include "shim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool shim_crashes_at(const char *point)
{
	const char *wanted = getenv("MLTOP_SHIM_CRASH");

	return wanted != NULL && strcmp(wanted, point) == 0;
}

void shim_crash_at(const char *point)
{
	if (shim_crashes_at(point))
		raise(SIGKILL);
}

void shim_say(const char *format, ...)
{
	char line[600];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(line, sizeof line - 1, format, ap);
	va_end(ap);
	if (len < 0)
		return;
	if ((size_t)len > sizeof line - 2)
		len = sizeof line - 2;
	line[len] = '\n';
	if (write(STDERR_FILENO, line, (size_t)len + 1) < 0)
		return; /* shim.log is on the full disk as well: nobody is left to tell */
}

void shim_note(struct shim *s, const char *format, ...)
{
	char *message = s->end.message;
	size_t used = strlen(message), size = sizeof s->end.message;
	va_list ap;

	if (used > 0 && used + 3 < size) {
		memcpy(message + used, "; ", 3);
		used += 2;
	}
	va_start(ap, format);
	vsnprintf(message + used, size - used, format, ap);
	va_end(ap);
}
