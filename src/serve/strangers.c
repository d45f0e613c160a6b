/*
 * How many there are of each address that have not said who they are: connections, and requests
 * that a trusted proxy brings.
 */
#include "serve/http.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct address_use {
	int strangers;
};

bool strangers_room(const struct server *s, const char *counted)
{
	const struct server_limits *limits = s->asks->limits(s->platform);
	const struct address_use *use = map_get(&s->addresses, counted);

	return !limits->shared || limits->per_address <= 0 || use == NULL ||
		use->strangers < limits->per_address;
}

void strangers_count(struct server *s, const char *counted, int by)
{
	struct address_use *use = map_get(&s->addresses, counted);

	if (use == NULL) {
		use = mem_alloc(sizeof *use);
		map_set(&s->addresses, counted, use);
	}
	use->strangers += by;
	if (use->strangers == 0)
		free(map_remove(&s->addresses, counted));
}

bool guard_is_proxy(const struct server *s, const char *address)
{
	if (strcmp(address, "unix") == 0)
		return s->unix_trusted;
	return networks_have(s->proxies, s->proxy_count, address);
}

void guard_opened(struct conn *c)
{
	struct server *s = c->server;

	s->conn_live++;
	c->proxied = guard_is_proxy(s, c->peer.address);
	c->counted_address = !c->proxied;
	if (c->counted_address)
		strangers_count(s, c->peer.counted, 1);
}

void guard_authenticated(struct conn *c)
{
	if (c->counted_address)
		strangers_count(c->server, c->peer.counted, -1);
	c->counted_address = false;
	if (c->exchange != NULL)
		guard_exchange_over(c->exchange);
}

void guard_exchange_over(struct exchange *x)
{
	if (x->counted_address && x->server != NULL)
		strangers_count(x->server, x->r.peer, -1);
	x->counted_address = false;
}

void guard_closed(struct conn *c)
{
	guard_authenticated(c);
	c->server->conn_live--;
}
