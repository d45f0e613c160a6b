/* TLS of both clients against the real mltopd, with certificates that are right and wrong. */
#include "base/fsio.h"
#include "base/mem.h"
#include "io/dial.h"
#include "io/http.h"
#include "io/ws.h"
#include "io_server.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char root[256];
static EVP_PKEY *ca_key;
static X509 *ca;

static char *at(const char *name, const char *end)
{
	static char path[2][400];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s%s", root, name, end);
	return path[turn];
}

/* ---- Certificates ---- */

static void write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	if (certificate)
		PEM_write_X509(f, certificate);
	if (key)
		PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

static void extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
}

/* For the hosts in `names`, signed by the authority (itself without one). */
static X509 *certificate(EVP_PKEY *key, const char *cn, const char *names, long from_s, long to_s)
{
	static long serial = 1;
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), from_s);
	X509_gmtime_adj(X509_getm_notAfter(x), to_s);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
		(const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(ca ? ca : x));
	extend(x, NID_basic_constraints, ca ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (names)
		extend(x, NID_subject_alt_name, names);
	X509_sign(x, ca_key, EVP_sha256());
	return x;
}

static void make_certificate(const char *name, const char *hosts, long from_s, long to_s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certificate(key, name, hosts, from_s, to_s);

	write_pem(at(name, ".pem"), x, NULL);
	write_pem(at(name, ".key"), NULL, key);
	X509_free(x);
	EVP_PKEY_free(key);
}

static int set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof root, "%s/mltop-tls-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(root) == NULL)
		return 1;
	ca_key = EVP_EC_gen("P-256");
	ca = certificate(ca_key, "an authority", NULL, -10, 86400);
	write_pem(at("ca", ".pem"), ca, NULL);
	make_certificate("good", "IP:127.0.0.1,DNS:localhost", -10, 86400);
	make_certificate("other", "DNS:other.example", -10, 86400);
	make_certificate("old", "IP:127.0.0.1", -86400, -10);
	make_certificate("early", "IP:127.0.0.1", 86400, 2 * 86400);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return !fsio_remove_tree(root, NULL);
}

/* ---- The server ---- */

static pid_t daemon_pid;

/* Starts mltopd with that certificate; returns its port. */
static int start(const char *name)
{
	char *dir = fsio_program_dir(), *program = fsio_join(dir, "../mltopd"), line[200] = "";
	char *argv[] = {program, (char *)"--listen", (char *)"127.0.0.1:0", (char *)"--engine",
		(char *)"fake", (char *)"--set", (char *)"fake.changes=0", (char *)"--state-dir",
		mem_strdup(at(name, "-state")), (char *)"--tls-cert", mem_strdup(at(name, ".pem")),
		(char *)"--tls-key", mem_strdup(at(name, ".key")), NULL};
	int ends[2];
	FILE *out;

	assert_int_equal(pipe(ends), 0);
	daemon_pid = fork();
	if (daemon_pid == 0) {
		int quiet = open("/dev/null", O_WRONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		dup2(quiet, STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(program, argv);
		_exit(127);
	}
	close(ends[1]);
	out = fdopen(ends[0], "r");
	assert_non_null(fgets(line, sizeof line, out));
	fclose(out);
	free(argv[8]);
	free(argv[10]);
	free(argv[12]);
	free(program);
	free(dir);
	assert_non_null(strstr(line, "listening on https://"));
	return (int)strtol(strrchr(line, ':') + 1, NULL, 10);
}

static void stop(void)
{
	kill(daemon_pid, SIGTERM);
	assert_int_equal(waitpid(daemon_pid, NULL, 0), daemon_pid);
}

/* ---- The clients ---- */

struct result {
	bool over, freed;
	int status;
	struct err err;
	bool transport;
};

static void on_answer(void *ctx, const struct http_answer *a)
{
	struct result *r = ctx;

	r->over = true;
	r->status = a->status;
	r->err = a->err;
	r->transport = a->transport;
}

static void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

static struct result by_http(const char *host, int port, const char *ca_file)
{
	struct http_config config = {.ca_file = ca_file, .direct = true};
	struct http_request r = {.method = "GET"};
	struct result result = {false};
	uv_loop_t loop;
	struct http *h;
	char url[100];

	uv_loop_init(&loop);
	h = http_new(&loop, &config);
	snprintf(url, sizeof url, "https://%s:%d/version", host, port);
	r.url = url;
	http_send(h, &r, on_answer, &result);
	assert_true(loop_until(&loop, &result.over));
	http_free(h, on_freed, &result.freed);
	assert_true(loop_until(&loop, &result.freed));
	assert_int_equal(uv_loop_close(&loop), 0);
	return result;
}

static void on_open(void *ctx)
{
	(void)ctx;
	fail_msg("an unsigned stream was opened");
}

static void on_message(void *ctx, bool binary, const char *bytes, size_t len)
{
	(void)ctx, (void)binary, (void)bytes, (void)len;
}

static void on_closed(void *ctx, int status, const struct err *why)
{
	struct result *r = ctx;

	r->over = true;
	r->status = status;
	r->err = *why;
}

static struct result by_websocket(const char *host, int port, const char *ca_file)
{
	struct ws_config config = {.ca_file = ca_file,
		.direct = true,
		.protocol = "mltop.v1",
		.message_max = 1000};
	struct result result = {false};
	struct ws_events events = {&result, on_open, on_message, on_closed};
	char authority[100];
	struct ws_target t = {.tls = true, .authority = authority, .path = "/cloud_ml/v1/stream"};
	uv_loop_t loop;
	struct ws *w;

	uv_loop_init(&loop);
	w = ws_new(&loop, &config, &events);
	snprintf(authority, sizeof authority, "%s:%d", host, port);
	ws_connect(w, &t);
	assert_true(loop_until(&loop, &result.over));
	ws_free(w, on_freed, &result.freed);
	assert_true(loop_until(&loop, &result.freed));
	assert_int_equal(uv_loop_close(&loop), 0);
	return result;
}

/* Both are refused before a byte of a request leaves, and say the same. */
static void expect_refused(const char *host, int port, const char *ca_file, const char *why)
{
	struct result h = by_http(host, port, ca_file), w = by_websocket(host, port, ca_file);

	assert_int_equal(h.status, 0);
	assert_int_equal(w.status, 0);
	assert_false(h.transport);
	if (strstr(h.err.text, why) == NULL || strstr(w.err.text, why) == NULL)
		fail_msg("not \"%s\":\n%s\n%s", why, h.err.text, w.err.text);
}

static void a_good_certificate_is_accepted(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	int port = start("good");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct result r = by_http(hosts[i], port, at("ca", ".pem"));

		assert_int_equal(r.err.code, ERR_NONE);
		assert_int_equal(r.status, 200);
		r = by_websocket(hosts[i], port, at("ca", ".pem"));
		assert_int_equal(r.status, 401); /* TLS is done: the platform itself refuses */
		assert_int_equal(r.err.code, ERR_UNAUTHORIZED);
	}
	expect_refused("127.0.0.1", port, NULL, "its authority is not known here");
	expect_refused("127.0.0.1", port, "/no/such/ca.pem",
		"ca_file of the context cannot be used");
	stop();
}

static void wrong_certificates_are_refused_and_named(void **state)
{
	static const struct {
		const char *name, *why;
	} cases[] = {
		{"other", "it is made out for another host"},
		{"old", "it has expired"},
		{"early", "it is not valid yet"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int port = start(cases[i].name);

		expect_refused("127.0.0.1", port, at("ca", ".pem"), cases[i].why);
		stop();
	}
}

/* Without a ca_file no setting of the person's is to blame. */
static void a_machine_without_authorities_is_told_what_to_install(void **state)
{
	CURL *easy = curl_easy_init();
	struct err e = ERR_INIT;

	(void)state;
	assert_true(dial_explain(easy, NULL, "https://ml.example:443", "", CURLE_SSL_CACERT_BADFILE,
		&e));
	assert_non_null(strstr(e.text, "install the package ca-certificates"));
	assert_non_null(strstr(e.text, "ml.example:443"));
	assert_true(dial_explain(easy, "/a/ca.pem", "https://ml.example:443", "no such file",
		CURLE_SSL_CACERT_BADFILE, &e));
	assert_string_equal(e.text, "the ca_file of the context cannot be used: no such file");
	curl_easy_cleanup(easy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_certificate_is_accepted),
		cmocka_unit_test(wrong_certificates_are_refused_and_named),
		cmocka_unit_test(a_machine_without_authorities_is_told_what_to_install),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
