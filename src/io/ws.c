#include "io/ws.h"

#include "base/buf.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/tls.h"

#include <errno.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RX_SIZE = 128 * 1024 };

/* One message that waits to be sent; LWS_PRE bytes stand before its text. */
struct outgoing {
	struct outgoing *next;
	size_t len;
	unsigned char bytes[];
};

/*
 * One attempt to connect and what comes of it. It lives until libwebsockets has let go of it, which
 * may be after the next one began: `ws` is NULL once it was dropped, and then it is silent.
 */
struct conn {
	struct conn *next;
	struct ws *ws;
	struct lws *wsi;
	bool open, ended;
	long verify;           /* X509_V_ERR_* of the failed check */
	char *site, *host;
	char *headers;         /* "name: value\r\n"... */
	struct buf message;
	struct outgoing *out, **out_end;
	size_t queued;
};

struct ws {
	uv_loop_t *loop;
	struct loop_gate gate;
	struct ws_config config;
	struct ws_events events;
	char *ca_file, *protocol;
	struct lws_protocols protocols[2];
	struct lws_context *context;
	struct conn *now, *all;
	struct loop_timer *later;
	struct err failure;    /* told by `later` */
	int failure_status;
	bool closing, destroying;
	void (*done)(void *ctx);
	void *done_ctx;
};

/* ---- Connections ---- */

static void conn_clear_queue(struct conn *c)
{
	while (c->out) {
		struct outgoing *o = c->out;

		c->out = o->next;
		free(o);
	}
	c->out_end = &c->out;
	c->queued = 0;
}

static void conn_free(struct conn *c)
{
	conn_clear_queue(c);
	buf_release(&c->message);
	free(c->site);
	free(c->host);
	free(c->headers);
	free(c);
}

static void conn_forget(struct ws *w, struct conn *c)
{
	for (struct conn **p = &w->all; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			conn_free(c);
			return;
		}
}

/* Tells the owner, on a turn of the loop of its own: it may connect anew or free everything. */
static void conn_failed(struct conn *c, int status, const struct err *why)
{
	struct ws *w = c->ws;

	c->ended = true;
	if (w == NULL)
		return;
	c->ws = NULL;
	w->now = NULL;
	w->failure = *why;
	w->failure_status = status;
	loop_timer_start(w->later, 0);
}

/* libwebsockets' words for why a handshake failed, as sentences. */
static void explain_error(struct conn *c, int status, const char *text, struct err *e)
{
	if (c->verify != 0)
		tls_explain(e, c->host, c->verify);
	else if (status >= 400 && err_from_http(status) != ERR_NONE)
		err_set(e, err_from_http(status), "%s refused the stream with HTTP %d", c->site, status);
	else if (status != 0)
		err_set(e, ERR_UNAVAILABLE, "%s answered the request for a stream with HTTP %d: "
			"it is no platform, or something stands in between", c->site, status);
	else if (strncmp(text, "HS: ", 4) == 0)
		err_set(e, ERR_UNAVAILABLE, "%s does not speak our stream protocol (%s)", c->site,
			text + 4);
	else
		err_set(e, ERR_UNAVAILABLE, "%s cannot be reached (%s); check the endpoint, and that "
			"the platform runs", c->site, *text ? text : "no connection");
}

static void on_error(struct conn *c, struct lws *wsi, const char *text, size_t len)
{
	int status = (int)lws_http_client_http_response(wsi);
	char words[200] = "";
	struct err e = ERR_INIT;

	if (text && len > 0)
		snprintf(words, sizeof words, "%.*s", (int)(len < 199 ? len : 199), text);
	if (status == 101)
		status = 0;
	explain_error(c, status, words, &e);
	conn_failed(c, status, &e);
}

static void on_closed(struct conn *c)
{
	struct err e = ERR_INIT;

	if (c->ended)
		return;
	err_set(&e, ERR_UNAVAILABLE, "%s closed the connection", c->site);
	conn_failed(c, 0, &e);
}

/* ---- Messages ---- */

static bool deliver(struct conn *c, bool binary, const char *bytes, size_t len)
{
	struct ws *w = c->ws;

	w->events.message(w->events.ctx, binary, bytes, len);
	return c->ws != NULL; /* dropped meanwhile? */
}

static bool on_receive(struct conn *c, struct lws *wsi, const char *bytes, size_t len)
{
	bool first = lws_is_first_fragment(wsi), last = lws_is_final_fragment(wsi);
	bool binary = lws_frame_is_binary(wsi), ok;
	struct err e = ERR_INIT;

	if (c->ws == NULL)
		return false;
	if (first)
		buf_reset(&c->message);
	if (len > c->ws->config.message_max - c->message.len) {
		err_set(&e, ERR_TOO_LARGE, "%s sent a message of more than %zu bytes on the stream",
			c->site, c->ws->config.message_max);
		conn_failed(c, 0, &e);
		return false;
	}
	if (first && last)
		return deliver(c, binary, bytes, len);
	buf_add(&c->message, bytes, len);
	if (!last)
		return true;
	ok = deliver(c, binary, c->message.data, c->message.len);
	buf_reset(&c->message);
	return ok;
}

/* One message a call, as libwebsockets wants it. */
static bool on_writeable(struct conn *c, struct lws *wsi)
{
	struct outgoing *o = c->out;
	bool ok;

	if (c->ws == NULL)
		return false;
	if (o == NULL)
		return true;
	c->out = o->next;
	if (c->out == NULL)
		c->out_end = &c->out;
	c->queued -= o->len;
	ok = lws_write(wsi, o->bytes + LWS_PRE, o->len, LWS_WRITE_TEXT) >= (int)o->len;
	free(o);
	if (c->out)
		lws_callback_on_writable(wsi);
	return ok;
}

static bool add_headers(struct conn *c, unsigned char **at, size_t room)
{
	size_t len = strlen(c->headers);

	if (len > room)
		return false;
	memcpy(*at, c->headers, len);
	*at += len;
	return true;
}

/* Every certificate of the chain passes here, the server's own (depth 0) last. */
static bool certificate_accepted(struct conn *c, X509_STORE_CTX *x, bool chain_ok)
{
	if (!chain_ok) {
		c->verify = X509_STORE_CTX_get_error(x);
		return false;
	}
	if (X509_STORE_CTX_get_error_depth(x) == 0 &&
		!tls_host_matches(X509_STORE_CTX_get_current_cert(x), c->host)) {
		c->verify = X509_V_ERR_HOSTNAME_MISMATCH;
		X509_STORE_CTX_set_error(x, X509_V_ERR_HOSTNAME_MISMATCH);
		return false;
	}
	return true;
}

/* 0 goes on; anything else ends the connection. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t len)
{
	struct conn *c = wsi ? lws_wsi_user(wsi) : NULL;

	if (c == NULL)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		return certificate_accepted(c, user, len != 0) ? 0 : 1;
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return add_headers(c, in, len) ? 0 : -1;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_error(c, wsi, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		if (c->ws == NULL)
			return -1;
		c->open = true;
		c->ws->events.open(c->ws->events.ctx);
		return c->ws ? 0 : -1;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return on_receive(c, wsi, in, len) ? 0 : -1;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writeable(c, wsi) ? 0 : -1;
	case LWS_CALLBACK_CLIENT_CLOSED:
		on_closed(c);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		on_closed(c);
		c->wsi = NULL;
		c->ended = true;
		return 0;
	default:
		return 0;
	}
}

/* ---- Setting up ---- */

/* libwebsockets on our loop; TLS is set up only for wss. */
static bool context_open(struct ws *w, struct err *e)
{
	void *loops[] = {w->loop};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = w->protocols,
		.options = LWS_SERVER_OPTION_LIBUV,
		.foreign_loops = loops,
		.pcontext = &w->context,
		.pt_serv_buf_size = RX_SIZE,
		.http_proxy_address = "",
		.gid = -1,
		.uid = -1,
		.timeout_secs = WS_HEADER_S,
		.connect_timeout_secs = WS_CONNECT_S,
	};

	if (w->context)
		return true;
	if (w->ca_file && access(w->ca_file, R_OK) != 0)
		return err_errno(e, errno, "the ca_file of the context cannot be used:", w->ca_file);
	lws_set_log_level(0, NULL);
	if (w->config.tls) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_client_options_set = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
		info.client_ssl_ca_filepath = w->ca_file;
		if (w->ca_file)
			info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	}
	w->context = lws_create_context(&info);
	return w->context != NULL ||
		err_set(e, ERR_INTERNAL, "the stream cannot be opened: libwebsockets did not start; is "
			"the package libwebsockets-evlib-uv installed?");
}

static struct conn *conn_new(struct ws *w, const struct ws_target *t)
{
	struct conn *c = mem_alloc(sizeof *c);
	struct buf text = BUF_INIT;

	c->ws = w;
	c->out_end = &c->out;
	buf_init(&c->message, 0);
	c->host = mem_strdup(t->host);
	buf_addf(&text, "%s://%s", w->config.tls ? "https" : "http", t->authority);
	c->site = buf_detach(&text);
	text = (struct buf)BUF_INIT;
	for (size_t i = 0; t->headers && t->headers[i]; i++)
		buf_addf(&text, "%s\r\n", t->headers[i]);
	c->headers = buf_detach(&text);
	c->next = w->all;
	w->all = c;
	w->now = c;
	return c;
}

static void forget_ended(struct ws *w)
{
	for (struct conn *c = w->all, *next; c; c = next) {
		next = c->next;
		if (c->ended && c->wsi == NULL && c != w->now)
			conn_forget(w, c);
	}
}

void ws_connect(struct ws *w, const struct ws_target *t)
{
	struct lws_client_connect_info info = {
		.address = t->address,
		.port = t->port,
		.path = t->path,
		.host = t->authority,
		.protocol = w->protocol,
		.local_protocol_name = w->protocol,
		.alpn = "http/1.1",
	};
	struct err e = ERR_INIT;
	struct conn *c;

	ws_drop(w);
	forget_ended(w);
	c = conn_new(w, t);
	if (!context_open(w, &e)) {
		conn_failed(c, 0, &e);
		return;
	}
	/* The host is checked in certificate_accepted: libwebsockets takes no IP addresses. */
	if (w->config.tls)
		info.ssl_connection = LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
	info.context = w->context;
	info.userdata = c;
	info.pwsi = &c->wsi;
	if (lws_client_connect_via_info(&info) == NULL) {
		c->wsi = NULL;
		if (!c->ended)
			on_closed(c);
	}
}

void ws_drop(struct ws *w)
{
	struct conn *c = w->now;

	loop_timer_stop(w->later);
	if (c == NULL)
		return;
	w->now = NULL;
	c->ws = NULL;
	conn_clear_queue(c);
	if (c->wsi)
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void ws_send(struct ws *w, const char *text, size_t len)
{
	struct conn *c = w->now;
	struct outgoing *o;

	if (c == NULL || !c->open)
		return;
	o = mem_alloc(sizeof *o + LWS_PRE + len);
	o->len = len;
	memcpy(o->bytes + LWS_PRE, text, len);
	*c->out_end = o;
	c->out_end = &o->next;
	c->queued += len;
	lws_callback_on_writable(c->wsi);
}

size_t ws_queued(const struct ws *w)
{
	return w->now ? w->now->queued : 0;
}

/* ---- Life ---- */

static void on_empty(void *ctx)
{
	struct ws *w = ctx;
	void (*done)(void *) = w->done;
	void *done_ctx = w->done_ctx;

	while (w->all)
		conn_forget(w, w->all);
	free(w->ca_file);
	free(w->protocol);
	free(w);
	if (done)
		done(done_ctx);
}

static void tell_failure(struct ws *w)
{
	struct err why = w->failure;

	w->events.closed(w->events.ctx, w->failure_status, &why);
}

static void look_for_closing(uv_handle_t *handle, void *arg)
{
	if (uv_is_closing(handle))
		*(bool *)arg = true;
}

/*
 * libwebsockets 4.1 closes its handles over several turns of a foreign loop and does not say when
 * the last is gone; then it wants to be asked a second time, and clears w->context.
 */
static void end_step(struct ws *w)
{
	bool closing = false;

	if (w->context && !w->destroying) {
		w->destroying = true;
		lws_context_destroy(w->context);
		closing = true;
	} else if (w->context) {
		uv_walk(w->loop, look_for_closing, &closing);
		if (!closing)
			lws_context_destroy(w->context);
	}
	if (w->context) {
		loop_timer_start(w->later, closing ? 0 : 1);
		return;
	}
	loop_timer_free(w->later);
	loop_gate_shut(&w->gate, on_empty, w);
}

static void on_later(void *ctx)
{
	struct ws *w = ctx;

	if (w->closing)
		end_step(w);
	else
		tell_failure(w);
}

struct ws *ws_new(uv_loop_t *loop, const struct ws_config *config, const struct ws_events *events)
{
	struct ws *w = mem_alloc(sizeof *w);

	w->loop = loop;
	w->config = *config;
	w->events = *events;
	w->ca_file = mem_strdup(config->ca_file);
	w->protocol = mem_strdup(config->protocol);
	w->protocols[0] = (struct lws_protocols){
		.name = w->protocol, .callback = on_event, .rx_buffer_size = RX_SIZE};
	w->later = loop_timer_new(loop, &w->gate, on_later, w);
	return w;
}

void ws_free(struct ws *w, void (*done)(void *ctx), void *ctx)
{
	ws_drop(w);
	w->closing = true;
	w->done = done;
	w->done_ctx = ctx;
	loop_timer_start(w->later, 0);
}
