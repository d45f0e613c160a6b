/* What the readers of heads of requests and of answers share. Private to this folder. */
#ifndef MLTOP_HTTP_HEAD_INSIDE_H
#define MLTOP_HTTP_HEAD_INSIDE_H

#include "http/head.h"

/* False, with the rest of the sentence that head_begin_sentence puts its beginning before. */
bool head_refuse(struct err *e, const char *why);
void head_begin_sentence(struct err *e, bool answer);
/* Fills *h from a copy of the lines: the first as `first` does, all others as fields. */
bool head_read_lines(struct head *h, const char *bytes, size_t len,
	bool (*first)(struct head *h, char *line, struct err *e), struct err *e);
bool head_read_digits(struct head *h, const char *length, struct err *e); /* Content-Length's */
void head_read_connection(struct head *h);                                /* keep_alive, upgrade */

#endif
