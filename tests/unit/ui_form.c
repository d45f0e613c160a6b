/* A form that is filled in from a record says what it has, as a person would type it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/core_random.h"

#include "core/kinds/kinds.h"
#include "ui/kit/form.h"

enum { ROUNDS = 50 };

/* What a person may give: within the row's limits, CPUs with two decimals. */
static void fit(const struct field *f, void *rec)
{
	int64_t *v = (int64_t *)((char *)rec + f->offset);

	if (f->type->storage == ST_ENUM || f->type->storage == ST_BOOL ||
		f->type->storage == ST_PERCENT || f->type->storage == ST_REAL || *v < 0)
		return;
	if (f->max > f->min)
		*v = f->min + *v % (f->max - f->min + 1);
	if (f->type->storage == ST_MCPU)
		*v = (*v + 9) / 10 * 10;
}

/* Through the form's text and back. */
static void same_after(const struct kind *k, const struct field *f, const void *rec, unsigned give)
{
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct form form;
	char back[KIND_SIZE_MAX] __attribute__((aligned(16))) = {0};

	form_init(&form, k, give);
	form_fill(&form, rec);
	for (size_t i = 0; i < form.len; i++) {
		const char *text = form.fields[i].edit.text.data;

		if (form.fields[i].field == f && !record_set_text(k, back, &a, f, text, &e))
			fail_msg("%s.%s \"%s\": %s", k->name, f->name, text, e.text);
		if (form.fields[i].field == f &&
			f->type->compare(f, record_member(rec, f), record_member(back, f)))
			fail_msg("%s.%s \"%s\" is another value", k->name, f->name, text);
	}
	form_release(&form);
	arena_release(&a);
}

static void numbers_and_words_go_through_a_form(void **state)
{
	struct dice d = {0x9e3779b97f4a7c15u};

	(void)state;
	for (size_t i = 0; all_kinds[i]; i++) {
		const struct kind *k = all_kinds[i];

		for (size_t n = 0; n < k->field_count * ROUNDS; n++) {
			const struct field *f = &k->fields[n / ROUNDS];
			char rec[KIND_SIZE_MAX] __attribute__((aligned(16))) = {0};
			struct arena a = ARENA_INIT;

			if (!(f->flags & (F_NEW | F_EDIT)) || f->type->storage == ST_TEXT ||
				f->type->storage >= ST_STRINGS)
				continue;
			dice_member(&d, k, rec, f, &a);
			fit(f, rec);
			same_after(k, f, rec, f->flags & F_NEW ? F_NEW : F_EDIT);
			arena_release(&a);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_words_go_through_a_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
