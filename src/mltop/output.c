/* What verbs print: which form, which columns, in which order; JSON, YAML and names. */
#include "mltop/cli.h"
#include "mltop/output_inside.h"

#include "base/sanitize.h"
#include "base/timefmt.h"
#include "core/schema/rowset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum form { FORM_TABLE, FORM_WIDE, FORM_JSON, FORM_YAML, FORM_CSV, FORM_NAME };
static const char *const form_words[] = {"table", "wide", "json", "yaml", "csv", "name"};

static bool output_form(const struct cli *c, enum form *out, struct err *e)
{
	const char *word = cli_value(c, "output");

	*out = FORM_TABLE;
	if (cli_has(c, "json")) {
		*out = FORM_JSON;
		return true;
	}
	if (word == NULL)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(form_words); i++) {
		if (strcmp(word, form_words[i]) == 0) {
			*out = (enum form)i;
			return true;
		}
	}
	return err_set(e, ERR_INVALID, "-o %s: give table, wide, json, yaml, csv or name", word);
}

void output_text(const struct cli *c, const char *text)
{
	struct buf line = BUF_INIT;

	if (!c->tty) {
		fputs(text, stdout);
		return;
	}
	sanitize_text(&line, text, strlen(text));
	fputs(line.data, stdout);
	buf_release(&line);
}

static bool columns_parse(struct columns *out, const struct kind *k, const char *list,
	struct err *e)
{
	struct fieldset set;
	char *copy, *at, *word;

	if (!fieldset_parse(&set, k, list, e)) /* the same errors wherever fields are named */
		return false;
	out->count = 0;
	copy = at = mem_strdup(list);
	while ((word = strsep(&at, ",")) != NULL) {
		const struct field *f = kind_field_or_title(k, word);

		if (f && out->count < KIND_FIELDS_MAX)
			out->fields[out->count++] = f;
	}
	free(copy);
	return true;
}

static bool columns_chosen(const struct cli *c, const struct kind *k, enum form form,
	struct columns *out, struct err *e)
{
	const char *list = cli_value(c, "columns");

	if (list == NULL)
		list = form == FORM_WIDE ? k->wide_fields : k->list_fields;
	return columns_parse(out, k, list, e);
}

/* ---- JSON and YAML ---- */

static void print_json(const struct cli *c, const json_t *value)
{
	/* Escapes in strings stay \u001b; on a terminal it is laid out, and what is beyond ASCII is escaped, where a direction
	 * mark would act. */
	print_json_value(value, c->tty, 0);
	putchar('\n');
}

/* ---- Lists ---- */

static bool sort_parse(const char *text, const struct kind *k, const struct field **by,
	bool *descending, struct err *e)
{
	*descending = *text == '-';
	*by = kind_field_or_title(k, text + *descending);
	if (*by == NULL) {
		const struct field *near = kind_similar(k, text + *descending, 0);

		return err_set(e, ERR_INVALID, "--sort %s: a %s has no such field%s%s", text,
			k->name, near ? "; did you mean " : "", near ? near->name : "");
	}
	if (field_orders(k, *by, e))
		return true;
	err_prefix(e, "--sort");
	return false;
}

/* Stable by construction: record_compare falls back to the key. */
static void sort_rows(const struct kind *k, const struct field *by, bool descending, void **rows,
	void **spare, size_t n)
{
	size_t half = n / 2, a = 0, b = half, out = 0;

	if (n < 2)
		return;
	sort_rows(k, by, descending, rows, spare, half);
	sort_rows(k, by, descending, rows + half, spare, n - half);
	while (a < half && b < n)
		spare[out++] = record_compare(k, by, descending, rows[a], rows[b]) <= 0 ? rows[a++]
											: rows[b++];
	while (a < half)
		spare[out++] = rows[a++];
	memcpy(rows, spare, out * sizeof *rows);
}

/* Each row's JSON goes as soon as it is read, so that ten thousand are never there twice. */
static bool rows_load(struct rowset *set, json_t *rows, struct err *e)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		/* Rows without a uid (servers without our extensions) are keyed by their name. */
		if (rowset_put_json(set, json_array_get(rows, i), NULL, e) == NULL)
			return false;
		json_array_set_new(rows, i, json_null());
	}
	return true;
}

/* Cells of the terminal that standard output is; 0: it is none, or does not say. */
static int screen_size(const struct cli *c, bool height)
{
	struct winsize size;

	if (!c->tty || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return height ? size.ws_row : size.ws_col;
}

static bool print_rows(struct cli *c, const struct kind *k, enum form form, struct rowset *set,
	struct err *e)
{
	bool titles = !cli_has(c, "no-headers"), descending;
	const char *sort = cli_value(c, "sort");
	const struct field *by;
	struct columns cols;

	if (!columns_chosen(c, k, form, &cols, e))
		return false;
	if (sort) {
		void **spare;

		if (!sort_parse(sort, k, &by, &descending, e))
			return false;
		spare = mem_alloc(set->len * sizeof *spare);
		sort_rows(k, by, descending, set->rows, spare, set->len);
		free(spare);
	}
	if (form == FORM_NAME) {
		for (size_t i = 0; i < set->len; i++) {
			output_text(c, record_key(k, set->rows[i]));
			putchar('\n');
		}
	} else if (form == FORM_CSV) {
		print_csv(c, k, &cols, set->rows, set->len, titles);
	} else {
		print_table(k, &cols, set->rows, set->len,
			&(struct table_look){.titles = titles,
				.may_drop = cli_value(c, "columns") == NULL,
				.width = screen_size(c, false),
				.height = c->redraws ? screen_size(c, true) : 0});
	}
	return true;
}

bool output_list(struct cli *c, const struct kind *k, json_t *rows, struct err *e)
{
	struct rowset set;
	enum form form;
	bool ok;

	if (!output_form(c, &form, e))
		return false;
	if (form == FORM_JSON || form == FORM_YAML) {
		json_t *whole = json_pack("{s:O}", "data", rows);

		if (form == FORM_JSON)
			print_json(c, whole);
		else
			print_yaml(whole, 0);
		json_decref(whole);
		return true;
	}
	rowset_init(&set, k);
	ok = rows_load(&set, rows, e) && print_rows(c, k, form, &set, e);
	rowset_release(&set);
	return ok;
}

/* ---- One ---- */

/* The records inside a row, below it: each under its key, with what else is known of it. */
static void print_inside(const void *rec, const struct field *f, int depth)
{
	struct records r = record_inside(rec, f);
	const struct kind *k = f->embeds;
	struct buf cell = BUF_INIT;

	for (size_t n = 0; n < r.len; n++) {
		const void *item = records_at(k, &r, n);

		record_cell(k, item, kind_key(k), 0, &cell);
		printf("%*s%s\n", depth * 2, "", cell.data);
		for (size_t i = 0; i < k->field_count; i++) {
			const struct field *in = &k->fields[i];

			if ((in->flags & (F_ALIAS | F_KEY)) || !record_knows(k, item, in))
				continue;
			buf_reset(&cell);
			output_cell(k, item, in, time_now_ms(), &cell);
			printf("%*s%-*s %s\n", depth * 2 + 2, "", 20 - depth * 2, in->name,
				cell.data);
			if (field_nests(in) && kind_key(in->embeds))
				print_inside(item, in, depth + 2);
		}
		buf_reset(&cell);
	}
	buf_release(&cell);
}

static void print_section(const struct kind *k, const void *rec, unsigned section)
{
	struct buf cell = BUF_INIT;
	bool begun = false;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (f->section != section || (f->flags & (F_ALIAS | F_SECRET)) ||
			!record_knows(k, rec, f))
			continue;
		buf_reset(&cell);
		output_cell(k, rec, f, time_now_ms(), &cell);
		if (cell.len == 0 || strcmp(cell.data, "-") == 0)
			continue;
		if (!begun && k->sections && k->sections[section])
			printf("%s\n", k->sections[section]);
		begun = true;
		printf("  %-20s %s\n", f->name, cell.data);
		if (field_nests(f) && kind_key(f->embeds))
			print_inside(rec, f, 2);
	}
	buf_release(&cell);
}

bool output_one(struct cli *c, const struct kind *k, const json_t *object, struct err *e)
{
	struct arena arena = ARENA_INIT;
	enum form form;
	void *rec;
	bool ok = true;

	if (!output_form(c, &form, e))
		return false;
	if (form == FORM_JSON)
		return print_json(c, object), true;
	if (form == FORM_YAML || k == NULL)
		return print_yaml(object, 0), true;
	rec = mem_alloc(k->size);
	ok = record_decode(k, rec, &arena, object, DECODE_SERVER, e);
	if (ok && form == FORM_NAME)
		printf("%s\n", record_key(k, rec));
	else if (ok)
		for (unsigned s = 0; s == 0 || (k->sections && k->sections[s]); s++)
			print_section(k, rec, s);
	free(rec);
	arena_release(&arena);
	return ok;
}
