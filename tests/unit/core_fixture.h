/* A job decoded from a few members of JSON, for the tests of single facts. */
#ifndef MLTOP_TESTS_UNIT_CORE_FIXTURE_H
#define MLTOP_TESTS_UNIT_CORE_FIXTURE_H

#include "core/kinds/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char base_job[] = "\"job_name\": \"digits\", \"module_name\": \"digits.train\","
			       "\"trainer_uri\": \"file:///d.tar.gz\"";

struct fixture {
	struct arena a;
	struct job j;
	struct err e;
};

static inline void fixture_release(struct fixture *x)
{
	arena_release(&x->a);
}

/* The members in `more` besides those that a job needs. */
static inline bool decode_job(struct fixture *x, const char *more, enum strictness how)
{
	char text[8192];
	json_t *in;
	json_error_t why;
	bool good;

	*x = (struct fixture){0};
	snprintf(text, sizeof text, "{%s%s%s}", how == DECODE_NEW ? base_job : "",
		how == DECODE_NEW && *more ? "," : "", more);
	in = json_loads(text, 0, &why);
	if (in == NULL)
		fail_msg("%s: %s", text, why.text);
	good = record_decode(&job_kind, &x->j, &x->a, in, how, &x->e);
	json_decref(in);
	return good;
}

#endif
