/* Tracebacks of Python: chained ones, groups, syntax errors, those inside of messages. */
#include "core/failure/readers.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { FRAMES_MAX = 4000, NAME_MAX_ = 60 };

/* Where it happened: the innermost frame of the person's own files, else the innermost. */
struct place {
	char own[NAME_MAX_ + 16], any[NAME_MAX_ + 16];
};

/* A traceback and the exception that it ends with. */
struct trace {
	struct place place;
	size_t line; /* of the exception */
	size_t next; /* behind it */
	const char *what;
};

/* `File "PATH", line N[, in NAME]`; false: none. */
static bool read_frame(const char *s, struct place *p)
{
	const char *path = behind(s, "File \""), *quote = path ? strchr(path, '"') : NULL;
	const char *line = quote ? behind(quote, "\", line ") : NULL;
	size_t len;
	const char *base;

	if (!line || !isdigit((unsigned char)*line))
		return false;
	base = base_name(path, (size_t)(quote - path), &len);
	snprintf(p->any, sizeof p->any, "%.*s:%.*s", (int)(len < NAME_MAX_ ? len : NAME_MAX_), base,
		(int)strspn(line, "0123456789"), line);
	if (own_file(path, (size_t)(quote - path)))
		snprintf(p->own, sizeof p->own, "%s", p->any);
	return true;
}

/* What stands before a traceback inside a group: blanks, bars and crosses. */
static size_t margin(const char *s)
{
	return strspn(s, " |+-");
}

/* A type as the interpreter writes it, alone or before a colon. */
static bool is_exception(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '.' ||
		(unsigned char)s[n] >= 0x80)
		n++;
	return n > 1 && n < 128 &&
		(s[n] == '\0' || (s[n] == ':' && (s[n + 1] == ' ' || !s[n + 1])));
}

static bool is_head(const char *s)
{
	const char *head = strstr(s, "Traceback (most recent call last):");

	if (!head || head[34] != '\0')
		return false;
	s += margin(s);
	return s == head || starts(s, "Exception Group Traceback") ||
		starts(s, "Original Traceback");
}

/* From the head on; false: it is not whole. */
static bool read_trace(struct lines *l, size_t head, struct trace *t)
{
	const char *first = l->all.items[head].text;
	size_t indent = strspn(first, " |");
	size_t at = head;

	*t = (struct trace){.line = head};
	/* The head of a group stands behind a cross, its lines behind a bar. */
	if (starts(first + indent, "+ "))
		indent += 2;
	for (int n = 0; n < FRAMES_MAX; n++) {
		const char *s;

		at = line_next(l, at);
		if (at >= l->all.len)
			return false;
		s = l->all.items[at].text;
		if (strspn(s, " |") > indent) {
			read_frame(s + strspn(s, " |"), &t->place);
			continue;
		}
		s += strspn(s, " |");
		if (*s == '\0' && n == 0)
			continue;
		if (!is_exception(s))
			return false;
		t->line = at;
		t->what = s;
		t->next = line_next(l, at);
		return true;
	}
	return false;
}

static void say(const struct trace *t, char *out, size_t size, size_t most)
{
	const char *place = *t->place.own ? t->place.own : t->place.any;
	size_t room = most > strlen(place) + 3 ? most - strlen(place) - 3 : 0;
	const char *what = behind(t->what, "__main__.") ? t->what + 9 : t->what;
	size_t len = strlen(what);

	while (len > 0 && (what[len - 1] == ' ' || what[len - 1] == ':'))
		len--;
	snprintf(out, size, "%.*s%s%s%s%s", (int)(len < room ? len : room), what,
		len < room ? "" : "...", *place ? " (" : "", place, *place ? ")" : "");
}

/* It failed because something else did: a launcher, or a peer that is gone. */
static enum weight weight_of(const char *what)
{
	static const char *const launchers[] = {"ChildFailedError", "CalledProcessError",
		"ProcessExitedException", "RayTaskError", "SystemExit"};
	static const char *const symptoms[] = {"Connection closed by peer",
		"Connection reset by peer", "Broken pipe", "NCCL communicator was aborted",
		"collective operation timeout", "DistBackendError", "DistNetworkError",
		"Timed out waiting", "Socket Timeout", "KeyboardInterrupt",
		"Application timeout caused pair closure"};

	for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
		if (strstr(what, launchers[i]))
			return WEIGHT_LAUNCHER;
	for (size_t i = 0; i < sizeof symptoms / sizeof *symptoms; i++)
		if (strstr(what, symptoms[i]))
			return WEIGHT_SYMPTOM;
	return WEIGHT_ERROR;
}

/* The first exception inside a group, whose own line is that of `t`. */
static size_t read_group(struct lines *l, struct trace *t, char *out, size_t size)
{
	size_t at = t->next;
	const char *s = at < l->all.len ? l->all.items[at].text : "";
	struct trace inner;
	char text[128];

	if (!strstr(s, "---- 1 ----"))
		return at;
	at = line_next(l, at);
	if (at < l->all.len && is_head(l->all.items[at].text) && read_trace(l, at, &inner)) {
		at = inner.next;
	} else if (at < l->all.len) {
		s = l->all.items[at].text + margin(l->all.items[at].text);
		if (!is_exception(s))
			return at;
		inner = (struct trace){.what = s};
	} else {
		return at;
	}
	say(&inner, text, sizeof text, 110);
	snprintf(out, size, ", first %s", text);
	/* The others of the group are no errors of their own. */
	while (at < l->all.len &&
		starts(l->all.items[at].text + strspn(l->all.items[at].text, " "), "|"))
		at = line_next(l, at);
	while (at < l->all.len && strspn(l->all.items[at].text, " +-|") >= 4 &&
		(l->all.items[at].text[strspn(l->all.items[at].text, " ")] == '+' ||
			l->all.items[at].text[strspn(l->all.items[at].text, " ")] == '|'))
		at = line_next(l, at);
	return at;
}

/* Is the next one raised from this one, or while it was handled? Its head's line, else 0. */
static size_t chained(struct lines *l, size_t at, const char **how)
{
	for (int blank = 0; at < l->all.len && blank < 40; at = line_next(l, at), blank++) {
		const char *s = l->all.items[at].text + margin(l->all.items[at].text);

		if (starts(s, "The above exception was the direct cause"))
			*how = ", caused by ";
		else if (starts(s, "During handling of the above exception"))
			*how = ", while handling ";
		else if (*s && **how)
			return is_head(l->all.items[at].text) ? at : 0;
		else if (*s && is_head(l->all.items[at].text))
			return 0;
	}
	return 0;
}

size_t read_python(struct lines *l, size_t at, struct errors *out)
{
	char text[2 * FAILURE_BYTES], cause[FAILURE_BYTES] = "", group[FAILURE_BYTES] = "";
	const char *how = "", *before = "";
	struct trace t;
	size_t next;

	if (!is_head(l->all.items[at].text) || !read_trace(l, at, &t))
		return 0;
	for (;;) {
		size_t later;

		next = read_group(l, &t, group, sizeof group);
		how = "";
		later = chained(l, next, &how);
		struct trace raised;

		if (later == 0 || !read_trace(l, later, &raised))
			break;
		/* Sent from process to process it is the same one, and the first place the true one. */
		*cause = '\0';
		if (strcmp(t.what, raised.what) == 0)
			raised.place = t.place;
		else
			say(&t, cause, sizeof cause, 100);
		before = how;
		t = raised;
		*group = '\0';
	}
	lines_take(l, at, next);
	say(&t, text, sizeof text, *cause ? 125 : *group ? 110 : FAILURE_BYTES - 12);
	error_add(out, l, t.line, weight_of(t.what), "%s%s%s%s", text, group, *cause ? before : "",
		cause);
	return 1;
}

/* A syntax error of the program itself has no head. */
size_t read_python_alone(struct lines *l, size_t at, struct errors *out)
{
	static const char *const types[] = {"SyntaxError: ", "IndentationError: ", "TabError: "};
	struct trace t = {.line = at, .what = l->all.items[at].text};
	char text[2 * FAILURE_BYTES];

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (!starts(t.what, types[i]))
			continue;
		for (size_t back = 1; back < 5 && back <= at; back++) {
			const char *s = l->all.items[at - back].text;

			if (read_frame(s + strspn(s, " "), &t.place)) {
				say(&t, text, sizeof text, FAILURE_BYTES - 12);
				error_add(out, l, at, WEIGHT_ERROR, "%s", text);
				return 1;
			}
		}
	}
	return 0;
}
