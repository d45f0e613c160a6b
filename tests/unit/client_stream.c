/* The stream against a platform that cuts, repeats, skips and damages on purpose. */
#include "client/stream.h"

#include "base/crc32c.h"
#include "base/fsio.h"
#include "client/private_inside.h"
#include "client/stream_inside.h"
#include "unit/io_ws_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uv_loop_t loop;
static struct server server;
static struct buf head = BUF_INIT, message = BUF_INIT;
static struct stream *stream;

/* What the platform was asked and how it answers. */
static struct {
	void (*on_frame)(struct peer *p, const struct wire_frame *f);
	const char *refuse; /* status line instead of the upgrade */
	int subs, credits, unsubs, pings;
	struct wire_frame last; /* the newest "sub"; its texts hold until the next */
	int64_t credit;         /* granted by credit frames */
	bool mute;
} platform;

/* What came out of the stream. */
static struct {
	bool live, gone, synced, final, error, freed, bytes, reset, rtt;
	int lives, gones, rows, uids, syncs, resets, states, gaps;
	char order[256]; /* r rows, g gone, s synced, R reset */
	struct err why;
	struct buf log;
	uint64_t first, next, lost;
	struct stream_log_state state;
	char task[64], end[64];
	bool retry, no_credit;
	void (*on_rows)(void);
} seen;

static void note(char c)
{
	size_t n = strlen(seen.order);

	if (n + 1 < sizeof seen.order)
		seen.order[n] = c, seen.order[n + 1] = '\0';
}

static void on_link(void *ctx, enum stream_link link, int64_t rtt_ms, const struct err *why)
{
	(void)ctx;
	if (link == STREAM_LIVE) {
		seen.live = true;
		seen.lives++;
		seen.rtt |= rtt_ms >= 0;
	}
	if (link == STREAM_GONE) {
		seen.gone = true;
		seen.gones++;
		seen.why = *why;
		if (seen.retry)
			stream_retry_now(stream);
	}
}

static void on_rows(void *ctx, uint32_t sub, const json_t *rows)
{
	(void)ctx, (void)sub;
	note('r');
	seen.rows += (int)json_array_size(rows);
	if (seen.on_rows)
		seen.on_rows();
}

static void on_gone(void *ctx, uint32_t sub, const json_t *uids)
{
	(void)ctx, (void)sub;
	note('g');
	seen.uids += (int)json_array_size(uids);
}

static void on_synced(void *ctx, uint32_t sub)
{
	(void)ctx, (void)sub;
	note('s');
	seen.synced = true;
	seen.syncs++;
}

static void on_reset(void *ctx, uint32_t sub)
{
	(void)ctx, (void)sub;
	note('R');
	seen.reset = true;
	seen.resets++;
	buf_reset(&seen.log);
	seen.first = seen.next = 0;
}

static void on_bytes(void *ctx, uint32_t sub, uint64_t offset, const void *bytes, size_t len)
{
	(void)ctx;
	if (seen.log.len == 0 && seen.lost == 0)
		seen.first = seen.next = offset;
	assert_int_equal(offset, seen.next);
	seen.next += len;
	buf_add(&seen.log, bytes, len);
	seen.bytes = true;
	if (!seen.no_credit)
		stream_credit(stream, sub, len);
}

static void on_log_gap(void *ctx, uint32_t sub, uint64_t offset, uint64_t lost)
{
	(void)ctx, (void)sub;
	assert_int_equal(offset, seen.next);
	seen.next += lost;
	seen.lost += lost;
	seen.gaps++;
}

static void on_log_state(void *ctx, uint32_t sub, const struct stream_log_state *s)
{
	(void)ctx, (void)sub;
	seen.state = *s;
	snprintf(seen.task, sizeof seen.task, "%s/%s", s->uid, s->task);
	snprintf(seen.end, sizeof seen.end, "%s", s->state);
	seen.states++;
	seen.final |= s->final;
}

static void on_sub_error(void *ctx, uint32_t sub, const struct err *e)
{
	(void)ctx, (void)sub;
	seen.why = *e;
	seen.error = true;
}

static void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

/* ---- The platform ---- */

static void count_frame(const struct wire_frame *f)
{
	if (f->type == WIRE_SUB)
		platform.subs++;
	else if (f->type == WIRE_UNSUB)
		platform.unsubs++;
	else if (f->type == WIRE_PING)
		platform.pings++;
	else if (f->type == WIRE_CREDIT_MORE)
		platform.credits++, platform.credit += f->credit;
}

static void take_frame(struct peer *p, const char *text, size_t len)
{
	struct wire_frame f = {0};
	char pong[64];

	if (!wire_frame_decode(&f, text, len, NULL))
		fail_msg("the client sent %.*s", (int)len, text);
	count_frame(&f);
	if (f.type == WIRE_PING && !platform.mute) {
		snprintf(pong, sizeof pong, "{\"t\":\"pong\",\"id\":%u}", f.id);
		ws_text(p, pong);
	}
	if (platform.on_frame)
		platform.on_frame(p, &f);
	if (f.type == WIRE_SUB) {
		wire_frame_release(&platform.last);
		platform.last = f;
	} else {
		wire_frame_release(&f);
	}
}

static void serve(struct peer *p)
{
	int opcode;

	if (p->stage == 0) {
		if (!peer_head(p, &head))
			return;
		if (platform.refuse) {
			peer_text(p, platform.refuse);
			return;
		}
		p->stage = 1;
		ws_accept(p, &head);
	}
	while (!p->closed && ws_take(p, &opcode, &message))
		if (opcode == WS_TEXT)
			take_frame(p, message.data, message.len);
}

static void say(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct peer *p, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	ws_frame(p, WS_TEXT, true, text.data, text.len);
	buf_release(&text);
}

static void send_bytes(struct peer *p, uint32_t sub, uint32_t generation, uint64_t offset,
	const char *bytes, size_t len, bool damaged)
{
	struct wire_log log = {sub, generation, offset, (uint32_t)len, bytes};
	struct buf frame = BUF_INIT;
	char header[WIRE_LOG_HEADER];

	wire_log_header(header, &log);
	if (damaged)
		header[20] ^= 1;
	buf_add(&frame, header, sizeof header);
	buf_add(&frame, bytes, len);
	ws_frame(p, WS_BINARY, true, frame.data, frame.len);
	buf_release(&frame);
}

static const char *host = "127.0.0.1";

static void begin(void (*on_frame)(struct peer *, const struct wire_frame *))
{
	static const struct stream_events events = {
		.link = on_link,
		.rows = on_rows,
		.gone = on_gone,
		.synced = on_synced,
		.reset = on_reset,
		.log_bytes = on_bytes,
		.log_gap = on_log_gap,
		.log_state = on_log_state,
		.sub_error = on_sub_error,
	};
	struct context c = {.access_key = (char *)"AK", .secret_key = (char *)"SK"};
	char url[128];

	memset(&platform, 0, sizeof platform);
	memset(&seen, 0, sizeof seen);
	buf_init(&seen.log, 0);
	platform.on_frame = on_frame;
	uv_loop_init(&loop);
	server_open(&server, &loop, serve, NULL);
	snprintf(url, sizeof url, "http://%s:%d/pre", host, server.port);
	c.url = url;
	stream = stream_new(&loop, &c, &events);
}

static void end_loop(void)
{
	server_close(&server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	buf_release(&seen.log);
	wire_frame_release(&platform.last);
}

static void finish(void)
{
	stream_free(stream, on_freed, &seen.freed);
	assert_true(loop_until(&loop, &seen.freed));
	end_loop();
}

static bool until(bool *flag)
{
	bool ok = loop_until(&loop, flag);

	*flag = false;
	return ok;
}

/* ---- The link ---- */

static void the_upgrade_is_signed_and_pings_measure(void **state)
{
	char value[256];

	(void)state;
	begin(NULL);
	assert_true(until(&seen.rtt));
	assert_non_null(strstr(head.data, "GET /pre/cloud_ml/v1/stream HTTP/1.1\r\n"));
	assert_non_null(strstr(head_value(&head, "authorization", value, sizeof value),
		"SignedHeaders=host;x-mltop-date"));
	assert_string_not_equal(head_value(&head, "x-mltop-date", value, sizeof value), "");
	assert_int_equal(platform.pings, 1);
	finish();
}

/* A label of 64 bytes: no name server needs to be asked (RFC 1035, 2.3.4). */
static const char no_host[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static void names_are_looked_up(void **state)
{
	char value[256];

	(void)state;
	host = "localhost";
	begin(NULL);
	host = "127.0.0.1";
	seen.retry = true;
	assert_true(until(&seen.live));
	assert_ptr_equal(strstr(head_value(&head, "host", value, sizeof value), "localhost:"),
		value);
	finish();
	host = no_host;
	begin(NULL);
	host = "127.0.0.1";
	assert_true(until(&seen.gone));
	assert_non_null(strstr(seen.why.text, "there is no host named aaaa"));
	finish();
}

static void the_next_address_is_tried(void **state)
{
	(void)state;
	host = no_host;
	begin(NULL);
	host = "127.0.0.1";
	seen.retry = true;
	stream->addresses = mem_alloc(2 * sizeof *stream->addresses);
	strncpy(stream->addresses[0], "127.0.0.9", 63); /* nobody listens there */
	strncpy(stream->addresses[1], "127.0.0.1", 63);
	stream->address_count = 2;
	stream->address_at = (size_t)-1;
	assert_true(until(&seen.live));
	assert_int_equal(seen.gones, 1);
	finish();
}

static void refusals_are_told_by_their_kind(void **state)
{
	(void)state;
	begin(NULL);
	platform.refuse = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
	assert_true(until(&seen.gone));
	assert_int_equal(seen.why.code, ERR_UNAUTHORIZED);
	platform.refuse = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	stream_retry_now(stream);
	assert_true(until(&seen.gone));
	assert_int_equal(seen.why.code, ERR_NOT_FOUND);
	platform.refuse = NULL;
	stream_retry_now(stream);
	assert_true(until(&seen.live));
	finish();
}

static void silence_is_death(void **state)
{
	(void)state;
	begin(NULL);
	platform.mute = true;
	stream->ping_ms = 30;
	stream->dead_ms = 120;
	assert_true(until(&seen.gone));
	assert_non_null(strstr(seen.why.text, "no sign of life"));
	assert_in_range(platform.pings, 2, 5);
	platform.mute = false;
	stream->dead_ms = 20000;
	assert_true(until(&seen.rtt)); /* it comes back by itself */
	finish();
}

/* ---- Rows ---- */

static void answer_rows(struct peer *p, const struct wire_frame *f)
{
	if (f->type != WIRE_SUB)
		return;
	say(p, "{\"t\":\"row\",\"id\":%u,\"v\":\"7\",\"rows\":[{\"uid\":\"a\"},{\"uid\":\"b\"}]}",
		f->id);
	say(p, "{\"t\":\"synced\",\"id\":%u,\"v\":\"7\"}", f->id);
	say(p, "{\"t\":\"gone\",\"id\":%u,\"v\":\"8\",\"uids\":[\"a\"]}", f->id);
	say(p, "{\"t\":\"row\",\"id\":99,\"v\":\"7\",\"rows\":[{\"uid\":\"x\"}]}"); /* not asked for
										     */
}

static void rows_come_and_a_cut_begins_with_reset(void **state)
{
	(void)state;
	begin(answer_rows);
	stream_rows(stream, 5, "job", NULL, "uid,state", "state=running");
	assert_true(until(&seen.synced));
	assert_string_equal(platform.last.kind, "job");
	assert_string_equal(platform.last.fields, "uid,state");
	assert_string_equal(platform.last.filter, "state=running");
	assert_string_equal(platform.last.org, "");
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	assert_int_equal(seen.resets, 0); /* what is shown stays while the link is gone */
	stream_retry_now(stream);
	assert_true(until(&seen.synced));
	assert_int_equal(platform.subs, 2);
	assert_int_equal(seen.rows, 4);
	if (strncmp(seen.order, "rsgRrs", 6) != 0 && strncmp(seen.order, "rsRrs", 5) != 0)
		fail_msg("in the order %s", seen.order);
	finish();
}

static void closed_subscriptions_are_not_asked_again(void **state)
{
	(void)state;
	begin(answer_rows);
	stream_rows(stream, 5, "job", NULL, "uid", "");
	stream_rows(stream, 6, "event", NULL, "uid", "");
	assert_true(until(&seen.synced));
	stream_close(stream, 6);
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	stream_close(stream, 5);
	stream_rows(stream, 7, "quota", NULL, "uid", "");
	seen.synced = false;
	stream_retry_now(stream);
	assert_true(until(&seen.synced));
	assert_int_equal(platform.subs, 3);
	assert_string_equal(platform.last.kind, "quota");
	finish();
}

static void refuse_sub(struct peer *p, const struct wire_frame *f)
{
	if (f->type == WIRE_SUB)
		say(p,
			"{\"t\":\"error\",\"id\":%u,\"code\":400,\"message\":\"no such\\u001b "
			"field\"}",
			f->id);
}

static void a_refused_subscription_is_over(void **state)
{
	(void)state;
	begin(refuse_sub);
	stream_rows(stream, 5, "job", NULL, "nope", "");
	assert_true(until(&seen.error));
	assert_int_equal(seen.why.code, ERR_INVALID);
	assert_null(strchr(seen.why.text, '\x1b'));
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	seen.rtt = false;
	stream_retry_now(stream);
	assert_true(until(&seen.rtt)); /* the ping is sent behind the subscriptions */
	assert_int_equal(platform.subs, 1);
	finish();
}

static void answer_much(struct peer *p, const struct wire_frame *f)
{
	struct buf rows = BUF_INIT;

	if (f->type != WIRE_SUB)
		return;
	for (int from = 0; from < 10000; from += 1000) {
		buf_reset(&rows);
		buf_addf(&rows, "{\"t\":\"row\",\"id\":%u,\"v\":\"1\",\"rows\":[", f->id);
		for (int i = from; i < from + 1000; i++)
			buf_addf(&rows,
				"%s{\"uid\":\"%026d\",\"job_name\":\"demo-job-%05d\",\"state\":"
				"\"running\",\"gpu_limit\":8,\"owner\":\"somebody-with-a-name\","
				"\"create_time\":\"2026-01-02T03:04:05Z\"}",
				i > from ? "," : "", i, i);
		buf_adds(&rows, "]}");
		assert_true(rows.len < WIRE_TEXT_MAX);
		ws_frame(p, WS_TEXT, true, rows.data, rows.len);
	}
	say(p, "{\"t\":\"synced\",\"id\":%u,\"v\":\"1\"}", f->id);
	buf_release(&rows);
}

static void ten_thousand_rows_come_whole(void **state)
{
	(void)state;
	begin(answer_much);
	stream_rows(stream, 1, "job", NULL, "", "");
	assert_true(until(&seen.synced));
	assert_int_equal(seen.rows, 10000);
	assert_int_equal(seen.gones, 0);
	finish();
}

static void free_stream(void)
{
	stream_free(stream, on_freed, &seen.freed);
}

static void an_event_may_free_the_stream(void **state)
{
	(void)state;
	begin(answer_rows);
	seen.on_rows = free_stream;
	stream_rows(stream, 1, "job", NULL, "", "");
	assert_true(until(&seen.freed));
	assert_string_equal(seen.order, "r");
	end_loop();
}

static void close_the_sub(void)
{
	stream_close(stream, 1);
}

static void an_event_may_close_its_subscription(void **state)
{
	(void)state;
	begin(answer_rows);
	seen.on_rows = close_the_sub;
	stream_rows(stream, 1, "job", NULL, "", "");
	stream_rows(stream, 2, "job", NULL, "", "");
	assert_true(until(&seen.synced));
	assert_memory_equal(seen.order, "rrs", 3); /* of 1 only its first */
	assert_int_equal(seen.syncs, 1);
	finish();
}

static void send_nonsense(struct peer *p, const struct wire_frame *f)
{
	if (f->type == WIRE_SUB && platform.subs == 1)
		say(p, "{\"t\":\"row\",\"id\":1,\"rows\":\"no array\"}");
	else if (f->type == WIRE_SUB)
		answer_rows(p, f);
}

static void nonsense_cuts_the_link(void **state)
{
	(void)state;
	begin(send_nonsense);
	seen.retry = true;
	stream_rows(stream, 1, "job", NULL, "", "");
	assert_true(until(&seen.synced));
	assert_int_equal(seen.gones, 1);
	assert_int_equal(server.connections, 2);
	finish();
}

/* ---- Logs ---- */

#define LOG_BEGIN(offset)                                                                        \
	"{\"t\":\"log\",\"id\":%u,\"uid\":\"U1\",\"task\":\"master-0\",\"attempt\":3,\"gen\":1," \
	"\"offset\":" offset ",\"oldest\":0,\"newest\":1000}"

static void answer_log(struct peer *p, const struct wire_frame *f)
{
	if (f->type != WIRE_SUB)
		return;
	if (platform.subs == 1) {
		say(p, LOG_BEGIN("100"), f->id);
		send_bytes(p, f->id, 1, 100, "hello ", 6, false);
		return;
	}
	assert_int_equal(f->offset, 106);
	assert_int_equal(f->attempt, 3);
	assert_int_equal(f->generation, 1);
	assert_string_equal(f->job, "U1");
	say(p, LOG_BEGIN("106"), f->id);
	send_bytes(p, f->id, 1, 106, "world", 5, false);
	say(p, "{\"t\":\"gap\",\"id\":%u,\"offset\":111,\"lost\":9}", f->id);
	send_bytes(p, f->id, 1, 120, "!", 1, false);
	say(p,
		"{\"t\":\"end\",\"id\":%u,\"offset\":121,\"state\":\"failed\",\"exit_code\":3,"
		"\"signal\":0}",
		f->id);
}

static void a_log_goes_on_where_it_was_cut(void **state)
{
	(void)state;
	begin(answer_log);
	stream_log(stream, 4, "my-job", "master-0", 0, -1, 4096);
	assert_true(until(&seen.bytes));
	assert_int_equal(platform.last.offset, -1);
	assert_int_equal(platform.last.tail, 4096);
	assert_int_equal(platform.last.credit, WIRE_CREDIT);
	assert_int_equal(seen.state.attempt, 3);
	assert_string_equal(seen.task, "U1/master-0");
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	stream_retry_now(stream);
	assert_true(until(&seen.final));
	assert_string_equal(seen.log.data, "hello world!");
	assert_int_equal(seen.first, 100);
	assert_int_equal(seen.lost, 9);
	assert_int_equal(seen.state.exit_code, 3);
	assert_int_equal(seen.state.newest, 121);
	assert_string_equal(seen.end, "failed");
	/* A whole log is not asked for again. */
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	seen.rtt = false;
	stream_retry_now(stream);
	assert_true(until(&seen.rtt));
	assert_int_equal(platform.subs, 2);
	finish();
}

static void shrink_log(struct peer *p, const struct wire_frame *f)
{
	if (f->type != WIRE_SUB)
		return;
	if (platform.subs == 1) {
		say(p, LOG_BEGIN("0"), f->id);
		send_bytes(p, f->id, 1, 0, "lost by the power", 17, false);
		return;
	}
	say(p,
		"{\"t\":\"log\",\"id\":%u,\"uid\":\"U1\",\"task\":\"master-0\",\"attempt\":3,"
		"\"gen\":2,"
		"\"offset\":5,\"oldest\":0,\"newest\":5}",
		f->id);
	send_bytes(p, f->id, 2, 5, "anew", 4, false);
}

static void a_log_that_lost_bytes_begins_anew(void **state)
{
	(void)state;
	begin(shrink_log);
	stream_log(stream, 4, "my-job", "", 0, 0, 0);
	assert_true(until(&seen.bytes));
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	stream_retry_now(stream);
	assert_true(until(&seen.reset));
	assert_true(until(&seen.bytes));
	assert_string_equal(seen.log.data, "anew");
	assert_int_equal(seen.first, 5);
	finish();
}

/* Sends as much as the credit allows, and more only when it is granted. */
static uint64_t sent;
static int64_t room;

static void send_by_credit(struct peer *p, const struct wire_frame *f)
{
	static char chunk[WIRE_LOG_CHUNK];

	if (f->type == WIRE_SUB) {
		say(p, LOG_BEGIN("0"), f->id);
		room = f->credit;
	} else if (f->type == WIRE_CREDIT_MORE) {
		room += f->credit;
	} else {
		return;
	}
	for (; room >= (int64_t)sizeof chunk; room -= (int64_t)sizeof chunk, sent += sizeof chunk)
		send_bytes(p, 4, 1, sent, chunk, sizeof chunk, false);
	if (sent > 8 << 20) {
		say(p, "{\"t\":\"end\",\"id\":4,\"offset\":%llu,\"state\":\"completed\"}",
			(unsigned long long)sent);
		room = INT64_MIN / 2;
	}
}

static void credit_keeps_a_log_flowing(void **state)
{
	(void)state;
	sent = 0;
	begin(send_by_credit);
	stream_log(stream, 4, "j", "", 0, 0, 0);
	assert_true(until(&seen.final));
	assert_int_equal(seen.next, sent);
	assert_in_range(platform.credits, 1, 8 * 4 + 8);
	finish();
}

static void without_credit_a_log_stops(void **state)
{
	int before;

	(void)state;
	sent = 0;
	begin(send_by_credit);
	seen.no_credit = true;
	stream_log(stream, 4, "j", "", 0, 0, 0);
	while (seen.next < WIRE_CREDIT)
		assert_true(until(&seen.bytes));
	assert_int_equal(platform.credits, 0);
	assert_int_equal(seen.next, WIRE_CREDIT);
	/* After a cut as well: what is not stored yet counts. */
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	stream_credit(stream, 4, 1000);
	stream_retry_now(stream);
	before = platform.subs;
	seen.live = false;
	while (platform.subs == before)
		assert_true(until(&seen.live)); /* each ping tells so anew */
	assert_int_equal(platform.last.offset, WIRE_CREDIT);
	assert_int_equal(platform.last.credit, 1000);
	finish();
}

/* ---- Faults at random ---- */

enum { LOG_SIZE = 150000 };
static char log_data[LOG_SIZE];
static unsigned seed;
static int faults;

static unsigned below(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

/* One fault of each kind: a repeat, a skip, damage, a wrong generation, a cut. */
static bool send_fault(struct peer *p, uint32_t sub, uint64_t at, size_t len)
{
	faults++;
	switch (below(6)) {
	case 0:
		send_bytes(p, sub, 1, at > 50 ? at - 50 : at + 1,
			log_data + (at > 50 ? at - 50 : at + 1), 50, false);
		return true;
	case 1: send_bytes(p, sub, 1, at + 1, log_data + at + 1, len - 1, false); return true;
	case 2: send_bytes(p, sub, 1, at, log_data + at, len, true); return true;
	case 3: send_bytes(p, sub, 2, at, log_data + at, len, false); return true;
	case 4:
		say(p, "{\"t\":\"end\",\"id\":%u,\"offset\":%d,\"state\":\"x\"}", sub,
			LOG_SIZE + 1);
		return true;
	default: peer_close(p); return true;
	}
}

static void send_with_faults(struct peer *p, const struct wire_frame *f)
{
	uint64_t at = (uint64_t)f->offset;

	if (f->type != WIRE_SUB)
		return;
	say(p,
		"{\"t\":\"log\",\"id\":%u,\"uid\":\"U\",\"task\":\"t\",\"attempt\":1,\"gen\":1,"
		"\"offset\":%llu}",
		f->id, (unsigned long long)at);
	while (at < LOG_SIZE) {
		size_t len = 2 + below(5000);

		len = len < LOG_SIZE - at ? len : (size_t)(LOG_SIZE - at);
		if (len > 60 && below(5) == 0 && send_fault(p, f->id, at, len))
			return;
		send_bytes(p, f->id, 1, at, log_data + at, len, false);
		at += len;
	}
	say(p, "{\"t\":\"end\",\"id\":%u,\"offset\":%d,\"state\":\"completed\"}", f->id, LOG_SIZE);
}

static void no_byte_is_lost_or_doubled(void **state)
{
	(void)state;
	for (size_t i = 0; i < LOG_SIZE; i++)
		log_data[i] = (char)(i * 2654435761u >> 13);
	for (unsigned round = 1; round <= 12; round++) {
		seed = round;
		faults = 0;
		begin(send_with_faults);
		seen.retry = true;
		stream_log(stream, 1, "U", "t", 1, 0, 0);
		assert_true(until(&seen.final));
		assert_int_equal(seen.log.len, LOG_SIZE);
		assert_memory_equal(seen.log.data, log_data, LOG_SIZE);
		assert_int_equal(seen.gones, faults);
		finish();
	}
}

/* ---- The real platform ---- */

static void mltopd_speaks_the_same(void **state)
{
	static const char *const settings[] = {"fake.jobs=300", "fake.changes=0", NULL};
	static const struct stream_events events = {.link = on_link,
		.rows = on_rows,
		.gone = on_gone,
		.synced = on_synced,
		.reset = on_reset,
		.log_bytes = on_bytes,
		.log_gap = on_log_gap,
		.log_state = on_log_state,
		.sub_error = on_sub_error};
	char *dir = fsio_program_dir(), *program = fsio_join(dir, "../mltopd");
	struct context c = {0};
	struct err e = ERR_INIT;

	(void)state;
	memset(&seen, 0, sizeof seen);
	buf_init(&seen.log, 0);
	if (!demo_start_with(&c, program, settings, &e))
		fail_msg("%s", e.text);
	uv_loop_init(&loop);
	stream = stream_new(&loop, &c, &events);
	stream_rows(stream, 1, "job", "", "uid,job_name,state", "");
	assert_true(until(&seen.synced));
	assert_int_equal(seen.rows, 300);
	stream_rows(stream, 2, "job", "", "uid", "no_such_field=1");
	assert_true(until(&seen.error));
	assert_int_equal(seen.why.code, ERR_INVALID);
	assert_true(until(&seen.rtt));
	stream_free(stream, on_freed, &seen.freed);
	assert_true(loop_until(&loop, &seen.freed));
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_true(private_stop(c.origin, &e));
	fsio_remove_tree(c.origin, NULL);
	context_release(&c);
	buf_release(&seen.log);
	free(program);
	free(dir);
}

static int release(void **state)
{
	(void)state;
	buf_release(&head);
	buf_release(&message);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_upgrade_is_signed_and_pings_measure),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(the_next_address_is_tried),
		cmocka_unit_test(refusals_are_told_by_their_kind),
		cmocka_unit_test(silence_is_death),
		cmocka_unit_test(rows_come_and_a_cut_begins_with_reset),
		cmocka_unit_test(closed_subscriptions_are_not_asked_again),
		cmocka_unit_test(a_refused_subscription_is_over),
		cmocka_unit_test(ten_thousand_rows_come_whole),
		cmocka_unit_test(an_event_may_free_the_stream),
		cmocka_unit_test(an_event_may_close_its_subscription),
		cmocka_unit_test(nonsense_cuts_the_link),
		cmocka_unit_test(a_log_goes_on_where_it_was_cut),
		cmocka_unit_test(a_log_that_lost_bytes_begins_anew),
		cmocka_unit_test(credit_keeps_a_log_flowing),
		cmocka_unit_test(without_credit_a_log_stops),
		cmocka_unit_test(no_byte_is_lost_or_doubled),
		cmocka_unit_test(mltopd_speaks_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
