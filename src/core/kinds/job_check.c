#include "core/kinds/job_check.h"

#include "core/kinds/job.h"
#include "core/kinds/secret_use.h"
#include "core/progress/progress.h"

#include <string.h>

/* A job is a module of a package or a command, never both and never neither. */
static bool job_check_what(const struct job *j, struct err *e)
{
	bool module = j->module_name && *j->module_name;
	bool command = j->command.len > 0;

	if (module && command)
		return err_field(e, ERR_UNPROCESSABLE, "command",
			"command and module_name are both given: a job runs one of them");
	if (!module && !command)
		return err_field(e, ERR_INVALID, "module_name",
			"module_name is needed: the Python module to run (or a command)");
	if (module && (j->trainer_uri == NULL || *j->trainer_uri == '\0'))
		return err_field(e, ERR_INVALID, "trainer_uri",
			"trainer_uri is needed: where the package with module '%s' is",
			j->module_name);
	if (command && (j->command.items[0][0] == '\0'))
		return err_field(e, ERR_INVALID, "command", "command[0] is empty: name a program");
	return true;
}

static bool job_check_patterns(const struct job *j, struct err *e)
{
	struct err why = ERR_INIT;
	struct progress_rules *rules = progress_rules_new(j->progress_patterns.items,
		j->progress_patterns.len, NULL, &why);

	progress_rules_free(rules);
	return rules ||
		err_field(e, ERR_INVALID, "progress_patterns", "progress_patterns: %s", why.text);
}

bool job_check(const void *record, struct err *e)
{
	const struct job *j = record;

	if (!job_check_what(j, e) || !job_check_patterns(j, e) ||
		!secret_uses_check(&j->secrets, &j->env, e))
		return false;
	if ((j->ps_count > 0 || j->worker_count > 0) && strlen(j->job_name) > 50)
		return err_field(e, ERR_UNPROCESSABLE, "job_name",
			"job_name has %zu characters: a distributed job's may have 50",
			strlen(j->job_name));
	return true;
}
