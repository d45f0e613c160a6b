/* The records the shim writes: who runs, and how it ended. */
#include "shim.h"

#include "base/timefmt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 2048 };

bool outcome_write_pid(struct shim *s, struct err *e)
{
	char bytes[1024];
	size_t len;

	s->pid.child_pid = s->child;
	if (!taskfile_start_time(s->child, &s->pid.child_start))
		return err_set(e, ERR_INTERNAL, "cannot read /proc/%d/stat: is /proc mounted?",
			s->child);
	len = taskfile_encode_pid(bytes, sizeof bytes, &s->pid);
	/* Not fsynced: see base/taskfile.h. */
	return taskfile_write_aside(s->folder, "pid", bytes, len, false, e) &&
		taskfile_rename(s->folder, "pid", false, e);
}

static int64_t ms_of(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_usec / 1000;
}

static void complete(struct shim *s)
{
	struct rusage usage;

	s->end.end_ms = time_now_ms();
	s->end.ran_ms = time_mono_ms() - s->began;
	if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
		s->end.user_ms = ms_of(usage.ru_utime);
		s->end.system_ms = ms_of(usage.ru_stime);
		s->end.peak_rss = (int64_t)usage.ru_maxrss * 1024;
	}
	if (s->memory_peak > s->end.peak_rss)
		s->end.peak_rss = s->memory_peak;
	s->end.log_bytes = s->log.end;
	s->end.log_lost = s->log.lost;
}

void outcome_reserve(struct shim *s)
{
	s->record = taskfile_reserve(s->folder, "exit", RECORD_MAX);
}

static bool write_exit(struct shim *s, struct err *e)
{
	char bytes[RECORD_MAX];
	size_t len = taskfile_encode_exit(bytes, sizeof bytes, &s->end);
	bool kept = s->record >= 0 &&
		taskfile_write_reserved(s->folder, "exit", s->record, bytes, len);

	if (s->record >= 0)
		close(s->record);
	s->record = -1;
	if (!kept && !taskfile_write_aside(s->folder, "exit", bytes, len, true, e))
		return false;
	shim_crash_at("after-exit-tmp");
	return taskfile_rename(s->folder, "exit", true, e);
}

bool outcome_write_exit(struct shim *s)
{
	struct err e = ERR_INIT;
	int failed;

	if (s->log.folder >= 0) {
		complete(s);
		failed = tasklog_close(&s->log, s->end.end_ms);
		if (failed)
			shim_note(s, "its log may not be whole after a power loss: %s",
				strerror(failed));
		shim_crash_at("before-exit-record");
	}
	if (write_exit(s, &e))
		return true;
	shim_say("%s", e.text);
	return faccessat(s->folder, "spec", F_OK, 0) < 0 && errno == ENOENT;
}
