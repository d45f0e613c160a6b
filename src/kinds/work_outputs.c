/* GET .../outputs of an object that runs: the list of what it has left, or with ?path= the bytes of a file. */
#include "kinds/work.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { PIECE = 256 * 1024 };

/* ---- The list ---- */

struct listing {
	uv_work_t work;
	struct request *r;
	const struct engine_outputs *outputs; /* NULL: the engine keeps none */
	char *place;
	struct output_files files;
};

static void list_work(uv_work_t *work)
{
	struct listing *l = work->data;

	if (l->outputs)
		l->outputs->list(l->place, OUTPUTS_FILES_MAX, &l->files);
}

static void list_done(uv_work_t *work, int status)
{
	struct listing *l = work->data;
	struct platform *p = l->r->platform;
	json_t *list = json_array(), *unreadable = json_array(), *answer;

	(void)status;
	for (size_t i = 0; i < l->files.list.len; i++) {
		const struct output_file *f = &l->files.list.items[i];
		char when[TIMEFMT_SIZE];

		timefmt_rfc3339(when, f->mtime);
		json_array_append_new(list,
			json_pack("{s:s, s:I, s:s, s:s*}", "path", f->path, "size",
				(json_int_t)f->size, "mtime", when, "link", f->link));
	}
	for (size_t i = 0; i < l->files.unreadable.len; i++)
		json_array_append_new(unreadable, json_string(l->files.unreadable.items[i]));
	answer = json_pack("{s:o, s:b}", "data", list, "truncated", l->files.more);
	if (l->files.unnamed)
		json_object_set_new(answer, "unnamed", json_integer(l->files.unnamed));
	if (json_array_size(unreadable))
		json_object_set(answer, "unreadable", unreadable);
	json_decref(unreadable);
	request_reply(l->r, 200, answer);
	output_files_free(&l->files);
	free(l->place);
	free(l);
	platform_let_go(p);
}

static void answer_list(struct request *r, char *place)
{
	struct listing *l = mem_alloc(sizeof *l);

	l->work.data = l;
	l->r = r;
	l->outputs = r->platform->work.engine->ops->outputs;
	l->place = place;
	platform_hold(r->platform);
	uv_queue_work(r->platform->loop, &l->work, list_work, list_done);
}

/* ---- One file: the pool reads a piece ahead, the socket takes it when it can ---- */

struct sending {
	uv_work_t work;
	struct platform *platform;
	struct request *r; /* not once `gone` */
	const struct engine_outputs *outputs;
	char *place, *path;
	int fd;
	int64_t offset, left; /* left -1: to the end */
	char *piece;
	size_t piece_len, piece_at;
	bool reading, answered, gone, cut;
	struct err e;
};

static void sending_free(struct sending *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->place);
	free(s->path);
	free(s->piece);
	free(s);
}

static void file_open(struct sending *s)
{
	int64_t size = 0;

	if (s->outputs)
		s->fd = s->outputs->open(s->place, s->path, &size, &s->e);
	else
		err_set(&s->e, ERR_NOT_FOUND, "this platform keeps no outputs");
	if (s->fd < 0)
		return;
	/* What is written meanwhile is not sent: the answer has the length it had at first. */
	size = size > s->offset ? size - s->offset : 0;
	s->left = s->left < 0 || size < s->left ? size : s->left;
}

static void read_work(uv_work_t *work)
{
	struct sending *s = work->data;
	ssize_t n;

	if (!s->answered)
		file_open(s);
	s->piece_len = s->piece_at = 0;
	if (s->fd < 0 || s->left == 0)
		return;
	n = pread(s->fd, s->piece, s->left < PIECE ? (size_t)s->left : PIECE, (off_t)s->offset);
	s->cut = n <= 0; /* it was made shorter meanwhile, or is not readable any more */
	if (s->cut)
		return;
	s->piece_len = (size_t)n;
	s->offset += n;
	s->left -= n;
}

static void read_done(uv_work_t *work, int status);

static void read_begin(struct sending *s)
{
	s->reading = true;
	platform_hold(s->platform);
	uv_queue_work(s->platform->loop, &s->work, read_work, read_done);
}

static enum stream_step send_more(void *ctx, struct buf *out, size_t room)
{
	struct sending *s = ctx;
	size_t n = s->piece_len - s->piece_at;

	if (s->reading)
		return STREAM_GOES_ON;
	n = n < room ? n : room;
	buf_add(out, s->piece + s->piece_at, n);
	s->piece_at += n;
	if (s->piece_at < s->piece_len)
		return STREAM_GOES_ON;
	if (s->cut)
		return STREAM_BROKEN;
	if (s->left == 0)
		return STREAM_ENDED;
	read_begin(s);
	return STREAM_GOES_ON;
}

static void send_end(void *ctx)
{
	struct sending *s = ctx;

	s->gone = true;
	if (!s->reading)
		sending_free(s);
}

static void read_done(uv_work_t *work, int status)
{
	struct sending *s = work->data;
	struct platform *p = s->platform;
	struct request_stream stream = {s, send_more, send_end};

	(void)status;
	s->reading = false;
	if (s->gone) {
		sending_free(s);
	} else if (s->answered) {
		request_stream_wake(s->r);
	} else if (s->fd < 0) {
		request_fail(s->r, &s->e);
		sending_free(s);
	} else {
		s->answered = true;
		request_reply_stream(s->r, "application/octet-stream", &stream);
	}
	platform_let_go(p);
}

static bool number(struct request *r, const char *name, int64_t *out, struct err *e)
{
	const char *text = request_query(r, name);

	return text == NULL || num_i64(text, 0, INT64_MAX / 2, out) ||
		err_field(e, ERR_INVALID, name, "%s is '%.40s': give a number of bytes", name,
			text);
}

static void answer_file(struct request *r, char *place, const char *path)
{
	struct sending *s = mem_alloc(sizeof *s);
	struct err e = ERR_INIT;

	s->work.data = s;
	s->platform = r->platform;
	s->r = r;
	s->outputs = r->platform->work.engine->ops->outputs;
	s->place = place;
	s->path = mem_strdup(path);
	s->fd = -1;
	s->left = -1;
	s->piece = mem_alloc(PIECE);
	if (number(r, "offset", &s->offset, &e) && number(r, "length", &s->left, &e)) {
		read_begin(s);
		return;
	}
	request_fail(r, &e);
	sending_free(s);
}

void workload_outputs(struct request *r)
{
	const struct workload *row = request_object(r);
	const char *path = request_query(r, "path");
	struct engine *en = r->platform->work.engine;
	struct err e = ERR_INIT;
	char *place;

	if (row == NULL)
		return;
	if (en == NULL) {
		err_set(&e, ERR_UNAVAILABLE, "mltopd is starting: ask again");
		request_fail_retry(r, &e, 1);
		return;
	}
	place = en->ops->outputs ? en->ops->outputs->place(en, row->uid) : NULL;
	if (path)
		answer_file(r, place, path);
	else
		answer_list(r, place);
}
