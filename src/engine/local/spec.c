#include "engine/local/local.h"

#include "base/fsio.h"
#include "core/schema/words.h"
#include "io/archive.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The environment while it is put together; later settings win. */
struct env_list {
	struct arena *arena;
	VEC(const char *) items;
};

static void env_add(struct env_list *l, const char *entry, size_t key_len)
{
	for (size_t i = 0; i < l->items.len; i++) {
		if (strncmp(l->items.items[i], entry, key_len + 1) == 0) {
			l->items.items[i] = entry;
			return;
		}
	}
	vec_push(&l->items, entry);
}

static void env_set(struct env_list *l, const char *key, const char *value)
{
	size_t key_len = strlen(key), len = strlen(value);
	char *entry = arena_alloc(l->arena, key_len + len + 2);

	memcpy(entry, key, key_len);
	entry[key_len] = '=';
	memcpy(entry + key_len + 1, value, len + 1);
	env_add(l, entry, key_len);
}

static void env_number(struct env_list *l, const char *key, int64_t n)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%lld", (long long)n);
	env_set(l, key, digits);
}

static const char *label_value(const struct labels *labels, const char *key)
{
	for (size_t i = 0; i < labels->len; i++)
		if (strcmp(labels->items[i].key, key) == 0)
			return labels->items[i].value;
	return NULL;
}

/* What the platform knows better than the person who submits. */
static void env_forced(struct env_list *l, struct local_work *w, const char *output)
{
	struct buf gpus = BUF_INIT;

	for (size_t i = 0; i < w->gpu_count; i++)
		buf_addf(&gpus, "%s%s", i ? "," : "", w->gpus[i]);
	/* Unset would mean all of them: a machine may have those of the other maker, too. */
	env_set(l, "CUDA_VISIBLE_DEVICES", w->amd ? "" : gpus.data);
	env_set(l, "CUDA_DEVICE_ORDER", "PCI_BUS_ID");
	env_set(l, "ROCR_VISIBLE_DEVICES", w->amd ? gpus.data : "");
	buf_release(&gpus);
	env_set(l, "MLTOP_JOB", w->program.name ? w->program.name : "");
	env_set(l, "MLTOP_ORG", w->program.org_name ? w->program.org_name : "");
	env_set(l, TASK_MARKER, w->marker);
	env_number(l, "MLTOP_ATTEMPT", w->task->ref.attempt);
	env_set(l, "MLTOP_OUTPUT_DIR", output);
	if (w->secrets_len > 0)
		env_set(l, "MLTOP_SECRETS_DIR", local_secrets_dir(w));
}

/* The package comes before what the person's own PYTHONPATH names. */
static void env_python(struct env_list *l, const struct task_program *p, const char *root)
{
	const char *own = label_value(&p->env, "PYTHONPATH");
	struct buf path = BUF_INIT;

	if (root == NULL)
		return;
	buf_addf(&path, "%s%s%s", root, own && *own ? ":" : "", own ? own : "");
	env_set(l, "PYTHONPATH", path.data);
	buf_release(&path);
}

/* The interpreter's folder comes first, so that its programs are those that are found by name. */
static void env_interpreter(struct env_list *l, const struct task_program *p)
{
	const char *slash = p->interpreter ? strrchr(p->interpreter, '/') : NULL, *path = "";
	struct buf all = BUF_INIT;

	if (slash == NULL)
		return;
	for (size_t i = 0; i < l->items.len; i++)
		if (strncmp(l->items.items[i], "PATH=", 5) == 0)
			path = l->items.items[i] + 5;
	buf_addf(&all, "%.*s%s%s", (int)(slash - p->interpreter), p->interpreter, *path ? ":" : "",
		path);
	env_set(l, "PATH", all.data);
	buf_release(&all);
}

/* Root's PATH, names and folders are nothing to another user; language and time zone are. */
static bool env_of_anybody(const char *entry)
{
	return strncmp(entry, "LANG=", 5) == 0 || strncmp(entry, "LC_", 3) == 0 ||
		strncmp(entry, "TZ=", 3) == 0;
}

static const char *const *env_build(struct local_work *w, const char *root, const char *output)
{
	struct env_list l = {.arena = &w->arena};
	const struct task_program *p = &w->program;
	int64_t cpu = p->cpu_limit.v > 0 ? p->cpu_limit.v : 1000;

	for (size_t i = 0; i < w->local->environ.len; i++)
		if (w->run_uid < 0 || env_of_anybody(w->local->environ.items[i]))
			env_add(&l, w->local->environ.items[i],
				strcspn(w->local->environ.items[i], "="));
	env_set(&l, "TERM", "dumb");
	env_set(&l, "PYTHONUNBUFFERED", "1");
	env_number(&l, "OMP_NUM_THREADS", (cpu + 999) / 1000);
	if (w->run_uid >= 0) {
		env_set(&l, "PATH", w->local->path);
		env_set(&l, "HOME", output);
	}
	for (size_t i = 0; i < p->env.len; i++)
		env_set(&l, p->env.items[i].key, p->env.items[i].value);
	env_interpreter(&l, p);
	env_python(&l, p, root);
	env_forced(&l, w, output);
	const char **out = arena_alloc(&w->arena, (l.items.len + 1) * sizeof *out);

	memcpy(out, l.items.items, l.items.len * sizeof *out);
	vec_release(&l.items);
	return out;
}

static char *arena_path(struct arena *a, const char *dir, const char *name)
{
	char *joined = *name ? fsio_join(dir, name) : mem_strdup(dir),
	     *out = arena_strdup(a, joined);

	free(joined);
	return out;
}

/* The one folder at the top, as an sdist has it, else "". */
static const char *top_folder(struct arena *a, const char *dir)
{
	DIR *d = opendir(dir);
	const char *top = "";
	struct stat st;
	bool more = false;

	if (d == NULL)
		return top;
	for (struct dirent *entry; !more && (entry = readdir(d)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		more = *top != '\0';
		top = arena_strdup(a, entry->d_name);
	}
	if (more || fstatat(dirfd(d), top, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		top = "";
	closedir(d);
	return top;
}

bool local_spec_root(struct local_work *w, const char *dir, struct err *e)
{
	const char *module = w->program.module_name;
	char below[ARCHIVE_ROOT_SIZE];

	if (module == NULL || *module == '\0') {
		w->root = top_folder(&w->arena, dir);
		return true;
	}
	if (!archive_module_root(dir, module, below, e))
		return false;
	w->root = arena_strdup(&w->arena, below);
	return true;
}

static bool argv_build(struct local_work *w, struct task_spec *spec, struct err *e)
{
	const struct task_program *p = &w->program;
	bool module = p->module_name && *p->module_name;
	struct strings words = p->command;
	size_t skip = module ? 3 : 0;

	if (module && !words_split(&words, &w->arena, p->job_args, e)) {
		err_prefix(e, "job_args: ");
		return false;
	}
	const char **argv = arena_alloc(&w->arena, (skip + words.len + 1) * sizeof *argv);

	for (size_t i = 0; i < words.len; i++)
		argv[skip + i] = words.items[i];
	if (module) {
		argv[1] = "-m";
		argv[2] = p->module_name;
	}
	argv[0] = !module ? words.items[0] : p->interpreter ? p->interpreter : "python3";
	spec->argv = argv;
	return true;
}

static void groups_fill(struct local_work *w, struct task_spec *spec)
{
	spec->affinity = w->cores ? w->cores : "";
	spec->cgroups = local_group_of(&w->local->groups, w->marker, &w->arena);
}

static void view_fill(struct local_work *w, struct task_spec *spec)
{
	bool apart = w->run_uid >= 0;

	spec->hide_processes = apart && w->local->hides_processes;
	spec->close_sockets = apart && w->local->closes_sockets;
	spec->own_tmp = "";
	spec->secrets_dir = local_secrets_dir(w);
	if (apart && w->local->owns_files) {
		spec->own_tmp = arena_path(&w->arena, w->folder, "tmp");
		spec->own_place = arena_path(&w->arena,
			w->local->tasks_real ? w->local->tasks_real : w->local->tasks_dir,
			w->task->uid);
	}
}

static void limits_fill(const struct local_work *w, struct task_spec *spec)
{
	const struct task_program *p = &w->program;

	spec->stop_grace_ms = p->stop_grace.v;
	spec->max_runtime_ms = p->max_runtime.v > 0 ? p->max_runtime.v : 0;
	spec->memory_limit = p->memory_limit.v > 0 && w->local->limits != LOCAL_LIMITS_NONE
		? p->memory_limit.v
		: 0;
	spec->cpus = 0;
	spec->max_processes = w->run_uid >= 0 ? w->local->max_processes : 0;
	spec->log_limit = w->local->log_limit;
	spec->log_reserve = w->local->log_reserve;
	spec->segment_size = LOCAL_SEGMENT;
	/* A limit is kept by dropping whole segments: small ones keep more of it. */
	if (spec->log_limit > 0 && spec->log_limit / 8 < spec->segment_size)
		spec->segment_size = spec->log_limit / 8 > 4096 ? spec->log_limit / 8 : 4096;
}

/* `mltop run` carries its caller's along; else only the task's own user reads what it makes. */
static int umask_of(const struct task_program *p)
{
	return p->umask >= 0 ? p->umask : 077;
}

bool local_spec_build(struct local_work *w, struct task_spec *spec, struct err *e)
{
	const struct task_program *p = &w->program;
	const struct task_ref *ref = &w->task->ref;
	const char *work = arena_path(&w->arena, w->folder, "work");
	const char *root = w->root ? arena_path(&w->arena, work, w->root) : NULL;
	char *output = NULL;
	const char *out;

	*spec = (struct task_spec){.uid = ref->uid,
		.task = ref->task,
		.attempt = ref->attempt,
		.prepare = p->prepare_command ? p->prepare_command : "",
		.finish = p->finish_command ? p->finish_command : "",
		.run_uid = w->run_uid,
		.run_gid = w->run_gid,
		.umask = umask_of(p)};
	if (asprintf(&output, "%s/%s/output", w->local->tasks_dir, ref->uid) < 0)
		abort();
	out = arena_strdup(&w->arena, output);
	free(output);
	spec->env = env_build(w, root, out);
	spec->work_dir = p->work_dir && *p->work_dir ? p->work_dir : root ? root : work;
	limits_fill(w, spec);
	groups_fill(w, spec);
	view_fill(w, spec);
	return argv_build(w, spec, e) &&
		local_image_wrap(w, spec, out, spec->work_dir == p->work_dir ? NULL : work, e);
}
