#include "core/progress/bars.h"

/*
 * The readers, those that are surest first. None knows of another.
 */
static const struct reader {
	const char *name;
	line_reader *read;
	const char *needs; /* a character without which it cannot read the line; NULL: none */
} readers[] = {
	/* clang-format off */
	{"ignite", read_ignite, "|"},
	{"tqdm", read_tqdm_counting, "["},
	{"progressbar2", read_progressbar2, "|"},
	{"fastprogress", read_fastprogress, "%"},
	{"alive-progress", read_alive, "%"},
	{"poutyne", read_poutyne, "%"},
	{"keras", read_keras, "/"},
	{"minisom", read_minisom, "["},
	{"rich", read_rich, NULL},
	{"bar", read_bar_format, "%"},
	{"click", read_click, "%"},
	{"chainer", read_chainer, NULL},
	{"table", read_table, NULL},
	{"pairs", read_pairs, "["},
	{"front", read_front, NULL},
	{"cyclegan", read_cyclegan, "("},
	{"wenet", read_wenet, "/"},
	{"brackets", read_bracket_steps, "["},
	{"espnet", read_espnet, ":"},
	{"marian", read_marian, ":"},
	{"fairseq", read_fairseq, "/"},
	{"counts", read_of, NULL},
	{"catboost", read_catboost, "\t"},
	{"step in front", read_leading_step, NULL},
	{"darknet", read_darknet, ","},
	{"clu", read_clu, "%"},
	{"share", read_share, "%"},
	{"values", read_values, NULL},
	/* clang-format on */
};

/* "Test set: Average loss", "val Loss:", "Eval num_timesteps=500": the first word says whose line. */
static enum phase phase_of_line(const struct line *l, struct said *s)
{
	struct span first = {l->begin + strspn(l->begin, "=>- "), 0}, word; /* "====> Test set" */
	enum phase phase;

	while (is_letter(first.at[first.len]))
		first.len++;
	phase = first.len >= 3 && first.len <= 12 ? phase_of_words(first, &word) : PHASE_UNKNOWN;
	if (phase == PHASE_VALIDATE || phase == PHASE_EVALUATE)
		return phase;
	if (starts_with(l->begin, "epoch(val)"))
		return PHASE_VALIDATE;
	if (starts_with(l->begin, "epoch(test)") ||
		starts_with(l->begin, "saving dict for global step"))
		return PHASE_EVALUATE;
	if (l->begin[0] == '*' && l->begin[1] == ' ' && is_letter(l->begin[2])) /* "* Acc@1 81.2" */
		return PHASE_EVALUATE;
	/* An engine that evaluates counts epochs of its own. */
	for (const char *c = l->text; c < l->begin; c++)
		if (starts_with(c, "evaluator") || starts_with(c, "validator")) {
			s->epoch_other = true;
			return PHASE_EVALUATE;
		}
	return phase == PHASE_SAVE || phase == PHASE_LOAD || phase == PHASE_DOWNLOAD
		? phase
		: PHASE_UNKNOWN;
}

static bool ends_with(const struct line *l, const char *text)
{
	size_t len = strlen(text);
	const char *end = l->text + l->len;

	while (end > l->text && is_blank(end[-1]))
		end--;
	return (size_t)(end - l->text) >= len && memcmp(end - len, text, len) == 0;
}

/* "> EVALUATION", "> TRAINING (2026-11-30 00:50:18)": the word alone. */
static bool is_title(const struct line *l)
{
	const char *at = l->begin;
	int words = 0;

	while (*at && !is_letter(*at) && !is_digit(*at))
		at++;
	for (; *at && *at != '('; at++) {
		if (is_digit(*at) || strchr("=:|/", *at))
			return false;
		words += is_letter(*at) && !is_letter(at[1]);
	}
	return words == 1;
}

/*
 * "Eval begin...", "***** Running Evaluation *****": what follows is of that phase. "***** train
 * metrics *****" heads a summary.
 */
static void heading(const struct line *l, struct said *s)
{
	struct span words = {l->begin, 0};
	bool stars = starts_with(l->begin, "***");

	if (l->len > 80 || !(stars ? ends_with(l, "***") : ends_with(l, "...") || is_title(l)))
		return;
	words.len = strlen(words.at);
	if (stars) {
		while (words.len > 0 && (*words.at == '*' || is_blank(*words.at))) {
			words.at++;
			words.len--;
		}
		if (starts_with(words.at, "running ")) {
			words.at += 8;
			words.len -= 8;
		}
		s->summary = find_word(words.at, "metrics") != NULL;
	}
	s->phase = phase_of_words(words, &s->phase_word);
	if (s->phase == PHASE_OTHER && !stars)
		s->phase = PHASE_UNKNOWN;
	s->phase_holds = s->phase != PHASE_UNKNOWN;
}

/* "finished run" of Vowpal Wabbit: its means follow. */
static void closing(const struct line *l, struct said *s)
{
	if (!starts_with(l->begin, "finished run"))
		return;
	s->summary = true;
	s->phase = PHASE_EVALUATE;
	s->phase_holds = true;
}

/* What is over: the run's means, the best there was. */
static bool is_summary(const struct line *l)
{
	return strstr(l->text, "train_runtime") != NULL;
}

/* Beside the validation's loss stands what else was measured there: "valid_loss  accuracy". */
static void metrics_beside(struct said *s)
{
	bool loss = false, score = false;

	for (size_t i = 0; i < s->metric_count; i++) {
		loss |= s->metrics[i].rank == 5;
		score |= s->metrics[i].rank >= 6;
	}
	for (size_t i = 0; i < s->metric_count && loss && !score; i++)
		if (s->metrics[i].rank == 3 && s->metrics[i].no_set)
			s->metrics[i].rank = 7;
}

/* "Epoch 2/3" and nothing else of account. */
static bool heads_epoch(const struct line *l, const struct said *s)
{
	const char *word = find_word(l->begin, "epoch");
	unsigned values = PROGRESS_STEP | PROGRESS_LOSS | PROGRESS_METRIC | PROGRESS_PERCENT;

	static const char *const over[] = {"end ", "finish", "complet", "done", "after"};

	for (size_t i = 0; i < sizeof over / sizeof *over; i++)
		if (starts_with(l->begin, over[i]))
			return false;
	return word && word - l->begin <= 9 && (s->has & PROGRESS_EPOCH) && !(s->has & values) &&
		!s->epoch_fraction && s->phase == PHASE_UNKNOWN;
}

static void finish_bar(const struct line *l, struct said *s)
{
	table_bar(l, s);
	values_take(l, s);
	/* Values of the validation alone: its own loop. */
	if (s->phase == PHASE_UNKNOWN && (s->has & PROGRESS_METRIC) && !(s->has & PROGRESS_LOSS)) {
		bool all = true;

		for (size_t i = 0; i < s->metric_count; i++)
			all = all && s->metrics[i].rank > 4;
		if (all && !(s->has & PROGRESS_RATE))
			s->phase = PHASE_VALIDATE;
	}
	if (s->phase == PHASE_UNKNOWN && starts_with(l->begin, "class ") && strstr(l->begin, "mAP"))
		s->phase = PHASE_VALIDATE;
}

static void finish_values(const struct line *l, struct said *s, enum phase phase)
{
	bool table = strcmp(s->reader, "table") == 0;

	if (s->phase == PHASE_UNKNOWN)
		s->phase = phase;
	if (s->phase == PHASE_UNKNOWN && line_validates(l))
		s->phase = PHASE_VALIDATE;
	if (strncmp(s->reader, "brackets", 8) == 0 && s->phase == PHASE_UNKNOWN) {
		struct span words = {l->begin, 16};
		struct span word;

		words.len = strnlen(l->begin, 16);
		s->phase = phase_of_words(words, &word);
		if (s->phase == PHASE_OTHER)
			s->phase = PHASE_UNKNOWN;
	}
	s->summary = is_summary(l);
	if (!table)
		values_take(l, s);
	rates_take(l, s);
	metrics_beside(s);
	heading(l, s);
	closing(l, s);
	s->epoch_heads = heads_epoch(l, s);
	if (strstr(l->begin, "B/s")) /* bytes are on their way */
		s->has &= ~(unsigned)(PROGRESS_ETA | PROGRESS_PERCENT | PROGRESS_RATE);
	if (strstr(l->begin, "resuming from") || strstr(l->begin, "Resuming from"))
		s->has = 0;
}

/* May a reader find something? Cells of a bar speak for themselves. */
static bool promises(const struct line *l)
{
	return line_promises(l) || memchr(l->text, CELL_FULL, l->len) ||
		memchr(l->text, CELL_EMPTY, l->len);
}

/* "RuntimeError: step 3 of epoch 2 failed": what an exception says is no progress. */
static bool is_exception(const struct line *l)
{
	const char *colon = strstr(l->begin, ": ");

	if (colon == NULL || colon - l->begin < 5 || !is_letter(colon[2]) ||
		strcspn(l->begin, " ") < (size_t)(colon - l->begin))
		return false;
	return memcmp(colon - 5, "Error", 5) == 0 ||
		(colon - l->begin >= 9 && memcmp(colon - 9, "Exception", 9) == 0);
}

/* "0 | loss | MAE | 0 | train | 0": a layer of the model, as Lightning lists them. */
static bool is_layer(const struct line *l)
{
	const char *at = l->begin;

	while (is_digit(*at))
		at++;
	for (int cell = 0; cell < 2; cell++) {
		at = at > l->begin ? skip_blanks(at) : "";
		if (*at != '|' || !is_letter(*skip_blanks(at + 1)))
			return false;
		at = skip_blanks(at + 1);
		at += strcspn(at, "|");
	}
	return *at == '|' && (is_digit(*skip_blanks(at + 1)));
}

/*
 * Most redraws of most logs. Their numbers stand in known places, so only what stands in front of
 * the bar and behind it is looked for; all of it in a table, where they have columns.
 */
static bool tqdm_first(struct line *l, struct said *s)
{
	if (strchr(l->text, '|') == NULL || !read_tqdm(l, s))
		return false;
	line_scan(l, *l->head ? (struct span){NULL, 0} : s->taken);
	s->reader = "tqdm";
	finish_bar(l, s);
	return true;
}

bool line_read(struct line *l, struct said *s)
{
	struct said first = {.shape = SHAPE_NOTHING};
	enum phase phase;

	line_begin(l);
	if (tqdm_first(l, s))
		return true;
	line_scan(l, (struct span){NULL, 0});
	if (!promises(l) || starts_with(l->begin, "wandb:") || is_exception(l) || is_layer(l))
		return false;
	line_sets(l);
	phase = phase_of_line(l, &first);
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		const struct reader *r = &readers[i];

		if (r->needs && strchr(l->text, *r->needs) == NULL)
			continue;
		*s = (struct said){.shape = SHAPE_NOTHING};
		if (!r->read(l, s))
			continue;
		s->reader = r->name;
		break;
	}
	s->epoch_other |= first.epoch_other;
	if (s->shape == SHAPE_BAR)
		finish_bar(l, s);
	else if (!s->table_head)
		finish_values(l, s, phase);
	return true;
}
