/* One request by io/http to a server that answers as a test wants it. */
#ifndef MLTOP_TESTS_UNIT_IO_HTTP_KIT_H
#define MLTOP_TESTS_UNIT_IO_HTTP_KIT_H

#include "io/http.h"

#include "io_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <uv.h>

static uv_loop_t loop;
static struct server server;
static struct buf head = BUF_INIT; /* of an answer; gone with the group */

struct got {
	bool over, freed;
	int count, status;
	struct err err;
	bool transport;
	char *body, *type;
	size_t len;
	int64_t retry_after_s, date_ms, rtt_ms;
};

static inline void on_done(void *ctx, const struct http_answer *a)
{
	struct got *g = ctx;

	free(g->body);
	free(g->type);
	g->over = true;
	g->count++;
	g->status = a->status;
	g->err = a->err;
	g->transport = a->transport;
	g->body = mem_dup(a->body, a->body_len + 1);
	g->type = mem_strdup(a->content_type);
	g->len = a->body_len;
	g->retry_after_s = a->retry_after_s;
	g->date_ms = a->date_ms;
	g->rtt_ms = a->rtt_ms;
}

static inline void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

static inline char *url_of(const char *path)
{
	static char text[128];

	snprintf(text, sizeof text, "http://127.0.0.1:%d%s", server.port, path);
	return text;
}

/* One request to a server that answers by on_data; checks that nothing is left on the loop. */
static struct got ask_with(struct http_config config, const struct http_request *r,
	void (*on_data)(struct peer *))
{
	struct got g = {0};
	struct http *h;
	struct http_request request = *r;

	uv_loop_init(&loop);
	server_open(&server, &loop, on_data, NULL);
	config.direct = true;
	h = http_new(&loop, &config);
	if (request.url == NULL)
		request.url = url_of("/x");
	assert_int_not_equal(http_send(h, &request, on_done, &g), 0);
	assert_false(g.over);
	assert_true(loop_until(&loop, &g.over));
	http_free(h, on_freed, &g.freed);
	assert_true(loop_until(&loop, &g.freed));
	server_close(&server);
	assert_int_equal(g.count, 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return g;
}

static struct got get(void (*on_data)(struct peer *))
{
	struct http_request r = {.method = "GET"};

	return ask_with((struct http_config){0}, &r, on_data);
}

static inline void got_release(struct got *g)
{
	free(g->body);
	free(g->type);
}

static inline int release_head(void **state)
{
	(void)state;
	buf_release(&head);
	return 0;
}

#endif
