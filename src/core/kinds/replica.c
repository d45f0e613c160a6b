#include "core/kinds/replica.h"

#include "core/kinds/key.h"
#include "core/kinds/logplace.h"

enum { STATUS, RESOURCES };
static const char *const sections[] = {"Status", "Resources", NULL};

#define OURS F_STATUS
/* All of it is the platform's own: nobody makes or edits a replica but by its service. */
static const struct field fields[] = {
	ROW(replica, replica_name, text, .title = "NAME", .flags = F_KEY | OURS, .width = 24,
		.doc = "Name of its service and replica-INDEX, joined by a dot."),
	ROW(replica, uid, text, .flags = F_UID | OURS, .width = 26, .doc = "ULID."),
	ROW(replica, parent, text, .flags = OURS, .width = 26, .doc = "Uid of its service."),
	ROW(replica, parent_kind, text, .flags = OURS | F_HIDDEN, .width = 8,
		.doc = "Kind of that: model."),
	ROW(replica, index, int, .title = "INDEX", .flags = OURS, .width = 5,
		.doc = "Its number among the replicas of the service, from 0."),
	ROW(replica, generation, int, .title = "GEN", .flags = OURS, .width = 4,
		.doc = "Generation of the service that it is of."),
	ROW(replica, port, int, .title = "PORT", .flags = OURS, .width = 5,
		.doc = "Port at which it serves, of 127.0.0.1."),
	ROW(replica, ready, flag, .title = "READY", .flags = OURS, .width = 5,
		.doc = "It is given requests."),
	ROW(replica, org_id, text, .flags = OURS, .width = 8, .doc = "Id of the service's org."),
	ROW(replica, org_name, text, .title = "ORG", .flags = OURS, .width = 10,
		.doc = "Name of that org."),
	ROW(replica, owner, text, .flags = OURS, .width = 8,
		.doc = "Name of the access key that made the service."),
	ROW(replica, command, strings, .flags = OURS | F_LARGE, .width = 30, .max = 8192,
		.doc = "Program and arguments that it runs."),
	ROW(replica, env, labels, .flags = OURS | F_LARGE | F_MASKED, .width = 20, .max = 32768,
		.doc = "Environment variables that it has beside the platform's; values are masked."),
	ROW(replica, work_dir, text, .flags = OURS, .width = 20, .max = 4096,
		.doc = "Folder that the command starts in."),

	ROW(replica, cpu_limit, cpu, .title = "CPU", .flags = OURS, .width = 5,
		.section = RESOURCES, .doc = "CPUs that it may use."),
	ROW(replica, memory_limit, memory, .title = "MEM", .flags = OURS, .width = 6,
		.section = RESOURCES, .doc = "Memory that it may use."),
	ROW(replica, gpu_limit, int, .title = "GPU", .flags = OURS, .width = 3,
		.section = RESOURCES, .doc = "GPUs that it has for itself."),
	ROW(replica, priority, int, .title = "PRI", .flags = OURS, .width = 4, .section = RESOURCES,
		.doc = "Priority of its service."),
	ROW(replica, stop_grace, duration, .flags = OURS, .width = 6, .section = RESOURCES,
		.doc = "Time between TERM and KILL."),

	ROW(replica, state, enum, .flags = OURS, .width = 9, .names = work_state_words,
		.looks = work_state_looks, .doc = "Where it is in its life."),
	ROW(replica, cancelled, flag, .follows = "state,reason", .flags = OURS | F_HIDDEN,
		.width = 5, .doc = "It failed because somebody stopped it."),
	ROW(replica, held, flag, .follows = "state,reason", .flags = OURS | F_HIDDEN, .width = 5,
		.doc = "It waits until somebody releases it."),
	ROW(replica, reason, enum, .title = "WHY", .flags = OURS, .width = 14,
		.names = work_reason_words, .doc = "Why it is in that state, one word."),
	ROW(replica, message, text, .flags = OURS, .width = 40, .max = 4096,
		.doc = "The same as a sentence."),
	ROW(replica, failure, text, .flags = OURS, .width = 40, .max = 240,
		.doc = "Why its newest attempt failed, as its log says it."),
	ROW(replica, failure_at, record, .flags = OURS | F_HIDDEN, .width = 9,
		.embeds = &logplace_kind, .doc = "Where in the log that stands."),
	ROW(replica, exit_code, int, .title = "EXIT", .flags = OURS, .width = 4,
		.doc = "Exit code of its newest attempt."),
	ROW(replica, signal, int, .title = "SIG", .flags = OURS, .width = 3,
		.doc = "Signal that ended that."),
	ROW(replica, attempt, int, .title = "TRY", .flags = OURS, .width = 3,
		.doc = "Attempts so far: a replica that ends is run again, after a pause that grows."),
	ROW(replica, attempts_uncounted, int, .flags = OURS | F_HIDDEN, .width = 3,
		.doc = "Of these, those that do not count."),
	ROW(replica, tasks, int, .flags = OURS | F_HIDDEN, .width = 3, .doc = "Tasks: one."),
	ROW(replica, limits_enforced, enum, .flags = OURS | F_HIDDEN, .width = 6,
		.names = enforced_words, .doc = "How its limits are held."),
	ROW(replica, node_name, text, .title = "NODE", .flags = OURS, .width = 12,
		.doc = "Machine that it runs on."),
	ROW(replica, create_time, when, .flags = OURS, .width = 20, .doc = "When it was made."),
	ROW(replica, update_time, when, .flags = OURS, .width = 20, .doc = "When it changed last."),
	ROW(replica, start_time, when, .flags = OURS, .width = 20,
		.doc = "When its newest attempt started."),
	ROW(replica, end_time, when, .flags = OURS, .width = 20, .doc = "When that ended."),
	ROW(replica, preempted_time, when, .flags = OURS | F_HIDDEN, .width = 20,
		.doc = "When it was last stopped to make room, or because its node was emptied."),
	ROW(replica, cpu_used, percent, .title = "CPU%", .flags = OURS | F_SAMPLE | F_SERIES,
		.width = 5, .section = RESOURCES, .doc = "CPU in use, 100 for a whole one."),
	ROW(replica, memory_used, bytes, .title = "RSS", .flags = OURS | F_SAMPLE | F_SERIES,
		.width = 6, .section = RESOURCES, .doc = "Memory in use."),
	ROW(replica, gpu_util, percent, .title = "UTIL", .flags = OURS | F_SAMPLE | F_SERIES,
		.width = 5, .section = RESOURCES, .doc = "Mean utilisation of its GPUs."),
	ROW(replica, log_bytes, bytes, .title = "LOG", .flags = OURS | F_SAMPLE, .width = 6,
		.doc = "Bytes that its newest attempt has logged."),

	ROW_AS(replica, "name", replica_name, text, .title = "NAME", .width = 24, .flags = F_ALIAS,
		.doc = "Short for replica_name."),
	ROW_AS(replica, "why", reason, enum, .title = "WHY", .width = 14, .flags = F_ALIAS,
		.names = work_reason_words, .doc = "Short for reason."),
	ROW_AS(replica, "org", org_name, text, .title = "ORG", .width = 10, .flags = F_ALIAS,
		.doc = "Short for org_name."),
	ROW_AS(replica, "age", create_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was made."),
};
KIND_FITS(fields);

static void replica_settle(void *record)
{
	workload_settle(&replica_kind, record);
}

const struct kind replica_kind = {
	.name = "replica",
	.plural = "replicas",
	.path = "/cloud_ml/v1/replica",
	.doc = "A replica of a model service.",
	.can = CAN_LIST | CAN_ONE | CAN_RUN | CAN_STREAM,
	.see = ROLE_VIEWER,
	.org_names = true,
	.stored = true,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct replica),
	.sections = sections,
	.list_fields = "replica_name,state,ready,why,attempt,port,cpu_used,memory_used,age",
	.wide_fields =
		"replica_name,state,ready,why,attempt,generation,port,gpu_limit,cpu_used,memory_used,"
		"gpu_util,node_name,age,org,message,failure",
	.settle = replica_settle,
};
