#include "core/progress/line.h"

#include <math.h>

/*
 * Finds the numbers of a line and the names before them. Ordinary lines are full of numbers as well
 * (times, sizes), so what cannot be a value is turned away by the character before it.
 */

static bool is_name(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '/' || c == '-' ||
		c == '@' || c == '\'' || c == '#';
}

/* The name that ends before `end`: "val_loss", "train/loss", "Epoch(train)"; empty where none. */
static struct span name_before(const char *text, const char *end)
{
	const char *at = end;

	if (at > text && at[-1] == ')') {
		const char *open = at - 1;

		while (open > text && *open != '(')
			open--;
		if (open > text && is_letter(open[-1]) && at - open < 16)
			at = open;
	}
	while (at > text && is_name(at[-1]))
		at--;
	while (at < end && !is_letter(*at)) /* "0/micro_step", "'loss" */
		at++;
	return (struct span){at, (size_t)(end - at)};
}

static const char *back_blanks(const char *text, const char *at)
{
	while (at > text && is_blank(at[-1]))
		at--;
	return at;
}

static const char *back_quotes(const char *text, const char *at)
{
	while (at > text && (at[-1] == '\'' || at[-1] == '"'))
		at--;
	return at;
}

/* What stands between a name and its value: quotes, blanks, one of : = | and a bracket. */
static const char *back_to_name(const char *text, const char *at, bool *loose)
{
	const char *open = back_blanks(text, at);

	if (at > text && at[-1] == '#') /* "epoch #5" */
		at--;
	at = back_quotes(text, open > text && open[-1] == '[' ? open : at);
	if (at > text && (at[-1] == '[' || at[-1] == '('))
		at = back_blanks(text, at - 1);
	at = back_blanks(text, at);
	if (at - text > 4 && memcmp(at - 3, " is", 3) == 0) { /* "loss is 0.123" */
		*loose = false;
		return back_quotes(text, back_blanks(text, at - 3));
	}
	*loose = !(at > text && (at[-1] == ':' || at[-1] == '=' || at[-1] == '|'));
	if (!*loose)
		at = back_blanks(text, at - 1);
	return back_quotes(text, at);
}

/* "avg. loss [301-375]: 106244.2734": the bracket says of what it is the mean. */
static const char *back_range(const char *text, const char *at)
{
	const char *open = at;

	if (at == text || at[-1] != ']')
		return at;
	for (open = at - 1; open > text && *open != '[' && at - open < 24;)
		open--;
	if (*open != '[' || !is_digit(open[1]) || memchr(open, '-', (size_t)(at - open)) == NULL)
		return at;
	return back_blanks(text, open);
}

static void number_name(struct line *l, struct number *n)
{
	const char *at = back_to_name(l->text, n->at, &n->loose);

	if (!n->loose)
		at = back_range(l->text, at);
	n->before = (struct span){at, 0};
	n->name = name_before(l->text, at);
	if (n->name.len == 0)
		return;
	at = n->name.at;
	if (at > l->text && at[-1] == ' ')
		n->before = name_before(l->text, back_blanks(l->text, at));
	else if (at > l->text && (at[-1] == ':' || at[-1] == '=') && at - 1 > l->text)
		n->before = (struct span){at, 0};
	/* Not that of the sentence before; "avg." is short. */
	if (n->before.len > 4 && n->before.at[n->before.len - 1] == '.')
		n->before.len = 0;
}

/* Behind `n`, as far as a line that goes on may change it. */
static bool is_doubtful(const struct line *l, const struct number *n)
{
	size_t places = 0;

	if (l->ended || (*n->end != '\0' && (n->end[0] != '.' || n->end[1] != '\0')))
		return false;
	if (*n->end == '.')
		return true;
	for (const char *c = n->end; c > n->at && is_digit(c[-1]); c--)
		places++;
	if (places == (size_t)(n->end - n->at) || n->end[-(ptrdiff_t)places - 1] != '.')
		return true;
	return l->decimals == DECIMALS_UNKNOWN ? places < 4 : places != l->decimals;
}

/* "ckpt/epoch=1-step=20-val_loss=0.40.ckpt": a part of a file's name, behind which `end` stands. */
static bool in_file_name(const char *end)
{
	static const char *const kinds[] = {".ckpt", ".pt", ".pth", ".pkl", ".bin", ".h5", ".hdf5",
		".keras", ".safetensors", ".pdparams", ".params", ".joblib", ".npz", ".npy",
		".onnx", ".png"};
	size_t len;

	if (*end != '-' && *end != '_' && *end != '.')
		return false;
	len = strcspn(end, " \t\"',;:)]");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && len > 2; i++) {
		size_t n = strlen(kinds[i]);

		if (len >= n && memcmp(end + len - n, kinds[i], n) == 0)
			return true;
	}
	return false;
}

static const char *number_take(struct line *l, const char *at)
{
	struct number *n = &l->numbers[l->count];
	const char *end = take_real(at, &n->value);

	if (end == NULL)
		return NULL;
	*n = (struct number){.at = at, .end = end, .value = n->value, .argument = l->call};
	n->percent = *end == '%';
	n->integer = is_digit(*at) && take_count(at, &n->whole) == end;
	n->doubtful = is_doubtful(l, n);
	number_name(l, n);
	n->argument |= in_file_name(end);
	if (!n->argument && !(*end == '-' && is_digit(*skip_blanks(end + 1))))
		n->meaning = name_meaning(n->name, n->before);
	l->named |= n->meaning.kind != NAME_NOTHING;
	l->drawn |= n->percent;
	l->count++;
	return end;
}

/* Can a number begin here? Not within a word or another number. */
static bool may_begin(const struct line *l, const char *at)
{
	char before = at > l->text ? at[-1] : ' ';

	if (is_digit(before) || is_letter(before) || before == '_' || before == '.' ||
		before == '@' || (signed char)before < 0)
		return false;
	/* "2026-11-29", "mAP50-95" */
	return !(before == '-' && at - 1 > l->text && is_name(at[-2]));
}

static bool is_sign(const char *at)
{
	return (*at == '-' || *at == '+') &&
		(is_digit(at[1]) || (at[1] == '.' && is_digit(at[2])) ||
			starts_with(at + 1, "inf") || starts_with(at + 1, "nan"));
}

static bool is_named_real(const char *at)
{
	return starts_with(at, "nan") || starts_with(at, "inf");
}

/* "PSO(epoch=20, c1=2.05)": what a program was given, not where it is. */
static bool is_call(const char *at)
{
	for (at++; is_letter(*at) || is_digit(*at) || *at == '_';)
		at++;
	return *at == '=';
}

/* "and parameters: {'epoch': 3}" likewise. */
static bool is_config(const char *begin, const char *at)
{
	static const char *const ends[] = {
		"arameters: ", "arams: ", "onfig: ", "args: ", "ormalizer: "};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t len = strlen(ends[i]);

		if ((size_t)(at - begin) >= len && memcmp(at - len, ends[i], len) == 0)
			return true;
	}
	return false;
}

/* With what a number may begin, or a call. */
static const bool begins[256] = {
	['0' ... '9'] = true,
	['.'] = true,
	['n'] = true,
	['N'] = true,
	['i'] = true,
	['I'] = true,
	['('] = true,
	[')'] = true,
	['{'] = true,
	['}'] = true,
};

static void numbers_find(struct line *l, struct span taken)
{
	const char *at = l->begin, *after = taken.at + taken.len;

	while (*at && l->count < NUMBERS_MAX) {
		const char *begin = at, *end = NULL;

		if (at >= taken.at && at < after) {
			at = after;
			continue;
		}
		if (!begins[(unsigned char)*at]) {
			at++;
			continue;
		}
		if (*at == '(' && at > l->begin && (is_letter(at[-1]) || is_digit(at[-1])))
			l->call = is_call(at);
		else if ((*at == '{' || *at == '(') && is_config(l->begin, at))
			l->call = true;
		else if (*at == ')' || *at == '}')
			l->call = false;
		if (is_digit(*at) ? may_begin(l, at)
				  : (*at == 'n' || *at == 'N' || *at == 'i' || *at == 'I') &&
					may_begin(l, at) && is_named_real(at)) {
			if (at > l->begin && is_sign(at - 1))
				begin = at - 1;
			end = number_take(l, begin);
		} else if (*at == '.' && is_digit(at[1]) && may_begin(l, at)) {
			end = number_take(l, at);
		}
		if (end == NULL)
			for (end = at + 1; is_digit(*at) && is_digit(*end);)
				end++;
		at = end;
	}
}

const struct number *line_number_at(const struct line *l, const char *at)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->numbers[i].at == at)
			return &l->numbers[i];
	return NULL;
}

bool line_promises(const struct line *l)
{
	const char *first;

	if (l->named || l->drawn)
		return true;
	first = skip_blanks(l->text);
	if (*l->head && *first == '|')
		return true;
	if (l->count == 0) /* a head of a table, a heading */
		return l->len < HEAD_MAX;
	if (starts_with(first, "ntree "))
		return true;
	if (is_digit(*first) || *first == '[' || *l->begin == '[' || *l->begin == '<')
		return true;
	return strstr(l->begin, " of ") || strstr(l->begin, "final step") ||
		strstr(l->begin, "/s") || strstr(l->begin, "iter") || strstr(l->begin, "poch") ||
		strstr(l->begin, "EPOCH") || strchr(l->begin, '*');
}

void line_init(struct line *l, const char *text, bool ended, uint8_t depth)
{
	l->text = l->begin = text;
	l->len = strlen(text);
	l->ended = ended;
	l->depth = depth;
	l->head = "";
	l->decimals = DECIMALS_UNKNOWN;
	l->count = l->set_count = 0;
	l->named = l->drawn = l->call = false;
}

void line_begin(struct line *l)
{
	l->begin = message_begin(l->text);
}

void line_scan(struct line *l, struct span taken)
{
	numbers_find(l, taken);
}
