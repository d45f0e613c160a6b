#include "mltopd/control.h"

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

enum { ANSWER_MAX = 64 << 20, ANSWER_S = 120 };

struct control {
	struct platform *p;
	uv_pipe_t listener;
	int folder; /* kept open: the socket's path goes through it */
	char *path;
	struct asker *askers;
	void (*restart)(void *ctx);
	void *ctx;
};

/* One connection, one verb. */
struct asker {
	struct control *c;
	struct asker *next;
	uv_pipe_t pipe;
	uv_write_t write;
	struct command cmd;
	struct buf in;
	char *answer;
	char actor[64];
	bool running, closing;
};

/* ---- The daemon's side ---- */

static void asker_free(uv_handle_t *handle)
{
	struct asker *a = handle->data;

	buf_release(&a->in);
	command_release(&a->cmd);
	free(a->answer);
	free(a);
}

static void asker_close(struct asker *a)
{
	struct asker **at = a->c ? &a->c->askers : NULL;

	if (a->closing || a->running)
		return; /* a verb that runs answers first, even into nothing */
	a->closing = true;
	while (at && *at && *at != a)
		at = &(*at)->next;
	if (at && *at)
		*at = a->next;
	uv_close((uv_handle_t *)&a->pipe, asker_free);
}

static void answer_written(uv_write_t *write, int status)
{
	struct asker *a = write->data;
	bool restart = a->cmd.restart;
	struct control *c = a->c;

	(void)status;
	asker_close(a);
	if (restart && c && c->restart)
		c->restart(c->ctx);
}

static void asker_answer(struct command *cmd)
{
	struct asker *a = cmd->ctx;
	json_t *object = json_pack("{s:i, s:s%, s:s%}", "status", cmd->status, "out", cmd->out.data,
		cmd->out.len, "err", cmd->err.data, cmd->err.len);
	uv_buf_t text;

	a->answer = object
		? json_dumps(object, JSON_COMPACT)
		: mem_strdup("{\"status\":1,\"out\":\"\",\"err\":\"the answer is not text\"}");
	json_decref(object);
	a->running = false;
	a->write.data = a;
	text = uv_buf_init(a->answer, (unsigned)strlen(a->answer));
	if (uv_write(&a->write, (uv_stream_t *)&a->pipe, &text, 1, answer_written) != 0)
		asker_close(a);
}

static bool asker_parse(struct asker *a)
{
	json_t *root = json_loadb(a->in.data, strcspn(a->in.data, "\n"), 0, NULL);
	const json_t *args = json_object_get(root, "args");
	const json_t *item;
	size_t i;
	bool good = json_array_size(args) > 0 && json_array_size(args) <= CONTROL_ARGS_MAX;

	json_array_foreach(args, i, item) {
		good = good && json_is_string(item);
		if (good)
			a->cmd.args[a->cmd.count++] = mem_strdup(json_string_value(item));
	}
	json_decref(root);
	return good;
}

static void asker_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct asker *a = handle->data;

	(void)wanted;
	buf_reserve(&a->in, 4096);
	*out = uv_buf_init(a->in.data + a->in.len, 4096);
}

static void asker_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct asker *a = stream->data;
	bool whole;

	(void)bytes;
	if (n > 0)
		a->in.len += (size_t)n;
	a->in.data[a->in.len] = '\0';
	whole = memchr(a->in.data, '\n', a->in.len) != NULL;
	if (!whole && n >= 0 && a->in.len <= CONTROL_LINE_MAX)
		return;
	/* One line is all there is to say: what follows it is not taken, however long the verb runs. */
	uv_read_stop(stream);
	if (!whole) {
		asker_close(a);
		return;
	}
	a->running = true;
	if (!asker_parse(a)) {
		buf_adds(&a->cmd.err, "mltopd: the request on the control socket is malformed\n");
		a->cmd.status = 2;
		asker_answer(&a->cmd);
		return;
	}
	command_run(&a->cmd);
}

/* The folder is 0700 already; this holds should somebody open it. */
static bool peer_allowed(struct asker *a)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&a->pipe, &fd) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	snprintf(a->actor, sizeof a->actor, "control socket, user %d", (int)peer.uid);
	return peer.uid == geteuid() || peer.uid == 0;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control *c = listener->data;
	struct asker *a;

	if (status != 0)
		return;
	a = mem_alloc(sizeof *a);
	a->c = c;
	a->pipe.data = a;
	command_init(&a->cmd);
	buf_init(&a->in, 2 * CONTROL_LINE_MAX);
	a->cmd.p = c->p;
	a->cmd.done = asker_answer;
	a->cmd.ctx = a;
	a->cmd.actor = a->actor;
	a->next = c->askers;
	c->askers = a;
	uv_pipe_init(c->p->loop, &a->pipe, 0);
	if (uv_accept(listener, (uv_stream_t *)&a->pipe) != 0 || !peer_allowed(a))
		asker_close(a);
	else
		uv_read_start((uv_stream_t *)&a->pipe, asker_room, asker_read);
}

static void control_free(uv_handle_t *handle)
{
	struct control *c = handle->data;

	close(c->folder);
	free(c->path);
	free(c);
}

bool control_open(struct control **out, struct platform *p, void (*restart)(void *ctx), void *ctx,
	struct err *e)
{
	struct control *c = mem_alloc(sizeof *c);
	char short_path[64];
	int code;

	c->p = p;
	c->restart = restart;
	c->ctx = ctx;
	c->path = fsio_join(p->dir, "control.sock");
	c->folder = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	c->listener.data = c;
	unlink(c->path);
	/* A Unix socket's address holds 107 bytes; the state folder's path may be longer. */
	snprintf(short_path, sizeof short_path, "/proc/self/fd/%d/control.sock", c->folder);
	uv_pipe_init(p->loop, &c->listener, 0);
	code = uv_pipe_bind(&c->listener, short_path);
	if (code == 0)
		code = uv_listen((uv_stream_t *)&c->listener, 16, on_connection);
	if (code != 0) {
		err_set(e, ERR_INTERNAL, "cannot listen on %s: %s", c->path, uv_strerror(code));
		uv_close((uv_handle_t *)&c->listener, control_free);
		return false;
	}
	*out = c;
	return true;
}

void control_close(struct control *c)
{
	if (c == NULL)
		return;
	while (c->askers) {
		struct asker *a = c->askers;

		c->askers = a->next;
		a->c = NULL;
		/* A verb on its way answers first: the store is closed after what waits in it. */
		if (!a->closing && !a->running) {
			a->closing = true;
			uv_close((uv_handle_t *)&a->pipe, asker_free);
		}
	}
	uv_close((uv_handle_t *)&c->listener, control_free);
}

/* ---- The asking side: blocking, in a process of its own ---- */

static int connect_folder(const char *dir)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = ANSWER_S};
	int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;

	if (folder < 0)
		return -1;
	snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/control.sock", folder);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		close(fd);
		fd = -1;
	}
	close(folder);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return fd;
}

static bool read_answer(int fd, struct buf *text)
{
	char block[16 * 1024];
	ssize_t n;

	while ((n = read(fd, block, sizeof block)) > 0)
		if (!buf_add(text, block, (size_t)n))
			return false;
	return n == 0;
}

static bool take_answer(const struct buf *text, int *status, struct buf *out, struct buf *err)
{
	json_t *root = json_loadb(text->data, text->len, 0, NULL);
	const json_t *code = json_object_get(root, "status");
	const json_t *said = json_object_get(root, "out"), *wrong = json_object_get(root, "err");
	bool good = json_is_integer(code) && json_is_string(said) && json_is_string(wrong);

	if (good) {
		*status = (int)json_integer_value(code);
		buf_add(out, json_string_value(said), json_string_length(said));
		buf_add(err, json_string_value(wrong), json_string_length(wrong));
	}
	json_decref(root);
	return good;
}

bool control_ask(const char *dir, char *const *args, int count, int *status, struct buf *out,
	struct buf *err, struct err *e)
{
	int fd = connect_folder(dir);
	json_t *list = json_array(), *root = json_pack("{s:o}", "args", list);
	struct buf answer;
	char *text;
	bool good;

	buf_init(&answer, ANSWER_MAX);
	for (int i = 0; i < count; i++)
		json_array_append_new(list, json_string(args[i]));
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (fd < 0) {
		free(text);
		return err_set(e, ERR_NOT_FOUND, "no mltopd runs on %s", dir);
	}
	good = fsio_write_all(fd, text, strlen(text)) && fsio_write_all(fd, "\n", 1) &&
		read_answer(fd, &answer) && take_answer(&answer, status, out, err);
	if (!good)
		err_set(e, ERR_UNAVAILABLE, "the mltopd that runs on %s did not answer", dir);
	sign_wipe(answer.data, answer.len);
	buf_release(&answer);
	free(text);
	close(fd);
	return good;
}
