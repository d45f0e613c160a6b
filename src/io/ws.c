#include "io/ws_inside.h"

#include "base/mem.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
		.pt_serv_buf_size = WS_RX_SIZE,
		.http_proxy_address = "",
		.gid = -1,
		.uid = -1,
		.timeout_secs = WS_HEADER_S,
		.connect_timeout_secs = WS_CONNECT_S,
	};

	if (w->context)
		return true;
	if (w->ca_file && access(w->ca_file, R_OK) != 0)
		return err_errno(e, errno,
			"the ca_file of the context cannot be used:", w->ca_file);
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
		err_set(e, ERR_INTERNAL,
			"the stream cannot be opened: libwebsockets did not start; is "
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
			conn_closed(c);
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
	w->protocols[0] = (struct lws_protocols){.name = w->protocol,
		.callback = conn_event,
		.rx_buffer_size = WS_RX_SIZE};
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
