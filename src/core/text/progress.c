#include "core/text/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * A line is read by a few small readers, each of which looks for one shape anywhere in it. All
 * text is within `line`, which ends with NUL.
 */

void progress_init(struct progress *p)
{
	memset(p, 0, sizeof *p);
}

void progress_skip(struct progress *p)
{
	p->line_len = 0;
	p->line_long = true; /* until the next end of line */
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* Decimal digits with optional k/M of bars; NULL when there are none or too many. */
static const char *take_int(const char *s, int64_t *out)
{
	const char *begin = s;
	int64_t value = 0;

	for (; is_digit(*s) && s - begin < 16; s++)
		value = value * 10 + (*s - '0');
	if (s == begin || is_digit(*s))
		return NULL;
	*out = value;
	return s;
}

/* 1, 0.53, 1e-05, -2.5; NULL for anything else, and for what is not finite. */
static const char *take_real(const char *s, double *out)
{
	const char *c = s;
	char number[40];
	size_t len;
	double value;

	c += *c == '-' || *c == '+';
	if (!is_digit(*c) && !(*c == '.' && is_digit(c[1])))
		return NULL;
	while (is_digit(*c) || *c == '.')
		c++;
	if ((*c == 'e' || *c == 'E') &&
		(is_digit(c[1]) || ((c[1] == '-' || c[1] == '+') && is_digit(c[2]))))
		for (c += 2; is_digit(*c);)
			c++;
	len = (size_t)(c - s);
	if (len >= sizeof number)
		return NULL;
	memcpy(number, s, len);
	number[len] = '\0';
	/* The programs never call setlocale(LC_NUMERIC), so the point is a point. */
	value = strtod(number, NULL);
	if (!isfinite(value))
		return NULL;
	*out = value;
	return c;
}

/* "00:20", "1:02:03", "1 day, 2:03:04" is left alone. */
static const char *take_clock(const char *s, int64_t *ms)
{
	int64_t part, total = 0;
	int parts = 0;

	do {
		s = take_int(s, &part);
		if (s == NULL || part > 1000000)
			return NULL;
		total = total * 60 + part;
		parts++;
	} while (*s == ':' && parts < 3 && s++);
	if (parts < 2)
		return NULL;
	*ms = total * 1000;
	return s;
}

static void set_step(struct progress *p, int64_t step, unsigned *said)
{
	p->step = step;
	*said |= PROGRESS_STEP;
}

static void set_total(struct progress *p, int64_t total, unsigned *said)
{
	if (total <= 0)
		return;
	p->total = total;
	*said |= PROGRESS_TOTAL;
}

static void set_rate(struct progress *p, double rate, unsigned *said)
{
	if (rate < 0 || !isfinite(rate))
		return;
	p->rate = rate;
	*said |= PROGRESS_RATE;
}

static void set_eta(struct progress *p, int64_t ms, unsigned *said)
{
	p->eta_ms = ms;
	*said |= PROGRESS_ETA;
}

/* "33.0it/s", "1.2s/it", "83.1 examples/s" after the comma of a tqdm bracket. */
static void read_tqdm_rate(struct progress *p, const char *s, unsigned *said)
{
	double value;
	const char *after = take_real(skip_blanks(s), &value);

	if (after == NULL)
		return;
	after = skip_blanks(after);
	if (after[0] == 's' && after[1] == '/')
		set_rate(p, value > 0 ? 1 / value : 0, said);
	else if (is_letter(*after))
		set_rate(p, value, said);
}

/* "| 340/1000 [00:10<00:20, 33.0it/s": tqdm. */
static void read_tqdm(struct progress *p, const char *line, unsigned *said)
{
	for (const char *bar = strchr(line, '|'); bar; bar = strchr(bar + 1, '|')) {
		int64_t step, total, spent, left;
		const char *s = take_int(skip_blanks(bar + 1), &step);

		if (s == NULL || *s != '/' || (s = take_int(s + 1, &total)) == NULL)
			continue;
		s = skip_blanks(s);
		if (*s != '[' || (s = take_clock(s + 1, &spent)) == NULL)
			continue;
		set_step(p, step, said);
		set_total(p, total, said);
		if (*s == '<' && take_clock(s + 1, &left))
			set_eta(p, left, said);
		s = strchr(s, ',');
		if (s)
			read_tqdm_rate(p, s + 1, said);
		return;
	}
}

/* "20s", "1:02", "1h": what Keras says after "ETA: ". */
static void read_eta(struct progress *p, const char *line, unsigned *said)
{
	const char *s = strstr(line, "ETA: ");
	int64_t value;
	const char *after;

	if (s == NULL)
		return;
	if (take_clock(s + 5, &value)) {
		set_eta(p, value, said);
		return;
	}
	after = take_int(s + 5, &value);
	if (after && *after == 's' && value < 100000000)
		set_eta(p, value * 1000, said);
}

/* "340/1000 [====>....]": Keras. The bracket must hold a bar, not a clock. */
static void read_keras(struct progress *p, const char *line, unsigned *said)
{
	int64_t step, total;
	const char *s = take_int(skip_blanks(line), &step);

	if (s == NULL || *s != '/' || (s = take_int(s + 1, &total)) == NULL)
		return;
	s = skip_blanks(s);
	if (*s != '[' || (s[1] != '=' && s[1] != '>' && s[1] != '.'))
		return;
	set_step(p, step, said);
	set_total(p, total, said);
}

/* "[640/60000 (1%)]": the PyTorch examples. */
static void read_pytorch(struct progress *p, const char *line, unsigned *said)
{
	const char *s = strstr(line, "Epoch");
	int64_t step, total;

	s = s ? strchr(s, '[') : NULL;
	if (s == NULL || (s = take_int(s + 1, &step)) == NULL || *s != '/' ||
		(s = take_int(s + 1, &total)) == NULL || strncmp(s, " (", 2) != 0)
		return;
	set_step(p, step, said);
	set_total(p, total, said);
}

/* ---- name and value: "loss: 0.53", "'loss': 0.53", "loss = 0.53", "loss=0.53", "step 300" ---- */

enum meaning { MEANS_NOTHING, MEANS_STEP, MEANS_EPOCH, MEANS_LOSS, MEANS_RATE, MEANS_METRIC };

static bool word_is(const char *word, size_t len, const char *text)
{
	for (size_t i = 0; i < len; i++) {
		char c = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + 32) : word[i];

		if (text[i] == '\0' || c != text[i])
			return false;
	}
	return text[len] == '\0';
}

static enum meaning word_meaning(const char *word, size_t len)
{
	static const struct {
		const char *text;
		enum meaning meaning;
	} words[] = {
		/* clang-format off */
		{"step", MEANS_STEP}, {"global_step", MEANS_STEP}, {"iter", MEANS_STEP},
		{"iteration", MEANS_STEP}, {"epoch", MEANS_EPOCH}, {"loss", MEANS_LOSS},
		{"train_loss", MEANS_LOSS}, {"training_loss", MEANS_LOSS}, {"acc", MEANS_METRIC},
		{"accuracy", MEANS_METRIC}, {"val_acc", MEANS_METRIC}, {"val_accuracy", MEANS_METRIC},
		{"eval_accuracy", MEANS_METRIC}, {"test_acc", MEANS_METRIC},
		{"test_accuracy", MEANS_METRIC}, {"auc", MEANS_METRIC}, {"f1", MEANS_METRIC},
		{"bleu", MEANS_METRIC}, {"perplexity", MEANS_METRIC}, {"ppl", MEANS_METRIC},
		{"mae", MEANS_METRIC}, {"rmse", MEANS_METRIC}, {"miou", MEANS_METRIC},
		{"map", MEANS_METRIC}, {"top1", MEANS_METRIC}, {"reward", MEANS_METRIC},
		{"eval_loss", MEANS_METRIC}, {"val_loss", MEANS_METRIC},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (word_is(word, len, words[i].text))
			return words[i].meaning;
	return MEANS_NOTHING;
}

static void set_metric(struct progress *p, const char *word, size_t len, double value,
	unsigned *said)
{
	if (len >= PROGRESS_NAME_MAX)
		return;
	memcpy(p->metric_name, word, len);
	p->metric_name[len] = '\0';
	p->metric = value;
	*said |= PROGRESS_METRIC;
}

static void set_epoch(struct progress *p, double value, unsigned *said)
{
	if (value < 0 || value > 1e9)
		return;
	p->epoch = (int64_t)value;
	*said |= PROGRESS_EPOCH;
}

/* "step 300/1000" tells the total as well; of "Epoch 3/10" the ten is not steps. */
static void set_named(struct progress *p, const char *word, size_t len, double value,
	const char *after, unsigned *said)
{
	int64_t total;

	switch (word_meaning(word, len)) {
	case MEANS_STEP:
		if (value < 0 || value > 9e15)
			return;
		set_step(p, (int64_t)value, said);
		if (*after == '/' && take_int(after + 1, &total))
			set_total(p, total, said);
		break;
	case MEANS_EPOCH: set_epoch(p, value, said); break;
	case MEANS_LOSS:
		p->loss = value;
		*said |= PROGRESS_LOSS;
		break;
	case MEANS_METRIC:
		if (*after == '%')
			value /= 100;
		set_metric(p, word, len, value, said);
		break;
	default: break;
	}
}

/* After a word: quotes, a mark (`:` `=` or a blank), blanks, an optional `[` as in "Epoch [3/10]". */
static const char *value_begin(const char *s)
{
	while (*s == '\'' || *s == '"')
		s++;
	s = skip_blanks(s);
	if (*s == ':' || *s == '=')
		s = skip_blanks(s + 1);
	if (*s == '[')
		s++;
	return s;
}

static void read_named(struct progress *p, const char *line, unsigned *said)
{
	const char *s = line;

	while (*s) {
		const char *word = s, *after;
		double value;
		size_t len;

		while (is_letter(*s) || (s > word && is_digit(*s)))
			s++;
		len = (size_t)(s - word);
		if (len == 0) {
			s++;
			continue;
		}
		if (word > line && (word[-1] == '-' || word[-1] == '/' || is_digit(word[-1])))
			continue; /* a piece of a longer word: "max-step", "it/s" */
		after = take_real(value_begin(s), &value);
		if (after)
			set_named(p, word, len, value, after, said);
	}
}

/* "global_step/sec: 83.1": estimators. */
static void read_step_rate(struct progress *p, const char *line, unsigned *said)
{
	const char *s = strstr(line, "step/sec");
	double value;

	if (s && take_real(value_begin(s + 8), &value))
		set_rate(p, value, said);
}

static unsigned read_line(struct progress *p, char *line, size_t len)
{
	unsigned said = 0;

	for (size_t i = 0; i < len; i++)
		if (line[i] == '\0')
			line[i] = ' ';
	line[len] = '\0';
	read_named(p, line, &said);
	read_tqdm(p, line, &said);
	read_keras(p, line, &said);
	read_pytorch(p, line, &said);
	read_step_rate(p, line, &said);
	read_eta(p, line, &said);
	p->known |= said;
	return said;
}

static unsigned line_end(struct progress *p)
{
	unsigned said = 0;

	if (p->line_len > 0 && !p->line_long)
		said = read_line(p, p->line, p->line_len);
	p->line_len = 0;
	p->line_long = false;
	return said;
}

/* Takes what fits; a line that is longer is read as far as it fits, once. */
static unsigned line_add(struct progress *p, const char *bytes, size_t len)
{
	size_t room = PROGRESS_LINE_MAX - 1 - p->line_len;
	size_t n = len < room ? len : room;

	if (p->line_long)
		return 0;
	memcpy(p->line + p->line_len, bytes, n);
	p->line_len += n;
	if (n == len)
		return 0;
	p->line_long = true;
	return read_line(p, p->line, p->line_len);
}

unsigned progress_feed(struct progress *p, const void *bytes, size_t len)
{
	const char *at = bytes, *end = at + len;
	unsigned said = 0;

	while (at < end) {
		const char *stop = at;

		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		said |= line_add(p, at, (size_t)(stop - at));
		if (stop < end)
			said |= line_end(p);
		at = stop + 1;
	}
	/* Read ahead without taking it: the line stays for what may follow. */
	if (p->line_len > 0 && !p->line_long && p->line[p->line_len - 1] == ']')
		said |= read_line(p, p->line, p->line_len);
	return said;
}
