#include "base/items.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

void items_put(struct items_writer *w, const char *key, const char *value)
{
	size_t key_len = strlen(key), value_len;

	if (value == NULL)
		value = "";
	value_len = strlen(value);
	if (w->full || key_len + value_len + 2 > w->size - w->len) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->len, key, key_len);
	w->out[w->len + key_len] = '=';
	memcpy(w->out + w->len + key_len + 1, value, value_len + 1);
	w->len += key_len + value_len + 2;
}

void items_put_i64(struct items_writer *w, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	items_put(w, key, text);
}

static void items_put_u64(struct items_writer *w, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	items_put(w, key, text);
}

bool items_next(const char **at, const char *end, struct items_item *item)
{
	const char *equals;

	if (*at >= end)
		return false;
	equals = strchr(*at, '=');
	item->key = *at;
	item->key_len = equals != NULL ? (size_t)(equals - *at) : strlen(*at);
	item->value = equals != NULL ? equals + 1 : *at + item->key_len;
	*at = item->value + strlen(item->value) + 1;
	return true;
}

bool items_is(const struct items_item *item, const char *key)
{
	return strlen(key) == item->key_len && memcmp(key, item->key, item->key_len) == 0;
}

bool items_check(const char *data, size_t len, const char *what, int64_t most, struct err *e)
{
	const char *at = data;
	struct items_item item;
	int64_t version;

	if (len == 0 || data[len - 1] != '\0')
		return err_set(e, ERR_INVALID, "%s is cut short: it does not end with NUL", what);
	while (at < data + len) {
		const char *equals = strchr(at, '=');

		if (equals == NULL || equals == at)
			return err_set(e, ERR_INVALID,
				"%s is damaged: byte %zu starts no key=value", what,
				(size_t)(at - data));
		at += strlen(at) + 1;
	}
	at = data;
	items_next(&at, data + len, &item);
	if (!items_is(&item, "version") || !num_i64(item.value, 1, INT32_MAX, &version))
		return err_set(e, ERR_INVALID, "%s does not begin with its version", what);
	if (version > most)
		return err_set(e, ERR_INVALID,
			"%s has version %d, this program knows up to %d: update mltop here", what,
			(int)version, (int)most);
	return true;
}

static void encode_row(struct items_writer *w, const struct items_row *row, const char *member)
{
	switch (row->kind) {
	case ITEMS_INT: items_put_i64(w, row->key, *(const int *)(const void *)member); break;
	case ITEMS_I64: items_put_i64(w, row->key, *(const int64_t *)(const void *)member); break;
	case ITEMS_U64: items_put_u64(w, row->key, *(const uint64_t *)(const void *)member); break;
	case ITEMS_TEXT: items_put(w, row->key, *(const char *const *)(const void *)member); break;
	case ITEMS_CHARS: items_put(w, row->key, member); break;
	case ITEMS_WORD:
		items_put(w, row->key, row->words[*(const int *)(const void *)member]);
		break;
	}
}

void items_encode(struct items_writer *w, const struct items_row *rows, size_t count,
	const void *from)
{
	for (size_t i = 0; i < count; i++)
		encode_row(w, &rows[i], (const char *)from + rows[i].at);
}

static bool decode_number(const struct items_row *row, char *member, const char *value)
{
	int64_t number;

	if (row->kind == ITEMS_U64)
		return num_u64(value, UINT64_MAX, (uint64_t *)(void *)member);
	if (!num_i64(value, row->min, row->max, &number))
		return false;
	if (row->kind == ITEMS_INT)
		*(int *)(void *)member = (int)number;
	else
		*(int64_t *)(void *)member = number;
	return true;
}

static bool decode_word(const struct items_row *row, char *member, const char *value)
{
	for (int i = 0; row->words[i] != NULL; i++)
		if (strcmp(row->words[i], value) == 0) {
			*(int *)(void *)member = i;
			return true;
		}
	return false;
}

static bool decode_row(const struct items_row *row, char *member, const char *value)
{
	switch (row->kind) {
	case ITEMS_TEXT: *(const char **)(void *)member = value; return true;
	case ITEMS_CHARS:
		if (strlen(value) >= (size_t)row->max)
			return false;
		memcpy(member, value, strlen(value) + 1);
		return true;
	case ITEMS_WORD: return decode_word(row, member, value);
	default: return decode_number(row, member, value);
	}
}

static const struct items_row *row_of(const struct items_row *rows, size_t count,
	const struct items_item *item)
{
	for (size_t i = 0; i < count; i++)
		if (items_is(item, rows[i].key))
			return &rows[i];
	return NULL;
}

static bool decode_item(void *into, const struct items_row *row, const char *value, uint64_t bit,
	uint64_t *seen, const char *what, struct err *e)
{
	if (*seen & bit)
		return err_set(e, ERR_INVALID, "%s is damaged: %s is there twice", what, row->key);
	*seen |= bit;
	if (!decode_row(row, (char *)into + row->at, value))
		return err_set(e, ERR_INVALID, "%s is damaged: %s cannot be \"%.64s\"", what,
			row->key, value);
	return true;
}

bool items_decode(void *into, const struct items_row *rows, size_t count, const char *data,
	size_t len, const char *what, struct err *e)
{
	const char *at = data;
	struct items_item item;
	uint64_t seen = 0;

	while (items_next(&at, data + len, &item)) {
		const struct items_row *row = row_of(rows, count, &item);

		if (row != NULL &&
			!decode_item(into, row, item.value, 1ull << (row - rows), &seen, what, e))
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (rows[i].needed && !(seen & 1ull << i))
			return err_set(e, ERR_INVALID, "%s is damaged: %s is missing", what,
				rows[i].key);
	return true;
}
