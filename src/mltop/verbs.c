/*
 * The verbs that are special: one row a verb. Those that every kind has (list, describe, create,
 * edit, events, tasks and its actions) are made from the kinds' own rows (verbs_kinds.c).
 */
#include "mltop/cli.h"

#include "core/kinds/context.h"
#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/package.h"
#include "core/kinds/quota.h"

static const struct cli_flag submit_flags[] = {
	{"env", 'e', "K=V", "environment variable; K alone takes the value from here", true},
	{"secret", 's', "NAME[=VAR]",
		"secret of the org: as a file in MLTOP_SECRETS_DIR or as variable", true},
	{"label", 'l', "K=V", "label of your own", true},
	{"progress-pattern", 0, "PATTERN", "how its log says how far it is; see mltop progress",
		true},
	{0},
};
static const struct cli_flag logs_flags[] = {
	{"follow", 'f', NULL, "go on until the job has ended", false},
	{"task", 't', "TASK", "task of a distributed job (master-0)", false},
	{"attempt", 0, "N", "attempt; the newest when not given", false},
	{"tail", 0, "SIZE", "only the last bytes, such as 64K", false},
	{"exit-code", 0, NULL, "exit with the job's own code", false},
	{0},
};
static const struct cli_flag run_flags[] = {
	{"gpus", 'g', "N", "GPUs that it gets for itself", false},
	{"cpu", 'c', "CPUS", "CPUs, such as 0.5", false},
	{"memory", 'm', "SIZE", "memory, such as 4G", false},
	{"name", 'n', "NAME", "name of the job; made from the command when not given", false},
	{"env", 'e', "K=V", "environment variable; K alone takes the value from here", true},
	{"secret", 's', "NAME[=VAR]",
		"secret of the org: as a file in MLTOP_SECRETS_DIR or as variable", true},
	{"label", 'l', "K=V", "label of your own", true},
	{"metric", 0, "NAME", "metric to show beside the loss", false},
	{"progress-pattern", 0, "PATTERN", "how its log says how far it is; see mltop progress",
		true},
	{"max-runtime", 0, "TIME", "stop it after that, such as 2h", false},
	{"detach", 'd', NULL, "print the name and leave it running", false},
	{"replace", 0, NULL, "stop and delete a job of that name first", false},
	{0},
};
static const struct cli_flag demo_flags[] = {
	{"jobs", 0, "N", "jobs (200)", false},
	{"gpus", 0, "N", "GPUs (64)", false},
	{"nodes", 0, "N", "machines that they are in; 0: one for each 8 GPUs", false},
	{"changes", 0, "N", "rows that change a second (5)", false},
	{"seed", 0, "N", "the same seed makes the same jobs", false},
	{0},
};
static const struct cli_flag outputs_flags[] = {
	{"json", 0, NULL, "print the platform's answer", false},
	{0},
};
static const struct cli_flag download_flags[] = {
	{"output", 'o', "DIR", "folder to write into (the present one)", false},
	{"force", 'f', NULL, "write over files that are there", false},
	{0},
};
static const struct cli_flag scalars_flags[] = {
	{"tag", 't', "TAG", "only that curve, such as train/loss", true},
	{"run", 0, "RUN", "only that run: a folder of event files, . for the outputs' own", false},
	{"from-step", 0, "N", "only from that step on", false},
	{"points", 0, "N", "at most so many points of a curve, spread evenly (1000)", false},
	{"csv", 0, NULL, "print every point as run,tag,step,wall_ms,value", false},
	{"json", 0, NULL, "print the platform's answer", false},
	{0},
};
static const struct cli_flag usage_flags[] = {
	{"from", 0, "DAY", "first day (UTC), such as 2026-11-01; 30 days when not given", false},
	{"to", 0, "DAY", "last day, counted too; today when not given", false},
	{"by", 0, "WHAT", "a row for each org (when not given), owner or job", false},
	{"csv", 0, NULL, "short for -o csv", false},
	{0},
};
static const struct cli_flag edit_flags[] = {
	{"if-version", 0, "N", "only if it still has that version (-o json shows it)", false},
	{0},
};
static const struct cli_flag secret_flags[] = {
	{"from-file", 'f', "FILE", "file whose bytes are the value, all of them", false},
	{"description", 0, "TEXT", "what it is for", false},
	{0},
};
/* Without the description, which `edit` changes. */
static const struct cli_flag secret_value_flags[] = {
	{"from-file", 'f', "FILE", "file whose bytes are the value, all of them", false},
	{0},
};
static const struct cli_flag progress_flags[] = {
	{"pattern", 'p', "PATTERN", "regular expression with named parts, tried before the readers",
		true},
	{"framework", 0, "NAME", "also the platform's patterns for logs of that framework", false},
	{"metric", 0, "NAME", "metric to show beside the loss", false},
	{"read", 'r', NULL, "only lines of which something is read", false},
	{"whole", 0, NULL, "pass over no line of a pipe, however fast they come", false},
	{"output", 'o', "FORM", "table or json: an object a line, the last of the end", false},
	{"json", 0, NULL, "short for -o json", false},
	{0},
};

#define JOBS(verb, words, low, high, how, flags_of, handler, text)                            \
	{                                                                                     \
		.noun = "jobs", .name = verb, .args = words, .least = low, .most = high,      \
		.flags = how, .kind = &job_kind, .own = flags_of, .run = handler, .doc = text \
	}

const struct verb special_verbs[] = {
	JOBS("submit", "[FILE.yaml]", 0, 1, VERB_ONE | VERB_FIELDS, submit_flags, cli_create,
		"submit a job, from a file, from flags, or both"),
	JOBS("logs", "NAME", 1, 1, VERB_ORG, logs_flags, cli_logs, "what a job has printed"),
	JOBS("outputs", "NAME", 1, 1, VERB_ORG, outputs_flags, cli_outputs,
		"files that a job has left in MLTOP_OUTPUT_DIR"),
	JOBS("download", "NAME [PATH]", 1, 2, VERB_ORG, download_flags, cli_download,
		"fetch a job's outputs: all, one, or those below a folder"),
	JOBS("scalars", "NAME", 1, 1, VERB_ORG, scalars_flags, cli_scalars,
		"curves that a job wrote into event files, as TensorBoard has them"),
	{"quotas", "set", "ORG FIELD=VALUE...", 2, CLI_ARGS_MAX, VERB_ONE, &quota_kind, edit_flags,
		cli_edit, "change what an org may use (quota admins)"},
	{"keys", "create", "ORG ROLE [NAME]", 0, 3, VERB_ONE | VERB_FIELDS, &key_kind, NULL,
		cli_key_create, "make an access key; its secret is printed this once (admins)"},
	{"audit", "verify", "", 0, 0, VERB_ONE, NULL, NULL, cli_audit_verify,
		"recompute the hash chain of the audit: of one's own org, an admin's of all"},
	{"secrets", "create", "NAME", 1, 1, VERB_ONE | VERB_ORG, NULL, secret_flags,
		cli_secret_create,
		"keep a value for jobs: from standard input, a file or, unseen, the terminal"},
	{"secrets", "update", "NAME", 1, 1, VERB_ONE | VERB_ORG, NULL, secret_value_flags,
		cli_secret_update, "give a secret another value, read likewise"},
	{"usage", "list", "", 0, 0, VERB_LIST, NULL, usage_flags, cli_usage_list,
		"what was held by day, the sum over the attempts, and its cost"},
	{NULL, "usage", "", 0, 0, VERB_LIST, NULL, usage_flags, cli_usage_list,
		"short for usage list"},
	{"packages", "create", "FILE", 1, 1, 0, &package_kind, NULL, cli_package_create,
		"upload a package or a folder, and print its uri"},
	{NULL, "run", "-- COMMAND...", 0, 0, VERB_REST, NULL, run_flags, cli_run,
		"run a command of this folder as a job and follow it"},
	{NULL, "logs", "NAME", 1, 1, VERB_ORG, &job_kind, logs_flags, cli_logs,
		"short for jobs logs"},
	{NULL, "cancel", "NAME...", 0, CLI_ARGS_MAX, VERB_ORG, &job_kind, NULL, cli_action,
		"short for jobs cancel"},
	{NULL, "progress", "[FILE]", 0, 1, 0, NULL, progress_flags, cli_progress,
		"what a log says of a training's progress, line by line; - is standard input"},
	{NULL, "demo", "[-- VERB...]", 0, 0, VERB_REST, NULL, demo_flags, cli_demo,
		"the dashboard, or a verb, on made-up jobs"},
	{"platform", "status", "", 0, 0, VERB_ONE, NULL, NULL, cli_platform_status,
		"the private platform: is it up, what does it hold"},
	{"platform", "stop", "", 0, 0, 0, NULL, NULL, cli_platform_stop,
		"end the private platform's server; jobs go on"},
	{"context", "list", "", 0, 0, VERB_LOCAL, &context_kind, NULL, cli_context_list,
		"platforms that there are to choose from, and which is in use"},
	{"context", "use", "NAME", 1, 1, 0, NULL, NULL, cli_context_use,
		"choose the one to connect to"},
	{NULL, "help", "[VERB | TOPIC]", 0, 2, 0, NULL, NULL, cli_help,
		"verbs, or a topic: fields, filter, roles, config"},
	{NULL, "completion", "bash|zsh|fish", 1, 1, 0, NULL, NULL, cli_completion,
		"print completions for a shell"},
	{NULL, "doctor", "", 0, 0, VERB_ONE, NULL, NULL, cli_doctor,
		"what the platform holds where it runs: limits, and what keeps orgs apart"},
	{NULL, "version", "", 0, 0, VERB_ONE, NULL, NULL, cli_version,
		"versions of mltop and of the platform"},
	{0},
};
