#include "core/kinds/task.h"

const char task_single[] = "master-0";

#include "core/kinds/key.h"

enum { STATUS, RESOURCES };
static const char *const sections[] = {"Status", "Resources", NULL};

/* All of it is the platform's own: nobody makes or edits a task. */
static const struct field fields[] = {
	ROW(task, uid, text, .flags = F_UID | F_STATUS, .width = 30,
		.doc = "Job's uid, task and attempt, joined by slashes."),
	ROW(task, task, text, .flags = F_KEY | F_STATUS, .width = 10, .max = 63,
		.doc = "Name of the task in its job, such as master-0."),
	ROW(task, attempt, int, .title = "TRY", .flags = F_STATUS, .width = 3,
		.doc = "Number of the attempt, from 1."),
	ROW(task, job_uid, text, .flags = F_STATUS, .width = 26, .doc = "Uid of its job."),
	ROW(task, job_name, text, .title = "JOB", .flags = F_STATUS, .width = 24,
		.doc = "Name of its job."),
	ROW(task, org_id, text, .flags = F_STATUS, .width = 8, .doc = "Id of the job's org."),
	ROW(task, state, enum, .flags = F_STATUS, .width = 9, .names = work_state_words,
		.looks = work_state_looks, .doc = "Where it is in its life."),
	ROW(task, reason, enum, .title = "WHY", .flags = F_STATUS, .width = 14,
		.names = work_reason_words, .doc = "How it ended, one word."),
	ROW(task, message, text, .flags = F_STATUS, .width = 40, .max = 4096,
		.doc = "The same as a sentence."),
	ROW(task, exit_code, int, .title = "EXIT", .flags = F_STATUS, .width = 4,
		.doc = "Exit code."),
	ROW(task, signal, int, .title = "SIG", .flags = F_STATUS, .width = 3,
		.doc = "Signal that ended it."),
	ROW(task, node_name, text, .title = "NODE", .flags = F_STATUS, .width = 12,
		.doc = "Machine that it ran on."),
	ROW(task, start_time, when, .flags = F_STATUS, .width = 20, .doc = "When it started."),
	ROW(task, end_time, when, .flags = F_STATUS, .width = 20, .doc = "When it ended."),
	ROW(task, log_bytes, bytes, .title = "LOG", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.doc = "Bytes that it has logged: the log's newest offset."),
	ROW(task, log_oldest, bytes, .flags = F_STATUS, .width = 6,
		.doc = "Oldest offset of its log that is kept."),
	ROW(task, gpus, strings, .flags = F_STATUS, .width = 20, .section = RESOURCES, .max = 65536,
		.doc = "UUIDs of the GPUs that it has."),
	ROW(task, gpu_limit, int, .title = "GPU", .flags = F_STATUS, .width = 3,
		.section = RESOURCES, .doc = "GPUs that it holds while it runs."),
	ROW(task, cpu_limit, cpu, .title = "CPU", .flags = F_STATUS, .width = 5,
		.section = RESOURCES, .doc = "CPUs that it holds while it runs."),
	ROW(task, memory_limit, memory, .title = "MEM", .flags = F_STATUS, .width = 6,
		.section = RESOURCES, .doc = "Memory that it holds while it runs."),
	ROW(task, held_time, duration, .title = "HELD", .flags = F_STATUS, .width = 6,
		.section = RESOURCES,
		.doc = "How long it held them, by a clock that nobody sets; usage counts that from "
		       "start_time on; end_time says it where it is not known."),
	ROW(task, cpu_time, duration, .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = RESOURCES, .doc = "CPU time that its processes have used."),
	ROW(task, memory_peak, bytes, .title = "PEAK", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = RESOURCES, .doc = "Most memory that its processes had at once."),

	ROW_AS(task, "name", task, text, .title = "TASK", .width = 10, .flags = F_ALIAS,
		.doc = "Short for task."),
	ROW_AS(task, "why", reason, enum, .title = "WHY", .width = 14, .flags = F_ALIAS,
		.names = work_reason_words, .doc = "Short for reason."),
	ROW_AS(task, "node", node_name, text, .title = "NODE", .width = 12, .flags = F_ALIAS,
		.doc = "Short for node_name."),
	ROW_AS(task, "age", start_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it started."),
};
KIND_FITS(fields);

const struct kind task_kind = {
	.name = "task",
	.plural = "tasks",
	.path = "/cloud_ml/v1/tasks",
	.doc = "A process tree of a job, one for each attempt.",
	.can = CAN_STREAM,
	.see = ROLE_VIEWER,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct task),
	.sections = sections,
	.list_fields = "task,attempt,state,why,exit_code,node,log_bytes,age",
	.wide_fields = "job_name,task,attempt,state,why,exit_code,signal,node,cpu_time,memory_peak,"
		       "log_bytes,start_time,end_time",
};
