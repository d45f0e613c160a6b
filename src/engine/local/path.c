#include "engine/local/local.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *env_value(const char *const *env, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; env[i]; i++)
		if (strncmp(env[i], key, len) == 0 && env[i][len] == '=')
			return env[i] + len + 1;
	return NULL;
}

/* DIR/NAME when it is a file that may be run. */
static const char *runnable(struct arena *a, const char *dir, size_t dir_len, const char *name)
{
	struct stat st;
	char *path = arena_alloc(a, dir_len + strlen(name) + 2);

	memcpy(path, dir, dir_len);
	path[dir_len] = '/';
	memcpy(path + dir_len + 1, name, strlen(name) + 1);
	if (access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return path;
	return NULL;
}

const char *local_path_find(struct arena *a, const char *name, const char *const *env,
	struct err *e)
{
	const char *path = env_value(env, "PATH"), *venv = env_value(env, "VIRTUAL_ENV");
	const char *found = NULL;

	if (strchr(name, '/'))
		return arena_strdup(a, name); /* as execve means it, from the task's work folder */
	if (path == NULL)
		path = "";
	if (venv && *venv) {
		struct buf bin = BUF_INIT;

		buf_addf(&bin, "%s/bin", venv);
		found = runnable(a, bin.data, bin.len, name);
		buf_release(&bin);
	}
	for (const char *at = path; found == NULL && *at;) {
		size_t len = strcspn(at, ":");

		if (len > 0) /* an empty entry would mean whatever folder the task is in */
			found = runnable(a, at, len, name);
		at += len + (at[len] == ':');
	}
	if (found == NULL)
		err_set(e, ERR_NOT_FOUND,
			"cannot start '%s': no such program in the task's PATH; install it there, or "
			"give PATH or a full path (PATH is %s)",
			name, path);
	return found;
}
