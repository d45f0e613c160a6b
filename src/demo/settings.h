/* What can be set of the made-up platform, and the rows of it (core/schema/schema.h). */
#ifndef MLTOP_DEMO_SETTINGS_H
#define MLTOP_DEMO_SETTINGS_H

#include "core/schema/schema.h"

struct demo_settings {
	int64_t jobs, seed;
	struct strings orgs;
};

/* In a struct S that has it as member `demo`. */
/* clang-format off */
#define DEMO_SETTINGS(S)                                                                         \
	ROW(S, demo.jobs, int, .flags = F_NEW, .standard = "200", .max = 1000000,                \
		.doc = "Jobs of the made-up platform's first org."),                             \
	ROW(S, demo.seed, int, .flags = F_NEW, .standard = "1", .max = INT64_MAX,                \
		.doc = "The same seed makes the same jobs."),                                    \
	ROW(S, demo.orgs, strings, .flags = F_NEW, .standard = "local,research", .max = 128,     \
		.doc = "Its orgs, one or two; the second has some jobs more and a quarter of "   \
		       "the GPUs.")
/* clang-format on */

#endif
