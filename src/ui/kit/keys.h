/*
 * Keys as text: "j", "?", "ctrl-d", "f5", "enter", "alt-x", "shift-tab". What a person writes in a
 * key map, what help shows, and how a key is recorded.
 */
#ifndef MLTOP_UI_KEYS_H
#define MLTOP_UI_KEYS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends the name of `key` (enum key_code of ui/msg.h). */
void key_name(uint32_t key, struct buf *out);
/* False, with *key untouched, when it names none. Names of special keys have no case. */
bool key_parse(const char *text, uint32_t *key);
/* A character that may be typed into a text field; false for controls and special keys. */
bool key_is_text(uint32_t key);

#endif
