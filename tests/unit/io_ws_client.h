/* A websocket client in a test, and all that it has told. The server's side is io_ws_server.h. */
#ifndef MLTOP_TESTS_UNIT_IO_WS_CLIENT_H
#define MLTOP_TESTS_UNIT_IO_WS_CLIENT_H

#include "io/ws.h"

#include "io_ws_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <uv.h>

struct seen {
	struct ws *ws;
	bool open, closed, freed, message;
	int opens, closes, messages, status;
	bool binary;
	struct buf text;
	struct err why;
	void (*on_message)(struct seen *s);
};

static uv_loop_t loop;
static struct server server;
static struct buf head = BUF_INIT, incoming = BUF_INIT;
static struct seen seen;
static int stage;       /* of the server, over all connections */
static int last_opcode; /* of the client's frames */

static void on_open(void *ctx)
{
	struct seen *s = ctx;

	s->open = true;
	s->opens++;
}

static void on_message(void *ctx, bool binary, const char *bytes, size_t len)
{
	struct seen *s = ctx;

	s->message = true;
	s->messages++;
	s->binary = binary;
	buf_reset(&s->text);
	buf_add(&s->text, bytes, len);
	if (s->on_message)
		s->on_message(s);
}

static void on_closed(void *ctx, int status, const struct err *why)
{
	struct seen *s = ctx;

	s->closed = true;
	s->closes++;
	s->status = status;
	s->why = *why;
}

static void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

static inline void connect_as(bool tls, const char *host, int port)
{
	static const char *const headers[] = {"x-one: 1", "Authorization: me", NULL};
	char authority[128];
	struct ws_target t = {.tls = tls,
		.authority = authority,
		.path = "/a/stream",
		.headers = headers};

	snprintf(authority, sizeof authority, "%s:%d", host, port);
	ws_connect(seen.ws, &t);
}

static inline void connect_to(int port)
{
	connect_as(false, "127.0.0.1", port);
}

static inline void begin_with(void (*on_data)(struct peer *), struct ws_config config)
{
	struct ws_events events = {&seen, on_open, on_message, on_closed};

	config.protocol = "mltop.v1";
	config.message_max = 300000;
	seen = (struct seen){.text = BUF_INIT};
	stage = 0;
	uv_loop_init(&loop);
	server_open(&server, &loop, on_data, NULL);
	seen.ws = ws_new(&loop, &config, &events);
}

static inline void begin(void (*on_data)(struct peer *))
{
	begin_with(on_data, (struct ws_config){.direct = true});
}

/* The server ends; nothing may be left on the loop. */
static inline void end_loop(void)
{
	server_close(&server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	buf_release(&seen.text);
}

static inline void finish(void)
{
	ws_free(seen.ws, on_freed, &seen.freed);
	assert_true(loop_until(&loop, &seen.freed));
	end_loop();
}

/* Accepts, then calls `then` once; later messages come back as they are. */
static inline void serve(struct peer *p, void (*then)(struct peer *))
{
	int opcode;

	last_opcode = 0;
	if (p->stage == 0) {
		if (!peer_head(p, &head))
			return;
		p->stage = 1;
		ws_accept(p, &head);
		if (then)
			then(p);
	}
	while (ws_take(p, &opcode, &incoming)) {
		last_opcode = opcode;
		if (opcode == WS_TEXT)
			ws_frame(p, WS_TEXT, true, incoming.data, incoming.len);
	}
}

static inline void echo(struct peer *p)
{
	serve(p, NULL);
}

static inline int release(void **state)
{
	(void)state;
	buf_release(&head);
	buf_release(&incoming);
	return 0;
}

#endif
