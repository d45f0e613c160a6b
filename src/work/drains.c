#include "work/drains.h"

#include "base/timefmt.h"
#include "core/kinds/drain.h"

#include <stdio.h>
#include <string.h>

static const struct drain *drain_of(struct work *w, const char *node)
{
	const struct drain *d = node ? model_row(w->model, &drain_kind, node) : NULL;

	return d && d->drained ? d : NULL;
}

bool drains_are(const struct kind *k)
{
	return k == &drain_kind;
}

bool drains_hold(struct work *w, const char *node)
{
	return drain_of(w, node) != NULL;
}

bool drains_evict(struct work *w, const char *node)
{
	const struct drain *d = drain_of(w, node);

	return d && d->evict;
}

void sentence_note(char out[SENTENCE_NOTE], const char *note)
{
	enum { SHOWN = SENTENCE_NOTE - sizeof " (...)" };
	size_t len = note ? strlen(note) : 0;
	bool cut = len > SHOWN;

	for (len = cut ? SHOWN : len; cut && len > 0 && (note[len] & 0xC0) == 0x80;)
		len--;
	out[0] = '\0';
	if (len > 0)
		snprintf(out, SENTENCE_NOTE, " (%.*s%s)", (int)len, note, cut ? "..." : "");
}

/* "node a is drained by lin since 2026-01-02T03:04:05Z (a new fan): mltop nodes undrain a" */
static const char *sentence(const struct drain *d, struct arena *text)
{
	char since[TIMEFMT_SIZE], note[SENTENCE_NOTE];
	struct buf b = BUF_INIT;
	const char *out;

	timefmt_rfc3339(since, d->since.v / 1000 * 1000);
	sentence_note(note, d->note);
	buf_addf(&b, "node %s is drained by %s since %s%s: mltop nodes undrain %s", d->node,
		d->by && *d->by ? d->by : "?", since, note, d->node);
	out = arena_strdup(text, b.data);
	buf_release(&b);
	return out;
}

void drains_tell(struct work *w, struct plan_node *nodes, size_t count, struct arena *text)
{
	if (model_rows(w->model, &drain_kind)->len == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct drain *d = drain_of(w, nodes[i].name);

		nodes[i].drained = d ? sentence(d, text) : NULL;
	}
}

bool drains_everything(struct work *w, char out[PLAN_MESSAGE])
{
	struct arena text = ARENA_INIT;
	struct plan_cluster c = {.nodes = NULL};
	const struct drain *first = NULL;

	out[0] = '\0';
	if (w->engine == NULL)
		return false;
	w->engine->ops->machine(w->engine, &c);
	for (size_t i = 0; i < c.node_count; i++) {
		const struct drain *d = drain_of(w, c.nodes[i].name);

		if (d == NULL)
			return false;
		first = first ? first : d;
	}
	if (first)
		snprintf(out, PLAN_MESSAGE, "%s", sentence(first, &text));
	arena_release(&text);
	return first != NULL;
}
