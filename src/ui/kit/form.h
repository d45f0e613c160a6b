/*
 * A form made from the rows of a kind: a line for each field that a person may give, by section.
 * Empty means "not given": what then holds is shown beside the field.
 */
#ifndef MLTOP_UI_FORM_H
#define MLTOP_UI_FORM_H

#include "core/schema/schema.h"
#include "ui/kit/edit.h"
#include "ui/kit/layout.h"
#include "ui/kit/msg.h"

struct formfield {
	const struct field *field;
	struct edit edit;
	char *error; /* NULL: none; clean */
	int section; /* of the form: the kind's, or the last one for what is seldom wanted */
};

enum { FORM_SECTIONS_MAX = 12 };

/* What the cursor can be on. */
enum form_row { FORM_SECTION, FORM_FIELD, FORM_SUBMIT };
struct form_place {
	enum form_row row;
	int index; /* of the section or field */
};

struct form {
	const struct kind *kind;
	unsigned flag; /* F_NEW or F_EDIT: which fields a person may give */
	bool touched;  /* something was typed */
	struct formfield *fields;
	size_t len;
	const char *titles[FORM_SECTIONS_MAX];
	bool folded[FORM_SECTIONS_MAX];
	int sections;
	struct form_place focus;
	int top;
};

enum form_answer { FORM_OPEN, FORM_SUBMITTED, FORM_LEFT };

void form_init(struct form *f, const struct kind *k, unsigned flag);
void form_release(struct form *f);
/* What is typed now is a secret: nobody keeps it. */
bool form_hides_input(const struct form *f);
enum form_answer form_input(struct form *f, const struct msg *m, int page);
/* Fills in what a record has; masked fields stay empty. False when such were left out. */
bool form_fill(struct form *f, const void *rec);
void form_set(struct form *f, const char *field, const char *text);
/* Marks a field as wrong and moves the cursor there; false when it has no such field. */
bool form_mark(struct form *f, const char *field, const char *sentence);
/*
 * What was typed as a record (of f->kind, texts in `a`), checked as the server will; on failure
 * the field at fault is marked, and `e` says what is wrong.
 */
bool form_record(struct form *f, void *rec, struct arena *a, struct err *e);
/* The same without a mark; *at: the row at fault, NULL where it is none of the form (may be NULL). */
bool form_try(const struct form *f, void *rec, struct arena *a, struct err *e, const char **at);
void form_draw(struct form *f, struct grid *g, struct rect r);

#endif
