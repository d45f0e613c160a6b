/*
 * Looks for a platform on a thread of its own: reading the person's files, and starting the private
 * platform, take time that a loop does not have. One search at a time; loop thread only.
 */
#ifndef MLTOP_CLIENT_FINDER_H
#define MLTOP_CLIENT_FINDER_H

#include "client/context.h"

struct finder;
struct uv_loop_s; /* uv_loop_t, of uv.h */

/* `found` is the callee's to take (by copy, leaving it empty); NULL: `why` says why there is none. */
typedef void (*finder_done)(void *ctx, struct context *found, const struct err *why);

struct finder *finder_new(struct uv_loop_s *loop, finder_done done, void *ctx);
/* Copies the options. Nothing happens while one is under way. */
void finder_start(struct finder *f, const struct context_options *o);
bool finder_busy(const struct finder *f);
/* No answer comes any more; a search under way keeps the loop alive until it has ended. */
void finder_free(struct finder *f);

#endif
