#include "core/text/regex_parts.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

struct regex_parser {
	const char *at;
	struct arena *arena;
	struct err *e;
	int open; /* brackets that wait for their ) */
	struct regex_names *names;
};

static const struct regex_node *parse_either(struct regex_parser *p);

static struct regex_node *node_new(struct regex_parser *p, enum regex_node_type type)
{
	struct regex_node *n = arena_alloc(p->arena, sizeof *n);

	n->type = type;
	return n;
}

static void *bad(struct regex_parser *p, const char *why)
{
	err_set(p->e, ERR_INVALID, "the regular expression does not parse: %s", why);
	return NULL;
}

static uint32_t next_character(struct regex_parser *p)
{
	uint32_t c;
	bool valid;

	p->at += utf8_decode(p->at, strnlen(p->at, UTF8_MAX), &c, &valid, NULL);
	return c;
}

/* ---- Sets ---- */

static void set_add(struct regex_set *s, uint32_t first, uint32_t last)
{
	for (uint32_t c = first; c <= last && c < 128; c++)
		s->low[c / 64] |= (uint64_t)1 << (c % 64);
	if (last >= 128)
		s->ranges[s->count++] = (struct range){first < 128 ? 128 : first, last};
}

static const struct {
	const char *name;
	const char *pairs; /* first and last of each range */
} classes[] = {
	{"alpha", "azAZ"}, {"digit", "09"}, {"alnum", "azAZ09"}, {"upper", "AZ"}, {"lower", "az"},
	{"space", "\t\r  "}, {"blank", "\t\t  "}, {"punct", "!/:@[`{~"}, {"print", " ~"},
	{"graph", "!~"}, {"cntrl", "\1\37\177\177"}, {"xdigit", "09afAF"},
	{"word", "azAZ09__"}, /* \w */
};

static bool set_add_class(struct regex_set *s, const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		const char *pairs = classes[i].pairs;

		if (strlen(classes[i].name) != len || memcmp(classes[i].name, name, len) != 0)
			continue;
		for (; *pairs; pairs += 2)
			set_add(s, (unsigned char)pairs[0], (unsigned char)pairs[1]);
		return true;
	}
	return false;
}

/* A set of at most as many ranges as bytes are left of the expression. */
static struct regex_set *set_new(struct regex_parser *p)
{
	struct regex_set *s = arena_alloc(p->arena, sizeof *s);

	s->ranges = arena_alloc(p->arena, (strlen(p->at) + 1) * sizeof *s->ranges);
	return s;
}

/* "[:alpha:]" inside the brackets. */
static bool parse_class(struct regex_parser *p, struct regex_set *s)
{
	const char *name = p->at + 2, *end = strstr(name, ":]");

	if (end == NULL || !set_add_class(s, name, (size_t)(end - name)))
		return bad(p, "[: :] holds no class such as alpha, digit or space");
	p->at = end + 2;
	return true;
}

/* One character, or two with - between. */
static bool parse_range(struct regex_parser *p, struct regex_set *s)
{
	uint32_t first = next_character(p), last = first;

	if (p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		p->at++;
		last = next_character(p);
	}
	if (last < first)
		return bad(p, "a range in [] ends before it begins");
	set_add(s, first, last);
	return true;
}

/* Behind the "[": a ] that comes first stands for itself, and so does a backslash. */
static const struct regex_node *parse_set(struct regex_parser *p)
{
	struct regex_set *s = set_new(p);
	struct regex_node *n = node_new(p, NODE_SET);

	s->other = *p->at == '^';
	p->at += s->other;
	do {
		if (*p->at == '\0')
			return bad(p, "[ has no ]");
		if (p->at[0] == '[' && (p->at[1] == '.' || p->at[1] == '='))
			return bad(p, "collating elements are not supported");
		if (p->at[0] == '[' && p->at[1] == ':' ? !parse_class(p, s) : !parse_range(p, s))
			return NULL;
	} while (*p->at != ']');
	p->at++;
	n->set = s;
	return n;
}

/* ---- Atoms ---- */

static const struct regex_node *class_node(struct regex_parser *p, const char *name, bool other)
{
	struct regex_node *n = node_new(p, NODE_SET);
	struct regex_set *s = set_new(p);

	set_add_class(s, name, strlen(name));
	s->other = other;
	n->set = s;
	return n;
}

static struct regex_node *character_node(struct regex_parser *p)
{
	struct regex_node *n = node_new(p, NODE_CHARACTER);

	n->character = next_character(p);
	return n;
}

/* Behind the backslash. */
static const struct regex_node *parse_escape(struct regex_parser *p)
{
	char c = *p->at;
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

	if (c == '\0')
		return bad(p, "a backslash with nothing behind it");
	if (c >= '0' && c <= '9') {
		err_set(p->e, ERR_INVALID,
			"the regular expression is refused: back references are not supported");
		return NULL;
	}
	if (c == '<' || c == '>')
		return bad(p, "\\b stands for the edges of a word, \\< and \\> for nothing");
	if (!letter)
		return character_node(p);
	p->at++;
	switch (c) {
	case 'b': return node_new(p, NODE_EDGE);
	case 'w':
	case 'W': return class_node(p, "word", c == 'W');
	case 's':
	case 'S': return class_node(p, "space", c == 'S');
	case 'd':
	case 'D': return class_node(p, "digit", c == 'D');
	default: return bad(p, "of letters only b, d, s, w and D, S, W mean something behind \\");
	}
}

/* "?<name>" or "?P<name>" behind the "(": the part's node, or NULL. */
static struct regex_node *parse_part(struct regex_parser *p)
{
	const char *name = p->at + (p->at[1] == 'P' ? 3 : 2);
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
	struct regex_node *n;

	if (name[-1] != '<' || len == 0 || len >= REGEX_PART_NAME_MAX || name[len] != '>')
		return bad(p, "behind (? stands the name of a part, as in (?<step>[0-9]+)");
	if (p->names->count == REGEX_PARTS_MAX)
		return bad(p, "it has more than 8 named parts");
	n = node_new(p, NODE_PART);
	n->part = p->names->count++;
	memcpy(p->names->names[n->part], name, len);
	p->names->names[n->part][len] = '\0';
	p->at = name + len + 1;
	return n;
}

static const struct regex_node *parse_group(struct regex_parser *p)
{
	const struct regex_node *n;
	struct regex_node *part = NULL;

	if (*p->at == '?' && (part = parse_part(p)) == NULL)
		return NULL;
	p->open++;
	n = parse_either(p);
	if (n == NULL)
		return NULL;
	if (*p->at != ')')
		return bad(p, "( has no )");
	p->at++;
	p->open--;
	if (part == NULL)
		return n;
	part->a = n;
	return part;
}

static const struct regex_node *parse_atom(struct regex_parser *p)
{
	switch (*p->at) {
	case '(': p->at++; return parse_group(p);
	case ')': return bad(p, ") has no (");
	case '[': p->at++; return parse_set(p);
	case '\\': p->at++; return parse_escape(p);
	case '.': p->at++; return node_new(p, NODE_ANY);
	case '^': p->at++; return node_new(p, NODE_START);
	case '$': p->at++; return node_new(p, NODE_END);
	case '*':
	case '+':
	case '?':
	case '{': return bad(p, "* + ? and {} must stand behind what they repeat");
	default: return character_node(p);
	}
}

/* ---- Repeats ---- */

/* Digits up to REGEX_COUNT_MAX; -1 where there are none, one more than that where they are too many. */
static int parse_count(struct regex_parser *p)
{
	int n = -1;

	for (; *p->at >= '0' && *p->at <= '9'; p->at++)
		if (n <= REGEX_COUNT_MAX)
			n = (n < 0 ? 0 : n) * 10 + (*p->at - '0');
	return n;
}

/* "{2}", "{2,}", "{,5}" or "{2,5}". */
static bool parse_counts(struct regex_parser *p, struct regex_node *repeat)
{
	bool comma;

	p->at++;
	repeat->min = parse_count(p);
	comma = *p->at == ',';
	p->at += comma;
	repeat->max = comma ? parse_count(p) : repeat->min;
	if (*p->at != '}' || (repeat->min < 0 && repeat->max < 0))
		return bad(p, "{} holds one count, or two with a comma between");
	if (repeat->min < 0)
		repeat->min = 0;
	if (repeat->min > REGEX_COUNT_MAX || repeat->max > REGEX_COUNT_MAX)
		return bad(p, "a count in {} may be 255 at most");
	if (repeat->max >= 0 && repeat->max < repeat->min)
		return bad(p, "the second count in {} is below the first");
	p->at++;
	return true;
}

/* `n` as often as what stands behind it says. */
static const struct regex_node *parse_repeat(struct regex_parser *p, const struct regex_node *n)
{
	struct regex_node *repeat = node_new(p, NODE_REPEAT);

	repeat->a = n;
	repeat->min = *p->at == '+';
	repeat->max = *p->at == '?' ? 1 : -1;
	if (*p->at == '{')
		return parse_counts(p, repeat) ? repeat : NULL;
	p->at++;
	return repeat;
}

static const struct regex_node *parse_piece(struct regex_parser *p)
{
	const struct regex_node *n = parse_atom(p);

	while (n && *p->at && strchr("*+?{", *p->at))
		n = parse_repeat(p, n);
	return n;
}

/* ---- Branches ---- */

static const struct regex_node *pair(struct regex_parser *p, enum regex_node_type type,
	const struct regex_node *a, const struct regex_node *b)
{
	struct regex_node *n = node_new(p, type);

	n->a = a;
	n->b = b;
	return n;
}

static const struct regex_node *parse_branch(struct regex_parser *p)
{
	const struct regex_node *n = node_new(p, NODE_EMPTY);

	while (*p->at && *p->at != '|' && !(*p->at == ')' && p->open > 0)) {
		const struct regex_node *piece = parse_piece(p);

		if (piece == NULL)
			return NULL;
		n = pair(p, NODE_JOIN, n, piece);
	}
	return n;
}

static const struct regex_node *parse_either(struct regex_parser *p)
{
	const struct regex_node *n = parse_branch(p);

	while (n && *p->at == '|') {
		const struct regex_node *next;

		p->at++;
		next = parse_branch(p);
		n = next ? pair(p, NODE_EITHER, n, next) : NULL;
	}
	return n;
}

const struct regex_node *regex_parse(const char *text, struct arena *a, struct regex_names *names,
	struct err *e)
{
	struct regex_parser p = {.at = text, .arena = a, .names = names, .e = e};

	return parse_either(&p);
}
