/*
 * Tasks in images, by podman as the person's own program: the task is `podman run` in the foreground,
 * which passes signals on, and what podman starts stays below the task's shim, which ends it. The image
 * is pulled first where it is not here, within a limit and into the task's log, which names its digest,
 * too. Nothing is added to what podman gives a container by itself, and it sees no more of the machine than
 * the task's folders.
 */
#include "engine/local/local.h"

#include "core/schema/words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What registries and tags hold, and nothing that podman could take for an option or a path. */
static bool image_name_good(const char *image)
{
	return *image != '-' && *image != '/' && *image != '.' && strlen(image) <= 255 &&
		strspn(image,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-") ==
		strlen(image);
}

/* An item of the list: a name, or the beginning of names before a `*`. */
static bool image_fits(const char *item, const char *image)
{
	size_t len = strlen(item);

	return len > 0 && item[len - 1] == '*' ? strncmp(item, image, len - 1) == 0
					       : strcmp(item, image) == 0;
}

static bool image_allowed(const struct strings *allowed, const char *image)
{
	for (size_t i = 0; i < allowed->len; i++)
		if (image_fits(allowed->items[i], image))
			return true;
	return false;
}

/* Is the program there, by its path or in PATH? */
static bool program_there(const char *name)
{
	const char *path = getenv("PATH");
	struct buf at = BUF_INIT;
	bool there = strchr(name, '/') != NULL && access(name, X_OK) == 0;

	while (!there && path != NULL && *path != '\0' && strchr(name, '/') == NULL) {
		size_t len = strcspn(path, ":");

		buf_reset(&at);
		buf_addf(&at, "%.*s/%s", (int)len, path, name);
		there = access(at.data, X_OK) == 0;
		path += len + (path[len] == ':');
	}
	buf_release(&at);
	return there;
}

static bool refuse(struct err *e, const char *field, const char *why)
{
	return err_field(e, ERR_UNPROCESSABLE, field, "%s %s", field, why);
}

static bool given(const char *text)
{
	return text != NULL && *text != '\0';
}

bool local_image_check(const struct local *l, const struct task_program *p, struct err *e)
{
	const struct local_images *set = &l->images;

	if (!given(p->docker_image))
		return !given(p->docker_command) ||
			refuse(e, "docker_command",
				"needs docker_image: the image that it runs in");
	if (l->shared)
		return refuse(e, "docker_image",
			"is not run on a platform that several people share: leave it out");
	if (!image_name_good(p->docker_image))
		return refuse(e, "docker_image",
			"must be the name of an image, such as docker.io/library/python:3.11");
	if (!image_allowed(&set->allow, p->docker_image))
		return refuse(e, "docker_image",
			"is not one that may run here: ask for it to be named in images.allow");
	if (given(p->prepare_command) || given(p->finish_command))
		return refuse(e, given(p->prepare_command) ? "prepare_command" : "finish_command",
			"does not run in an image: make it a part of the command");
	return (set->podman.len > 0 && program_there(set->podman.items[0])) ||
		refuse(e, "docker_image",
			"needs podman, which is not on this machine: install Debian's package podman");
}

void local_images_open(struct local *l, const struct local_settings *set)
{
	l->images = (struct local_images){.allow = strings_copy(&l->arena, &set->images.allow),
		.podman = strings_copy(&l->arena, &set->images.podman),
		.options = strings_copy(&l->arena, &set->images.options),
		.pull_limit_ms = set->images.pull_limit.v};
}

/* ---- The command ---- */

/* For a shell. */
static void add_quoted(struct buf *out, const char *word)
{
	buf_adds(out, " '");
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	buf_addc(out, '\'');
}

static void add_podman(const struct local_images *set, struct buf *out)
{
	for (size_t i = 0; i < set->podman.len; i++)
		add_quoted(out, set->podman.items[i]);
}

/* Those of the machine mean nothing in the image. */
static bool env_of_machine(const char *entry)
{
	static const char *const names[] = {"PATH=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "LD_",
		"XDG_", "VIRTUAL_ENV=", "CONDA_", "TMPDIR="};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* By name: podman takes the values from its own environment, so that no secret stands in its arguments. */
static void add_env(const struct task_spec *spec, struct buf *out)
{
	for (size_t i = 0; spec->env[i] != NULL; i++) {
		const char *entry = spec->env[i];
		char name[256];
		size_t len = strcspn(entry, "=");

		if (env_of_machine(entry) || len == 0 || len >= sizeof name)
			continue;
		memcpy(name, entry, len);
		name[len] = '\0';
		buf_adds(out, " --env");
		add_quoted(out, name);
	}
}

/* A folder of the task's, where it is outside as well. */
static void add_folder(const char *path, struct buf *out)
{
	struct buf mount = BUF_INIT;

	buf_addf(&mount, "type=bind,source=%s,destination=%s", path, path);
	buf_adds(out, " --mount");
	add_quoted(out, mount.data);
	buf_release(&mount);
}

static void add_pull(const struct local_images *set, const char *image, struct buf *out)
{
	add_podman(set, out);
	buf_adds(out, " image exists");
	add_quoted(out, image);
	buf_addf(out, " || { echo \"mltop: pulling $0\" >&2; timeout %lld",
		(long long)(set->pull_limit_ms / 1000));
	add_podman(set, out);
	buf_adds(out, " pull");
	add_quoted(out, image);
	buf_adds(out,
		" >/dev/null || { echo \"mltop: $0 could not be pulled\" >&2; exit 125; }; }\n"
		"echo \"mltop: $0 is $(");
	add_podman(set, out);
	buf_adds(out, " image inspect --format '{{.Digest}}'");
	add_quoted(out, image);
	buf_adds(out, ")\" >&2\n");
}

static void add_run(struct local_work *w, const struct task_spec *spec, const char *output,
	const char *work, struct buf *out)
{
	const struct local_images *set = &w->local->images;

	buf_adds(out, "exec");
	add_podman(set, out);
	buf_adds(out,
		" run --rm --init --pull=never --network=host --security-opt=no-new-privileges");
	for (size_t i = 0; i < set->options.len; i++)
		add_quoted(out, set->options.items[i]);
	add_env(spec, out);
	/* Files alone: podman writes down whatever is in a container's environment. */
	if (*local_secrets_dir(w) != '\0')
		add_folder(local_secrets_dir(w), out);
	add_folder(output, out);
	if (work != NULL)
		add_folder(work, out);
	buf_adds(out, " --workdir");
	add_quoted(out, spec->work_dir);
	add_quoted(out, w->program.docker_image);
	buf_adds(out, " \"$@\"\n");
}

/* What runs in it: docker_command, else the module or command; neither: what the image has. */
static bool words_inside(struct local_work *w, const struct task_spec *spec, struct strings *words,
	struct err *e)
{
	*words = (struct strings){NULL, 0};
	if (given(w->program.docker_command)) {
		if (words_split(words, &w->arena, w->program.docker_command, e))
			return true;
		err_prefix(e, "docker_command: ");
		return false;
	}
	words->items = spec->argv;
	while (spec->argv[words->len] != NULL)
		words->len++;
	return true;
}

bool local_image_wrap(struct local_work *w, struct task_spec *spec, const char *output,
	const char *work, struct err *e)
{
	struct buf script = BUF_INIT;
	struct strings words;
	const char **argv;

	if (!given(w->program.docker_image))
		return true;
	if (!words_inside(w, spec, &words, e))
		return false;
	add_pull(&w->local->images, w->program.docker_image, &script);
	add_run(w, spec, output, work, &script);
	argv = arena_alloc(&w->arena, (words.len + 5) * sizeof *argv);
	argv[0] = "/bin/sh";
	argv[1] = "-c";
	argv[2] = arena_strdup(&w->arena, script.data);
	argv[3] = w->program.docker_image;
	for (size_t i = 0; i < words.len; i++)
		argv[4 + i] = words.items[i];
	spec->argv = argv;
	buf_release(&script);
	return true;
}
