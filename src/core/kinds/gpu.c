#include "core/kinds/gpu.h"

#include "core/kinds/key.h"
#include "core/kinds/node.h"

/* ---- What both have ---- */

const char *const gpu_state_words[] = {
	[GPU_FREE] = "free",
	[GPU_USED] = "used",
	[GPU_LOST] = "lost",
	[GPU_FOREIGN] = "foreign",
	[GPU_STALLED] = "stalled",
	[GPU_MIG] = "mig",
	[GPU_DRAINED] = "drained",
	NULL,
};
const struct word_look gpu_state_looks[] = {
	[GPU_FREE] = {TONE_PLAIN, LIFE_NONE},
	[GPU_USED] = {TONE_GOOD, LIFE_LIVE},
	[GPU_LOST] = {TONE_BAD, LIFE_NONE},
	[GPU_FOREIGN] = {TONE_WAIT, LIFE_NONE},
	[GPU_STALLED] = {TONE_BAD, LIFE_NONE},
	[GPU_MIG] = {TONE_WAIT, LIFE_NONE},
	[GPU_DRAINED] = {TONE_GONE, LIFE_NONE},
};
_Static_assert(ARRAY_SIZE(gpu_state_looks) == GPU_DRAINED + 1, "a look for each state");

/* ---- Inside a node ---- */

static const char *const device_sections[] = {"GPU", NULL};

static const struct field device_fields[] = {
	ROW(device, uuid, text, .flags = F_KEY | F_STATUS, .width = 20, .max = 255,
		.doc = "What names it for ever, as the driver does."),
	ROW(device, index, int, .flags = F_STATUS, .width = 5,
		.doc = "Its place on the node, from 0 on."),
	ROW(device, state, enum, .flags = F_STATUS, .width = 7, .names = gpu_state_words,
		.looks = gpu_state_looks, .doc = "Whether a job holds it, or it cannot be used."),
	ROW(device, util, percent, .flags = F_STATUS | F_SAMPLE, .width = 5,
		.doc = "How much of the time it computes."),
	ROW(device, mem_used, bytes, .title = "MEM", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.doc = "Memory of it that is in use."),
	ROW(device, mem_total, bytes, .title = "MEMORY", .flags = F_STATUS, .width = 6,
		.doc = "Memory that it has."),
	ROW(device, temperature, real, .title = "TEMP", .flags = F_STATUS | F_SAMPLE, .width = 5,
		.doc = "Degrees Celsius."),
	ROW(device, power, real, .flags = F_STATUS | F_SAMPLE, .width = 5,
		.doc = "Watts that it draws."),
	ROW(device, power_limit, real, .title = "LIMIT", .flags = F_STATUS, .width = 5,
		.doc = "Watts that it may draw."),
};
KIND_FITS(device_fields);

const struct kind device_kind = {
	.name = "device",
	.plural = "devices",
	.doc = "A GPU inside its node.",
	.fields = device_fields,
	.field_count = ARRAY_SIZE(device_fields),
	.size = sizeof(struct device),
	.sections = device_sections,
};

/* ---- A process on one ---- */

static const struct field process_fields[] = {
	ROW(gpu_process_row, pid, text, .flags = F_KEY | F_STATUS, .width = 7, .max = 15,
		.doc = "Its number on the node."),
	ROW(gpu_process_row, memory, bytes, .flags = F_STATUS | F_SAMPLE, .width = 6,
		.doc = "Memory of the GPU that it has."),
	ROW(gpu_process_row, name, text, .flags = F_STATUS, .width = 15, .max = 63,
		.doc = "Its program."),
	ROW(gpu_process_row, job_name, text, .title = "JOB", .flags = F_STATUS, .width = 20,
		.doc = "The job that it is of; none where it is not the platform's."),
};
KIND_FITS(process_fields);

static const char *const process_sections[] = {"Process", NULL};

const struct kind gpu_process_row_kind = {
	.name = "gpu_process",
	.plural = "gpu_processes",
	.doc = "A process that has memory on a GPU.",
	.fields = process_fields,
	.field_count = ARRAY_SIZE(process_fields),
	.size = sizeof(struct gpu_process_row),
	.sections = process_sections,
};

/* ---- A row of its own ---- */

static const char *const sections[] = {"GPU", "Use", "Values", NULL};
enum { DEVICE, USE, VALUES };

static const struct field fields[] = {
	ROW(gpu, uid, text, .flags = F_UID | F_STATUS | F_HIDDEN, .width = 20, .max = 255,
		.doc = "Names the row: the uuid, or that and ~ where another org's job has it."),
	ROW(gpu, uuid, text, .flags = F_KEY | F_STATUS, .width = 12, .max = 255,
		.doc = "What names it for ever, as the driver does."),
	ROW(gpu, index, int, .title = "GPU", .flags = F_STATUS, .width = 3,
		.doc = "Its place on the node, from 0 on; of a MIG device that of its GPU."),
	ROW(gpu, node_name, text, .title = "NODE", .flags = F_STATUS, .width = 12, .max = 255,
		.doc = "The machine that it is in."),
	ROW(gpu, name, text, .title = "MODEL", .flags = F_STATUS, .width = 16, .max = 255,
		.doc = "What its maker calls it."),
	ROW(gpu, parent, text, .flags = F_STATUS, .width = 12, .max = 255,
		.doc = "Of a MIG device: uuid of the GPU that it is a part of."),
	ROW(gpu, pci, text, .title = "PCI", .flags = F_STATUS, .width = 12, .max = 63,
		.doc = "Its place on the bus."),
	ROW(gpu, state, enum, .flags = F_STATUS, .width = 7, .section = USE,
		.names = gpu_state_words, .looks = gpu_state_looks,
		.doc = "free, used by a job, foreign (used by a process outside of the platform, so "
		       "not given out), lost, stalled (its driver does not answer), mig: a MIG "
		       "device, or divided into such, which jobs do not get, or drained: free, and "
		       "its node is drained."),
	ROW(gpu, message, text, .flags = F_STATUS, .width = 40, .max = 4096, .section = USE,
		.doc = "The same as a sentence, where it is not free or used."),
	ROW(gpu, org_name, text, .title = "ORG", .flags = F_STATUS, .width = 10, .section = USE,
		.doc = "Org of the job that holds it, where you may see that."),
	ROW(gpu, job_name, text, .title = "JOB", .flags = F_STATUS, .width = 20, .section = USE,
		.doc = "The job that holds it, where you may see that."),
	ROW(gpu, job_uid, text, .flags = F_STATUS, .width = 26, .section = USE,
		.doc = "That job's uid."),
	ROW(gpu, owner, text, .flags = F_STATUS, .width = 10, .section = USE,
		.doc = "Who submitted that job."),
	ROW(gpu, holder, text, .flags = F_STATUS | F_HIDDEN, .width = 8, .section = USE,
		.doc = "Id of that job's org."),
	ROW(gpu, veils, text, .flags = F_STATUS | F_HIDDEN, .width = 8, .section = USE,
		.doc = "Never known: a row that stands for another org's."),
	ROW(gpu, processes, records, .flags = F_STATUS, .width = 9, .section = USE, .max = 256,
		.embeds = &gpu_process_row_kind,
		.doc = "Who has memory on it; lists have them where fields names them."),
	ROW(gpu, util, percent, .flags = F_STATUS | F_SAMPLE | F_SERIES, .width = 5,
		.section = VALUES, .doc = "How much of the time it computes."),
	ROW(gpu, mem_used, bytes, .title = "MEM", .flags = F_STATUS | F_SAMPLE | F_SERIES,
		.width = 6, .section = VALUES, .doc = "Memory of it that is in use."),
	ROW(gpu, mem_total, bytes, .title = "MEMORY", .flags = F_STATUS, .width = 6,
		.section = VALUES, .doc = "Memory that it has."),
	ROW(gpu, temperature, real, .title = "TEMP", .flags = F_STATUS | F_SAMPLE | F_SERIES,
		.width = 4, .section = VALUES, .doc = "Degrees Celsius."),
	ROW(gpu, power, real, .flags = F_STATUS | F_SAMPLE | F_SERIES, .width = 5,
		.section = VALUES, .doc = "Watts that it draws."),
	ROW(gpu, power_limit, real, .title = "LIMIT", .flags = F_STATUS, .width = 5,
		.section = VALUES, .doc = "Watts that it may draw."),
	ROW(gpu, clock, int, .flags = F_STATUS | F_SAMPLE, .width = 5, .section = VALUES,
		.doc = "Clock of its processors, MHz."),
	ROW(gpu, memory_clock, int, .title = "MCLOCK", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = VALUES, .doc = "Clock of its memory, MHz."),
	ROW(gpu, fan, percent, .flags = F_STATUS | F_SAMPLE, .width = 4, .section = VALUES,
		.doc = "Speed of its fan; many have none."),
	ROW(gpu, as_of, age, .title = "AS OF", .flags = F_STATUS, .width = 5, .section = VALUES,
		.doc = "Of one that is stalled: how long ago its driver last answered."),

	ROW_AS(gpu, "node", node_name, text, .title = "NODE", .width = 12, .flags = F_ALIAS,
		.doc = "Short for node_name."),
	ROW_AS(gpu, "job", job_name, text, .title = "JOB", .width = 20, .flags = F_ALIAS,
		.doc = "Short for job_name."),
	ROW_AS(gpu, "org", org_name, text, .title = "ORG", .width = 10, .flags = F_ALIAS,
		.doc = "Short for org_name."),
	ROW_AS(gpu, "temp", temperature, real, .title = "TEMP", .width = 4, .flags = F_ALIAS,
		.doc = "Short for temperature."),
};
KIND_FITS(fields);

const struct kind gpu_kind = {
	.name = "gpu",
	.plural = "gpus",
	.path = "/cloud_ml/v1/gpus",
	.doc = "A GPU of a node, and which job has it.",
	.can = CAN_LIST | CAN_ONE | CAN_STREAM,
	.see = ROLE_VIEWER,
	.veiled = true,
	.parent = &node_kind,
	.measured = "node,uuid",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct gpu),
	.sections = sections,
	.list_fields = "node,index,state,util,mem_used,mem_total,temp,power,job,org,uuid",
	.wide_fields = "node,index,name,state,util,mem_used,mem_total,temp,power,power_limit,clock,"
		       "memory_clock,fan,pci,job,org,owner,uuid,message",
};
