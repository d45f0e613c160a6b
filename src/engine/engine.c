#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

struct strings strings_copy(struct arena *a, const struct strings *from)
{
	const char **items = arena_alloc(a, (from->len + 1) * sizeof *items);

	for (size_t i = 0; i < from->len; i++)
		items[i] = arena_strdup(a, from->items[i]);
	return (struct strings){.items = items, .len = from->len};
}

static struct labels labels_copy(struct arena *a, const struct labels *from)
{
	struct label *items = arena_alloc(a, (from->len + 1) * sizeof *items);

	for (size_t i = 0; i < from->len; i++)
		items[i] = (struct label){arena_strdup(a, from->items[i].key),
			arena_strdup(a, from->items[i].value)};
	return (struct labels){.items = items, .len = from->len};
}

void task_program_copy(struct task_program *to, const struct task_program *from, struct arena *a)
{
	static const size_t texts[] = {offsetof(struct task_program, name),
		offsetof(struct task_program, org_name), offsetof(struct task_program, module_name),
		offsetof(struct task_program, job_args), offsetof(struct task_program, work_dir),
		offsetof(struct task_program, prepare_command),
		offsetof(struct task_program, finish_command),
		offsetof(struct task_program, docker_image),
		offsetof(struct task_program, docker_command),
		offsetof(struct task_program, interpreter)};

	*to = *from;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char **text = (const char **)((char *)to + texts[i]);

		if (*text)
			*text = arena_strdup(a, *text);
	}
	to->command = strings_copy(a, &from->command);
	to->env = labels_copy(a, &from->env);
}

bool engine_may_listen(const struct engine *en, struct err *e)
{
	return !en->shares_loopback ||
		err_set(e, ERR_UNPROCESSABLE,
			"this platform cannot keep ports of one org's tasks from those of another "
			"(mltop doctor says why): an admin may allow it all the same by "
			"local.open_loopback");
}

/* What else marks connections has other numbers. */
enum { MARK = 0x4d000000 };

uint32_t engine_mark(int64_t run_uid)
{
	return run_uid > 0 ? MARK | ((uint32_t)run_uid & 0xffffff) : 0;
}

void output_files_free(struct output_files *files)
{
	for (size_t i = 0; i < files->list.len; i++) {
		free(files->list.items[i].path);
		free(files->list.items[i].link);
	}
	vec_release(&files->list);
	for (size_t i = 0; i < files->unreadable.len; i++)
		free(files->unreadable.items[i]);
	vec_release(&files->unreadable);
}
