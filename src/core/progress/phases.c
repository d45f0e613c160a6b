#include "core/progress/line.h"

/* Words that say what is being done. */

/* In order of bytes: looked up by halves. */
static const struct {
	const char *word;
	enum phase phase;
} phases[] = {
	{"boosting", PHASE_TRAIN},
	{"dev", PHASE_VALIDATE},
	{"download", PHASE_DOWNLOAD},
	{"downloading", PHASE_DOWNLOAD},
	{"eval", PHASE_EVALUATE},
	{"evaluate", PHASE_EVALUATE},
	{"evaluating", PHASE_EVALUATE},
	{"evaluation", PHASE_EVALUATE},
	{"evaluator", PHASE_EVALUATE},
	{"fetching", PHASE_DOWNLOAD},
	{"filter", PHASE_TOKENIZE},
	{"finetuning", PHASE_TRAIN},
	{"fit", PHASE_TRAIN},
	{"fitting", PHASE_TRAIN},
	{"inference", PHASE_EVALUATE},
	{"learning", PHASE_TRAIN},
	{"load", PHASE_LOAD},
	{"loading", PHASE_LOAD},
	{"map", PHASE_TOKENIZE},
	{"optimizing", PHASE_TRAIN},
	{"predict", PHASE_EVALUATE},
	{"predicting", PHASE_EVALUATE},
	{"prediction", PHASE_EVALUATE},
	{"running", PHASE_TRAIN},
	{"sampling", PHASE_TRAIN},
	{"sanity", PHASE_VALIDATE},
	{"save", PHASE_SAVE},
	{"saving", PHASE_SAVE},
	{"test", PHASE_EVALUATE},
	{"testing", PHASE_EVALUATE},
	{"tokenization", PHASE_TOKENIZE},
	{"tokenize", PHASE_TOKENIZE},
	{"tokenizer", PHASE_TOKENIZE},
	{"tokenizing", PHASE_TOKENIZE},
	{"train", PHASE_TRAIN},
	{"training", PHASE_TRAIN},
	{"trn", PHASE_TRAIN},
	{"val", PHASE_VALIDATE},
	{"valid", PHASE_VALIDATE},
	{"validate", PHASE_VALIDATE},
	{"validating", PHASE_VALIDATE},
	{"validation", PHASE_VALIDATE},
	{"validator", PHASE_VALIDATE},
	{"warmup", PHASE_TRAIN},
	{"writing", PHASE_SAVE},
};

static enum phase phase_of_word(struct span w)
{
	size_t low = 0, high = sizeof phases / sizeof *phases;

	if (w.len == 5 && span_is(w, "epoch")) /* of most bars that have a name */
		return PHASE_UNKNOWN;
	while (low < high && w.len > 1 && is_letter(*w.at)) {
		size_t middle = (low + high) / 2;
		int c = span_compare(w, phases[middle].word);

		if (c == 0)
			return phases[middle].phase;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	/* "Adding EOS to train dataset", "Computing metrics": something is done that is no training. */
	if (w.len > 4 && starts_with(w.at + w.len - 3, "ing"))
		return PHASE_OTHER;
	return PHASE_UNKNOWN;
}

/* The first word that says one, as "Tokenizing train dataset" is no training. */
enum phase phase_of_words(struct span text, struct span *word)
{
	const char *at = text.at, *end = text.at + text.len;

	while (at < end) {
		struct span w = {at, 0};
		enum phase phase;

		while (at < end && (is_letter(*at) || *at == '_' || is_digit(*at)))
			at++;
		w.len = (size_t)(at - w.at);
		if (w.len == 0) {
			at++;
			continue;
		}
		phase = phase_of_word(w);
		if (phase != PHASE_UNKNOWN) {
			*word = w;
			return phase;
		}
	}
	return PHASE_UNKNOWN;
}
