#include "mltop/run.h"

#include "base/timefmt.h"
#include "mltop/cli.h"
#include "ui/screens/screens.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Frames under load; a key is painted at once. */
enum { FRAME_MS = 16, READ_BYTES = 4096, CLOSING_MS = 100 };

/* A log that grew is told of once a frame, and before each, since a frame ends its timer. */
static void tell_logs(struct run *r)
{
	for (size_t i = 0; i < r->subs.len; i++)
		if (r->subs.items[i]->changed)
			run_log_tell(r, r->subs.items[i]);
}

static void paint(struct run *r)
{
	tell_logs(r);
	uv_timer_stop(&r->frame);
	if (!app_dirty(r->app) || r->quitting)
		return;
	if (r->grid.cols != r->cols || r->grid.rows != r->rows)
		grid_resize(&r->grid, r->cols, r->rows);
	app_view(r->app, &r->grid);
	app_drawn(r->app);
	term_show(r->term, &r->grid);
	r->painted = uv_now(&r->loop);
}

static void on_frame(uv_timer_t *timer)
{
	paint(timer->data);
}

/* Soon, but at most one frame each FRAME_MS. */
static void ask_frame(struct run *r)
{
	uint64_t since = uv_now(&r->loop) - r->painted;

	if (!uv_is_active((uv_handle_t *)&r->frame))
		uv_timer_start(&r->frame, on_frame, since >= FRAME_MS ? 0 : FRAME_MS - since, 0);
}

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

/* ---- Leaving ---- */

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
		(uv_handle_t *)&r->winch,
		(uv_handle_t *)&r->stop[0],
		(uv_handle_t *)&r->stop[1],
		(uv_handle_t *)&r->stop[2],
		(uv_handle_t *)&r->cont,
		(uv_handle_t *)&r->tstp,
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		uv_close(own[i], NULL);
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

static void quit(struct run *r, int code)
{
	if (r->quitting)
		return;
	r->quitting = true;
	r->exit_code = code;
	uv_stop(&r->loop);
}

static void on_tstp(uv_signal_t *handle, int number);

static void on_stop(uv_signal_t *handle, int number)
{
	/* Ctrl-C is a key; an INT from outside is somebody who wants us gone. */
	quit(handle->data, 128 + number);
}

static void tell_size(struct run *r)
{
	struct msg m = {.type = MSG_SIZE};

	term_size(&r->cols, &r->rows);
	m.cols = r->cols;
	m.rows_count = r->rows;
	r->tell(r, &m);
}

static void on_winch(uv_signal_t *handle, int number)
{
	(void)number;
	tell_size(handle->data);
}

/* Nobody told us of another size while we were stopped: WINCH goes to who has the terminal then. */
static void resumed(struct run *r)
{
	term_resume(r->term);
	tell_size(r);
	paint(r);
}

static void on_cont(uv_signal_t *handle, int number)
{
	struct run *r = handle->data;

	(void)number;
	/* Stopped without warning: the shell has put modes of its own on the terminal since. */
	resumed(r);
}

/*
 * Job control: the shell gets its terminal back, then all of the job stops as if the terminal's
 * own key had done it (make and sh that wait for us are in it too). Where no shell is there to
 * continue us the kernel ignores the stop, and we go on at once.
 */
static void suspend(struct run *r)
{
	if (!term_pause(r->term))
		return;
	uv_signal_stop(&r->cont);
	uv_signal_stop(&r->tstp);
	kill(0, SIGTSTP);
	uv_signal_start(&r->tstp, on_tstp, SIGTSTP);
	uv_signal_start(&r->cont, on_cont, SIGCONT);
	uv_update_time(&r->loop);
	resumed(r);
}

static void on_tstp(uv_signal_t *handle, int number)
{
	(void)number;
	suspend(handle->data);
}

/* ---- Messages and commands ---- */

static void carry_out(struct run *r, const struct cmd *c)
{
	switch (c->type) {
	case CMD_REQUEST: run_request(r, c); break;
	case CMD_SUBSCRIBE:
	case CMD_LOG_OPEN: run_subscribe(r, c); break;
	case CMD_UNSUBSCRIBE: run_unsubscribe(r, c->sub); break;
	case CMD_LOG_WINDOW: run_log_window(r, c); break;
	case CMD_LOG_FIND: run_log_find(r, c); break;
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
	case CMD_SUSPEND: suspend(r); break;
	case CMD_QUIT: quit(r, EXIT_DONE); break;
	}
}

static void record(struct run *r, const struct msg *m)
{
	json_t *line;

	if (r->record == NULL)
		return;
	line = msg_encode(m);
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
	app_update(r->app, m, &todo);
	/* A command may bring a message of its own at once: this queue is ours alone. */
	for (size_t i = 0; i < todo.len; i++)
		carry_out(r, &todo.items[i]);
	cmds_release(&todo);
	set_wake(r, m);
	if (app_dirty(r->app))
		ask_frame(r);
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
	paint(r);
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
		quit(r, 129); /* the terminal is gone */
		return;
	}
	uv_update_time(&r->loop);
	input_add(&r->input, bytes, (size_t)n, on_found, r);
	if (input_holds(&r->input))
		uv_timer_start(&r->held, on_held, (uint64_t)input_holds(&r->input), 0);
	else
		uv_timer_stop(&r->held);
	paint(r);
}

/* ---- Opening and closing ---- */

static void on_crash(int number)
{
	term_restore();
	signal(number, SIG_DFL);
	raise(number);
}

static void catch_crashes(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		signal(numbers[i], on_crash);
}

static void add_timer(struct run *r, uv_timer_t *timer)
{
	uv_timer_init(&r->loop, timer);
	timer->data = r;
}

static void add_signal(struct run *r, uv_signal_t *handle, uv_signal_cb cb, int number)
{
	uv_signal_init(&r->loop, handle);
	handle->data = r;
	uv_signal_start(handle, cb, number);
}

static void open_handles(struct run *r)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	uv_loop_init(&r->loop);
	add_timer(r, &r->frame);
	add_timer(r, &r->wake);
	add_timer(r, &r->held);
	add_timer(r, &r->again);
	add_timer(r, &r->remember);
	uv_idle_init(&r->loop, &r->search);
	r->search.data = r;
	/* Before curses: it leaves signals alone that have a handler. */
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		add_signal(r, &r->stop[i], on_stop, numbers[i]);
	add_signal(r, &r->winch, on_winch, SIGWINCH);
	add_signal(r, &r->cont, on_cont, SIGCONT);
	add_signal(r, &r->tstp, on_tstp, SIGTSTP);
	catch_crashes();
}

static bool open_app(struct run *r, const char *first, struct err *e)
{
	struct app_options o = {
		.screens = kind_screens(&r->screens),
		.ascii = term_ascii(),
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
	tell_size(r);
	if (*notice) {
		struct msg m = {.type = MSG_THEME, .text = notice, .status = 1};

		r->tell(r, &m);
	}
	paint(r);
	uv_poll_init(&r->loop, &r->keys, term_input(r->term));
	r->keys.data = r;
	uv_poll_start(&r->keys, UV_READABLE, on_keys);
	run_link_start(r);
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
