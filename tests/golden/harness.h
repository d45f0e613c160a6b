/*
 * Drives the dashboard with messages from JSON, as the runner does: update, run nothing, draw. For
 * the unit tests of ui; commands pile up in `cmds` for the test to look at.
 */
#ifndef MLTOP_GOLDEN_HARNESS_H
#define MLTOP_GOLDEN_HARNESS_H

#include "base/mem.h"
#include "ui/app/app.h"
#include "ui/kit/keys.h"
#include "ui/screens/screens.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct harness {
	struct app *app;
	struct cmds cmds;
	struct grid grid;
	int64_t now, mono;
	int cols, rows;
	struct kind_screens screens;
};

/* 2026-01-02T12:00:00Z: everything in the scripts is around that time. */
#define HARNESS_NOW 1767355200000

static inline void harness_draw(struct harness *h)
{
	grid_resize(&h->grid, h->cols, h->rows);
	app_view(h->app, &h->grid);
	app_drawn(h->app);
}

static inline void harness_send(struct harness *h, struct msg *m)
{
	m->now = m->now ? m->now : h->now;
	m->mono = m->mono ? m->mono : h->mono;
	if (m->type == MSG_SIZE) {
		h->cols = m->cols;
		h->rows = m->rows_count;
	}
	app_update(h->app, m, &h->cmds);
	harness_draw(h);
}

static inline void harness_open(struct harness *h, const struct app_options *o)
{
	struct err e = ERR_INIT;
	struct app_options all = *o;

	setenv("TZ", "UTC", 1); /* screens show the wall's clock */
	tzset();
	*h = (struct harness){.now = HARNESS_NOW, .mono = 1000000, .cols = 80, .rows = 24};
	grid_init(&h->grid);
	all.screens = kind_screens(&h->screens);
	h->app = app_new(&all, &e);
	if (!h->app) {
		fprintf(stderr, "app_new: %s\n", e.text);
		abort();
	}
}

static inline void harness_close(struct harness *h)
{
	app_free(h->app);
	cmds_release(&h->cmds);
	grid_release(&h->grid);
}

static inline void harness_key(struct harness *h, const char *name)
{
	struct msg m = {.type = MSG_KEY};

	if (!key_parse(name, &m.key)) {
		fprintf(stderr, "no key: %s\n", name);
		abort();
	}
	harness_send(h, &m);
}

/* Each character is a key. */
static inline void harness_type(struct harness *h, const char *text)
{
	for (; *text; text++) {
		struct msg m = {.type = MSG_KEY, .key = (unsigned char)*text};

		harness_send(h, &m);
	}
}

static inline bool harness_json(struct harness *h, const json_t *in)
{
	struct arena scratch = ARENA_INIT;
	struct err e = ERR_INIT;
	struct msg m;
	bool good = msg_decode(&m, in, &scratch, &e);

	if (good)
		harness_send(h, &m);
	else
		fprintf(stderr, "message: %s\n", e.text);
	arena_release(&scratch);
	return good;
}

static inline void harness_text(struct harness *h, const char *json)
{
	json_error_t why;
	json_t *in = json_loads(json, 0, &why);

	if (!in || !harness_json(h, in)) {
		fprintf(stderr, "bad message in test: %s: %s\n", json, in ? "" : why.text);
		abort();
	}
	json_decref(in);
}

static inline json_t *harness_job(int i, int64_t now)
{
	static const char *const states[] = {"running", "enqueued", "completed", "failed",
		"running"};
	static const char *const owners[] = {"lin", "chen", "wu", "zhao"};
	char name[32], uid[32], created[40];
	time_t at = (time_t)(now / 1000 - 60 - (int64_t)i * 97);
	struct tm tm;

	snprintf(name, sizeof name, "job-%05d", i);
	snprintf(uid, sizeof uid, "01J%023d", i);
	strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	json_t *row = json_pack("{s:s,s:s,s:s,s:s,s:i,s:s}", "uid", uid, "job_name", name, "state",
		states[i % 5], "owner", owners[i % 4], "gpu_limit", i % 3 * 4, "create_time",
		created);

	if (i % 5 == 0) {
		json_object_set_new(row, "gpu_util", json_integer(i * 7 % 101));
		json_object_set_new(row, "progress_step", json_integer(i * 31));
		json_object_set_new(row, "progress_total", json_integer(90000));
		json_object_set_new(row, "loss", json_real(2.5 / (1 + i % 9)));
		json_object_set_new(row, "start_time", json_string(created));
	}
	if (i % 5 == 1)
		json_object_set_new(row, "reason", json_string("Quota"));
	if (i % 5 == 3)
		json_object_set_new(row, "reason", json_string("ExitCode"));
	return row;
}

/* `count` jobs, on subscription 1, whole. */
static inline void harness_jobs(struct harness *h, int count)
{
	struct msg m = {.type = MSG_ROWS, .sub = 1};
	json_t *rows = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(rows, harness_job(i, h->now));
	m.rows = rows;
	harness_send(h, &m);
	json_decref(rows);
	m = (struct msg){.type = MSG_SYNCED, .sub = 1};
	harness_send(h, &m);
}

/* How many commands in the queue would change something on the platform. */
static inline int harness_changes(const struct harness *h)
{
	int n = 0;

	for (size_t i = 0; i < h->cmds.len; i++)
		n += h->cmds.items[i].type == CMD_REQUEST &&
			strcmp(h->cmds.items[i].method, "GET") != 0;
	return n;
}

#endif
