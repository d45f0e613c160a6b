#include "base/buf.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char buf_empty[1];

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){.data = buf_empty, .limit = limit};
}

void buf_release(struct buf *b)
{
	if (b->cap)
		free(b->data);
	buf_init(b, b->limit);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->cap)
		b->data[0] = '\0';
}

char *buf_detach(struct buf *b)
{
	char *data = b->cap ? b->data : mem_strdup("");

	buf_init(b, b->limit);
	return data;
}

bool buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->len + more + 1;
	size_t cap = b->cap ? b->cap : 64;

	if (b->limit && b->len + more > b->limit) {
		b->full = true;
		return false;
	}
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap += cap / 2 + 16;
	b->data = mem_realloc(b->cap ? b->data : NULL, cap);
	if (b->cap == 0)
		b->data[0] = '\0';
	b->cap = cap;
	return true;
}

bool buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return true;
	if (!buf_reserve(b, len))
		return false;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return true;
}

bool buf_adds(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

bool buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool buf_addi(struct buf *b, int64_t value)
{
	char digits[24];
	char *at = digits + sizeof digits;
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		*--at = '-';
	return buf_add(b, at, (size_t)(digits + sizeof digits - at));
}

/* Written where there is room already; only what did not fit is formatted a second time. */
bool buf_vaddf(struct buf *b, const char *format, va_list ap)
{
	size_t room = b->cap > b->len ? b->cap - b->len : 0;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(room ? b->data + b->len : NULL, room, format, again);
	va_end(again);
	if (n >= 0 && (size_t)n < room && (b->limit == 0 || b->len + (size_t)n <= b->limit)) {
		b->len += (size_t)n;
		return true;
	}
	if (room)
		b->data[b->len] = '\0';
	if (n < 0 || !buf_reserve(b, (size_t)n))
		return false;
	if (n > 0)
		vsnprintf(b->data + b->len, (size_t)n + 1, format, ap);
	b->len += (size_t)n;
	return true;
}

bool buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, format);
	ok = buf_vaddf(b, format, ap);
	va_end(ap);
	return ok;
}

void buf_drop(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_cut(b, 0);
		return;
	}
	memmove(b->data, b->data + n, b->len - n);
	buf_cut(b, b->len - n);
}

void buf_cut(struct buf *b, size_t len)
{
	if (len > b->len || b->cap == 0)
		return;
	b->len = len;
	b->data[len] = '\0';
}
