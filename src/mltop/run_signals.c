/* Signals of the dashboard: leaving, job control, another size, and a crash that leaves the terminal as it was. */
#include "mltop/run.h"

#include <signal.h>
#include <unistd.h>

void run_quit(struct run *r, int code)
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
	run_quit(handle->data, 128 + number);
}

static void on_winch(uv_signal_t *handle, int number)
{
	(void)number;
	run_tell_size(handle->data);
}

/* Nobody told us of another size while we were stopped: WINCH goes to who has the terminal then. */
static void resumed(struct run *r)
{
	term_resume(r->term);
	run_tell_size(r);
	run_paint(r);
}

static void on_cont(uv_signal_t *handle, int number)
{
	struct run *r = handle->data;

	(void)number;
	/* Stopped without warning: the shell has put modes of its own on the terminal since. */
	resumed(r);
}

void run_suspend(struct run *r)
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
	run_suspend(handle->data);
}

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

static void add_signal(struct run *r, uv_signal_t *handle, uv_signal_cb cb, int number)
{
	uv_signal_init(&r->loop, handle);
	handle->data = r;
	uv_signal_start(handle, cb, number);
}

void run_signals_open(struct run *r)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		add_signal(r, &r->stop[i], on_stop, numbers[i]);
	add_signal(r, &r->winch, on_winch, SIGWINCH);
	add_signal(r, &r->cont, on_cont, SIGCONT);
	add_signal(r, &r->tstp, on_tstp, SIGTSTP);
	catch_crashes();
}

void run_signals_close(struct run *r)
{
	uv_signal_t *const own[] = {&r->winch, &r->stop[0], &r->stop[1], &r->stop[2], &r->cont,
		&r->tstp};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		uv_close((uv_handle_t *)own[i], NULL);
}
