#include "load_net.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/timefmt.h"
#include "core/wire/query.h"
#include "core/wire/sign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

void load_fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "load: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static double clock_ms(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

double load_now(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

double load_own_cpu(void)
{
	return clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

void load_keys(struct load *l, const char *path)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		load_fail("%s: %s", path, strerror(errno));
	while (l->key_count < sizeof l->keys / sizeof l->keys[0] &&
		fscanf(f, "%63s %127s", l->keys[l->key_count].access,
			l->keys[l->key_count].secret) == 2)
		l->key_count++;
	fclose(f);
	if (l->key_count == 0)
		load_fail("%s holds no key", path);
}

int load_connect(const struct load *l)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		load_fail("connect to port %d: %s", l->port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

/* ---- Requests ---- */

static void nonce_make(char out[40])
{
	static _Atomic unsigned count;

	snprintf(out, 40, "%x-%llx-%x", (unsigned)getpid(), (unsigned long long)(load_now() * 1e3),
		count++);
}

void load_request(const struct load *l, const struct key *key, const char *method,
	const char *target, const char *body, const char *extra, struct buf *out)
{
	const char *query = strchr(target, '?');
	struct query q = QUERY_INIT;
	struct buf path = BUF_INIT, authorization = BUF_INIT;
	char host[32], date[TIMEFMT_SIZE], nonce[40];
	int64_t now = time_now_ms();
	struct sign_pair headers[] = {{"host", host}, {"x-mltop-date", date},
		{"x-mltop-nonce", nonce}};
	struct sign_request r = {.method = method,
		.headers = headers,
		.header_count = body ? 3 : 2,
		.body = body,
		.body_len = body ? strlen(body) : 0};
	struct err e = ERR_INIT;

	snprintf(host, sizeof host, "127.0.0.1:%d", l->port);
	timefmt_sigv4(date, now);
	nonce_make(nonce);
	buf_add(&path, target, query ? (size_t)(query - target) : strlen(target));
	r.path = r.path_text = path.data;
	if (query && !query_parse(&q, query + 1, strlen(query + 1), true, &e))
		load_fail("%s: %s", target, e.text);
	r.query = q.pairs;
	r.query_count = q.count;
	r.query_text = query ? query + 1 : NULL;
	if (!sign_request(&r, key->access, key->secret, now, &authorization, &e))
		load_fail("%s: %s", target, e.text);
	buf_addf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Mltop-Date: %s\r\nAuthorization: %s\r\n%s",
		method, target, host, date, authorization.data, extra);
	if (body)
		buf_addf(out, "X-Mltop-Nonce: %s\r\nContent-Length: %zu\r\n\r\n%s", nonce,
			strlen(body), body);
	else
		buf_adds(out, "\r\n");
	query_release(&q);
	buf_release(&path);
	buf_release(&authorization);
}

/* ---- Connections ---- */

void link_open(const struct load *l, struct link *k)
{
	*k = (struct link){.fd = load_connect(l), .in = BUF_INIT};
}

void link_send(struct link *k, const struct buf *request)
{
	for (size_t at = 0; at < request->len;) {
		ssize_t n = send(k->fd, request->data + at, request->len - at, MSG_NOSIGNAL);

		if (n <= 0)
			load_fail("send: %s", strerror(errno));
		at += (size_t)n;
	}
	k->busy = true;
	k->head_over = false;
	buf_reset(&k->in);
}

/* The head in k->in is whole and ends before `body`. */
static void head_read(struct link *k, const char *body)
{
	static const char word[] = "Content-Length: ";
	const char *length = strcasestr(k->in.data, word);
	size_t came = k->in.len - (size_t)(body - k->in.data);

	if (length == NULL || length > body)
		load_fail("an answer without a length: %.300s", k->in.data);
	k->status = (int)strtol(k->in.data + strlen("HTTP/1.1 "), NULL, 10);
	k->bytes = strtoull(length + sizeof word - 1, NULL, 10);
	k->left = k->bytes - came;
	k->head_over = true;
	if (k->status >= 300)
		load_fail("answered %d: %.300s", k->status, body);
	buf_drop(&k->in, k->in.len - came);
}

bool link_read(struct link *k)
{
	static __thread char piece[PIECE];
	ssize_t n = recv(k->fd, piece, sizeof piece, 0);
	const char *end;

	if (n <= 0)
		load_fail("the server closed a connection: %.300s", k->in.data);
	if (k->head_over) {
		k->left -= (size_t)n;
		if (k->keeps)
			buf_add(&k->in, piece, (size_t)n);
	} else {
		buf_add(&k->in, piece, (size_t)n);
		end = strstr(k->in.data, "\r\n\r\n");
		if (end == NULL)
			return false;
		head_read(k, end + 4);
	}
	k->busy = k->left > 0;
	return !k->busy;
}

void link_ask(struct link *k, const struct buf *request)
{
	k->keeps = true;
	link_send(k, request);
	while (!link_read(k))
		;
}

/* ---- Times ---- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void times_sort(struct times *t)
{
	qsort(t->ms, t->count, sizeof *t->ms, by_size);
}

double times_at(const struct times *t, double part)
{
	size_t at = (size_t)((double)t->count * part);

	return t->count == 0 ? 0 : t->ms[at < t->count ? at : t->count - 1];
}

/* ---- Closed loop ---- */

struct closed {
	void (*make)(void *ctx, size_t n, struct buf *out);
	void *ctx;
	size_t sent, count;
	struct buf request;
};

static void closed_next(struct closed *c, struct link *k)
{
	if (c->sent == c->count)
		return;
	buf_reset(&c->request);
	c->make(c->ctx, c->sent++, &c->request);
	k->due = load_now();
	link_send(k, &c->request);
}

void load_closed(const struct load *l, size_t links, size_t count,
	void (*make)(void *ctx, size_t n, struct buf *out), void *ctx, struct times *t,
	size_t *bytes)
{
	struct closed c = {make, ctx, 0, count, BUF_INIT};
	struct link *all = mem_alloc(links * sizeof *all);
	struct pollfd *polls = mem_alloc(links * sizeof *polls);

	*t = (struct times){.ms = mem_alloc(count * sizeof *t->ms)};
	*bytes = 0;
	for (size_t i = 0; i < links; i++) {
		link_open(l, &all[i]);
		polls[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
		closed_next(&c, &all[i]);
	}
	while (t->count < count) {
		poll(polls, links, -1);
		for (size_t i = 0; i < links; i++)
			if (polls[i].revents && all[i].busy && link_read(&all[i])) {
				t->ms[t->count++] = load_now() - all[i].due;
				*bytes += all[i].bytes;
				closed_next(&c, &all[i]);
			}
	}
	for (size_t i = 0; i < links; i++) {
		close(all[i].fd);
		buf_release(&all[i].in);
	}
	free(all);
	free(polls);
	buf_release(&c.request);
}
