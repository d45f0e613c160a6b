/* What keeps the tasks of several orgs apart on this machine: found once, told to who asks. */
#include "base/procview.h"
#include "base/taskview.h"
#include "engine/local/local.h"
#include "engine/local/loopback.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROBE_UID = 65534 }; /* nobody's: what he sees, an org's user sees */

static void guard_add(struct local *l, const char *name, bool holds, const char *text)
{
	l->guards[l->base.guard_count++] = (struct engine_guard){.name = name,
		.holds = holds,
		.text = text};
	l->base.guards = l->guards;
	if (!holds)
		local_notice(l, "", text);
}

static void processes_find(struct local *l)
{
	enum procview view = procview_probe(PROBE_UID);

	l->hides_processes = view == PROCVIEW_OURS;
	guard_add(l, "processes", view != PROCVIEW_ALL,
		view == PROCVIEW_ALL
			? "tasks see the command lines of other orgs' tasks: this system lets us give "
			  "them no /proc of their own; mount /proc with hidepid=2"
			: view == PROCVIEW_HIDDEN
			? "tasks see no processes of other orgs: /proc has hidepid"
			: "tasks see no processes of other orgs: each has a /proc of its own");
}

static void files_find(struct local *l)
{
	l->owns_files = taskview_can_own();
	guard_add(l, "files", l->owns_files,
		l->owns_files
			? "folders of tasks are their user's alone, and each task has a /tmp, "
			  "a /dev/shm and shared memory of its own"
			: "tasks share /tmp, /dev/shm and System V memory with other orgs': this "
			  "system lets us make no mount view or IPC namespace");
}

static void sockets_find(struct local *l)
{
	l->closes_sockets = taskview_can_close_sockets();
	guard_add(l, "abstract_sockets", l->closes_sockets,
		l->closes_sockets
			? "abstract unix sockets of others cannot be connected to"
			: "abstract unix sockets of other orgs can be connected to: that needs "
			  "Landlock of Linux 6.12 or later");
}

static void loopback_find(struct local *l)
{
	struct err why = ERR_INIT;

	l->closes_loopback = local_loopback_close(l->id, &why);
	if (l->closes_loopback) {
		guard_add(l, "loopback", true,
			"tasks cannot connect to ports of other orgs' tasks (nftables)");
		return;
	}
	snprintf(l->loopback_text, sizeof l->loopback_text,
		"tasks can connect to ports of other orgs' tasks on this machine: %.300s",
		why.text);
	guard_add(l, "loopback", false, l->loopback_text);
}

void local_isolation_find(struct local *l, const struct local_settings *set)
{
	l->base.shares_loopback = false;
	if (!l->shared) /* one person, and nothing to keep apart */
		return;
	l->base.shares_loopback = !set->open_loopback;
	guard_add(l, "users", geteuid() == 0,
		geteuid() == 0
			? "tasks run as a Unix user of their org"
			: "tasks of all orgs run as the same Unix user, who can read and end all of "
			  "them: run mltopd as root, so that each org has a user");
	if (geteuid() != 0)
		return;
	processes_find(l);
	files_find(l);
	sockets_find(l);
	loopback_find(l);
	l->base.shares_loopback = !l->closes_loopback && !set->open_loopback;
}

bool local_isolation_know(struct local *l, int uid, struct err *e)
{
	bool good = true;

	if (uid < 0 || !l->closes_loopback)
		return true;
	uv_mutex_lock(&l->users_lock);
	for (size_t i = 0; i < l->users.len; i++)
		if (l->users.items[i] == uid)
			goto out;
	good = local_loopback_add(l->id, (unsigned)uid, e);
	if (good)
		vec_push(&l->users, uid);
out:
	uv_mutex_unlock(&l->users_lock);
	return good;
}

void local_isolation_end(struct local *l, bool idle)
{
	if (l->closes_loopback && idle)
		local_loopback_open(l->id);
	vec_release(&l->users);
	uv_mutex_destroy(&l->users_lock);
}
