/* mltop run and mltop logs: a command of this folder as a job, and what jobs print. */
#include "mltop/cli.h"
#include "mltop/cli_upload.h"

#include "base/num.h"
#include "base/ulid.h"
#include "base/timefmt.h"
#include "core/kinds/job.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

extern char **environ;

/* ---- logs ---- */

int cli_logs(struct cli *c)
{
	struct follow f = {.job = c->args[0],
		.task = cli_value(c, "task"),
		.tail = -1,
		.to_end = cli_has(c, "follow")};
	struct err e = ERR_INIT;
	int code = 0;

	if (cli_value(c, "attempt") && !num_i64(cli_value(c, "attempt"), 1, 1000000, &f.attempt))
		return cli_usage(c, "--attempt %s: give a number from 1", cli_value(c, "attempt"));
	if (cli_value(c, "tail") && !num_bytes(cli_value(c, "tail"), &f.tail))
		return cli_usage(c, "--tail %s: give a size such as 64K", cli_value(c, "tail"));
	switch (follow_log(c, &f, &code, &e)) {
	case FOLLOW_FAILED: return cli_fail(&e);
	case FOLLOW_UNREAD: return cli_output_failed();
	case FOLLOW_INTERRUPTED: return EXIT_INTERRUPTED;
	default: return cli_has(c, "exit-code") ? code : EXIT_DONE;
	}
}

/* ---- run ---- */

/* What makes a program run here as it runs in the caller's shell; values stay masked in views. */
static bool carried(const char *pair)
{
	static const char *const exact[] = {
		"PATH=", "VIRTUAL_ENV=", "LD_LIBRARY_PATH=", "PYTHONPATH="};

	for (size_t i = 0; i < ARRAY_SIZE(exact); i++)
		if (strncmp(pair, exact[i], strlen(exact[i])) == 0)
			return true;
	return strncmp(pair, "CONDA_", 6) == 0 && strchr(pair, '=') != NULL;
}

static void add_environment(json_t *env)
{
	for (char **p = environ; *p; p++) {
		const char *equals = strchr(*p, '=');

		if (equals && carried(*p)) {
			char *key = strndup(*p, (size_t)(equals - *p));

			/* A value that is no UTF-8 cannot travel in JSON and is left out. */
			json_object_set_new(env, key, json_string(equals + 1));
			free(key);
		}
	}
}

/* "python3 train.py" -> "train-4f2k": the script or program, and four characters that differ. */
static void make_name(char *const *argv, char out[64])
{
	const char *from = argv[0];
	char ulid[ULID_SIZE], word[41], *slash;
	size_t n = 0;

	for (int i = 1; argv[i] && strncmp(from, "python", 6) == 0 && i < 4; i++)
		if (argv[i][0] != '-')
			from = argv[i];
	slash = strrchr(from, '/');
	from = slash ? slash + 1 : from;
	for (; *from && *from != '.' && n < sizeof word - 1; from++)
		if (isalnum((unsigned char)*from))
			word[n++] = (char)tolower((unsigned char)*from);
		else if (n > 0 && word[n - 1] != '-')
			word[n++] = '-';
	word[n] = '\0';
	ulid_new(ulid, time_now_ms());
	for (char *p = ulid; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	snprintf(out, 64, "%s%s%s", n ? word : "run", n && word[n - 1] == '-' ? "" : "-",
		ulid + 20);
}

static bool set_text(json_t *body, const char *field, const char *text, struct err *e)
{
	const struct field *f = kind_field(&job_kind, field);
	json_t *value;

	if (text == NULL)
		return true;
	value = f->type->from_text(f, text, e);
	return value && json_object_set_new(body, field, value) == 0;
}

static bool add_command(char *const *words, json_t *body, struct err *e)
{
	json_t *command = json_array();

	json_object_set_new(body, "command", command);
	for (char *const *p = words; *p; p++)
		if (json_array_append_new(command, json_string(*p)) != 0)
			return err_set(e, ERR_INVALID, "argument %td is no UTF-8 text", p - words);
	return true;
}

static bool add_folder(json_t *body, struct err *e)
{
	char *folder = getcwd(NULL, 0);
	bool good;

	if (folder == NULL)
		return err_errno(e, errno, "the present folder", ".");
	good = json_object_set_new(body, "work_dir", json_string(folder)) == 0 ||
		err_set(e, ERR_INVALID, "the name of the present folder is no UTF-8 text: %s",
			folder);
	free(folder);
	return good;
}

/* On this machine it runs in place, as in the caller's shell. */
static bool add_place(json_t *body, struct err *e)
{
	mode_t mask = umask(077);

	umask(mask);
	add_environment(json_object_get(body, "env"));
	json_object_set_new(body, "umask", json_integer((json_int_t)mask));
	return add_folder(body, e);
}

bool cli_job_place(struct cli *c, json_t *body, struct err *e)
{
	static const char *const others[] = {"work_dir", "trainer_uri", "module_name"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (json_object_get(body, others[i]))
			return true;
	return cli_connect(c, e) && (!c->context.private || add_folder(body, e));
}

/* Elsewhere the folder goes along, and nothing of this machine's environment but --env. */
static bool run_in_place(const struct cli *c)
{
	return c->context.private || c->context.demo;
}

static bool run_body(struct cli *c, json_t *body, struct err *e)
{
	char name[64];

	make_name(c->rest, name);
	json_object_set_new(body, "env", json_object());
	return add_command(c->rest, body, e) && (!run_in_place(c) || add_place(body, e)) &&
		set_text(body, "job_name", cli_value(c, "name") ? cli_value(c, "name") : name, e) &&
		set_text(body, "gpu_limit", cli_value(c, "gpus"), e) &&
		set_text(body, "cpu_limit", cli_value(c, "cpu"), e) &&
		set_text(body, "memory_limit", cli_value(c, "memory"), e) &&
		set_text(body, "max_runtime", cli_value(c, "max-runtime"), e) &&
		set_text(body, "metric", cli_value(c, "metric"), e) &&
		cli_items(c, "progress-pattern", body, "progress_patterns", e) &&
		cli_pairs(c, "env", body, "env", e) && cli_pairs(c, "label", body, "labels", e) &&
		cli_items(c, "secret", body, "secrets", e) && cli_check(&job_kind, body, e) &&
		(run_in_place(c) || cli_upload_folder(c, ".", body, e));
}

/* Runs to its end on our standard output; the code is the job's own. */
static int run_follow(struct cli *c, const char *name)
{
	if (isatty(STDERR_FILENO))
		cli_complain("job %s; Ctrl-C asks whether to stop it", name);
	struct follow f = {.job = name, .tail = -1, .to_end = true, .ask = true};
	struct err e = ERR_INIT;
	enum follow_end end;
	int code = 0;

	switch (end = follow_log(c, &f, &code, &e)) {
	case FOLLOW_FAILED: cli_fail(&e); return EXIT_MLTOP_FAILED;
	case FOLLOW_UNREAD:
	case FOLLOW_LEFT:
		fprintf(stderr, "mltop: job %s goes on; `mltop logs -f %s` follows it\n", name,
			name);
		return end == FOLLOW_LEFT ? EXIT_DONE : cli_output_failed();
	case FOLLOW_INTERRUPTED: return EXIT_INTERRUPTED;
	default: return code;
	}
}

/* ---- A name that is taken ---- */

enum { GONE_MS = 10 * 60 * 1000 }; /* a job has its grace to end */

/* Stops and deletes the job of that name, if there is one, and waits until its name is free. */
static bool replace(struct cli *c, const char *name, struct err *e)
{
	char *path = cli_path(&job_kind, name, "");
	int64_t until = time_mono_ms() + GONE_MS, pause = 20;
	struct err why = ERR_INIT;
	bool gone = !cli_call(c, "DELETE", path, NULL, NULL, &why);

	while (!gone && time_mono_ms() < until) {
		gone = !cli_call(c, "GET", path, NULL, NULL, &why);
		if (!gone)
			uv_sleep((unsigned)pause);
		pause = pause < 500 ? pause * 2 : pause;
	}
	free(path);
	if (gone && why.code == ERR_NOT_FOUND)
		return true;
	if (!gone)
		return err_set(e, ERR_BUSY, "job %s does not end: it is not replaced", name);
	*e = why;
	return false;
}

/* What to do is this program's to say. */
static void name_taken(struct err *e, const char *name)
{
	if (e->code == ERR_CONFLICT && strcmp(e->field, "job_name") == 0)
		err_set(e, ERR_CONFLICT,
			"there is a job %s already: --replace stops and deletes it first, `mltop jobs "
			"retry %s` runs it again, --name gives this one another name",
			name, name);
}

/* Data that somebody meant for the command; an open pipe with nothing in it is no data. */
static bool input_waits(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	struct stat st;
	int bytes = 0;

	if (fstat(STDIN_FILENO, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode))
		return st.st_size > lseek(STDIN_FILENO, 0, SEEK_CUR);
	return (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) && poll(&p, 1, 0) == 1 &&
		(p.revents & POLLIN) && ioctl(STDIN_FILENO, FIONREAD, &bytes) == 0 && bytes > 0;
}

static void tell_input(void)
{
	if (input_waits())
		cli_complain("the job reads nothing from here: what comes on standard input is not "
			     "given to it; put it in a file and name that in the command");
}

int cli_run(struct cli *c)
{
	json_t *body, *answer = NULL;
	struct err e = ERR_INIT;
	char *name = NULL;
	int code = EXIT_DONE;

	if (c->rest == NULL || c->rest[0] == NULL)
		return cli_usage(c, "no command: mltop run -- python3 train.py");
	if (cli_has(c, "replace") && cli_value(c, "name") == NULL)
		return cli_usage(c, "--replace needs --name: what is to be replaced");
	body = json_object();
	if (!cli_connect(c, &e) || !run_body(c, body, &e) ||
		(cli_has(c, "replace") && !replace(c, cli_value(c, "name"), &e)) ||
		!cli_call(c, "POST", job_kind.path, body, &answer, &e)) {
		name_taken(&e, cli_text_of(body, kind_key(&job_kind)));
		cli_fail(&e);
		code = EXIT_MLTOP_FAILED;
	} else {
		name = mem_strdup(cli_name_of(&job_kind, answer, body));
	}
	json_decref(body);
	json_decref(answer);
	if (code == EXIT_DONE)
		tell_input();
	if (code == EXIT_DONE && cli_has(c, "detach"))
		printf("%s\n", name);
	else if (code == EXIT_DONE)
		code = run_follow(c, name);
	free(name);
	return code;
}
