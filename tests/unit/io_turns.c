/* Turns of long work in the pool: nothing here hangs on time, works wait until they are let go. */
#include "base/mem.h"
#include "io/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

enum { WORKS = 16 };

struct scene;

/* A work of the tests: it holds its thread until `go`. */
struct held_work {
	struct scene *scene;
	struct turn turn;
	uv_sem_t go;
	char name;
	bool wanted, patient;
};

struct scene {
	uv_loop_t loop;
	struct turns *turns;
	struct held_work works[WORKS];
	size_t count;
	char begun[WORKS + 1], over[WORKS + 1], unrun[WORKS + 1]; /* names, in their order */
	bool short_done;
};

static void append(char *list, char name)
{
	size_t len = strlen(list);

	list[len] = name;
	list[len + 1] = '\0';
}

static bool work_due(struct turn *t)
{
	struct held_work *w = t->ctx;

	if (w->wanted)
		append(w->scene->begun, w->name);
	return w->wanted;
}

static void work_run(struct turn *t)
{
	struct held_work *w = t->ctx;

	uv_sem_wait(&w->go);
}

static void work_over(struct turn *t, bool ran)
{
	struct held_work *w = t->ctx;

	append(ran ? w->scene->over : w->scene->unrun, w->name);
}

/* Named a, b, c ... in the order in which they are queued. */
static struct held_work *queue_wanted(struct scene *s, const char *key, bool wanted)
{
	struct held_work *w = &s->works[s->count];

	w->scene = s;
	w->name = (char)('a' + s->count++);
	w->wanted = wanted;
	w->turn = (struct turn){.ctx = w,
		.patient = w->patient,
		.due = work_due,
		.run = work_run,
		.over = work_over};
	turns_queue(s->turns, &w->turn, key);
	return w;
}

static struct held_work *queue(struct scene *s, const char *key)
{
	return queue_wanted(s, key, true);
}

/* Lets it go, and waits for its end. */
static void finish(struct held_work *w)
{
	uv_sem_post(&w->go);
	while (strchr(w->scene->over, w->name) == NULL)
		uv_run(&w->scene->loop, UV_RUN_ONCE);
}

static int setup(void **state)
{
	struct scene *s = mem_alloc(sizeof *s);

	uv_loop_init(&s->loop);
	s->turns = turns_new(&s->loop, 3);
	for (size_t i = 0; i < WORKS; i++)
		uv_sem_init(&s->works[i].go, 0);
	*state = s;
	return 0;
}

/* Nothing may be left: the loop has no work, and all keys are gone. */
static int teardown(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < WORKS; i++)
		uv_sem_post(&s->works[i].go);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	turns_free(s->turns);
	for (size_t i = 0; i < WORKS; i++)
		uv_sem_destroy(&s->works[i].go);
	int left = uv_loop_close(&s->loop);

	free(s);
	return left;
}

static void test_one_of_a_key(void **state)
{
	struct scene *s = *state;
	struct held_work *a = queue(s, "one"), *b = queue(s, "one"), *c = queue(s, "one");

	assert_string_equal(s->begun, "a");
	assert_int_equal(turns_count(s->turns, "one"), 3);
	assert_int_equal(turns_count(s->turns, "two"), 0);
	finish(a);
	assert_string_equal(s->begun, "ab");
	finish(b);
	finish(c);
	assert_string_equal(s->over, "abc");
}

/* Three of four threads at most, whoever asks. */
static void test_of_all_keys(void **state)
{
	struct scene *s = *state;
	struct held_work *a = queue(s, "one");

	queue(s, "two");
	queue(s, "three");
	queue(s, "four");
	assert_string_equal(s->begun, "abc");
	finish(a);
	assert_string_equal(s->begun, "abcd");
}

/* Of what nobody waits for one less: there is room for an answer. */
static void test_patient(void **state)
{
	struct scene *s = *state;
	struct held_work *a;

	for (size_t i = 0; i < 3; i++)
		s->works[i].patient = true;
	a = queue(s, "one");
	queue(s, "two");
	queue(s, "three");
	assert_string_equal(s->begun, "ab");
	queue(s, "four");
	assert_string_equal(s->begun, "abd");
	finish(a);
	assert_string_equal(s->begun, "abdc");
}

static void short_run(uv_work_t *work)
{
	(void)work;
}

static void short_over(uv_work_t *work, int status)
{
	assert_int_equal(status, 0);
	((struct scene *)work->data)->short_done = true;
}

/* With turns_pool() of them the pool has a thread for what is short. */
static void test_short_work_has_a_thread(void **state)
{
	struct scene *s = *state;
	uv_work_t work = {.data = s};

	turns_free(s->turns);
	s->turns = turns_new(&s->loop, turns_pool());
	for (size_t i = 0; i < WORKS; i++) {
		char key[8];

		snprintf(key, sizeof key, "%zu", i);
		queue(s, key);
	}
	uv_queue_work(&s->loop, &work, short_run, short_over);
	while (!s->short_done)
		uv_run(&s->loop, UV_RUN_ONCE);
	assert_string_equal(s->over, "");
}

/* A key with much to do waits behind others each time. */
static void test_keys_take_turns(void **state)
{
	struct scene *s = *state;

	turns_free(s->turns);
	s->turns = turns_new(&s->loop, 1);
	queue(s, "one");   /* a */
	queue(s, "one");   /* b */
	queue(s, "one");   /* c */
	queue(s, "two");   /* d */
	queue(s, "two");   /* e */
	queue(s, "three"); /* f */
	for (size_t i = 0; i < s->count; i++) {
		assert_int_equal(strlen(s->begun), i + 1);
		finish(&s->works[s->begun[i] - 'a']);
	}
	assert_string_equal(s->begun, "adfbec");
}

static void test_no_more_needed(void **state)
{
	struct scene *s = *state;
	struct held_work *a = queue(s, "one");

	queue_wanted(s, "one", false);
	struct held_work *c = queue(s, "one");

	assert_string_equal(s->unrun, "");
	finish(a);
	assert_string_equal(s->unrun, "b");
	assert_string_equal(s->begun, "ac");
	finish(c);
	queue_wanted(s, "two", false);
	assert_string_equal(s->unrun, "bd"); /* at once */
}

static void test_withdrawn(void **state)
{
	struct scene *s = *state;
	struct held_work *a = queue(s, "one"), *b = queue(s, "one"), *c = queue(s, "one"),
			 *d = queue(s, "one");

	assert_false(turns_withdraw(&a->turn));
	assert_true(turns_withdraw(&b->turn));
	assert_true(turns_withdraw(&d->turn)); /* the last one */
	struct held_work *e = queue(s, "one");

	finish(a);
	assert_string_equal(s->begun, "ac");
	assert_true(turns_withdraw(&e->turn));
	finish(c);
	assert_string_equal(s->over, "ac");
	assert_string_equal(s->unrun, "");
}

/* All of a key that has no turn yet: the key goes too. */
static void test_withdrawn_key(void **state)
{
	struct scene *s = *state;
	struct held_work *a = queue(s, "one"), *d;

	queue(s, "two");
	queue(s, "three");
	d = queue(s, "four");
	assert_true(turns_withdraw(&d->turn));
	queue(s, "five"); /* e */
	finish(a);
	assert_string_equal(s->begun, "abce");
}

static void test_stop(void **state)
{
	struct scene *s = *state;
	struct held_work *a = queue(s, "one");

	queue(s, "one");
	queue(s, "one");
	assert_false(atomic_load(turns_stopped(s->turns)));
	turns_stop(s->turns);
	assert_true(atomic_load(turns_stopped(s->turns)));
	assert_string_equal(s->unrun, "");
	uv_sem_post(&a->go);
	uv_run(&s->loop, UV_RUN_DEFAULT); /* b and c end, though nobody lets them go */
	/* Whether a had begun to run when all stopped is the pool's to know. */
	assert_int_equal(strlen(s->over) + strlen(s->unrun), 3);
	assert_non_null(strstr(s->unrun, "bc"));
}

static void test_pool(void **state)
{
	const char *given = getenv("UV_THREADPOOL_SIZE");
	char *kept = given ? mem_strdup(given) : NULL;

	(void)state;
	unsetenv("UV_THREADPOOL_SIZE");
	assert_int_equal(turns_pool(), 3);
	setenv("UV_THREADPOOL_SIZE", "16", 1);
	assert_int_equal(turns_pool(), 15);
	setenv("UV_THREADPOOL_SIZE", "1", 1);
	assert_int_equal(turns_pool(), 1);
	setenv("UV_THREADPOOL_SIZE", "many", 1);
	assert_int_equal(turns_pool(), 1);
	if (kept)
		setenv("UV_THREADPOOL_SIZE", kept, 1);
	else
		unsetenv("UV_THREADPOOL_SIZE");
	free(kept);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_of_a_key),
		TEST(test_of_all_keys),
		TEST(test_patient),
		TEST(test_short_work_has_a_thread),
		TEST(test_keys_take_turns),
		TEST(test_no_more_needed),
		TEST(test_withdrawn),
		TEST(test_withdrawn_key),
		TEST(test_stop),
		TEST(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
