#include "core/progress/track.h"

/* What stands for the job: its share of the whole, and what sources above the log have said. */

static bool step_total(const struct track *t, int64_t *total)
{
	if (!(t->known & PROGRESS_STEP))
		return false;
	*total = t->total;
	if (t->known & PROGRESS_TOTAL)
		return true;
	*total = t->total_hint;
	return !t->bar && t->total_hint > 0 && t->step <= t->total_hint && !t->anew;
}

static int64_t epochs_of(const struct track *t)
{
	return t->known & PROGRESS_EPOCHS ? t->epochs : t->epochs_hint;
}

/* Of the epochs, done ones and the share of this one: where the numbers begin must be known. */
static bool epochs_percent(const struct track *t, double share, bool share_known, double *percent)
{
	int64_t epochs = epochs_of(t);
	bool stated = t->known & PROGRESS_EPOCHS && t->epochs_stated;
	double done;

	if (!(t->known & PROGRESS_EPOCH) || epochs <= 0 || t->epoch > epochs)
		return false;
	if (t->epochs_loop) {
		done = (double)t->epoch + (t->counted && t->epoch < epochs ? share : 0);
		if (t->counted && !share_known && t->epoch < epochs)
			return false;
	} else if (stated && t->first_epoch > 0) {
		if (!share_known)
			return false;
		done = (double)(t->epoch - 1) + share;
	} else if (!stated && share_known && !t->gap &&
		(t->first_epoch == 0 || (t->first_epoch == 1 && t->hint_first))) {
		done = (double)(t->epoch - t->first_epoch) + share;
	} else {
		return false;
	}
	*percent = 100 * done / (double)epochs;
	return *percent <= 100;
}

bool track_percent(const struct track *t, double *percent)
{
	int64_t total;
	bool counted = step_total(t, &total) && total > 0;
	double share = counted ? (double)t->step / (double)total : 0;
	bool above = !log_may(t, PROGRESS_STEP) && !log_may(t, PROGRESS_TOTAL);

	if (!log_may(t, PROGRESS_PERCENT)) {
		*percent = t->percent;
		return true;
	}
	if (above && counted) {
		*percent = 100 * share;
		return *percent <= 100;
	}
	if (t->whole_percent) {
		*percent = t->percent;
		return true;
	}
	if (t->unsure)
		return false;
	if (t->anew || t->headed || !(t->known & PROGRESS_STEP)) {
		bool begun = !(t->known & PROGRESS_STEP) || t->headed;

		if (begun && !t->epoch_done && !t->headed && !t->epochs_loop)
			return false;
		if (begun)
			share = t->epoch_done ? 1 : 0;
		return epochs_percent(t, share, counted || begun, percent);
	}
	if (!counted)
		return false;
	*percent = 100 * share;
	return *percent <= 100;
}

/* The log's ETA, where it is of the whole: the last epoch's end is the job's. */
static bool log_eta(const struct track *t)
{
	if (!(t->known & PROGRESS_ETA))
		return false;
	if (!log_may(t, PROGRESS_ETA) || t->whole_eta)
		return true;
	if (t->unsure)
		return false;
	if (!t->anew && !t->epochs_loop)
		return true;
	if (t->epochs_loop)
		return (t->known & PROGRESS_EPOCHS) && t->epoch + 1 == t->epochs && t->counted;
	return (t->known & PROGRESS_EPOCHS) && t->epochs_stated && t->epoch == t->epochs &&
		t->first_epoch > 0;
}

/* What a higher source has said of the fields that are known. */
static unsigned said_by(const struct track *t, unsigned known, enum source source)
{
	unsigned out = 0;

	for (unsigned bit = 1; bit <= PROGRESS_PHASE; bit <<= 1)
		if ((known & bit) && t->sources[__builtin_ctz(bit)] == source)
			out |= bit;
	return out;
}

void track_values(const struct track *t, struct progress_values *out)
{
	memset(out, 0, sizeof *out);
	out->known = t->known & ~(unsigned)(PROGRESS_ETA | PROGRESS_PERCENT);
	out->step = t->step;
	out->total = t->total;
	out->epoch = t->epoch;
	out->epochs = t->epochs;
	if (!(t->known & PROGRESS_EPOCHS) && t->epochs_hint > 0) {
		out->epochs = t->epochs_hint;
		out->known |= PROGRESS_EPOCHS;
	}
	out->rate = t->rate;
	out->loss = t->loss;
	out->metric = t->metric;
	memcpy(out->metric_name, t->metric_name, sizeof out->metric_name);
	memcpy(out->phase, t->phase, sizeof out->phase);
	if (log_eta(t)) {
		out->eta_ms = t->eta_ms;
		out->known |= PROGRESS_ETA;
	}
	if (track_percent(t, &out->percent))
		out->known |= PROGRESS_PERCENT;
	out->outright = said_by(t, out->known, SOURCE_OUTRIGHT);
	out->patterned = said_by(t, out->known, SOURCE_PATTERN);
}

/* May this source say the field? Remembers that it did. */
static bool may(struct track *t, unsigned bit, enum source source)
{
	uint8_t *was = &t->sources[__builtin_ctz(bit)];

	if (source < *was)
		return false;
	*was = (uint8_t)source;
	return true;
}

void track_set(struct track *t, const struct progress_values *v, enum source source)
{
	if ((v->known & PROGRESS_STEP) && may(t, PROGRESS_STEP, source))
		t->step = v->step;
	if ((v->known & PROGRESS_TOTAL) && may(t, PROGRESS_TOTAL, source))
		t->total = v->total;
	if ((v->known & PROGRESS_EPOCH) && may(t, PROGRESS_EPOCH, source))
		t->epoch = v->epoch;
	if ((v->known & PROGRESS_EPOCHS) && may(t, PROGRESS_EPOCHS, source))
		t->epochs = v->epochs;
	if ((v->known & PROGRESS_PERCENT) && may(t, PROGRESS_PERCENT, source))
		t->percent = v->percent;
	if ((v->known & PROGRESS_RATE) && may(t, PROGRESS_RATE, source))
		t->rate = v->rate;
	if ((v->known & PROGRESS_ETA) && may(t, PROGRESS_ETA, source))
		t->eta_ms = v->eta_ms;
	if ((v->known & PROGRESS_LOSS) && may(t, PROGRESS_LOSS, source))
		t->loss = v->loss;
	if ((v->known & PROGRESS_METRIC) && may(t, PROGRESS_METRIC, source)) {
		t->metric = v->metric;
		memcpy(t->metric_name, v->metric_name, sizeof t->metric_name);
	}
	t->known |= v->known & ~(unsigned)(PROGRESS_PHASE | PROGRESS_RANKS | PROGRESS_PERCENT);
	if (v->known & PROGRESS_PHASE) {
		memcpy(t->phase, v->phase, sizeof t->phase);
		t->known |= PROGRESS_PHASE;
	}
}
