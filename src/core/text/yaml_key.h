/* Keys of YAML that stand without quotes. */
#ifndef MLTOP_CORE_YAML_KEY_H
#define MLTOP_CORE_YAML_KEY_H

#include <stdbool.h>

/*
 * Whether every reader takes it for the text that it is: small letters, digits and _, and no word
 * that YAML 1.1 has for a flag or nothing. All other keys are somebody else's: they keep quotes.
 */
bool yaml_key_is_bare(const char *key);

#endif
