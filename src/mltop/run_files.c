/*
 * Files of the dashboard. $XDG_CONFIG_HOME/mltop is the person's and never written;
 * $XDG_STATE_HOME/mltop/ui.json is ours (sort, filter, theme); $XDG_CACHE_HOME/mltop holds spools.
 */
#include "mltop/run.h"

#include "base/base64.h"
#include "base/fsio.h"
#include "base/home.h"
#include "io/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 20, REMEMBER_MS = 1000 };

/* "$VARIABLE/mltop", or "$HOME/standard/mltop"; the caller frees. */
static char *folder(const char *variable, const char *standard)
{
	const char *value = getenv(variable), *home = getenv("HOME");
	struct buf path = BUF_INIT;

	if (value && *value == '/')
		buf_addf(&path, "%s/mltop", value);
	else
		buf_addf(&path, "%s/%s/mltop", home ? home : "/", standard);
	return buf_detach(&path);
}

static char *file_in(const char *variable, const char *standard, const char *name)
{
	char *dir = folder(variable, standard), *path = fsio_join(dir, name);

	free(dir);
	return path;
}

/* ---- Themes ---- */

static bool theme_in(const char *dir, const char *below, const char *name, struct theme *out,
	struct err *e)
{
	struct buf path = BUF_INIT;
	json_t *in;
	bool ok;

	buf_addf(&path, "%s/%s%s.yaml", dir, below, name);
	in = yaml_load(path.data, NULL, e);
	ok = in && theme_load(out, in, e);
	json_decref(in);
	buf_release(&path);
	return ok;
}

/* The person's own first, then those beside the program (a build), then the installed ones. */
static bool theme_find(const char *name, struct theme *out, struct err *e)
{
	char *own = folder("XDG_CONFIG_HOME", ".config"), *program = fsio_program_dir();
	const struct {
		const char *dir, *below;
	} places[] = {
		{own, "themes/"},
		{program, "../themes/"},
		{program, "../../themes/"},
		{program, "../share/mltop/themes/"},
	};
	bool ok = false;

	if (*name == '\0' ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(name)) {
		free(own);
		free(program);
		return err_set(e, ERR_INVALID,
			"theme %.40s: a theme's name has letters, digits, - and _", name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(places) && !ok; i++) {
		struct err why = ERR_INIT;

		ok = theme_in(places[i].dir, places[i].below, name, out, &why);
		if (!ok && why.code != ERR_NOT_FOUND) {
			if (e)
				*e = why;
			break;
		}
		if (!ok)
			err_set(e, ERR_NOT_FOUND, "theme %s: there is no %s.yaml among the themes",
				name, name);
	}
	free(own);
	free(program);
	return ok;
}

void run_theme(struct run *r, const char *name)
{
	struct msg m = {.type = MSG_THEME, .text = name};
	struct theme theme = r->theme;
	struct err e = ERR_INIT;

	if (theme_find(name, &theme, &e)) {
		r->theme = theme;
		term_theme(r->term, &r->theme);
		run_remember(r, "theme", name);
	} else {
		m.text = e.text;
		m.status = 1;
	}
	m.text_len = strlen(m.text);
	r->tell(r, &m);
}

/* ---- Config and state ---- */

/* Filters, and orders of no context, which earlier versions kept: a filter ends with its run. */
static void forget_old(struct run *r)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(r->remembered, next, name, value) {
		const char *dot = strrchr(name, '.');
		bool filter = dot && strcmp(dot, ".filter") == 0;
		bool order = dot && strcmp(dot, ".sort") == 0 && !strchr(name, '/');

		if (!filter && !order)
			continue;
		json_object_del(r->remembered, name);
		r->remember_changed = true;
	}
}

static void load_state(struct run *r)
{
	char *path = file_in("XDG_STATE_HOME", ".local/state", "ui.json");
	struct buf text = BUF_INIT;

	/* What is damaged is forgotten: it is only comfort. */
	if (fsio_read(path, &text, CONFIG_MAX, NULL))
		r->remembered = json_loadb(text.data, text.len, 0, NULL);
	if (!json_is_object(r->remembered)) {
		json_decref(r->remembered);
		r->remembered = json_object();
	}
	forget_old(r);
	buf_release(&text);
	free(path);
}

/* What is on the screen and what is typed there may be secret. */
static void record_open(struct run *r, const char *path, char *notice, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		snprintf(notice, size, "nothing is recorded: %s: %s", path, strerror(errno));
	else if (fchmod(fd, 0600) != 0 || (r->record = fdopen(fd, "w")) == NULL)
		close(fd);
}

bool run_files_load(struct run *r, char *notice, size_t size, struct err *e)
{
	char *path = file_in("XDG_CONFIG_HOME", ".config", "config.yaml");
	struct err why = ERR_INIT;
	const char *name;

	(void)e;
	theme_builtin(&r->theme);
	r->cache_dir = folder("XDG_CACHE_HOME", ".cache");
	r->config = yaml_load(path, NULL, &why);
	free(path);
	/* A broken file is told on the screen; the dashboard is needed at that very moment. */
	if (r->config == NULL && why.code != ERR_NOT_FOUND)
		snprintf(notice, size, "%s", why.text);
	load_state(r);
	name = json_string_value(json_object_get(r->remembered, "theme"));
	if (json_string_value(json_object_get(r->config, "theme")))
		name = json_string_value(json_object_get(r->config, "theme"));
	if (!theme_find(name ? name : "dark", &r->theme, &why) && name)
		snprintf(notice, size, "%s", why.text);
	if (getenv("MLTOP_RECORD"))
		record_open(r, getenv("MLTOP_RECORD"), notice, size);
	return true;
}

void run_files_release(struct run *r)
{
	json_decref(r->config);
	json_decref(r->remembered);
	free(r->cache_dir);
	if (r->record)
		fclose(r->record);
	r->record = NULL;
}

void run_remember_now(struct run *r)
{
	char *dir, *path, *text;

	if (!r->remember_changed)
		return;
	r->remember_changed = false;
	dir = folder("XDG_STATE_HOME", ".local/state");
	path = fsio_join(dir, "ui.json");
	text = json_dumps(r->remembered, JSON_INDENT(1) | JSON_SORT_KEYS);
	if (text && home_mkdirs(dir, 0700, NULL))
		fsio_write(path, text, strlen(text), 0600, NULL);
	free(text);
	free(path);
	free(dir);
}

static void on_remember(uv_timer_t *timer)
{
	run_remember_now(timer->data);
}

void run_remember(struct run *r, const char *name, const char *text)
{
	json_object_set_new(r->remembered, name, text ? json_string(text) : json_null());
	r->remember_changed = true;
	uv_timer_start(&r->remember, on_remember, REMEMBER_MS, 0);
}

/* ---- Saving and copying ---- */

/* Never over what is there: a screen is saved to a new file. */
static bool write_new(const char *path, const char *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	bool ok;

	if (fd < 0)
		return err_errno(e, errno, "saving to", path);
	ok = fsio_write_all(fd, text, strlen(text));
	if (close(fd) != 0 || !ok)
		return err_errno(e, errno, "saving to", path);
	return true;
}

void run_save_text(struct run *r, const struct cmd *c)
{
	struct msg m = {.type = MSG_SAVED, .text = c->path};
	struct err e = ERR_INIT;

	if (!write_new(c->path, c->text ? c->text : "", &e)) {
		m.text = e.text;
		m.status = 1;
	}
	m.text_len = strlen(m.text);
	r->tell(r, &m);
}

/* Starts tmux with its standard input on a pipe of ours; no shell between. */
static bool tmux_start(int input[2], pid_t *pid)
{
	static const char *const argv[] = {"tmux", "load-buffer", "-w", "-", NULL};
	posix_spawn_file_actions_t actions;
	bool ok;

	if (pipe2(input, O_CLOEXEC) != 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	ok = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ) == 0;
	posix_spawn_file_actions_destroy(&actions);
	close(input[0]);
	if (!ok)
		close(input[1]);
	return ok;
}

static bool copy_tmux(const char *text)
{
	int input[2], status;
	pid_t pid;
	bool ok;

	if (!tmux_start(input, &pid))
		return false;
	ok = fsio_write_all(input[1], text, strlen(text));
	close(input[1]);
	return waitpid(pid, &status, 0) == pid && status == 0 && ok;
}

/* OSC 52 is what terminals take for their clipboard; inside tmux its own buffer passes it on. */
void run_copy(struct run *r, const char *text)
{
	struct msg m = {.type = MSG_COPIED};
	struct buf osc = BUF_INIT;

	if (getenv("TMUX") && copy_tmux(text)) {
		m.text = "copied to tmux's buffer and, where it allows it, the clipboard";
	} else {
		buf_adds(&osc, "\033]52;c;");
		base64_encode(&osc, text, strlen(text));
		buf_adds(&osc, "\a");
		term_send(r->term, osc.data, osc.len);
		m.text = "sent to the terminal's clipboard (OSC 52)";
	}
	buf_release(&osc);
	m.text_len = strlen(m.text);
	r->tell(r, &m);
}
