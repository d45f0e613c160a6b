/*
 * A balancer of its own for tests and measurements: told by lines on standard input which backends
 * there are, it says what happens on standard output, and ends with its input.
 *
 *     balancer [connections_max=N] [retry_bytes=N] [held_max=N] [waiting_max=N] [retry=0]
 *              [wait_ms=N] [answer_ms=N] [hidden=NAME] [key=VALUE OF X-Key]
 *
 * add PORT, drain PORT, remove PORT, stats
 */
#include "balance/balance.h"

#include "base/mem.h"
#include "base/num.h"
#include "http/head.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct program {
	uv_loop_t loop;
	uv_poll_t input;
	struct balancer *b;
	struct backend *backends[65536]; /* by port */
	char line[4096];
	size_t len;
	const char *key;
};

static bool program_admit(void *ctx, const struct head *h, int *status, struct err *e)
{
	struct program *p = ctx;
	const char *key = head_get(h, "x-key");

	if (p->key == NULL || (key != NULL && strcmp(key, p->key) == 0))
		return true;
	*status = 401;
	return err_set(e, ERR_UNAUTHORIZED, "the key of this service is missing or \"wrong\"");
}

static void program_wanted(void *ctx)
{
	(void)ctx;
	puts("wanted");
}

static void backend_drained(void *ctx, struct backend *backend)
{
	struct program *p = ctx;
	struct backend **at = backend_owner(backend);

	printf("drained %d\n", (int)(at - p->backends));
}

static void say_stats(struct program *p)
{
	struct balance_stats s;

	balancer_stats(p->b, &s);
	printf("stats {\"requests\": %llu, \"errors\": %llu, \"retries\": %llu, \"in_flight\": %zu, "
	       "\"waiting\": %zu, \"connections\": %zu, \"held_bytes\": %zu, \"p50\": %.3f, "
	       "\"p99\": %.3f}\n",
		(unsigned long long)s.requests, (unsigned long long)s.errors,
		(unsigned long long)s.retries, s.in_flight, s.waiting, s.connections, s.held_bytes,
		latency_quantile(&s.latency, NULL, 0.5), latency_quantile(&s.latency, NULL, 0.99));
}

static void line_came(struct program *p, char *line)
{
	char *word = line, *rest = strchr(line, ' ');
	int64_t port = 0;

	if (rest != NULL)
		*rest++ = '\0';
	if (strcmp(word, "stats") == 0) {
		say_stats(p);
		return;
	}
	if (rest == NULL || !num_i64(rest, 1, 65535, &port))
		return;
	if (strcmp(word, "add") == 0)
		p->backends[port] = balancer_add(p->b, (int)port, &p->backends[port]);
	else if (strcmp(word, "drain") == 0)
		balancer_drain(p->backends[port]);
	else if (strcmp(word, "remove") == 0)
		balancer_remove(p->backends[port]);
	printf("done %s %d\n", word, (int)port);
}

static void balancer_gone(void *ctx)
{
	(void)ctx;
	puts("freed");
}

static void input_came(uv_poll_t *poll, int status, int events)
{
	struct program *p = poll->data;
	ssize_t n = read(STDIN_FILENO, p->line + p->len, sizeof p->line - p->len - 1);
	char *end;

	(void)status;
	(void)events;
	if (n <= 0) {
		uv_close((uv_handle_t *)poll, NULL);
		balancer_free(p->b, balancer_gone, p);
		return;
	}
	p->len += (size_t)n;
	p->line[p->len] = '\0';
	while ((end = strchr(p->line, '\n')) != NULL) {
		*end++ = '\0';
		line_came(p, p->line);
		p->len -= (size_t)(end - p->line);
		memmove(p->line, end, p->len + 1);
	}
}

static bool setting(struct balance_settings *set, struct program *p, char *word)
{
	static const char *hidden[2];
	char *value = strchr(word, '=');
	int64_t n = 0;

	if (value == NULL)
		return false;
	*value++ = '\0';
	if (strcmp(word, "hidden") == 0) {
		hidden[0] = value;
		set->hidden = hidden;
		return true;
	}
	if (strcmp(word, "key") == 0) {
		p->key = value;
		return true;
	}
	if (!num_i64(value, 0, INT64_MAX, &n))
		return false;
	if (strcmp(word, "retry") == 0)
		set->retry = n != 0;
	else if (strcmp(word, "wait_ms") == 0)
		set->wait_ms = n;
	else if (strcmp(word, "answer_ms") == 0)
		set->answer_ms = n;
	else if (strcmp(word, "connections_max") == 0)
		set->connections_max = (size_t)n;
	else if (strcmp(word, "retry_bytes") == 0)
		set->retry_bytes = (size_t)n;
	else if (strcmp(word, "held_max") == 0)
		set->held_max = (size_t)n;
	else if (strcmp(word, "waiting_max") == 0)
		set->waiting_max = (size_t)n;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	static const struct balance_calls calls = {
		.admit = program_admit,
		.wanted = program_wanted,
		.drained = backend_drained,
	};
	struct program *p = mem_alloc(sizeof *p);
	struct balance_settings set = {.retry = true};
	struct err e = ERR_INIT;
	int port = 0;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		if (!setting(&set, p, argv[i])) {
			fprintf(stderr, "%s: no such setting\n", argv[i]);
			return 2;
		}
	uv_loop_init(&p->loop);
	p->b = balancer_new(&p->loop, &set, &calls, p);
	if (!balancer_listen(p->b, "127.0.0.1", &port, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	printf("listening %d\n", port);
	uv_poll_init(&p->loop, &p->input, STDIN_FILENO);
	p->input.data = p;
	uv_poll_start(&p->input, UV_READABLE, input_came);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&p->loop) != 0)
		puts("left open");
	free(p);
	return 0;
}
