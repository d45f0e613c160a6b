#include "mltop/cli_upload.h"
#include "mltop/cli_packing.h"

#include "base/fsio.h"
#include "base/timefmt.h"
#include "client/upload.h"
#include "core/text/ignore.h"
#include "io/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TELL_MS = 100, BAR_CELLS = 20 };

/* ---- Progress: one line on standard error, where a person looks at it ---- */

struct teller {
	const char *name;
	int64_t told; /* monotonic */
	bool shown;
};

static void draw_bar(char bar[BAR_CELLS + 1], int64_t done, int64_t of)
{
	int filled = of > 0 ? (int)(done * BAR_CELLS / of) : 0;

	memset(bar, ' ', BAR_CELLS);
	memset(bar, '=', (size_t)filled);
	if (filled < BAR_CELLS)
		bar[filled] = '>';
	bar[BAR_CELLS] = '\0';
}

/* What goes in one part needs no line. */
static void on_progress(void *ctx, int64_t received, int64_t size)
{
	struct teller *t = ctx;
	int64_t now = time_mono_ms();
	char bar[BAR_CELLS + 1];

	if (!isatty(STDERR_FILENO) || size <= UPLOAD_PART || (t->shown && now - t->told < TELL_MS))
		return;
	t->told = now;
	t->shown = true;
	draw_bar(bar, received, size);
	fprintf(stderr, "\rmltop: uploading %s [%s] %.1f of %.1f MiB (%d %%)\033[K", t->name, bar,
		(double)received / (1 << 20), (double)size / (1 << 20),
		(int)(received * 100 / size));
	fflush(stderr);
}

static bool send_file(struct cli *c, int fd, const char *name, json_t *body, struct err *e)
{
	struct teller t = {.name = name};
	struct upload u = {.fd = fd, .name = name, .progress = on_progress, .ctx = &t};
	char uri[UPLOAD_URI_SIZE];
	bool good;

	if (!cli_connect(c, e))
		return false;
	u.api = c->api;
	u.loop = c->loop;
	good = upload_send(&u, uri, e);
	if (t.shown)
		fprintf(stderr, "\r\033[K");
	if (good)
		json_object_set_new(body, "trainer_uri", json_string(uri));
	else
		err_prefix(e, "uploading %s", name);
	return good;
}

/* ---- Folders ---- */

static struct ignore *ignore_of(const char *folder, struct err *e)
{
	char *path = fsio_join(folder, ".mltopignore");
	struct ignore *g = ignore_new();
	struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	bool good;

	ignore_add_standard(g);
	good = fsio_read(path, &text, IGNORE_BYTES_MAX, &why)
		? ignore_add(g, text.data, text.len, path, &why)
		: why.code == ERR_NOT_FOUND;
	buf_release(&text);
	free(path);
	if (good)
		return g;
	*e = why;
	ignore_free(g);
	return NULL;
}

/* A file without a name: it is gone when we are, however that happens. */
static int scratch_file(struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *path = fsio_join(tmp && *tmp ? tmp : "/tmp", "mltop-package-XXXXXX");
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		err_errno(e, errno, "cannot pack the folder into", path);
	else
		unlink(path);
	free(path);
	return fd;
}

/* The platform's own, where it tells them: a folder that it will not take is not sent. */
static void limits_ask(struct cli *c, struct archive_limits *out)
{
	json_t *answer = NULL, *packages;
	struct err e = ERR_INIT;
	json_int_t entries, ratio;

	*out = archive_limits_default;
	if (!cli_call(c, "GET", "/version", NULL, &answer, &e))
		return;
	packages = json_object_get(answer, "packages");
	entries = json_integer_value(json_object_get(packages, "max_entries"));
	ratio = json_integer_value(json_object_get(packages, "max_ratio"));
	if (entries > 0)
		out->entries = entries;
	if (ratio > 0)
		out->ratio = ratio;
	json_decref(answer);
}

/* By the platform's own rules, before anything is sent. */
static bool package_check(int fd, const char *name, const struct archive_limits *limits,
	struct err *e)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return archive_check(path, name, limits, e);
}

/* The real name of the folder: "." has none that says anything. */
static void folder_name(char out[UPLOAD_NAME_SIZE], const char *path)
{
	char *real = realpath(path, NULL);

	upload_name(out, real && real[1] ? real : "work");
	free(real);
}

/* A home holds keys, mltop's own among them, and is no project: nobody means to send it. */
static bool is_project(const char *path, struct err *e)
{
	const char *home = getenv("HOME");
	struct stat folder, other;

	if (stat(path, &folder) != 0)
		return err_errno(e, errno, "cannot look at", path);
	for (int i = 0; i < 2; i++) {
		const char *never = i == 0 ? "/" : home;

		if (never && stat(never, &other) == 0 && other.st_dev == folder.st_dev &&
			other.st_ino == folder.st_ino)
			return err_set(e, ERR_INVALID,
				"this folder is %s and would be sent to the "
				"platform whole: change to the folder of the program first",
				i == 0 ? "/" : "your home");
	}
	return true;
}

bool cli_upload_folder(struct cli *c, const char *path, json_t *body, struct err *e)
{
	char top[UPLOAD_NAME_SIZE], name[UPLOAD_NAME_SIZE];
	struct ignore *rules = ignore_of(path, e);
	struct archive_limits limits;
	struct packing packing;
	struct archive_folder folder = {.path = path,
		.top = top,
		.skip = packing_skips,
		.ctx = &packing,
		.limits = &limits};
	bool good;
	int fd;

	if (rules == NULL || !is_project(path, e)) {
		ignore_free(rules);
		return false;
	}
	limits_ask(c, &limits);
	folder_name(top, path);
	snprintf(name, sizeof name, "%.100s.tar.gz", top);
	fd = scratch_file(e);
	packing_begin(&packing, rules, path);
	good = fd >= 0 && archive_pack_folder(fd, &folder, e);
	packing_done(&packing, fd, good);
	good = good && package_check(fd, name, &limits, e) && send_file(c, fd, name, body, e);
	if (fd >= 0)
		close(fd);
	ignore_free(rules);
	return good;
}

/* ---- Files ---- */

static bool upload_file(struct cli *c, const char *path, json_t *body, struct err *e)
{
	char name[UPLOAD_NAME_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool good;

	if (fd < 0)
		return err_errno(e, errno, "cannot read the package", path);
	upload_name(name, path);
	good = send_file(c, fd, name, body, e);
	close(fd);
	return good;
}

static bool keep_file(const char *path, json_t *body, struct err *e)
{
	char *real = realpath(path, NULL);
	struct buf uri = BUF_INIT;

	if (real == NULL)
		return err_errno(e, errno, "cannot read the package", path);
	buf_addf(&uri, "file://%s", real);
	json_object_set_new(body, "trainer_uri", json_string(uri.data));
	buf_release(&uri);
	free(real);
	return true;
}

bool cli_upload_trainer(struct cli *c, json_t *body, struct err *e)
{
	const char *uri = json_string_value(json_object_get(body, "trainer_uri"));
	bool named = uri && strncmp(uri, "file://", 7) == 0;
	struct stat st;

	if (uri == NULL || *uri == '\0' || (!named && strstr(uri, "://") != NULL))
		return true;
	if (!cli_connect(c, e))
		return false;
	/* A copy: the body's own text goes when the field is set. */
	char *path = mem_strdup(named ? uri + 7 : uri);
	bool here = stat(path, &st) == 0, good = true;

	if (!here && !named)
		good = err_field(e, ERR_INVALID, "trainer_uri",
			"trainer_uri is %.200s: there is no such "
			"file or folder here",
			path);
	else if (here && cli_has(c, "what-if") && (S_ISDIR(st.st_mode) || !c->context.private))
		good = err_field(e, ERR_INVALID, "trainer_uri",
			"trainer_uri is %.200s: --what-if uploads nothing; name the uri of a package "
			"that is there (mltop packages create uploads one)",
			path);
	else if (here && S_ISDIR(st.st_mode))
		good = cli_upload_folder(c, path, body, e);
	else if (here && !c->context.private)
		good = upload_file(c, path, body, e);
	else if (here && !named)
		good = keep_file(path, body, e);
	/* file:// of what is not here may be a file of the platform's machine: it says so, or not. */
	free(path);
	return good;
}

int cli_package_create(struct cli *c)
{
	json_t *body = json_object();
	struct err e = ERR_INIT;
	struct stat st;
	bool good = stat(c->args[0], &st) == 0 ||
		err_errno(&e, errno, "cannot read the package", c->args[0]);

	if (good)
		good = S_ISDIR(st.st_mode)
			? cli_connect(c, &e) && cli_upload_folder(c, c->args[0], body, &e)
			: upload_file(c, c->args[0], body, &e);
	if (good) {
		output_text(c, json_string_value(json_object_get(body, "trainer_uri")));
		putchar('\n');
	}
	json_decref(body);
	return good ? EXIT_DONE : cli_fail(&e);
}
