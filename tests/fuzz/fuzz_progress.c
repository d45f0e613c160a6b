/* links: core base */
/*
 * Any bytes of a log, in any pieces: nothing is read past the line, numbers are finite, and what
 * stands at the end of a line does not depend on how the bytes were cut.
 */
#include "core/text/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct progress *p)
{
	if ((p->known & PROGRESS_LOSS && !isfinite(p->loss)) ||
		(p->known & PROGRESS_METRIC && !isfinite(p->metric)) ||
		(p->known & PROGRESS_RATE && !(p->rate >= 0 && isfinite(p->rate))) ||
		(p->known & PROGRESS_STEP && p->step < 0) ||
		(p->known & PROGRESS_TOTAL && p->total <= 0) ||
		(p->known & PROGRESS_ETA && p->eta_ms < 0) || p->line_len >= PROGRESS_LINE_MAX ||
		memchr(p->metric_name, '\0', sizeof p->metric_name) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct progress p;
	size_t piece = size ? data[0] % 31 + 1 : 1;

	progress_init(&p);
	for (size_t at = 0; at < size; at += piece) {
		progress_feed(&p, data + at, size - at < piece ? size - at : piece);
		check(&p);
	}
	return 0;
}
