/* links: ui core base */
/*
 * A stream of messages, one JSON object a line, into the dashboard, which is drawn after each. No
 * input may crash it, and none changes anything on the platform but by a prompt that was shown.
 */
#include "base/arena.h"
#include "core/wire/wire.h"
#include "ui/app/app.h"
#include "ui/screens/screens.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void draw(struct app *a, struct grid *g, int cols, int rows)
{
	grid_resize(g, cols > 0 && cols < 300 ? cols : 80, rows > 0 && rows < 100 ? rows : 24);
	app_view(a, g);
	app_drawn(a);
}

static void one_line(struct app *a, struct grid *g, const char *text, size_t len, int64_t clock)
{
	int cols = g->cols ? g->cols : 80, rows = g->rows ? g->rows : 24;
	struct arena scratch = ARENA_INIT;
	struct cmds cmds = {0};
	struct msg m;
	json_t *in = wire_json_parse(text, len, 16, NULL);

	if (in && msg_decode(&m, in, &scratch, NULL)) {
		if (m.now == 0)
			m.now = m.mono = clock;
		if (m.type == MSG_SIZE) {
			cols = m.cols;
			rows = m.rows_count;
		}
		app_update(a, &m, &cmds);
		draw(a, g, cols, rows);
		for (size_t i = 0; i < cmds.len; i++)
			json_decref(cmd_encode(&cmds.items[i]));
		json_decref(msg_encode(&m));
		(void)app_wake(a);
	}
	json_decref(in);
	arena_release(&scratch);
	cmds_release(&cmds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct app_options o = {.context = "fuzz", .screens = dashboard_screens};
	struct app *a = app_new(&o, NULL);
	struct grid g;
	int64_t clock = 1767355200000;

	grid_init(&g);
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		one_line(a, &g, (const char *)data, len, clock += 100);
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	app_free(a);
	grid_release(&g);
	return 0;
}
