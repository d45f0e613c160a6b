/* Sequences that move or erase: which they are, and whether there are any in some bytes. */
#include "base/fold_parts.h"

#include <string.h>

enum { FAR = 9999 };

bool fold_motion_read(struct fold_motion *m, const char *s, size_t len)
{
	size_t i = 2;

	*m = (struct fold_motion){.n = 0};
	if (len < 3 || s[0] != ESC || s[1] != '[')
		return false;
	if (len == 6 && memcmp(s + 2, "?25", 3) == 0 && (s[5] == 'h' || s[5] == 'l')) {
		m->final = 'h';
		return true;
	}
	for (; i < len - 1 && s[i] >= '0' && s[i] <= '9'; i++)
		m->n = m->n < FAR ? m->n * 10 + (size_t)(s[i] - '0') : FAR;
	m->final = s[i];
	if (i != len - 1 || memchr("ABCDEFGJK", s[i], 9) == NULL)
		return false;
	if (s[i] == 'J' || s[i] == 'K')
		return m->n <= (s[i] == 'J' ? 0 : 2);
	m->n = m->n ? m->n : 1;
	return true;
}

static bool sequence_acts(const char *s, size_t len)
{
	struct unit u = unit_read(s, len);
	struct fold_motion m;

	return fold_motion_read(&m, s, sequence_length(s, len, &u));
}

bool fold_acts(const char *bytes, size_t len)
{
	const char *end = bytes + len;

	while (len > 0 && bytes[len - 1] == CR)
		len--;
	if (memchr(bytes, CR, len) || memchr(bytes, BS, len))
		return true;
	for (const char *s = bytes; (s = memchr(s, ESC, (size_t)(end - s))) != NULL; s++)
		if (sequence_acts(s, (size_t)(end - s)))
			return true;
	return false;
}
