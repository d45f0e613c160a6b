#include "http/chunks.h"

/* In the order in which they come; the last two repeat for each field behind the last chunk. */
enum state { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, FIELD, FIELD_LF };

static int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(unsigned char c)
{
	return (c >= ' ' && c != 0x7f) || c == '\t';
}

static bool wrong(struct chunks *c)
{
	c->wrong = true;
	return false;
}

static bool go_on(struct chunks *c, enum state state)
{
	c->state = state;
	return true;
}

/* "1a2b", at most 15 digits, so that no length passes 60 bits. */
static bool size_byte(struct chunks *c, unsigned char byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0 && c->digits < 15) {
		c->left = c->left * 16 + (uint64_t)digit;
		c->digits++;
		return true;
	}
	if (c->digits == 0 || digit >= 0)
		return wrong(c);
	if (byte == '\r')
		return go_on(c, SIZE_LF);
	return byte == ';' ? go_on(c, EXTENSION) : wrong(c);
}

static bool size_ended(struct chunks *c)
{
	bool last = c->left == 0;

	c->digits = 0;
	c->line = 0;
	c->empty = true;
	return go_on(c, last ? FIELD : DATA);
}

static bool field_byte(struct chunks *c, unsigned char byte)
{
	if (byte == '\r')
		return go_on(c, FIELD_LF);
	if (!is_text(byte) || ++c->line > CHUNKS_TRAILER_MAX)
		return wrong(c);
	c->empty = false;
	return true;
}

static bool field_ended(struct chunks *c)
{
	c->over = c->empty;
	c->empty = true;
	return go_on(c, FIELD);
}

/* A byte that is no data. */
static bool byte_came(struct chunks *c, unsigned char byte)
{
	switch ((enum state)c->state) {
	case SIZE: return size_byte(c, byte);
	case EXTENSION:
		if (byte == '\r')
			return go_on(c, SIZE_LF);
		return (is_text(byte) && ++c->line <= CHUNKS_LINE_MAX) || wrong(c);
	case SIZE_LF: return byte == '\n' ? size_ended(c) : wrong(c);
	case DATA_CR: return byte == '\r' ? go_on(c, DATA_LF) : wrong(c);
	case DATA_LF: return byte == '\n' ? go_on(c, SIZE) : wrong(c);
	case FIELD: return field_byte(c, byte);
	case FIELD_LF: return byte == '\n' ? field_ended(c) : wrong(c);
	case DATA: break;
	}
	return wrong(c);
}

size_t chunks_take(struct chunks *c, const char *bytes, size_t len, const char **data,
	size_t *data_len)
{
	size_t at = 0;

	*data_len = 0;
	while (at < len && c->state != DATA && !c->over && !c->wrong)
		byte_came(c, (unsigned char)bytes[at++]);
	if (c->state != DATA || at == len)
		return at;
	*data = bytes + at;
	*data_len = len - at < c->left ? len - at : (size_t)c->left;
	c->left -= *data_len;
	if (c->left == 0)
		c->state = DATA_CR;
	return at + *data_len;
}
