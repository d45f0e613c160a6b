#include "base/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool standard_hold(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* The lowest free number is given out: all below it are taken already. */
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
			return false;
	return true;
}
