/* Java, Node, Go, Rust, Julia, R. */
#include "core/failure/readers.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { FRAMES = 60 };

struct place {
	char text[80];
};

static void set_place(struct place *p, const char *path, size_t len, const char *line)
{
	size_t n;
	const char *base = base_name(path, len, &n);

	snprintf(p->text, sizeof p->text, " (%.*s:%.*s)", (int)(n < 50 ? n : 50), base,
		(int)strspn(line, "0123456789"), line);
}

/* ---- Java ---- */

/* "	at pkg.Class.method(File.java:5)": the first frame with a file that is none of the JDK's. */
static void java_place(const struct lines *l, size_t at, struct place *p)
{
	p->text[0] = '\0';
	for (size_t i = 1; i < FRAMES; i++) {
		const char *s = line_of(l, at + i, at);
		const char *name = s ? behind(s, "\tat ") : NULL,
			   *open = name ? strchr(name, '(') : NULL,
			   *colon = open ? strchr(open, ':') : NULL;

		if (!name)
			return;
		if (!colon || starts(name, "java.") || starts(name, "jdk.") || starts(name, "sun."))
			continue;
		set_place(p, open + 1, (size_t)(colon - open - 1), colon + 1);
		return;
	}
}

size_t read_java(struct lines *l, size_t at, struct errors *out)
{
	const char *what = behind(l->all.items[at].text, "Exception in thread \""), *cause = NULL;
	struct place place, root = {""};
	size_t i = at + 1;

	what = what ? strstr(what, "\" ") : NULL;
	if (!what)
		return 0;
	java_place(l, at, &place);
	for (const char *s; (s = line_of(l, i, at)) != NULL; i++) {
		if (starts(s, "Caused by: ")) {
			cause = s + 11;
			java_place(l, i, &root);
		} else if (!starts(s, "\tat ") && !starts(s, "\t... ")) {
			break;
		}
	}
	error_add(out, l, at, WEIGHT_ERROR, "%.*s%s%s%.100s%s", cause ? 100 : 200, what + 2,
		place.text, cause ? ", caused by " : "", cause ? cause : "",
		cause ? root.text : "");
	return i - at;
}

/* ---- Node ---- */

/* "Error: boom" with "    at f (/x/y.js:3:11)" below, or one of that kind alone. */
size_t read_node(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *next = line_of(l, at + 1, at);
	size_t word = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	struct place place = {""};

	if (word < 5 || strncmp(s + word - 5, "Error", 5) != 0 || !next || !starts(next, "    at "))
		return 0;
	if (s[word] && s[word] != ':' && !starts(s + word, " ["))
		return 0;
	for (size_t i = 1; i < FRAMES && !*place.text; i++) {
		const char *frame = line_of(l, at + i, at), *path, *colon;

		if (!frame || !starts(frame, "    at "))
			break;
		path = strrchr(frame, '(');
		path = path ? path + 1 : frame + 7;
		colon = strchr(path, ':');
		if (starts(path, "node:") || starts(path, "file://"))
			colon = starts(path, "node:") ? NULL : strchr(path + 7, ':');
		if (colon && isdigit((unsigned char)colon[1]))
			set_place(&place, path, (size_t)(colon - path), colon + 1);
	}
	error_add(out, l, at, WEIGHT_ERROR, "%.200s%s", s, place.text);
	return 1;
}

/* ---- Go ---- */

size_t read_go(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text;
	struct place place = {""};
	bool routine = false;

	if (!starts(s, "panic: ") && !starts(s, "fatal error: "))
		return 0;
	for (size_t i = 1; i < FRAMES && !*place.text; i++) {
		const char *frame = line_of(l, at + i, at), *colon;

		if (!frame)
			break;
		routine = routine || starts(frame, "goroutine ");
		colon = frame[0] == '\t' ? strstr(frame, ".go:") : NULL;
		if (colon && !strstr(frame, "/src/runtime/") && !strstr(frame, "/src/internal/"))
			set_place(&place, frame + 1, (size_t)(colon + 3 - frame - 1), colon + 4);
	}
	if (!routine)
		return 0;
	error_add(out, l, at, WEIGHT_ERROR, "%.200s%s", s, place.text);
	return 1;
}

/* ---- Rust ---- */

/* "thread 'main' panicked at src/main.rs:2:5:" with the message below, or before 1.73 inside. */
size_t read_rust(struct lines *l, size_t at, struct errors *out)
{
	const char *s = behind(l->all.items[at].text, "thread '"), *next = line_of(l, at + 1, at),
		   *quote, *colon;
	struct place place = {""};

	s = s ? strstr(s, " panicked at ") : NULL;
	if (!s)
		return 0;
	s += 13;
	quote = *s == '\'' ? strstr(s + 1, "', ") : NULL;
	colon = strstr(quote ? quote : s, ".rs:");
	if (colon) {
		const char *path = quote ? quote + 3 : s;

		set_place(&place, path, (size_t)(colon + 3 - path), colon + 4);
	}
	if (quote)
		error_add(out, l, at, WEIGHT_ERROR, "panicked: %.*s%s",
			(int)(quote - s - 1 < 180 ? quote - s - 1 : 180), s + 1, place.text);
	else
		error_add(out, l, at, WEIGHT_ERROR, "panicked: %.180s%s", next ? next : "",
			place.text);
	return 1;
}

/* ---- Julia ---- */

size_t read_julia(struct lines *l, size_t at, struct errors *out)
{
	const char *s = behind(l->all.items[at].text, "ERROR: ");
	struct place place = {""};
	bool stack = false;

	if (!s)
		return 0;
	for (size_t i = 1; i < FRAMES; i++) {
		const char *frame = line_of(l, at + i, at), *path, *colon;

		if (!frame)
			break;
		stack = stack || starts(frame, "Stacktrace:");
		path = behind(frame, "in expression starting at ");
		colon = path ? strrchr(path, ':') : NULL;
		if (colon) {
			set_place(&place, path, (size_t)(colon - path), colon + 1);
			break;
		}
	}
	if (!stack && !*place.text)
		return 0;
	error_add(out, l, at, WEIGHT_ERROR, "%.200s%s", s, place.text);
	return 1;
}

/* ---- R ---- */

/* "Error in f(1) : boom", the message perhaps on the next line, and "Execution halted" at the end. */
size_t read_r(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *next = line_of(l, at + 1, at), *colon;
	bool halted = false;

	if (!starts(s, "Error in ") && !starts(s, "Error: "))
		return 0;
	for (size_t i = 1; i < 12 && !halted; i++) {
		const char *later = line_of(l, at + i, at);

		halted = later && strcmp(later, "Execution halted") == 0;
	}
	if (!halted)
		return 0;
	colon = starts(s, "Error in ") ? strstr(s, " : ") : NULL;
	if (colon)
		error_add(out, l, at, WEIGHT_ERROR, "%.*s: %s", (int)(colon - s), s, colon + 3);
	else if (s[strlen(s) - 1] == ':' && next)
		error_add(out, l, at, WEIGHT_ERROR, "%.*s: %s",
			(int)(strlen(s) - 1 - (s[strlen(s) - 2] == ' ')), s,
			next + strspn(next, " "));
	else
		error_add(out, l, at, WEIGHT_ERROR, "%s", s);
	return 1;
}
