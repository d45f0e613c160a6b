#include "client/url.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool refuse(struct err *e, const char *text, const char *why)
{
	return err_set(e, ERR_INVALID,
		"the endpoint %.200s is not usable: %s; it looks like "
		"http://127.0.0.1:8080 or https://ml.example.com",
		text, why);
}

static const char *take_scheme(struct url *u, const char *text)
{
	if (strncmp(text, "http://", 7) == 0) {
		u->tls = false;
		return text + 7;
	}
	u->tls = true;
	return strncmp(text, "https://", 8) == 0 ? text + 8 : text;
}

static bool host_allowed(const char *host, bool v6)
{
	const char *set = v6 ? "0123456789abcdefABCDEF:."
			     : "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	return *host != '\0' && host[strspn(host, set)] == '\0';
}

/* "host", "host:port", "[v6]", "[v6]:port" of `len` bytes. */
static bool take_authority(struct url *u, const char *at, size_t len, const char *whole,
	struct err *e)
{
	char text[256];
	bool v6 = len > 0 && *at == '[';
	char *port;
	int64_t number = u->tls ? 443 : 80;

	if (len >= 256)
		return refuse(e, whole, "its host is over 255 bytes");
	memcpy(text, at, len);
	text[len] = '\0';
	port = v6 ? strchr(text, ']') : strchr(text, ':');
	if (v6) {
		if (port == NULL || (port[1] != '\0' && port[1] != ':'))
			return refuse(e, whole, "its IPv6 address must stand in brackets");
		*port++ = '\0';
		port = *port == ':' ? port : NULL;
	}
	if (port) {
		*port++ = '\0';
		if (!num_i64(port, 1, 65535, &number))
			return refuse(e, whole, "its port must be a number from 1 to 65535");
	}
	if (!host_allowed(text + v6, v6))
		return refuse(e, whole, "its host has characters that no host has");
	u->port = (int)number;
	snprintf(u->host, sizeof u->host, "%s", text + v6);
	snprintf(u->authority, sizeof u->authority, "%s%s%s", v6 ? "[" : "", u->host,
		v6 ? "]" : "");
	if (u->port != (u->tls ? 443 : 80)) {
		size_t n = strlen(u->authority);

		snprintf(u->authority + n, sizeof u->authority - n, ":%d", u->port);
	}
	return true;
}

static bool take_prefix(struct url *u, const char *path, const char *whole, struct err *e)
{
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len >= sizeof u->prefix)
		return refuse(e, whole, "its path is over 511 bytes");
	memcpy(u->prefix, path, len);
	u->prefix[len] = '\0';
	if (u->prefix[strspn(u->prefix,
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		    "._~/-")] != '\0')
		return refuse(e, whole, "its path may hold only letters, digits and . _ ~ - /");
	return true;
}

bool url_parse(struct url *u, const char *text, struct err *e)
{
	struct url found = {0};
	const char *at = take_scheme(&found, text);
	size_t len = strcspn(at, "/?#");

	if (strstr(at, "://"))
		return refuse(e, text, "its scheme is neither http nor https");
	if (memchr(at, '@', len))
		return refuse(e, text, "it may not hold a user name");
	if (!take_authority(&found, at, len, text, e) || !take_prefix(&found, at + len, text, e))
		return false;
	*u = found;
	return true;
}

bool url_is_loopback(const struct url *u)
{
	struct in_addr v4;

	/* A name may begin with 127., too. */
	return (inet_pton(AF_INET, u->host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127) ||
		strcmp(u->host, "::1") == 0 || strcmp(u->host, "localhost") == 0;
}
