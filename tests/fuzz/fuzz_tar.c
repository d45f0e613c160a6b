/* links: engine io core base */
/* Any bytes as a package: bounded by its limits, no crash; a refusal has a sentence. */
#include "io/archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct archive_limits limits = {64, 1 << 20, 100};
	char path[64], root[ARCHIVE_ROOT_SIZE];
	struct err e = ERR_INIT;
	int fd = memfd_create("package", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (!archive_find_module(path, NULL, "digits.train", &limits, root, &e)) {
		if (e.code == ERR_NONE || e.text[0] == '\0')
			abort();
	} else if (root[0] == '/' || strstr(root, "..") != NULL) {
		abort();
	}
	close(fd);
	return 0;
}
