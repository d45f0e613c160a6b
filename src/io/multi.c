#include "io/multi.h"

#include "base/mem.h"

#include <stdlib.h>
#include <uv.h>

struct multi {
	uv_loop_t *loop;
	struct loop_gate *gate;
	CURLM *curl;
	struct loop_timer *timer;
	multi_finished finished;
};

/* One per socket that curl wants watched. */
struct watched {
	uv_poll_t poll;
	struct multi *multi;
	struct loop_gate *gate;
	curl_socket_t fd;
};

static void collect_finished(struct multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left)) != NULL) {
		CURLcode result = msg->data.result;
		char *owner = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &owner);
		m->finished(owner, result);
	}
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watched *s = poll->data;
	int flags = 0, running;

	/* libuv tells no more than that something is wrong: curl finds out what by using the
	 * socket. */
	if (status < 0)
		flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(s->multi->curl, s->fd, flags, &running);
	collect_finished(s->multi);
}

static void on_socket_closed(uv_handle_t *handle)
{
	struct watched *s = handle->data;
	struct loop_gate *gate = s->gate;

	free(s);
	loop_gate_leave(gate);
}

static struct watched *watch(struct multi *m, curl_socket_t fd)
{
	struct watched *s = mem_alloc(sizeof *s);

	s->multi = m;
	s->gate = m->gate;
	s->fd = fd;
	s->poll.data = s;
	if (uv_poll_init_socket(m->loop, &s->poll, fd) != 0) {
		free(s);
		return NULL;
	}
	loop_gate_enter(m->gate);
	curl_multi_assign(m->curl, fd, s);
	return s;
}

/* curl closes the descriptor right after CURL_POLL_REMOVE: stop first, the handle closes later. */
static void unwatch(struct multi *m, struct watched *s)
{
	curl_multi_assign(m->curl, s->fd, NULL);
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, on_socket_closed);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *user, void *socket)
{
	struct multi *m = user;
	struct watched *s = socket;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s)
			unwatch(m, s);
		return 0;
	}
	if (s == NULL && (s = watch(m, fd)) == NULL)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&s->poll, events, on_socket);
	return 0;
}

static void on_timer(void *ctx)
{
	struct multi *m = ctx;
	int running;

	curl_multi_socket_action(m->curl, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_finished(m);
}

static int timer_wanted(CURLM *curl, long ms, void *user)
{
	struct multi *m = user;

	(void)curl;
	if (ms < 0)
		loop_timer_stop(m->timer);
	else
		loop_timer_start(m->timer, ms);
	return 0;
}

struct multi *multi_new(uv_loop_t *loop, struct loop_gate *gate, long connections,
	multi_finished finished)
{
	struct multi *m;
	CURLM *curl;

	if (curl_global_init(CURL_GLOBAL_NOTHING) != 0)
		return NULL;
	curl = curl_multi_init();
	if (curl == NULL) {
		curl_global_cleanup();
		return NULL;
	}
	m = mem_alloc(sizeof *m);
	m->loop = loop;
	m->gate = gate;
	m->curl = curl;
	m->finished = finished;
	m->timer = loop_timer_new(loop, gate, on_timer, m);
	curl_multi_setopt(curl, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(curl, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(curl, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(curl, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
	return m;
}

void multi_free(struct multi *m)
{
	if (m == NULL)
		return;
	curl_multi_cleanup(m->curl);
	loop_timer_free(m->timer);
	curl_global_cleanup();
	free(m);
}

bool multi_add(struct multi *m, CURL *easy)
{
	return curl_multi_add_handle(m->curl, easy) == CURLM_OK;
}

void multi_remove(struct multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->curl, easy);
}
