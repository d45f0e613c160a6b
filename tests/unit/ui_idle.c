/*
 * A screen on which nothing happens asks for no frame and for no timer, until an age that it shows
 * reads otherwise. Time is the messages': hours pass here in no time.
 */
#include "golden/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, PING = 10 * SECOND };

static void open_live(struct harness *h)
{
	struct app_options o = {.context = "prod-a"};

	harness_open(h, &o);
	harness_text(h, "{\"t\":\"size\",\"cols\":80,\"rows_count\":24}");
	harness_text(h, "{\"t\":\"link\",\"link\":\"live\",\"rtt_ms\":3}");
}

/* One job of this age, the snapshot whole. */
static void open_job(struct harness *h, int64_t age)
{
	char created[40];
	time_t at = (time_t)((h->now - age) / SECOND);
	struct tm tm;

	strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	json_t *rows = json_pack("[{s:s,s:s,s:s,s:s}]", "uid", "01JA", "job_name", "resnet",
		"state", "enqueued", "create_time", created);
	struct msg m = {.type = MSG_ROWS, .sub = 1, .rows = rows};

	harness_send(h, &m);
	json_decref(rows);
	harness_text(h, "{\"t\":\"synced\",\"sub\":1}");
}

/* So much later; true when a frame is wanted. */
static bool later(struct harness *h, int64_t ms, struct msg m)
{
	h->now += ms;
	h->mono += ms;
	m.now = h->now;
	m.mono = h->mono;
	app_update(h->app, &m, &h->cmds);
	return app_dirty(h->app);
}

static bool tick(struct harness *h, int64_t ms)
{
	return later(h, ms, (struct msg){.type = MSG_TICK});
}

static bool pong(struct harness *h, int64_t ms, int64_t rtt_ms)
{
	return later(h, ms, (struct msg){.type = MSG_LINK, .link = LINK_LIVE, .rtt_ms = rtt_ms});
}

static char *shown(struct harness *h)
{
	struct buf out = BUF_INIT;

	harness_draw(h);
	grid_dump(&h->grid, &out);
	return buf_detach(&out);
}

/* Whether the age stands at the end of the row, as it does at 80 columns. */
static bool shows_age(struct harness *h, const char *age)
{
	char *screen = shown(h);
	char *row = strstr(screen, "resnet");
	char *end = strchr(row, '\n');
	size_t len = strlen(age);

	end -= end[-1] == '}';
	bool found = strncmp(end - len, age, len) == 0 && end[-(ptrdiff_t)len - 1] == ' ';

	free(screen);
	return found;
}

static void half_an_hour_of_answers_to_pings_asks_for_no_frame(void **state)
{
	static const int64_t rtts[] = {1, 3, 12, 1, 20, 2, 9};
	struct harness h;

	(void)state;
	open_live(&h);
	open_job(&h, 2 * (int64_t)HOUR + 3 * MINUTE);
	for (int i = 0; i < 30 * MINUTE / PING; i++)
		assert_false(pong(&h, PING, rtts[i % 7]));
	harness_close(&h);
}

static void nothing_wakes_before_the_age_reads_otherwise(void **state)
{
	static const int64_t ages[] = {0, 10 * SECOND, 5 * MINUTE + 1, 59 * MINUTE, 3 * HOUR,
		47 * HOUR};
	static const char *const before[] = {"<1m", "<1m", "5m", "59m", "3h", "47h"};
	static const char *const after[] = {"1m", "1m", "6m", "1h", "4h", "2d"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		struct harness h;

		open_live(&h);
		open_job(&h, ages[i] / SECOND * SECOND);
		int64_t wait = app_wake(h.app) - h.now;

		assert_true(wait > 0 && wait <= HOUR);
		assert_true(shows_age(&h, before[i]));
		assert_false(tick(&h, wait - 1));
		assert_true(shows_age(&h, before[i]));
		assert_true(tick(&h, 1));
		assert_true(shows_age(&h, after[i]));
		assert_true(app_wake(h.app) > h.now);
		harness_close(&h);
	}
}

static void without_ages_nothing_wakes_at_all(void **state)
{
	struct harness h;

	(void)state;
	open_live(&h);
	harness_text(&h, "{\"t\":\"synced\",\"sub\":1}");
	assert_int_equal(app_wake(h.app), 0);
	assert_false(tick(&h, HOUR));
	harness_close(&h);
}

/* A table that lies under another screen has no age to draw: told once, it is quiet. */
static void a_covered_table_does_not_ask_again_and_again(void **state)
{
	struct harness h;

	(void)state;
	open_live(&h);
	open_job(&h, 5 * MINUTE);
	harness_key(&h, "?");
	tick(&h, 2 * MINUTE);
	harness_draw(&h);
	assert_false(tick(&h, SECOND));
	assert_false(pong(&h, PING, 2));
	harness_close(&h);
}

static bool header_has(struct harness *h, const char *text)
{
	char *screen = shown(h);
	char *end = strchr(strchr(screen, '\n') + 1, '\n');
	char *at = strstr(screen, text);
	bool has = at && at < end;

	free(screen);
	return has;
}

static void a_round_trip_is_shown_again_when_it_is_far_from_what_is_shown(void **state)
{
	static const struct {
		int64_t rtt_ms;
		bool frame;
		const char *text;
	} steps[] = {
		{1, false, "<10ms"},
		{20, false, "<10ms"},
		{38, true, " 50ms"},
		{90, false, " 50ms"},
		{13, false, " 50ms"},
		{300, true, " 500ms"},
		{126, false, " 500ms"},
		{125, true, " 200ms"},
		{2, true, "<10ms"},
		{60000, true, " 10000ms"},
	};
	struct harness h;

	(void)state;
	open_live(&h);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_int_equal(pong(&h, PING, steps[i].rtt_ms), steps[i].frame);
		assert_true(header_has(&h, steps[i].text));
	}
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_an_hour_of_answers_to_pings_asks_for_no_frame),
		cmocka_unit_test(nothing_wakes_before_the_age_reads_otherwise),
		cmocka_unit_test(without_ages_nothing_wakes_at_all),
		cmocka_unit_test(a_covered_table_does_not_ask_again_and_again),
		cmocka_unit_test(a_round_trip_is_shown_again_when_it_is_far_from_what_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
