/* What the parts of the filter share. Nothing outside core includes this. */
#ifndef MLTOP_CORE_FILTER_H
#define MLTOP_CORE_FILTER_H

#include "core/text/regex.h"
#include "core/schema/schema.h"

enum { FILTER_MAX = 4096, FILTER_TERMS_MAX = 64, FILTER_VALUES_MAX = 64, FILTER_TEXT_MAX = 1024 };

enum filter_op {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_REGEX,
	OP_KEY, /* no operator: words and quoted parts of the key */
	OP_NONE,
};

struct term {
	const struct field *field;
	size_t index;      /* of its known bit */
	const char *label; /* the one of that name is compared, in place of the field; NULL: none */
	enum filter_op op;
	bool negate;
	struct operand values[FILTER_VALUES_MAX];
	size_t count;
	struct regex *regex; /* where op is OP_REGEX */
};

struct filter {
	const struct kind *kind;
	struct arena text; /* what the operands point at */
	struct term *terms[FILTER_TERMS_MAX];
	size_t len;
	uint8_t columns[KIND_FIELDS_MAX]; /* of words and texts: where a bare word is looked for */
	size_t column_count;
};

void filter_find_columns(struct filter *f); /* fills in the last two */
/* The operator at `text` and its length in bytes; OP_NONE and 0. `negates`: !~= was written. */
enum filter_op filter_op_at(const char *text, size_t *len, bool *negates);
/* Bytes of the field name at `text`. */
size_t filter_name_length(const char *text);
/* Whether the operator makes sense for the field's type. */
bool filter_op_fits(const struct field *f, enum filter_op op);
extern const char *const filter_op_words[]; /* by enum filter_op up to OP_REGEX */

#endif
