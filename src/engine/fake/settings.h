/* What can be set of the fake engine, and the rows of it (core/schema/schema.h). */
#ifndef MLTOP_ENGINE_FAKE_SETTINGS_H
#define MLTOP_ENGINE_FAKE_SETTINGS_H

#include "core/schema/schema.h"

struct fake_settings {
	int64_t gpus, nodes, changes, seed;
	struct labels labels;
};

/* In a struct S that has it as member `fake`. */
/* clang-format off */
#define FAKE_SETTINGS(S)                                                                         \
	ROW(S, fake.gpus, int, .flags = F_NEW, .standard = "64", .max = 1024,                    \
		.doc = "GPUs that the fake engine has."),                                        \
	ROW(S, fake.nodes, int, .flags = F_NEW, .standard = "1", .max = 1024,                    \
		.doc = "Machines that it has, with as many of these GPUs each; 0: one for each "  \
		       "8 GPUs."),                                                               \
	ROW(S, fake.labels, labels, .flags = F_NEW, .max = 16384,                                \
		.doc = "Labels of its machines; of several values, zone=a|b, they have one each " \
		       "in turn."),                                                              \
	ROW(S, fake.changes, int, .flags = F_NEW, .standard = "5", .max = 1000000,               \
		.doc = "Rows of made-up jobs that it changes a second."),                        \
	ROW(S, fake.seed, int, .flags = F_NEW, .standard = "1", .max = INT64_MAX,                \
		.doc = "What chance is made from.")
/* clang-format on */

#endif
