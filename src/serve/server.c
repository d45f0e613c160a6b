#include "serve/server.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "core/wire/wire.h"
#include "serve/http.h"
#include "serve/hub.h"
#include "serve/stream.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { CLOSE_STREAMS_MS = 300 };

/* ---- What libwebsockets tells us ---- */

/*
 * An upgrade is refused here or never: once libwebsockets has changed the connection to a websocket
 * there is no HTTP answer any more.
 */
static int confirm_upgrade(struct conn *c)
{
	struct err e = ERR_INIT;

	if (c == NULL || c->exchange != NULL || c->stream != NULL)
		return -1;
	if (stream_open(c, &e))
		return 0;
	http_write_refusal(c, err_http_status(e.code), &e);
	return -1;
}

/*
 * Bytes that are no HTTP request. The public client sends five stray ones after every signed GET:
 * these end the connection quietly. To anybody else the refusal is written when the socket allows.
 */
static int raw_bytes(struct conn *c, const char *in, size_t len)
{
	static const char stray[] = "0\r\n\r\n";
	size_t n = len < sizeof stray - 1 ? len : sizeof stray - 1;

	if (c == NULL || c->raw_answered || memcmp(in, stray, n) == 0)
		return -1;
	c->raw_answered = true;
	lws_callback_on_writable(c->wsi);
	return 0;
}

static int raw_writeable(struct conn *c)
{
	struct err e = ERR_INIT;

	if (c == NULL || !c->raw_answered)
		return -1;
	err_set(&e, ERR_INVALID, "the request is refused: its method is not one of HTTP");
	http_write_refusal(c, 400, &e);
	return -1;
}

static int on_connection(struct server *s, struct lws *wsi, struct conn *c,
	enum lws_callback_reasons reason, void *in)
{
	switch (reason) {
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return guard_connection(s, (int)(intptr_t)in) ? 0 : -1;
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		if (c == NULL)
			conn_open(s, wsi);
		return 0;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_RAW_CLOSE:
		if (c != NULL)
			conn_closed(c);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		if (c != NULL)
			conn_free(c);
		lws_set_opaque_user_data(wsi, NULL);
		return 0;
	default: return 0;
	}
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t len)
{
	struct server *s = lws_context_user(lws_get_context(wsi));
	struct conn *c = NULL;

	(void)user;
	/* That one comes with a fragment of a connection that may not be asked anything. */
	if (reason != LWS_CALLBACK_FILTER_NETWORK_CONNECTION)
		c = lws_get_opaque_user_data(wsi);
	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return confirm_upgrade(c);
	case LWS_CALLBACK_HTTP: return c ? http_begin(c) : -1;
	case LWS_CALLBACK_HTTP_BODY: return c ? http_body(c, in, len) : -1;
	case LWS_CALLBACK_HTTP_BODY_COMPLETION: return c ? http_body_end(c) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE: return c ? http_writeable(c) : -1;
	case LWS_CALLBACK_RAW_RX: return raw_bytes(c, in, len);
	case LWS_CALLBACK_RAW_WRITEABLE: return raw_writeable(c);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return c && c->stream ? 0 : -1;
	case LWS_CALLBACK_ESTABLISHED: return c && c->stream ? stream_established(c->stream) : -1;
	case LWS_CALLBACK_RECEIVE: return c && c->stream ? stream_receive(c->stream, in, len) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return c && c->stream ? stream_writeable(c->stream) : -1;
	default: return on_connection(s, wsi, c, reason, in);
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_event},
	{.name = WIRE_PROTOCOL, .callback = on_event, .rx_buffer_size = 16 * 1024},
	{0},
};

/* Ping after 30 s of silence, dead after 45 s. */
static const lws_retry_bo_t ws_policy = {
	.secs_since_valid_ping = 30,
	.secs_since_valid_hangup = 45,
};

/* ---- Opening ---- */

static void lws_says(int level, const char *line)
{
	size_t len = strlen(line);

	while (len > 0 && line[len - 1] == '\n')
		len--;
	log_line(level == LLL_ERR ? LOG_WARN : LOG_DEBUG, "libwebsockets: %.*s", (int)len, line);
}

static void fill_info(struct server *s, const struct server_config *config,
	struct lws_context_creation_info *info, void **loops)
{
	struct rlimit files;

	loops[0] = config->loop;
	*info = (struct lws_context_creation_info){
		.port = config->port,
		.iface = config->address,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_VALIDATE_UTF8 |
			LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN |
			LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG,
		.listen_accept_role = "raw-skt",
		.listen_accept_protocol = "http",
		.foreign_loops = loops,
		.user = s,
		.pcontext = &s->lws,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.max_http_header_data2 = HTTP_HEADER_MAX,
		.pt_serv_buf_size = HTTP_CHUNK,
		/* Our own deadlines are stricter; these are behind them. */
		.timeout_secs = 30,
		.timeout_secs_ah_idle = 30,
		.keepalive_timeout = HTTP_IDLE_MS / 1000 + 5,
		.retry_and_idle_policy = &ws_policy,
		.alpn = "http/1.1",
	};
	if (strchr(config->address, ':') == NULL)
		info->options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	if (s->tls) {
		info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info->ssl_cert_filepath = config->tls_cert;
		info->ssl_private_key_filepath = config->tls_key;
		info->ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		s->fd_most = files.rlim_cur > 1 << 20 ? (1 << 20) - HTTP_FD_RESERVE
						      : (int)files.rlim_cur - HTTP_FD_RESERVE;
		/* Its tables are as long as the limit: one of a thousand million would be refused. */
		if (files.rlim_cur > 1 << 20)
			info->fd_limit_per_thread = 8192;
	}
}

static struct server *server_new(const struct server_config *config)
{
	struct server *s = mem_alloc(sizeof *s);
	size_t n = 0;

	s->loop = config->loop;
	s->platform = config->platform;
	s->asks = config->asks;
	s->routes = config->routes;
	s->prefix = mem_strdup(config->prefix ? config->prefix : "");
	for (size_t len = strlen(s->prefix); len > 0 && s->prefix[len - 1] == '/'; len--)
		s->prefix[len - 1] = '\0';
	while (config->origins != NULL && config->origins[n] != NULL)
		n++;
	s->origins = mem_alloc((n + 1) * sizeof *s->origins);
	for (size_t i = 0; i < n; i++)
		s->origins[i] = mem_strdup(config->origins[i]);
	s->tls = config->tls_cert != NULL;
	s->hub = hub_new(s);
	return s;
}

static void server_free(struct server *s)
{
	size_t at = 0;
	const char *key;
	void *value;

	exchange_forget_server(s);
	hub_free(s->hub);
	auth_release(s);
	while (map_next(&s->addresses, &at, &key, &value))
		free(value);
	map_release(&s->addresses);
	for (char **origin = s->origins; *origin != NULL; origin++)
		free(*origin);
	free(s->origins);
	free(s->prefix);
	free(s);
}

bool server_open(struct server **out, const struct server_config *config, struct err *e)
{
	struct lws_context_creation_info info;
	struct server *s = server_new(config);
	void *loops[1];

	lws_set_log_level(LLL_ERR, lws_says);
	fill_info(s, config, &info, loops);
	s->lws = lws_create_context(&info);
	s->vhost = s->lws ? lws_get_vhost_by_name(s->lws, "default") : NULL;
	if (s->vhost == NULL || lws_get_vhost_listen_port(s->vhost) <= 0) {
		err_set(e, ERR_UNAVAILABLE,
			"cannot listen on %s port %d: the port may be taken, the address not this "
			"machine's, the certificate unreadable, or the package "
			"libwebsockets-evlib-uv not installed",
			config->address, config->port);
		if (s->lws != NULL)
			lws_context_destroy(s->lws);
		return false;
	}
	uv_timer_init(s->loop, &s->close_timer);
	hub_start(s->hub);
	*out = s;
	return true;
}

int server_port(const struct server *s)
{
	return lws_get_vhost_listen_port(s->vhost);
}

struct hub *server_hub(struct server *s)
{
	return s->hub;
}

int server_viewers(const struct server *s)
{
	return hub_streams(s->hub);
}

/* ---- Closing ---- */

static void close_finished(uv_handle_t *handle)
{
	struct server *s = CONTAINER_OF((uv_timer_t *)handle, struct server, close_timer);
	void (*closed)(void *ctx) = s->closed;
	void *ctx = s->closed_ctx;

	server_free(s);
	if (closed != NULL)
		closed(ctx);
}

static void look_for_closing(uv_handle_t *handle, void *arg)
{
	if (uv_is_closing(handle))
		*(bool *)arg = true;
}

/*
 * libwebsockets closes its handles over several turns of the loop and does not say when the last is
 * gone; then it wants to be asked a second time.
 */
static void destroy_step(struct server *s)
{
	bool closing = false;

	if (!s->destroying) {
		s->destroying = true;
		lws_context_destroy(s->lws);
		return;
	}
	uv_walk(s->loop, look_for_closing, &closing);
	if (closing || s->conn_count > 0)
		return;
	if (s->lws != NULL)
		lws_context_destroy(s->lws);
	uv_close((uv_handle_t *)&s->close_timer, close_finished);
}

/* Answers may take all of the grace; streams only have their reason still to be told. */
static bool may_destroy(const struct server *s, int64_t mono)
{
	if (s->destroying || mono >= s->close_by)
		return true;
	return s->exchange_count == 0 &&
		(hub_streams(s->hub) == 0 || mono - s->close_begun >= CLOSE_STREAMS_MS);
}

static void close_step(uv_timer_t *timer)
{
	struct server *s = CONTAINER_OF(timer, struct server, close_timer);

	if (may_destroy(s, time_mono_ms()))
		destroy_step(s);
}

void server_close(struct server *s, int grace_ms, void (*done)(void *ctx), void *ctx)
{
	s->closing = true;
	s->closed = done;
	s->closed_ctx = ctx;
	s->close_begun = time_mono_ms();
	s->close_by = s->close_begun + grace_ms;
	hub_stop(s->hub);
	uv_timer_start(&s->close_timer, close_step, 0, 5);
}
