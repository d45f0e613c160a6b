/* What logpane.c (messages, geometry) and logpane_move.c (what a person does) share. */
#ifndef MLTOP_UI_LOGPANE_INSIDE_H
#define MLTOP_UI_LOGPANE_INSIDE_H

#include "ui/kit/logpane.h"

/* The cached rows. */
void logpane_forget(struct logpane *p);
/* Asks for the lines on the screen that are not cached. */
void logpane_ask(struct logpane *p, struct cmds *out);
/* Asks for the line with that byte, counted as is wanted now. */
void logpane_ask_at(struct logpane *p, uint64_t offset, struct cmds *out);
/* Looks for the pattern from behind that line on. */
void logpane_find_from(struct logpane *p, int64_t line, struct cmds *out);

#endif
