#include "io/http_inside.h"

#include "base/mem.h"

#include <stdlib.h>

/* One per socket that curl wants watched. */
struct http_socket {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t fd;
};

/* Gives finished transfers back. A `done` may close everything: then nothing more is touched. */
static void collect_finished(struct http *h)
{
	CURLMsg *msg;
	int left;

	while (!h->closing && (msg = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct http_call *c;
		CURLcode result = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		http_call_end(c, result);
	}
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct http_socket *s = poll->data;
	struct http *h = s->http;
	int flags = 0, running;

	/* libuv tells no more than that something is wrong: curl finds out what by using the
	 * socket. */
	if (status < 0)
		flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	if (h->closing)
		return;
	curl_multi_socket_action(h->multi, s->fd, flags, &running);
	collect_finished(h);
}

static void on_socket_closed(uv_handle_t *handle)
{
	struct http_socket *s = handle->data;
	struct http *h = s->http;

	free(s);
	loop_gate_leave(&h->gate);
}

static struct http_socket *watch(struct http *h, curl_socket_t fd)
{
	struct http_socket *s = mem_alloc(sizeof *s);

	s->http = h;
	s->fd = fd;
	s->poll.data = s;
	if (uv_poll_init_socket(h->loop, &s->poll, fd) != 0) {
		free(s);
		return NULL;
	}
	loop_gate_enter(&h->gate);
	curl_multi_assign(h->multi, fd, s);
	return s;
}

/* curl closes the descriptor right after CURL_POLL_REMOVE: stop first, the handle closes later. */
static void unwatch(struct http *h, curl_socket_t fd, struct http_socket *s)
{
	curl_multi_assign(h->multi, fd, NULL);
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, on_socket_closed);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *user, void *socket)
{
	struct http *h = user;
	struct http_socket *s = socket;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s)
			unwatch(h, fd, s);
		return 0;
	}
	if (s == NULL && (s = watch(h, fd)) == NULL)
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
	struct http *h = ctx;
	int running;

	if (h->closing)
		return;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_finished(h);
}

static int timer_wanted(CURLM *multi, long ms, void *user)
{
	struct http *h = user;

	(void)multi;
	if (ms < 0)
		loop_timer_stop(h->timer);
	else
		loop_timer_start(h->timer, ms);
	return 0;
}

bool http_multi_open(struct http *h)
{
	if (h->multi)
		return true;
	if (curl_global_init(CURL_GLOBAL_NOTHING) != 0)
		return false;
	h->multi = curl_multi_init();
	if (h->multi == NULL)
		return false;
	h->timer = loop_timer_new(h->loop, &h->gate, on_timer, h);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HTTP_CONNECTIONS);
	return true;
}

void http_multi_close(struct http *h)
{
	if (h->multi == NULL)
		return;
	curl_multi_cleanup(h->multi);
	h->multi = NULL;
	loop_timer_free(h->timer);
	curl_global_cleanup();
}
