#include "core/progress/line.h"

/* Words that say what is being done. */

static const struct {
	const char *word;
	enum phase phase;
} phases[] = {
	{"train", PHASE_TRAIN},
	{"training", PHASE_TRAIN},
	{"fit", PHASE_TRAIN},
	{"fitting", PHASE_TRAIN},
	{"learning", PHASE_TRAIN},
	{"finetuning", PHASE_TRAIN},
	{"optimizing", PHASE_TRAIN},
	{"boosting", PHASE_TRAIN},
	{"trn", PHASE_TRAIN},
	{"warmup", PHASE_TRAIN},
	{"sampling", PHASE_TRAIN},
	{"running", PHASE_TRAIN},
	{"val", PHASE_VALIDATE},
	{"valid", PHASE_VALIDATE},
	{"validate", PHASE_VALIDATE},
	{"validating", PHASE_VALIDATE},
	{"validation", PHASE_VALIDATE},
	{"validator", PHASE_VALIDATE},
	{"dev", PHASE_VALIDATE},
	{"sanity", PHASE_VALIDATE},
	{"eval", PHASE_EVALUATE},
	{"evaluate", PHASE_EVALUATE},
	{"evaluating", PHASE_EVALUATE},
	{"evaluation", PHASE_EVALUATE},
	{"evaluator", PHASE_EVALUATE},
	{"test", PHASE_EVALUATE},
	{"testing", PHASE_EVALUATE},
	{"predict", PHASE_EVALUATE},
	{"predicting", PHASE_EVALUATE},
	{"prediction", PHASE_EVALUATE},
	{"inference", PHASE_EVALUATE},
	{"download", PHASE_DOWNLOAD},
	{"downloading", PHASE_DOWNLOAD},
	{"fetching", PHASE_DOWNLOAD},
	{"tokenize", PHASE_TOKENIZE},
	{"tokenizing", PHASE_TOKENIZE},
	{"tokenization", PHASE_TOKENIZE},
	{"tokenizer", PHASE_TOKENIZE},
	{"map", PHASE_TOKENIZE},
	{"filter", PHASE_TOKENIZE},
	{"loading", PHASE_LOAD},
	{"load", PHASE_LOAD},
	{"saving", PHASE_SAVE},
	{"save", PHASE_SAVE},
	{"writing", PHASE_SAVE},
};

static enum phase phase_of_word(struct span w)
{
	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
		if (to_lower(*w.at) == *phases[i].word && span_is(w, phases[i].word))
			return phases[i].phase;
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
