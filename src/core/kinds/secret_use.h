/* How a job is given a secret of its org: "NAME", as a file of that name, or "NAME=VARIABLE". */
#ifndef MLTOP_CORE_SECRET_USE_H
#define MLTOP_CORE_SECRET_USE_H

#include "base/err.h"
#include "base/tasksecret.h"
#include "core/schema/field.h"

enum {
	SECRET_NAME_MAX = TASK_SECRET_NAME_MAX, /* bytes; it is the name of a file */
	SECRET_USES_MAX = TASK_SECRETS_MAX,     /* of a job */
};

struct secret_use {
	char name[SECRET_NAME_MAX + 1];
	const char *variable; /* of the environment, in the text that was read; NULL: a file */
};

/* Letters, digits, _ - and . that begin with neither - nor . */
bool secret_name_good(const char *name);
bool secret_use_read(const char *text, struct secret_use *out, struct err *e);
/* All of them: each reads, none is given twice, no variable is one of `env`; `e->field` is "secrets". */
bool secret_uses_check(const struct strings *uses, const struct labels *env, struct err *e);

#endif
