/* Memory, bytes, CPUs and the quotas of the public client (its strings are read by its column
 * code). */
#include "core/schema/ftype.h"

#include "base/num.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- memory: a decimal with unit K, M, G or T ---- */

static const struct {
	char letter;
	int64_t size;
} units[] = {
	{'T', (int64_t)1 << 40},
	{'G', 1 << 30},
	{'M', 1 << 20},
	{'K', 1 << 10},
};

/* Appends `hundredths` of a unit if a reader gets exactly `bytes` back. */
static bool size_try(int64_t bytes, int64_t hundredths, char letter, struct buf *out)
{
	size_t start = out->len;
	int64_t back;

	decimal_text(hundredths, 2, out);
	buf_addc(out, letter);
	if (num_bytes(out->data + start, &back) && back == bytes)
		return true;
	buf_cut(out, start);
	return false;
}

/*
 * The largest unit that says it exactly with at most two decimals: "4G", "0.5K". Where none does,
 * K with ten decimals, which hold any part of 1024.
 */
static void size_exact(int64_t bytes, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		int64_t size = units[i].size, hundredths;

		if (bytes < size && units[i].letter != 'K')
			continue;
		if (bytes % size == 0) {
			buf_addf(out, "%" PRId64 "%c", bytes / size, units[i].letter);
			return;
		}
		hundredths = (int64_t)((__int128)bytes * 100 / size);
		if (size_try(bytes, hundredths, units[i].letter, out) ||
			size_try(bytes, hundredths + 1, units[i].letter, out))
			return;
	}
	buf_addf(out, "%" PRId64 ".%010" PRId64 "K", bytes / 1024, bytes % 1024 * (int64_t)9765625);
}

void show_size(int64_t bytes, struct buf *out)
{
	if (bytes >= 0 && bytes < 1024)
		show_i64(bytes, out);
	else
		size_exact(bytes, out);
}

static json_t *json_from_buf(struct buf *b)
{
	json_t *out = json_stringn_nocheck(b->data, b->len);

	buf_release(b);
	return out;
}

static json_t *memory_encode(const struct field *f, const void *member)
{
	int64_t bytes = *(const int64_t *)member;
	struct buf out = BUF_INIT;

	(void)f;
	if (bytes < 0)
		return json_null();
	size_exact(bytes, &out);
	return json_from_buf(&out);
}

/* With a unit from a person ("memory_limit: 4" would be four bytes), any size from a server. */
static bool memory_read(const json_t *in, enum strictness how, int64_t *out)
{
	const char *text = json_string_value(in);

	if (text == NULL) {
		if (how != DECODE_SERVER || !json_is_integer(in) || json_integer_value(in) < 0)
			return false;
		*out = json_integer_value(in);
		return true;
	}
	if (how != DECODE_SERVER && text[strspn(text, "0123456789.")] == '\0')
		return false;
	return num_bytes(text, out);
}

static bool memory_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	int64_t value;

	(void)a;
	if (!memory_read(in, how, &value))
		return field_wrong(f, in, e, "give a number with unit K, M, G or T, such as \"%s\"",
			f->hint ? f->hint : "4G");
	if (!field_in_range(f, value, in, how, show_size, e))
		return false;
	*(int64_t *)member = value;
	return true;
}

static void bytes_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)f, (void)now;
	size_cell(*(const int64_t *)member, out);
}

static bool bytes_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	int64_t value;

	if (!num_bytes(text, &value))
		return field_wrong_text(f, text, e, "compare with a size, such as 4G or 512M");
	out->number = (double)value;
	return true;
}

const struct ftype ft_memory = {
	.name = "memory",
	.wire = "string such as \"4G\" (K, M, G or T)",
	.storage = ST_BYTES,
	.right = true,
	.ordered = true,
	.encode = memory_encode,
	.decode = memory_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = bytes_cell,
	.operand = bytes_operand,
	.number = number_i64,
};

/* ---- bytes: a plain number ---- */

static json_t *bytes_encode(const struct field *f, const void *member)
{
	(void)f;
	return json_integer(*(const int64_t *)member);
}

static bool bytes_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	const char *text = json_string_value(in);
	int64_t value;

	(void)a;
	if (text ? !num_bytes(text, &value) : !json_to_i64(in, &value) || value < 0)
		return field_wrong(f, in, e, "give a number of bytes, or a size such as \"4G\"");
	if (!field_in_range(f, value, in, how, show_size, e))
		return false;
	*(int64_t *)member = value;
	return true;
}

const struct ftype ft_bytes = {
	.name = "bytes",
	.wire = "number of bytes",
	.storage = ST_BYTES,
	.right = true,
	.ordered = true,
	.encode = bytes_encode,
	.decode = bytes_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = bytes_cell,
	.operand = bytes_operand,
	.number = number_i64,
};

/* ---- cpu: a decimal string, thousandths inside ---- */

static void show_cpu(int64_t value, struct buf *out)
{
	decimal_text(value, 3, out);
}

static json_t *cpu_encode(const struct field *f, const void *member)
{
	struct buf out = BUF_INIT;

	(void)f;
	decimal_text(*(const int64_t *)member, 3, &out);
	return json_from_buf(&out);
}

/* A person's has two decimals at most, as the public API says; our own writing may have three. */
static bool cpu_read(const json_t *in, int places, int64_t *out)
{
	double scale = places == 2 ? 100 : 1000, value;
	int64_t scaled;

	if (json_is_string(in)) {
		if (!num_decimal(json_string_value(in), places, &scaled) ||
			scaled > INT64_MAX / 10 || scaled < INT64_MIN / 10)
			return false;
		*out = places == 2 ? scaled * 10 : scaled;
		return true;
	}
	value = json_number_value(in);
	if (!json_is_number(in) || !(fabs(value) < 1e12) ||
		fabs(value * scale - round(value * scale)) > 1e-6)
		return false;
	*out = (int64_t)round(value * scale) * (places == 2 ? 10 : 1);
	return true;
}

static bool cpu_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	int64_t value;

	(void)a;
	if (!cpu_read(in, how == DECODE_SERVER ? 3 : 2, &value))
		return field_wrong(f, in, e,
			"give a number of CPUs with at most two decimals, such as \"%s\"",
			f->hint ? f->hint : "0.5");
	if (!field_in_range(f, value, in, how, show_cpu, e))
		return false;
	*(int64_t *)member = value;
	return true;
}

static void cpu_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)f, (void)now;
	decimal_text(*(const int64_t *)member, 3, out);
}

static bool cpu_operand(const struct field *f, const char *text, struct operand *out, struct err *e)
{
	int64_t value;

	if (!num_decimal(text, 3, &value))
		return field_wrong_text(f, text, e, "compare with a number of CPUs, such as 0.5");
	out->number = (double)value;
	return true;
}

const struct ftype ft_cpu = {
	.name = "cpu",
	.wire = "string such as \"0.5\"",
	.storage = ST_MCPU,
	.right = true,
	.ordered = true,
	.encode = cpu_encode,
	.decode = cpu_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = cpu_cell,
	.operand = cpu_operand,
	.number = number_i64,
};
