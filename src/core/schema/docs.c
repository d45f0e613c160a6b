/* What docs/API.md, help and the command line say about fields. */
#include "core/schema/ftype.h"

#include <stdlib.h>

void kind_flag_name(const struct field *f, struct buf *out)
{
	for (const char *at = f->name; *at; at++)
		buf_addc(out, *at == '_' ? '-' : *at);
}

static void add_given(const struct field *f, struct buf *out)
{
	const char *word = "platform";

	if (f->flags & F_ALIAS)
		word = "short name";
	else if (f->flags & F_NEEDED)
		word = "needed";
	else if ((f->flags & F_NEW) && (f->flags & F_EDIT))
		word = "new, edit";
	else if (f->flags & F_NEW)
		word = "new";
	else if (f->flags & F_EDIT)
		word = "edit";
	buf_adds(out, word);
}

/* Numbers on the wire, but 1125899906842624 and 31622400 say nothing to a reader. NULL: none of these. */
static void (*shows_unit(const struct field *f))(int64_t value, struct buf *out)
{
	return f->type == &ft_bytes       ? show_size
		: f->type == &ft_duration ? show_duration
		: f->type == &ft_mode     ? show_mode
					  : NULL;
}

/* A limit as the type writes it on the wire, without quotes; what has a unit, as people read it. */
static void add_limit(const struct field *f, int64_t value, struct buf *out)
{
	double real = (double)value;
	bool is_real = f->type->storage == ST_PERCENT || f->type->storage == ST_REAL;
	json_t *json;
	char *text;

	if (shows_unit(f)) {
		shows_unit(f)(value, out);
		return;
	}
	json = f->type->encode(f, is_real ? (const void *)&real : &value);
	text = json_dumps(json, JSON_ENCODE_ANY);

	if (json_is_string(json))
		buf_adds(out, json_string_value(json));
	else
		buf_adds(out, text ? text : "");
	free(text);
	json_decref(json);
}

static bool has_range(const struct field *f)
{
	return f->type->number != NULL && f->type->storage != ST_ENUM && (f->min || f->max);
}

static void add_values(const struct field *f, struct buf *out)
{
	if (f->names) {
		words_list(f->names, out);
	} else if (has_range(f)) {
		add_limit(f, f->min, out);
		buf_adds(out, " to ");
		add_limit(f, f->max, out);
	} else if (field_nests(f)) {
		if (f->type->storage == ST_RECORDS)
			buf_addf(out, "at most %zu", field_records_max(f));
	} else if (f->type->number == NULL && !(f->flags & (F_STATUS | F_ALIAS))) {
		buf_addf(out, "at most %zu bytes", field_text_max(f));
	}
}

static void add_marks(const struct field *f, struct buf *out)
{
	if (f->flags & F_SECRET)
		buf_adds(out, " Never shown again.");
	if (f->flags & F_SAMPLE)
		buf_adds(out, " A sample: the newest wins.");
	if (f->flags & F_LARGE)
		buf_adds(out,
			" In lists only where `fields` names it, and then how it begins; not for filters.");
}

static void add_type(const struct field *f, struct buf *out)
{
	if (f->type->storage == ST_RECORD)
		buf_addf(out, "object: %s", f->embeds->name);
	else if (f->type->storage == ST_RECORDS)
		buf_addf(out, "array of objects: %s", f->embeds->name);
	else
		buf_adds(out, f->type->wire);
}

static void add_rows(const struct kind *k, const char *way, struct buf *out);

static void add_inside(const struct field *f, const char *way, struct buf *out)
{
	struct buf longer = BUF_INIT;

	buf_addf(&longer, "%s%s%s.", way, f->name, f->type->storage == ST_RECORDS ? "[]" : "");
	add_rows(f->embeds, longer.data, out);
	buf_release(&longer);
}

/* The rows of a kind; those of what is inside follow theirs, by the whole way: `gpus[].uuid`. */
static void add_rows(const struct kind *k, const char *way, struct buf *out)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		buf_addf(out, "| `%s%s` | ", way, f->name);
		add_type(f, out);
		buf_adds(out, " | ");
		add_given(f, out);
		buf_adds(out, " | ");
		add_values(f, out);
		buf_addf(out, " | %s | %s", f->standard ? f->standard : "", f->doc);
		add_marks(f, out);
		buf_adds(out, " |\n");
		if (field_nests(f))
			add_inside(f, way, out);
	}
}

void kind_docs(const struct kind *k, struct buf *out)
{
	buf_addf(out,
		"| field | type | given | values | without it | meaning |\n"
		"|---|---|---|---|---|---|\n");
	add_rows(k, "", out);
}
