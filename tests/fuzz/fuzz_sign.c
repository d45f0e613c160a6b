/* links: core base */
/*
 * The Authorization header with its date and nonce. Whatever is parsed is within its bounds, names
 * host and the date among its signed headers, and is true for no secret by chance.
 */
#include "base/buf.h"
#include "core/wire/sign.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* The text up to the next newline, cut off the input. */
static char *line(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
	size_t len = end ? (size_t)(end - *data) : *size;
	char *text = malloc(len + 1);

	if (len > 0)
		memcpy(text, *data, len);
	text[len] = '\0';
	*data += len + (end != NULL);
	*size -= len + (end != NULL);
	return text;
}

static void check_names(const char *authorization)
{
	char name[64];

	for (size_t i = 0; i < 100 && sign_signed_header(authorization, i, name); i++)
		must(strlen(name) > 0 && strlen(name) < sizeof name && strchr(name, ';') == NULL);
}

/* The same texts as what the public client sends. */
static void check_galaxy(const char *authorization, const char *time, const char *md5,
	const char *key)
{
	struct sign_pair headers[] = {
		{"authorization", authorization},
		{"x-xiaomi-timestamp", time},
		{"x-xiaomi-content-md5", md5},
		{"x-xiaomi-secret-key-id", key},
	};
	struct sign_request r = {.method = "GET",
		.path = "/cloud_ml/v1/train",
		.headers = headers,
		.header_count = 4,
		.body_md5 = "d41d8cd98f00b204e9800998ecf8427e"};
	struct sign_claim claim;
	struct err e = ERR_INIT;

	if (!sign_galaxy_v3.parse(&r, &claim, &e)) {
		must(e.code == ERR_NONE || (e.code == ERR_UNAUTHORIZED && e.text[0] != '\0'));
		return;
	}
	must(strlen(claim.signature) == 28 && claim.access_key[0] != '\0');
	must(strlen(claim.nonce) < sizeof claim.nonce && claim.time_ms >= 0);
	must(!sign_galaxy_v3.verify(&r, &claim, "a secret of nobody's"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *authorization = line(&data, &size), *date = line(&data, &size);
	char *nonce = line(&data, &size), *host = line(&data, &size);
	struct sign_pair headers[] = {
		{"authorization", authorization},
		{"x-mltop-date", date},
		{"x-mltop-nonce", nonce},
		{"host", host},
	};
	struct sign_request r = {.method = "GET",
		.path = "/cloud_ml/v1/train",
		.headers = headers,
		.header_count = 4,
		.body = data,
		.body_len = size};
	struct sign_claim claim;
	struct err e = ERR_INIT;

	check_names(authorization);
	if (sign_sigv4.parse(&r, &claim, &e)) {
		must(strlen(claim.signature) == 64 && claim.access_key[0] != '\0');
		must(strstr(claim.signed_headers, "host") != NULL);
		must(strstr(claim.signed_headers, "x-mltop-date") != NULL);
		must(strlen(claim.nonce) < sizeof claim.nonce);
		must(!sign_sigv4.verify(&r, &claim, "a secret of nobody's"));
	} else {
		must(e.code == ERR_NONE || (e.code == ERR_UNAUTHORIZED && e.text[0] != '\0'));
	}
	check_galaxy(authorization, date, nonce, host);
	free(authorization);
	free(date);
	free(nonce);
	free(host);
	return 0;
}
