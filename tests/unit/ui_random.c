/*
 * Properties that hold whatever is typed: no crash, nothing drawn outside the frame, and no change
 * asked of the platform but by a prompt that was on the screen and was answered.
 */
#include "golden/harness.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned seed_state;

static unsigned rnd(unsigned below)
{
	seed_state = seed_state * 1664525u + 1013904223u;
	return (seed_state >> 8) % below;
}

static const char *const special[] = {"up", "down", "left", "right", "home", "end", "pgup", "pgdn",
	"tab", "shift-tab", "enter", "esc", "backspace", "delete", "f1", "f5", "ctrl-d", "ctrl-u",
	"ctrl-s", "ctrl-r", "ctrl-l", "ctrl-space", "ctrl-\\", "ctrl-a", "ctrl-w", "space"};

/* Any key; `calm` leaves out those that end the program. */
static uint32_t random_key(void)
{
	uint32_t key = 0;

	switch (rnd(4)) {
	case 0: key_parse(special[rnd(ARRAY_SIZE(special))], &key); return key;
	case 1: return "jkgGnxDRCXldvS/:?[]-cwurfpIyq"[rnd(29)];
	case 2: return rnd(0x3000);
	default: return 0x20 + rnd(95);
	}
}

static void check_cells(const struct harness *h)
{
	for (int y = 0; y < h->grid.rows; y++) {
		const struct cell *row = &h->grid.cells[y * h->grid.cols];

		for (int x = 0; x < h->grid.cols; x++) {
			assert_true(utf8_valid(row[x].text, strlen(row[x].text)));
			assert_true(row[x].width == 0 || (unsigned char)row[x].text[0] >= 0x20);
			if (row[x].width == 2)
				assert_true(x + 1 < h->grid.cols && row[x + 1].width == 0);
			if (row[x].width == 0)
				assert_true(x > 0 && row[x - 1].width == 2);
			if (row[x].width)
				assert_int_equal(row[x].width, utf8_width(row[x].text));
		}
	}
	assert_true(h->grid.cursor_x < h->grid.cols && h->grid.cursor_y < h->grid.rows);
}

static void connect(struct harness *h)
{
	harness_text(h, "{\"t\":\"size\",\"cols\":80,\"rows_count\":24}");
	harness_text(h, "{\"t\":\"link\",\"link\":\"live\",\"rtt_ms\":3}");
	harness_text(h,
		"{\"t\":\"context\",\"context\":\"c\",\"org\":\"o\",\"role\":\"operator\","
		"\"user\":\"lin\"}");
	harness_jobs(h, 60);
}

/* Plausible and implausible answers to whatever was asked. */
static void answer(struct harness *h)
{
	static const char text[] = "loss 0.1 \x1b[31mred\xff \xe5\xb5\x8c";
	struct log_line lines[40];
	struct cmds asked = h->cmds;

	h->cmds = (struct cmds){0};
	for (size_t i = 0; i < asked.len; i++) {
		const struct cmd *c = &asked.items[i];
		struct msg m = {.type = MSG_REPLY,
			.id = c->id,
			.status = rnd(3) ? 200 : 404,
			.sub = c->sub};
		json_t *body = harness_job((int)rnd(100), h->now);

		for (size_t n = 0; n < ARRAY_SIZE(lines); n++)
			lines[n] = (struct log_line){.bytes = text,
				.len = sizeof text - 1,
				.offset = n * 24,
				.lost = rnd(20) ? 0 : 7};
		m.body = body;
		if (c->type == CMD_LOG_OPEN) {
			m.type = MSG_LOG_STATE;
			m.log_lines = rnd(2000);
			m.log_bytes = m.log_lines * 24;
		} else if (c->type == CMD_LOG_WINDOW) {
			m.type = MSG_LOG_WINDOW;
			m.line = c->line;
			m.lines = lines;
			m.line_count = rnd(ARRAY_SIZE(lines));
		} else if (c->type == CMD_LOG_FIND) {
			m.type = MSG_LOG_FOUND;
			m.line = (int64_t)rnd(3000) - 500;
		}
		if (c->type == CMD_REQUEST || m.type != MSG_REPLY)
			harness_send(h, &m);
		json_decref(body);
	}
	cmds_release(&asked);
}

static void any_keys_any_size(void **state)
{
	static const int sizes[][2] = {{80, 24}, {1, 1}, {20, 5}, {40, 10}, {200, 50}, {19, 4},
		{1000, 500}, {21, 6}};

	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		struct app_options o = {.context = "c",
			.ascii = seed % 2,
			.grace_ms = seed % 3 * 1000};
		struct harness h;

		seed_state = seed;
		harness_open(&h, &o);
		connect(&h);
		for (int i = 0; i < 1500; i++) {
			struct msg m = {.type = MSG_KEY, .key = random_key()};

			if (rnd(40) == 0) {
				const int *size = sizes[rnd(ARRAY_SIZE(sizes))];

				m = (struct msg){.type = MSG_SIZE,
					.cols = size[0],
					.rows_count = size[1]};
			} else if (rnd(30) == 0) {
				m = (struct msg){.type = MSG_MOUSE,
					.x = (int)rnd(220),
					.y = (int)rnd(60),
					.mouse = (enum mouse_action)rnd(4)};
			} else if (rnd(60) == 0) {
				m = (struct msg){.type = MSG_PASTE,
					.text = "y\r\x1b[31mx\ny",
					.text_len = 10};
			}
			h.mono += rnd(500);
			h.now += rnd(500);
			harness_send(&h, &m);
			if (i % 16 == 0)
				check_cells(&h);
			answer(&h);
		}
		harness_close(&h);
	}
}

/* Every fourth byte is one that opens or answers a prompt, so that there are many of them. */
static uint32_t flood_key(void)
{
	unsigned byte = rnd(4) ? rnd(256) : (unsigned char)"xDRy\r\tj"[rnd(7)];

	if (byte == 9)
		return K_TAB;
	if (byte == 13)
		return K_ENTER;
	if (byte == 27)
		return K_ESC;
	return byte == 0x7F ? K_BACKSPACE : byte < 0x20 ? K_CTRL | (byte + 0x60) : byte;
}

/*
 * A flood is decoded in large pieces that are painted once: the answers in a piece come before the
 * question is on the screen, so they answer nothing. Each piece begins on a fresh jobs screen,
 * because most floods end up in a form or a command line and stay there.
 */
static void a_megabyte_of_bytes_changes_nothing(void **state)
{
	struct app_options o = {.context = "c"};

	(void)state;
	seed_state = 99;
	for (int piece = 0; piece < 256; piece++) {
		struct harness h;

		harness_open(&h, &o);
		connect(&h);
		cmds_clear(&h.cmds);
		for (int i = 0; i < 4096; i++) {
			struct msg m = {.type = MSG_KEY,
				.key = flood_key(),
				.now = h.now,
				.mono = h.mono};

			app_update(h.app, &m, &h.cmds);
			assert_int_equal(harness_changes(&h), 0);
			cmds_clear(&h.cmds);
		}
		harness_close(&h);
	}
}

static void an_answer_before_the_frame_is_none(void **state)
{
	struct app_options o = {.context = "c"};
	struct harness h;
	static const uint32_t keys[] = {'x', 'y', K_ENTER};

	(void)state;
	harness_open(&h, &o);
	connect(&h);
	harness_key(&h, "j");
	cmds_clear(&h.cmds);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct msg m = {.type = MSG_KEY, .key = keys[i], .now = h.now, .mono = h.mono};

		app_update(h.app, &m, &h.cmds);
	}
	assert_int_equal(harness_changes(&h), 0);
	/* The same keys with frames between them are an answer. */
	harness_type(&h, "xy");
	harness_key(&h, "enter");
	assert_int_equal(harness_changes(&h), 1);
	harness_close(&h);
}

/* A form's Ctrl-S sends at once: so not in the piece of a flood that filled it in. */
static void a_form_that_was_not_seen_is_not_sent(void **state)
{
	static const uint32_t keys[] = {'n', 'a', K_DOWN, 'b', K_CTRL | 's'};
	struct app_options o = {.context = "c"};
	struct harness h;

	(void)state;
	harness_open(&h, &o);
	connect(&h);
	cmds_clear(&h.cmds);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct msg m = {.type = MSG_KEY, .key = keys[i], .now = h.now, .mono = h.mono};

		app_update(h.app, &m, &h.cmds);
	}
	assert_int_equal(harness_changes(&h), 0);
	app_drawn(h.app);
	harness_key(&h, "ctrl-s");
	assert_int_equal(harness_changes(&h), 1);
	harness_close(&h);
}

static void pasted_text_is_only_text(void **state)
{
	static const char *const pastes[] = {"x", "xy\r", "D", "q", ":q\r", "\x1b[A",
		"nname\x13y\r", "\x03"};
	struct app_options o = {.context = "c"};
	struct harness h;

	(void)state;
	harness_open(&h, &o);
	connect(&h);
	cmds_clear(&h.cmds);
	for (size_t i = 0; i < ARRAY_SIZE(pastes); i++) {
		struct msg m = {.type = MSG_PASTE,
			.text = pastes[i],
			.text_len = strlen(pastes[i])};

		harness_send(&h, &m);
		assert_int_equal(h.cmds.len, 0);
	}
	/* Also while a prompt waits. */
	harness_key(&h, "j");
	harness_key(&h, "x");
	for (size_t i = 0; i < ARRAY_SIZE(pastes); i++) {
		struct msg m = {.type = MSG_PASTE,
			.text = pastes[i],
			.text_len = strlen(pastes[i])};

		harness_send(&h, &m);
		assert_int_equal(h.cmds.len, 0);
	}
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_keys_any_size),
		cmocka_unit_test(a_megabyte_of_bytes_changes_nothing),
		cmocka_unit_test(an_answer_before_the_frame_is_none),
		cmocka_unit_test(a_form_that_was_not_seen_is_not_sent),
		cmocka_unit_test(pasted_text_is_only_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
