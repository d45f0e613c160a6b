#include "io/ws_inside.h"

#include "base/mem.h"
#include "io/tls.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* ---- Connections ---- */

void conn_clear_queue(struct conn *c)
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

void conn_forget(struct ws *w, struct conn *c)
{
	for (struct conn **p = &w->all; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			conn_free(c);
			return;
		}
}

void conn_failed(struct conn *c, int status, const struct err *why)
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
		err_set(e, err_from_http(status), "%s refused the stream with HTTP %d", c->site,
			status);
	else if (status != 0)
		err_set(e, ERR_UNAVAILABLE,
			"%s answered the request for a stream with HTTP %d: "
			"it is no platform, or something stands in between",
			c->site, status);
	else if (strncmp(text, "HS: ", 4) == 0)
		err_set(e, ERR_UNAVAILABLE, "%s does not speak our stream protocol (%s)", c->site,
			text + 4);
	else
		err_set(e, ERR_UNAVAILABLE,
			"%s cannot be reached (%s); check the endpoint, and that "
			"the platform runs",
			c->site, *text ? text : "no connection");
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

void conn_closed(struct conn *c)
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
int conn_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct conn *c = wsi ? lws_wsi_user(wsi) : NULL;

	if (c == NULL)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		return certificate_accepted(c, user, len != 0) ? 0 : 1;
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: return add_headers(c, in, len) ? 0 : -1;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: on_error(c, wsi, in, len); return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		if (c->ws == NULL)
			return -1;
		c->open = true;
		c->ws->events.open(c->ws->events.ctx);
		return c->ws ? 0 : -1;
	case LWS_CALLBACK_CLIENT_RECEIVE: return on_receive(c, wsi, in, len) ? 0 : -1;
	case LWS_CALLBACK_CLIENT_WRITEABLE: return on_writeable(c, wsi) ? 0 : -1;
	case LWS_CALLBACK_CLIENT_CLOSED: conn_closed(c); return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		conn_closed(c);
		c->wsi = NULL;
		c->ended = true;
		return 0;
	default: return 0;
	}
}
