/* One service: its replicas brought to what is wanted, and its row to what there is. */
#include "balance/probe.h"
#include "base/mem.h"
#include "core/kinds/kinds.h"
#include "core/kinds/replica.h"
#include "kinds/kinds.h"
#include "kinds/services_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PROBE_MS = 500,          /* between two questions to one that is not ready */
	PROBE_SERVING_MS = 2000, /* and to one that serves */
	PROBE_MOST_MS = 2000,
	PROBE_FAILS = 3, /* of one that serves: it is ready no more */
	COUNT_MS = 2000, /* over so long rates are taken */
};

/* ---- Replicas as they are ---- */

static void enters(struct standing *st, enum replica_stage stage)
{
	st->stage = stage;
	st->since = reconcile_now();
	st->drained = false;
	st->fails = 0;
}

static void backend_leave(struct standing *st)
{
	if (st->backend != NULL)
		balancer_remove(st->backend);
	st->backend = NULL;
}

void standing_free(struct standing *st)
{
	struct standing **at = &st->of->replicas;

	while (*at != st)
		at = &(*at)->next;
	*at = st->next;
	backend_leave(st);
	if (st->probe != NULL)
		probe_stop(st->probe);
	free(st);
}

static struct standing *standing_of(struct serving *sv, const struct replica *r)
{
	struct standing *st = sv->replicas;

	while (st != NULL && strcmp(st->uid, r->uid) != 0)
		st = st->next;
	if (st != NULL)
		return st;
	st = mem_alloc(sizeof *st);
	st->of = sv;
	snprintf(st->uid, sizeof st->uid, "%s", r->uid);
	st->port = (int)r->port;
	st->index = r->index;
	st->generation = (uint64_t)r->generation;
	st->next = sv->replicas;
	sv->replicas = st;
	enters(st, REPLICA_WAITING);
	return st;
}

/* What its life says; who of those that run serves, is known here. */
static void standing_see(struct standing *st, const struct replica *row)
{
	const struct active *a = work_active(&st->of->of->p->work, row->uid);
	const struct workload *w = a ? a->work : (const struct workload *)row;
	bool gone = a == NULL || a->life.wish == WISH_DELETE || w->state == WORK_DELETING;
	bool runs = !gone && w->state == WORK_RUNNING;

	st->there = true;
	if (!runs || w->attempt != st->attempt)
		backend_leave(st);
	if (gone && st->stage != REPLICA_STOPPING)
		enters(st, REPLICA_STOPPING);
	else if (!gone && !runs && st->stage != REPLICA_STOPPING && st->stage != REPLICA_WAITING)
		enters(st, REPLICA_WAITING);
	else if (runs && (st->stage == REPLICA_WAITING || w->attempt != st->attempt))
		enters(st, REPLICA_STARTING);
	if (!gone && !runs)
		snprintf(st->why, sizeof st->why, "%s",
			w->message && *w->message ? w->message : "is being started");
	st->attempt = w->attempt;
}

static void see_all(struct serving *sv)
{
	const struct rowset *rows = model_rows(&sv->of->p->model, &replica_kind);
	struct standing *next;

	for (struct standing *st = sv->replicas; st != NULL; st = st->next)
		st->there = false;
	for (size_t i = 0; i < rows->len; i++) {
		const struct replica *r = rows->rows[i];

		if (strcmp(r->parent, sv->uid) == 0)
			standing_see(standing_of(sv, r), r);
	}
	for (struct standing *st = sv->replicas; st != NULL; st = next) {
		next = st->next;
		if (!st->there)
			standing_free(st);
	}
}

/* ---- Ready ---- */

static void is_ready(struct standing *st)
{
	st->fails = 0;
	st->why[0] = '\0';
	if (st->stage != REPLICA_STARTING)
		return;
	st->backend = balancer_add(st->of->balancer, st->port, st);
	if (st->backend != NULL)
		enters(st, REPLICA_SERVING);
	services_soon(st->of->of->p);
}

/* One that serves may be too busy to answer once or twice. What it has in hand, it finishes. */
static void is_not_ready(struct standing *st, int status, const char *why)
{
	if (status > 0)
		snprintf(st->why, sizeof st->why, "answers %d when it is asked whether it is ready",
			status);
	else
		snprintf(st->why, sizeof st->why, "%s", why);
	if (st->stage != REPLICA_SERVING || ++st->fails < PROBE_FAILS)
		return;
	balancer_drain(st->backend);
	st->backend = NULL;
	enters(st, REPLICA_STARTING);
	services_soon(st->of->of->p);
}

static void probe_answered(void *ctx, int status, const char *body, size_t len, const char *why)
{
	struct standing *st = ctx;

	(void)body;
	(void)len;
	st->probe = NULL;
	if (status == PROBE_CONNECTED || (status >= 200 && status < 300))
		is_ready(st);
	else
		is_not_ready(st, status, why);
}

static void probe(struct standing *st, const struct service *s, int64_t now)
{
	bool serves = st->stage == REPLICA_SERVING;

	if ((!serves && st->stage != REPLICA_STARTING) || st->probe != NULL ||
		now - st->probed < (serves ? PROBE_SERVING_MS : PROBE_MS))
		return;
	st->probed = now;
	st->probe = probe_start(st->of->of->p->loop,
		&(struct probe_asks){.port = st->port,
			.mark = st->of->mark,
			.path = s->ready_path && *s->ready_path ? s->ready_path : NULL,
			.most_ms = PROBE_MOST_MS,
			.answered = probe_answered,
			.ctx = st});
}

/* ---- What is to be done ---- */

static struct standing *with_index(struct serving *sv, int64_t index)
{
	struct standing *st = sv->replicas;

	while (st != NULL && st->index != index)
		st = st->next;
	return st;
}

static void drain(struct standing *st)
{
	enters(st, REPLICA_DRAINING);
	balancer_drain(st->backend);
}

static void stop(struct standing *st)
{
	backend_leave(st);
	enters(st, REPLICA_STOPPING);
}

static void carry_out(struct serving *sv, const struct service *s, const struct replica_action *a)
{
	struct standing *st = with_index(sv, a->index);

	if (a->verb == REPLICA_MAKE)
		replica_make(sv->of, s, a->index);
	else if (st != NULL && a->verb == REPLICA_DRAIN)
		drain(st);
	else if (st != NULL)
		stop(st); /* one that does not become ready is made anew, at another port */
}

static void plan_and_do(struct serving *sv, const struct service *s, int64_t now)
{
	const struct replicas_wanted wanted = {.count = s->replicas,
		.generation = (uint64_t)s->generation,
		.surge = 1,
		.start_deadline = s->start_deadline.v,
		.drain_most = s->stop_grace.v};
	struct replicas_plan *plan = mem_alloc(sizeof *plan);
	struct replica_seen seen[REPLICAS_SEEN_MOST];
	size_t count = 0;

	for (struct standing *st = sv->replicas; st != NULL && count < REPLICAS_SEEN_MOST;
		st = st->next)
		seen[count++] = (struct replica_seen){st->index, st->generation, st->stage,
			st->since, st->drained};
	replicas_plan(plan, &wanted, seen, count, now);
	for (size_t i = 0; i < plan->count; i++)
		carry_out(sv, s, &plan->actions[i]);
	free(plan);
}

/* ---- What the rows say ---- */

static void ready_show(struct model *m, const struct standing *st)
{
	bool ready = st->stage == REPLICA_SERVING;
	struct replica *row = model_row(m, &replica_kind, st->uid);
	struct replica *moving = (struct replica *)model_moving(m, &replica_kind, st->uid);

	if (row == NULL || (record_has(replica, row, ready) && row->ready == ready))
		return;
	record_set(replica, row, ready, ready);
	if (moving != NULL)
		record_set(replica, moving, ready, ready);
	model_show(m, &replica_kind, st->uid);
}

/* The first of those that are not ready tells why. */
static void why_of(const struct serving *sv, const struct service *s, char *out, size_t size)
{
	const struct standing *first = NULL;

	out[0] = '\0';
	for (const struct standing *st = sv->replicas; st != NULL; st = st->next)
		if (st->stage <= REPLICA_STARTING && st->why[0] != '\0' &&
			(first == NULL || st->index < first->index))
			first = st;
	if (!sv->listens)
		snprintf(out, size, "its address cannot be opened: another program has its port");
	else if (first != NULL && s->replicas > 0)
		snprintf(out, size, "replica-%lld %s", (long long)first->index, first->why);
}

static void count_replicas(const struct serving *sv, struct service *s)
{
	int64_t ready = 0, updated = 0;

	for (const struct standing *st = sv->replicas; st != NULL; st = st->next) {
		ready += st->stage == REPLICA_SERVING;
		updated += st->stage == REPLICA_SERVING &&
			st->generation == (uint64_t)s->generation;
	}
	record_set(service, s, ready_replicas, ready);
	record_set(service, s, updated_replicas, updated);
	record_set(service, s, state,
		s->replicas == 0 && sv->replicas == NULL    ? WORK_COMPLETED
			: ready >= s->replicas && ready > 0 ? WORK_RUNNING
							    : WORK_CREATING);
}

/* Two digits are enough for a person, and change less often. */
static double rounded(double v)
{
	double unit = v > 0 ? pow(10, floor(log10(v)) - 1) : 1;

	return v > 0 ? round(v / unit) * unit : 0;
}

static void rates_put(struct serving *sv, struct service *s, int64_t now)
{
	struct balance_stats stats;
	uint64_t requests;

	balancer_stats(sv->balancer, &stats);
	record_set(service, s, in_flight, (int64_t)stats.in_flight);
	requests = stats.requests - sv->counted.requests;
	if (requests > 0 || stats.in_flight > 0)
		record_set(service, s, last_request, (struct when){model_now()});
	if (now - sv->counted_at < COUNT_MS)
		return;
	record_set(service, s, requests_rate,
		rounded((double)requests * 1000 / (double)(now - sv->counted_at)));
	if (requests > 0) {
		record_set(service, s, error_rate,
			rounded((double)(stats.errors - sv->counted.errors) * 100 /
				(double)requests));
		record_set(service, s, latency_p50,
			rounded(latency_quantile(&stats.latency, &sv->counted.latency, 0.5)));
		record_set(service, s, latency_p99,
			rounded(latency_quantile(&stats.latency, &sv->counted.latency, 0.99)));
	} else {
		record_drop(service, s, error_rate);
		record_drop(service, s, latency_p50);
		record_drop(service, s, latency_p99);
	}
	sv->counted = stats;
	sv->counted_at = now;
}

static void row_show(struct serving *sv, const struct service *row, int64_t now)
{
	struct model *m = &sv->of->p->model;
	struct service s = *row;
	const struct fieldset none = {{0}};
	struct fieldset changed;
	char why[300];

	why_of(sv, row, why, sizeof why);
	record_set(service, &s, message, why);
	count_replicas(sv, &s);
	rates_put(sv, &s, now);
	record_diff(&service_kind, row, &s, &changed);
	if (memcmp(&changed, &none, sizeof none) == 0)
		return;
	model_row_put(m, &service_kind, &s);
	model_show(m, &service_kind, sv->uid);
}

void serving_look(struct serving *sv, const struct service *s, int64_t now)
{
	see_all(sv);
	for (struct standing *st = sv->replicas; st != NULL; st = st->next)
		probe(st, s, now);
	plan_and_do(sv, s, now);
	for (struct standing *st = sv->replicas; st != NULL; st = st->next)
		if (st->stage == REPLICA_STOPPING)
			replica_remove(sv->of->p, st->uid); /* again, where it could not be asked */
	for (struct standing *st = sv->replicas; st != NULL; st = st->next)
		ready_show(&sv->of->p->model, st);
	row_show(sv, s, now);
}
