/* `mltop doctor`: what the platform can rely on where it runs, and what it cannot. */
#include "mltop/cli.h"

#include "core/kinds/kinds.h"

#include <string.h>

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

static void print_row(const struct cli *c, const char *name, const char *word, const char *text)
{
	output_text(c, name);
	printf("%*s", (int)(strlen(name) < 18 ? 18 - strlen(name) : 1), "");
	printf("%-8s", word);
	output_text(c, text);
	putchar('\n');
}

static const char *limits_text(const char *word)
{
	if (strcmp(word, "cgroup") == 0)
		return "limits of CPU, memory and processes are held by control groups";
	if (strcmp(word, "poll") == 0)
		return "memory is looked at four times a second, CPUs are bound by affinity: run "
		       "mltopd as root, or delegate a control group to it, and its log says why not "
		       "more";
	return "limits of CPU and memory are not held";
}

static void print_all(const struct cli *c, const json_t *version)
{
	const json_t *guards = json_object_get(version, "isolation");
	const char *limits = member(version, "limits_enforced");
	const json_t *guard;
	size_t i;

	print_row(c, "platform", member(version, "version"), member(version, "engine"));
	print_row(c, "limits", limits, limits_text(limits));
	if (json_array_size(guards) == 0)
		print_row(c, "isolation", "none",
			"one person's platform: its tasks run as that person");
	json_array_foreach(guards, i, guard)
		print_row(c, member(guard, "name"),
			json_is_true(json_object_get(guard, "holds")) ? "yes" : "NO",
			member(guard, "text"));
}

/* Nodes that start nothing; a platform that does not know the word has none. */
static void print_drained(struct cli *c)
{
	const struct kind *k = kinds_find("node");
	struct err e = ERR_INIT;
	json_t *rows = NULL;
	const json_t *row;
	size_t i;

	if (!cli_fetch(c, k, k->path, NULL, "drained=yes", &rows, &e))
		return;
	json_array_foreach(rows, i, row) {
		const char *note = json_string_value(json_object_get(row, "drain_note"));
		struct buf text = BUF_INIT;

		buf_addf(&text, "node %s starts nothing: drained by %s since %s%s%s%s",
			member(row, "name"), member(row, "drained_by"),
			member(row, "drained_since"), note ? " (" : "", note ? note : "",
			note ? ")" : "");
		print_row(c, "nodes", "drained", text.data);
		buf_release(&text);
	}
	json_decref(rows);
}

int cli_doctor(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *version = NULL;
	bool ok = cli_call(c, "GET", "/version", NULL, &version, &e);

	if (ok && (cli_has(c, "output") || cli_has(c, "json")))
		ok = output_one(c, NULL, version, &e);
	else if (ok && json_object_get(version, "isolation") == NULL)
		ok = err_set(&e, ERR_UNAVAILABLE,
			"this platform (mltopd %s) does not tell: it is older than `mltop doctor`",
			member(version, "version"));
	else if (ok) {
		print_all(c, version);
		print_drained(c);
	}
	json_decref(version);
	return ok ? EXIT_DONE : cli_fail(&e);
}
