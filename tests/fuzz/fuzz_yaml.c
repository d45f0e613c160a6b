/* links: io core base */
/* Any bytes as a person's YAML: bounded, no crash; what is read can be written as JSON. */
#include "io/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct yaml_lines lines = YAML_LINES_INIT;
	struct err e = ERR_INIT;
	json_t *root = yaml_parse((const char *)data, size, "f", &lines, &e);
	char *text = root ? json_dumps(root, JSON_ENCODE_ANY) : NULL;

	if ((root == NULL) != (e.code != ERR_NONE) || (root && text == NULL))
		abort();
	if (root == NULL && strncmp(e.text, "f:", 2) != 0)
		abort();
	free(text);
	json_decref(root);
	yaml_lines_release(&lines);
	return 0;
}
