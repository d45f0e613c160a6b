/* Folders of the person, by the XDG Base Directory Specification 0.8. The caller frees. */
#ifndef MLTOP_CLIENT_PATHS_H
#define MLTOP_CLIENT_PATHS_H

#include <stdbool.h>

/* $XDG_CONFIG_HOME/mltop (or ~/.config/mltop); "" where neither variable nor home is known. */
char *paths_config(void);
char *paths_state(void);             /* $XDG_STATE_HOME/mltop or ~/.local/state/mltop */
char *paths_home(const char *below); /* ~/BELOW */
/* The private platform's state: `given` (--state-dir), MLTOP_STATE_DIR, else paths_state/<machine id>. */
char *paths_private(const char *given);
/* Whether the person named it, by either of the first two. */
bool paths_private_named(const char *given);

#endif
