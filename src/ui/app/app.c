#include "ui/app/parts.h"

#include "base/mem.h"
#include "core/kinds/kinds.h"

#include <stdlib.h>
#include <string.h>

/* The life of the model: how it begins, what it first asks for, how it ends. */

static void copy_options(struct app *a, const struct app_options *o)
{
	a->options = *o;
	a->options.context = NULL;
	a->options.first = o->first ? mem_strdup(o->first) : NULL;
	a->remembered = o->remembered ? json_deep_copy(o->remembered) : json_object();
	a->options.keys = NULL;
	app_set_text(&a->context, o->context);
	app_set_text(&a->org, NULL);
	app_set_text(&a->role, NULL);
	app_set_text(&a->user, NULL);
	app_set_text(&a->folder, NULL);
	app_set_text(&a->link_text, NULL);
	a->tenant = mem_strdup("");
}

struct app *app_new(const struct app_options *options, struct err *e)
{
	struct app *a = mem_alloc(sizeof *a);

	if (!keymap_init(&a->keymap, all_kinds, options->keys, e)) {
		free(a);
		return NULL;
	}
	copy_options(a, options);
	a->cols = 80;
	a->rows = 24;
	a->dirty = true;
	a->choice = -1;
	edit_init(&a->line, 0);
	buf_init(&a->options_text, 0);
	buf_init(&a->popup, 0);
	prompt_init(&a->prompt);
	foresee_init(&a->foresee);
	buf_init(&a->set_lines, 0);
	table_open_remembered(a, &a->home, a->options.screens[0]);
	a->home.data.spark = kind_field(&job_kind, "gpu_util");
	a->home.data.tally = tally_job;
	a->home.data.ctx = &a->tally;
	table_init(&a->quota, &quota_kind, header_quota.columns, NULL);
	return a;
}

static void free_texts(struct app *a)
{
	free(a->context);
	free(a->org);
	free(a->role);
	free(a->user);
	free(a->folder);
	free(a->tenant);
	free(a->link_text);
	free(a->line_error);
	free(a->filter_before);
	free(a->popup_title);
	free(a->notice);
	free(a->select_uid);
	free(a->tenant_asked);
	free((char *)a->options.first);
	json_decref(a->remembered);
	for (int i = 0; i < a->history_len; i++)
		free(a->history[i]);
}

void app_free(struct app *a)
{
	struct cmds dropped = {0};

	if (!a)
		return;
	stack_clear(a, &dropped);
	cmds_release(&dropped);
	table_release(&a->home);
	table_release(&a->quota);
	changes_release(&a->proposed);
	changes_release(&a->changes);
	conflicts_release(&a->conflicts);
	undo_release(&a->undo);
	edit_release(&a->line);
	buf_release(&a->options_text);
	buf_release(&a->popup);
	prompt_release(&a->prompt);
	foresee_clear(&a->foresee);
	buf_release(&a->set_lines);
	free_texts(a);
	free(a);
}

/*
 * The first message, whatever it is, opens the first screen and asks for what the header needs:
 * asking does not wait for a connection.
 */
void app_start(struct app *a, struct cmds *out)
{
	struct err e = ERR_INIT;

	a->started = true;
	stack_open(a, a->options.screens[0], "", out);
	table_subscribe_org(a, &a->quota, &header_quota, a->tenant, out);
	if (a->options.first && !palette_run(a, a->options.first, out, &e))
		app_notice(a, ROLE_BAD, "%s", e.text);
}
