#include "mltopd/platform_inside.h"
#include "work/cursor.h"

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/timefmt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* 0 where there is no such file, or no number in it. */
static int64_t clock_wrong_by(void)
{
	const char *path = getenv("MLTOPD_CLOCK");
	struct buf text = BUF_INIT;
	int64_t ms = 0;

	if (path && fsio_read(path, &text, 32, NULL))
		num_i64(text.data, INT64_MIN / 4, INT64_MAX / 4, &ms);
	buf_release(&text);
	return ms;
}

int64_t platform_now(void)
{
	return time_now_ms() + clock_wrong_by();
}

bool platform_older(struct platform *p, int64_t since, int64_t keep)
{
	int64_t wall = platform_now(), mono = time_mono_ms();
	int64_t step = ages_look(&p->ages, wall, mono);

	if (step)
		log_line(LOG_WARN,
			"the clock was set %s by %lld s: nothing is removed by its age for %d minutes",
			step > 0 ? "ahead" : "back", (long long)(step > 0 ? step : -step) / 1000,
			AGES_QUIET_MS / 60000);
	return ages_older(&p->ages, since, keep, wall, mono);
}

void platform_uid(struct platform *p, char out[ULID_SIZE], int64_t now)
{
	int i = 9;

	if (now > p->uid_ms) {
		p->uid_ms = now;
		if (getrandom(p->uid_random, sizeof p->uid_random, 0) != sizeof p->uid_random)
			abort();
		p->uid_random[0] &= 0x7f; /* room to count on */
	} else {
		while (i >= 0 && ++p->uid_random[i] == 0)
			i--;
	}
	ulid_make(out, p->uid_ms, p->uid_random);
}

/* The loop and the store's thread both come here. */
void platform_fault(const char *point)
{
	static atomic_int times;
	const char *wanted = getenv("MLTOPD_CRASH");
	size_t len = strlen(point);
	long at = 1, wait_ms = 0;
	char *end;

	if (wanted == NULL || strncmp(wanted, point, len) != 0 ||
		(wanted[len] && wanted[len] != ':'))
		return;
	if (wanted[len] == ':') {
		at = strtol(wanted + len + 1, &end, 10);
		wait_ms = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
	}
	if (atomic_fetch_add(&times, 1) + 1 < at)
		return;
	usleep((useconds_t)wait_ms * 1000); /* what others do meanwhile must not matter */
	kill(getpid(), SIGKILL);
}

/* ---- Lookups ---- */

struct active *platform_active(struct platform *p, const char *uid)
{
	return map_get(&p->actives, uid);
}

struct job *platform_work(struct platform *p, const char *uid)
{
	return rowset_find(&p->work, uid);
}

void platform_work_put(struct platform *p, const struct job *j)
{
	rowset_put(&p->work, j, NULL);
}

const struct org *platform_org(struct platform *p, const char *org_id)
{
	return rowset_find(&p->orgs, org_id);
}

const struct org *platform_org_named(struct platform *p, const char *name)
{
	for (size_t i = 0; i < p->orgs.len; i++) {
		const struct org *o = p->orgs.rows[i];

		if (strcmp(o->org_name, name) == 0)
			return o;
	}
	return NULL;
}

const char *platform_name_uid(struct platform *p, const char *org_id, const char *name)
{
	return set_name_uid(sets_of(&p->sets, &job_kind), org_id, name);
}

void platform_name_set(struct platform *p, const char *org_id, const char *name, const char *uid)
{
	set_name_take(sets_of(&p->sets, &job_kind), org_id, name, uid);
}

void platform_name_clear(struct platform *p, const char *org_id, const char *name, const char *uid)
{
	set_name_give(sets_of(&p->sets, &job_kind), org_id, name, uid);
}

const struct job *platform_job(struct platform *p, const char *org_id, const char *name_or_uid)
{
	const char *uid = platform_name_uid(p, org_id, name_or_uid);
	const struct job *j = rowset_find(&p->jobs, uid ? uid : name_or_uid);

	return j && j->org_id && strcmp(j->org_id, org_id) == 0 ? j : NULL;
}

const struct key *platform_key(struct platform *p, const char *access_key)
{
	return rowset_find(&p->keys, access_key);
}

/* In memory only: a request must not cost a commit. Shown with the list of keys. */
void platform_key_used(struct platform *p, const char *access_key, int64_t now)
{
	struct key *k = rowset_find(&p->keys, access_key);

	platform_used(p);
	if (k == NULL || now - k->last_used.v < 60 * 1000)
		return;
	k->last_used.v = now;
	record_know(&key_kind, k, offsetof(struct key, last_used));
}

const struct rowset *platform_rows(struct platform *p, const struct kind *k)
{
	const struct set *set = sets_of(&p->sets, k);

	return set ? set->rows : NULL;
}

bool platform_visible(const struct principal *who, const struct kind *k, const void *row,
	const char *org)
{
	static const char all_orgs[] = "-1";
	const struct field *f = kind_field(k, "org_id");
	const char *of = f ? record_text(row, f) : "";
	bool all = who->role == ROLE_ADMIN || (who->role == ROLE_QUOTA_ADMIN && k == &quota_kind);

	if (k == &key_kind && who->role != ROLE_ADMIN)
		return false;
	if (f == NULL)
		return who->role >= (enum role)k->see; /* of the platform, not of an org */
	if (org == NULL || *org == '\0')
		return strcmp(of, who->org_id) == 0;
	if (strcmp(org, all_orgs) == 0)
		return all || strcmp(of, who->org_id) == 0;
	return strcmp(of, org) == 0 && (all || strcmp(of, who->org_id) == 0);
}

uint64_t platform_version(const struct platform *p)
{
	return p->version;
}

const struct server_limits *platform_limits(const struct platform *p)
{
	return &p->limits;
}

bool platform_ready(const struct platform *p, struct err *e)
{
	if (!store_ready(p->store, e))
		return false;
	if (!p->opened || p->closing)
		return err_set(e, ERR_UNAVAILABLE, "mltopd is %s",
			p->closing ? "stopping" : "starting");
	return true;
}

void job_samples_copy(struct job *to, const struct job *from)
{
	for (size_t i = 0; i < job_kind.field_count; i++) {
		const struct field *f = &job_kind.fields[i];

		if (!(f->flags & F_SAMPLE) || (f->flags & F_ALIAS))
			continue;
		memcpy((char *)to + f->offset, (const char *)from + f->offset, f->size);
		if (record_knows(&job_kind, from, f))
			record_know(&job_kind, to, f->offset);
		else
			record_forget(&job_kind, to, f->offset);
	}
}

void platform_show(struct platform *p, const struct kind *k, const char *uid)
{
	if (p->hub)
		hub_changed(p->hub, k, uid);
}

/* ---- Logs by job ---- */

struct log_cursor *platform_log_open(struct platform *p, const struct job *j, const char *task,
	int attempt, void (*ready)(void *ctx), void *ctx, struct err *e)
{
	int newest = (int)j->attempt;

	if (task && *task && strcmp(task, task_single) != 0) {
		err_set(e, ERR_NOT_FOUND, "job %s has no task %s", j->job_name, task);
		return NULL;
	}
	if (attempt == 0)
		attempt = newest;
	if (attempt < 1 || attempt > newest) {
		err_set(e, ERR_NOT_FOUND,
			newest > 0 ? "job %s has no attempt %d" : "job %s has not started yet",
			j->job_name, attempt);
		return NULL;
	}
	return log_cursor_open(&p->engine, &(struct task_ref){j->uid, task_single, attempt}, ready,
		ctx);
}

const struct task *platform_task(struct platform *p, const char *job_uid, const char *task,
	int attempt)
{
	char uid[128];

	snprintf(uid, sizeof uid, "%s/%s/%d", job_uid, task && *task ? task : task_single, attempt);
	return rowset_find(&p->tasks, uid);
}

/* ---- Idleness of the private platform ---- */

void platform_used(struct platform *p)
{
	p->last_use = time_mono_ms();
}
