#include "engine/local/groups.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { END_MS = 10000, AGAIN_MS = 10 };

/* Of v1; the last is the v2 tree of a hybrid system. The others must be there, freezer or not. */
static const char *const trees[GROUPS_TREES] = {"cpu", "memory", "pids", "cpuacct", "freezer",
	"unified"};
static const char mounts[] = "/sys/fs/cgroup";

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has(const char *folder, const char *name)
{
	char *path = fsio_join(folder, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* In lines as "4:cpu,cpuacct:/path" of /proc/self/cgroup (cgroups(7)) that of the tree, "" none. */
static void own_path(const char *tree, struct buf *out)
{
	struct buf text = BUF_INIT;
	char *rest, *line;

	buf_reset(out);
	fsio_read("/proc/self/cgroup", &text, 65536, NULL);
	for (rest = text.data; (line = strsep(&rest, "\n")) != NULL;) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL,
		     *name;

		if (path == NULL)
			continue;
		*path++ = '\0';
		names++;
		bool same = *names == '\0' && strcmp(tree, "unified") == 0;

		while (!same && (name = strsep(&names, ",")) != NULL)
			same = strcmp(name, tree) == 0;
		if (same && strcmp(path, "/") != 0)
			buf_adds(out, path);
	}
	buf_release(&text);
}

/* Our own place in the tree that is mounted there; its top where a container shows us another. */
static char *base_of(const char *mount, const char *tree)
{
	struct buf path = BUF_INIT, own = BUF_INIT;

	own_path(tree, &own);
	buf_addf(&path, "%s%s", mount, own.len ? own.data : "");
	if (!is_folder(path.data)) {
		buf_reset(&path);
		buf_adds(&path, mount);
	}
	buf_release(&own);
	return buf_detach(&path);
}

static void folder_add(struct local_groups *g, size_t *count, char *base, const char *id)
{
	g->folders[(*count)++] = fsio_join(base, id);
	free(base);
}

static bool bases_find(struct local_groups *g, const char *root, const char *id, struct err *e)
{
	const char *top = root && *root ? root : mounts;
	size_t count = 0;

	g->v2 = has(top, "cgroup.controllers");
	if (g->v2) {
		folder_add(g, &count, top == root ? mem_strdup(top) : base_of(top, "unified"), id);
		return true;
	}
	for (size_t i = 0; i < GROUPS_TREES; i++) {
		char *mount = fsio_join(top, trees[i]);

		if (is_folder(mount))
			folder_add(g, &count,
				top == root ? mem_strdup(mount) : base_of(mount, trees[i]), id);
		free(mount);
		if (count == i && i < 3)
			return err_set(e, ERR_UNAVAILABLE,
				"there are no control groups of %s below %s", trees[i], top);
	}
	return true;
}

static bool controllers_on(const char *folder, struct err *e)
{
	char *path = fsio_join(folder, "cgroup.subtree_control");
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, "+cpu +memory +pids", 18) == 18;

	if (!good)
		err_set(e, ERR_UNAVAILABLE, "cannot write \"+cpu +memory +pids\" into %s: %s", path,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
	return good;
}

/*
 * A group of v2 that has children with controllers may hold no process itself: what is in the base
 * (we, or what holds a delegated group) goes into a leaf of its own beside ours.
 */
static void base_clear(const char *base)
{
	char *leaf = fsio_join(base, "daemon"), *from = fsio_join(base, CGROUP_PROCS);
	char *to = fsio_join(leaf, CGROUP_PROCS);
	struct buf pids = BUF_INIT;
	char *rest, *pid;

	if (fsio_read(from, &pids, 1 << 20, NULL) && pids.len > 0 &&
		(mkdir(leaf, 0755) == 0 || errno == EEXIST)) {
		for (rest = pids.data; (pid = strsep(&rest, "\n")) != NULL;) {
			int fd = *pid ? open(to, O_WRONLY | O_CLOEXEC) : -1;

			if (fd < 0)
				continue;
			if (write(fd, pid, strlen(pid)) < 0)
				errno = 0; /* it has ended, or may not be moved: what follows tells */
			close(fd);
		}
		rmdir(leaf); /* where none went in */
	}
	buf_release(&pids);
	free(leaf);
	free(from);
	free(to);
}

/* The folders of the platform, with what those below them need. */
static bool own_make(const struct local_groups *g, struct err *e)
{
	for (size_t i = 0; g->folders[i]; i++) {
		if (!cgroup_make_folder(g->folders[i]))
			return err_set(e, ERR_UNAVAILABLE, "cannot make the control group %s: %s",
				g->folders[i], strerror(errno));
		if (g->v2 && !controllers_on(g->folders[i], e))
			return false;
	}
	return true;
}

static bool base_prepare(const struct local_groups *g, struct err *e)
{
	char *base = mem_strdup(g->folders[0]);
	bool good = true;

	*strrchr(base, '/') = '\0';
	if (g->v2 && !controllers_on(base, NULL)) {
		base_clear(base);
		good = controllers_on(base, e);
	}
	free(base);
	return good;
}

static bool try_one(const struct local_groups *g, struct err *e)
{
	const struct cgroup_limits some = {.cpu = 1000, .memory = 1 << 30, .pids = 1000};
	struct arena a = ARENA_INIT;
	const char *const *group = local_group_of(g, "try", &a);
	int64_t value;
	bool good = local_group_make(g, group, &some, e);

	if (good &&
		!(cgroup_read(group, CGROUP_CPU_USED, &value) &&
			cgroup_read(group, CGROUP_MEMORY_USED, &value) &&
			cgroup_read(group, CGROUP_OOM_KILLS, &value)))
		good = err_set(e, ERR_UNAVAILABLE,
			"the control group %s does not tell what is used in it", group[0]);
	if (good && !cgroup_kill(group))
		good = err_set(e, ERR_UNAVAILABLE,
			"the control group %s can neither be killed nor frozen", group[0]);
	cgroup_remove(group);
	arena_release(&a);
	return good;
}

bool local_groups_open(struct local_groups *g, const char *root, const char *id, struct err *e)
{
	*g = (struct local_groups){0};
	if (bases_find(g, root, id, e) && base_prepare(g, e) && try_one(g, e))
		return true;
	local_groups_close(g);
	return false;
}

void local_groups_close(struct local_groups *g)
{
	for (size_t i = 0; g->folders[i]; i++) {
		rmdir(g->folders[i]);
		free(g->folders[i]);
	}
	*g = (struct local_groups){0};
}

const char *const *local_group_of(const struct local_groups *g, const char *key, struct arena *a)
{
	const char **group = arena_alloc(a, (GROUPS_TREES + 1) * sizeof *group);
	struct buf path = BUF_INIT;

	for (size_t i = 0; g->folders[i]; i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s", g->folders[i], key);
		for (char *at = path.data + strlen(g->folders[i]) + 1; (at = strchr(at, '/'));)
			*at = '.';
		buf_adds(&path, "/" CGROUP_PROCS);
		group[i] = arena_strdup(a, path.data);
	}
	buf_release(&path);
	return group;
}

bool local_group_make(const struct local_groups *g, const char *const *group,
	const struct cgroup_limits *limits, struct err *e)
{
	enum { TRIES = 4 }; /* a shim removes our folder after the last in it, should we be gone */
	bool made = false;

	for (int i = 0; i < TRIES && !made; i++)
		made = own_make(g, e) && cgroup_make(group, i + 1 < TRIES ? NULL : e);
	if (made && cgroup_limit(group, limits, e))
		return true;
	cgroup_remove(group);
	return false;
}

void local_group_end(const char *const *group)
{
	const struct timespec moment = {.tv_nsec = AGAIN_MS * 1000000L};
	int64_t deadline = time_mono_ms() + END_MS;

	while (cgroup_count(group) > 0 && time_mono_ms() < deadline) {
		cgroup_kill(group);
		nanosleep(&moment, NULL);
	}
	while (!cgroup_remove(group) && time_mono_ms() < deadline)
		nanosleep(&moment, NULL);
}

/* "UID.TASK.ATTEMPT" of one that ended: its folder has the record, or is gone. */
static bool is_over(const char *name, const char *tasks_dir)
{
	const char *task = strchr(name, '.'), *attempt = strrchr(name, '.');
	char *path = NULL, *exit_path;
	bool over;

	if (task == NULL || attempt == task)
		return false; /* not one of ours */
	if (asprintf(&path, "%s/%.*s/%.*s/%s", tasks_dir, (int)(task - name), name,
		    (int)(attempt - task) - 1, task + 1, attempt + 1) < 0)
		abort();
	exit_path = fsio_join(path, "exit");
	over = access(exit_path, F_OK) == 0 || (access(path, F_OK) < 0 && errno == ENOENT);
	free(exit_path);
	free(path);
	return over;
}

void local_groups_sweep(const struct local_groups *g, const char *tasks_dir)
{
	for (size_t i = 0; g->folders[i]; i++) {
		DIR *d = opendir(g->folders[i]);

		for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
			struct arena a = ARENA_INIT;

			if (entry->d_type == DT_DIR && is_over(entry->d_name, tasks_dir))
				local_group_end(local_group_of(g, entry->d_name, &a));
			arena_release(&a);
		}
		if (d)
			closedir(d);
	}
}
