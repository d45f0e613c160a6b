/*
 * libcurl's multi interface on a uv loop: its sockets, its timer, and what has finished. Loop
 * thread only. libcurl itself is set up with the first multi and taken down with the last.
 */
#ifndef MLTOP_IO_MULTI_H
#define MLTOP_IO_MULTI_H

#include "io/loop.h"

#include <curl/curl.h>

struct multi;
struct uv_loop_s; /* uv_loop_t, of uv.h */

/*
 * `owner` is the handle's CURLOPT_PRIVATE. The handle stays in the multi until it is removed. May
 * add and remove handles, but not free the multi.
 */
typedef void (*multi_finished)(void *owner, CURLcode result);

/* At most so many connections at once to one host. NULL: curl did not start. */
struct multi *multi_new(struct uv_loop_s *loop, struct loop_gate *gate, long connections,
	multi_finished finished);
/* All handles have been removed. The gate is held until libuv has let go. NULL is fine. */
void multi_free(struct multi *m);
bool multi_add(struct multi *m, CURL *easy);
void multi_remove(struct multi *m, CURL *easy);

#endif
