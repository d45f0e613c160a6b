/* A home of its own for each test, and none of the variables of who runs it. */
#ifndef MLTOP_TESTS_UNIT_CLIENT_HOME_H
#define MLTOP_TESTS_UNIT_CLIENT_HOME_H

#include "base/fsio.h"
#include "base/mem.h"
#include "client/context.h"
#include "client/daemon.h"
#include "client/private_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char root[256];
static struct context got;
static struct err err;

static inline char *at(const char *name)
{
	return fsio_join(root, name);
}

static inline void set_folder(const char *variable, const char *name)
{
	char *path = at(name);

	setenv(variable, path, 1);
	free(path);
}

/* Each test has a home of its own and none of the caller's variables. */
static inline int set_up(void **state)
{
	static const char *const variables[] = {"MLTOP_CONTEXT", "MLTOP_STATE_DIR",
		"XIAOMI_CLOUDML_ENDPOINT", "XIAOMI_ACCESS_KEY_ID", "XIAOMI_SECRET_ACCESS_KEY",
		"XIAOMI_CLOUDML_CONFIG_CONTEXT"};
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof root, "%s/mltop-context-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(root) == NULL)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
	setenv("HOME", root, 1);
	set_folder("XDG_CONFIG_HOME", "config");
	set_folder("XDG_STATE_HOME", "state");
	err = (struct err)ERR_INIT;
	return 0;
}

static inline int tear_down(void **state)
{
	char *dir = at("private");

	(void)state;
	private_stop(dir, NULL); /* of a test that failed halfway */
	free(dir);
	context_release(&got);
	return !fsio_remove_tree(root, NULL);
}

static inline void put(const char *name, const char *text, mode_t mode)
{
	char *path = at(name), *folder = mem_strdup(path);

	*strrchr(folder, '/') = '\0';
	assert_true(fsio_mkdirs(folder, 0700, NULL));
	assert_true(fsio_write(path, text, strlen(text), mode, NULL));
	free(folder);
	free(path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
