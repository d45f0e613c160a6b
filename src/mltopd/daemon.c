/* Serving: start, signals, stop. */
#include "mltopd/options.h"

#include "work/cursor.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/taskfile.h"
#include "base/timefmt.h"
#include "io/turns.h"
#include "kinds/kinds.h"
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
#include <uv.h>

enum { STOP_MS = 4500, ANSWERS_MS = 1500 };

struct daemon {
	struct options *o;
	uv_loop_t loop;
	struct turns *turns;
	char *dir;
	int lock;
	bool fresh; /* the state folder was empty: a demo may remove it */
	struct platform *platform;
	struct route_table *routes;
	struct server *server;
	struct control *control;
	uv_signal_t term, interrupt, hang_up;
	uv_timer_t limit;
	uv_poll_t leash; /* --die-with-fd */
	bool stopping, restart, leashed;
	int handles;
};

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
	const struct config *c = platform_config(d->platform);
	char address[64];
	int port;

	config_listen(c, address, &port, NULL);
	snprintf(out, 128, "%s://%s%s%s:%d", *c->tls.cert ? "https" : "http",
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
		"start_time", (json_int_t)start, "boot_id", boot, "version", MLTOP_VERSION,
		"engine", config_engines[platform_config(d->platform)->engine]);
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
	struct config c;
	struct err e = ERR_INIT;

	(void)number;
	if (d->stopping || d->platform == NULL)
		return;
	if (options_config(d->o, &c, &e) &&
		config_same_fixed(platform_config(d->platform), &c, &e)) {
		platform_reload(d->platform, &c);
		log_set_level((enum log_level)c.log_level);
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
		return err_set(e, ERR_INVALID, "--die-with-fd %d: it is not an open pipe",
			d->o->die_fd);
	d->leashed = true;
	d->handles++;
	uv_poll_start(&d->leash, UV_READABLE | UV_DISCONNECT, on_leash);
	return true;
}

static bool folder_take(struct daemon *d, const struct config *c, struct err *e)
{
	bool swapped;
	char *database;

	d->dir = options_state_dir(c, e);
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

/* The items of a list as the server takes them: ended by NULL. */
static const char *const *texts_of(struct arena *a, const struct strings *list)
{
	const char **out = arena_alloc(a, (list->len + 1) * sizeof *out);

	for (size_t i = 0; i < list->len; i++)
		out[i] = list->items[i];
	return out;
}

static bool server_start(struct daemon *d, struct err *e)
{
	const struct config *c = platform_config(d->platform);
	struct arena lists = ARENA_INIT;
	struct server_config s = {.loop = &d->loop,
		.platform = d->platform,
		.asks = &platform_asks,
		.routes = route_table_rows(d->routes),
		.prefix = c->prefix,
		.spool_dir = d->dir,
		.unix_path = c->listen_unix};
	char address[64];
	bool good;

	s.origins = texts_of(&lists, &c->origins);
	s.proxies = texts_of(&lists, &c->trusted_proxies);
	config_listen(c, address, &s.port, NULL);
	s.address = address;
	s.tls_cert = *c->tls.cert ? c->tls.cert : NULL;
	s.tls_key = *c->tls.key ? c->tls.key : NULL;
	good = server_open(&d->server, &s, e);
	arena_release(&lists);
	return good;
}

static bool daemon_start(struct daemon *d, struct err *e)
{
	const struct config *c = &d->o->config;
	struct platform_options po = {.config = c,
		.loop = &d->loop,
		.turns = d->turns,
		.engine = true,
		.volatile_data = d->o->die_fd >= 0,
		.idle = on_idle,
		.idle_ctx = d};
	char url[128];

	po.dir = d->dir;
	d->routes = route_table_new();
	if (!platform_open(&d->platform, &po, e))
		return false;
	if (c->private && !keys_private(&d->platform->model, d->platform->dir, e))
		return false;
	looks_open(d->platform);
	if (!orgs_separate(&d->platform->model, e) || !server_start(d, e) ||
		!platform_run(d->platform, d->server, e) ||
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

int daemon_main(struct options *o, char **argv)
{
	struct daemon d = {.o = o, .lock = -1};
	struct err e = ERR_INIT;
	bool good;

	/* Keys are in our memory: no core file of it, and nobody of our user reads it. */
	prctl(PR_SET_DUMPABLE, 0);
	log_set_level((enum log_level)o->config.log_level);
	if (!folder_take(&d, &o->config, &e)) {
		complain(e.text);
		free(d.dir);
		return 1;
	}
	uv_loop_init(&d.loop);
	d.turns = turns_new(&d.loop, turns_pool());
	signals_open(&d);
	good = daemon_start(&d, &e);
	if (!good) {
		complain(e.text);
		if (d.platform == NULL) {
			platform_gone(&d);
		} else if (d.server == NULL) {
			/* Nothing but the store is open yet. */
			platform_abandon(d.platform);
			_exit(1);
		} else {
			daemon_stop(&d, "it could not start");
		}
	}
	uv_run(&d.loop, UV_RUN_DEFAULT);
	uv_loop_close(&d.loop);
	turns_free(d.turns);
	route_table_free(d.routes);
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
