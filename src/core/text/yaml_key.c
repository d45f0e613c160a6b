#include "core/text/yaml_key.h"

#include <stddef.h>
#include <string.h>

bool yaml_key_is_bare(const char *key)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y",
		"n", NULL};

	if (*key < 'a' || *key > 'z' ||
		key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
		return false;
	for (size_t i = 0; words[i]; i++)
		if (strcmp(key, words[i]) == 0)
			return false;
	return true;
}
