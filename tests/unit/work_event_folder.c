/* Event files of a folder, through a table of outputs that can be made to fail. */
#include "work/event_folder.h"
#include "unit/core_event_files.h"

#include "base/fsio.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- Outputs of one level: "RUN:NAME" stands for RUN/NAME ---- */

static char place[64];
static const char *closed; /* cannot be opened */
static int opened;         /* files, since the last look began */
static int listings;       /* how often each is listed: files that come and go are met twice */
static atomic_bool stop;

static void file_path(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s/%s", place, name);
	for (char *c = out + strlen(place) + 1; *c; c++)
		if (*c == '/')
			*c = ':';
}

static void list_one(const char *name, struct output_files *out)
{
	char path[512];
	struct stat st;
	struct output_file f = {.path = mem_strdup(name)};

	for (char *c = f.path; *c; c++)
		if (*c == ':')
			*c = '/';
	file_path(path, sizeof path, name);
	assert_int_equal(stat(path, &st), 0);
	f.size = st.st_size;
	f.mtime = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	vec_push(&out->list, f);
}

static const char *names[] = {"b:tfevents.1", "b:tfevents.2", "tfevents.1", "tfevents.2",
	"x:notes"};

/* Already by path. */
static void outputs_list(const char *where, size_t most, struct output_files *out)
{
	char path[512];

	(void)where, (void)most;
	opened = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		file_path(path, sizeof path, names[i]);
		for (int n = 0; n < listings && access(path, F_OK) == 0; n++)
			list_one(names[i], out);
	}
}

static int outputs_open(const char *where, const char *name, int64_t *size, struct err *e)
{
	char path[512];
	struct stat st;
	int fd;

	(void)where;
	opened++;
	if (closed && strcmp(closed, name) == 0)
		return -1;
	file_path(path, sizeof path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_set(e, ERR_NOT_FOUND, "not there") - 1;
	*size = st.st_size;
	return fd;
}

static const struct engine_outputs outputs = {.list = outputs_list, .open = outputs_open};

static int setup(void **state)
{
	(void)state;
	strcpy(place, "/tmp/mltop-events-XXXXXX");
	closed = NULL;
	listings = 1;
	atomic_store(&stop, false);
	return mkdtemp(place) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	fsio_remove_tree(place, NULL);
	return 0;
}

static void file_write(const char *name, const char *how, const struct buf *bytes)
{
	char path[512];
	FILE *f;

	file_path(path, sizeof path, name);
	f = fopen(path, how);
	assert_non_null(f);
	assert_int_equal(fwrite(bytes->data, 1, bytes->len, f), bytes->len);
	fclose(f);
}

static void curve_write(const char *name, const char *how, int64_t from, int64_t to, float add)
{
	struct buf file = BUF_INIT;

	for (int64_t step = from; step < to; step++)
		put_scalar(&file, "loss", step, 1, (float)step + add);
	file_write(name, how, &file);
	buf_release(&file);
}

static void look(struct event_folder *f)
{
	event_folder_look(f, &outputs, place, &stop);
}

static void steps_are(const struct event_folder *f, const char *run, int64_t first, size_t count)
{
	const struct scalar_run *r = scalars_find(&f->scalars, run);

	assert_non_null(r);
	if (count == 0) {
		assert_int_equal(r->tags.len, 0);
		return;
	}
	assert_int_equal(scalar_tag_count(r->tags.items[0]), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(scalar_tag_point(r->tags.items[0], i)->step, first + (int64_t)i);
}

static void what_has_not_changed_is_not_opened(void **state)
{
	struct event_folder f = {.more = false};

	(void)state;
	curve_write("tfevents.1", "w", 0, 5, 0);
	curve_write("b:tfevents.1", "w", 0, 3, 0);
	curve_write("x:notes", "w", 0, 3, 0);
	look(&f);
	assert_int_equal(f.files.len, 2);
	steps_are(&f, ".", 0, 5);
	steps_are(&f, "b", 0, 3);
	look(&f);
	assert_int_equal(opened, 0);
	curve_write("tfevents.1", "a", 5, 7, 0);
	look(&f);
	assert_int_equal(opened, 2); /* to see that it is the same, and to read on */
	steps_are(&f, ".", 0, 7);
	assert_false(f.more);
	assert_true(event_folder_bytes(&f) > 0);
	event_folder_release(&f);
}

static void what_cannot_be_opened_is_told_until_it_can(void **state)
{
	struct event_folder f = {.more = false};

	(void)state;
	curve_write("tfevents.1", "w", 0, 5, 0);
	closed = "tfevents.1";
	look(&f);
	assert_string_equal(f.files.items[0].why, "it cannot be opened");
	assert_int_equal(f.scalars.points, 0);
	closed = NULL;
	look(&f);
	assert_null(f.files.items[0].why);
	steps_are(&f, ".", 0, 5);
	event_folder_release(&f);
}

static void who_is_stopped_goes_on_at_the_next_look(void **state)
{
	struct event_folder f = {.more = false};

	(void)state;
	curve_write("tfevents.1", "w", 0, 20000, 0);
	atomic_store(&stop, true);
	look(&f);
	assert_true(f.more);
	assert_int_equal(f.scalars.points, 0);
	atomic_store(&stop, false);
	look(&f);
	assert_false(f.more);
	assert_int_equal(scalar_tag_point(f.scalars.runs.items[0]->tags.items[0], 0)->step, 0);
	assert_int_equal(f.scalars.runs.items[0]->tags.items[0]->seen, 20000);
	event_folder_release(&f);
}

/* A folder that is read while its files are replaced may name one of them twice. */
static void what_is_listed_twice_is_one_file(void **state)
{
	struct event_folder f = {.more = false};

	(void)state;
	curve_write("tfevents.1", "w", 0, 5, 0);
	curve_write("b:tfevents.1", "w", 0, 3, 0);
	for (listings = 1; listings <= 3; listings++) {
		look(&f);
		assert_int_equal(f.files.len, 2);
		steps_are(&f, ".", 0, 5);
		steps_are(&f, "b", 0, 3);
	}
	curve_write("tfevents.1", "a", 5, 7, 0);
	look(&f);
	steps_are(&f, ".", 0, 7);
	fsio_remove_tree(place, NULL);
	look(&f);
	assert_int_equal(f.files.len, 0);
	assert_int_equal(f.scalars.points, 0);
	event_folder_release(&f);
}

/* Whatever happens to files, a folder that was looked at all along is as one that is looked at now. */
static void each_look_is_as_a_first_one(void **state)
{
	struct event_folder f = {.more = false}, fresh;
	unsigned dice = 7;
	char path[512];

	(void)state;
	for (int i = 0; i < 300; i++) {
		const char *name = names[(dice = dice * 1103515245 + 12345) >> 16 & 3];
		unsigned how = (dice = dice * 1103515245 + 12345) >> 16 & 7;
		int64_t from = (dice >> 20 & 15);

		file_path(path, sizeof path, name);
		if (how == 0)
			unlink(path);
		else
			curve_write(name, how < 3 ? "w" : "a", from, from + how, (float)i);
		look(&f);
		fresh = (struct event_folder){.more = false};
		look(&fresh);
		/* Files of one run that grew in turns were read in turns: only each alone is the same. */
		if (access(path, F_OK) == 0 && how > 0 && how < 3) {
			assert_int_equal(f.files.len, fresh.files.len);
			for (size_t n = 0; n < f.files.len; n++) {
				assert_string_equal(f.files.items[n].path,
					fresh.files.items[n].path);
				assert_int_equal(f.files.items[n].offset,
					fresh.files.items[n].offset);
			}
		}
		event_folder_release(&fresh);
	}
	event_folder_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_has_not_changed_is_not_opened, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_told_until_it_can, setup,
			teardown),
		cmocka_unit_test_setup_teardown(who_is_stopped_goes_on_at_the_next_look, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_is_listed_twice_is_one_file, setup, teardown),
		cmocka_unit_test_setup_teardown(each_look_is_as_a_first_one, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
