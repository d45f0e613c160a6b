#include "engine/local/local.h"

#include "base/fsio.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { RELINKS_MAX = 10 };

/* Apart from the task, because libuv gives a handle's memory back only after its close callback. */
struct local_link {
	uv_poll_t poll;
	int fd;
	struct local_task *task; /* NULL: closing */
	struct local *local;
};

static void link_closed(uv_handle_t *handle)
{
	struct local_link *k = handle->data;
	struct local *l = k->local;

	close(k->fd);
	free(k);
	local_drop(l);
}

void local_link_close(struct local_task *t)
{
	struct local_link *k = t->link;

	t->link = NULL;
	t->ack_due = false;
	k->task = NULL;
	t->local->linked--;
	uv_close((uv_handle_t *)&k->poll, link_closed);
	local_sample_update(t->local);
}

/* The socket is gone and no exit was told: find out in the pool. */
static void link_lost(struct local_task *t)
{
	local_link_close(t);
	struct local_work *w = local_work_new(t, true);

	w->hard = ++t->relinks > RELINKS_MAX;
	t->stop_sent = false;
	local_work_submit(w);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void link_watch(struct local_link *k, bool writable)
{
	uv_poll_start(&k->poll, UV_READABLE | (writable ? UV_WRITABLE : 0), on_ready);
}

void local_link_stop(struct local_task *t)
{
	struct shimctl_message stop = {.type = SHIMCTL_STOP, .grace_ms = t->grace_ms};
	struct err e = ERR_INIT;

	if (t->link == NULL || !t->stop_wanted || t->stop_sent)
		return;
	t->stop_sent = shimctl_send(t->link->fd, &stop, &e);
	link_watch(t->link, !t->stop_sent && e.code == ERR_BUSY);
}

static void send_simple(struct local_link *k, enum shimctl_type type)
{
	struct shimctl_message m = {.type = type};

	/* A broken socket shows itself when it is read. */
	shimctl_send(k->fd, &m, NULL);
}

static void on_state(struct local_task *t, const struct shimctl_message *m)
{
	struct local *l = t->local;

	t->shim_pid = m->shim_pid;
	if (l->limits == LOCAL_LIMITS_POLL && m->child_pid > 0)
		local_cores_adopt(&l->cores, m->child_pid, &t->cores);
	t->relinks = 0;
	if (m->log_end > t->log_end)
		t->log_end = m->log_end;
	if (t->started)
		return;
	t->started = true;
	l->events.started(l->events.ctx, &t->ref, m->start_ms);
	if (m->log_end > 0)
		l->events.log_grew(l->events.ctx, &t->ref);
}

static void ack_tick(uv_timer_t *timer)
{
	struct local *l = timer->data;
	const char *key;
	void *value;

	for (size_t at = 0; map_next(&l->tasks, &at, &key, &value);) {
		struct local_task *t = value;

		if (!t->ack_due || t->link == NULL)
			continue;
		t->ack_due = false;
		t->acked_at = uv_now(l->loop);
		send_simple(t->link, SHIMCTL_ACK);
	}
}

/* The first `log` is acked at once, so that a follower waits for nothing; a stream of them is not. */
static void on_log(struct local_task *t, const struct shimctl_message *m)
{
	struct local *l = t->local;
	uint64_t now = uv_now(l->loop);

	if (m->log_end > t->log_end)
		t->log_end = m->log_end;
	if (m->log_lost > 0 && !t->log_paused) {
		t->log_paused = true;
		l->events.note(l->events.ctx, &t->ref, true, "LogPaused",
			"its output is not kept while the disk of the platform is nearly full");
	}
	if (now - t->acked_at >= LOCAL_ACK_MS) {
		t->acked_at = now;
		send_simple(t->link, SHIMCTL_ACK);
	} else {
		t->ack_due = true;
		if (!uv_is_active((uv_handle_t *)&l->ack_timer))
			uv_timer_start(&l->ack_timer, ack_tick, LOCAL_ACK_MS, 0);
	}
	l->events.log_grew(l->events.ctx, &t->ref);
}

static void on_exit_told(struct local_task *t)
{
	char data[8192], *path = fsio_join(t->local->tasks_dir, t->key);
	struct task_exit end;
	size_t len;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool good = folder >= 0 && taskfile_load(folder, "exit", data, sizeof data, &len, NULL) &&
		taskfile_decode_exit(&end, data, len, NULL);

	if (folder >= 0)
		close(folder);
	free(path);
	if (good)
		local_task_end(t, &end, local_reason(&end));
	else
		link_lost(t);
}

/* One message; false when the task or its link is gone. */
static bool link_read(struct local_link *k)
{
	struct local_task *t = k->task;
	struct shimctl_message m;
	int got = shimctl_receive(k->fd, &m, NULL);

	if (got == 0)
		return false;
	if (got < 0) {
		link_lost(t);
		return false;
	}
	if (m.type == SHIMCTL_STATE)
		on_state(t, &m);
	else if (m.type == SHIMCTL_LOG)
		on_log(t, &m);
	else if (m.type == SHIMCTL_EXIT)
		on_exit_told(t);
	return m.type != SHIMCTL_EXIT;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct local_link *k = poll->data;

	if (k->task == NULL)
		return;
	if (status < 0) {
		link_lost(k->task);
		return;
	}
	if (events & UV_WRITABLE)
		local_link_stop(k->task);
	/* A callback may have ended the task: look at the link before each message. */
	while (k->task && link_read(k))
		;
}

bool local_link_open(struct local_task *t, int fd)
{
	struct local *l = t->local;
	struct local_link *k = mem_alloc(sizeof *k);

	if (uv_poll_init(l->loop, &k->poll, fd) != 0) {
		close(fd);
		free(k);
		return false;
	}
	k->fd = fd;
	k->task = t;
	k->local = l;
	t->link = k;
	t->state = LOCAL_LINKED;
	t->cpu_ms = -1;
	l->linked++;
	local_hold(l);
	k->poll.data = k;
	link_watch(k, false);
	send_simple(k, SHIMCTL_HELLO);
	send_simple(k, SHIMCTL_SUBSCRIBE);
	local_link_stop(t);
	local_sample_update(l);
	return true;
}
