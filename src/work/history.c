#include "work/history.h"

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "io/turns.h"
#include "work/work.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
	TICK_MS = SERIES_STEP_MS,
	WRITE_MS = 60000, /* a live one is written as often as that, */
	WRITE_SHARE = 16, /* or when this part of its life has passed since */
};
static const char folder[] = "samples", lane[] = "/samples";

struct history {
	struct series series;
	bool ready; /* what an earlier daemon knew has been read */
	/* Its time goes by a clock that nobody sets, from the wall's as it was when this began. */
	int64_t wall, mono;
	int64_t written; /* mono ms */
};

/* Outlives `w` while the pool works for it. */
struct historian {
	struct work *w; /* NULL: it is closed */
	uv_timer_t timer;
	size_t busy;
	bool open;
};

/* One thing that the pool does, with one file or with the folder. */
struct file_work {
	struct turn turn;
	struct historian *of;
	char uid[ULID_SIZE];
	char *path;
	struct buf text;      /* to be written */
	struct series series; /* that was read */
	VEC(char *) names;    /* in the folder; then those to be removed */
};

char *history_path(const struct work *w, const char *uid)
{
	char *dir = fsio_join(w->dir, folder), *path = fsio_join(dir, uid);

	free(dir);
	return path;
}

/* ---- The pool ---- */

static void historian_free(struct historian *h)
{
	if (h->busy || h->open || h->w)
		return;
	free(h);
}

static struct file_work *file_work(struct historian *h, const char *uid, char *path)
{
	struct file_work *f = mem_alloc(sizeof *f);

	f->of = h;
	f->path = path;
	f->turn.ctx = f;
	f->turn.patient = true;
	snprintf(f->uid, sizeof f->uid, "%s", uid);
	return f;
}

static void file_work_over(struct turn *turn, bool ran)
{
	struct file_work *f = turn->ctx;
	struct historian *h = f->of;

	(void)ran;
	for (size_t i = 0; i < f->names.len; i++)
		free(f->names.items[i]);
	vec_release(&f->names);
	buf_release(&f->text);
	series_release(&f->series);
	free(f->path);
	free(f);
	h->busy--;
	historian_free(h);
}

/* One lane for all: what is written of a file comes before what is read or removed of it later. */
static void queue(struct file_work *f, void (*run)(struct turn *turn),
	void (*over)(struct turn *turn, bool ran))
{
	f->of->busy++;
	f->turn.run = run;
	f->turn.over = over ? over : file_work_over;
	turns_queue(f->of->w->turns, &f->turn, lane);
}

/* ---- Writing ---- */

/* Whole or not at all, and not waited for: a power cut may cost it. */
static bool write_aside(const char *path, const struct buf *text)
{
	char *aside;
	int fd = fsio_aside(path, &aside);
	bool good = fd >= 0 && fsio_write_all(fd, text->data, text->len);

	if (fd >= 0)
		close(fd);
	good = good && rename(aside, path) == 0;
	if (fd >= 0 && !good)
		unlink(aside);
	free(aside);
	return good;
}

static void write_run(struct turn *turn)
{
	struct file_work *f = turn->ctx;

	write_aside(f->path, &f->text);
}

static void text_of(const struct series *s, struct buf *out)
{
	json_t *whole = series_encode(s, NULL, 0);
	char *text = json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(7));

	if (text)
		buf_adds(out, text);
	free(text);
	json_decref(whole);
}

static bool worth_writing(const struct active *a)
{
	return a->history && a->history->ready && a->history->series.rows > 0 && active_row(a);
}

static void write_later(struct active *a)
{
	struct historian *h = a->w->historian;
	struct file_work *f = file_work(h, a->uid, history_path(a->w, a->uid));

	text_of(&a->history->series, &f->text);
	a->history->written = reconcile_now();
	queue(f, write_run, NULL);
}

static void write_now(const struct active *a)
{
	char *path = history_path(a->w, a->uid);
	struct buf text = BUF_INIT;

	text_of(&a->history->series, &text);
	write_aside(path, &text);
	buf_release(&text);
	free(path);
}

/* ---- Reading ---- */

bool history_read(struct series *s, const char *path)
{
	struct buf text = BUF_INIT;
	json_t *in = NULL;
	bool good;

	if (fsio_read(path, &text, SERIES_BYTES_MAX, NULL))
		in = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	good = in && series_decode(s, in, NULL);
	json_decref(in);
	buf_release(&text);
	return good;
}

void history_past(const struct work *w, const char *uid, struct series *s)
{
	struct task_past past[SERIES_ROWS];
	size_t count = 0;

	if (s->rows == 0 && w->engine && w->engine->ops->past)
		count = w->engine->ops->past(w->engine, uid, past, ARRAY_SIZE(past));
	for (size_t i = 0; i < count; i++) {
		struct draft d = {.kind = s->kind};

		sample_put(d.kind, &d.row, &past[i].used);
		draft_tell(&d, progress_percent, true, (struct percent){past[i].percent});
		draft_tell(&d, loss, true, past[i].loss);
		series_add(s, &d.row, past[i].at);
	}
}

static void read_run(struct turn *turn)
{
	struct file_work *f = turn->ctx;

	history_read(&f->series, f->path);
}

static void file_read(struct turn *turn, bool ran)
{
	struct file_work *f = turn->ctx;
	struct active *a = f->of->w ? work_active(f->of->w, f->uid) : NULL;

	if (ran && a && a->history && !a->history->ready) {
		history_past(a->w, a->uid, &f->series);
		a->history->series = f->series;
		a->history->ready = true;
		memset(&f->series, 0, sizeof f->series);
	}
	file_work_over(turn, ran);
}

/* An earlier daemon, or an earlier attempt, may have known something already. */
static void begin(struct active *a)
{
	struct historian *h = a->w->historian;
	struct file_work *f = file_work(h, a->uid, history_path(a->w, a->uid));

	a->history = mem_alloc(sizeof *a->history);
	a->history->wall = model_now();
	a->history->mono = a->history->written = reconcile_now();
	series_init(&a->history->series, a->kind);
	series_init(&f->series, a->kind);
	queue(f, read_run, file_read);
}

/* ---- Removing ---- */

static void remove_run(struct turn *turn)
{
	struct file_work *f = turn->ctx;

	unlink(f->path);
}

void history_forget(struct work *w, const char *uid)
{
	if (w->historian)
		queue(file_work(w->historian, uid, history_path(w, uid)), remove_run, NULL);
}

static void list_run(struct turn *turn)
{
	struct file_work *f = turn->ctx;
	DIR *dir = opendir(f->path);

	for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			vec_push(&f->names, mem_strdup(entry->d_name));
	if (dir)
		closedir(dir);
}

static void remove_all_run(struct turn *turn)
{
	struct file_work *f = turn->ctx;

	for (size_t i = 0; i < f->names.len; i++) {
		char *path = fsio_join(f->path, f->names.items[i]);

		unlink(path);
		free(path);
	}
}

/* What a daemon that was killed has left: half-written files, and those of what is gone. */
static void folder_listed(struct turn *turn, bool ran)
{
	struct file_work *f = turn->ctx;
	struct historian *h = f->of;
	size_t kept = 0;

	if (!ran || h->w == NULL || h->w->closing) {
		file_work_over(turn, ran);
		return;
	}
	for (size_t i = 0; i < f->names.len; i++) {
		char *name = f->names.items[i];

		if (model_workload(h->w->model, name, NULL))
			free(name);
		else
			f->names.items[kept++] = name;
	}
	f->names.len = kept;
	h->busy--;
	queue(f, remove_all_run, NULL);
}

/* ---- Once a second ---- */

static int64_t now_of(const struct history *h)
{
	return h->wall + reconcile_now() - h->mono;
}

static bool due(const struct history *h)
{
	int64_t life = now_of(h) - h->series.from, since = reconcile_now() - h->written;

	return since >= WRITE_MS && since >= life / WRITE_SHARE;
}

static void take(struct active *a)
{
	if (!kind_has_series(a->kind))
		return;
	if (a->history == NULL)
		begin(a);
	if (!a->history->ready)
		return;
	series_add(&a->history->series, a->work, now_of(a->history));
	if (due(a->history) && worth_writing(a))
		write_later(a);
}

static void on_tick(uv_timer_t *timer)
{
	struct work *w = ((struct historian *)timer->data)->w;

	for (size_t i = 0; i < w->live.len; i++)
		take(w->live.items[i]);
	history_soon(w);
}

void history_soon(struct work *w)
{
	struct historian *h = w->historian;

	if (h && w->live.len && !w->closing && !uv_is_active((uv_handle_t *)&h->timer))
		uv_timer_start(&h->timer, on_tick, TICK_MS, 0);
}

void history_over(struct active *a)
{
	if (a->history == NULL)
		return;
	if (a->w->historian && worth_writing(a))
		write_later(a);
	series_release(&a->history->series);
	free(a->history);
	a->history = NULL;
}

const struct series *history_series(const struct active *a)
{
	return a->history && a->history->ready ? &a->history->series : NULL;
}

/* ---- Start and end ---- */

void history_start(struct work *w)
{
	char *dir = fsio_join(w->dir, folder);
	struct historian *h;
	struct err e = ERR_INIT;

	if (!fsio_mkdirs(dir, 0700, &e)) {
		log_line(LOG_WARN, "there will be no histories of jobs: %s", e.text);
		free(dir);
		return;
	}
	h = mem_alloc(sizeof *h);
	h->w = w;
	h->open = true;
	h->timer.data = h;
	uv_timer_init(w->loop, &h->timer);
	uv_unref((uv_handle_t *)&h->timer);
	w->historian = h;
	queue(file_work(h, "", dir), list_run, folder_listed);
	history_soon(w);
}

static void timer_closed(uv_handle_t *handle)
{
	struct historian *h = handle->data;

	h->open = false;
	historian_free(h);
}

void history_stop(struct work *w)
{
	struct historian *h = w->historian;

	if (h == NULL)
		return;
	for (size_t i = 0; i < w->live.len; i++)
		if (worth_writing(w->live.items[i]))
			write_now(w->live.items[i]);
	w->historian = NULL;
	h->w = NULL;
	uv_close((uv_handle_t *)&h->timer, timer_closed);
}
