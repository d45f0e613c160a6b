/* What tests of the store behind a log pane begin with: a folder of their own, stores in it, bytes. */
#ifndef MLTOP_TESTS_UNIT_KIT_CLIENT_H
#define MLTOP_TESTS_UNIT_KIT_CLIENT_H

#include "client/logstore.h"

extern char kit_root[256];

int kit_root_make(void **state);
int kit_root_remove(void **state);
/* In kit_root; the caller's. */
struct logstore *kit_store_new(void);
/* At the end of what is there. */
void kit_add(struct logstore *s, const char *bytes, size_t len);
void kit_add_text(struct logstore *s, const char *text);

#endif
