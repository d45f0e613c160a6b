/* The daemon's side door: base/shimctl.h says what is spoken there. */
#include "shim.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void drop(struct control_client *client)
{
	close(client->fd);
	*client = (struct control_client){.fd = -1};
}

static void answer(struct control_client *client, const struct shimctl_message *m)
{
	/* A client that does not read 200 KB of short answers is not worth waiting for. */
	if (client->fd >= 0 && !shimctl_send(client->fd, m, NULL))
		drop(client);
}

void control_accept(struct shim *s)
{
	static const struct shimctl_message full = {.type = SHIMCTL_ERROR,
		.text = "the task's supervisor has as many connections as it takes: close one"};
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (int i = 0; i < SHIMCTL_CLIENTS; i++)
		if (s->clients[i].fd < 0) {
			s->clients[i] = (struct control_client){.fd = fd};
			return;
		}
	shimctl_send(fd, &full, NULL);
	close(fd);
}

static enum shimctl_state state_of(const struct shim *s)
{
	if (s->phase != PHASE_RUN)
		return SHIMCTL_CLEARING;
	return s->step == STEP_PREPARE ? SHIMCTL_PREPARING
		: s->step == STEP_MAIN ? SHIMCTL_RUNNING
				       : SHIMCTL_FINISHING;
}

static void answer_state(struct shim *s, struct control_client *client, bool measure)
{
	struct shimctl_message m = {
		.type = SHIMCTL_STATE,
		.state = state_of(s),
		.shim_pid = getpid(),
		.child_pid = s->child,
		.stopping = s->stopping,
		.start_ms = s->end.start_ms,
		.log_end = s->log.end,
		.log_lost = s->log.lost,
	};

	if (measure) {
		struct proctree_usage usage = tree_usage(s);

		m.processes = (int)usage.count;
		m.memory = s->memory;
		m.memory_peak = s->memory_peak;
		m.cpu_ms = usage.cpu_ms;
	}
	answer(client, &m);
}

void control_hello(struct shim *s)
{
	child_look(s);
	for (int i = 0; s->begun && i < SHIMCTL_CLIENTS; i++)
		while (s->clients[i].hellos > 0) {
			s->clients[i].hellos--;
			answer_state(s, &s->clients[i], false);
		}
}

/* At most one event is on its way to a client: a slow one gets the sum of what it missed. */
static void tell_log(struct shim *s, struct control_client *client)
{
	struct shimctl_message m = {.type = SHIMCTL_LOG,
		.log_end = s->log.end,
		.log_lost = s->log.lost};

	if (client->fd < 0 || !client->subscribed || client->waiting || client->sent == s->log.end)
		return;
	client->waiting = true;
	client->sent = s->log.end;
	answer(client, &m);
}

void control_log_grew(struct shim *s)
{
	for (int i = 0; i < SHIMCTL_CLIENTS; i++)
		tell_log(s, &s->clients[i]);
}

void control_exit(struct shim *s)
{
	struct shimctl_message m = {.type = SHIMCTL_EXIT,
		.log_end = s->log.end,
		.log_lost = s->log.lost};

	for (int i = 0; i < SHIMCTL_CLIENTS; i++)
		if (s->clients[i].subscribed)
			answer(&s->clients[i], &m);
}

static void answer_ok(struct control_client *client)
{
	answer(client, &(struct shimctl_message){.type = SHIMCTL_OK});
}

static void answer_unknown(struct control_client *client, const struct shimctl_message *asked)
{
	struct shimctl_message m = {.type = SHIMCTL_ERROR};

	snprintf(m.text, sizeof m.text, "this supervisor (mltop %s) does not know \"%.24s\"",
		MLTOP_VERSION, asked->name);
	answer(client, &m);
}

static void handle(struct shim *s, struct control_client *client, const struct shimctl_message *m)
{
	switch (m->type) {
	case SHIMCTL_HELLO:
		client->hellos++;
		control_hello(s);
		break;
	case SHIMCTL_STAT: answer_state(s, client, true); break;
	case SHIMCTL_STOP:
		steps_stop(s, TASK_END_STOPPED, m->grace_ms);
		answer_ok(client);
		break;
	case SHIMCTL_KILL:
		steps_kill(s, TASK_END_STOPPED, true);
		answer_ok(client);
		break;
	case SHIMCTL_SUBSCRIBE:
		client->subscribed = true;
		answer_ok(client);
		tell_log(s, client);
		break;
	case SHIMCTL_ACK:
		client->waiting = false;
		tell_log(s, client);
		break;
	default: answer_unknown(client, m);
	}
}

void control_read(struct shim *s, struct control_client *client)
{
	struct shimctl_message m;
	int got = shimctl_receive(client->fd, &m, NULL);

	if (got < 0)
		drop(client);
	else if (got > 0)
		handle(s, client, &m);
}
