/*
 * Jobs that the engine makes by itself (fake): shown and not stored, for a thousand of them change
 * in a second. Their rows say all there is to know, so the events of one follow from its row, and
 * of all only the newest are kept in memory.
 */
#include "mltopd/platform_inside.h"

#include <stdio.h>
#include <string.h>

const struct org *own_jobs_org(const struct platform *p)
{
	return p->orgs.len && p->engine && p->engine->ops->own_usage ? p->orgs.rows[0] : NULL;
}

bool own_jobs_has(struct platform *p, const char *uid)
{
	return p->engine && p->engine->ops->own_job && p->engine->ops->own_job(p->engine, uid);
}

struct quota_line own_jobs_usage(const struct platform *p, const char *org_id)
{
	const struct org *own = own_jobs_org(p);
	struct quota_line used = {0};

	if (own && strcmp(own->org_id, org_id) == 0)
		p->engine->ops->own_usage(p->engine, &used);
	return used;
}

/* ---- Events ---- */

struct own_event {
	struct event event;
	char uid[ULID_SIZE], text[96];
};

static void make(struct own_event *out, const struct job *j, int64_t at, const char *reason,
	const char *message)
{
	struct event *ev = &out->event;

	*ev = (struct event){.uid = out->uid,
		.org_id = j->org_id,
		.kind = "job",
		.object_uid = j->uid,
		.object_name = j->job_name,
		.type = EVENT_NORMAL,
		.reason = reason,
		.message = message,
		.count = 1,
		.first_time = {at},
		.last_time = {at}};
	for (size_t i = 0; i < event_kind.field_count; i++)
		record_know(&event_kind, ev, event_kind.fields[i].offset);
}

/* What happened to the job by its row, oldest first; returns how many. */
static size_t events_of(const struct job *j, struct own_event out[OWN_EVENTS])
{
	size_t n = 0;

	snprintf(out[n].text, sizeof out[n].text, "accepted from %s", j->owner);
	make(&out[n], j, j->create_time.v, "Submitted", out[n].text);
	n++;
	if (j->state == JOB_ENQUEUED) {
		make(&out[n], j, j->update_time.v, "Enqueued", j->message);
		return n + 1;
	}
	snprintf(out[n].text, sizeof out[n].text, "attempt %lld runs", (long long)j->attempt);
	make(&out[n], j, j->start_time.v, "Started", out[n].text);
	n++;
	if (!job_state_final(j->state))
		return n;
	make(&out[n], j, j->end_time.v, j->state == JOB_COMPLETED ? "Completed" : "Failed",
		j->message && *j->message ? j->message : "it has ended");
	if (j->state == JOB_FAILED && j->reason != REASON_CANCELLED)
		out[n].event.type = EVENT_WARNING;
	return n + 1;
}

void own_jobs_events(const struct job *j, void (*each)(void *ctx, const struct event *ev),
	void *ctx)
{
	struct own_event events[OWN_EVENTS] = {0};
	size_t count = events_of(j, events);

	for (size_t i = 0; i < count; i++)
		each(ctx, &events[i].event);
}

/* The newest one joins those of all; at the start only some do, so that it costs nothing. */
static void tell_newest(struct platform *p, const struct job *j)
{
	struct own_event events[OWN_EVENTS] = {0};
	struct own_event *newest = &events[events_of(j, events) - 1];

	platform_uid(p, newest->uid, newest->event.last_time.v);
	platform_event_show(p, &newest->event);
}

/* ---- Rows ---- */

static bool is_new(const struct job *before)
{
	return before == NULL || before->org_id == NULL || *before->org_id == '\0';
}

static void put(struct platform *p, const struct job *job)
{
	const struct org *own = own_jobs_org(p);
	const struct job *before = rowset_find(&p->jobs, job->uid);
	bool first = is_new(before);
	bool moved = !first && (before->state != job->state || before->attempt != job->attempt);
	size_t some = (size_t)config_int(&p->config, SET_EVENTS_KEPT) / 2;
	const struct job *row;
	struct job j = *job;

	if (own) {
		job_set(&j, org_id, own->org_id);
		job_set(&j, org_name, own->org_name);
	}
	if (own && (moved || (first && p->events.len < some)))
		tell_newest(p, &j);
	row = rowset_put(&p->jobs, &j, NULL); /* from here on: `job` may be a copy of a row */
	if (own && (first || platform_name_uid(p, row->org_id, row->job_name) == NULL))
		platform_name_set(p, row->org_id, row->job_name, row->uid);
	platform_show(p, &job_kind, row->uid);
}

void own_jobs_told(void *ctx, const struct job *job)
{
	struct platform *p = ctx;

	if (platform_active(p, job->uid) == NULL)
		put(p, job);
}

void own_jobs_take(struct platform *p)
{
	if (own_jobs_org(p) == NULL)
		return;
	for (size_t i = 0; i < p->jobs.len; i++) {
		struct job j = *(const struct job *)p->jobs.rows[i];

		if (is_new(&j))
			put(p, &j);
	}
	reconcile_soon(p);
}
