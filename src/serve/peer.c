#include "serve/peer.h"

#include "base/num.h"
#include "http/head.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Addresses ---- */

/* As 16 bytes; false: it is none. */
static bool address_bytes(const char *text, uint8_t out[16], bool *four)
{
	struct in_addr v4;

	*four = inet_pton(AF_INET, text, &v4) == 1;
	if (!*four)
		return inet_pton(AF_INET6, text, out) == 1;
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, &v4, 4);
	return true;
}

static void address_text(const struct sockaddr_storage *at, char out[PEER_SIZE])
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)at;
	const struct sockaddr_in *four = (const struct sockaddr_in *)at;

	snprintf(out, PEER_SIZE, "unknown");
	if (at->ss_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, out, PEER_SIZE);
	else if (at->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, out, PEER_SIZE);
	else if (at->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &six->sin6_addr, out, PEER_SIZE);
}

bool peer_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* ---- The user of a socket of this machine (sock_diag(7)) ---- */

static void diag_address(const struct sockaddr_storage *at, __be32 address[4], __be16 *port)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)at;
	const struct sockaddr_in *four = (const struct sockaddr_in *)at;

	if (at->ss_family == AF_INET) {
		address[0] = four->sin_addr.s_addr;
		*port = four->sin_port;
	} else {
		memcpy(address, &six->sin6_addr, 16);
		*port = six->sin6_port;
	}
}

/* The one socket with these ends: exactly one answer, or an error. */
static bool diag_ask(int netlink, const struct inet_diag_req_v2 *asked, int *uid)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {.nlmsg_len = sizeof request,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST},
		.body = *asked,
	};
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} answer;
	ssize_t n;

	if (send(netlink, &request, sizeof request, 0) != sizeof request)
		return false;
	n = recv(netlink, &answer, sizeof answer, MSG_DONTWAIT);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ||
		answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	*uid = (int)((const struct inet_diag_msg *)NLMSG_DATA(&answer.head))->idiag_uid;
	return true;
}

/* Of the socket that connected to `fd` from this machine. */
static bool peer_user(int fd, const struct sockaddr_storage *theirs, int *uid)
{
	struct sockaddr_storage ours;
	socklen_t len = sizeof ours;
	struct inet_diag_req_v2 asked = {.sdiag_family = (__u8)theirs->ss_family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = ~0u,
		.id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}};
	int netlink;
	bool ok;

	if (getsockname(fd, (struct sockaddr *)&ours, &len) != 0)
		return false;
	diag_address(theirs, asked.id.idiag_src, &asked.id.idiag_sport);
	diag_address(&ours, asked.id.idiag_dst, &asked.id.idiag_dport);
	netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (netlink < 0)
		return false;
	ok = diag_ask(netlink, &asked, uid);
	close(netlink);
	return ok;
}

static bool unix_user(int fd, int *uid)
{
	struct ucred who;
	socklen_t len = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return false;
	*uid = (int)who.uid;
	return true;
}

void peer_of(struct peer *p, int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof at;
	int uid;

	if (getpeername(fd, (struct sockaddr *)&at, &len) != 0)
		at.ss_family = AF_UNSPEC;
	address_text(&at, p->address);
	if (at.ss_family == AF_UNIX && unix_user(fd, &uid)) {
		snprintf(p->address, sizeof p->address, "unix");
		snprintf(p->counted, sizeof p->counted, "unix user %d", uid);
	} else if (peer_loopback(p->address) && peer_user(fd, &at, &uid))
		snprintf(p->counted, sizeof p->counted, "%s user %d", p->address, uid);
	else
		snprintf(p->counted, sizeof p->counted, "%s", p->address);
}

/* ---- Networks ---- */

bool network_parse(struct network *n, const char *text, struct err *e)
{
	size_t len = strcspn(text, "/");
	char address[PEER_SIZE];
	int64_t bits;
	bool four;

	if (len >= sizeof address)
		goto wrong;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!address_bytes(address, n->bytes, &four))
		goto wrong;
	bits = four ? 32 : 128;
	if (text[len] == '/' && !num_i64(text + len + 1, 0, bits, &bits))
		goto wrong;
	n->bits = (unsigned)bits + (four ? 96 : 0);
	return true;
wrong:
	return err_set(e, ERR_INVALID,
		"\"%.80s\" is no address and no network: give one such as 192.0.2.7 or 10.0.0.0/8",
		text);
}

static bool network_has(const struct network *n, const uint8_t address[16])
{
	for (unsigned i = 0; i < n->bits; i++)
		if ((n->bytes[i / 8] ^ address[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

bool networks_have(const struct network *n, size_t count, const char *address)
{
	uint8_t bytes[16];
	bool four;

	if (!address_bytes(address, bytes, &four))
		return false;
	for (size_t i = 0; i < count; i++)
		if (network_has(&n[i], bytes))
			return true;
	return false;
}

/* ---- X-Forwarded-For ---- */

/* Takes the last item off `list`, whose length is *len; false: it is no address. */
static bool last_address(const char *list, size_t *len, char out[PEER_SIZE])
{
	size_t end = *len, start;
	uint8_t bytes[16];
	bool four;

	while (end > 0 && strchr(" \t", list[end - 1]) != NULL)
		end--;
	for (start = end; start > 0 && strchr(", \t", list[start - 1]) == NULL; start--)
		;
	if (end == start || end - start >= PEER_SIZE)
		return false;
	memcpy(out, list + start, end - start);
	out[end - start] = '\0';
	while (start > 0 && strchr(" \t", list[start - 1]) != NULL)
		start--;
	*len = start > 0 ? start - 1 : 0; /* the comma */
	return address_bytes(out, bytes, &four);
}

bool peer_forwarded(const struct head *h, const struct network *trusted, size_t count,
	char out[PEER_SIZE])
{
	for (size_t i = h->count; i-- > 0;) {
		const char *list = h->fields[i].value;
		size_t len = strlen(list);

		if (strcmp(h->fields[i].name, "x-forwarded-for") != 0)
			continue;
		while (len > 0) {
			if (!last_address(list, &len, out))
				return false;
			if (!networks_have(trusted, count, out))
				return true;
		}
	}
	return false;
}
