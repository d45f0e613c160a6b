#include "serve/http.h"

#include <string.h>

const char *const method_words[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};

/*
 * Does `path` fit `pattern`? A part {name} takes one whole segment, which goes to params in order.
 * `a` NULL: only asks.
 */
static bool pattern_fits(const char *pattern, const char *path, struct arena *a,
	const char *params[REQUEST_PARAMS_MAX])
{
	size_t count = 0;

	while (*pattern != '\0' && *path != '\0') {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");

		if (len == 0)
			return false;
		if (a != NULL && count < REQUEST_PARAMS_MAX)
			params[count++] = arena_strndup(a, path, len);
		path += len;
		pattern += strcspn(pattern, "}");
		pattern += *pattern == '}';
	}
	return *pattern == '\0' && *path == '\0';
}

/* How many parts are {..}: of two that fit, the one that says more is meant. */
static size_t pattern_holes(const char *pattern)
{
	size_t holes = 0;

	for (; *pattern != '\0'; pattern++)
		holes += *pattern == '{';
	return holes;
}

const struct route *route_find(const struct route *routes, int method, const char *path,
	struct arena *a, const char *params[REQUEST_PARAMS_MAX])
{
	const struct route *best = NULL;
	char allow[64];

	for (const struct route *r = routes; r->pattern != NULL; r++)
		if ((int)r->method == method && pattern_fits(r->pattern, path, NULL, NULL) &&
			(best == NULL || pattern_holes(r->pattern) < pattern_holes(best->pattern)))
			best = r;
	if (best != NULL && (best->flags & ROUTE_OBJECTS) &&
		route_allows(routes, path, allow, sizeof allow))
		return NULL; /* a path of ours that has no HEAD is no bucket */
	if (best != NULL)
		pattern_fits(best->pattern, path, a, params);
	return best;
}

bool route_allows(const struct route *routes, const char *path, char *out, size_t size)
{
	bool has[sizeof method_words / sizeof method_words[0]] = {false};
	bool any = false;

	out[0] = '\0';
	for (const struct route *r = routes; r->pattern != NULL; r++)
		if (!(r->flags & ROUTE_OBJECTS) && pattern_fits(r->pattern, path, NULL, NULL))
			has[r->method] = true;
	for (size_t i = 0; i < sizeof has; i++) {
		if (!has[i])
			continue;
		if (strlen(out) + strlen(method_words[i]) + 3 > size)
			break;
		if (any)
			memcpy(out + strlen(out), ", ", 3);
		memcpy(out + strlen(out), method_words[i], strlen(method_words[i]) + 1);
		any = true;
	}
	return any;
}

const char *route_path(const struct server *s, const char *path)
{
	size_t len = strlen(s->prefix);

	if (len > 0 && strncmp(path, s->prefix, len) == 0 && path[len] == '/')
		return path + len;
	return path;
}
