#include "work/drains.h"

#include "base/timefmt.h"
#include "core/kinds/drain.h"

#include <string.h>

enum { NOTE_SHOWN = 80 }; /* bytes: of a sentence, which the planner cuts */

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

/* "node a is drained by lin since 2026-01-02T03:04:05Z (a new fan): mltop nodes undrain a" */
static const char *sentence(const struct drain *d, struct arena *text)
{
	char since[TIMEFMT_SIZE];
	struct buf b = BUF_INIT;
	const char *out;

	timefmt_rfc3339(since, d->since.v / 1000 * 1000);
	buf_addf(&b, "node %s is drained by %s since %s", d->node, d->by && *d->by ? d->by : "?",
		since);
	if (d->note && *d->note) {
		size_t len = strlen(d->note);
		bool cut = len > NOTE_SHOWN;

		for (len = cut ? NOTE_SHOWN : len; cut && (d->note[len] & 0xC0) == 0x80;)
			len--;
		buf_addf(&b, " (%.*s%s)", (int)len, d->note, cut ? "..." : "");
	}
	buf_addf(&b, ": mltop nodes undrain %s", d->node);
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
