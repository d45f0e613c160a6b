/* Logs of a platform that cuts, repeats, skips and damages on purpose: no byte is lost or doubled. */
#include "client_stream_kit.h"

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
	stream_log(stream, 4, "7", "my-job", "master-0", 0, -1, 4096);
	assert_true(until(&seen.bytes));
	assert_int_equal(platform.last.offset, -1);
	assert_int_equal(platform.last.tail, 4096);
	assert_int_equal(platform.last.credit, WIRE_CREDIT);
	assert_int_equal(seen.state.attempt, 3);
	assert_string_equal(seen.task, "U1/master-0");
	assert_string_equal(platform.last.org, "7");
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	stream_retry_now(stream);
	assert_true(until(&seen.final));
	assert_string_equal(platform.last.org, "7");
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
	stream_log(stream, 4, NULL, "my-job", "", 0, 0, 0);
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

/* While the client was away a limited log dropped what it had not read: a hole, and the rest behind it. */
static void drop_log(struct peer *p, const struct wire_frame *f)
{
	if (f->type != WIRE_SUB)
		return;
	if (platform.subs == 1) {
		say(p, LOG_BEGIN("0"), f->id);
		send_bytes(p, f->id, 1, 0, "before", 6, false);
		return;
	}
	assert_int_equal(f->offset, 6);
	say(p, LOG_BEGIN("50"), f->id);
	send_bytes(p, f->id, 1, 50, " after", 6, false);
}

static void what_was_dropped_meanwhile_is_a_gap(void **state)
{
	(void)state;
	begin(drop_log);
	stream_log(stream, 4, NULL, "my-job", "", 0, 0, 0);
	assert_true(until(&seen.bytes));
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	stream_retry_now(stream);
	assert_true(until(&seen.bytes));
	assert_string_equal(seen.log.data, "before after");
	assert_int_equal(seen.gaps, 1);
	assert_int_equal(seen.lost, 44);
	assert_int_equal(seen.resets, 0);
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
	stream_log(stream, 4, NULL, "j", "", 0, 0, 0);
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
	stream_log(stream, 4, NULL, "j", "", 0, 0, 0);
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
		stream_log(stream, 1, NULL, "U", "t", 1, 0, 0);
		assert_true(until(&seen.final));
		assert_int_equal(seen.log.len, LOG_SIZE);
		assert_memory_equal(seen.log.data, log_data, LOG_SIZE);
		assert_int_equal(seen.gones, faults);
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_goes_on_where_it_was_cut),
		cmocka_unit_test(a_log_that_lost_bytes_begins_anew),
		cmocka_unit_test(what_was_dropped_meanwhile_is_a_gap),
		cmocka_unit_test(credit_keeps_a_log_flowing),
		cmocka_unit_test(without_credit_a_log_stops),
		cmocka_unit_test(no_byte_is_lost_or_doubled),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
