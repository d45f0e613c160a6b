#include "ui/kit/theme.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

static const char *const colour_words[] = {
	"black",
	"red",
	"green",
	"yellow",
	"blue",
	"magenta",
	"cyan",
	"white",
	"bright-black",
	"bright-red",
	"bright-green",
	"bright-yellow",
	"bright-blue",
	"bright-magenta",
	"bright-cyan",
	"bright-white",
	NULL,
};

static const struct {
	const char *word;
	uint16_t bit;
} attr_words[] = {
	{"bold", SGR_BOLD},
	{"dim", SGR_DIM},
	{"italic", SGR_ITALIC},
	{"underline", SGR_UNDERLINE},
	{"reverse", SGR_REVERSE},
	{"strike", SGR_STRIKE},
};

/* What a role looks like where only attributes are to be had. */
static const uint16_t mono_attrs[ROLE_COUNT] = {
	[ROLE_DIM] = SGR_DIM,
	[ROLE_TITLE] = SGR_BOLD,
	[ROLE_HEADER] = SGR_BOLD | SGR_UNDERLINE,
	[ROLE_SELECTED] = SGR_REVERSE,
	[ROLE_MARKED] = SGR_BOLD,
	[ROLE_WARN] = SGR_BOLD,
	[ROLE_BAD] = SGR_BOLD,
	[ROLE_KEY] = SGR_BOLD,
	[ROLE_MATCH] = SGR_REVERSE,
	[ROLE_PROMPT] = SGR_BOLD,
	[ROLE_FIELD] = SGR_UNDERLINE,
	[ROLE_STALE] = SGR_DIM,
	[ROLE_BAR_REST] = SGR_DIM,
	[ROLE_BADGE] = SGR_REVERSE,
};

static const int16_t builtin_fg[ROLE_COUNT] = {
	[ROLE_NORMAL] = -1,
	[ROLE_DIM] = 8,
	[ROLE_TITLE] = -1,
	[ROLE_HEADER] = 6,
	[ROLE_SELECTED] = -1,
	[ROLE_MARKED] = 5,
	[ROLE_GOOD] = 2,
	[ROLE_WARN] = 3,
	[ROLE_BAD] = 1,
	[ROLE_ACCENT] = 6,
	[ROLE_KEY] = 6,
	[ROLE_MATCH] = 3,
	[ROLE_PROMPT] = -1,
	[ROLE_FIELD] = -1,
	[ROLE_BORDER] = 8,
	[ROLE_STALE] = 8,
	[ROLE_BAR] = 2,
	[ROLE_BAR_REST] = 8,
	[ROLE_BADGE] = 3,
};

void theme_builtin(struct theme *t)
{
	memset(t, 0, sizeof *t);
	snprintf(t->name, sizeof t->name, "builtin");
	for (int i = 0; i < ROLE_COUNT; i++) {
		struct theme_style mono = {-1, -1, mono_attrs[i]};
		struct theme_style colour = {builtin_fg[i], -1, 0};

		if (i == ROLE_TITLE || i == ROLE_PROMPT || i == ROLE_KEY || i == ROLE_BAD)
			colour.attrs = SGR_BOLD;
		if (i == ROLE_SELECTED || i == ROLE_MATCH || i == ROLE_BADGE)
			colour.attrs = SGR_REVERSE;
		if (i == ROLE_FIELD)
			colour.attrs = SGR_UNDERLINE;
		t->roles[THEME_MONO][i] = mono;
		t->roles[THEME_16][i] = colour;
		t->roles[THEME_256][i] = colour;
	}
}

enum theme_depth theme_depth(int colours, bool no_color)
{
	if (no_color || colours < 8)
		return THEME_MONO;
	return colours >= 256 ? THEME_256 : colours >= 16 ? THEME_16 : THEME_8;
}

/* The nearest entry of the 6x6x6 cube or the grey ramp of 256 colours. */
static int16_t cube(int r, int g, int b)
{
	int six[3] = {(r * 5 + 127) / 255, (g * 5 + 127) / 255, (b * 5 + 127) / 255};
	int most = r > g ? (r > b ? r : b) : (g > b ? g : b);
	int least = r < g ? (r < b ? r : b) : (g < b ? g : b);

	if (most - least < 10 && most > 8 && most < 248)
		return (int16_t)(232 + (most - 8) * 24 / 240);
	return (int16_t)(16 + 36 * six[0] + 6 * six[1] + six[2]);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 32) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool hex_colour(const char *text, int16_t *out)
{
	int part[6];

	if (strlen(text) != 7)
		return false;
	for (int i = 0; i < 6; i++)
		if ((part[i] = hex_digit(text[i + 1])) < 0)
			return false;
	*out = cube(part[0] * 16 + part[1], part[2] * 16 + part[3], part[4] * 16 + part[5]);
	return true;
}

static bool parse_colour(const char *text, int16_t *out)
{
	int64_t number;

	if (strcmp(text, "default") == 0) {
		*out = -1;
		return true;
	}
	for (int i = 0; colour_words[i]; i++) {
		if (strcmp(text, colour_words[i]) != 0)
			continue;
		*out = (int16_t)i;
		return true;
	}
	if (text[0] == '#')
		return hex_colour(text, out);
	if (!num_i64(text, 0, 255, &number))
		return false;
	*out = (int16_t)number;
	return true;
}

/* A 16-colour terminal gets the nearest of its own: the standard's sixteen as they usually look. */
static int16_t to_sixteen(int16_t colour)
{
	static const uint8_t six[] = {0, 95, 135, 175, 215, 255};

	if (colour < 16)
		return colour;
	int r, g, b;

	if (colour >= 232) {
		r = g = b = 8 + (colour - 232) * 10;
	} else {
		r = six[(colour - 16) / 36];
		g = six[(colour - 16) / 6 % 6];
		b = six[(colour - 16) % 6];
	}
	int most = r > g ? (r > b ? r : b) : (g > b ? g : b);

	if (most < 60)
		return 0;
	int bits = (r * 2 > most) | (g * 2 > most) << 1 | (b * 2 > most) << 2;

	if (bits == 7)
		return most > 200 ? 15 : most > 140 ? 7 : 8;
	return (int16_t)(most > 215 ? bits + 8 : bits);
}

/* "#rrggbb bold", "bright-red on 17 underline". */
static bool parse_style(const char *text, struct theme_style *out, struct err *e)
{
	struct theme_style s = {-1, -1, 0};
	bool ground = false;
	char word[24];

	while (*(text += strspn(text, " "))) {
		size_t n = strcspn(text, " ");
		bool known = false;

		snprintf(word, sizeof word, "%.*s", (int)(n < 23 ? n : 23), text);
		text += n;
		if (strcmp(word, "on") == 0) {
			ground = true;
			continue;
		}
		for (size_t i = 0; i < sizeof attr_words / sizeof attr_words[0]; i++)
			if (strcmp(word, attr_words[i].word) == 0) {
				s.attrs |= attr_words[i].bit;
				known = true;
			}
		if (!known && !parse_colour(word, ground ? &s.bg : &s.fg))
			return err_set(e, ERR_INVALID,
				"'%s' is neither a colour nor an attribute: write such as \"red "
				"bold\", \"#ff8800 on 17\"",
				word);
	}
	*out = s;
	return true;
}

static bool set_role(struct theme *t, int role, const json_t *in, struct err *e)
{
	const json_t *colour = json_is_object(in) ? json_object_get(in, "color") : in;
	const char *sixteen = json_string_value(json_object_get(in, "color16"));
	const char *mono = json_string_value(json_object_get(in, "mono"));
	struct theme_style style;

	if (colour) {
		if (!json_is_string(colour))
			return err_set(e, ERR_INVALID,
				"its look must be a text such as \"red bold\"");
		if (!parse_style(json_string_value(colour), &style, e))
			return false;
		t->roles[THEME_256][role] = style;
		t->roles[THEME_16][role] = style;
		t->roles[THEME_16][role].fg = to_sixteen(style.fg);
		t->roles[THEME_16][role].bg = to_sixteen(style.bg);
	}
	if (sixteen) {
		if (!parse_style(sixteen, &style, e))
			return false;
		style.fg = to_sixteen(style.fg);
		style.bg = to_sixteen(style.bg);
		t->roles[THEME_16][role] = style;
	}
	if (mono) {
		if (!parse_style(mono, &style, e))
			return false;
		t->roles[THEME_MONO][role].attrs = style.attrs;
	}
	return true;
}

static int find_role(const char *name)
{
	for (int i = 0; grid_role_words[i]; i++)
		if (strcmp(grid_role_words[i], name) == 0)
			return i;
	return -1;
}

bool theme_load(struct theme *t, const json_t *in, struct err *e)
{
	const json_t *roles = json_object_get(in, "roles");
	const char *name = json_string_value(json_object_get(in, "name")), *word;
	struct theme out;
	json_t *value;

	theme_builtin(&out);
	if (!json_is_object(roles))
		return err_set(e, ERR_INVALID,
			"a theme needs a table 'roles'; see themes/README.md");
	if (name)
		snprintf(out.name, sizeof out.name, "%.31s", name);
	json_object_foreach((json_t *)roles, word, value) {
		int role = find_role(word);

		if (role < 0)
			return err_set(e, ERR_INVALID,
				"'%.40s' is not a role; the roles are in themes/README.md", word);
		if (!set_role(&out, role, value, e)) {
			err_prefix(e, "roles.%s", word);
			return false;
		}
	}
	*t = out;
	return true;
}

/* A log's colours hold unless the theme has none (NO_COLOR): then its attributes alone. */
static void add_sgr(struct theme_style *s, enum theme_depth depth, const struct sgr *sgr)
{
	if (depth != THEME_MONO && sgr->fg >= 0)
		s->fg = depth == THEME_256 ? sgr->fg : to_sixteen(sgr->fg);
	if (depth != THEME_MONO && sgr->bg >= 0)
		s->bg = depth == THEME_256 ? sgr->bg : to_sixteen(sgr->bg);
	s->attrs |= sgr->attrs;
}

/*
 * Eight colours have no bright ones: asked for one, a terminal shows black. A bright colour becomes
 * the colour and bold, grey the terminal's own and dim. Black and white stand on a ground of ours
 * only: nobody knows the terminal's.
 */
static void to_eight(struct theme_style *s)
{
	enum { BLACK, WHITE = 7, GREY };

	if (s->fg >= GREY) {
		s->attrs |= s->fg == GREY ? SGR_DIM : SGR_BOLD;
		s->fg = (int16_t)(s->fg == GREY ? -1 : s->fg - GREY);
	}
	if (s->bg >= GREY)
		s->bg = (int16_t)(s->bg == GREY ? -1 : s->bg - GREY);
	if (s->bg < 0 && (s->fg == BLACK || s->fg == WHITE))
		s->fg = -1;
}

struct theme_style theme_cell(const struct theme *t, enum theme_depth depth, const struct cell *c)
{
	enum theme_depth look = depth == THEME_8 ? THEME_16 : depth;
	struct theme_style s = t->roles[look][c->role < ROLE_COUNT ? c->role : ROLE_NORMAL];

	add_sgr(&s, depth, &c->sgr);
	if (c->selected) {
		const struct theme_style *over = &t->roles[look][ROLE_SELECTED];

		if (over->bg >= 0)
			s.bg = over->bg;
		if (over->fg >= 0 && c->role == ROLE_NORMAL)
			s.fg = over->fg;
		s.attrs |= over->attrs;
		s.attrs &= (uint16_t)~SGR_DIM;
	}
	if (depth == THEME_8)
		to_eight(&s);
	/* A log may ask for a colour on itself, or two that are one here. */
	if (s.fg >= 0 && s.fg == s.bg)
		s.bg = -1;
	return s;
}
