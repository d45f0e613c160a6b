#include "core/kinds/node.h"

#include "core/kinds/gpu.h"
#include "core/kinds/key.h"

static const char *const state_words[] = {[NODE_READY] = "ready",
	[NODE_FULL] = "full",
	[NODE_DRAINING] = "draining",
	[NODE_DRAINED] = "drained",
	[NODE_AWAY] = "away",
	NULL};
static const struct word_look state_looks[] = {
	[NODE_READY] = {TONE_GOOD, LIFE_LIVE},
	[NODE_FULL] = {TONE_WAIT, LIFE_LIVE},
	[NODE_DRAINING] = {TONE_WAIT, LIFE_LIVE},
	[NODE_DRAINED] = {TONE_GONE, LIFE_NONE},
	[NODE_AWAY] = {TONE_GONE, LIFE_NONE},
};
_Static_assert(ARRAY_SIZE(state_looks) == NODE_AWAY + 1, "a look for each state");

static const char *const sections[] = {"Node", "Drained", "Resources", "Load", NULL};
enum { NODE, DRAIN, RESOURCES, LOAD };

static const struct field fields[] = {
	ROW(node, name, text, .flags = F_KEY | F_STATUS, .width = 20, .max = 255,
		.doc = "Name of the machine."),
	ROW(node, state, enum, .flags = F_STATUS, .width = 8, .names = state_words,
		.looks = state_looks,
		.doc = "ready, full (no CPU or no task is free), draining (nothing new starts there, and "
		       "something runs still), drained, or away: drained, and not there."),
	ROW(node, labels, labels, .flags = F_STATUS, .width = 20, .max = 16384,
		.doc = "What node_selector_key and node_selector_value of a job may name."),
	ROW(node, tasks, int, .flags = F_STATUS, .width = 5, .doc = "Jobs that run on it."),
	ROW(node, drained, flag, .flags = F_STATUS, .width = 7, .section = DRAIN,
		.doc = "Nothing new starts there: somebody wants that."),
	ROW(node, drained_by, text, .title = "BY", .flags = F_STATUS, .width = 10, .max = 63,
		.section = DRAIN, .doc = "Who."),
	ROW(node, drained_since, when, .title = "SINCE", .flags = F_STATUS, .width = 20,
		.section = DRAIN, .doc = "Since when."),
	ROW(node, drain_note, text, .title = "NOTE", .flags = F_STATUS, .width = 30, .max = 240,
		.section = DRAIN, .doc = "Why."),
	ROW(node, drain_evict, flag, .title = "EVICT", .flags = F_STATUS, .width = 5,
		.section = DRAIN, .doc = "What runs there is stopped as well."),
	ROW(node, cpu_total, cpu, .title = "CPUS", .flags = F_STATUS, .width = 6,
		.section = RESOURCES, .doc = "CPUs that it has."),
	ROW(node, cpu_used, cpu, .title = "CPU", .flags = F_STATUS, .width = 6,
		.section = RESOURCES, .doc = "CPUs that running jobs asked for."),
	ROW(node, memory_total, memory, .title = "MEMORY", .flags = F_STATUS, .width = 6,
		.section = RESOURCES, .doc = "Memory that it has, where it is counted."),
	ROW(node, memory_used, memory, .title = "MEM", .flags = F_STATUS, .width = 6,
		.section = RESOURCES, .doc = "Memory that running jobs asked for."),
	ROW(node, gpu_total, int, .title = "GPUS", .flags = F_STATUS, .width = 5,
		.section = RESOURCES, .doc = "GPUs that it has."),
	ROW(node, gpu_used, int, .title = "GPU", .flags = F_STATUS, .width = 4,
		.section = RESOURCES, .doc = "GPUs that running jobs hold."),
	ROW(node, gpus, records, .title = "DEVICES", .flags = F_STATUS, .width = 7,
		.section = RESOURCES, .max = 1024, .embeds = &device_kind,
		.doc = "Each of its GPUs; lists have them where fields names them."),
	ROW(node, gpu_note, text, .flags = F_STATUS, .width = 30, .max = 4096, .section = RESOURCES,
		.doc = "Why it has no GPU, or its GPUs cannot be seen."),
	ROW(node, gpu_util, percent, .title = "GPU%", .flags = F_STATUS | F_SAMPLE | F_SERIES,
		.width = 5, .section = LOAD, .doc = "Mean utilisation of its GPUs."),
	ROW(node, cpu_load, percent, .title = "CPU%", .flags = F_STATUS | F_SAMPLE | F_SERIES,
		.width = 5, .section = LOAD,
		.doc = "How much of its CPUs is in use, whoever uses it."),
	ROW(node, memory_load, bytes, .title = "IN USE", .flags = F_STATUS | F_SAMPLE | F_SERIES,
		.width = 6, .section = LOAD, .doc = "Memory in use, whoever uses it."),
	ROW(node, network_in, bytes, .title = "NET IN", .flags = F_STATUS | F_SAMPLE | F_SERIES,
		.width = 6, .section = LOAD, .doc = "Bytes a second that come from the network."),
	ROW(node, network_out, bytes, .title = "NET OUT", .flags = F_STATUS | F_SAMPLE | F_SERIES,
		.width = 7, .section = LOAD, .doc = "Bytes a second that go to the network."),
};
KIND_FITS(fields);

const struct kind node_kind = {
	.name = "node",
	.plural = "nodes",
	.path = "/cloud_ml/v1/nodes",
	.doc = "A machine that work runs on.",
	.can = CAN_LIST | CAN_ONE | CAN_STREAM | CAN_EVENTS,
	.see = ROLE_VIEWER,
	.actions = node_actions,
	.action_count = NODE_ACTIONS,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct node),
	.sections = sections,
	.measured = "name",
	.list_fields = "name,state,tasks,gpu_used,gpu_total,gpu_util,cpu_used,cpu_total,cpu_load,"
		       "memory_used,memory_total,memory_load,network_in,network_out",
	.wide_fields = "name,state,tasks,gpu_used,gpu_total,gpu_util,cpu_used,cpu_total,cpu_load,"
		       "memory_used,memory_total,memory_load,network_in,network_out,labels,"
		       "drained_by,drained_since,drain_note,gpu_note",
};
