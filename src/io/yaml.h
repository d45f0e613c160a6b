/*
 * YAML of people's hands (configuration, job files) as JSON, with the line of every key for error
 * messages. libyaml reads; plain scalars become null, true/false, numbers or strings by YAML 1.2's
 * core schema. Bounded, and without the parts that surprise: at most 1 MiB, 64 levels and one
 * document; anchors, aliases, tags and doubled keys are refused, keys are strings.
 * JSON is YAML: a file of JSON is read the same way. Pure but for memory; any thread.
 */
#ifndef MLTOP_IO_YAML_H
#define MLTOP_IO_YAML_H

#include "base/err.h"
#include "base/map.h"

#include <jansson.h>
#include <stddef.h>

enum { YAML_BYTES_MAX = 1 << 20, YAML_DEPTH_MAX = 64 };

/* Lines by path: "fake.gpus", "contexts.prod.url", "list.0". Owner: whoever holds the struct. */
struct yaml_lines {
	struct map by_path;
};
#define YAML_LINES_INIT  \
	{                \
		MAP_INIT \
	}
void yaml_lines_release(struct yaml_lines *l);
int yaml_line(const struct yaml_lines *l, const char *path); /* from 1; 0 unknown */

/*
 * `name` is the file in error messages: "config.yaml:12: ...". `lines` may be NULL. An empty text
 * is JSON null. The caller owns what it returns; NULL: `e` holds why.
 */
json_t *yaml_parse(const char *text, size_t len, const char *name, struct yaml_lines *lines,
	struct err *e);

/* The file at `path`; its bytes are wiped from memory, as a secret may be among them.
 * ERR_NOT_FOUND: there is none. */
json_t *yaml_load(const char *path, struct yaml_lines *lines, struct err *e);

#endif
