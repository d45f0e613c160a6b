#include "base/home.h"

#include "base/fsio.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool home_ours(const char *path, struct err *e)
{
	const char *home = getenv("HOME");
	struct stat there, owner;

	/* "/" as home is a container's word for none. */
	if (home && home[0] == '/' && home[1] && below(path, home) && stat(path, &there) != 0 &&
		stat(home, &owner) == 0 && owner.st_uid != geteuid())
		return err_set(e, ERR_FORBIDDEN,
			"cannot make %.300s: HOME is %.200s, which belongs to user %d, and we are user "
			"%d; set HOME to your own (sudo -H does), or name another folder by --state-dir",
			path, home, (int)owner.st_uid, (int)geteuid());
	return true;
}

bool home_mkdirs(const char *path, mode_t mode, struct err *e)
{
	return home_ours(path, e) && fsio_mkdirs(path, mode, e);
}
