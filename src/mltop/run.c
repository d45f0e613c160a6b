#include "mltop/run.h"

#include "base/timefmt.h"
#include "mltop/cli.h"
#include "ui/kit/keys.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { READ_BYTES = 4096, CLOSING_MS = 100 };

/* ---- Messages and commands ---- */

static void on_wake(uv_timer_t *timer)
{
	struct run *r = timer->data;
	struct msg m = {.type = MSG_TICK};

	r->tell(r, &m);
}

/* The app goes by the clock of its last message; what has passed since is told by one nobody sets. */
static void set_wake(struct run *r, const struct msg *last)
{
	int64_t at = app_wake(r->app), ms = at - last->now - (time_mono_ms() - last->mono);

	if (at == 0)
		uv_timer_stop(&r->wake);
	else
		uv_timer_start(&r->wake, on_wake, ms > 0 ? (uint64_t)ms : 1, 0);
}

static void carry_out(struct run *r, const struct cmd *c)
{
	switch (c->type) {
	case CMD_REQUEST: run_request(r, c); break;
	case CMD_SUBSCRIBE:
	case CMD_LOG_OPEN: run_subscribe(r, c); break;
	case CMD_UNSUBSCRIBE: run_unsubscribe(r, c->sub); break;
	case CMD_LOG_WINDOW: run_log_window(r, c); break;
	case CMD_LOG_FIND: run_log_find(r, c); break;
	case CMD_LOG_AT: run_log_at(r, c); break;
	case CMD_LOG_SAVE: run_log_save(r, c); break;
	case CMD_SAVE_TEXT: run_save_text(r, c); break;
	case CMD_COPY: run_copy(r, c->text); break;
	case CMD_REMEMBER:
		/* Which context is ours for this run only: the next begins with the person's choice. */
		if (strcmp(c->name, "context") == 0)
			run_link_switch(r, c->text);
		else
			run_remember(r, c->name, c->text);
		break;
	case CMD_THEME: run_theme(r, c->text); break;
	case CMD_CONTEXTS: run_contexts(r, c); break;
	case CMD_REFRESH: run_link_refresh(r); break;
	case CMD_REDRAW: term_redraw(r->term); break;
	case CMD_SUSPEND: run_suspend(r); break;
	case CMD_QUIT: run_quit(r, EXIT_DONE); break;
	}
}

/* A character of a secret is any character there, so that what follows is replayed as it was. */
static struct msg unsaid(const struct run *r, const struct msg *m)
{
	static const char text[] = "********";
	struct msg said = *m;

	if (app_hides_input(r->app) && m->type == MSG_KEY && key_is_text(m->key))
		said.key = text[0];
	if (app_hides_input(r->app) && m->type == MSG_PASTE) {
		said.text = text;
		said.text_len = sizeof text - 1;
	}
	return said;
}

static void record(struct run *r, const struct msg *m)
{
	struct msg said = unsaid(r, m);
	json_t *line;

	if (r->record == NULL)
		return;
	line = msg_encode(&said);
	json_dumpf(line, r->record, JSON_COMPACT);
	fputc('\n', r->record);
	fflush(r->record);
	json_decref(line);
}

static void message_came(struct run *r, struct msg *m)
{
	struct cmds todo = {0};

	if (r->quitting)
		return;
	m->now = time_now_ms();
	m->mono = time_mono_ms();
	record(r, m);
	if (app_hides_input(r->app))
		prctl(PR_SET_DUMPABLE, 0); /* a secret is in memory: no core has it */
	app_update(r->app, m, &todo);
	/* A command may bring a message of its own at once: this queue is ours alone. */
	for (size_t i = 0; i < todo.len; i++)
		carry_out(r, &todo.items[i]);
	cmds_release(&todo);
	set_wake(r, m);
	if (app_dirty(r->app))
		run_ask_frame(r);
}

/* ---- Keys ---- */

static void on_found(void *ctx, const struct msg *found)
{
	struct run *r = ctx;
	struct msg m = *found;

	r->tell(r, &m);
}

static void on_held(uv_timer_t *timer)
{
	struct run *r = timer->data;

	input_timeout(&r->input, on_found, r);
	run_paint(r);
}

static void on_keys(uv_poll_t *poll, int status, int events)
{
	struct run *r = poll->data;
	char bytes[READ_BYTES];
	ssize_t n;

	(void)events;
	n = status < 0 ? 0 : term_read(r->term, bytes, sizeof bytes);
	if (n < 0)
		return;
	if (n == 0) {
		run_quit(r, 129); /* the terminal is gone */
		return;
	}
	uv_update_time(&r->loop);
	input_add(&r->input, bytes, (size_t)n, on_found, r);
	if (input_holds(&r->input))
		uv_timer_start(&r->held, on_held, (uint64_t)input_holds(&r->input), 0);
	else
		uv_timer_stop(&r->held);
	run_paint(r);
}

/* ---- Opening and closing ---- */

static void add_timer(struct run *r, uv_timer_t *timer)
{
	uv_timer_init(&r->loop, timer);
	timer->data = r;
}

static void open_handles(struct run *r)
{
	uv_loop_init(&r->loop);
	add_timer(r, &r->frame);
	add_timer(r, &r->wake);
	add_timer(r, &r->held);
	add_timer(r, &r->again);
	add_timer(r, &r->remember);
	uv_idle_init(&r->loop, &r->search);
	r->search.data = r;
	run_signals_open(r);
}

static bool open_app(struct run *r, const char *first, struct err *e)
{
	struct app_options o = {
		.screens = kind_screens(&r->screens),
		.ascii = term_ascii(),
		.braille = term_braille(),
		.context = r->find.context ? r->find.context
			: r->context.name  ? r->context.name
					   : "local",
		.first = first,
		.remembered = r->remembered,
		.keys = json_object_get(r->config, "keys"),
		.grace_ms = 3000,
	};
	json_t *grace = json_object_get(r->config, "undo_seconds");

	if (json_is_number(grace))
		o.grace_ms = (int64_t)(json_number_value(grace) * 1000);
	r->app = app_new(&o, e);
	return r->app != NULL;
}

static void start(struct run *r, const char *notice)
{
	run_tell_size(r);
	if (*notice) {
		struct msg m = {.type = MSG_THEME, .text = notice, .status = 1};

		r->tell(r, &m);
	}
	run_paint(r);
	uv_poll_init(&r->loop, &r->keys, term_input(r->term));
	r->keys.data = r;
	uv_poll_start(&r->keys, UV_READABLE, on_keys);
	run_link_start(r);
}

/* Ours alone: the link's handles are closed by who opened them, with what hangs on them. */
static void close_handles(struct run *r)
{
	uv_handle_t *const own[] = {
		(uv_handle_t *)&r->keys,
		(uv_handle_t *)&r->frame,
		(uv_handle_t *)&r->wake,
		(uv_handle_t *)&r->held,
		(uv_handle_t *)&r->remember,
		(uv_handle_t *)&r->again,
		(uv_handle_t *)&r->search,
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		uv_close(own[i], NULL);
	run_signals_close(r);
}

static void on_late(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* Sockets close politely, but nobody waits for a platform that does not answer. */
static void close_link(struct run *r)
{
	run_link_stop(r);
	uv_timer_init(&r->loop, &r->late);
	uv_timer_start(&r->late, on_late, CLOSING_MS, 0);
	uv_unref((uv_handle_t *)&r->late);
	uv_run(&r->loop, UV_RUN_DEFAULT);
}

static void finish(struct run *r)
{
	run_remember_now(r);
	term_close(r->term);
	close_handles(r);
	close_link(r);
	app_free(r->app);
	grid_release(&r->grid);
	input_release(&r->input);
	run_files_release(r);
	/* A search for the platform or for an address still runs in a worker: exit() would wait. */
	if (run_link_searching(r) || uv_loop_alive(&r->loop)) {
		fflush(NULL);
		_exit(r->exit_code);
	}
}

int dashboard_main(const struct context_options *find, struct context *ready, const char *first)
{
	static struct run run; /* its handles outlive the loop when leaving in a hurry */
	struct run *r = &run;
	struct term_options o = {.theme = &r->theme};
	struct err e = ERR_INIT;
	char notice[128] = "", config_notice[256] = "";

	if (ready) {
		r->context = *ready;
		*ready = (struct context){0};
		r->found = true;
	} else if (find) {
		r->find = *find;
	}
	r->tell = message_came;
	grid_init(&r->grid);
	input_init(&r->input);
	if (!run_files_load(r, config_notice, sizeof config_notice, &e) || !open_app(r, first, &e))
		return cli_fail(&e);
	r->grid.ascii = term_ascii();
	open_handles(r);
	o.mouse = !json_is_false(json_object_get(r->config, "mouse"));
	o.no_color = getenv("NO_COLOR") && *getenv("NO_COLOR");
	r->term = term_open(&o, notice, &e);
	if (r->term == NULL)
		return cli_fail(&e);
	start(r, *config_notice ? config_notice : notice);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	finish(r);
	return r->exit_code;
}
