#include "engine/fake/fake.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Texts of a row live here for the time of the call. */
struct row {
	struct job job;
	char name[64], args[128], message[200];
	struct label label;
};

static const char *pick(const struct fake *f, const struct fake_job *j, uint64_t salt,
	const char *const *words, size_t count)
{
	return words[fake_hash(f->seed, j->index, salt) % count];
}

static void tell_what(const struct fake *f, const struct fake_job *j, struct row *r)
{
	static const char *const modules[] = {"digits.train", "vision.resnet50", "vision.detect",
		"text.bert_finetune", "text.llm_pretrain", "speech.asr", "rank.dlrm", "rl.ppo"};
	static const char *const owners[] = {"li", "chen", "wang", "garcia", "novak", "okafor",
		"sato"};
	static const char *const teams[] = {"vision", "language", "speech", "ranking"};
	struct job *job = &r->job;

	snprintf(r->args, sizeof r->args, "--seed %u --lr %.0e --batch %u", j->index,
		1e-5 * (double)(1 + fake_hash(f->seed, j->index, 20) % 300),
		16u << fake_hash(f->seed, j->index, 21) % 5);
	job_set(job, owner, pick(f, j, 22, owners, ARRAY_SIZE(owners)));
	job_set(job, module_name, pick(f, j, 23, modules, ARRAY_SIZE(modules)));
	job_set(job, trainer_uri, "package://demo");
	job_set(job, job_args, r->args);
	r->label = (struct label){"team", pick(f, j, 24, teams, ARRAY_SIZE(teams))};
	job_set(job, labels, ((struct labels){.items = &r->label, .len = 1}));
	job_set(job, priority, (int64_t)(fake_hash(f->seed, j->index, 25) % 8 == 0 ? 10 : 0));
	job_set(job, cpu_limit, fake_cpu(j));
	job_set(job, memory_limit, fake_memory(j));
	job_set(job, tasks, 1);
	job_set(job, restart_policy, RESTART_NEVER);
	job_set(job, max_attempts, 1);
}

static void say_waiting(const struct fake *f, const struct fake_job *j, struct row *r)
{
	size_t total = f->machine.gpu_count, left = f->gpus_free;

	if (j->reason == REASON_GPU)
		snprintf(r->message, sizeof r->message, "needs %d GPU%s: %zu of %zu %s free",
			j->gpus, j->gpus == 1 ? "" : "s",
			left < j->gpus ? left : (size_t)j->gpus - 1, total,
			left == 1 ? "is" : "are");
	else if (j->reason == REASON_QUOTA)
		snprintf(r->message, sizeof r->message, "the org may use %zu GPUs and uses %zu",
			total, total - left);
	else if (j->reason == REASON_PRIORITY)
		snprintf(r->message, sizeof r->message,
			"needs %d GPU%s: what is free is kept for a job that has waited longer",
			j->gpus, j->gpus == 1 ? "" : "s");
	else
		snprintf(r->message, sizeof r->message, "is held: release it to let it run");
}

static void say_done(const struct fake_job *j, struct row *r)
{
	if (j->reason == REASON_EXIT_CODE)
		snprintf(r->message, sizeof r->message, "ended with exit code %d", j->exit_code);
	else if (j->reason == REASON_OOM_KILLED)
		snprintf(r->message, sizeof r->message, "passed its memory_limit and was ended");
	else if (j->reason == REASON_SIGNAL)
		snprintf(r->message, sizeof r->message, "was ended by signal %d", j->signal);
	else if (j->reason == REASON_CANCELLED)
		snprintf(r->message, sizeof r->message, "was cancelled");
}

static void tell_state(const struct fake *f, const struct fake_job *j, struct row *r)
{
	struct job *job = &r->job;

	if (j->state == JOB_ENQUEUED)
		say_waiting(f, j, r);
	else if (j->state == JOB_FAILED)
		say_done(j, r);
	job_set(job, state, j->state);
	job_set(job, reason, j->reason);
	job_set(job, message, r->message);
	job_set(job, attempt, j->attempt);
	job_set(job, gpu_limit, j->gpus);
	job_set(job, limits_enforced, ENFORCED_NONE);
	job_set(job, create_time, (struct when){j->create});
	job_set(job, update_time, (struct when){j->end ? j->end : j->start ? j->start : j->create});
	if (j->start)
		job_set(job, start_time, (struct when){j->start});
	if (j->start)
		job_set(job, node_name, f->machine.name);
	if (j->end) {
		job_set(job, end_time, (struct when){j->end});
		job_set(job, exit_code, j->exit_code);
		job_set(job, signal, j->signal);
	}
}

static void tell_progress(const struct fake *f, const struct fake_job *j, struct row *r)
{
	struct job *job = &r->job;
	int64_t step = (int64_t)j->step;
	double loss = fake_loss(f, j->index, j->attempt, j->step);

	job_set(job, progress_step, step);
	job_set(job, progress_total, j->total);
	job_set(job, progress_epoch, step * 10 / j->total + 1);
	job_set(job, loss, loss);
	job_set(job, metric_name, "acc");
	job_set(job, metric_value, 1 / (1 + loss));
	job_set(job, log_bytes, (struct bytes){(int64_t)fake_log_length(j->total, j->step)});
	if (j->state != JOB_RUNNING)
		return;
	job_set(job, progress_rate, j->rate);
	job_set(job, progress_eta,
		(struct ms){(int64_t)((double)(j->total - step) / j->rate * 1000)});
	job_set(job, cpu_used, (struct percent){j->util * (j->gpus ? 1.6 * j->gpus : 1.9)});
	job_set(job, memory_used,
		(struct bytes){
			(int64_t)((j->gpus ? 20.0 * j->gpus : 3.0) * j->util / 80 * (1 << 30))});
	if (j->gpus)
		job_set(job, gpu_util, (struct percent){j->util});
}

void fake_tell(struct fake *f, const struct fake_job *j)
{
	struct row r = {0};

	snprintf(r.name, sizeof r.name, "demo-job-%05u", j->index);
	job_set(&r.job, uid, j->uid);
	job_set(&r.job, job_name, r.name);
	tell_what(f, j, &r);
	tell_state(f, j, &r);
	if (j->start)
		tell_progress(f, j, &r);
	f->events.fake_job(f->events.ctx, &r.job);
}
