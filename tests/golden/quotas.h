/* :quotas of somebody who may change them, for the tests of what changes lead to. */
#ifndef MLTOP_GOLDEN_QUOTAS_H
#define MLTOP_GOLDEN_QUOTAS_H

#include "golden/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { QUOTAS_SUB = 4 /* of :quotas, after the home screen's and the header's two */ };

/* :quotas with so many orgs; whoever is there may change them. */
static inline void open_quotas(struct harness *h, int count)
{
	struct app_options o = {.context = "prod-a"};
	json_t *rows = json_array();

	harness_open(h, &o);
	harness_text(h, "{\"t\":\"size\",\"cols\":80,\"rows_count\":24}");
	harness_text(h,
		"{\"t\":\"context\",\"context\":\"prod-a\",\"org\":\"root\",\"role\":\"admin\","
		"\"user\":\"lin\"}");
	harness_text(h, "{\"t\":\"link\",\"link\":\"live\",\"rtt_ms\":3}");
	harness_type(h, ":quotas");
	harness_key(h, "enter");
	for (int i = 0; i < count; i++)
		json_array_append_new(rows,
			json_pack("{s:o,s:o,s:s,s:s}", "org_id", json_sprintf("%d", i + 1),
				"org_name", json_sprintf("org-%03d", i), "total_gpu_quota", "8",
				"version", "3"));
	struct msg m = {.type = MSG_ROWS, .sub = QUOTAS_SUB, .rows = rows};

	harness_send(h, &m);
	json_decref(rows);
	harness_text(h, "{\"t\":\"synced\",\"sub\":4}");
	cmds_clear(&h->cmds);
}

static inline void later(struct harness *h, int64_t ms)
{
	struct msg m = {.type = MSG_TICK};

	h->now += ms;
	h->mono += ms;
	harness_send(h, &m);
}

/* The requests so far, and forgets them: how many, and the id of the last. */
static inline size_t asked(struct harness *h, uint64_t *last)
{
	size_t n = 0;

	for (size_t i = 0; i < h->cmds.len; i++) {
		if (h->cmds.items[i].type != CMD_REQUEST)
			continue;
		n++;
		*last = h->cmds.items[i].id;
	}
	cmds_clear(&h->cmds);
	return n;
}

static inline void answer_with(struct harness *h, uint64_t id, int status, const char *body)
{
	json_t *json = json_loads(body, 0, NULL);
	struct msg m = {.type = MSG_REPLY, .id = id, .status = status, .body = json};

	assert_non_null(json);
	harness_send(h, &m);
	json_decref(json);
}

static inline void answer(struct harness *h, uint64_t id, const char *body)
{
	answer_with(h, id, 200, body);
}

static inline char *shown(struct harness *h)
{
	struct buf out = BUF_INIT;

	harness_draw(h);
	grid_dump(&h->grid, &out);
	return buf_detach(&out);
}

#define ASSERT_SHOWN(h, text, is)                             \
	do {                                                  \
		char *dump = shown(h);                        \
		assert_int_equal(!!strstr(dump, text), (is)); \
		free(dump);                                   \
	} while (0)

#endif
