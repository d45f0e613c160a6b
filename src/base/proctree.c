#include "base/proctree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { EMPTY_TRIES = 20, FIRST = 128 };

size_t proctree_read_file(const char *path, char *out, size_t size)
{
	size_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	while (len < size - 1) {
		ssize_t n = read(fd, out + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	out[len] = '\0';
	return len;
}

/* Field n of the text behind the name in /proc/PID/stat, whose first field there is 3 (state). */
static uint64_t field(const char *text, int n)
{
	uint64_t value = 0;

	for (int at = 3; at < n && *text != '\0'; text++)
		if (*text == ' ')
			at++;
	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return value;
}

static void copy_name(char name[16], const char *from, const char *end)
{
	size_t len = (size_t)(end - from) < 15 ? (size_t)(end - from) : 15;

	memcpy(name, from, len);
	name[len] = '\0';
}

bool proctree_read(struct proctree_process *p, int pid)
{
	char path[32], text[1024];
	const char *open_at, *close_at;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (proctree_read_file(path, text, sizeof text) == 0)
		return false;
	/* The name may hold blanks and parentheses: it ends at the last one. */
	open_at = strchr(text, '(');
	close_at = strrchr(text, ')');
	if (open_at == NULL || close_at == NULL || close_at < open_at || close_at[1] != ' ')
		return false;
	*p = (struct proctree_process){.pid = pid, .state = close_at[2]};
	copy_name(p->name, open_at + 1, close_at);
	if (p->state == 'Z' && field(close_at + 2, 20) > 1)
		p->state = 'S'; /* only its first thread has ended */
	p->parent = (int)field(close_at + 2, 4);
	p->group = (int)field(close_at + 2, 5);
	p->session = (int)field(close_at + 2, 6);
	for (int i = 14; i <= 17; i++)
		p->ticks += field(close_at + 2, i);
	p->start = field(close_at + 2, 22);
	p->rss = (int64_t)field(close_at + 2, 24) * sysconf(_SC_PAGESIZE);
	return true;
}

struct kernel_dirent { /* getdents64(2); glibc's opendir would allocate */
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int pid_of(const char *name)
{
	int64_t pid = 0;

	for (; *name >= '0' && *name <= '9' && pid < INT32_MAX; name++)
		pid = pid * 10 + (*name - '0');
	return *name == '\0' && pid < INT32_MAX ? (int)pid : 0;
}

/* Doubles the list; false when there is no memory for that. */
static bool grow(struct proctree *tree)
{
	size_t size = tree->max * sizeof *tree->list, more = tree->max ? 2 * tree->max : FIRST;
	void *list = tree->max ? mremap(tree->list, size, more * sizeof *tree->list, MREMAP_MAYMOVE)
			       : mmap(NULL, more * sizeof *tree->list, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (list == MAP_FAILED)
		return false;
	tree->list = list;
	tree->max = more;
	return true;
}

void proctree_release(struct proctree *tree)
{
	if (tree->max > 0)
		munmap(tree->list, tree->max * sizeof *tree->list);
	*tree = (struct proctree)PROCTREE_INIT;
}

static void add(struct proctree *tree, int pid)
{
	if (pid <= 0)
		return;
	if (tree->count == tree->max && !grow(tree))
		tree->partial = true;
	else if (proctree_read(&tree->list[tree->count], pid))
		tree->count++;
}

bool proctree_scan(struct proctree *tree)
{
	_Alignas(struct kernel_dirent) char bytes[8192];
	long n = 0;
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	tree->count = 0;
	tree->partial = false;
	if (fd < 0)
		return false;
	while ((n = syscall(SYS_getdents64, fd, bytes, sizeof bytes)) > 0)
		for (long at = 0; at < n;) {
			const struct kernel_dirent *d = (const void *)(bytes + at);

			add(tree, pid_of(d->name));
			at += d->len;
		}
	close(fd);
	return n == 0;
}

/* /proc lists by rising pid. */
static struct proctree_process *find(const struct proctree *tree, int pid)
{
	size_t low = 0, high = tree->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tree->list[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < tree->count && tree->list[low].pid == pid ? &tree->list[low] : NULL;
}

/* Marks children of the marked (and of `root`) until no more are found; parents mostly come first. */
static void spread(struct proctree *tree, int root)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < tree->count; i++) {
			struct proctree_process *p = &tree->list[i], *parent;

			if (p->marked)
				continue;
			parent = find(tree, p->parent);
			if ((root > 0 && p->parent == root) || (parent != NULL && parent->marked))
				more = p->marked = true;
		}
	}
}

/* Zombies carry the mark on to their children but are not alive themselves. */
static size_t settle(struct proctree *tree)
{
	size_t count = 0;

	for (size_t i = 0; i < tree->count; i++) {
		struct proctree_process *p = &tree->list[i];

		if (p->state == 'Z' || p->state == 'X')
			p->marked = false;
		count += p->marked;
	}
	return count;
}

size_t proctree_mark_below(struct proctree *tree, int root)
{
	spread(tree, root);
	return settle(tree);
}

struct match {
	const char *needle;
	size_t need, matched;
	bool same; /* all of this entry so far */
};

/* True when an entry that is the needle ended in these bytes. */
static bool match_bytes(struct match *m, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\0') {
			if (m->same && m->matched == m->need)
				return true;
			m->matched = 0;
			m->same = true;
		} else if (m->same && m->matched < m->need && bytes[i] == m->needle[m->matched]) {
			m->matched++;
		} else {
			m->same = false;
		}
	}
	return false;
}

/* 1: the process has `needle` as a whole entry of its environment; 0: not; -1: it reads as empty. */
static int look_for_entry(int pid, const char *needle)
{
	struct match m = {.needle = needle, .need = strlen(needle), .same = true};
	char path[32], bytes[4096];
	bool found = false, any = false;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/environ", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (!found && (n = read(fd, bytes, sizeof bytes)) > 0) {
		any = true;
		found = match_bytes(&m, bytes, (size_t)n);
	}
	close(fd);
	return found ? 1 : any ? 0 : -1;
}

/*
 * While execve(2) replaces a program its environment reads as empty: for a moment a process cannot
 * be told by it, so an empty one is looked at again. Some are empty for good, so not for long.
 */
static bool has_entry(int pid, const char *needle)
{
	const struct timespec moment = {.tv_nsec = 500 * 1000};
	int found = look_for_entry(pid, needle);

	for (int i = 0; i < EMPTY_TRIES && found < 0; i++) {
		nanosleep(&moment, NULL);
		found = look_for_entry(pid, needle);
	}
	return found > 0;
}

/* The session is the shim's while nobody else has its number. */
static bool session_is_shims(const struct proctree *tree, const struct task_pid *pid)
{
	const struct proctree_process *leader = find(tree, pid->shim_pid);

	return leader == NULL || leader->start == pid->shim_start;
}

size_t proctree_mark_task(struct proctree *tree, const struct task_pid *pid, const char *marker)
{
	char entry[TASK_MARKER_MAX + sizeof TASK_MARKER + 1];
	bool by_session = session_is_shims(tree, pid);
	struct proctree_process *self;

	snprintf(entry, sizeof entry, "%s=%s", TASK_MARKER, marker);
	for (size_t i = 0; i < tree->count; i++) {
		struct proctree_process *p = &tree->list[i];

		if (p->pid == 1 || p->pid == getpid() || p->start < pid->shim_start ||
			p->parent == 2 || p->state == 'Z')
			continue; /* older than the shim: not started by it; 2 has the kernel's threads */
		p->marked = (by_session && p->session == pid->shim_pid) || has_entry(p->pid, entry);
	}
	spread(tree, 0);
	self = find(tree, getpid());
	if (self != NULL)
		self->marked = false;
	return settle(tree);
}

bool proctree_signal(int pid, uint64_t start, int signal)
{
	struct proctree_process now;
	bool ok;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0 && errno != ENOSYS)
		return false;
	/* The pidfd pins the process, so what is checked after opening it is what gets the signal. */
	ok = proctree_read(&now, pid) && now.start == start;
	if (ok && fd >= 0)
		ok = syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
	else if (ok)
		ok = kill(pid, signal) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

void proctree_signal_marked(const struct proctree *tree, int signal)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->list[i].marked)
			proctree_signal(tree->list[i].pid, tree->list[i].start, signal);
}

bool taskfile_boot_id(char out[40])
{
	char text[64];
	size_t len = proctree_read_file("/proc/sys/kernel/random/boot_id", text, sizeof text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len == 0 || len >= 40)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

bool taskfile_start_time(int pid, uint64_t *start)
{
	struct proctree_process p;

	if (!proctree_read(&p, pid) || p.state == 'Z' || p.state == 'X')
		return false;
	*start = p.start;
	return true;
}

bool taskfile_alive(int pid, uint64_t start, const char *boot_id)
{
	char boot[40];
	uint64_t now;

	return pid > 0 && taskfile_boot_id(boot) && strcmp(boot, boot_id) == 0 &&
		taskfile_start_time(pid, &now) && now == start;
}
