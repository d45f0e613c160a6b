#include "core/kinds/job.h"

#include "core/kinds/key.h"
#include "core/kinds/logplace.h"
#include "core/kinds/rankset.h"
#include "core/progress/progress.h"
#include "core/text/regex.h"

#include <string.h>

static const struct word_split state_split = {
	.value = WORK_FAILED,
	.word = "cancelled",
	.flag = offsetof(struct job, cancelled),
	.look = {TONE_GONE, LIFE_FINAL},
};
const char *const restart_policy_words[] = {"never", "on-failure", "always", NULL};

enum { WHAT, RESOURCES, RUNNING, PLACE, STATUS, PROGRESS };
static const char *const sections[] = {
	"What runs",
	"Resources",
	"Behaviour",
	"Placement and storage",
	"Status",
	"Progress",
	NULL,
};

/*
 * To add a field: a member in struct job, a row here, its use. The order is that of describe and
 * of the form.
 */
static const struct field fields[] = {
	ROW(job, job_name, name, .label = "Name", .title = "NAME", .width = 24,
		.flags = F_KEY | F_NEEDED | F_NEW | F_DOTS, .hint = "digits",
		.doc = "Name of the job, unique in its org until it is deleted."),
	ROW(job, uid, text, .flags = F_UID | F_STATUS, .width = 26, .section = STATUS,
		.doc = "ULID that never comes again, whatever the name."),
	ROW(job, org_id, text, .flags = F_STATUS | F_PAD, .width = 8, .section = STATUS,
		.doc = "Id of the org that the job belongs to."),
	ROW(job, org_name, text, .title = "ORG", .flags = F_STATUS | F_PAD, .width = 10,
		.section = STATUS, .doc = "Name of that org."),
	ROW(job, owner, text, .flags = F_STATUS, .width = 8, .section = STATUS,
		.doc = "Name of the access key that submitted it."),

	ROW(job, command, strings, .label = "Command", .flags = F_LARGE | F_NEW, .width = 30,
		.max = 65536,
		.doc = "A command to run in place of a module: program and arguments."),
	ROW(job, work_dir, text, .label = "Folder", .flags = F_NEW, .width = 20, .max = 4096,
		.doc = "Folder that the command starts in; private platforms only."),
	ROW(job, module_name, text, .label = "Module", .flags = F_NEW | F_NULL, .width = 16,
		.max = 255, .hint = "digits.train",
		.doc = "Python module that is run as python3 -m; needs trainer_uri."),
	ROW(job, trainer_uri, text, .label = "Package", .flags = F_NEW | F_NULL, .width = 30,
		.max = 4096, .hint = "file:///data/digits-0.1.tar.gz",
		.doc = "Where the Python source distribution is: file:// or package://."),
	ROW(job, job_args, block, .label = "Arguments", .flags = F_LARGE | F_NEW | F_NULL,
		.width = 20, .max = 16384, .hint = "--epochs 3",
		.doc = "Arguments of the module, split as a shell splits words."),
	ROW(job, env, labels, .label = "Environment", .flags = F_LARGE | F_NEW | F_MASKED,
		.width = 20, .max = 65536,
		.doc = "Environment variables of the task; values are masked in every view, which keeps them "
		       "from viewers and other orgs: who may run jobs of the org can have them, by a copy "
		       "or from a task beside it."),
	ROW(job, clone_of, text, .label = "Copy of", .flags = F_NEW | F_HIDDEN, .width = 24,
		.max = 63,
		.doc = "Job, by name or uid, that this one is a copy of: variables of env that are "
		       "*** or not given at all get its values."),
	ROW(job, umask, mode, .flags = F_NEW | F_HIDDEN, .width = 4, .min = 0, .max = 0777,
		.standard = "077",
		.doc = "File mode mask of the task; mltop run carries the caller's."),
	ROW(job, prepare_command, block, .label = "Before it", .flags = F_LARGE | F_NEW | F_NULL,
		.width = 20, .max = 16384, .hint = "pip install -r requirements.txt",
		.doc = "Shell command that must succeed before the program starts."),
	ROW(job, finish_command, block, .label = "After it", .flags = F_LARGE | F_NEW | F_NULL,
		.width = 20, .max = 16384,
		.doc = "Shell command that runs after the program, also when it failed or was "
		       "stopped."),
	ROW(job, framework, text, .flags = F_NEW | F_NULL | F_HIDDEN, .width = 12, .max = 63,
		.doc = "Framework that the program wants."),
	ROW(job, framework_version, text, .flags = F_NEW | F_NULL | F_HIDDEN, .width = 8, .max = 63,
		.doc = "Version of that framework."),
	ROW(job, docker_image, text, .label = "Image", .flags = F_NEW | F_NULL | F_HIDDEN,
		.width = 20, .max = 1024, .doc = "Container image; the local engine refuses it."),
	ROW(job, docker_command, block, .flags = F_LARGE | F_NEW | F_NULL | F_HIDDEN, .width = 20,
		.max = 16384, .doc = "Command in that image."),

	ROW(job, cpu_limit, cpu, .label = "CPUs", .title = "CPU", .flags = F_NEW | F_NULL,
		.width = 5, .section = RESOURCES, .min = 10, .max = 10240000, .hint = "0.5",
		.standard = "1", .doc = "CPUs that it may use, at most two decimals."),
	ROW(job, memory_limit, memory, .label = "Memory", .title = "MEM", .flags = F_NEW | F_NULL,
		.width = 6, .section = RESOURCES, .min = 1 << 20, .max = (int64_t)1 << 50,
		.hint = "4G", .doc = "Memory that it may use; none given means unlimited."),
	ROW(job, gpu_limit, int, .label = "GPUs", .title = "GPU", .flags = F_NEW | F_NULL,
		.width = 3, .section = RESOURCES, .min = 0, .max = 1024, .hint = "1",
		.standard = "0", .doc = "GPUs that it gets for itself."),
	ROW(job, ps_count, int, .label = "Parameter servers", .flags = F_NEW | F_NULL | F_HIDDEN,
		.width = 3, .section = RESOURCES, .min = 0, .max = 1000,
		.doc = "Parameter servers."),
	ROW(job, worker_count, int, .flags = F_NEW | F_NULL | F_HIDDEN, .width = 3,
		.section = RESOURCES, .min = 0, .max = 1000, .doc = "Workers."),
	ROW(job, priority, int, .label = "Priority", .title = "PRI", .flags = F_NEW, .width = 4,
		.section = RUNNING, .min = -1000, .max = 1000, .standard = "0",
		.doc = "Higher ones are started first among those of an org that wait."),
	ROW(job, restart_policy, enum, .label = "Run again", .flags = F_NEW, .width = 10,
		.section = RUNNING, .names = restart_policy_words, .standard = "never",
		.doc = "When a task that ended is run again as the next attempt."),
	ROW(job, max_attempts, int, .label = "Attempts", .flags = F_NEW, .width = 3,
		.section = RUNNING, .min = 1, .max = 1000, .standard = "1",
		.doc = "Attempts in all, the first one counted."),
	ROW(job, stop_grace, duration, .label = "Time to stop", .flags = F_NEW, .width = 6,
		.section = RUNNING, .min = 0, .max = 86400000, .standard = "10s",
		.doc = "Time between TERM and KILL when it is stopped."),
	ROW(job, max_runtime, duration, .label = "Time limit", .flags = F_NEW, .width = 6,
		.section = RUNNING, .min = 1000, .max = (int64_t)366 * 86400000, .hint = "2h",
		.doc = "An attempt that runs longer is stopped; none given means no end."),
	ROW(job, labels, labels, .flags = F_NEW, .width = 20, .section = RUNNING, .max = 16384,
		.hint = "team=vision", .doc = "Words of your own to filter by."),
	ROW(job, progress_patterns, strings, .flags = F_NEW, .width = 12, .section = RUNNING,
		.max = PROGRESS_PATTERNS_MAX * (REGEX_BYTES_MAX + 1),
		.hint = "'round (?<step>[0-9]+)'", .label = "progress patterns",
		.doc = "Regular expressions with parts named step, total, epoch, epochs, loss, metric or "
		       "percent: how its log says how far it is, where that is not seen by itself "
		       "(mltop progress shows it)."),
	ROW(job, metric, text, .title = "CHOSEN METRIC", .flags = F_NEW, .width = 8,
		.section = RUNNING, .max = PROGRESS_NAME_MAX - 1, .hint = "val_auc",
		.doc = "Name of the metric to show beside the loss; none given: the reader chooses."),
	ROW(job, node_selector_key, text, .flags = F_NEW | F_NULL | F_HIDDEN, .width = 12,
		.section = PLACE, .max = 63, .doc = "Label that the node must have."),
	ROW(job, node_selector_value, text, .flags = F_NEW | F_NULL | F_HIDDEN, .width = 12,
		.section = PLACE, .max = 63, .doc = "Value of that label."),
	ROW(job, volume_type, text, .flags = F_NEW | F_NULL | F_HIDDEN, .section = PLACE, .max = 63,
		.doc = "Kind of volume; accepted, not mounted by the local engine."),
	ROW(job, volume_path, text, .flags = F_NEW | F_NULL | F_HIDDEN, .section = PLACE,
		.max = 4096, .doc = "Path of that volume."),
	ROW(job, mount_path, text, .flags = F_NEW | F_NULL | F_HIDDEN, .section = PLACE,
		.max = 4096, .doc = "Where the volume would be seen."),
	ROW(job, mount_read_only, flag, .flags = F_NEW | F_NULL | F_HIDDEN, .section = PLACE,
		.doc = "Whether the volume is mounted read-only."),
	ROW(job, fds_endpoint, text, .label = "FDS endpoint", .flags = F_NEW | F_NULL | F_HIDDEN,
		.section = PLACE, .max = 1024,
		.doc = "Sent by the public client from its configuration; echoed."),
	ROW(job, fds_bucket, text, .label = "FDS bucket", .flags = F_NEW | F_NULL | F_HIDDEN,
		.section = PLACE, .max = 1024,
		.doc = "Sent by the public client from its configuration; echoed."),
	ROW(job, hdfs_endpoint, text, .flags = F_STATUS | F_NULL | F_HIDDEN, .section = PLACE,
		.doc = "Always null here: HDFS is not mounted."),
	ROW(job, hdfs_krb_account, text, .flags = F_STATUS | F_NULL | F_HIDDEN, .section = PLACE,
		.doc = "Always null here."),

	ROW(job, state, enum, .flags = F_STATUS | F_PAD, .width = 9, .section = STATUS,
		.names = work_state_words, .looks = work_state_looks, .split = &state_split,
		.doc = "Where it is in its life; filters tell failed and cancelled apart."),
	ROW(job, cancelled, flag, .follows = "state,reason", .flags = F_STATUS | F_HIDDEN,
		.width = 9, .section = STATUS,
		.doc = "True where it failed because somebody stopped it."),
	ROW(job, held, flag, .follows = "state,reason", .flags = F_STATUS | F_HIDDEN, .width = 4,
		.section = STATUS, .doc = "True where it waits until somebody releases it."),
	ROW(job, reason, enum, .title = "WHY", .flags = F_STATUS, .width = 14, .section = STATUS,
		.names = work_reason_words, .doc = "Why it waits or how it ended, one word."),
	ROW(job, message, text, .flags = F_STATUS, .width = 40, .section = STATUS, .max = 4096,
		.doc = "The same as a sentence."),
	ROW(job, failure, text, .flags = F_STATUS, .width = 40, .section = STATUS, .max = 240,
		.doc = "Why the last attempt failed, in one line: the error that its log ends with, of several "
		       "ranks that of the first that failed."),
	ROW(job, failure_at, record, .flags = F_STATUS, .width = 20, .section = STATUS,
		.embeds = &logplace_kind, .doc = "Where its log says so."),
	ROW(job, exit_code, int, .title = "EXIT", .flags = F_STATUS, .width = 4, .section = STATUS,
		.doc = "Exit code of the newest attempt."),
	ROW(job, signal, int, .title = "SIG", .flags = F_STATUS, .width = 3, .section = STATUS,
		.doc = "Signal that ended the newest attempt."),
	ROW(job, attempt, int, .title = "TRY", .flags = F_STATUS, .width = 3, .section = STATUS,
		.doc = "Number of the newest attempt, from 1."),
	ROW(job, attempts_uncounted, int, .flags = F_STATUS | F_HIDDEN, .width = 3,
		.section = STATUS,
		.doc = "Attempts that max_attempts does not count: those before a retry by hand, "
		       "and those that the platform's own end kept from starting."),
	ROW(job, tasks, int, .flags = F_STATUS, .width = 5, .section = STATUS,
		.doc = "Tasks that it consists of."),
	ROW(job, limits_enforced, enum, .flags = F_STATUS, .width = 6, .section = STATUS,
		.names = enforced_words, .doc = "How the limits are held: none, poll or cgroup."),
	ROW(job, create_time, when, .flags = F_STATUS | F_PAD, .width = 20, .section = STATUS,
		.doc = "When it was accepted."),
	ROW(job, update_time, when, .flags = F_STATUS | F_PAD, .width = 20, .section = STATUS,
		.doc = "When its state changed last."),
	ROW(job, start_time, when, .flags = F_STATUS, .width = 20, .section = STATUS,
		.doc = "When the newest attempt started."),
	ROW(job, end_time, when, .flags = F_STATUS, .width = 20, .section = STATUS,
		.doc = "When the newest attempt ended."),
	ROW(job, node_name, text, .title = "NODE", .flags = F_STATUS | F_PAD, .width = 12,
		.section = STATUS, .doc = "Machine that it runs on."),
	ROW(job, cpu_used, percent, .title = "CPU%", .flags = F_STATUS | F_SAMPLE, .width = 5,
		.section = STATUS, .doc = "CPU in use, in percent of one CPU."),
	ROW(job, memory_used, bytes, .title = "RSS", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = STATUS, .doc = "Memory in use."),
	ROW(job, gpu_util, percent, .title = "UTIL", .flags = F_STATUS | F_SAMPLE, .width = 5,
		.section = STATUS, .doc = "Mean utilisation of its GPUs."),
	ROW(job, log_bytes, bytes, .title = "LOG", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = STATUS, .doc = "Bytes that the newest attempt has logged."),

	ROW(job, progress_percent, percent, .title = "DONE", .flags = F_STATUS | F_SAMPLE,
		.width = 5, .section = PROGRESS, .doc = "How much of the whole training is done."),
	ROW(job, progress_step, int, .title = "STEP", .flags = F_STATUS | F_SAMPLE, .width = 8,
		.of = "progress_total", .section = PROGRESS,
		.doc = "Step that the innermost loop of the training has reached."),
	ROW(job, progress_total, int, .title = "STEPS", .flags = F_STATUS | F_SAMPLE, .width = 8,
		.section = PROGRESS, .doc = "Steps of that loop in all."),
	ROW(job, progress_epoch, int, .title = "EPOCH", .flags = F_STATUS | F_SAMPLE, .width = 5,
		.of = "progress_epochs", .section = PROGRESS,
		.doc = "Epoch that the training has reached, as the log numbers it."),
	ROW(job, progress_epochs, int, .title = "EPOCHS", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = PROGRESS, .doc = "Epochs in all."),
	ROW(job, progress_rate, real, .title = "RATE", .flags = F_STATUS | F_SAMPLE, .width = 7,
		.section = PROGRESS, .doc = "Steps a second."),
	ROW(job, progress_eta, duration, .title = "ETA", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = PROGRESS, .doc = "Time until the whole training is done."),
	ROW(job, loss, measure, .flags = F_STATUS | F_SAMPLE, .width = 7, .section = PROGRESS,
		.doc = "Newest loss of the training."),
	ROW(job, metric_name, text, .flags = F_STATUS | F_SAMPLE, .width = 8, .section = PROGRESS,
		.doc = "Name of the metric beside the loss."),
	ROW(job, metric_value, measure, .title = "METRIC", .flags = F_STATUS | F_SAMPLE, .width = 7,
		.section = PROGRESS, .doc = "Newest value of that metric."),
	ROW(job, phase, text, .flags = F_STATUS | F_SAMPLE, .width = 9, .max = 63,
		.section = PROGRESS,
		.doc = "What it does now: train, validate, evaluate, download, tokenize, load, save, or "
		       "the program's own word."),
	ROW(job, ranks, record, .flags = F_STATUS | F_SAMPLE, .width = 9, .embeds = &rankset_kind,
		.section = PROGRESS, .doc = "What the ranks of a distributed training say."),
	ROW(job, current_rank, int, .flags = F_STATUS | F_HIDDEN, .section = STATUS,
		.doc = "Priority rank as the public client shows it."),
	ROW(job, cluster_name, text, .flags = F_STATUS | F_NULL | F_HIDDEN, .section = STATUS,
		.doc = "Null: distributed jobs have tasks."),
	ROW(job, service_port, text, .flags = F_STATUS | F_NULL | F_HIDDEN, .section = STATUS,
		.doc = "Null."),
	ROW(job, cluster_env_var, text, .flags = F_STATUS | F_NULL | F_HIDDEN, .section = STATUS,
		.doc = "Null."),
	ROW(job, hyperparameters_name, text, .flags = F_STATUS | F_NULL | F_HIDDEN,
		.section = STATUS, .doc = "Null for a single run."),
	ROW(job, hyperparameters_goal, text, .flags = F_STATUS | F_NULL | F_HIDDEN,
		.section = STATUS, .doc = "Null for a single run."),
	ROW(job, hyperparameters_params, text, .flags = F_STATUS | F_NULL | F_HIDDEN,
		.section = STATUS, .doc = "Null for a single run."),

	ROW_AS(job, "name", job_name, name, .title = "NAME", .width = 24, .flags = F_ALIAS,
		.doc = "Short for job_name."),
	ROW_AS(job, "gpu", gpu_limit, int, .title = "GPU", .width = 3, .flags = F_ALIAS,
		.doc = "Short for gpu_limit."),
	ROW_AS(job, "cpu", cpu_limit, cpu, .title = "CPU", .width = 5, .flags = F_ALIAS,
		.doc = "Short for cpu_limit."),
	ROW_AS(job, "mem", memory_limit, memory, .title = "MEM", .width = 6, .flags = F_ALIAS,
		.doc = "Short for memory_limit."),
	ROW_AS(job, "util", gpu_util, percent, .title = "UTIL", .width = 5, .flags = F_ALIAS,
		.doc = "Short for gpu_util."),
	ROW_AS(job, "why", reason, enum, .title = "WHY", .width = 14, .flags = F_ALIAS,
		.names = work_reason_words, .doc = "Short for reason."),
	ROW_AS(job, "step", progress_step, int, .title = "STEP", .width = 8, .flags = F_ALIAS,
		.of = "progress_total", .doc = "Short for progress_step."),
	ROW_AS(job, "progress", progress_percent, percent, .title = "DONE", .width = 5,
		.flags = F_ALIAS, .doc = "Short for progress_percent."),
	ROW_AS(job, "epoch", progress_epoch, int, .title = "EPOCH", .width = 5, .flags = F_ALIAS,
		.of = "progress_epochs", .doc = "Short for progress_epoch."),
	ROW_AS(job, "eta", progress_eta, duration, .title = "ETA", .width = 6, .flags = F_ALIAS,
		.doc = "Short for progress_eta."),
	ROW_AS(job, "age", create_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was accepted."),
	ROW_AS(job, "org", org_name, text, .title = "ORG", .width = 10, .flags = F_ALIAS,
		.doc = "Short for org_name."),
};
KIND_FITS(fields);

/* A job is a module of a package or a command, never both and never neither. */
static bool job_check_what(const struct job *j, struct err *e)
{
	bool module = j->module_name && *j->module_name;
	bool command = j->command.len > 0;

	if (module && command)
		return err_field(e, ERR_UNPROCESSABLE, "command",
			"command and module_name are both given: a job runs one of them");
	if (!module && !command)
		return err_field(e, ERR_INVALID, "module_name",
			"module_name is needed: the Python module to run (or a command)");
	if (module && (j->trainer_uri == NULL || *j->trainer_uri == '\0'))
		return err_field(e, ERR_INVALID, "trainer_uri",
			"trainer_uri is needed: where the package with module '%s' is",
			j->module_name);
	if (command && (j->command.items[0][0] == '\0'))
		return err_field(e, ERR_INVALID, "command", "command[0] is empty: name a program");
	return true;
}

static bool job_check_patterns(const struct job *j, struct err *e)
{
	struct err why = ERR_INIT;
	struct progress_rules *rules = progress_rules_new(j->progress_patterns.items,
		j->progress_patterns.len, NULL, &why);

	progress_rules_free(rules);
	return rules ||
		err_field(e, ERR_INVALID, "progress_patterns", "progress_patterns: %s", why.text);
}

static bool job_check(const void *record, struct err *e)
{
	const struct job *j = record;

	if (!job_check_what(j, e) || !job_check_patterns(j, e))
		return false;
	if ((j->ps_count > 0 || j->worker_count > 0) && strlen(j->job_name) > 50)
		return err_field(e, ERR_UNPROCESSABLE, "job_name",
			"job_name has %zu characters: a distributed job's may have 50",
			strlen(j->job_name));
	return true;
}

static void job_settle(void *record)
{
	workload_settle(&job_kind, record);
}

void job_what(const struct job *j, struct buf *out)
{
	if (j->module_name && *j->module_name) {
		buf_addf(out, "%s%s%s", j->module_name, j->job_args && *j->job_args ? " " : "",
			j->job_args ? j->job_args : "");
		return;
	}
	for (size_t i = 0; i < j->command.len; i++)
		buf_addf(out, "%s%s", i ? " " : "", j->command.items[i]);
}

/* In the order of menus: the harmless ones last. */
static const struct kind_action actions[] = {
	{
		.name = "cancel",
		.method = "POST",
		.tail = "/cancel",
		.least = ROLE_OPERATOR,
		.asks = ASKS_CONFIRM,
		.key = 'x',
		.from = FROM(WORK_VALIDATED) | FROM(WORK_ENQUEUED) | FROM(WORK_CREATING) |
			FROM(WORK_RUNNING) | FROM(WORK_ENQUEUING) | FROM(WORK_PROCESSING) |
			FROM(WORK_PENDING),
		.not_from = "it is over already",
		.ask = "Stop",
		.doing = "is being cancelled",
		.doc = "Stops the job and keeps its record.",
	},
	ACTION_DELETE(ROLE_OPERATOR, "The record and the logs go too, for ever.",
		"Removes the job with its logs and outputs; a live one is stopped first."),
	{
		.name = "retry",
		.method = "POST",
		.tail = "/retry",
		.least = ROLE_OPERATOR,
		.asks = ASKS_NOTHING,
		.key = 'R',
		.from = FROM(WORK_COMPLETED) | FROM(WORK_FAILED) | FROM(WORK_ERROR),
		.not_from = "only a job that is over can be run again; cancel it first",
		.ask = "Retry",
		.doing = "is run again",
		.doc = "Runs a job that is over once more, as its next attempt.",
	},
	{
		.name = "hold",
		.method = "POST",
		.tail = "/hold",
		.least = ROLE_OPERATOR,
		.asks = ASKS_NOTHING,
		.key = 'h',
		.from = FROM(WORK_VALIDATED) | FROM(WORK_ENQUEUED),
		.flag = "held",
		.flag_set = false,
		.other = "release",
		.not_from = "only a job that waits, and is not held, can be held",
		.ask = "Hold",
		.doing = "is held",
		.doc = "Keeps a job that waits from starting until it is released.",
	},
	{
		.name = "release",
		.method = "POST",
		.tail = "/release",
		.least = ROLE_OPERATOR,
		.asks = ASKS_NOTHING,
		.from = FROM(WORK_ENQUEUED),
		.flag = "held",
		.flag_set = true,
		.not_from = "only a job that is held can be released",
		.ask = "Release",
		.doing = "is released",
		.doc = "Lets a job that is held wait for its turn again.",
	},
};

const struct kind job_kind = {
	.name = "job",
	.plural = "jobs",
	.path = "/cloud_ml/v1/train",
	.doc = "A train job.",
	.can = CAN_LIST | CAN_ONE | CAN_CREATE | CAN_RUN | CAN_METRICS | CAN_STREAM,
	.see = ROLE_VIEWER,
	.make = ROLE_OPERATOR,
	.org_names = true,
	.actions = actions,
	.action_count = ARRAY_SIZE(actions),
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct job),
	.sections = sections,
	.list_fields = "job_name,state,why,gpu,cpu,progress,step,loss,eta,age,owner",
	.wide_fields =
		"job_name,state,why,gpu,cpu,mem,util,cpu_used,memory_used,"
		"progress,epoch,step,loss,metric_value,eta,age,attempt,exit_code,owner,org,node_name",
	.check = job_check,
	.settle = job_settle,
};
