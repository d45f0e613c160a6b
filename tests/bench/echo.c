/*
 * What libwebsockets itself can do over loopback: an empty handler that sends frames of 64 KiB as
 * fast as the socket takes them, and who throws them away: its own client, which looks at each byte
 * by itself, or a bare socket. Prints MB/s. The log path is compared with these of the same run.
 * Usage: echo MEGABYTES [bare]
 */
#include <libwebsockets.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 64 * 1024 };

static uint64_t wanted, received;
static bool finished;
static double started;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int serve(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t len)
{
	static unsigned char frame[LWS_PRE + FRAME];

	(void)user, (void)in, (void)len;
	if (reason == LWS_CALLBACK_ESTABLISHED)
		lws_callback_on_writable(wsi);
	if (reason == LWS_CALLBACK_SERVER_WRITEABLE) {
		if (lws_write(wsi, frame + LWS_PRE, FRAME, LWS_WRITE_BINARY) < 0)
			return -1;
		lws_callback_on_writable(wsi);
	}
	return 0;
}

static int take(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	(void)wsi, (void)user, (void)in;
	if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED)
		started = now();
	if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR || reason == LWS_CALLBACK_CLIENT_CLOSED)
		finished = true;
	if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
		received += len;
		finished = finished || received >= wanted;
	}
	return 0;
}

static struct lws_context *context_of(lws_callback_function *callback, int port)
{
	static struct lws_protocols protocols[2];
	struct lws_context_creation_info info = {.port = port,
		.protocols = protocols,
		.iface = "127.0.0.1",
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.pt_serv_buf_size = 2 * FRAME};

	protocols[0] = (struct lws_protocols){.name = "bench",
		.callback = callback,
		.rx_buffer_size = FRAME};
	lws_set_log_level(0, NULL);
	return lws_create_context(&info);
}

/* Serves until the parent ends; tells it the port. */
static void server(int tell)
{
	struct lws_context *c = context_of(serve, 0);
	int port = c ? lws_get_vhost_listen_port(lws_get_vhost_by_name(c, "default")) : 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(tell, &port, sizeof port) != sizeof port || port == 0)
		_exit(1);
	while (lws_service(c, 0) >= 0)
		;
	_exit(0);
}

static bool bare(int port)
{
	static const char hello[] =
		"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: bench\r\n"
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
	static char bytes[4 * FRAME];
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t n = -1;

	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
		write(fd, hello, sizeof hello - 1) != sizeof hello - 1)
		return false;
	started = now();
	while (received < wanted && (n = read(fd, bytes, sizeof bytes)) > 0)
		received += (uint64_t)n;
	close(fd);
	return n > 0;
}

static bool client(int port)
{
	struct lws_context *c = context_of(take, CONTEXT_PORT_NO_LISTEN);
	struct lws_client_connect_info info = {.context = c,
		.address = "127.0.0.1",
		.port = port,
		.path = "/",
		.host = "127.0.0.1",
		.origin = "127.0.0.1",
		.protocol = "bench",
		.local_protocol_name = "bench"};

	if (c == NULL || lws_client_connect_via_info(&info) == NULL)
		return false;
	while (!finished && lws_service(c, 0) >= 0)
		;
	return received >= wanted;
}

int main(int argc, char **argv)
{
	int tell[2], port = 0;
	pid_t child;
	bool ok;

	wanted = (argc > 1 ? strtoull(argv[1], NULL, 10) : 200) * 1000000;
	if (pipe(tell) != 0 || (child = fork()) < 0)
		return 1;
	if (child == 0)
		server(tell[1]);
	ok = read(tell[0], &port, sizeof port) == sizeof port && port > 0 &&
		(argc > 2 ? bare(port) : client(port));
	printf("%.0f\n", (double)received / 1e6 / (now() - started));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return ok ? 0 : 1;
}
