#include "core/kinds/org.h"

#include "core/kinds/key.h"

enum { ORG, HELD, USE };
static const char *const sections[] = {"Org", "Held", "Use", NULL};

/* What is used and may be: as its quota says it (work/quota_orgs.c). */
#define USED(what, token, heading, of)                                                           \
	ROW(org, what##_used, token, .title = heading, .flags = F_STATUS | F_SAMPLE, .width = 7, \
		.section = USE, .doc = of " in use."),                                           \
		ROW(org, what##_bound, token, .title = heading " MAX",                           \
			.flags = F_STATUS | F_SAMPLE, .width = 7, .section = USE,                \
			.doc = of " that its jobs may use.")

static const struct field fields[] = {
	ROW(org, org_name, name, .title = "NAME", .flags = F_KEY | F_NEEDED | F_NEW, .width = 20,
		.max = 57, .hint = "vision", .doc = "Name of the org; at most 57 characters."),
	ROW(org, org_id, text, .title = "ID", .flags = F_UID | F_STATUS, .width = 8, .max = 20,
		.doc = "Decimal digits that never come again."),
	ROW(org, description, text, .flags = F_NEW | F_EDIT, .width = 40, .doc = "What it is for."),
	ROW(org, run_uid, int, .title = "RUNS AS", .flags = F_STATUS, .width = 8,
		.doc = "Unix user of its tasks on a shared local engine."),
	ROW(org, create_time, when, .flags = F_STATUS, .width = 20, .doc = "When it was made."),
	ROW(org, held, flag, .flags = F_STATUS, .width = 4, .section = HELD,
		.doc = "Nothing of it starts: its queue is held."),
	ROW(org, held_by, text, .title = "BY", .flags = F_STATUS, .width = 10, .max = 63,
		.section = HELD, .doc = "Who holds it."),
	ROW(org, held_role, enum, .title = "AS", .flags = F_STATUS, .width = 11,
		.names = role_words, .section = HELD,
		.doc = "The role of their key: one that may less does not release it."),
	ROW(org, held_since, when, .title = "SINCE", .flags = F_STATUS, .width = 20,
		.section = HELD, .doc = "Since when."),
	ROW(org, hold_note, text, .title = "NOTE", .flags = F_STATUS, .width = 30, .max = 240,
		.section = HELD, .doc = "Why."),
	ROW(org, share, int, .flags = F_STATUS | F_SAMPLE, .width = 5, .section = USE,
		.doc = "How much it holds, in percent, of what it may hold and there is: of GPUs, memory "
		       "and CPUs the greatest."),
	ROW(org, running, int, .title = "RUN", .flags = F_STATUS | F_SAMPLE, .width = 4,
		.section = USE, .doc = "How many objects of it run."),
	ROW(org, waiting, int, .title = "WAIT", .flags = F_STATUS | F_SAMPLE, .width = 4,
		.section = USE, .doc = "How many wait to run, those on hold included."),
	USED(gpu, quota_count, "GPU", "GPUs"),
	USED(cpu, quota_cpu, "CPU", "CPUs"),
	USED(memory, quota_memory, "MEM", "Memory"),
	USED(jobs, quota_count, "JOBS", "Train jobs"),

	ROW_AS(org, "name", org_name, name, .title = "NAME", .width = 20, .flags = F_ALIAS,
		.doc = "Short for org_name."),
	ROW_AS(org, "id", org_id, text, .title = "ID", .width = 8, .flags = F_ALIAS,
		.doc = "Short for org_id."),
	ROW_AS(org, "age", create_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was made."),
};
KIND_FITS(fields);

/* An older program knew no held queue. */
static void org_renew(void *record)
{
	struct org *o = record;

	if (!record_has(org, o, held))
		record_set(org, o, held, false);
}

const struct kind org_kind = {
	.name = "org",
	.plural = "orgs",
	.path = "/cloud_ml/v1/orgs",
	.doc = "A tenant: owns jobs, keys and a quota.",
	.can = CAN_LIST | CAN_ONE | CAN_CREATE | CAN_EVENTS | CAN_STREAM,
	.see = ROLE_VIEWER,
	.everywhere = true,
	.all_at_once = true,
	.actions = org_actions,
	.action_count = ORG_ACTIONS,
	.make = ROLE_ADMIN,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct org),
	.sections = sections,
	.renew = org_renew,
	.list_fields = "org_name,org_id,share,running,waiting,held,held_by,age,description",
	.wide_fields =
		"org_name,org_id,share,running,waiting,held,held_by,held_role,held_since,hold_note,"
		"gpu_used,gpu_bound,cpu_used,cpu_bound,memory_used,memory_bound,jobs_used,jobs_bound,"
		"run_uid,create_time,description",
};
