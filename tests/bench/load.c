/*
 * The driver of the load bench: what many clients ask of one platform, by few threads that take little of the
 * machine. Each command prints lines of JSON.
 *
 *     load PORT KEYS fill COUNT                    so many jobs that are over, in the store
 *     load PORT KEYS ask COUNT LINKS TARGET        GETs, one behind the other on each of the links
 *     load PORT KEYS open COUNT LINKS PATH         the same unsigned, of any server
 *     load PORT KEYS run WATCHERS RATE SECONDS     submissions at fixed moments, watched by all
 */
#include "load_net.h"
#include "load_watch.h"

#include "base/mem.h"
#include "base/num.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRAIN "/cloud_ml/v1/train"

static size_t number(const char *text)
{
	int64_t n;

	if (!num_i64(text, 0, 100000000, &n))
		load_fail("'%s' is no number", text);
	return (size_t)n;
}

static void say_times(const char *name, const struct times *t)
{
	printf("\"%s\":{\"n\":%zu,\"p50\":%.4f,\"p99\":%.4f,\"most\":%.4f}", name, t->count,
		times_at(t, 0.5), times_at(t, 0.99), times_at(t, 1));
}

/* ---- fill ---- */

/* The others wait for this one, and are cancelled: none of them is ever started. */
static void make_gate(void *ctx, size_t n, struct buf *out)
{
	const struct load *l = ctx;

	(void)n;
	load_request(l, &l->keys[0], "POST", TRAIN,
		"{\"job_name\":\"gate\",\"command\":[\"sleep\",\"1000\"],\"cpu_limit\":\"0.01\"}",
		"", out);
}

static void make_waiting(void *ctx, size_t n, struct buf *out)
{
	const struct load *l = ctx;
	char body[256];

	snprintf(body, sizeof body,
		"{\"job_name\":\"fill-%zu\",\"command\":[\"true\"],\"cpu_limit\":\"0.01\","
		"\"after\":[\"gate\"]}",
		n);
	load_request(l, &l->keys[n % l->key_count], "POST", TRAIN, body, "", out);
}

static void make_cancel(void *ctx, size_t n, struct buf *out)
{
	const struct load *l = ctx;
	char target[128];

	snprintf(target, sizeof target, TRAIN "/fill-%zu/cancel", n);
	load_request(l, &l->keys[n % l->key_count], "POST", target, "{}", "", out);
}

static void fill(struct load *l, size_t count)
{
	double began = load_now();
	struct times t;
	size_t bytes;

	load_closed(l, 1, 1, make_gate, l, &t, &bytes);
	free(t.ms);
	load_closed(l, 16, count, make_waiting, l, &t, &bytes);
	free(t.ms);
	load_closed(l, 16, count, make_cancel, l, &t, &bytes);
	free(t.ms);
	printf("{\"filled\":%zu,\"ms\":%.1f}\n", count, load_now() - began);
}

/* ---- ask ---- */

static void make_same(void *ctx, size_t n, struct buf *out)
{
	const struct buf *request = ctx;

	(void)n;
	buf_add(out, request->data, request->len);
}

/* A GET has no nonce: one signature serves for all. */
static void ask(const struct load *l, size_t count, size_t links, const char *target, bool sign)
{
	struct buf request = BUF_INIT;
	double began, took, own;
	struct times t;
	size_t bytes;

	if (sign)
		load_request(l, &l->keys[0], "GET", target, NULL, "", &request);
	else
		buf_addf(&request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", target,
			l->port);
	began = load_now();
	own = load_own_cpu();
	load_closed(l, links, count, make_same, &request, &t, &bytes);
	took = load_now() - began;
	times_sort(&t);
	printf("{\"per_s\":%.1f,\"own_cpu\":%.4f,\"bytes\":%zu,", (double)count / took * 1e3,
		(load_own_cpu() - own) / took, bytes / count);
	say_times("ms", &t);
	printf("}\n");
	free(t.ms);
	buf_release(&request);
}

/* ---- run: submissions ---- */

struct submits {
	const struct load *load;
	size_t count;
	double every; /* ms */
	double *due;  /* of each, monotonic ms; written before it is sent */
	struct times accepted;
	atomic_bool over;
};

static void body_of(size_t n, char body[256])
{
	snprintf(body, 256,
		"{\"job_name\":\"load-%zu\",\"command\":[\"true\"],\"cpu_limit\":\"0.01\"}", n);
}

/* All of them, before the first moment comes: the signer's time is not the platform's. */
static struct buf *submits_made(const struct submits *s)
{
	struct buf *made = mem_alloc(s->count * sizeof *made);
	char body[256];

	for (size_t n = 0; n < s->count; n++) {
		made[n] = (struct buf)BUF_INIT;
		body_of(n, body);
		load_request(s->load, &s->load->keys[n % s->load->key_count], "POST", TRAIN, body,
			"", &made[n]);
	}
	return made;
}

/* In turn, so that none idles for as long as the server waits; NULL: all are busy. */
static struct link *link_idle(struct link *all, size_t count, size_t turn)
{
	for (size_t i = 0; i < count; i++)
		if (!all[(turn + i) % count].busy)
			return &all[(turn + i) % count];
	return NULL;
}

enum { SUBMIT_LINKS = 16 };

/* Waits for answers until `until`, monotonic ms. */
static void answers_take(struct submits *s, struct link *all, double until)
{
	struct pollfd polls[SUBMIT_LINKS];
	double left = until - load_now();

	for (size_t i = 0; i < SUBMIT_LINKS; i++)
		polls[i] = (struct pollfd){.fd = all[i].busy ? all[i].fd : -1, .events = POLLIN};
	poll(polls, SUBMIT_LINKS, left > 0 ? (int)(left + 0.9) : 0);
	for (size_t i = 0; i < SUBMIT_LINKS; i++)
		if (polls[i].revents && link_read(&all[i]))
			s->accepted.ms[s->accepted.count++] = load_now() - all[i].due;
}

/*
 * At its moment each, whether those before are answered or not; what waits for a connection waits from its
 * moment on.
 */
static void *submitting(void *ctx)
{
	struct submits *s = ctx;
	struct link all[SUBMIT_LINKS], *k;
	struct buf *made = submits_made(s);
	double begun;
	size_t sent = 0;

	for (size_t i = 0; i < SUBMIT_LINKS; i++)
		link_open(s->load, &all[i]);
	begun = load_now();
	while (s->accepted.count < s->count) {
		double due = begun + (double)sent * s->every;

		if (sent < s->count && load_now() >= due &&
			(k = link_idle(all, SUBMIT_LINKS, sent)) != NULL) {
			s->due[sent] = k->due = due;
			link_send(k, &made[sent++]);
			continue;
		}
		answers_take(s, all, sent < s->count && load_now() < due ? due : load_now() + 20);
	}
	for (size_t n = 0; n < s->count; n++)
		buf_release(&made[n]);
	free(made);
	atomic_store(&s->over, true);
	return NULL;
}

/* ---- run: what else is asked meanwhile ---- */

struct readings {
	const struct load *load;
	const char *target;
	int every_ms;
	struct times times;
	size_t most, bytes;
	atomic_bool *over;
};

static void *reading(void *ctx)
{
	struct readings *r = ctx;
	struct buf request = BUF_INIT;
	struct link k;
	double began;

	link_open(r->load, &k);
	while (!atomic_load(r->over) && r->times.count < r->most) {
		buf_reset(&request);
		load_request(r->load, &r->load->keys[0], "GET", r->target, NULL, "", &request);
		began = load_now();
		link_ask(&k, &request);
		r->times.ms[r->times.count++] = load_now() - began;
		r->bytes = k.bytes;
		poll(NULL, 0, r->every_ms);
	}
	buf_release(&request);
	return NULL;
}

/* ---- run ---- */

/* What the platform says of them, page by page, against what the watchers were told last. */
static size_t list_differs(struct watch *w, const struct load *l)
{
	struct link k;
	struct buf request = BUF_INIT, target = BUF_INIT;
	char from[64] = "";
	const char *more;
	size_t differs = 0;

	link_open(l, &k);
	do {
		buf_reset(&request);
		buf_reset(&target);
		buf_addf(&target, TRAIN "?continue=%s&fields=" LOAD_JOB_FIELDS "&limit=500", from);
		load_request(l, &l->keys[0], "GET", target.data, NULL, "", &request);
		link_ask(&k, &request);
		differs += watch_differs(w, k.in.data);
		more = strstr(k.in.data, "],\"continue\":\"");
		if (more)
			snprintf(from, sizeof from, "%.26s", more + strlen("],\"continue\":\""));
	} while (more);
	return differs;
}

/* From the moment that a job was due to its row at each watcher. */
static void seen_times(const struct watch *w, const struct submits *s, struct times *t)
{
	*t = (struct times){.ms = mem_alloc(w->count * w->jobs * sizeof *t->ms)};
	for (size_t i = 0; i < w->count; i++)
		for (size_t n = 0; n < w->jobs; n++)
			if (w->all[i].told[n].rows > 0)
				t->ms[t->count++] = (double)w->all[i].told[n].first + w->begun -
					s->due[n];
	times_sort(t);
}

static void watch_say(struct watch *w, const struct submits *s, size_t differs)
{
	uint64_t rows = 0, frames = 0, bytes = 0, events = 0;
	struct times seen;

	for (size_t i = 0; i < w->count; i++) {
		rows += w->all[i].rows;
		frames += w->all[i].frames;
		bytes += w->all[i].bytes;
		events += w->all[i].events;
	}
	seen_times(w, s, &seen);
	printf("\"whole\":%zu,\"differs\":%zu,\"fell\":%llu,\"rows\":%llu,\"events\":%llu,"
	       "\"frames\":%llu,\"bytes\":%llu,",
		watch_whole(w), differs, (unsigned long long)w->fell, (unsigned long long)rows,
		(unsigned long long)events, (unsigned long long)frames, (unsigned long long)bytes);
	say_times("seen", &seen);
	free(seen.ms);
}

/* Until all ends have been told, or none for half a minute. */
static void watch_until_whole(struct watch *w, const struct submits *s)
{
	size_t whole, before = 0;
	double end = 0;

	while (!atomic_load(&s->over))
		watch_take(w, 50);
	do {
		for (double pause = load_now() + 500; load_now() < pause;)
			watch_take(w, 10);
		whole = watch_whole(w);
		if (whole != before || end == 0)
			end = load_now() + 30e3;
		before = whole;
	} while (whole < w->jobs && load_now() < end);
	for (double quiet = load_now() + 1000; load_now() < quiet;)
		watch_take(w, 50);
}

enum { READERS = 3 };

static void readers_begin(const struct load *l, struct readings all[READERS],
	pthread_t threads[READERS], atomic_bool *over)
{
	static const char *const targets[READERS] = {TRAIN "?limit=500",
		TRAIN "?limit=500&filter=state%3Dcancelled&fields=" LOAD_JOB_FIELDS,
		TRAIN "/fill-1"};

	for (size_t i = 0; i < READERS; i++) {
		all[i] = (struct readings){.load = l,
			.target = targets[i],
			.every_ms = i == 2 ? 100 : 500,
			.most = 100000,
			.over = over};
		all[i].times.ms = mem_alloc(all[i].most * sizeof(double));
		pthread_create(&threads[i], NULL, reading, &all[i]);
	}
}

static void readers_end(struct readings all[READERS], const pthread_t threads[READERS])
{
	static const char *const names[READERS] = {"page", "page_filtered", "one"};

	for (size_t i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		times_sort(&all[i].times);
		printf(",");
		say_times(names[i], &all[i].times);
	}
}

/* Whoever measures reads the line, looks at the platform, and says that it may go on. */
static void line_over(void)
{
	printf("}\n");
	fflush(stdout);
	getchar();
}

static void run(const struct load *l, size_t watchers, size_t rate, size_t seconds)
{
	struct submits s = {.load = l, .count = rate * seconds, .every = 1e3 / (double)rate};
	struct readings readings[READERS];
	pthread_t submitter, readers[READERS];
	struct watch w;
	double began = load_now(), own;

	watch_open(&w, l, watchers, s.count);
	printf("{\"synced_ms\":%.1f,\"own_cpu_ms\":%.1f", load_now() - began, load_own_cpu());
	line_over();
	s.due = mem_alloc(s.count * sizeof *s.due);
	s.accepted.ms = mem_alloc(s.count * sizeof *s.accepted.ms);
	began = load_now();
	own = load_own_cpu();
	pthread_create(&submitter, NULL, submitting, &s);
	readers_begin(l, readings, readers, &s.over);
	watch_until_whole(&w, &s);
	pthread_join(submitter, NULL);
	printf("{\"took_ms\":%.1f,\"own_cpu_ms\":%.1f,", load_now() - began, load_own_cpu() - own);
	watch_say(&w, &s, list_differs(&w, l));
	times_sort(&s.accepted);
	printf(",");
	say_times("accepted", &s.accepted);
	readers_end(readings, readers);
	line_over();
}

int main(int argc, char **argv)
{
	static struct load l;
	const char *what = argc > 4 ? argv[3] : "";

	if (argc < 5)
		load_fail("PORT KEYS fill|ask|open|run ...");
	l.port = (int)number(argv[1]);
	load_keys(&l, argv[2]);
	if (strcmp(what, "fill") == 0 && argc == 5)
		fill(&l, number(argv[4]));
	else if (strcmp(what, "ask") == 0 && argc == 7)
		ask(&l, number(argv[4]), number(argv[5]), argv[6], true);
	else if (strcmp(what, "open") == 0 && argc == 7)
		ask(&l, number(argv[4]), number(argv[5]), argv[6], false);
	else if (strcmp(what, "run") == 0 && argc == 7)
		run(&l, number(argv[4]), number(argv[5]), number(argv[6]));
	else
		load_fail("no such command, or not so many words: %s", what);
	return 0;
}
