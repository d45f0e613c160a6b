/*
 * Golden screens: tests/golden/NAME.msgs is a script of messages, NAME.golden what the screen then
 * looks like, with roles, cursor and the commands that were asked for. `make golden` rewrites them;
 * a person reads the difference.
 */
#include "golden/harness.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

enum { SCRIPTS_MAX = 200 };

static const char *folder(void)
{
	const char *dir = getenv("GOLDEN_DIR");

	return dir ? dir : "tests/golden";
}

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf b = BUF_INIT;
	char part[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&b, part, n);
	fclose(f);
	return buf_detach(&b);
}

static void dump_commands(struct harness *h, struct buf *out)
{
	for (size_t i = 0; i < h->cmds.len; i++) {
		json_t *one = cmd_encode(&h->cmds.items[i]);
		char *text = json_dumps(one, JSON_COMPACT | JSON_SORT_KEYS);

		buf_addf(out, "> %s\n", text);
		free(text);
		json_decref(one);
	}
	cmds_clear(&h->cmds);
}

/* Words that only scripts have; everything else is a message. */
static bool script_word(struct harness *h, const json_t *in, struct buf *out)
{
	const char *t = json_string_value(json_object_get(in, "t"));
	const char *text = json_string_value(json_object_get(in, "text"));

	if (strcmp(t, "type") == 0)
		harness_type(h, text);
	else if (strcmp(t, "jobs") == 0)
		harness_jobs(h, (int)json_integer_value(json_object_get(in, "count")));
	else if (strcmp(t, "forget") == 0)
		cmds_clear(&h->cmds);
	else if (strcmp(t, "wait") == 0)
		h->mono += json_integer_value(json_object_get(in, "ms"));
	else if (strcmp(t, "show") == 0)
		grid_dump(&h->grid, out);
	else
		return false;
	if (strcmp(t, "wait") == 0)
		h->now += json_integer_value(json_object_get(in, "ms"));
	return true;
}

static void open_script(struct harness *h, const json_t *options)
{
	struct app_options o = {
		.ascii = json_is_true(json_object_get(options, "ascii")),
		.braille = json_is_true(json_object_get(options, "braille")),
		.context = json_string_value(json_object_get(options, "context")),
		.first = json_string_value(json_object_get(options, "first")),
		.remembered = json_object_get(options, "remembered"),
		.keys = json_object_get(options, "keys"),
		.grace_ms = json_integer_value(json_object_get(options, "grace_ms")),
	};

	harness_open(h, &o);
}

static void run_script(char *script, struct buf *out)
{
	struct harness h = {0};
	char *save = NULL;

	for (char *line = strtok_r(script, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_error_t why;
		json_t *in;

		if (*line == '#')
			continue;
		in = json_loads(line, 0, &why);
		if (!in)
			fail_msg("%s: %s", line, why.text);
		if (!h.app)
			open_script(&h, json_object_get(in, "options"));
		if (!json_object_get(in, "options") && !script_word(&h, in, out))
			assert_true(harness_json(&h, in));
		json_decref(in);
	}
	grid_dump(&h.grid, out);
	dump_commands(&h, out);
	harness_close(&h);
}

static void golden(void **state)
{
	const char *name = *state;
	char path[512];
	struct buf out = BUF_INIT;

	snprintf(path, sizeof path, "%s/%s.msgs", folder(), name);
	char *script = read_all(path);

	assert_non_null(script);
	run_script(script, &out);
	snprintf(path, sizeof path, "%s/%s.golden", folder(), name);
	if (getenv("GOLDEN_WRITE")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(out.data, f);
		fclose(f);
	}
	char *want = read_all(path);

	if (!want)
		fail_msg("%s is not there: make golden writes it", path);
	if (strcmp(want, out.data) != 0)
		fail_msg("%s differs: want\n%s\ngot\n%s", path, want, out.data);
	free(want);
	free(script);
	buf_release(&out);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(void)
{
	static struct CMUnitTest tests[SCRIPTS_MAX];
	size_t n = 0;
	DIR *d = opendir(folder());
	struct dirent *entry;

	if (!d) {
		fprintf(stderr,
			"%s: cannot be read: run from the top of the tree or set GOLDEN_DIR\n",
			folder());
		return 1;
	}
	while ((entry = readdir(d)) && n < SCRIPTS_MAX) {
		char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".msgs") != 0)
			continue;
		char *name = strndup(entry->d_name, (size_t)(dot - entry->d_name));

		tests[n++] = (struct CMUnitTest){.name = name,
			.test_func = golden,
			.initial_state = name};
	}
	closedir(d);
	qsort(tests, n, sizeof *tests, by_name);
	if (n == 0) {
		fprintf(stderr, "%s: no scripts there\n", folder());
		return 1;
	}
	int failed = _cmocka_run_group_tests("golden", tests, n, NULL, NULL);

	for (size_t i = 0; i < n; i++)
		free((char *)tests[i].name);
	return failed;
}
