#include "base/mask.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CUT_LEAST = 4, SHOWN = 3 };

void mask_begin(struct mask *m, char *bytes, size_t len)
{
	*m = (struct mask){.bytes = bytes, .len = len, .work = MASK_WORK};
}

static void mark(struct mask *m, size_t at, size_t n)
{
	if (m->marks == NULL)
		m->marks = mem_alloc(m->len);
	memset(m->marks + at, 1, n);
}

static bool alike(struct mask *m, const char *a, const char *b, size_t n)
{
	bool maybe = *a == *b;

	m->work -= maybe ? (int64_t)n : 1;
	return maybe && m->work >= 0 && memcmp(a, b, n) == 0;
}

/* The longest part that may be left of a text whose other part was cut off. */
static void mark_cut(struct mask *m, const char *text, size_t size)
{
	size_t most = size - 1 < m->len ? size - 1 : m->len, n;

	for (n = most; n >= CUT_LEAST && !alike(m, m->bytes, text + size - n, n);)
		n--;
	if (n >= CUT_LEAST)
		mark(m, 0, n);
	for (n = most; n >= CUT_LEAST && !alike(m, m->bytes + m->len - n, text, n);)
		n--;
	if (n >= CUT_LEAST)
		mark(m, m->len - n, n);
}

static void mark_all(struct mask *m, const char *text, size_t size)
{
	const char *at = m->bytes, *end = m->bytes + m->len;

	if (size < MASK_LEAST || m->work < 0)
		return;
	m->work -= (int64_t)m->len;
	while ((at = memmem(at, (size_t)(end - at), text, size)) != NULL) {
		mark(m, (size_t)(at - m->bytes), size);
		at++;
	}
	mark_cut(m, text, size);
}

/* Its line ends may be others where it is shown, and a line of it tells enough. */
static void mark_lines(struct mask *m, const char *text, size_t size)
{
	const char *end = text + size, *stop;

	for (const char *at = text; at < end && m->work >= 0; at = stop + 1) {
		size_t n;

		stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop : end;
		n = (size_t)(stop - at);
		mark_all(m, at, n > 0 && at[n - 1] == '\r' ? n - 1 : n);
	}
}

void mask_text(struct mask *m, const char *text, size_t size)
{
	mark_all(m, text, size);
	if (memchr(text, '\n', size))
		mark_lines(m, text, size);
}

void mask_end(struct mask *m)
{
	if (m->work < 0)
		memset(m->bytes, MASK_BYTE, m->len);
	for (size_t i = 0; m->marks && i < m->len; i++)
		if (m->marks[i])
			m->bytes[i] = MASK_BYTE;
	free(m->marks);
	m->marks = NULL;
}

void mask_shorten(char *text)
{
	char *to = text;

	while (*text) {
		size_t n = 0;

		while (text[n] == MASK_BYTE)
			n++;
		if (n == 0)
			*to++ = *text++;
		for (size_t i = 0; i < (n >= MASK_LEAST ? SHOWN : n); i++)
			*to++ = MASK_BYTE;
		text += n;
	}
	*to = '\0';
}
