/* What api.c (calls and their tries) and answer.c (what an answer says) share. */
#ifndef MLTOP_CLIENT_API_INSIDE_H
#define MLTOP_CLIENT_API_INSIDE_H

#include "base/buf.h"
#include "client/api.h"
#include "client/credentials.h"
#include "io/http.h"

/*
 * Fills err, body (the caller drops it), text and text_len from what came. `text` holds the text
 * when it is not the one that came. Pure but for memory.
 */
void answer_read(struct api_answer *out, const struct http_answer *a, struct buf *text,
	bool want_json, int64_t now_ms);

#endif
