/* Peers: networks that are trusted, whom a proxy speaks for, and whose socket is at the other end. */
#include "http/head.h"
#include "serve/peer.h"

#include "base/mem.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool has(const char *network, const char *address)
{
	struct network n;
	struct err e = ERR_INIT;

	if (!network_parse(&n, network, &e))
		fail_msg("%s", e.text);
	return networks_have(&n, 1, address);
}

static void test_networks(void **state)
{
	(void)state;
	assert_true(has("192.0.2.7", "192.0.2.7"));
	assert_false(has("192.0.2.7", "192.0.2.6"));
	assert_true(has("10.0.0.0/8", "10.255.1.2"));
	assert_false(has("10.0.0.0/8", "11.0.0.0"));
	assert_true(has("10.0.0.0/9", "10.127.0.1"));
	assert_false(has("10.0.0.0/9", "10.128.0.1"));
	assert_true(has("0.0.0.0/0", "203.0.113.9"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
	assert_true(has("2001:db8::/32", "2001:db8:1::1"));
	assert_false(has("2001:db8::/32", "2001:db9::1"));
	assert_true(has("::1", "::1"));
	assert_true(has("192.0.2.7", "::ffff:192.0.2.7"));
	assert_false(has("192.0.2.7", "unix"));
	assert_false(has("0.0.0.0/0", "unknown"));
}

static void test_networks_refused(void **state)
{
	static const char *const bad[] = {"", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
		"10.0.0/8", "10.0.0.0/8/8", "::/129", "localhost", "10.0.0.0/ 8"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct network n;
		struct err e = ERR_INIT;

		assert_false(network_parse(&n, bad[i], &e));
		assert_int_equal(e.code, ERR_INVALID);
	}
}

/* Whom the fields name, where 10.0.0.0/8 is trusted; NULL: nobody. */
static void forwarded(const char *fields, const char *wants)
{
	struct network trusted;
	struct err e = ERR_INIT;
	struct head h;
	char text[1024], out[PEER_SIZE];
	bool found;

	assert_true(network_parse(&trusted, "10.0.0.0/8", &e));
	snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	assert_true(head_read(&h, text, strlen(text), &e));
	found = peer_forwarded(&h, &trusted, 1, out);
	assert_int_equal(found, wants != NULL);
	if (found)
		assert_string_equal(out, wants);
	head_release(&h);
}

static void test_forwarded(void **state)
{
	(void)state;
	forwarded("", NULL);
	forwarded("X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1");
	forwarded("X-Forwarded-For: 192.0.2.9, 192.0.2.1\r\n", "192.0.2.1");
	forwarded("X-Forwarded-For: 192.0.2.9,192.0.2.1,10.0.0.1 ,\t10.2.3.4\r\n", "192.0.2.1");
	forwarded("X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1");
	forwarded("X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-For: 10.0.0.1\r\n", "192.0.2.9");
	forwarded("X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1");
	forwarded("X-Forwarded-For: 10.0.0.1\r\n", NULL);
	/* what cannot be read is not passed over */
	forwarded("X-Forwarded-For: 192.0.2.1, somebody\r\n", NULL);
	forwarded("X-Forwarded-For: 192.0.2.1, \r\n", NULL);
	forwarded("X-Forwarded-For: 192.0.2.1,,10.0.0.1\r\n", NULL);
	forwarded("X-Forwarded-For: 192.0.2.1:80\r\n", NULL);
}

/* The other end of a connection of this very process. */
static void test_loopback(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	int listening = socket(AF_INET, SOCK_STREAM, 0), ours = socket(AF_INET, SOCK_STREAM, 0);
	char wants[64];
	struct peer p;
	int theirs;

	(void)state;
	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(ours, (struct sockaddr *)&at, sizeof at), 0);
	theirs = accept(listening, NULL, NULL);
	peer_of(&p, theirs);
	assert_string_equal(p.address, "127.0.0.1");
	/* A kernel without sock_diag says no user: then the address alone counts. */
	snprintf(wants, sizeof wants, "127.0.0.1 user %d", (int)getuid());
	if (strcmp(p.counted, "127.0.0.1") != 0)
		assert_string_equal(p.counted, wants);
	printf("counted as %s\n", p.counted);
	close(theirs);
	close(ours);
	close(listening);
}

static void test_unix(void **state)
{
	int pair[2];
	char wants[64];
	struct peer p;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	peer_of(&p, pair[0]);
	snprintf(wants, sizeof wants, "unix user %d", (int)getuid());
	assert_string_equal(p.address, "unix");
	assert_string_equal(p.counted, wants);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_networks_refused),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_unix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
