/*
 * Ports of replicas: from a range of the setting's, not those that the kernel gives to connections, for
 * one of these could be taken while its replica is run again. Which are ours while nobody listens there,
 * all platforms of the machine see: of each an abstract socket is held that has its name.
 */
#include "core/kinds/replica.h"
#include "kinds/kinds.h"
#include "kinds/services_inside.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int first_port(const struct services *all)
{
	return (int)all->p->settings.replica_ports;
}

/* -1: another platform has it. */
static int claim_open(int port)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int len = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "mltop-replica-port-%d", port);

	if (fd >= 0 &&
		bind(fd, (const struct sockaddr *)&at,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void claim_close(struct services *all, int i)
{
	if (all->claims[i] > 0)
		close(all->claims[i]);
	all->claims[i] = 0;
}

static bool claim(struct services *all, int i)
{
	int fd;

	if (all->claims[i] > 0)
		return true;
	fd = claim_open(first_port(all) + i);
	all->claims[i] = fd > 0 ? fd : 0;
	return fd > 0;
}

static void ports_of_rows(const struct services *all, bool used[REPLICA_PORTS])
{
	const struct rowset *rows = model_rows(&all->p->model, &replica_kind);

	memset(used, 0, REPLICA_PORTS * sizeof *used);
	for (size_t i = 0; i < rows->len; i++) {
		int64_t at = ((const struct replica *)rows->rows[i])->port - first_port(all);

		if (at >= 0 && at < REPLICA_PORTS)
			used[at] = true;
	}
}

void ports_claim(struct services *all)
{
	bool used[REPLICA_PORTS];

	ports_of_rows(all, used);
	for (int i = 0; i < REPLICA_PORTS; i++) {
		if (used[i])
			(void)claim(all, i); /* who has it runs there: its probe says so */
		else
			claim_close(all, i);
	}
}

void ports_let_go(struct services *all)
{
	for (int i = 0; i < REPLICA_PORTS; i++)
		claim_close(all, i);
}

static bool nobody_listens(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	bool good;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	good = bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0;
	close(fd);
	return good;
}

int port_choose(struct services *all)
{
	bool used[REPLICA_PORTS];

	ports_of_rows(all, used);
	for (int n = 0; n < REPLICA_PORTS; n++) {
		int i = all->next_port;

		all->next_port = (i + 1) % REPLICA_PORTS;
		if (used[i] || !claim(all, i))
			continue;
		if (nobody_listens(first_port(all) + i))
			return first_port(all) + i;
		claim_close(all, i);
	}
	return 0;
}
