#include "io/ws_upgrade.h"

#include "io/ws.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void ws_upgrade_key(char key[WS_KEY_SIZE], const unsigned char random[WS_KEY_RANDOM])
{
	EVP_EncodeBlock((unsigned char *)key, random, WS_KEY_RANDOM);
}

void ws_upgrade_request(struct buf *out, const struct ws_target *t, const char *protocol,
	const char *key)
{
	buf_addf(out,
		"GET %s HTTP/1.1\r\n"
		"Host: %s\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Key: %s\r\n"
		"Sec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Protocol: %s\r\n",
		t->path, t->authority, key, protocol);
	for (size_t i = 0; t->headers && t->headers[i]; i++)
		buf_addf(out, "%s\r\n", t->headers[i]);
	buf_adds(out, "\r\n");
}

/* ---- The answer ---- */

struct upgrade_text {
	const char *at;
	size_t len;
};

/* What an answer of 101 must have said by its end. */
struct said {
	bool upgrade, connection, accept, protocol;
	const char *wrong;
};

static bool same(struct upgrade_text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.at, word, t.len) == 0;
}

static struct upgrade_text text_trimmed(struct upgrade_text t)
{
	while (t.len > 0 && (*t.at == ' ' || *t.at == '\t'))
		t.at++, t.len--;
	while (t.len > 0 && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
		t.len--;
	return t;
}

/* Takes what stands before the first `end` off `rest`, and that with it. */
static struct upgrade_text taken(struct upgrade_text *rest, const char *end)
{
	size_t size = strlen(end);
	const char *at = memmem(rest->at, rest->len, end, size);
	struct upgrade_text t = {rest->at, at ? (size_t)(at - rest->at) : rest->len};
	size_t gone = at ? t.len + size : t.len;

	rest->at += gone;
	rest->len -= gone;
	return t;
}

static bool lists(struct upgrade_text value, const char *word)
{
	while (value.len > 0)
		if (same(text_trimmed(taken(&value, ",")), word))
			return true;
	return false;
}

/* Base64 of the SHA-1 over the key and the RFC's own constant. */
static bool accepts(struct upgrade_text value, const char *key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char hash[EVP_MAX_MD_SIZE];
	char both[WS_KEY_SIZE + sizeof guid], wanted[64];
	unsigned hash_len = 0;
	int len = snprintf(both, sizeof both, "%s%s", key, guid);

	if (EVP_Digest(both, (size_t)len, hash, &hash_len, EVP_sha1(), NULL) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)wanted, hash, (int)hash_len);
	return value.len == strlen(wanted) && memcmp(value.at, wanted, value.len) == 0;
}

/* Said at most once, and rightly. */
static void expect(struct said *s, bool *once, bool right, const char *wrong)
{
	if (*once || !right)
		s->wrong = wrong;
	*once = true;
}

/* A name without blanks, which also refuses folded lines, and a value without control characters. */
static bool well_formed(struct upgrade_text name, struct upgrade_text value)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] >= 0x7f)
			return false;
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.at[i] < ' ' && value.at[i] != '\t')
			return false;
	return name.len > 0 && name.at + name.len < value.at;
}

static void take_header(struct said *s, struct upgrade_text line, const char *protocol,
	const char *key)
{
	struct upgrade_text name = taken(&line, ":"), value = text_trimmed(line);

	if (!well_formed(name, value))
		s->wrong = "a line of its header is malformed";
	else if (same(name, "upgrade"))
		expect(s, &s->upgrade, same(value, "websocket"), "its Upgrade is no websocket");
	else if (same(name, "connection"))
		s->connection = s->connection || lists(value, "upgrade");
	else if (same(name, "sec-websocket-accept"))
		expect(s, &s->accept, accepts(value, key), "its Sec-WebSocket-Accept is wrong");
	else if (same(name, "sec-websocket-protocol"))
		expect(s, &s->protocol,
			value.len == strlen(protocol) && memcmp(value.at, protocol, value.len) == 0,
			"it chose another Sec-WebSocket-Protocol");
	else if (same(name, "sec-websocket-extensions") && value.len > 0)
		s->wrong = "it uses extensions that were not offered";
}

static const char *what_is_wrong(struct upgrade_text header, const char *protocol, const char *key)
{
	struct said s = {false};

	while (header.len > 0 && s.wrong == NULL)
		take_header(&s, taken(&header, "\r\n"), protocol, key);
	if (s.wrong)
		return s.wrong;
	if (!s.upgrade || !s.connection)
		return "it does not upgrade the connection";
	if (!s.accept)
		return "its Sec-WebSocket-Accept is missing";
	return s.protocol ? NULL : "it chose no Sec-WebSocket-Protocol";
}

/* "HTTP/1.1 101 ..." -> 101; 0: not that. Who refuses may speak 1.0. */
static int status_of(struct upgrade_text line)
{
	int status = 0;

	if (line.len < 12 || (line.at[7] != '1' && line.at[7] != '0') || line.at[8] != ' ')
		return 0;
	for (size_t i = 9; i < 12; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return 0;
		status = status * 10 + line.at[i] - '0';
	}
	return line.len == 12 || line.at[12] == ' ' ? status : 0;
}

/* What Content-Length says, as far as it matters; 0: nothing. */
static size_t length_of(struct upgrade_text header)
{
	size_t length = 0;

	while (header.len > 0) {
		struct upgrade_text line = taken(&header, "\r\n");
		struct upgrade_text name = taken(&line, ":");
		struct upgrade_text value = text_trimmed(line);

		for (size_t i = 0; same(name, "content-length") && i < value.len; i++)
			if (value.at[i] >= '0' && value.at[i] <= '9' && length < WS_REFUSAL_MAX)
				length = length * 10 + (size_t)(value.at[i] - '0');
	}
	return length < WS_REFUSAL_MAX ? length : WS_REFUSAL_MAX;
}

enum ws_answer ws_upgrade_answer(struct ws_verdict *v, const char *bytes, size_t len,
	const char *protocol, const char *key)
{
	static const char begin[] = "HTTP/1.";
	struct upgrade_text rest = {bytes, len};

	for (;;) {
		struct upgrade_text header, line;
		size_t known = rest.len < sizeof begin - 1 ? rest.len : sizeof begin - 1;

		v->wrong = "that is not HTTP";
		if (memcmp(rest.at, begin, known) != 0)
			return WS_ANSWER_WRONG;
		if (memmem(rest.at, rest.len, "\r\n\r\n", 4) == NULL)
			return WS_ANSWER_MORE;
		header = taken(&rest, "\r\n\r\n");
		line = taken(&header, "\r\n");
		v->status = status_of(line);
		if (v->status < 100)
			return WS_ANSWER_WRONG;
		if (v->status == 101) {
			v->wrong = what_is_wrong(header, protocol, key);
			v->used = (size_t)(rest.at - bytes);
			return v->wrong ? WS_ANSWER_WRONG : WS_ANSWER_OPEN;
		}
		if (v->status >= 200) {
			v->used = (size_t)(rest.at - bytes);
			v->length = length_of(header);
			return WS_ANSWER_REFUSED;
		}
		/* 100 or 103: the answer itself follows */
	}
}
