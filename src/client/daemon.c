#include "client/daemon.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/sanitize.h"
#include "base/timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char ready_line[] = "mltopd: listening on ";

struct start {
	const char *program;
	char *const *argv;
	int out, log, null, keep; /* out: the pipe's end for its standard output */
	pid_t pid;
};

/* ---- In the new process: only calls that are safe after fork ---- */

static void forget_signals(void)
{
	sigset_t none;

	for (int i = 1; i < 32; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * The descriptors are moved above those that are wanted first: any of them may stand in the place
 * of another (a program started with its standard output closed).
 */
static _Noreturn void become_daemon(const struct start *s)
{
	int out = fcntl(s->out, F_DUPFD, 10), log = fcntl(s->log, F_DUPFD, 10);
	int null = fcntl(s->null, F_DUPFD, 10);
	int keep = s->keep >= 0 ? fcntl(s->keep, F_DUPFD, 10) : -1;
	int last = STDERR_FILENO;

	if (out < 0 || log < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
		dup2(out, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(126);
	if (keep >= 0)
		last = dup2(keep, DAEMON_DIE_FD);
	syscall(SYS_close_range, (unsigned)last + 1, ~0U, 0U);
	forget_signals();
	/* A working folder would keep its file system busy. */
	if (chdir("/") < 0)
		_exit(126);
	execv(s->program, s->argv);
	_exit(127);
}

/* The middle process leads the new session and ends, so that the daemon is nobody's child. */
static _Noreturn void leave_session(const struct start *s)
{
	pid_t pid;

	setsid();
	pid = fork();
	if (pid == 0)
		become_daemon(s);
	_exit(pid < 0 ? 1 : 0);
}

static bool launch(const struct start *s, struct err *e)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		leave_session(s);
	if (pid < 0)
		return err_set(e, ERR_INTERNAL, "cannot start %s: %s", s->program, strerror(errno));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
		err_set(e, ERR_INTERNAL, "cannot start %s: there are too many processes",
			s->program);
}

/* ---- Waiting for its line ---- */

/* One line from the pipe within the limit. False: it was silent or (*ended) gone; `line` has what came.
 */
static bool read_line(int fd, struct buf *line, int64_t limit_ms, bool *ended)
{
	int64_t deadline = time_mono_ms() + limit_ms, left;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char part[512];

	while ((left = deadline - time_mono_ms()) > 0) {
		int ready = poll(&p, 1, (int)left);
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		n = read(fd, part, sizeof part);
		*ended = n == 0;
		if (n <= 0 || !buf_add(line, part, (size_t)n))
			return false;
		if (memchr(line->data, '\n', line->len))
			return true;
	}
	return false;
}

/* The daemon's last words: the last line of its log behind `from`. */
static void last_words(const char *log_path, off_t from, struct buf *out)
{
	struct buf text = BUF_INIT;
	char *line;

	if (fsio_read(log_path, &text, DAEMON_LOG_MAX + (1 << 20), NULL) &&
		(off_t)text.len > from) {
		while (text.len > (size_t)from && strchr("\r\n", text.data[text.len - 1]))
			buf_cut(&text, text.len - 1);
		line = memrchr(text.data + from, '\n', text.len - (size_t)from);
		line = line ? line + 1 : text.data + from;
		if (strncmp(line, "mltopd: ", 8) == 0)
			line += 8;
		sanitize_text(out, line, strlen(line));
	}
	buf_release(&text);
}

static bool explain(const struct start *s, const char *log_path, off_t from, const struct buf *said,
	bool ended, struct err *e)
{
	struct buf words = BUF_INIT;

	last_words(log_path, from, &words);
	if (words.len == 0)
		sanitize_text(&words, said->data, said->len);
	if (words.len == 0 && ended)
		err_set(e, ERR_UNAVAILABLE,
			"%s ended before it said where it listens, and said nothing else; "
			"does it run by hand?",
			s->program);
	else if (words.len == 0)
		err_set(e, ERR_UNAVAILABLE,
			"%s did not say within %d s where it listens; its log is %s", s->program,
			DAEMON_READY_MS / 1000, log_path);
	else
		err_set(e, ERR_UNAVAILABLE, "the private platform did not start: %.800s",
			words.data);
	buf_release(&words);
	return false;
}

static int open_log(const char *path, off_t *size, struct err *e)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		err_errno(e, errno, "cannot write", path);
		return -1;
	}
	if (fstat(fd, &st) == 0 && st.st_size > DAEMON_LOG_MAX && ftruncate(fd, 0) == 0)
		st.st_size = 0;
	*size = st.st_size;
	return fd;
}

static bool wait_ready(const struct start *s, int fd, const char *log_path, off_t log_size,
	struct err *e)
{
	struct buf line = BUF_INIT;
	bool ok, ended = false;

	buf_init(&line, 4096);
	ok = read_line(fd, &line, DAEMON_READY_MS, &ended) &&
		strncmp(line.data, ready_line, sizeof ready_line - 1) == 0;
	if (!ok)
		explain(s, log_path, log_size, &line, ended, e);
	buf_release(&line);
	return ok;
}

bool daemon_start(const char *program, char *const *argv, const char *log_path, int keep,
	struct err *e)
{
	struct start s = {.program = program, .argv = argv, .keep = keep, .null = -1, .log = -1};
	int ends[2] = {-1, -1};
	off_t log_size = 0;
	bool ok = false;

	s.log = open_log(log_path, &log_size, e);
	if (s.log < 0)
		return false;
	s.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (s.null < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		err_set(e, ERR_INTERNAL, "cannot start %s: %s", program, strerror(errno));
		goto out;
	}
	s.out = ends[1];
	ok = launch(&s, e);
	close(ends[1]);
	ok = ok && wait_ready(&s, ends[0], log_path, log_size, e);
	close(ends[0]);
out:
	if (s.null >= 0)
		close(s.null);
	close(s.log);
	return ok;
}
