/* From a key to a prompt: which rows an action is about, who may, what is at stake. */
#include "ui/app/parts.h"

#include "base/mem.h"
#include "core/kinds/key.h"
#include "ui/app/stakes.h"

#include <ctype.h>
#include <stdlib.h>

static void propose_one(struct app *a, const struct kind_action *ka, struct object o)
{
	struct change *c = changes_add(&a->proposed);
	const char *name = record_key(o.kind, o.row);

	c->kind = o.kind;
	c->verb = ka->name;
	c->doing = ka->doing;
	c->method = ka->method;
	c->at_once = ka->asks == ASKS_NOTHING;
	c->path = object_path(a, o, object_id(o, name), ka->tail);
	if (ka->undo)
		c->undo_path = object_path(a, o, object_id(o, name),
			kind_action_find(o.kind, ka->undo)->tail);
	c->name = mem_strdup(name);
	c->uid = mem_strdup(object_id(o, name));
}

/* The first names, so that a mark that was forgotten is seen. */
static void write_names(const struct changes *c, struct buf *out)
{
	enum { SHOWN = 4 };

	for (size_t i = 0; i < c->len && i < SHOWN; i++)
		buf_addf(out, "%s%s", i ? ", " : "", c->items[i].name);
	if (c->len > SHOWN)
		buf_addf(out, T_AND_MORE, c->len - SHOWN);
	buf_adds(out, "\n");
}

/* The first text that an action takes; NULL: it takes none. */
static const struct field *text_taken(const struct kind *takes)
{
	for (size_t i = 0; i < takes->field_count; i++)
		if ((takes->fields[i].flags & F_NEW) && takes->fields[i].type->storage == ST_TEXT)
			return &takes->fields[i];
	return NULL;
}

/* What was typed into the prompt goes with each of the changes. */
void change_say(struct app *a, const struct prompt *p)
{
	for (size_t i = 0; p->asks && p->answer.text.len > 0 && i < a->proposed.len; i++) {
		struct change *c = &a->proposed.items[i];

		c->body = json_pack("{s:s}", p->asks->name, p->answer.text.data);
	}
}

static void open_prompt(struct app *a, const struct kind_action *ka, const struct stakes *s)
{
	bool heavy = s->gpus >= NAME_TYPED_GPUS || s->objects >= NAME_TYPED_JOBS;
	struct buf question = BUF_INIT, typed = BUF_INIT, accept = BUF_INIT;

	if (s->objects == 1)
		buf_addf(&question, T_ASK_ONE, ka->ask, s->kind->name, a->proposed.items[0].name);
	else
		buf_addf(&question, T_ASK_MANY, ka->ask, s->objects, s->kind->plural);
	if (s->objects == 1)
		buf_adds(&typed, a->proposed.items[0].name);
	else
		buf_addf(&typed, "%zu", s->objects);
	buf_adds(&accept, ka->ask);
	accept.data[0] = (char)tolower((unsigned char)accept.data[0]);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, accept.data,
		heavy ? typed.data : NULL);
	if (ka->takes && !heavy)
		prompt_asks(&a->prompt, text_taken(ka->takes));
	if (s->objects > 1)
		write_names(&a->proposed, &a->prompt.stakes);
	stakes_write(s, a, ka, &a->prompt.stakes);
	a->mode = MODE_PROMPT;
	buf_release(&question);
	buf_release(&typed);
	buf_release(&accept);
}

/* The rows that an action is about, caller frees: the open object, the marked or selected ones. */
static const void **target_rows(struct app *a, size_t *count)
{
	const struct view *v = app_top(a);
	struct table *t = v->screen->object ? NULL : v->screen->table(v);
	size_t max = t ? t->data.len + 1 : 1;
	const void **rows = mem_alloc(max * sizeof *rows);
	struct entry **entries = mem_alloc(max * sizeof *entries);

	rows[0] = app_object(a).row;
	*count = t ? table_targets(t, entries, max) : rows[0] != NULL;
	for (size_t i = 0; t && i < *count; i++)
		rows[i] = entries[i]->row;
	free(entries);
	return rows;
}

static bool ready(struct app *a, const struct kind *k, const struct kind_action *ka)
{
	if (!app_may(a, ka->least))
		app_notice(a, ROLE_WARN, T_MAY_NOT, ka->name, k->name, role_words[ka->least],
			a->role);
	else if (!app_connected(a))
		app_notice(a, ROLE_BAD, T_NOT_CONNECTED);
	else if (ka->asks == ASKS_NOTHING && !a->seen)
		app_notice(a, ROLE_WARN, T_NOT_SEEN, ka->name);
	else
		return true;
	return false;
}

static void propose(struct app *a, const struct kind_action *ka, const struct kind *k,
	const void **rows, size_t count, struct cmds *out)
{
	struct stakes s = {.kind = k};

	changes_release(&a->proposed);
	for (size_t i = 0; i < count; i++) {
		if (!kind_action_may(k, ka, rows[i]))
			continue;
		propose_one(a, ka, (struct object){k, rows[i]});
		stakes_add(&s, a, rows[i]);
	}
	if (s.objects && ka->asks == ASKS_NOTHING)
		change_accept(a, out);
	else if (s.objects)
		open_prompt(a, ka, &s);
	else if (count > 1)
		app_notice(a, ROLE_WARN, T_NOTHING_OF_MANY, ka->name, count, ka->not_from);
	else
		app_notice(a, ROLE_WARN, T_NOTHING_TO, ka->name, ka->not_from);
}

/* Where it can be done to none of the rows, its key means the other one: hold, release. */
static const struct kind_action *action_meant(const struct kind *k, const struct kind_action *ka,
	const void **rows, size_t count)
{
	const struct kind_action *other = ka->other ? kind_action_find(k, ka->other) : NULL;
	bool may_other = false;

	for (size_t i = 0; i < count; i++) {
		if (kind_action_may(k, ka, rows[i]))
			return ka;
		may_other = may_other || (other && kind_action_may(k, other, rows[i]));
	}
	return may_other ? other : ka;
}

void change_propose(struct app *a, const struct kind_action *ka, struct cmds *out)
{
	const struct kind *k = app_object(a).kind;
	size_t count;
	const void **rows = target_rows(a, &count);

	ka = action_meant(k, ka, rows, count);
	if (count == 0)
		app_notice(a, ROLE_WARN, T_NO_ROW, k->name);
	else if (ready(a, k, ka))
		propose(a, ka, k, rows, count, out);
	free(rows);
}
