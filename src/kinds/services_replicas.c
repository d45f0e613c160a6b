/* Rows of replicas: made of their service's, and removed. */
#include "core/kinds/replica.h"
#include "kinds/kinds.h"
#include "kinds/services_inside.h"

#include "base/mem.h"
#include "work/spendings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Made ---- */

static const char *text_of(struct arena *a, int64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)n);
	return arena_strdup(a, text);
}

/* What the service says, and what the platform gives. */
static struct labels env_of(const struct service *s, int64_t port, struct arena *a)
{
	struct label *all = arena_alloc(a, (s->env.len + 4) * sizeof *all);
	size_t n = s->env.len;

	for (size_t i = 0; i < n; i++)
		all[i] = s->env.items[i];
	all[n++] = (struct label){"MODEL_NAME", s->model_name};
	if (s->model_uri && *s->model_uri)
		all[n++] = (struct label){"MODEL_URI", s->model_uri};
	all[n++] = (struct label){"MODEL_VERSION", s->model_version ? s->model_version : ""};
	all[n++] = (struct label){"PORT", text_of(a, port)};
	return (struct labels){all, n};
}

static void whose_fill(struct replica *r, const struct service *s, int64_t now)
{
	record_set(replica, r, parent, s->uid);
	record_set(replica, r, parent_kind, service_kind.name);
	record_set(replica, r, org_id, s->org_id);
	record_set(replica, r, org_name, s->org_name);
	record_set(replica, r, owner, s->owner);
	record_set(replica, r, create_time, (struct when){now});
	record_set(replica, r, update_time, (struct when){now});
	record_set(replica, r, state, WORK_VALIDATED);
	record_set(replica, r, attempt, 0);
}

/* As it is asked of the engine; texts borrow from the service and `a`. */
static void program_fill(struct replica *r, const struct service *s, int64_t port, struct arena *a)
{
	record_set(replica, r, port, port);
	record_set(replica, r, command, s->command);
	record_set(replica, r, env, env_of(s, port, a));
	if (s->work_dir && *s->work_dir)
		record_set(replica, r, work_dir, s->work_dir);
	if (s->cpu_limit.v > 0)
		record_set(replica, r, cpu_limit, s->cpu_limit);
	if (s->memory_limit.v > 0)
		record_set(replica, r, memory_limit, s->memory_limit);
	record_set(replica, r, gpu_limit, s->gpu_limit);
	record_set(replica, r, priority, s->priority);
	record_set(replica, r, stop_grace, s->stop_grace);
}

static void name_fill(struct replica *r, const struct service *s, int64_t index, struct arena *a)
{
	struct buf name = BUF_INIT;

	buf_addf(&name, "%s.replica-%lld", s->model_name, (long long)index);
	record_set(replica, r, replica_name, arena_strdup(a, name.data));
	record_set(replica, r, index, index);
	record_set(replica, r, generation, s->generation);
	buf_release(&name);
}

bool replica_possible(struct platform *p, const struct service *s, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct replica r = {0};
	bool good;

	whose_fill(&r, s, 0);
	program_fill(&r, s, 1, &a);
	name_fill(&r, s, 0, &a);
	good = reconcile_possible(&p->work, &replica_kind, &r, e);
	arena_release(&a);
	return good;
}

/* Whose change was not stored. */
struct making_one {
	struct platform *p;
	char uid[ULID_SIZE];
};

static void replica_stored(void *ctx, bool ok, const struct err *e)
{
	struct making_one *m = ctx;
	struct active *a = work_active(&m->p->work, m->uid);

	(void)e;
	if (!ok && a)
		active_free(a);
	reconcile_soon(&m->p->work);
	free(m);
}

void replica_make(struct services *all, const struct service *s, int64_t index)
{
	struct platform *p = all->p;
	struct making_one *m;
	struct arena a = ARENA_INIT;
	struct replica r = {0};
	int port = port_choose(all);
	struct change *c;

	if (port == 0)
		return; /* all are taken: the next look tries again */
	m = mem_alloc(sizeof *m);
	m->p = p;
	model_uid(&p->model, m->uid, model_now());
	record_set(replica, &r, uid, m->uid);
	whose_fill(&r, s, model_now());
	program_fill(&r, s, port, &a);
	name_fill(&r, s, index, &a);
	c = change_new(&p->model);
	reconcile_accept(&p->work, c, &replica_kind, (struct workload *)&r);
	change_then(c, replica_stored, m);
	change_commit(c);
	arena_release(&a);
}

/* ---- Removed ---- */

struct removing_one {
	struct platform *p;
	char uid[ULID_SIZE];
	char *org_name;
};

static struct removing_one *removing(struct platform *p, const struct workload *row)
{
	struct removing_one *m = mem_alloc(sizeof *m);

	m->p = p;
	snprintf(m->uid, sizeof m->uid, "%s", row->uid);
	m->org_name = mem_strdup(row->org_name);
	return m;
}

static void removed(struct removing_one *m)
{
	free(m->org_name);
	free(m);
}

static void wish_stored(void *ctx, bool ok, const struct err *e)
{
	struct removing_one *m = ctx;
	struct active *a = work_active(&m->p->work, m->uid);

	if (a)
		reconcile_wished(a, ok, e, "");
	reconcile_soon(&m->p->work);
	removed(m);
}

static void row_removed(void *ctx, bool ok, const struct err *e)
{
	struct removing_one *m = ctx;

	(void)e;
	if (ok && m->p->work.engine)
		m->p->work.engine->ops->forget(m->p->work.engine, m->uid, m->org_name);
	removed(m);
}

void replica_remove(struct platform *p, const char *uid)
{
	const struct workload *row = model_row(&p->model, &replica_kind, uid);
	struct active *a = work_active(&p->work, uid);
	struct change *c;

	/* One whose last change is on its way is looked at again. */
	if (row == NULL || change_in_flight(&p->model, &replica_kind, uid) ||
		(a && (a->life.wish == WISH_DELETE || a->life.at == AT_OVER)))
		return;
	c = change_new(&p->model);
	if (a)
		reconcile_delete(c, a);
	else
		workload_row_remove(&p->work, c, &replica_kind, row);
	change_then(c, a ? wish_stored : row_removed, removing(p, row));
	change_commit(c);
}

bool replicas_left(struct platform *p)
{
	const struct rowset *rows = model_rows(&p->model, &replica_kind);
	bool any = false;

	for (size_t i = rows->len; i-- > 0;) {
		const struct replica *r = rows->rows[i];

		if (model_row(&p->model, &service_kind, r->parent) != NULL)
			continue;
		any = true;
		replica_remove(p, r->uid);
	}
	return any;
}
