/* Rows of a platform that cuts, refuses and talks nonsense on purpose. */
#include "client_stream_kit.h"

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

static void answer_reset(struct peer *p, const struct wire_frame *f)
{
	if (f->type != WIRE_SUB)
		return;
	if (f->version != 0)
		say(p, "{\"t\":\"reset\",\"id\":%u}", f->id);
	answer_rows(p, f);
}

static void it_goes_on_from_the_last_version_and_resets_once(void **state)
{
	(void)state;
	begin(answer_reset);
	stream_rows(stream, 5, "job", NULL, "uid", "");
	assert_true(until(&seen.synced));
	assert_int_equal(platform.last.version, 0);
	peer_reset(server.peers);
	assert_true(until(&seen.gone));
	seen.synced = false;
	stream_retry_now(stream);
	assert_true(until(&seen.synced));
	assert_true(platform.last.version == 7 || platform.last.version == 8);
	assert_int_equal(seen.resets, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_and_a_cut_begins_with_reset),
		cmocka_unit_test(it_goes_on_from_the_last_version_and_resets_once),
		cmocka_unit_test(closed_subscriptions_are_not_asked_again),
		cmocka_unit_test(a_refused_subscription_is_over),
		cmocka_unit_test(ten_thousand_rows_come_whole),
		cmocka_unit_test(an_event_may_free_the_stream),
		cmocka_unit_test(an_event_may_close_its_subscription),
		cmocka_unit_test(nonsense_cuts_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
