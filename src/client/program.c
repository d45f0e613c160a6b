/* Where the programs are that we start. */
#include "client/context.h"

#include "base/fsio.h"
#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

static char *program_in(const char *dir, const char *below, const char *name)
{
	char *folder = *below ? fsio_join(dir, below) : mem_strdup(dir),
	     *path = fsio_join(folder, name);

	free(folder);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *program_path(const char *name, struct err *e)
{
	static const char *const places[] = {"", "../libexec/mltop", "../libexec"};
	char *dir = fsio_program_dir(), *path = NULL;

	for (size_t i = 0; path == NULL && i < ARRAY_SIZE(places); i++)
		path = program_in(dir, places[i], name);
	if (path == NULL)
		err_set(e, ERR_NOT_FOUND,
			"the program %s is neither beside mltop in %s nor in ../libexec/mltop; "
			"install it there, or name a platform by --endpoint or --context",
			name, dir);
	free(dir);
	return path;
}
