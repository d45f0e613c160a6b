/* Programs of C and C++, and what their runtimes say when they end: exceptions, asserts, heaps. */
#include "core/failure/readers.h"

#include <stdio.h>
#include <string.h>

/* "terminate called after throwing an instance of 'T'" and its what(), of libstdc++ and libc++. */
size_t read_terminate(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *type, *what;
	size_t next = line_next(l, at);

	type = behind(s, "libc++abi: terminating due to uncaught exception of type ");
	if (!type)
		type = behind(s, "libc++abi: terminating with uncaught exception of type ");
	if (type) {
		error_add(out, l, at, WEIGHT_ERROR, "%s", type);
		return 1;
	}
	if (starts(s, "terminate called without an active exception")) {
		error_add(out, l, at, WEIGHT_ERROR, "%s", s);
		return 1;
	}
	type = behind(s, "terminate called after throwing an instance of '");
	if (!type)
		return 0;
	what = next < l->all.len ? behind(l->all.items[next].text, "  what():  ") : NULL;
	error_add(out, l, at,
		strstr(type, "DistBackendError") || strstr(type, "DistNetworkError")
			? WEIGHT_SYMPTOM
			: WEIGHT_ERROR,
		"%.*s%s%s", (int)strcspn(type, "'"), type, what ? ": " : "", what ? what : "");
	return 1;
}

/* Asserts, and the C library's own word about a heap or stack. */
size_t read_abort(struct lines *l, size_t at, struct errors *out)
{
	static const char *const heads[] = {"double free or corruption",
		"free(): ", "malloc(): ", "realloc(): ", "corrupted size vs. prev_size",
		"munmap_chunk(): ", "*** stack smashing detected ***",
		"*** buffer overflow detected ***", "Segmentation fault", "Bus error",
		"Illegal instruction", "Floating point exception", "Killed", "Aborted"};
	const char *s = l->all.items[at].text;
	size_t n = strlen(s);

	/* "train: train.c:5: main: Assertion `x > 0' failed." */
	if (strstr(s, ": Assertion `") && n > 8 && strcmp(s + n - 8, " failed.") == 0) {
		error_add(out, l, at, WEIGHT_ERROR, "%s", s);
		return 1;
	}
	/* "bash: line 1:  5464 Segmentation fault      ./train" */
	if (strstr(s, ": line ") &&
		(strstr(s, " Segmentation fault ") || strstr(s, " Killed ") ||
			strstr(s, " Aborted "))) {
		error_add(out, l, at, WEIGHT_HINT, "%s", s);
		return 1;
	}
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		if (!starts(s, heads[i]))
			continue;
		/* A shell's word is the whole line. */
		if (i >= 8 && s[strlen(heads[i])] &&
			!starts(s + strlen(heads[i]), " (core dumped)"))
			continue;
		error_add(out, l, at, i < 8 ? WEIGHT_ERROR : WEIGHT_HINT, "%s", s);
		return 1;
	}
	return 0;
}

/* "==7==ERROR: AddressSanitizer: heap-use-after-free on address ..."; the first frame with a line. */
size_t read_sanitizer(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *name = strstr(s, "Sanitizer: ");
	char place[80] = "";

	if (!name || !strstr(s, "ERROR: ") || !starts(s, "=="))
		return 0;
	while (name > s && name[-1] != ' ')
		name--;
	for (size_t i = 1; i < 12 && !*place; i++) {
		const char *frame = line_of(l, at + i, at), *in, *end;
		size_t len;

		frame = frame ? behind(frame, "    #") : NULL;
		in = frame ? strstr(frame, " in ") : NULL;
		in = in ? strrchr(in, ' ') : NULL;
		end = in ? strchr(in, ':') : NULL;
		if (!end)
			continue;
		in = base_name(in + 1, (size_t)(end - in - 1), &len);
		snprintf(place, sizeof place, " (%.*s%.*s)", (int)(len < 50 ? len : 50), in,
			(int)(1 + strspn(end + 1, "0123456789")), end);
	}
	s = strstr(name, " on address");
	error_add(out, l, at, WEIGHT_ERROR, "%.*s%s", (int)(s ? s - name : 150), name, place);
	return 1;
}

/* Python's faulthandler: "Fatal Python error: Segmentation fault", then frames, newest first. */
size_t read_faulthandler(struct lines *l, size_t at, struct errors *out)
{
	const char *what = behind(l->all.items[at].text, "Fatal Python error: ");
	char place[80] = "";

	if (!what)
		return 0;
	for (size_t i = 1; i < 12 && !*place; i++) {
		const char *s = line_of(l, at + i, at);
		const char *path = s ? behind(s, "  File \"") : NULL;
		const char *end = path ? strchr(path, '"') : NULL;
		const char *line = end ? behind(end, "\", line ") : NULL;
		size_t len;

		if (!line || !own_file(path, (size_t)(end - path)))
			continue;
		path = base_name(path, (size_t)(end - path), &len);
		snprintf(place, sizeof place, " (%.*s:%.*s)", (int)(len < 50 ? len : 50), path,
			(int)strspn(line, "0123456789"), line);
	}
	error_add(out, l, at, WEIGHT_ERROR, "%.150s%s", what, place);
	return 1;
}
