#include "core/kinds/gpu.h"

static const char *const state_words[] = {
	[GPU_FREE] = "free", [GPU_USED] = "used", [GPU_LOST] = "lost", NULL};
static const struct word_look state_looks[] = {
	[GPU_FREE] = {TONE_GOOD, LIFE_LIVE},
	[GPU_USED] = {TONE_GOOD, LIFE_LIVE},
	[GPU_LOST] = {TONE_BAD, LIFE_LIVE},
};

static const char *const sections[] = {"GPU", NULL};

static const struct field fields[] = {
	ROW(gpu, uuid, text, .flags = F_KEY | F_STATUS, .width = 20, .max = 255,
		.doc = "What names it for ever, as the driver does."),
	ROW(gpu, index, int, .flags = F_STATUS, .width = 5,
		.doc = "Its place on the node, from 0 on."),
	ROW(gpu, state, enum, .flags = F_STATUS, .width = 5, .names = state_words,
		.looks = state_looks, .doc = "Whether a job holds it, or it cannot be used."),
	ROW(gpu, util, percent, .flags = F_STATUS | F_SAMPLE, .width = 5,
		.doc = "How much of the time it computes."),
	ROW(gpu, mem_used, bytes, .title = "MEM", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.doc = "Memory of it that is in use."),
	ROW(gpu, mem_total, bytes, .title = "MEMORY", .flags = F_STATUS, .width = 6,
		.doc = "Memory that it has."),
	ROW(gpu, temperature, real, .title = "TEMP", .flags = F_STATUS | F_SAMPLE, .width = 5,
		.doc = "Degrees Celsius."),
	ROW(gpu, power, real, .flags = F_STATUS | F_SAMPLE, .width = 5,
		.doc = "Watts that it draws."),
	ROW(gpu, power_limit, real, .title = "LIMIT", .flags = F_STATUS, .width = 5,
		.doc = "Watts that it may draw."),
};
KIND_FITS(fields);

const struct kind gpu_kind = {
	.name = "gpu",
	.plural = "gpus",
	.doc = "A GPU of a node.",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct gpu),
	.sections = sections,
};
