/* mltop jobs outputs and download: what a job has left in MLTOP_OUTPUT_DIR. */
#include "mltop/cli.h"

#include "base/fsio.h"
#include "core/kinds/job.h"
#include "core/wire/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 2 << 20 }; /* bytes asked for at once */

static bool fetch_outputs(struct cli *c, json_t **out, struct err *e)
{
	char *path = cli_path(&job_kind, c->args[0], "/outputs");
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

static int64_t size_of(const json_t *file)
{
	return json_integer_value(json_object_get(file, "size"));
}

static void warn_truncated(const json_t *answer)
{
	if (json_is_true(json_object_get(answer, "truncated")))
		fprintf(stderr,
			"mltop: there are more outputs than the platform lists: more than "
			"10,000, or some with names it cannot show\n");
}

int cli_outputs(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *answer = NULL, *file;
	size_t i;

	if (!fetch_outputs(c, &answer, &e))
		return cli_fail(&e);
	if (cli_has(c, "json")) {
		output_one(c, NULL, answer, &e);
	} else {
		json_array_foreach(json_object_get(answer, "data"), i, file) {
			const char *when = json_string_value(json_object_get(file, "mtime"));

			printf("%12lld  ", (long long)size_of(file));
			output_text(c, when ? when : "-");
			printf("  ");
			output_text(c, path_of(file));
			putchar('\n');
		}
		warn_truncated(answer);
	}
	json_decref(answer);
	return EXIT_DONE;
}

/* ---- Download ---- */

/* The list is the platform's: nothing in it may lead out of the folder it goes to. */
static bool path_safe(const char *path, struct err *e)
{
	const char *at = path;

	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INVALID,
				"the platform lists an output with a control "
				"character in its name: not downloaded");
	for (;;) {
		size_t len = strcspn(at, "/");

		if (len == 0 || (len == 1 && *at == '.') ||
			(len == 2 && at[0] == '.' && at[1] == '.'))
			return err_set(e, ERR_INVALID,
				"the platform lists an output '%.200s', which is no "
				"path below its folder: not downloaded",
				path);
		if (at[len] == '\0')
			return true;
		at += len + 1;
	}
}

static bool fetch_piece(struct cli *c, const char *path, int64_t offset, char **text, size_t *len,
	struct err *e)
{
	char *base = cli_path(&job_kind, c->args[0], "/outputs?"), number[24];
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
	good = api_wait(c->api, &c->loop, &r, &answer, NULL, text);
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

static bool make_parents(const char *path, struct err *e)
{
	char *parent = mem_strdup(path), *slash = strrchr(parent, '/');
	bool good;

	if (slash)
		*slash = '\0';
	good = slash == NULL || slash == parent || fsio_mkdirs(parent, 0777, e);
	free(parent);
	return good;
}

/* Aside first: what stands under its own name is whole. */
static bool fetch_file(struct cli *c, const json_t *file, const char *to, struct err *e)
{
	char *part = NULL;
	int fd = -1;
	bool good = make_parents(to, e);

	if (good && !cli_has(c, "force") && access(to, F_OK) == 0)
		good = err_set(e, ERR_CONFLICT,
			"%s is there already: give another folder with -o, or "
			"--force to write over it",
			to);
	if (good)
		good = (fd = fsio_aside(to, &part)) >= 0 || err_errno(e, errno, "cannot write", to);
	good = good && fetch_into(c, fd, path_of(file), size_of(file), e);
	if (fd >= 0 && close(fd) != 0 && good)
		good = err_errno(e, errno, "cannot write", to);
	if (good && rename(part, to) != 0)
		good = err_errno(e, errno, "cannot keep", to);
	if (!good && fd >= 0)
		unlink(part);
	free(part);
	return good;
}

/* The file of that path, or all below it. */
static bool wanted(const char *path, const char *which)
{
	size_t len = which ? strlen(which) : 0;

	while (len > 0 && which[len - 1] == '/')
		len--;
	return len == 0 ||
		(strncmp(path, which, len) == 0 && (path[len] == '\0' || path[len] == '/'));
}

static bool fetch_all(struct cli *c, const json_t *list, int *count, struct err *e)
{
	const char *dir = cli_value(c, "output"), *which = c->arg_count > 1 ? c->args[1] : NULL;
	const json_t *file;
	size_t i;

	json_array_foreach(list, i, file) {
		char *to;
		bool good;

		if (!wanted(path_of(file), which))
			continue;
		if (!path_safe(path_of(file), e))
			return false;
		to = fsio_join(dir ? dir : ".", path_of(file));
		good = fetch_file(c, file, to, e);
		if (good) {
			output_text(c, to);
			putchar('\n');
			fflush(stdout);
		}
		free(to);
		if (!good)
			return false;
		++*count;
	}
	return true;
}

int cli_download(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *answer = NULL;
	int count = 0;
	bool good = fetch_outputs(c, &answer, &e);

	good = good && fetch_all(c, json_object_get(answer, "data"), &count, &e);
	if (good && count == 0)
		good = c->arg_count > 1
			? err_set(&e, ERR_NOT_FOUND,
				  "there is no output %s of job %s; `mltop jobs outputs %s` "
				  "lists them",
				  c->args[1], c->args[0], c->args[0])
			: err_set(&e, ERR_NOT_FOUND,
				  "job %s has no outputs: it left nothing in "
				  "MLTOP_OUTPUT_DIR",
				  c->args[0]);
	if (good)
		warn_truncated(answer);
	json_decref(answer);
	return good ? EXIT_DONE : cli_fail(&e);
}
