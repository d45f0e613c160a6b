#include "core/failure/readers.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	ESC = 0x1B,
	LINE_BYTES = 4096,
	STEPS_MAX = 200 * 1000,
	LINES_MAX = 10 * 1000,
	PREFIXES_MAX = 4
};

/* ---- Cleaning ---- */

/* Bytes of the sequence at `s`. */
static size_t sequence(const char *s, const char *end)
{
	const char *at = s + 1;

	if (at == end)
		return 1;
	if (*at == '[') {
		for (at++; at < end && (*at < 0x40 || *at > 0x7E); at++)
			;
		return (size_t)(at - s) + (at < end);
	}
	if (*at == ']') {
		for (at++; at < end && *at != 0x07 && *at != ESC; at++)
			;
		return (size_t)(at - s) + (at < end && *at == 0x07);
	}
	return 2;
}

/* What is left of a line: behind its last CR, without sequences and other controls. */
static void add_clean(struct buf *out, const char *s, const char *end)
{
	size_t from = out->len;

	while (end > s && end[-1] == '\r')
		end--;
	for (const char *at = end; at > s; at--)
		if (at[-1] == '\r')
			s = at;
	while (s < end && out->len - from < LINE_BYTES) {
		if (*s == ESC)
			s += sequence(s, end);
		else if ((unsigned char)*s < 0x20 && *s != '\t')
			s++;
		else
			buf_addc(out, *s++);
	}
	while (out->len > from &&
		(out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\t'))
		out->len--;
	buf_addc(out, '\0');
}

/* ---- Ranks ---- */

static const char *number(const char *s, int *out)
{
	int n = 0, digits = 0;

	for (; isdigit((unsigned char)*s) && digits < 6; s++, digits++)
		n = n * 10 + *s - '0';
	if (digits == 0)
		return NULL;
	*out = n;
	return s;
}

/* "[rank1]: ", "[default1]:", "[1,0]<stderr>:" of torchrun and Open MPI; NULL: none of these. */
static const char *sure_prefix(const char *s, int *rank)
{
	static const char *const words[] = {"[rank", "[default"};
	const char *at;
	int job;

	for (size_t i = 0; i < 2; i++) {
		at = behind(s, words[i]);
		at = at ? number(at, rank) : NULL;
		if (at && starts(at, "]:"))
			return at + 2 + (at[2] == ' ');
	}
	at = behind(s, "[");
	at = at ? number(at, &job) : NULL;
	at = at && *at == ',' ? number(at + 1, rank) : NULL;
	if (at && starts(at, "]<std") && strchr(at, ':'))
		return strchr(at, ':') + 1;
	return NULL;
}

/*
 * All that stand before a line: torchrun's --tee labels what torch has labelled already, as in
 * "[default1]:[rank1]: Traceback". The inner one counts over all machines.
 */
static const char *sure_prefixes(const char *s, int *rank)
{
	const char *rest = NULL, *next = s;
	int found = -1;

	for (int n = 0; n < PREFIXES_MAX && (next = sure_prefix(next, &found)) != NULL; n++) {
		rest = next;
		*rank = found;
	}
	return rest;
}

/* "[1] " of MPICH, "1: " of srun: a prefix where most lines have it. */
static const char *likely_prefix(const char *s, int *rank)
{
	const char *at = number(s + (*s == '['), rank);

	if (at && *s == '[' && starts(at, "] "))
		return at + 2;
	if (at && *s != '[' && starts(at, ": "))
		return at + 2;
	return NULL;
}

static void strip_prefixes(struct lines *l)
{
	size_t likely = 0, full = 0;
	int first = -1;

	for (size_t i = 0; i < l->all.len; i++) {
		int rank;

		full += *l->all.items[i].text != '\0';
		likely += likely_prefix(l->all.items[i].text, &rank) != NULL;
	}
	for (size_t i = 0; i < l->all.len; i++) {
		struct line *line = &l->all.items[i];
		int rank = -1;
		const char *rest = sure_prefixes(line->text, &rank);

		if (!rest && likely * 4 > full * 3)
			rest = likely_prefix(line->text, &rank);
		if (!rest)
			continue;
		line->text = rest;
		line->rank = rank;
		l->ranks = l->ranks || rank > 0 || (first >= 0 && first != rank);
		first = rank;
	}
}

/* ---- Life ---- */

/* Where the last LINES_MAX lines begin. */
static const char *last_lines(const char *bytes, const char *end)
{
	const char *at = end;

	for (int n = 0; n <= LINES_MAX && at > bytes; n++) {
		const char *lf = memrchr(bytes, '\n', (size_t)(at - bytes));

		if (lf == NULL)
			return bytes;
		at = lf;
	}
	return at > bytes ? at + 1 : bytes;
}

void lines_init(struct lines *l, const char *bytes, size_t len, uint64_t offset)
{
	const char *end = bytes + len;
	size_t at = 0;

	*l = (struct lines){.text = BUF_INIT, .cause_rank = -1};
	for (const char *s = last_lines(bytes, end), *lf; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		lf = lf ? lf : end;
		vec_push(&l->all,
			((struct line){.offset = offset + (uint64_t)(s - bytes), .rank = -1}));
		add_clean(&l->text, s, lf);
	}
	for (size_t i = 0; i < l->all.len; i++) {
		l->all.items[i].text = l->text.data + at;
		at += strlen(l->text.data + at) + 1;
	}
	strip_prefixes(l);
}

void lines_release(struct lines *l)
{
	vec_release(&l->all);
	buf_release(&l->text);
}

/* ---- For readers ---- */

const char *line_of(const struct lines *l, size_t at, size_t of)
{
	return at < l->all.len && l->all.items[at].rank == l->all.items[of].rank
		? l->all.items[at].text
		: NULL;
}

size_t line_next(struct lines *l, size_t at)
{
	size_t next = at + 1;

	while (next < l->all.len && l->all.items[next].rank != l->all.items[at].rank)
		next++;
	l->steps += next - at;
	return l->steps < STEPS_MAX ? next : l->all.len;
}

void lines_take(struct lines *l, size_t at, size_t next)
{
	for (size_t i = at + 1; i < next && i < l->all.len; i++)
		if (l->all.items[i].rank == l->all.items[at].rank)
			l->all.items[i].taken = true;
}

bool own_file(const char *path, size_t len)
{
	static const char *const others[] = {"site-packages/", "dist-packages/", "lib/python",
		"<frozen"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (memmem(path, len, others[i], strlen(others[i])))
			return false;
	return true;
}

bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

const char *behind(const char *text, const char *with)
{
	return starts(text, with) ? text + strlen(with) : NULL;
}

const char *base_name(const char *path, size_t len, size_t *out_len)
{
	const char *slash = memrchr(path, '/', len);
	const char *base = slash ? slash + 1 : path;

	*out_len = (size_t)(path + len - base);
	return base;
}

void error_add(struct errors *out, const struct lines *l, size_t line, enum weight weight,
	const char *format, ...)
{
	struct error e = {.line = line, .rank = l->all.items[line].rank, .weight = weight};
	va_list ap;

	va_start(ap, format);
	vsnprintf(e.text, sizeof e.text, format, ap);
	va_end(ap);
	vec_push(&out->all, e);
}
