/* links: core base */
/*
 * Any bytes of a log, in any pieces: nothing is read past the line, what is told is in its bounds,
 * and does not depend on how the bytes were cut or on who looked in between. The bytes may hold a
 * pattern of one's own as well.
 */
#include "core/progress/progress.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct progress_values *v)
{
	if ((v->known & PROGRESS_RATE && !(v->rate > 0 && isfinite(v->rate))) ||
		(v->known & PROGRESS_STEP && v->step < 0) ||
		(v->known & PROGRESS_TOTAL && v->total <= 0) ||
		(v->known & PROGRESS_EPOCH && v->epoch < 0) ||
		(v->known & PROGRESS_EPOCHS && v->epochs <= 0) ||
		(v->known & PROGRESS_PERCENT && !(v->percent >= 0 && v->percent <= 100)) ||
		(v->known & PROGRESS_ETA && v->eta_ms < 0) ||
		(v->known & PROGRESS_METRIC && *v->metric_name == '\0') ||
		(v->known & PROGRESS_PHASE && *v->phase == '\0') ||
		(v->known & PROGRESS_RANKS && v->ranks.seen < 2) ||
		memchr(v->phase, '\0', sizeof v->phase) == NULL ||
		memchr(v->metric_name, '\0', sizeof v->metric_name) == NULL)
		abort();
}

static void line_read(void *ctx, const struct progress_line *line)
{
	size_t *lines = ctx;

	++*lines;
	if (strlen(line->text) > PROGRESS_LINE_MAX || (line->passed && line->reader))
		abort();
}

/* All the values that stand after the bytes, cut into pieces of `piece`, looked at on the way. */
static void feed(const struct progress_rules *rules, const uint8_t *data, size_t size, size_t piece,
	bool look, struct progress_values *out)
{
	struct progress *p = mem_alloc(progress_size());
	size_t lines = 0;

	progress_init(p, rules);
	progress_watch(p, line_read, &lines);
	for (size_t at = 0; at < size; at += piece) {
		progress_feed(p, data + at, size - at < piece ? size - at : piece, 1000);
		if (look) {
			progress_pause(p, 1000, out);
			check(out);
		}
	}
	progress_pause(p, 1000, out);
	check(out);
	free(p);
}

static bool same(const void *a, const void *b, size_t len)
{
	return memcmp(a, b, len) == 0;
}

static void compare(const struct progress_values *a, const struct progress_values *b)
{
	if (a->known != b->known || (a->known & PROGRESS_STEP && a->step != b->step) ||
		(a->known & PROGRESS_LOSS && !same(&a->loss, &b->loss, sizeof a->loss)) ||
		(a->known & PROGRESS_PERCENT && a->percent != b->percent) ||
		(a->known & PROGRESS_METRIC && !same(&a->metric, &b->metric, sizeof a->metric)) ||
		strcmp(a->phase, b->phase) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct progress_values whole, pieces;
	struct progress_rules *rules = NULL;
	struct err e;
	char pattern[64] = "";

	if (size > 2 && data[0] % 4 == 0) {
		size_t len = data[1] % (sizeof pattern - 1);

		len = len < size - 2 ? len : size - 2;
		memcpy(pattern, data + 2, len);
		rules = progress_rules_new((const char *const[]){pattern}, 1, NULL, &e);
	}
	feed(rules, data, size, size ? size : 1, false, &whole);
	feed(rules, data, size, size ? data[0] % 31 + 1 : 1, true, &pieces);
	compare(&whole, &pieces);
	progress_rules_free(rules);
	return 0;
}
