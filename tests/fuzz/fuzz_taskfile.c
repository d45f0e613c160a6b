/* links: base */
/*
 * The records that cross between daemon and shim. What decodes must encode again to a record that
 * decodes to the same; nothing is read outside the input.
 */
#include "base/shimctl.h"
#include "base/taskfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char first[TASKFILE_MAX], second[TASKFILE_MAX];
static const char *vector[TASK_VECTOR_MAX], *vector_again[TASK_VECTOR_MAX];

static void same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len || memcmp(a, b, a_len) != 0)
		abort();
}

static void try_spec(const char *data, size_t size)
{
	struct task_spec spec, again;
	size_t len, len_again;

	if (!taskfile_decode_spec(&spec, data, size, vector, TASK_VECTOR_MAX, NULL))
		return;
	len = taskfile_encode_spec(first, sizeof first, &spec);
	if (len == 0 ||
		!taskfile_decode_spec(&again, first, len, vector_again, TASK_VECTOR_MAX, NULL))
		abort();
	len_again = taskfile_encode_spec(second, sizeof second, &again);
	same(first, len, second, len_again);
}

static void try_exit(const char *data, size_t size)
{
	struct task_exit end, again;
	size_t len;

	if (!taskfile_decode_exit(&end, data, size, NULL))
		return;
	len = taskfile_encode_exit(first, sizeof first, &end);
	if (len == 0 || !taskfile_decode_exit(&again, first, len, NULL))
		abort();
	same(first, len, second, taskfile_encode_exit(second, sizeof second, &again));
}

static void try_pid(const char *data, size_t size)
{
	struct task_pid pid, again;
	size_t len;

	if (!taskfile_decode_pid(&pid, data, size, NULL))
		return;
	if (pid.shim_pid <= 0 || pid.child_pid < 0)
		abort(); /* kill(2) would take them for groups */
	len = taskfile_encode_pid(first, sizeof first, &pid);
	if (len == 0 || !taskfile_decode_pid(&again, first, len, NULL))
		abort();
	same(first, len, second, taskfile_encode_pid(second, sizeof second, &again));
}

static void try_message(const char *data, size_t size)
{
	struct shimctl_message m, again;
	size_t len;

	if (!shimctl_decode(&m, data, size, NULL))
		return;
	len = shimctl_encode(first, SHIMCTL_MAX, &m);
	if (len == 0 || !shimctl_decode(&again, first, len, NULL) || again.type != m.type)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that a sanitizer sees one byte too far. Newlines stand for
	 * NUL, which makes seeds readable and single-byte changes likelier to matter. */
	char *copy = size > TASKFILE_MAX / 4 ? NULL : malloc(size > 0 ? size : 1);

	if (copy == NULL)
		return 0;
	for (size_t i = 0; i < size; i++)
		copy[i] = data[i] == '\n' ? '\0' : (char)data[i];
	try_spec(copy, size);
	try_exit(copy, size);
	try_pid(copy, size);
	try_message(copy, size);
	free(copy);
	return 0;
}
