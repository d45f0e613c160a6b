/* mltop jobs outputs and download: what a job has left in MLTOP_OUTPUT_DIR. */
#include "mltop/cli.h"

#include "base/fsio.h"
#include "base/timefmt.h"
#include "client/place.h"
#include "core/wire/query.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 2 << 20 }; /* bytes asked for at once */

static bool fetch_outputs(struct cli *c, json_t **out, struct err *e)
{
	char *path = cli_path(c->verb->kind, c->args[0], "/outputs");
	bool good = cli_call(c, "GET", path, NULL, out, e);

	free(path);
	if (good && json_is_array(json_object_get(*out, "data")))
		return true;
	if (good)
		err_set(e, ERR_INTERNAL, "the platform's list of outputs makes no sense");
	json_decref(*out);
	*out = NULL;
	return false;
}

static const char *path_of(const json_t *file)
{
	const char *path = json_string_value(json_object_get(file, "path"));

	return path ? path : "";
}

/* What a link names; NULL: it is a file. */
static const char *link_of(const json_t *file)
{
	return json_string_value(json_object_get(file, "link"));
}

static int64_t size_of(const json_t *file)
{
	return json_integer_value(json_object_get(file, "size"));
}

/* What the list does not hold; false: something is missing that was to be there. */
static bool tell_missing(const json_t *answer)
{
	const json_t *folder;
	size_t i;

	json_array_foreach(json_object_get(answer, "unreadable"), i, folder)
		cli_complain("%s cannot be read: what is in it is not listed",
			json_string_value(folder) ? json_string_value(folder) : "a folder");
	if (json_is_true(json_object_get(answer, "truncated")))
		cli_complain("there are more than 10,000 outputs: only so many are listed");
	if (json_integer_value(json_object_get(answer, "unnamed")) > 0)
		cli_complain("%lld more have names that cannot be shown",
			(long long)json_integer_value(json_object_get(answer, "unnamed")));
	return json_array_size(json_object_get(answer, "unreadable")) == 0;
}

static void print_output(const struct cli *c, const json_t *file)
{
	const char *when = json_string_value(json_object_get(file, "mtime"));
	char local[TIMEFMT_SIZE] = "-";
	int64_t ms;

	if (timefmt_parse_rfc3339(when, &ms))
		timefmt_local(local, ms);
	printf("%12lld  %s  ", (long long)size_of(file), local);
	output_text(c, path_of(file));
	if (link_of(file)) {
		printf(" -> ");
		output_text(c, link_of(file));
	}
	putchar('\n');
}

int cli_outputs(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *answer = NULL, *file;
	bool whole;
	size_t i;

	if (!fetch_outputs(c, &answer, &e))
		return cli_fail(&e);
	if (cli_has(c, "json"))
		output_one(c, NULL, answer, &e);
	else
		json_array_foreach(json_object_get(answer, "data"), i, file)
			print_output(c, file);
	fflush(stdout);
	whole = tell_missing(answer);
	json_decref(answer);
	return whole ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- Download ---- */

static bool fetch_piece(struct cli *c, const char *path, int64_t offset, char **text, size_t *len,
	struct err *e)
{
	char *base = cli_path(c->verb->kind, c->args[0], "/outputs?"), number[24];
	struct query q = QUERY_INIT;
	struct buf full = BUF_INIT;
	struct api_request r = {.method = "GET"};
	struct api_answer answer = {0};
	bool good;

	query_add(&q, "path", path, NULL);
	if (cli_value(c, "org"))
		query_add(&q, "org_id", cli_value(c, "org"), NULL);
	snprintf(number, sizeof number, "%lld", (long long)offset);
	query_add(&q, "offset", number, NULL);
	snprintf(number, sizeof number, "%d", PIECE);
	query_add(&q, "length", number, NULL);
	buf_adds(&full, base);
	query_encode(&q, &full);
	r.path = full.data;
	good = api_wait(c->api, c->loop, &r, &answer, NULL, text);
	*len = answer.text_len;
	if (!good)
		*e = answer.err;
	query_release(&q);
	buf_release(&full);
	free(base);
	return good;
}

static bool fetch_into(struct cli *c, int fd, const char *path, int64_t size, struct err *e)
{
	int64_t at = 0;

	while (at < size) {
		char *text = NULL;
		size_t len = 0;
		bool good = fetch_piece(c, path, at, &text, &len, e);

		if (good && len == 0)
			good = err_set(e, ERR_CONFLICT,
				"%s became shorter while it was downloaded: try "
				"again when the job does not write it",
				path);
		if (good && !fsio_write_all(fd, text, len))
			good = err_errno(e, errno, "cannot write", path);
		free(text);
		if (!good)
			return false;
		at += (int64_t)len;
	}
	return true;
}

/* Aside first: what stands under its own name is whole. */
static bool fetch_file(struct cli *c, struct place *p, const char *from, int64_t size,
	struct err *e)
{
	int fd = place_begin(p, e);
	bool good = fd >= 0 && fetch_into(c, fd, from, size, e);

	if (fd >= 0 && close(fd) != 0 && good)
		good = err_errno(e, errno, "cannot write", p->path);
	return good && place_keep(p, e);
}

static const json_t *file_named(const json_t *list, const char *path)
{
	const json_t *file;
	size_t i;

	json_array_foreach(list, i, file)
		if (strcmp(path_of(file), path) == 0)
			return file;
	return NULL;
}

struct download {
	const char *dir, *which; /* which: of them; NULL all */
	int top;                 /* dir */
	const json_t *list;
	int count;
};

/* The file of that path, or all below it. */
static bool wanted(const char *path, const char *which)
{
	size_t len = which ? strlen(which) : 0;

	while (len > 0 && which[len - 1] == '/')
		len--;
	return len == 0 ||
		(strncmp(path, which, len) == 0 && (path[len] == '\0' || path[len] == '/'));
}

static bool folder_listed(const json_t *list, const char *folder)
{
	const json_t *file;
	size_t i;

	json_array_foreach(list, i, file)
		if (wanted(path_of(file), folder))
			return true;
	return false;
}

/*
 * A link that stays inside is a link here too when what it names comes along, else its content: a
 * resume script looks for the name. One that leads out, or to nothing, is said and passed over.
 */
static bool fetch_link(struct cli *c, struct download *d, struct place *p, const json_t *link,
	struct err *e)
{
	char *at = place_resolve(path_of(link), link_of(link));
	const json_t *file = at ? file_named(d->list, at) : NULL;
	bool good = true;

	if (file && link_of(file) == NULL && !wanted(at, d->which))
		good = fetch_file(c, p, at, size_of(file), e);
	else if (at && (file || folder_listed(d->list, at)))
		good = place_link(p, link_of(link), e);
	else
		cli_complain("%s is a link to %s, which is not among the outputs: not downloaded",
			path_of(link), link_of(link));
	free(at);
	return good;
}

static bool fetch_one(struct cli *c, struct download *d, const json_t *file, struct err *e)
{
	char *to = fsio_join(d->dir, path_of(file));
	struct place p;
	bool good = place_open(&p, d->top, path_of(file), e);

	if (good && !cli_has(c, "force") && place_taken(&p))
		good = err_set(e, ERR_CONFLICT,
			"%s is there already: give another folder with -o, or "
			"--force to write over it",
			to);
	good = good &&
		(link_of(file) ? fetch_link(c, d, &p, file, e)
			       : fetch_file(c, &p, path_of(file), size_of(file), e));
	if (good && place_taken(&p)) {
		output_text(c, to);
		putchar('\n');
		fflush(stdout);
		d->count++;
	}
	place_close(&p);
	free(to);
	return good;
}

/* Links last: what they name is there then. */
static bool fetch_all(struct cli *c, struct download *d, struct err *e)
{
	const json_t *file;
	size_t i;

	for (int links = 0; links < 2; links++)
		json_array_foreach(d->list, i, file)
			if (wanted(path_of(file), d->which) && (link_of(file) != NULL) == links &&
				!fetch_one(c, d, file, e))
				return false;
	return true;
}

/* The folder that was named may be a link: it is the person's own word. */
static bool open_top(struct download *d, struct err *e)
{
	if (!fsio_mkdirs(d->dir, 0777, e))
		return false;
	d->top = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->top >= 0 || err_errno(e, errno, "cannot write into", d->dir);
}

static bool nothing_there(const struct cli *c, struct err *e)
{
	if (c->arg_count > 1)
		return err_set(e, ERR_NOT_FOUND,
			"there is no output %s of job %s; `mltop jobs outputs %s` lists them",
			c->args[1], c->args[0], c->args[0]);
	return err_set(e, ERR_NOT_FOUND,
		"job %s has no outputs: it left nothing in MLTOP_OUTPUT_DIR", c->args[0]);
}

/* One file that was named is all that was wanted of them. */
static bool one_named(const struct download *d)
{
	const json_t *file;
	size_t i;

	json_array_foreach(d->list, i, file)
		if (d->which && strcmp(path_of(file), d->which) == 0)
			return true;
	return false;
}

/* A copy that lacks some says so to a script as well; whether a part does, nobody knows. */
static bool told_whole(const struct download *d, const json_t *answer)
{
	bool all = !json_is_true(json_object_get(answer, "truncated")) &&
		json_integer_value(json_object_get(answer, "unnamed")) == 0;

	return one_named(d) || (tell_missing(answer) && (all || d->which));
}

int cli_download(struct cli *c)
{
	struct download d = {.dir = cli_value(c, "output") ? cli_value(c, "output") : ".",
		.which = c->arg_count > 1 ? c->args[1] : NULL,
		.top = -1};
	struct err e = ERR_INIT;
	json_t *answer = NULL;
	bool good = fetch_outputs(c, &answer, &e), whole = true;

	d.list = json_object_get(answer, "data");
	good = good && (json_array_size(d.list) || nothing_there(c, &e)) && open_top(&d, &e) &&
		fetch_all(c, &d, &e) && (d.count || nothing_there(c, &e));
	if (good)
		whole = told_whole(&d, answer);
	if (d.top >= 0)
		close(d.top);
	json_decref(answer);
	return !good ? cli_fail(&e) : whole ? EXIT_DONE : EXIT_REFUSED;
}
