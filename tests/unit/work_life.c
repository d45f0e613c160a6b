/* Life of what has tasks: every event at every place, with every wish. */
#include "base/mem.h"
#include "work/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const places[AT_COUNT] = {"waiting", "held", "placed", "asked", "running",
	"stopping", "ended", "over"};
static const char *const wishes[WISH_COUNT] = {"none", "yield", "cancel", "delete"};
static const char *const events[ON_COUNT] = {"placed", "yield", "stop", "drop", "start-stored",
	"start-lost", "wish-lost", "over-stored", "started", "ended", "never-began", "last",
	"again", "cancel", "delete", "hold", "release"};

#define WANTED WISH_NONE, WISH_YIELD
#define GONE WISH_CANCEL, WISH_DELETE

/* All that changes something. What is not here changes nothing and does nothing. */
static const struct row {
	enum life_at at;
	int8_t wishes[4]; /* it holds for these; ended by -1 */
	enum life_event ev;
	enum life_at then;
	unsigned what;
} rows[] = {
	{AT_WAITING, {WANTED, -1}, ON_PLACED, AT_PLACED, DO_STORE_START},
	{AT_WAITING, {WANTED, -1}, ON_HOLD, AT_HELD, DO_PLAN},
	{AT_WAITING, {GONE, -1}, ON_DROP, AT_OVER, DO_STORE_OVER | DO_PLAN},

	{AT_HELD, {WANTED, GONE}, ON_RELEASE, AT_WAITING, DO_PLAN},
	{AT_HELD, {GONE, -1}, ON_DROP, AT_OVER, DO_STORE_OVER | DO_PLAN},

	{AT_PLACED, {WANTED, -1}, ON_START_STORED, AT_ASKED, DO_TELL_START},
	{AT_PLACED, {GONE, -1}, ON_START_STORED, AT_OVER, DO_LEAVE_PLACE | DO_STORE_OVER | DO_PLAN},
	{AT_PLACED, {WANTED, GONE}, ON_START_LOST, AT_WAITING, DO_LEAVE_PLACE | DO_PLAN},

	{AT_ASKED, {WANTED, GONE}, ON_STARTED, AT_RUNNING, DO_STORE_RUNNING},
	{AT_ASKED, {WISH_YIELD, GONE, -1}, ON_STOP, AT_STOPPING, DO_TELL_STOP},
	{AT_ASKED, {WANTED, -1}, ON_NEVER_BEGAN, AT_WAITING,
		DO_LEAVE_PLACE | DO_STORE_ANEW | DO_PLAN},
	{AT_ASKED, {GONE, -1}, ON_NEVER_BEGAN, AT_ENDED, DO_READ_LOG},
	{AT_ASKED, {WANTED, GONE}, ON_ENDED, AT_ENDED, DO_READ_LOG},

	{AT_RUNNING, {WISH_YIELD, GONE, -1}, ON_STOP, AT_STOPPING, DO_TELL_STOP},
	{AT_RUNNING, {WANTED, -1}, ON_NEVER_BEGAN, AT_WAITING,
		DO_LEAVE_PLACE | DO_STORE_ANEW | DO_PLAN},
	{AT_RUNNING, {GONE, -1}, ON_NEVER_BEGAN, AT_ENDED, DO_READ_LOG},
	{AT_RUNNING, {WANTED, GONE}, ON_ENDED, AT_ENDED, DO_READ_LOG},

	{AT_STOPPING, {WANTED, GONE}, ON_STARTED, AT_STOPPING, DO_STORE_RUNNING},
	{AT_STOPPING, {WANTED, -1}, ON_NEVER_BEGAN, AT_WAITING,
		DO_LEAVE_PLACE | DO_STORE_ANEW | DO_PLAN},
	{AT_STOPPING, {GONE, -1}, ON_NEVER_BEGAN, AT_ENDED, DO_READ_LOG},
	{AT_STOPPING, {WANTED, GONE}, ON_ENDED, AT_ENDED, DO_READ_LOG},

	{AT_ENDED, {WANTED, -1}, ON_AGAIN, AT_WAITING, DO_LEAVE_PLACE | DO_STORE_AGAIN},
	{AT_ENDED, {GONE, -1}, ON_AGAIN, AT_OVER, DO_LEAVE_PLACE | DO_STORE_OVER | DO_PLAN},
	{AT_ENDED, {WANTED, GONE}, ON_LAST, AT_OVER, DO_LEAVE_PLACE | DO_STORE_OVER | DO_PLAN},

	{AT_OVER, {WANTED, GONE}, ON_OVER_STORED, AT_OVER, DO_FREE | DO_PLAN},
};

/* Wishes are the same wherever it is, but for where it is over. */
static bool wish_expected(struct life_state now, enum life_event ev, struct life_step *out)
{
	enum life_wish wish = ev == ON_DELETE ? WISH_DELETE : WISH_CANCEL;

	if (ev == ON_WISH_LOST && now.at != AT_OVER) {
		*out = (struct life_step){{now.at, WISH_NONE}, DO_PLAN};
		return true;
	}
	if (ev == ON_YIELD && now.wish == WISH_NONE &&
		(now.at == AT_ASKED || now.at == AT_RUNNING)) {
		*out = (struct life_step){{now.at, WISH_YIELD}, 0};
		return true;
	}
	if ((ev != ON_CANCEL && ev != ON_DELETE) || now.at == AT_OVER || now.wish >= wish)
		return false;
	*out = (struct life_step){{now.at, (uint8_t)wish}, DO_PLAN};
	return true;
}

static bool row_is(const struct row *r, struct life_state now, enum life_event ev)
{
	if (r->at != now.at || r->ev != ev)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(r->wishes) && r->wishes[i] >= 0; i++)
		if (r->wishes[i] == now.wish)
			return true;
	return false;
}

static struct life_step expected(struct life_state now, enum life_event ev)
{
	struct life_step out = {now, 0};

	if (wish_expected(now, ev, &out))
		return out;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (row_is(&rows[i], now, ev)) {
			bool waits = now.wish == WISH_YIELD && rows[i].then == AT_WAITING;

			return (struct life_step){
				{(uint8_t)rows[i].then, waits ? WISH_NONE : now.wish},
				rows[i].what};
		}
	return out;
}

static void test_every_event_everywhere(void **state)
{
	size_t changes = 0;

	(void)state;
	for (int at = 0; at < AT_COUNT; at++)
		for (int wish = 0; wish < WISH_COUNT; wish++)
			for (int ev = 0; ev < ON_COUNT; ev++) {
				struct life_state now = {(uint8_t)at, (uint8_t)wish};
				struct life_step want = expected(now, ev), got = life_step(now, ev);

				if (want.next.at != got.next.at ||
					want.next.wish != got.next.wish || want.what != got.what)
					fail_msg("%s (%s), %s: %s (%s) and %x, not %s (%s) and %x",
						places[at], wishes[wish], events[ev],
						places[got.next.at], wishes[got.next.wish],
						got.what, places[want.next.at],
						wishes[want.next.wish], want.what);
				changes += got.what != 0;
			}
	assert_true(changes > 60);
}

/* Whatever happens in whatever order: what holds resources gives them back once, and no more. */
static void test_places_are_taken_and_left(void **state)
{
	uint64_t s = 11;
	size_t over = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct life_state l = {AT_WAITING, WISH_NONE};
		bool holds = false;

		for (int i = 0; i < 60; i++) {
			s = s * 6364136223846793005u + 1442695040888963407u;
			struct life_step step = life_step(l, (enum life_event)(s >> 33) % ON_COUNT);

			if (step.what & DO_LEAVE_PLACE) {
				assert_true(holds);
				holds = false;
			}
			if (step.what & DO_STORE_START) {
				assert_false(holds);
				holds = true;
			}
			l = step.next;
			assert_int_equal(life_holds(l), holds);
			if (step.what & (DO_TELL_START | DO_TELL_STOP | DO_READ_LOG))
				assert_true(holds);
			if (step.what & DO_FREE) {
				over++;
				break;
			}
		}
	}
	assert_true(over > 1000);
}

static void expect_found(struct life_state l, enum life_at at, enum life_wish wish)
{
	assert_int_equal(l.at, at);
	assert_int_equal(l.wish, wish);
}

static void test_found_at_a_start(void **state)
{
	(void)state;
	expect_found(life_found(false, false, false, WISH_NONE), AT_WAITING, WISH_NONE);
	expect_found(life_found(false, false, true, WISH_NONE), AT_HELD, WISH_NONE);
	expect_found(life_found(true, false, false, WISH_NONE), AT_ASKED, WISH_NONE);
	expect_found(life_found(true, true, false, WISH_CANCEL), AT_RUNNING, WISH_CANCEL);
	expect_found(life_found(true, true, false, WISH_DELETE), AT_RUNNING, WISH_DELETE);
	expect_found(life_found(false, false, true, WISH_CANCEL), AT_HELD, WISH_CANCEL);
	expect_found(life_found(false, false, false, WISH_DELETE), AT_WAITING, WISH_DELETE);
	expect_found(life_found(true, true, false, WISH_YIELD), AT_RUNNING, WISH_YIELD);
	expect_found(life_found(false, false, false, WISH_YIELD), AT_WAITING, WISH_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_event_everywhere),
		cmocka_unit_test(test_places_are_taken_and_left),
		cmocka_unit_test(test_found_at_a_start),
	};

	return cmocka_run_group_tests_name("work_life", tests, NULL, NULL);
}
