/* JSON as YAML, for people to read and for `jobs submit -f` to take. Pure. */
#ifndef MLTOP_UI_YAML_H
#define MLTOP_UI_YAML_H

#include "base/buf.h"

#include <jansson.h>

/* Appends an object or a list, a line each; texts keep JSON's quotes, so no control character. */
void yaml_write(const json_t *value, struct buf *out);

#endif
