#include "base/tasksecret.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum { HEAD = 9 };

static bool name_is_good(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= TASK_SECRET_NAME_MAX && name[0] != '.' && name[0] != '-' &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
		len;
}

bool tasksecret_check(const struct task_secret *list, size_t count, struct err *e)
{
	if (count > TASK_SECRETS_MAX)
		return err_set(e, ERR_TOO_LARGE, "a task may have %d secrets, not %zu",
			TASK_SECRETS_MAX, count);
	for (size_t i = 0; i < count; i++) {
		if (!name_is_good(list[i].name))
			return err_set(e, ERR_INVALID,
				"a secret is named '%.63s': give up to %d letters, digits, _ - and . "
				"that do not begin with - or .",
				list[i].name, TASK_SECRET_NAME_MAX);
		if (list[i].env && memchr(list[i].value, '\0', list[i].size) != NULL)
			return err_set(e, ERR_INVALID,
				"the secret %s has a NUL byte: a variable of the environment cannot "
				"hold it, take it as a file",
				list[i].name);
		if (list[i].size > TASK_SECRETS_BYTES)
			return err_set(e, ERR_TOO_LARGE, "the secret %s has more than %d bytes",
				list[i].name, TASK_SECRETS_BYTES);
	}
	if (tasksecret_size(list, count) > TASK_SECRETS_BYTES)
		return err_set(e, ERR_TOO_LARGE, "the secrets of the task have more than %d bytes",
			TASK_SECRETS_BYTES);
	return true;
}

size_t tasksecret_size(const struct task_secret *list, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += HEAD + strlen(list[i].name) + list[i].size;
	return size;
}

void tasksecret_encode(char *out, const struct task_secret *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t name_len = strlen(list[i].name);
		uint32_t lengths[2] = {htole32((uint32_t)name_len),
			htole32((uint32_t)list[i].size)};

		memcpy(out, lengths, sizeof lengths);
		out[8] = list[i].env;
		memcpy(out + HEAD, list[i].name, name_len);
		if (list[i].size > 0)
			memcpy(out + HEAD + name_len, list[i].value, list[i].size);
		out += HEAD + name_len + list[i].size;
	}
}

bool tasksecret_next(const char *bytes, size_t len, size_t *at, struct task_secret *out,
	size_t *name_len)
{
	uint32_t lengths[2];
	size_t left = len - *at;

	if (*at >= len || left < HEAD)
		return false;
	memcpy(lengths, bytes + *at, sizeof lengths);
	*name_len = le32toh(lengths[0]);
	*out = (struct task_secret){.name = bytes + *at + HEAD,
		.size = le32toh(lengths[1]),
		.env = bytes[*at + 8] != 0};
	left -= HEAD;
	if (*name_len == 0 || *name_len > TASK_SECRET_NAME_MAX || *name_len > left ||
		out->size > left - *name_len)
		return false;
	out->value = out->name + *name_len;
	*at += HEAD + *name_len + out->size;
	return true;
}
