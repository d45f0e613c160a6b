/* mltopd: the platform API server. Start, signals, stop; verbs are in control_commands.c. */
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/taskfile.h"
#include "base/timefmt.h"
#include "mltopd/control.h"
#include "mltopd/routes.h"
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STOP_MS = 4500, ANSWERS_MS = 1500, SETS_MAX = 128 };

struct options {
	struct config config;
	const char *config_path;
	char *sets[SETS_MAX]; /* ours; kept for a reload */
	int set_count;
	int die_fd; /* -1: none */
	bool check, help, version;
	char *words[CONTROL_ARGS_MAX]; /* a verb and its arguments; borrowed */
	int word_count;
	char *absolute; /* the word that was made one */
};

struct daemon {
	struct options *o;
	uv_loop_t loop;
	char *dir;
	int lock;
	bool fresh;          /* the state folder was empty: a demo may remove it */
	struct platform *platform;
	struct server *server;
	struct control *control;
	uv_signal_t term, interrupt, hang_up;
	uv_timer_t limit;
	uv_poll_t leash;     /* --die-with-fd */
	bool stopping, restart, leashed;
	int handles;
};

/* ---- Command line ---- */

/* `--name VALUE`, `--name=VALUE`: the value, or NULL. Moves *i on. */
static const char *take_value(char **argv, int argc, int *i, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0)
		return NULL;
	if (argv[*i][len] == '=')
		return argv[*i] + len + 1;
	if (argv[*i][len] != '\0' || *i + 1 >= argc)
		return NULL;
	return argv[++*i];
}

static bool set_later(struct options *o, char *text, struct err *e)
{
	if (o->set_count == SETS_MAX)
		return err_set(e, ERR_INVALID, "more than %d settings on the command line", SETS_MAX);
	o->sets[o->set_count++] = text;
	return true;
}

static bool set_named(struct options *o, const char *name, const char *value, struct err *e)
{
	char *text = NULL;

	return asprintf(&text, "%s=%s", name, value) < 0 ? abort(), false : set_later(o, text, e);
}

/* Flags that are settings under another name. */
static const struct {
	const char *flag, *setting;
} aliases[] = {
	{"--listen", "listen"}, {"--state-dir", "state_dir"}, {"--engine", "engine"},
	{"--tls-cert", "tls.cert"}, {"--tls-key", "tls.key"},
};
static const struct {
	const char *flag, *setting;
} switches[] = {{"--private", "private"}, {"--insecure-listen", "insecure_listen"}};

static bool take_alias(struct options *o, char **argv, int argc, int *i, bool *taken, struct err *e)
{
	const char *value;

	*taken = true;
	for (size_t n = 0; n < ARRAY_SIZE(aliases); n++)
		if ((value = take_value(argv, argc, i, aliases[n].flag)) != NULL)
			return set_named(o, aliases[n].setting, value, e);
	for (size_t n = 0; n < ARRAY_SIZE(switches); n++)
		if (strcmp(argv[*i], switches[n].flag) == 0)
			return set_named(o, switches[n].setting, "yes", e);
	*taken = false;
	return true;
}

static bool take_flag(struct options *o, char **argv, int argc, int *i, struct err *e)
{
	const char *value;
	int64_t fd;
	bool taken;

	if (!take_alias(o, argv, argc, i, &taken, e) || taken)
		return taken;
	if ((value = take_value(argv, argc, i, "--set")) != NULL)
		return set_later(o, mem_strdup(value), e);
	if ((value = take_value(argv, argc, i, "--config")) != NULL) {
		o->config_path = value;
	} else if ((value = take_value(argv, argc, i, "--die-with-fd")) != NULL) {
		if (!num_i64(value, 3, 1000000, &fd))
			return err_set(e, ERR_INVALID, "--die-with-fd %.20s: give a descriptor", value);
		o->die_fd = (int)fd;
	} else if (strcmp(argv[*i], "--check-config") == 0) {
		o->check = true;
	} else if (strcmp(argv[*i], "--help") == 0) {
		o->help = true;
	} else if (strcmp(argv[*i], "--version") == 0) {
		o->version = true;
	} else if (o->word_count > 0 && o->word_count < CONTROL_ARGS_MAX) {
		o->words[o->word_count++] = argv[*i]; /* a flag of the verb */
	} else {
		return err_set(e, ERR_INVALID, "%.60s is not a flag, or its value is missing; see --help",
			argv[*i]);
	}
	return true;
}

static bool options_read(struct options *o, int argc, char **argv, struct err *e)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			if (!take_flag(o, argv, argc, &i, e))
				return false;
		} else if (o->word_count < CONTROL_ARGS_MAX) {
			o->words[o->word_count++] = argv[i];
		}
	}
	return true;
}

static void options_release(struct options *o)
{
	for (int i = 0; i < o->set_count; i++)
		free(o->sets[i]);
	free(o->absolute);
	config_release(&o->config);
}

/* File first, then flags and --set in their order. */
static bool config_make(const struct options *o, struct config *c, struct err *e)
{
	if (o->config_path && !config_read(c, o->config_path, e))
		return false;
	for (int i = 0; i < o->set_count; i++)
		if (!config_set(c, o->sets[i], e))
			return false;
	return config_check(c, e);
}

static void print_help(void)
{
	struct buf verbs = BUF_INIT;

	command_usage(&verbs);
	printf("mltopd %s: the platform API server\n\n"
	       "  mltopd [--config FILE] [--listen ADDR:PORT] [--state-dir DIR]\n"
	       "         [--engine local|kubernetes|fake] [--tls-cert FILE --tls-key FILE]\n"
	       "         [--insecure-listen] [--private] [--set KEY=VALUE]... [--check-config]\n\n"
	       "Verbs (with --state-dir DIR; they work with mltopd running and without):\n%s"
	       "  mltopd docs api|routes|config%*s prints reference pages\n",
		MLTOP_VERSION, verbs.data, 34, "");
	buf_release(&verbs);
}

/* ---- Small helpers of the start ---- */

static char *state_dir(const struct config *c, struct err *e)
{
	const char *given = config_text(c, SET_STATE_DIR);
	char *path, *here;

	if (*given == '\0')
		return folder_default(e);
	if (*given == '/')
		return mem_strdup(given);
	here = getcwd(NULL, 0);
	path = fsio_join(here ? here : "/", given);
	free(here);
	return path;
}

static void log_level_set(const struct config *c)
{
	static const char *const words[] = {"error", "warn", "info", "debug"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(config_text(c, SET_LOG_LEVEL), words[i]) == 0)
			log_set_level((enum log_level)i);
}

/* sd_notify(3) by hand: one datagram to the socket that systemd names. */
static void notify_systemd(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len == 0 || len >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, len);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_line(LOG_WARN, "cannot tell systemd: %s", strerror(errno));
	close(fd);
}

static void url_of(const struct daemon *d, char out[128])
{
	const struct config *c = &d->platform->config;
	char address[64];
	int port;

	config_listen(c, address, &port, NULL);
	snprintf(out, 128, "%s://%s%s%s:%d", *config_text(c, SET_TLS_CERT) ? "https" : "http",
		strchr(address, ':') ? "[" : "", address, strchr(address, ':') ? "]" : "",
		server_port(d->server));
}

/* How mltop finds the platform of this folder; valid only while the process lives. */
static bool endpoint_write(struct daemon *d, const char *url, struct err *e)
{
	char *path = fsio_join(d->dir, "endpoint"), *text;
	char boot[40] = "";
	uint64_t start = 0;
	json_t *object;
	bool good;

	taskfile_boot_id(boot);
	taskfile_start_time(getpid(), &start);
	object = json_pack("{s:s, s:i, s:I, s:s, s:s, s:s}", "url", url, "pid", (int)getpid(),
		"start_time", (json_int_t)start, "boot_id", boot, "version", MLTOP_VERSION, "engine",
		config_text(&d->platform->config, SET_ENGINE));
	text = json_dumps(object, JSON_COMPACT);
	good = fsio_write(path, text, strlen(text), 0600, e);
	free(text);
	json_decref(object);
	free(path);
	return good;
}

static void endpoint_remove(const struct daemon *d)
{
	char *path = fsio_join(d->dir, "endpoint"), *sock = fsio_join(d->dir, "control.sock");

	unlink(path);
	unlink(sock);
	free(path);
	free(sock);
}

/* ---- Stopping ---- */

static void handle_gone(uv_handle_t *handle)
{
	struct daemon *d = handle->data;

	d->handles--;
}

static void platform_gone(void *ctx)
{
	struct daemon *d = ctx;
	uv_handle_t *all[] = {(uv_handle_t *)&d->term, (uv_handle_t *)&d->interrupt,
		(uv_handle_t *)&d->hang_up, (uv_handle_t *)&d->limit};

	d->platform = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		uv_close(all[i], handle_gone);
	if (d->leashed)
		uv_close((uv_handle_t *)&d->leash, handle_gone);
}

static void server_gone(void *ctx)
{
	struct daemon *d = ctx;

	d->server = NULL;
	platform_close(d->platform, platform_gone, d);
}

/* Whatever hangs, the promise of 5 s is kept; the store is whole by design. */
static void on_limit(uv_timer_t *timer)
{
	(void)timer;
	log_line(LOG_ERROR, "mltopd did not stop in time: ending at once; jobs go on");
	_exit(1);
}

static void daemon_stop(struct daemon *d, const char *why)
{
	if (d->stopping)
		return;
	d->stopping = true;
	log_line(LOG_INFO, "stopping: %s; jobs go on", why);
	notify_systemd("STOPPING=1");
	uv_timer_start(&d->limit, on_limit, STOP_MS, 0);
	control_close(d->control);
	d->control = NULL;
	if (d->server)
		server_close(d->server, ANSWERS_MS, server_gone, d);
	else
		platform_close(d->platform, platform_gone, d);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
	daemon_stop(handle->data, number == SIGINT ? "interrupted" : "asked to by a signal");
}

static void on_idle(void *ctx)
{
	daemon_stop(ctx, "nobody needs it");
}

static void on_restart(void *ctx)
{
	struct daemon *d = ctx;

	d->restart = true;
	daemon_stop(d, "a backup was restored");
}

static void on_hang_up(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;
	struct config c = CONFIG_INIT;
	struct err e = ERR_INIT;

	(void)number;
	if (d->stopping || d->platform == NULL)
		return;
	if (config_make(d->o, &c, &e) && config_same_fixed(&d->platform->config, &c, &e)) {
		platform_reload(d->platform, &c);
		log_level_set(&c);
		log_line(LOG_INFO, "the configuration was read again");
	} else {
		log_line(LOG_ERROR, "the configuration was not taken over: %s", e.text);
	}
	config_release(&c);
}

/* The pipe's other end is gone: the viewer that this demo is for has ended. */
static void on_leash(uv_poll_t *handle, int status, int events)
{
	char byte;
	ssize_t n = read(((struct daemon *)handle->data)->o->die_fd, &byte, 1);

	(void)status, (void)events;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	uv_poll_stop(handle);
	daemon_stop(handle->data, "its viewer has ended");
}

/* ---- Starting ---- */

static void signals_open(struct daemon *d)
{
	signal(SIGPIPE, SIG_IGN);
	uv_signal_init(&d->loop, &d->term);
	uv_signal_init(&d->loop, &d->interrupt);
	uv_signal_init(&d->loop, &d->hang_up);
	uv_timer_init(&d->loop, &d->limit);
	d->term.data = d->interrupt.data = d->hang_up.data = d->limit.data = d->leash.data = d;
	uv_signal_start(&d->term, on_stop_signal, SIGTERM);
	uv_signal_start(&d->interrupt, on_stop_signal, SIGINT);
	uv_signal_start(&d->hang_up, on_hang_up, SIGHUP);
	d->handles = 4;
}

static bool leash_open(struct daemon *d, struct err *e)
{
	if (d->o->die_fd < 0)
		return true;
	fcntl(d->o->die_fd, F_SETFD, FD_CLOEXEC);
	fcntl(d->o->die_fd, F_SETFL, O_NONBLOCK);
	if (uv_poll_init(&d->loop, &d->leash, d->o->die_fd) != 0)
		return err_set(e, ERR_INVALID, "--die-with-fd %d: it is not an open pipe", d->o->die_fd);
	d->leashed = true;
	d->handles++;
	uv_poll_start(&d->leash, UV_READABLE | UV_DISCONNECT, on_leash);
	return true;
}

static bool folder_take(struct daemon *d, const struct config *c, struct err *e)
{
	bool swapped;
	char *database;

	d->dir = state_dir(c, e);
	if (d->dir == NULL || !folder_prepare(d->dir, e) || !folder_lock(d->dir, &d->lock, e))
		return false;
	if (!backup_swap(d->dir, &swapped, e))
		return false;
	if (swapped)
		log_line(LOG_INFO, "a restored backup is in place");
	database = fsio_join(d->dir, "store.db");
	d->fresh = access(database, F_OK) != 0;
	free(database);
	return true;
}

static bool server_start(struct daemon *d, struct err *e)
{
	const struct config *c = &d->platform->config;
	VEC(char *) origins = {0};
	struct buf one = BUF_INIT;
	struct server_config s = {.loop = &d->loop, .platform = d->platform,
		.prefix = config_text(c, SET_PREFIX)};
	char address[64];
	bool good;

	for (size_t i = 0; config_item(c, SET_ORIGINS, i, &one); i++)
		vec_push(&origins, buf_detach(&one));
	vec_push(&origins, NULL);
	s.origins = (const char *const *)origins.items;
	config_listen(c, address, &s.port, NULL);
	s.address = address;
	s.tls_cert = *config_text(c, SET_TLS_CERT) ? config_text(c, SET_TLS_CERT) : NULL;
	s.tls_key = *config_text(c, SET_TLS_KEY) ? config_text(c, SET_TLS_KEY) : NULL;
	good = server_open(&d->server, &s, e);
	for (size_t i = 0; i < origins.len; i++)
		free(origins.items[i]);
	vec_release(&origins);
	buf_release(&one);
	return good;
}

static bool daemon_start(struct daemon *d, struct err *e)
{
	const struct config *c = &d->o->config;
	struct platform_options po = {.config = c, .loop = &d->loop, .engine = true,
		.volatile_data = d->o->die_fd >= 0};
	char url[128];

	po.dir = d->dir;
	if (!platform_open(&d->platform, &po, e))
		return false;
	d->platform->idle = on_idle;
	d->platform->idle_ctx = d;
	if (config_bool(c, SET_PRIVATE) && !keys_private(d->platform, e))
		return false;
	if (!server_start(d, e) || !platform_run(d->platform, d->server, e) ||
		!control_open(&d->control, d->platform, on_restart, d, e) || !leash_open(d, e))
		return false;
	url_of(d, url);
	if (!endpoint_write(d, url, e))
		return false;
	printf("mltopd: listening on %s\n", url);
	fflush(stdout);
	notify_systemd("READY=1");
	return true;
}

static int daemon_main(struct options *o, char **argv)
{
	struct daemon d = {.o = o, .lock = -1};
	struct err e = ERR_INIT;
	bool good;

	/* Keys are in our memory: no core file of it, and nobody of our user reads it. */
	prctl(PR_SET_DUMPABLE, 0);
	log_level_set(&o->config);
	if (!folder_take(&d, &o->config, &e)) {
		fprintf(stderr, "mltopd: %s\n", e.text);
		free(d.dir);
		return 1;
	}
	uv_loop_init(&d.loop);
	signals_open(&d);
	good = daemon_start(&d, &e);
	if (!good) {
		fprintf(stderr, "mltopd: %s\n", e.text);
		if (d.platform == NULL) {
			platform_gone(&d);
		} else if (d.server == NULL) {
			/* A context that libwebsockets gave up leaves handles of an unloaded plugin on
			 * the loop: it must not run again, so nothing of it can be given back. Nothing
			 * but the store is open yet. */
			platform_abandon(d.platform);
			_exit(1);
		} else {
			daemon_stop(&d, "it could not start");
		}
	}
	uv_run(&d.loop, UV_RUN_DEFAULT);
	uv_loop_close(&d.loop);
	endpoint_remove(&d);
	if (o->die_fd >= 0 && d.fresh)
		fsio_remove_tree(d.dir, NULL);
	close(d.lock);
	free(d.dir);
	if (d.restart && good) {
		execv("/proc/self/exe", argv);
		fprintf(stderr, "mltopd: cannot begin anew: %s\n", strerror(errno));
		good = false;
	}
	return good ? 0 : 1;
}

/* ---- Verbs without a daemon ---- */

struct alone {
	bool done, closed;
};

static void alone_done(struct command *cmd)
{
	((struct alone *)cmd->ctx)->done = true;
}

static void alone_closed(void *ctx)
{
	((struct alone *)ctx)->closed = true;
}

static bool verb_alone(const struct options *o, const char *dir, struct command *cmd, struct err *e)
{
	struct platform_options po = {.config = &o->config, .dir = dir};
	struct alone state = {false, false};
	uv_loop_t loop;
	int lock = -1;
	bool swapped, good;

	if (!folder_prepare(dir, e) || !folder_lock(dir, &lock, e))
		return false;
	uv_loop_init(&loop);
	po.loop = &loop;
	good = backup_swap(dir, &swapped, e) && platform_open(&cmd->p, &po, e);
	if (good) {
		cmd->done = alone_done;
		cmd->ctx = &state;
		command_run(cmd);
		while (!state.done)
			uv_run(&loop, UV_RUN_ONCE);
		platform_close(cmd->p, alone_closed, &state);
		while (!state.closed)
			uv_run(&loop, UV_RUN_ONCE);
		good = !cmd->restart || backup_swap(dir, &swapped, e);
	}
	uv_loop_close(&loop);
	close(lock);
	return good;
}

/* The daemon has another working folder: a file is named from / on. */
static void word_absolute(struct options *o, int at)
{
	char *here;

	if (o->word_count <= at || o->words[at][0] == '/')
		return;
	here = getcwd(NULL, 0);
	o->words[at] = o->absolute = fsio_join(here ? here : "/", o->words[at]);
	free(here);
}

static int verb_main(struct options *o)
{
	struct command cmd;
	struct err e = ERR_INIT;
	char *dir = state_dir(&o->config, &e);
	bool good;

	command_init(&cmd);
	if (strcmp(o->words[0], "backup") == 0 || strcmp(o->words[0], "restore") == 0)
		word_absolute(o, 1);
	good = dir && control_ask(dir, o->words, o->word_count, &cmd.status, &cmd.out, &cmd.err, &e);
	if (!good && dir && e.code == ERR_NOT_FOUND) {
		for (; cmd.count < o->word_count; cmd.count++)
			cmd.args[cmd.count] = mem_strdup(o->words[cmd.count]);
		good = verb_alone(o, dir, &cmd, &e);
	}
	if (!good) {
		fprintf(stderr, "mltopd: %s\n", e.text);
		cmd.status = 1;
	}
	fputs(cmd.out.data, stdout);
	fputs(cmd.err.data, stderr);
	command_release(&cmd);
	free(dir);
	return cmd.status;
}

static int docs_main(const struct options *o)
{
	struct buf out = BUF_INIT;
	const char *what = o->word_count > 1 ? o->words[1] : "";

	if (strcmp(what, "api") == 0)
		routes_docs(&out);
	else if (strcmp(what, "routes") == 0)
		routes_json(&out);
	else if (strcmp(what, "config") == 0)
		config_docs(&out);
	bool known = out.len > 0;

	fputs(out.data, stdout);
	if (!known)
		fprintf(stderr, "mltopd: docs: give api, routes or config\n");
	buf_release(&out);
	return known ? 0 : 2;
}

static int run(struct options *o, int argc, char **argv)
{
	struct err e = ERR_INIT;

	if (!options_read(o, argc, argv, &e)) {
		fprintf(stderr, "mltopd: %s\n", e.text);
		return 2;
	}
	if (o->help || o->version) {
		if (o->help)
			print_help();
		else
			printf("mltopd %s\n", MLTOP_VERSION);
		return 0;
	}
	if (o->word_count > 0 && strcmp(o->words[0], "docs") == 0)
		return docs_main(o);
	if (o->word_count > 0 && !command_known(o->words[0])) {
		fprintf(stderr, "mltopd: %.60s is not a verb; see --help\n", o->words[0]);
		return 2;
	}
	if (!config_make(o, &o->config, &e)) {
		fprintf(stderr, "mltopd: %s\n", e.text);
		return 2;
	}
	if (o->check) {
		printf("mltopd: the configuration is good\n");
		return 0;
	}
	return o->word_count > 0 ? verb_main(o) : daemon_main(o, argv);
}

int main(int argc, char **argv)
{
	struct options o = {.die_fd = -1};
	int status;

	umask(077);
	status = run(&o, argc, argv);
	options_release(&o);
	return status;
}
