/* The frames of the dashboard: when one is drawn, and how large. */
#include "mltop/run.h"

/* Under load; a key is painted at once. */
enum { FRAME_MS = 16 };

/* A log that grew is told of once a frame, and before each, since a frame ends its timer. */
static void tell_logs(struct run *r)
{
	for (size_t i = 0; i < r->subs.len; i++)
		if (r->subs.items[i]->changed)
			run_log_tell(r, r->subs.items[i]);
}

void run_paint(struct run *r)
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
	run_paint(timer->data);
}

void run_ask_frame(struct run *r)
{
	uint64_t since = uv_now(&r->loop) - r->painted;

	if (!uv_is_active((uv_handle_t *)&r->frame))
		uv_timer_start(&r->frame, on_frame, since >= FRAME_MS ? 0 : FRAME_MS - since, 0);
}

void run_tell_size(struct run *r)
{
	struct msg m = {.type = MSG_SIZE};

	term_size(&r->cols, &r->rows);
	m.cols = r->cols;
	m.rows_count = r->rows;
	r->tell(r, &m);
}
