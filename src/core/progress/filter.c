#include "core/progress/filter.h"
#include "core/progress/line.h"

#include <string.h>

/*
 * Most lines of most logs say nothing of progress, and those must cost next to nothing: one walk over
 * the raw bytes that looks at the first letters of each word, at percentages and at cells of bars.
 */

/* Words without which no line says progress, in order of bytes. */
static const char *const words[] = {"acc", "accuracy", "auc", "aucpr", "auroc", "avg", "batch",
	"bleu", "cer", "chrf", "cider", "cost", "crossentropy", "deviance", "dice", "entropy",
	"episode", "epoch", "epochs", "estimated", "eta", "eval", "evaluate", "evaluating",
	"evaluation", "evaluator", "fbeta", "fid", "fmeasure", "fps", "gen", "generation", "hits",
	"iou", "iter", "iterat", "iterate", "iteration", "iterations", "iters", "itr", "kappa",
	"learn", "logloss", "loss", "losses", "mae", "map", "mape", "mcc", "merror", "meteor",
	"metrics", "minibatch", "miou", "mlogloss", "mltop", "mrr", "mse", "ndcg", "nll", "nloglik",
	"ntree", "perplexity", "ppl", "precision", "processes", "psnr", "recall", "remaining",
	"return", "returns", "rew", "reward", "rewards", "rmse", "rmsle", "rouge", "rougel",
	"round", "score", "smape", "spearman", "sps", "ssim", "step", "steps", "testing",
	"timesteps", "train", "training", "tree", "trial", "update", "updates", "ups", "val",
	"valid", "validate", "validating", "validation", "validator", "wer", "world", "xent"};

/* The first two letters of those words, and for each pair the letters that come third. */
#define PAIR(a, b) [((a)&31) << 5 | ((b)&31)]
#define T(c) (1u << ((c)&31))
static const uint32_t thirds[1024] = {
	PAIR('a', 'c') = T('c'),
	PAIR('a', 'v') = T('g'),
	PAIR('a', 'u') = T('c') | T('r'),
	PAIR('b', 'a') = T('t'),
	PAIR('b', 'l') = T('e'),
	PAIR('c', 'e') = T('r'),
	PAIR('c', 'h') = T('r'),
	PAIR('c', 'i') = T('d'),
	PAIR('c', 'o') = T('s'),
	PAIR('c', 'r') = T('o'),
	PAIR('d', 'e') = T('v'),
	PAIR('d', 'i') = T('c'),
	PAIR('e', 'n') = T('t'),
	PAIR('e', 'p') = T('i') | T('o'),
	PAIR('e', 's') = T('t'),
	PAIR('e', 't') = T('a'),
	PAIR('e', 'v') = T('a'),
	PAIR('f', 'b') = T('e'),
	PAIR('f', 'i') = T('d'),
	PAIR('f', 'm') = T('e'),
	PAIR('f', 'p') = T('s'),
	PAIR('g', 'e') = T('n'),
	PAIR('h', 'i') = T('t'),
	PAIR('i', 'o') = T('u'),
	PAIR('i', 't') = T('e') | T('r'),
	PAIR('k', 'a') = T('p'),
	PAIR('l', 'e') = T('a'),
	PAIR('l', 'o') = T('g') | T('s'),
	PAIR('m', 'a') = T('e') | T('p'),
	PAIR('m', 'c') = T('c'),
	PAIR('m', 'e') = T('r') | T('t'),
	PAIR('m', 'i') = T('n') | T('o'),
	PAIR('m', 'l') = T('o') | T('t'),
	PAIR('m', 'r') = T('r'),
	PAIR('m', 's') = T('e'),
	PAIR('n', 'd') = T('c'),
	PAIR('n', 'l') = T('l') | T('o'),
	PAIR('n', 't') = T('r'),
	PAIR('p', 'e') = T('r'),
	PAIR('p', 'p') = T('l'),
	PAIR('p', 'r') = T('e') | T('o'),
	PAIR('p', 's') = T('n'),
	PAIR('r', 'e') = T('c') | T('m') | T('t') | T('w'),
	PAIR('r', 'm') = T('s'),
	PAIR('r', 'o') = T('u'),
	PAIR('s', 'c') = T('o'),
	PAIR('s', 'm') = T('a'),
	PAIR('s', 'p') = T('e') | T('s'),
	PAIR('s', 's') = T('i'),
	PAIR('s', 't') = T('e'),
	PAIR('t', 'e') = T('s'),
	PAIR('t', 'i') = T('m'),
	PAIR('t', 'r') = T('a') | T('e') | T('i'),
	PAIR('u', 'p') = T('d') | T('s'),
	PAIR('v', 'a') = T('l'),
	PAIR('w', 'e') = T('r'),
	PAIR('w', 'o') = T('r'),
	PAIR('x', 'e') = T('n'),
};

enum class {
	CLASS_OTHER,
	CLASS_LETTER,
	CLASS_SIGN, /* to be looked at */
};

static const uint8_t classes[256] = {
	['a' ... 'z'] = CLASS_LETTER,
	['A' ... 'Z'] = CLASS_LETTER,
	['%'] = CLASS_SIGN,
	[']'] = CLASS_SIGN,
	['<'] = CLASS_SIGN,
	['@'] = CLASS_SIGN,
	['*'] = CLASS_SIGN,
	[0x1b] = CLASS_SIGN,
	[0xe2] = CLASS_SIGN,
};

static int compare(const char *s, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char a = (unsigned char)to_lower(s[i]), b = (unsigned char)word[i];

		if (a != b)
			return a < b ? -1 : 1;
	}
	return word[len] ? -1 : 0;
}

static bool is_word(const char *s, size_t len)
{
	size_t low = 0, high = sizeof words / sizeof *words;

	if (len > 14 || !(thirds[(s[0] & 31) << 5 | (s[1] & 31)] & T(s[2])))
		return false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = compare(s, len, words[middle]);

		if (c == 0)
			return true;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* A sequence of colours and the like is passed; others may say something themselves. */
static bool passes_escape(const char *s, const char *end, const char **after)
{
	const char *at = s + 2;

	if (end - s < 3 || s[1] != '[')
		return false;
	while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x40)
		at++;
	*after = at < end ? at + 1 : end;
	return at < end && *at != 'A' && *at != 'F';
}

/* Does the sign at `s` speak of progress? */
static bool sign_speaks(const char *begin, const char *s, const char *end)
{
	switch ((unsigned char)*s) {
	case '%': return s > begin && (is_digit(s[-1]) || s[-1] == ' ');
	case ']': /* "32.8it/s]", "[Parallel(n_jobs=1)]: Done  60 out of  60" */
		return (s - begin > 2 && s[-1] == 's' && s[-2] == '/') ||
			(end - s > 7 && memcmp(s, "]: Done", 7) == 0);
	case '<': return s + 1 < end && is_digit(s[1]);
	case '@': return s > begin && is_letter(s[-1]) && s + 1 < end && is_digit(s[1]);
	case '*': return end - s > 2 && s[1] == '*' && s[2] == '*';
	default: /* cells of a bar, braille */
		return end - s > 1 &&
			(((unsigned char)s[1] >= 0x94 && (unsigned char)s[1] <= 0x96) ||
				((unsigned char)s[1] >= 0xa0 && (unsigned char)s[1] <= 0xa3));
	}
}

/*
 * A word of progress is there. Without a number it says something only as the head of a table or a
 * heading: "Eval begin...", "Best iteration is:".
 */
static bool word_speaks(const char *line, size_t len)
{
	bool gap = false;

	for (size_t i = 0; i < len; i++) {
		if (is_digit(line[i]))
			return true;
		gap |= line[i] == '\t' || line[i] == '|' || line[i] == '=' ||
			(line[i] == ':' && i + 4 < len) ||
			(line[i] == ' ' && i + 1 < len && line[i + 1] == ' ');
	}
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	return gap || len < 32 || (len > 3 && (line[len - 1] == '.' || line[len - 1] == ':'));
}

bool filter_passes(const char *line, size_t len, bool in_table)
{
	const char *s = line, *end = line + len, *share = memchr(line, '%', len);

	if (share && share > line && is_digit(share[-1])) /* most redraws of most bars */
		return true;
	if (in_table) {
		while (s < end && (is_blank(*s) || *s == '|'))
			s++;
		if (s < end && (is_digit(*s) || *s == 0x1b))
			return true;
	}
	if (len > 11 && memcmp(line, "finished run", 12) == 0)
		return true;
	for (s = line; s < end;) {
		const char *word = s;

		switch (classes[(unsigned char)*s]) {
		case CLASS_LETTER:
			do
				s++;
			while (s < end && classes[(unsigned char)*s] == CLASS_LETTER);
			if (s - word > 2 && is_word(word, (size_t)(s - word)))
				return word_speaks(line, len);
			break;
		case CLASS_SIGN:
			if (*s == 0x1b ? !passes_escape(s, end, &s) : sign_speaks(line, s, end))
				return true;
			s += s == word;
			break;
		default: s++;
		}
	}
	return false;
}
