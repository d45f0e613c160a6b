#include "program.h"

#include "base/taskfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *program_env(const char *const *env, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; env[i] != NULL; i++)
		if (strncmp(env[i], key, len) == 0 && env[i][len] == '=')
			return env[i] + len + 1;
	return NULL;
}

/* The interpreter as the kernel reads it (execve(2)): after #! and blanks, up to a blank or LF. */
static void read_interpreter(const char *path, struct program_failure *f)
{
	char line[256];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
	const char *at;

	if (fd >= 0)
		close(fd);
	if (n < 2 || memcmp(line, "#!", 2) != 0)
		return;
	line[n] = '\0';
	at = line + 2 + strspn(line + 2, " \t");
	snprintf(f->interpreter, sizeof f->interpreter, "%.*s", (int)strcspn(at, " \t\n"), at);
}

/* What is there and cannot be run is remembered, the first of them. */
static void note_failure(const char *path, int number, struct program_failure *f)
{
	if (access(path, F_OK) < 0 || f->path[0] != '\0')
		return;
	f->number = number;
	f->runnable = access(path, X_OK) == 0;
	snprintf(f->path, sizeof f->path, "%s", path);
	read_interpreter(path, f);
}

/* execvp(3): what is missing, or may not be run, is no reason to stop looking. */
static bool goes_on(int number)
{
	return number == EACCES || number == ENOENT || number == ENOTDIR || number == ESTALE ||
		number == ENODEV || number == ETIMEDOUT;
}

/* Returns whether to look further. */
static bool try_path(const char *path, const char *const *argv, const char *const *env,
	struct program_failure *f)
{
	static const char *words[TASK_ARGS_MAX + 1];
	int number;

	words[0] = path; /* a program of a virtual environment finds its home by it */
	for (size_t i = 1; i < TASK_ARGS_MAX && argv[i - 1] != NULL; i++)
		words[i] = argv[i];
	execve(path, (char *const *)(uintptr_t)words, (char *const *)(uintptr_t)env);
	number = errno;
	note_failure(path, number, f);
	if (!goes_on(number) || (!f->searched && f->path[0] == '\0'))
		f->number = number;
	return goes_on(number);
}

static bool try_in(const char *folder, size_t len, const char *tail, const char *const *argv,
	const char *const *env, struct program_failure *f)
{
	char path[PATH_MAX];

	if (len == 0 || /* an empty entry would mean whatever folder the task is in */
		snprintf(path, sizeof path, "%.*s%s/%s", (int)len, folder, tail, argv[0]) >=
			(int)sizeof path)
		return true;
	return try_path(path, argv, env, f);
}

void program_execute(const char *const *argv, const char *const *env, struct program_failure *f)
{
	const char *path = program_env(env, "PATH"), *own = program_env(env, "VIRTUAL_ENV");

	*f = (struct program_failure){.number = ENOENT, .searched = strchr(argv[0], '/') == NULL};
	if (!f->searched) {
		try_path(argv[0], argv, env, f);
		return;
	}
	if (own != NULL && !try_in(own, strlen(own), "/bin", argv, env, f))
		return;
	for (const char *at = path == NULL ? "" : path; *at != '\0';) {
		size_t len = strcspn(at, ":");

		if (!try_in(at, len, "", argv, env, f))
			return;
		at += len + (at[len] == ':');
	}
}

static void explain_interpreter(const struct program_failure *f, char *text, size_t size)
{
	char name[100];
	size_t len = strcspn(f->interpreter, "\r");

	snprintf(name, sizeof name, "%.*s", (int)len, f->interpreter);
	if (f->interpreter[len] == '\r')
		snprintf(text, size,
			"cannot execute %s: its first line, #!%s, ends with a carriage return: save "
			"the file with Unix line ends",
			f->path, name);
	else
		snprintf(text, size, "cannot execute %s: the interpreter %s of its first line %s",
			f->path, name,
			f->number == EACCES ? "may not be run by the task's user" : "is not there");
}

static const char *hint_of(const struct program_failure *f)
{
	switch (f->number) {
	case ENOEXEC:
		return " (neither a program of this machine nor a script that begins with #!)";
	case EAGAIN: return " (its org has as many processes as it may)";
	case ENOENT: return f->path[0] ? " (the loader it asks for is missing)" : "";
	default: return "";
	}
}

void program_explain(const struct program_failure *f, const char *name, const char *path,
	char *text, size_t size)
{
	bool there = f->number == ENOENT || f->number == ENOTDIR || f->number == EACCES;

	/* A script that may not be run itself has nothing wrong with its interpreter. */
	if (f->interpreter[0] != '\0' && f->runnable && there)
		explain_interpreter(f, text, size);
	else if (f->path[0] == '\0' && f->searched)
		snprintf(text, size,
			"cannot start '%.60s': no such program in the task's PATH; install it there, or "
			"give PATH or a full path (PATH is %.120s)",
			name, path == NULL ? "" : path);
	else
		snprintf(text, size, "cannot execute %.120s: %s%s", f->path[0] ? f->path : name,
			strerror(f->number), hint_of(f));
}
