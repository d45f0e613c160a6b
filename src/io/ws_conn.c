#include "io/ws_inside.h"

#include "base/mem.h"
#include "base/sanitize.h"
#include "io/dial.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- Life ---- */

static void conn_hold(struct ws_conn *c)
{
	c->holds++;
}

static void conn_leave(struct ws_conn *c)
{
	if (--c->holds > 0)
		return;
	wslay_event_context_free(c->frames);
	curl_slist_free_all(c->addresses);
	buf_release(&c->out);
	buf_release(&c->message);
	free(c->in);
	free(c->site);
	free(c);
}

static void poll_closed(uv_handle_t *handle)
{
	struct ws_conn *c = handle->data;
	struct loop_gate *gate = &c->ws->gate; /* waits for this */

	conn_leave(c);
	loop_gate_leave(gate);
}

/* curl closes the socket when its handle is removed: it must not be watched any more by then. */
void conn_end(struct ws_conn *c)
{
	c->phase = CONN_OVER;
	if (c->watched)
		uv_close((uv_handle_t *)&c->poll, poll_closed);
	multi_remove(c->ws->multi, c->easy);
	curl_easy_cleanup(c->easy);
	conn_leave(c);
}

/* ---- Dialing ---- */

static struct ws_conn *conn_new(struct ws *w, const struct ws_target *t, CURL *easy)
{
	struct ws_conn *c = mem_alloc(sizeof *c);
	struct buf site = BUF_INIT;
	unsigned char random[WS_KEY_RANDOM];

	c->ws = w;
	c->holds = 1;
	c->easy = easy;
	buf_addf(&site, "%s://%s", t->tls ? "https" : "http", t->authority);
	c->site = buf_detach(&site);
	buf_init(&c->out, 0);
	buf_init(&c->message, 0);
	c->in = mem_alloc(WS_READ_SIZE);
	if (getrandom(random, sizeof random, 0) != sizeof random)
		abort(); /* getrandom of so few bytes is never short */
	ws_upgrade_key(c->key, random);
	ws_upgrade_request(&c->out, t, w->config.protocol, c->key);
	return c;
}

/* curl only connects; through a proxy by a tunnel, as what follows is not HTTP. */
static void dial(struct ws_conn *c)
{
	const struct ws_config *config = &c->ws->config;
	struct dial dial = {config->ca_file, config->direct, config->connect_ms};
	struct buf known = BUF_INIT;

	dial_set(c->easy, &dial, c->error, c);
	curl_easy_setopt(c->easy, CURLOPT_URL, c->site);
	curl_easy_setopt(c->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c->easy, CURLOPT_BUFFERSIZE, (long)WS_READ_SIZE); /* bounds a receive */
	curl_easy_setopt(c->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (config->addresses) {
		buf_addf(&known, "%s:%s", strstr(c->site, "//") + 2, config->addresses);
		c->addresses = curl_slist_append(NULL, known.data);
		curl_easy_setopt(c->easy, CURLOPT_RESOLVE, c->addresses);
		buf_release(&known);
	}
}

static void conn_finished(void *owner, CURLcode result);

/* w->now stays NULL if curl cannot even begin. */
void conn_dial(struct ws *w, const struct ws_target *t)
{
	CURL *easy;

	if (w->multi == NULL)
		w->multi = multi_new(w->loop, &w->gate, 1, conn_finished);
	if (w->multi == NULL || (easy = curl_easy_init()) == NULL)
		return;
	w->now = conn_new(w, t, easy);
	dial(w->now);
	if (multi_add(w->multi, easy))
		return;
	conn_end(w->now);
	w->now = NULL;
}

/* ---- The socket: curl's connection, watched by us from the moment curl has let go of it ---- */

static void on_socket(uv_poll_t *poll, int status, int events);

static void conn_watch(struct ws_conn *c, int events)
{
	if (events == c->watched)
		return; /* each start costs two calls of the kernel */
	c->watched = events;
	uv_poll_start(&c->poll, events, on_socket);
}

bool conn_read(struct ws_conn *c)
{
	size_t n = 0;
	CURLcode result;

	if (c->turn >= WS_TURN_MAX) {
		loop_timer_start(c->ws->due, 0);
		return false;
	}
	if (c->in_at == c->in_len)
		c->in_at = c->in_len = 0;
	result = curl_easy_recv(c->easy, c->in + c->in_len, WS_READ_SIZE - c->in_len, &n);
	if (result == CURLE_AGAIN)
		return false;
	if (result != CURLE_OK || n == 0) {
		c->hung_up = true;
		return false;
	}
	c->in_len += n;
	c->turn += n;
	return true;
}

/* OpenSSL wants the very same bytes again: `out` is not added to before all of it has gone. */
bool conn_write(struct ws_conn *c)
{
	while (c->out_at < c->out.len) {
		size_t n = 0;
		CURLcode result = curl_easy_send(c->easy, c->out.data + c->out_at,
			c->out.len - c->out_at, &n);

		if (result == CURLE_AGAIN)
			conn_watch(c, UV_READABLE | UV_WRITABLE);
		else if (result != CURLE_OK)
			c->hung_up = true;
		if (result != CURLE_OK)
			return false;
		c->out_at += n;
	}
	buf_reset(&c->out);
	c->out_at = 0;
	conn_watch(c, UV_READABLE);
	return true;
}

/* ---- Upgrading ---- */

/* The platform's own sentence: why, and what to do. */
static bool refused_because(const char *body, size_t len, struct buf *out)
{
	json_t *in = json_loadb(body, len, 0, NULL);
	const char *text = json_string_value(json_object_get(in, "message"));

	if (text)
		sanitize_text(out, text, strlen(text));
	json_decref(in);
	return out->len > 0;
}

static void upgrade_refused(struct ws_conn *c, const struct ws_verdict *v)
{
	enum err_code code = v->status >= 400 ? err_from_http(v->status) : ERR_NONE;
	struct buf why = BUF_INIT;
	struct err e = ERR_INIT;

	if (code == ERR_NONE)
		err_set(&e, ERR_UNAVAILABLE,
			"%s answered the request for a stream with HTTP %d: it is no platform, or "
			"something stands in between",
			c->site, v->status);
	else if (refused_because(c->in + v->used, c->in_len - v->used, &why))
		err_set(&e, code, "%s: %s", c->site, why.data);
	else
		err_set(&e, code, "%s refused the stream with HTTP %d", c->site, v->status);
	ws_failed(c->ws, v->status, &e);
	buf_release(&why);
}

static void upgrade_accepted(struct ws_conn *c, size_t used)
{
	c->in_at = used;
	c->phase = CONN_OPEN;
	loop_timer_stop(c->ws->due);
	frames_open(c);
	c->ws->events.open(c->ws->events.ctx);
	if (c->phase == CONN_OPEN)
		frames_turn(c);
}

static void take_answer(struct ws_conn *c)
{
	struct ws_verdict v = {0};
	struct err e = ERR_INIT;

	switch (ws_upgrade_answer(&v, c->in, c->in_len, c->ws->config.protocol, c->key)) {
	case WS_ANSWER_OPEN: upgrade_accepted(c, v.used); return;
	case WS_ANSWER_REFUSED:
		if (c->in_len - v.used >= v.length || c->hung_up)
			upgrade_refused(c, &v);
		return;
	case WS_ANSWER_WRONG:
		err_set(&e, ERR_UNAVAILABLE, "%s does not speak our stream protocol: %s", c->site,
			v.wrong);
		ws_failed(c->ws, 0, &e);
		return;
	case WS_ANSWER_MORE:
		if (c->in_len <= WS_UPGRADE_MAX)
			return;
		err_set(&e, ERR_TOO_LARGE,
			"%s answered with more than %d KiB of header: it is no platform", c->site,
			WS_UPGRADE_MAX / 1024);
		ws_failed(c->ws, 0, &e);
	}
}

static void upgrade_turn(struct ws_conn *c)
{
	struct err e = ERR_INIT;

	conn_write(c);
	while (c->phase == CONN_UPGRADING && conn_read(c))
		take_answer(c);
	if (c->phase == CONN_UPGRADING && c->hung_up && c->in_len > 0)
		take_answer(c); /* of a refusal that was cut short what came is told */
	if (c->phase != CONN_UPGRADING || !c->hung_up)
		return;
	err_set(&e, ERR_UNAVAILABLE, "%s closed the connection without an answer; try again",
		c->site);
	ws_failed(c->ws, 0, &e);
}

static void conn_connected(struct ws_conn *c)
{
	const struct ws_config *config = &c->ws->config;
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct err e = ERR_INIT;

	curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd == CURL_SOCKET_BAD || uv_poll_init_socket(c->ws->loop, &c->poll, fd) != 0) {
		err_set(&e, ERR_INTERNAL, "%s: its socket cannot be watched", c->site);
		ws_failed(c->ws, 0, &e);
		return;
	}
	c->poll.data = c;
	conn_hold(c);
	loop_gate_enter(&c->ws->gate);
	c->phase = CONN_UPGRADING;
	conn_watch(c, UV_READABLE | UV_WRITABLE);
	loop_timer_start(c->ws->due, config->header_ms ? config->header_ms : WS_HEADER_MS);
}

static void conn_finished(void *owner, CURLcode result)
{
	struct ws_conn *c = owner;
	struct err e = ERR_INIT;

	if (result == CURLE_OK) {
		conn_connected(c);
		return;
	}
	if (!dial_explain(c->easy, c->ws->config.ca_file, c->site, c->error, result, &e))
		err_set(&e, ERR_UNAVAILABLE,
			"%s cannot be reached: %s; check the endpoint, and that the platform runs",
			c->site, *c->error ? c->error : curl_easy_strerror(result));
	ws_failed(c->ws, 0, &e);
}

/* ---- Turns ---- */

static void turn(struct ws_conn *c)
{
	c->turn = 0;
	if (c->phase == CONN_UPGRADING)
		upgrade_turn(c);
	else if (c->phase == CONN_OPEN)
		frames_turn(c);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct ws_conn *c = poll->data;

	(void)events;
	conn_hold(c);
	c->hung_up = status < 0; /* libuv does not watch it any more */
	turn(c);
	conn_leave(c);
}

void conn_due(struct ws_conn *c)
{
	int ms = c->ws->config.header_ms ? c->ws->config.header_ms : WS_HEADER_MS;
	struct err e = ERR_INIT;

	if (c->phase == CONN_UPGRADING) {
		err_set(&e, ERR_UNAVAILABLE,
			"%s took the request but sent no answer within %d s; try again, or look "
			"whether the platform is overloaded",
			c->site, ms / 1000);
		ws_failed(c->ws, 0, &e);
		return;
	}
	conn_hold(c);
	turn(c);
	conn_leave(c);
}
