#include "ui/app/undo.h"

#include "base/mem.h"
#include "core/wire/query.h"
#include "ui/app/parts.h"

#include <stdlib.h>
#include <string.h>

void undo_release(struct undo *u)
{
	free(u->path);
	free(u->name);
	json_decref(u->body);
	*u = (struct undo){0};
}

/* What was made is in the key's own org: its path names none. NULL: its kind cannot delete. */
static char *made_path(const struct change *c, const json_t *answer)
{
	const struct kind_action *ka = kind_action_find(c->kind, "delete");
	const char *uid = json_string_value(json_object_get(answer, "uid"));
	struct buf path = BUF_INIT;

	if (!ka || !uid)
		return NULL;
	buf_addf(&path, "%s/", c->kind->path);
	percent_encode(&path, uid, strlen(uid), "");
	buf_adds(&path, ka->tail);
	return buf_detach(&path);
}

bool undo_offer(struct app *a, const struct change *c, const json_t *answer)
{
	bool made = c->form && strcmp(c->method, "POST") == 0;
	char *path = made      ? made_path(c, answer)
		: c->back      ? mem_strdup(c->path)
		: c->undo_path ? mem_strdup(c->undo_path)
			       : NULL;

	if (!path)
		return false;
	undo_release(&a->undo);
	a->undo = (struct undo){
		.kind = c->kind,
		.method = made ? "DELETE" : c->method,
		.path = path,
		.name = mem_strdup(c->name),
		.body = json_incref(c->back),
		.until = a->mono + UNDO_MS,
	};
	return true;
}

bool undo_take(struct app *a, struct cmds *out)
{
	struct undo *u = &a->undo;

	if (!u->kind || a->mono > u->until)
		return false;
	changes_release(&a->proposed);
	struct change *c = changes_add(&a->proposed);

	c->kind = u->kind;
	c->verb = T_VERB_UNDO;
	c->doing = T_DOING_UNDO;
	c->method = u->method;
	c->at_once = true;
	c->path = mem_strdup(u->path);
	c->name = mem_strdup(u->name);
	c->body = json_incref(u->body);
	change_accept(a, out);
	return true;
}
