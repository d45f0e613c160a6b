#include "load_watch.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { PIECE = 256 * 1024, FINAL = 9, SUB_JOBS = 1, SUB_QUOTA = 2, SUB_EVENTS = 3 };
enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 }; /* RFC 6455 section 5.2 */

/* ---- Frames to the server ---- */

static void say(const struct watcher *w, int opcode, const char *text, size_t len)
{
	struct buf out = BUF_INIT;
	const char mask[4] = {0};

	buf_addc(&out, (char)(0x80 | opcode));
	buf_addc(&out, (char)(0x80 | (len < 126 ? len : 126)));
	if (len >= 126) {
		buf_addc(&out, (char)(len >> 8));
		buf_addc(&out, (char)(len & 255));
	}
	buf_add(&out, mask, sizeof mask); /* of zeroes: the text goes as it is */
	buf_add(&out, text, len);
	if (send(w->fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
		load_fail("send to a stream: %s", strerror(errno));
	buf_release(&out);
}

static void say_text(const struct watcher *w, const char *text)
{
	say(w, TEXT, text, strlen(text));
}

static void subscribe(const struct watcher *w)
{
	say_text(w, "{\"t\":\"sub\",\"id\":1,\"kind\":\"job\",\"fields\":\"" LOAD_JOB_FIELDS "\"}");
	say_text(w,
		"{\"t\":\"sub\",\"id\":2,\"kind\":\"quota\",\"fields\":\"" LOAD_QUOTA_FIELDS "\"}");
	if (w->of_events)
		say_text(w,
			"{\"t\":\"sub\",\"id\":3,\"kind\":\"event\",\"fields\":"
			"\"uid,last_time,count,type,reason,kind,object_name,message\"}");
}

/* ---- Rows ---- */

/* The end of the object that begins at `at`. */
static const char *object_end(const char *at, const char *end)
{
	int depth = 0;

	for (; at < end; at++) {
		if (*at == '"') {
			for (at++; at < end && *at != '"'; at++)
				at += *at == '\\';
		} else if (*at == '{') {
			depth++;
		} else if (*at == '}' && --depth == 0) {
			return at + 1;
		}
	}
	return end;
}

static uint64_t hash_of(const char *at, const char *end)
{
	uint64_t h = 14695981039346656037u;

	for (; at < end; at++)
		h = (h ^ (unsigned char)*at) * 1099511628211u;
	return h;
}

/* The text behind "name":" in the row; NULL: it is not there. */
static const char *text_at(const char *row, const char *end, const char *name)
{
	const char *at = memmem(row, (size_t)(end - row), name, strlen(name));

	return at ? at + strlen(name) : NULL;
}

/* The job's number; -1: it is none of ours. */
static long number_of(const struct watch *w, const char *row, const char *end, const char *name)
{
	const char *at = text_at(row, end, name);
	long n = at ? strtol(at, NULL, 10) : -1;

	return n >= 0 && (size_t)n < w->jobs ? n : -1;
}

static uint8_t place_of(const char *row, const char *end)
{
	static const char *const places[] = {"enqueued", "creating", "running", "failed", "error",
		"completed"};
	const char *state = text_at(row, end, "\"state\":\"");

	for (size_t i = 0; state && i < sizeof places / sizeof places[0]; i++)
		if (strncmp(state, places[i], strlen(places[i])) == 0)
			return (uint8_t)(i < 3 ? i + 1 : FINAL);
	return 0;
}

static void job_row(struct watch *w, struct watcher *to, const char *row, const char *end)
{
	long n = number_of(w, row, end, "\"job_name\":\"load-");
	struct told *t = n < 0 ? NULL : &to->told[n];
	float now = (float)(load_now() - w->begun);
	uint8_t place;

	to->rows++;
	if (t == NULL)
		return;
	place = place_of(row, end);
	w->fell += place < t->place;
	if (t->rows++ == 0)
		t->first = now;
	if (place == FINAL && t->place != FINAL)
		t->ended = now;
	t->place = place;
	t->hash = hash_of(row, end);
}

static void event_row(struct watch *w, struct watcher *to, const char *row, const char *end)
{
	static const char *const reasons[] = {"Submitted", "Creating", "Started", "Completed"};
	long n = number_of(w, row, end, "\"object_name\":\"load-");
	const char *reason = text_at(row, end, "\"reason\":\"");

	to->events++;
	for (size_t i = 0; n >= 0 && reason && i < sizeof reasons / sizeof reasons[0]; i++)
		if (strncmp(reason, reasons[i], strlen(reasons[i])) == 0)
			to->told[n].events |= (uint8_t)(1u << i);
}

static void rows_came(struct watch *w, struct watcher *to, const char *text, const char *end,
	int sub)
{
	const char *at = text_at(text, end, "\"rows\":["), *next;

	for (; at && at < end && *at == '{'; at = next + (*next == ',')) {
		next = object_end(at, end);
		if (sub == SUB_JOBS)
			job_row(w, to, at, next);
		else if (sub == SUB_EVENTS)
			event_row(w, to, at, next);
	}
}

/* ---- Frames from the server ---- */

static void text_came(struct watch *w, struct watcher *to, const char *text, size_t len)
{
	const char *end = text + len, *near = text + (len < 200 ? len : 200);
	const char *id = text_at(text, near, "\"id\":"), *v = text_at(text, near, "\"v\":\"");
	int sub = id ? (int)strtol(id, NULL, 10) : 0;
	uint64_t version = v ? strtoull(v, NULL, 10) : to->version;

	if (text_at(text, near, "\"t\":\"error\""))
		load_fail("a stream was told: %.*s", (int)len, text);
	w->fell += version < to->version;
	to->version = version;
	to->frames++;
	if (text_at(text, near, "\"t\":\"row\""))
		rows_came(w, to, text, end, sub);
	if (text_at(text, near, "\"t\":\"synced\"")) {
		to->synced_jobs |= sub == SUB_JOBS;
		to->synced_events |= sub == SUB_EVENTS;
	}
}

static void frame_came(struct watch *w, struct watcher *to, int opcode, const char *text,
	size_t len)
{
	if (opcode == CLOSE)
		load_fail("a stream was closed: %.*s", (int)len, text);
	if (opcode == PING)
		say(to, PONG, text, len);
	if (opcode == TEXT)
		text_came(w, to, text, len);
}

/* Takes one frame of what came; 0: it is not whole. */
static size_t frame_took(struct watch *w, struct watcher *to, const unsigned char *at, size_t len)
{
	size_t head = 2, size;

	if (len < 2)
		return 0;
	size = at[1] & 127;
	head = size == 126 ? 4 : size == 127 ? 10 : 2;
	if (len < head)
		return 0;
	if (head > 2)
		size = 0;
	for (size_t i = 2; i < head; i++)
		size = size << 8 | at[i];
	if (len < head + size)
		return 0;
	frame_came(w, to, at[0] & 15, (const char *)at + head, size);
	return head + size;
}

static void watcher_read(struct watch *w, struct watcher *to)
{
	static char piece[PIECE];
	ssize_t n = recv(to->fd, piece, sizeof piece, MSG_DONTWAIT);
	size_t at = 0, took;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		load_fail("a stream ended");
	to->bytes += (uint64_t)n;
	buf_add(&to->in, piece, (size_t)n);
	while ((took = frame_took(w, to, (const unsigned char *)to->in.data + at,
			to->in.len - at)) > 0)
		at += took;
	buf_drop(&to->in, at);
	if (to->in.len == 0)
		buf_release(&to->in);
}

void watch_take(struct watch *w, int ms)
{
	struct epoll_event events[64];
	int n = epoll_wait(w->epoll, events, 64, ms);

	for (int i = 0; i < n; i++)
		watcher_read(w, events[i].data.ptr);
}

/* ---- Opening ---- */

static void upgrade(const struct load *l, struct watcher *to, size_t number)
{
	static const char extra[] =
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mltop.v1\r\n";
	struct buf request = BUF_INIT;
	char byte;

	load_request(l, &l->keys[number % l->key_count], "GET", "/cloud_ml/v1/stream", NULL, extra,
		&request);
	if (send(to->fd, request.data, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
		load_fail("send to a stream: %s", strerror(errno));
	while (strstr(to->in.data, "\r\n\r\n") == NULL && recv(to->fd, &byte, 1, 0) == 1)
		buf_addc(&to->in, byte);
	if (strstr(to->in.data, " 101 ") == NULL)
		load_fail("a stream was refused: %.400s", to->in.data);
	buf_release(&to->in);
	buf_release(&request);
}

static bool all_synced(const struct watch *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->all[i].synced_jobs || (w->all[i].of_events && !w->all[i].synced_events))
			return false;
	return true;
}

void watch_open(struct watch *w, const struct load *l, size_t count, size_t jobs)
{
	*w = (struct watch){.load = l, .count = count, .jobs = jobs, .begun = load_now()};
	w->all = mem_alloc(count * sizeof *w->all);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < count; i++) {
		struct watcher *to = &w->all[i];
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = to};

		*to = (struct watcher){.fd = load_connect(l),
			.in = BUF_INIT,
			.of_events = i % 10 == 0};
		to->told = mem_alloc((jobs + 1) * sizeof *to->told);
		upgrade(l, to, i);
		epoll_ctl(w->epoll, EPOLL_CTL_ADD, to->fd, &ev);
	}
	for (size_t i = 0; i < count; i++)
		subscribe(&w->all[i]);
	while (!all_synced(w))
		watch_take(w, 100);
}

/* ---- What was told ---- */

static bool whole(const struct watcher *w, size_t job)
{
	enum { SUBMITTED = 1, STARTED = 4, COMPLETED = 8 };
	const uint8_t all = SUBMITTED | STARTED | COMPLETED;

	return w->told[job].place == FINAL && (!w->of_events || (w->told[job].events & all) == all);
}

size_t watch_whole(const struct watch *w)
{
	size_t jobs = 0;

	for (size_t job = 0; job < w->jobs; job++) {
		size_t i = 0;

		while (i < w->count && whole(&w->all[i], job))
			i++;
		jobs += i == w->count;
	}
	return jobs;
}

size_t watch_differs(struct watch *w, const char *text)
{
	const char *end = text + strlen(text), *at = text_at(text, end, "\"data\":["), *next;
	size_t differs = 0;

	for (; at && at < end && *at == '{'; at = next + (*next == ',')) {
		long n;

		next = object_end(at, end);
		n = number_of(w, at, next, "\"job_name\":\"load-");
		for (size_t i = 0; n >= 0 && i < w->count; i++)
			differs += w->all[i].told[n].hash != hash_of(at, next);
	}
	return differs;
}
