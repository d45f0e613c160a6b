/*
 * Draining: what is wanted of a node is an object of its own, which is there whether the node is or not.
 * It stays when the node is undrained, so that each change of it meets the one before.
 */
#include "kinds/node_drain.h"

#include "core/kinds/drain.h"
#include "core/kinds/node.h"

#include <string.h>

/* ---- Rows ---- */

static const struct drain *drain_of(struct platform *p, const char *node)
{
	return model_row(&p->model, &drain_kind, node);
}

static void put(struct node *n, const struct drain *d)
{
	record_set(node, n, drained, d->drained);
	if (!d->drained)
		return;
	if (n->state != NODE_AWAY)
		record_set(node, n, state, n->tasks > 0 ? NODE_DRAINING : NODE_DRAINED);
	record_set(node, n, drained_by, d->by ? d->by : "");
	record_set(node, n, drained_since, d->since);
	record_set(node, n, drain_evict, d->evict);
	if (d->note && *d->note)
		record_set(node, n, drain_note, d->note);
}

void node_drain_put(struct platform *p, struct node *n)
{
	const struct drain *d = drain_of(p, n->name);

	put(n, d ? d : &(struct drain){.node = n->name});
}

void nodes_away_put(struct platform *p, struct rowset *out)
{
	const struct rowset *drains = model_rows(&p->model, &drain_kind);

	for (size_t i = 0; i < drains->len; i++) {
		const struct drain *d = drains->rows[i];
		struct node n = {.name = NULL};

		if (!d->drained || rowset_find(out, d->node))
			continue;
		record_set(node, &n, name, d->node);
		record_set(node, &n, state, NODE_AWAY);
		put(&n, d);
		rowset_put(out, &n, NULL);
	}
}

/* ---- Actions ---- */

/* Whoever looks next sees it, before the next turn of planning. */
static void drain_stored(void *ctx, bool ok, const struct err *e)
{
	struct platform *p = ctx;

	(void)e;
	if (ok && p->planned)
		p->planned(p);
}

static void answer(struct change *c, const struct node *row, const struct drain *d)
{
	struct node n = *row;

	if (!d->drained)
		record_drop(node, &n, state); /* nobody has looked yet */
	record_drop(node, &n, drained_by);
	record_drop(node, &n, drained_since);
	record_drop(node, &n, drain_note);
	record_drop(node, &n, drain_evict);
	put(&n, d);
	change_answer(c, 200, record_encode(&node_kind, &n, NULL));
}

static void drain_commit(struct request *r, const struct node *row, struct drain *d,
	const char *verb, const char *event)
{
	struct change *c = change_for(r);
	const char *who = r->who.key_name;
	bool says = d->note && *d->note;
	struct buf what = BUF_INIT; /* its name first, as in records of all that changes */

	record_set(drain, d, node, row->name);
	change_row(c, &drain_kind, d);
	change_event(c, &node_kind, row, EVENT_NORMAL, event, "by %s%s%s",
		who && *who ? who : "local", says && d->drained ? ": " : "",
		says && d->drained ? d->note : "");
	change_events_trim(c, &node_kind, row->name);
	buf_addf(&what, "%s%s%s", row->name, says && d->drained ? ": " : "",
		says && d->drained ? d->note : "");
	change_audit(c, verb, row->name, what.data);
	buf_release(&what);
	answer(c, row, d);
	change_then(c, drain_stored, r->platform);
	change_commit(c);
}

static void node_drain(struct request *r, const void *row)
{
	struct arena text = ARENA_INIT;
	struct drain d;

	if (action_takes(r, &d, &text)) {
		record_set(drain, &d, drained, true);
		record_set(drain, &d, by, r->who.key_name ? r->who.key_name : "");
		record_set(drain, &d, since, (struct when){r->now});
		drain_commit(r, row, &d, "node.drain", d.evict ? "Evicting" : "Drained");
	}
	arena_release(&text);
}

/* What there is, changed: who drained it and why holds still. */
static struct drain drained_as(struct request *r, const struct node *row)
{
	const struct drain *d = drain_of(r->platform, row->name);

	return d ? *d : (struct drain){.node = row->name};
}

static void node_undrain(struct request *r, const void *row)
{
	struct drain d = drained_as(r, row);

	record_set(drain, &d, drained, false);
	record_set(drain, &d, evict, false);
	drain_commit(r, row, &d, "node.undrain", "Undrained");
}

static void node_evict(struct request *r, const void *row)
{
	struct drain d = drained_as(r, row);

	record_set(drain, &d, evict, true);
	drain_commit(r, row, &d, "node.evict", "Evicting");
}

const struct action_handler node_handlers_actions[] = {
	{"drain", node_drain},
	{"undrain", node_undrain},
	{"evict", node_evict},
	{NULL, NULL},
};
