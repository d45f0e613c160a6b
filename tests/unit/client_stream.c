/* The link of a stream: signing, names, refusals, silence; and mltopd itself at its end. */
#include "client_stream_kit.h"

#include "base/fsio.h"
#include "client/private_inside.h"

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
	assert_non_null(strstr(seen.why.text, "there is no such host"));
	finish();
}

static void refusals_are_told_by_their_kind(void **state)
{
	(void)state;
	begin(NULL);
	platform.refuse = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
	assert_true(until(&seen.gone));
	assert_int_equal(seen.why.code, ERR_UNAUTHORIZED);
	assert_false(loop_timer_active(stream->connect)); /* a wrong key stays wrong */
	platform.refuse = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	stream_retry_now(stream);
	assert_true(until(&seen.gone));
	assert_int_equal(seen.why.code, ERR_NOT_FOUND);
	assert_true(loop_timer_active(stream->connect));
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

static void answer_a_row(struct peer *p, const struct wire_frame *f)
{
	if (f->type == WIRE_SUB)
		say(p, "{\"t\":\"row\",\"id\":%u,\"v\":\"7\",\"rows\":[{\"uid\":\"a\"}]}", f->id);
}

/* As a full pipe or a stopped terminal does. */
static void hold_up(void)
{
	int64_t until = time_mono_ms() + 2 * stream->dead_ms;

	while (time_mono_ms() < until)
		;
	platform.mute = false;
	seen.bytes = true;
}

static void who_was_held_up_heard_no_silence(void **state)
{
	(void)state;
	begin(answer_a_row);
	platform.mute = true; /* the row is the last that has come */
	stream->ping_ms = 30;
	stream->dead_ms = 200;
	stream_rows(stream, 1, "job", "", "uid", "");
	seen.on_rows = hold_up;
	assert_true(until(&seen.bytes));
	stream->dead_ms = 20000; /* its silence from here on is the machine's */
	seen.rtt = false;
	assert_true(until(&seen.rtt));
	assert_int_equal(seen.gones, 0);
	finish();
}

/* ---- The real platform ---- */

static void mltopd_speaks_the_same(void **state)
{
	static const char *const settings[] = {"demo.jobs=300", "fake.changes=0", NULL};
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
	stream_rows(stream, 2, "job", "", "uid", "gpu_limit=many");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_upgrade_is_signed_and_pings_measure),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(refusals_are_told_by_their_kind),
		cmocka_unit_test(silence_is_death),
		cmocka_unit_test(who_was_held_up_heard_no_silence),
		cmocka_unit_test(mltopd_speaks_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
