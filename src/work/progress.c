/* What the log says of a training's progress, in its row. */
#include "work/work.h"

#include "base/mem.h"
#include "core/kinds/rankset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- The reader ---- */

/* The platform's patterns for a framework stand in its settings as FRAMEWORK=PATTERN. */
static const char *pattern_for(const char *item, const char *framework)
{
	size_t len = strcspn(item, "=");
	bool all = len == 1 && *item == '*';

	if (item[len] == '\0' ||
		!(all ||
			(framework && strlen(framework) == len &&
				strncmp(item, framework, len) == 0)))
		return NULL;
	return item + len + 1;
}

size_t work_patterns(const struct work *w, const char *framework, const char **out, size_t room)
{
	const struct strings *all = w->settings.progress_patterns;
	size_t n = 0;

	for (size_t i = 0; all && i < all->len && n < room; i++) {
		const char *pattern = pattern_for(all->items[i], framework);

		if (pattern)
			out[n++] = pattern;
	}
	return n;
}

/* Who submitted it knows best: these come first. */
static size_t patterns_of(const struct active *a, const struct progress_terms *t, const char **out)
{
	size_t n = 0;

	for (size_t i = 0; i < t->patterns.len && n < PROGRESS_PATTERNS_MAX; i++)
		out[n++] = t->patterns.items[i];
	return n + work_patterns(a->w, t->framework, out + n, PROGRESS_PATTERNS_MAX - n);
}

/* All were looked at when they were given: what does not parse now is of an older version. */
static struct progress_rules *rules_of(const struct active *a)
{
	const char *patterns[PROGRESS_PATTERNS_MAX];
	struct progress_terms t = {0};
	size_t n;

	if (a->policy->progress == NULL)
		return NULL;
	a->policy->progress(&t, a->work);
	n = patterns_of(a, &t, patterns);
	return n || t.metric ? progress_rules_new(patterns, n, t.metric, NULL) : NULL;
}

void progress_want(struct active *a)
{
	if (a->progress)
		return;
	a->progress = mem_alloc(progress_size());
	a->progress_rules = rules_of(a);
	progress_init(a->progress, a->progress_rules);
}

void progress_anew(struct active *a)
{
	if (a->progress)
		progress_init(a->progress, a->progress_rules);
}

void progress_drop(struct active *a)
{
	free(a->progress);
	progress_rules_free(a->progress_rules);
	a->progress = NULL;
	a->progress_rules = NULL;
}

/* ---- The row ---- */

/*
 * A field that the log does not state any more is unknown: no old number beside a new one. To a tenth of a
 * percent: more is more bytes and no news.
 */
static void numbers_put(const struct kind *k, struct workload *w, const struct progress_values *v,
	int64_t bytes)
{
#define PUT(bit, member, value) workload_tell(k, w, member, (v->known & (bit)) != 0, value)
	workload_tell(k, w, log_bytes, true, (struct bytes){bytes});
	PUT(PROGRESS_STEP, progress_step, v->step);
	PUT(PROGRESS_TOTAL, progress_total, v->total);
	PUT(PROGRESS_EPOCH, progress_epoch, v->epoch);
	PUT(PROGRESS_EPOCHS, progress_epochs, v->epochs);
	PUT(PROGRESS_PERCENT, progress_percent, (struct percent){round(v->percent * 10) / 10});
	PUT(PROGRESS_RATE, progress_rate, v->rate);
	PUT(PROGRESS_ETA, progress_eta, (struct ms){v->eta_ms});
	PUT(PROGRESS_LOSS, loss, v->loss);
	PUT(PROGRESS_METRIC, metric_value, v->metric);
#undef PUT
}

static bool text_stands(const char *text, bool known, const char *now)
{
	return known ? text && strcmp(text, now) == 0 : text == NULL;
}

/* Nearly always, four times a second for each that runs; several ranks are compared as rows are. */
static bool texts_stand(const struct workload *row, const struct progress_values *v)
{
	return text_stands(row->metric_name, v->known & PROGRESS_METRIC, v->metric_name) &&
		text_stands(row->phase, v->known & PROGRESS_PHASE, v->phase) &&
		text_stands(row->source, progress_source(v) != NULL, progress_source(v)) &&
		row->ranks.item == NULL && !(v->known & PROGRESS_RANKS);
}

/*
 * Texts and what is inside live in the row set: new ones are put, not set in place, and only when they
 * differ from the old.
 */
static void texts_put(struct active *a, const struct workload *row, const struct progress_values *v,
	void (*put)(struct model *m, const struct kind *k, const void *rec))
{
	struct draft d;
	struct rankset ranks;
	struct fieldset changed;

	if (texts_stand(row, v))
		return;
	d = draft_of(a->kind, row);
	draft_tell(&d, metric_name, v->known & PROGRESS_METRIC, v->metric_name);
	draft_tell(&d, phase, v->known & PROGRESS_PHASE, v->phase);
	draft_tell(&d, source, progress_source(v) != NULL, progress_source(v));
	rankset_fill(&ranks, &v->ranks);
	draft_tell(&d, ranks, v->known & PROGRESS_RANKS, (struct nested){&ranks});
	record_diff(a->kind, row, &d.row, &changed);
	if (!fieldset_empty(&changed))
		put(a->w->model, a->kind, &d.row);
}

/* Words that a program says of itself go into lists: those that stand there already were looked at. */
static void words_cover(struct active *a, struct progress_values *v)
{
	const struct workload *row = a->work;

	if ((v->known & PROGRESS_METRIC) && !text_stands(row->metric_name, true, v->metric_name))
		secrets_cover_text(a, v->metric_name);
	if ((v->known & PROGRESS_PHASE) && !text_stands(row->phase, true, v->phase))
		secrets_cover_text(a, v->phase);
}

void progress_show(struct active *a, int64_t bytes)
{
	struct workload *row = active_row(a);
	struct progress_values v;

	if (a->end)
		progress_finish(a->progress, reconcile_now(), &v);
	else
		progress_pause(a->progress, reconcile_now(), &v);
	events_fill(a, &v);
	words_cover(a, &v);
	numbers_put(a->kind, a->work, &v, bytes);
	texts_put(a, a->work, &v, model_moving_put);
	if (row == NULL)
		return;
	numbers_put(a->kind, row, &v, bytes);
	texts_put(a, row, &v, model_row_put);
	model_show(a->w->model, a->kind, a->uid);
}
