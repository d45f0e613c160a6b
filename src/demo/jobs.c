/* Jobs of a made-up platform, with their tasks and events. */
#include "demo/world.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * What is known of a job follows from how it stands. It is found out for one of each kind of them:
 * with very many jobs that is a third of the time that their rows take.
 */
#undef job_set
#define job_set(j, member, value)                                \
	((j)->member = (value),                                  \
		CONTAINER_OF(j, struct world_row, job)->is_known \
			? (void)0                                \
			: record_know(&job_kind, (j), ROW_OFFSET(job, j, member)))

static struct record *known_of(struct world_row *r, const struct made *m, enum work_reason why,
	const struct made_said *said)
{
	int told = (said->phase != NULL) + (said->step > 0) + (said->epoch > 0);

	return &r->known[(m->class * 4 + (m->gpus > 0) * 2 +
				 (why != REASON_NONE && why != REASON_EXIT_CODE)) *
			4 +
		told];
}

static const char *pick(const struct made *m, uint64_t salt, const char *const *words, size_t count)
{
	return words[made_of(m, salt) % count];
}

const char *world_owner(size_t n)
{
	static const char *const owners[WORLD_OWNERS] = {"li", "chen", "wang", "garcia", "novak",
		"okafor", "sato"};

	return owners[n];
}

static void job_asked_for(const struct made *m, struct world_row *r)
{
	static const char *const modules[] = {"digits.train", "vision.resnet50", "vision.detect",
		"text.bert_finetune", "text.llm_pretrain", "speech.asr", "rank.dlrm", "rl.ppo"};
	static const char *const given[] = {"hf-token=HF_TOKEN", "s3-credentials"};
	static const char *const teams[] = {"vision", "language", "speech", "ranking"};
	const char *const words[] = {"python3", "-m", pick(m, 23, modules, ARRAY_SIZE(modules)),
		"--seed", r->args};
	struct job *job = &r->job;

	snprintf(r->args, sizeof r->args, "%u", m->index);
	memcpy(r->words, words, sizeof words);
	r->label = (struct label){"team", pick(m, 24, teams, ARRAY_SIZE(teams))};
	job_set(job, owner, world_owner(made_of(m, 22) % WORLD_OWNERS));
	job_set(job, command, ((struct strings){.items = r->words, .len = ARRAY_SIZE(words)}));
	job_set(job, labels, ((struct labels){.items = &r->label, .len = 1}));
	job_set(job, priority, (int64_t)(made_of(m, 25) % 8 == 0 ? 10 : 0));
	/* Of those that are over: each start of one that has some is in the audit. */
	if (m->class > MADE_WAITING)
		job_set(job, secrets,
			((struct strings){given, 1 + made_of(m, 27) % ARRAY_SIZE(given)}));
	job_set(job, cpu_limit, (struct mcpu){made_cpu(m->gpus)});
	job_set(job, memory_limit, (struct bytes){made_memory(m->gpus)});
	job_set(job, gpu_limit, m->gpus);
	job_set(job, tasks, 1);
	/* Most of what runs comes again, so that a platform that is looked at for long stays alive. */
	job_set(job, restart_policy,
		made_of(m, 26) % 4 && m->class <= MADE_WAITING ? RESTART_ALWAYS : RESTART_NEVER);
	job_set(job, max_attempts, job->restart_policy == RESTART_ALWAYS ? 1000 : 1);
}

enum work_reason world_why(const struct made *m)
{
	static const uint8_t reasons[] = {REASON_EXIT_CODE, REASON_EXIT_CODE, REASON_EXIT_CODE,
		REASON_OOM_KILLED, REASON_SIGNAL, REASON_CANCELLED, REASON_CANCELLED};

	return (enum work_reason)reasons[made_of(m, 9) % ARRAY_SIZE(reasons)];
}

const char *world_why_text(enum work_reason why)
{
	switch (why) {
	case REASON_EXIT_CODE: return "exit code 1";
	case REASON_OOM_KILLED: return "used more memory than its memory_limit";
	case REASON_SIGNAL: return "ended by signal 11 (Segmentation fault)";
	case REASON_CANCELLED: return "stopped on request, by signal 15";
	default: return "";
	}
}

static void job_over(const struct made *m, struct job *job)
{
	enum work_reason why = m->class == MADE_FAILED ? world_why(m) : REASON_NONE;

	job_set(job, state, m->class == MADE_FAILED ? WORK_FAILED : WORK_COMPLETED);
	job_set(job, reason, why);
	job_set(job, message, world_why_text(why));
	job_set(job, end_time, (struct when){made_end(m)});
	job_set(job, update_time, (struct when){made_end(m)});
	if (why == REASON_NONE || why == REASON_EXIT_CODE)
		job_set(job, exit_code, why == REASON_EXIT_CODE);
	else
		job_set(job, signal, why == REASON_OOM_KILLED ? 9 : why == REASON_SIGNAL ? 11 : 15);
}

static void job_use(const struct made *m, struct job *job)
{
	struct made_use use;

	made_use(&use, m->gpus, 60 + 39 * made_unit(made_of(m, 14)));
	job_set(job, cpu_used, (struct percent){use.cpu});
	job_set(job, memory_used, (struct bytes){use.memory});
	if (!isnan(use.gpu))
		job_set(job, gpu_util, (struct percent){use.gpu});
}

/* As the reader of the log would have it. */
static void job_progress(const struct world *w, const struct made *m, const struct made_said *said,
	struct job *job)
{
	struct made_log log = made_log(m, 1);
	int64_t bytes = (int64_t)made_log_length(log.total, made_step(m, w->now));

	job_set(job, log_bytes, (struct bytes){bytes});
	if (said->phase == NULL)
		return;
	job_set(job, source, "log");
	if (m->class == MADE_RUNNING)
		job_set(job, phase, said->phase);
	if (said->step == 0)
		return;
	job_set(job, progress_step, said->step);
	job_set(job, progress_total, log.total);
	job_set(job, progress_percent,
		(struct percent){round(1000.0 * (double)said->step / (double)log.total) / 10});
	job_set(job, loss, said->loss);
	if (said->epoch > 0) {
		job_set(job, progress_epoch, said->epoch);
		job_set(job, progress_epochs, MADE_EPOCHS);
		job_set(job, metric_name, "acc");
		job_set(job, metric_value, said->acc);
	}
	if (m->class != MADE_RUNNING)
		return;
	job_set(job, progress_rate, log.rate);
	job_set(job, progress_eta,
		(struct ms){(int64_t)((double)(log.total - said->step) / log.rate * 1000)});
}

static void job_ran(const struct world *w, const struct made *m, const struct made_said *said,
	const char *node, struct job *job)
{
	job_set(job, start_time, (struct when){made_start(m)});
	job_set(job, update_time, (struct when){made_start(m)});
	job_set(job, node_name, node);
	job_progress(w, m, said, job);
	if (m->class == MADE_RUNNING)
		job_use(m, job);
	else
		job_over(m, job);
}

static struct made_said said_by(const struct made *m, int64_t now)
{
	struct made_said said = {0};

	if (m->class != MADE_WAITING) {
		struct made_log log = made_log(m, 1);

		made_said(&said, &log, made_step(m, now));
	}
	return said;
}

void world_job_row(const struct world *w, const struct world_job *j, struct world_row *r)
{
	const struct world_org *o = world_org_of(w, &j->made);
	const struct made *m = &j->made;
	struct job *job = &r->job;
	struct made_said said = said_by(m, w->now);
	struct record *known = known_of(r, m, m->class == MADE_FAILED ? world_why(m) : REASON_NONE,
		&said);

	memset(job, 0, sizeof *job);
	r->is_known = memcmp(known, &job->record, sizeof *known) != 0;
	job->record = *known;
	snprintf(r->name, sizeof r->name, WORLD_NAME, m->index);
	job_set(job, uid, j->uid);
	job_set(job, job_name, r->name);
	job_set(job, org_id, o->id);
	job_set(job, org_name, o->name);
	job_set(job, attempt, 1);
	job_set(job, limits_enforced, ENFORCED_NONE);
	job_set(job, create_time, (struct when){m->create});
	job_set(job, update_time, (struct when){m->create});
	job_asked_for(m, r);
	job_set(job, state, m->class == MADE_WAITING ? WORK_ENQUEUED : WORK_RUNNING);
	made_node(r->node, j->node);
	if (m->class != MADE_WAITING)
		job_ran(w, m, &said, r->node, job);
	*known = job->record;
}

/* ---- Events ---- */

static void event_fill(const struct world *w, const struct world_job *j, struct world_row *r,
	int64_t at, const char *reason, enum event_type type)
{
	struct event *ev = &r->event;
	const struct made own = {.index = j->made.index, .seed = (uint32_t)at & 0xFFFFFF};
	uint64_t words[2] = {made_of(&own, 60), made_of(&own, 61)};
	uint8_t random[10];

	memcpy(random, words, sizeof random);
	ulid_make(r->uid, at, random);
	snprintf(r->name, sizeof r->name, WORLD_NAME, j->made.index);
	*ev = (struct event){.uid = r->uid,
		.org_id = world_org_of(w, &j->made)->id,
		.kind = "job",
		.object_uid = j->uid,
		.object_name = r->name,
		.type = type,
		.reason = reason,
		.message = r->message,
		.count = 1,
		.first_time = {at},
		.last_time = {at}};
	for (size_t i = 0; i < event_kind.field_count; i++)
		record_know(&event_kind, ev, event_kind.fields[i].offset);
}

bool world_event_row(const struct world *w, const struct world_job *j, size_t n,
	struct world_row *r)
{
	const struct made *m = &j->made;
	enum work_reason why = m->class == MADE_FAILED ? world_why(m) : REASON_NONE;

	if (n == 0) {
		r->is_known = true; /* nobody asks */
		job_asked_for(m, r);
		snprintf(r->message, sizeof r->message, "accepted from %s", r->job.owner);
		event_fill(w, j, r, m->create, "Submitted", EVENT_NORMAL);
		return true;
	}
	if (n == 1 && m->class == MADE_WAITING) {
		snprintf(r->message, sizeof r->message, "waits for its turn");
		event_fill(w, j, r, m->create + 1, "Enqueued", EVENT_NORMAL);
		return true;
	}
	if (n == 1) {
		snprintf(r->message, sizeof r->message, "attempt 1 runs");
		event_fill(w, j, r, made_start(m), "Started", EVENT_NORMAL);
		return true;
	}
	if (n > 2 || m->class == MADE_RUNNING || m->class == MADE_WAITING)
		return false;
	snprintf(r->message, sizeof r->message, "%s",
		why == REASON_NONE ? "it has ended" : world_why_text(why));
	event_fill(w, j, r, made_end(m) + 1, m->class == MADE_FAILED ? "Failed" : "Completed",
		why == REASON_NONE || why == REASON_CANCELLED ? EVENT_NORMAL : EVENT_WARNING);
	return true;
}
