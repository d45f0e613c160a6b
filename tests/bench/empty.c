/*
 * An empty handler of libwebsockets over HTTP/1.1, as a yardstick for our own server's: 200 and two bytes to
 * whatever is asked. Prints its port and serves until standard input ends.
 */
#include <libwebsockets.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int answered(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t len)
{
	unsigned char room[LWS_PRE + 512], *start = room + LWS_PRE, *at = start;
	unsigned char *end = room + sizeof room - 1;

	if (reason == LWS_CALLBACK_HTTP) {
		if (lws_add_http_common_headers(wsi, 200, "text/plain", 2, &at, end) ||
			lws_finalize_write_http_header(wsi, start, &at, end))
			return -1;
		lws_callback_on_writable(wsi);
		return 0;
	}
	if (reason == LWS_CALLBACK_HTTP_WRITEABLE) {
		memcpy(start, "ok", 2);
		return lws_write(wsi, start, 2, LWS_WRITE_HTTP_FINAL) != 2 ||
			lws_http_transaction_completed(wsi);
	}
	return lws_callback_http_dummy(wsi, reason, user, in, len);
}

int main(void)
{
	static struct lws_protocols protocols[] = {{.name = "http", .callback = answered}, {0}};
	struct lws_context_creation_info info = {.port = 0,
		.protocols = protocols,
		.iface = "127.0.0.1",
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.keepalive_timeout = 60};
	struct pollfd parent = {.fd = 0, .events = POLLIN};
	struct lws_context *c;

	lws_set_log_level(0, NULL);
	c = lws_create_context(&info);
	if (c == NULL)
		return 1;
	printf("%d\n", lws_get_vhost_listen_port(lws_get_vhost_by_name(c, "default")));
	fflush(stdout);
	while (poll(&parent, 1, 0) == 0 && lws_service(c, 0) >= 0)
		;
	lws_context_destroy(c);
	return 0;
}
