#include "base/shimctl.h"

#include "base/items.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT(member) offsetof(struct shimctl_message, member)

static const char *const type_words[] = {"unknown", "hello", "stat", "stop", "kill", "subscribe",
	"ack", "state", "ok", "error", "log", "exit", NULL};
static const char *const state_words[] = {"preparing", "running", "finishing", "clearing", NULL};

static const struct items_row rows[] = {
	{"state", ITEMS_WORD, AT(state), 0, 0, false, state_words},
	{"shim_pid", ITEMS_INT, AT(shim_pid), 0, INT_MAX, false, NULL},
	{"child_pid", ITEMS_INT, AT(child_pid), 0, INT_MAX, false, NULL},
	{"stopping", ITEMS_INT, AT(stopping), 0, 1, false, NULL},
	{"processes", ITEMS_INT, AT(processes), 0, INT_MAX, false, NULL},
	{"memory", ITEMS_I64, AT(memory), 0, INT64_MAX, false, NULL},
	{"memory_peak", ITEMS_I64, AT(memory_peak), 0, INT64_MAX, false, NULL},
	{"cpu_ms", ITEMS_I64, AT(cpu_ms), 0, INT64_MAX, false, NULL},
	{"start_ms", ITEMS_I64, AT(start_ms), 0, INT64_MAX, false, NULL},
	{"log_end", ITEMS_U64, AT(log_end), 0, 0, false, NULL},
	{"log_lost", ITEMS_U64, AT(log_lost), 0, 0, false, NULL},
	{"grace_ms", ITEMS_I64, AT(grace_ms), 0, INT64_MAX, false, NULL},
	{"text", ITEMS_CHARS, AT(text), 0, sizeof((struct shimctl_message *)0)->text, false, NULL},
};
static const struct items_row name_row[] = {
	{"type", ITEMS_CHARS, AT(name), 0, sizeof((struct shimctl_message *)0)->name, true, NULL},
};

size_t shimctl_encode(char *out, size_t size, const struct shimctl_message *m)
{
	struct items_writer w = {.out = out, .size = size < SHIMCTL_MAX ? size : SHIMCTL_MAX};

	items_put_i64(&w, "version", SHIMCTL_VERSION);
	items_put(&w, "type", type_words[m->type]);
	items_encode(&w, rows, COUNT(rows), m);
	return w.full ? 0 : w.len;
}

bool shimctl_decode(struct shimctl_message *m, const char *data, size_t len, struct err *e)
{
	static const char what[] = "the message of the task's control socket";
	struct shimctl_message got = {0};

	/* Any version may speak: what changes is told by types and keys. */
	if (!items_check(data, len, what, INT_MAX, e) ||
		!items_decode(&got, name_row, COUNT(name_row), data, len, what, e) ||
		!items_decode(&got, rows, COUNT(rows), data, len, what, e))
		return false;
	for (int i = 0; type_words[i] != NULL; i++)
		if (strcmp(type_words[i], got.name) == 0)
			got.type = i;
	*m = got;
	return true;
}

/* A socket's path has room for 107 bytes; the descriptor's name under /proc is short. */
static struct sockaddr_un address_in(int folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder,
		SHIMCTL_SOCKET);
	return address;
}

static int new_socket(struct err *e)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err_errno(e, errno, "cannot make the control socket of", "a task");
	return fd;
}

int shimctl_connect(const char *folder, struct err *e)
{
	struct sockaddr_un address;
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;

	if (dir < 0) {
		err_errno(e, errno, "cannot open the task's folder", folder);
		return -1;
	}
	address = address_in(dir);
	fd = new_socket(e);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		err_set(e, errno == EAGAIN ? ERR_BUSY : ERR_UNAVAILABLE,
			"no supervisor answers for the task in %s: %s", folder, strerror(errno));
		close(fd);
		fd = -1;
	}
	close(dir);
	return fd;
}

int shimctl_listen(int folder, struct err *e)
{
	struct sockaddr_un address = address_in(folder);
	int fd = new_socket(e);

	if (fd < 0)
		return -1;
	unlinkat(folder, SHIMCTL_SOCKET, 0);
	/* fchmod before bind sets the mode the file is made with: no moment with a wider one. */
	if (fchmod(fd, 0600) < 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
		listen(fd, SHIMCTL_CLIENTS) < 0) {
		err_errno(e, errno, "cannot listen on the task's", SHIMCTL_SOCKET);
		close(fd);
		return -1;
	}
	return fd;
}

bool shimctl_send(int fd, const struct shimctl_message *m, struct err *e)
{
	char bytes[SHIMCTL_MAX];
	size_t len = shimctl_encode(bytes, sizeof bytes, m);

	if (len == 0)
		return err_set(e, ERR_TOO_LARGE,
			"a message to the task's control socket is too long");
	while (send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		return err_set(e, errno == EAGAIN ? ERR_BUSY : ERR_UNAVAILABLE,
			"cannot send on the task's control socket: %s", strerror(errno));
	}
	return true;
}

int shimctl_receive(int fd, struct shimctl_message *m, struct err *e)
{
	char bytes[SHIMCTL_MAX];
	ssize_t n;

	do
		n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		err_set(e, ERR_UNAVAILABLE, "the task's control socket is closed%s%s",
			n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
		return -1;
	}
	return shimctl_decode(m, bytes, (size_t)n, e) ? 1 : -1;
}
