#include "client/paths.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *home(void)
{
	const char *dir = getenv("HOME");
	const struct passwd *pw;

	if (dir && *dir == '/')
		return dir;
	pw = getpwuid(getuid());
	return pw && pw->pw_dir ? pw->pw_dir : "";
}

char *paths_home(const char *below)
{
	return *home() ? fsio_join(home(), below) : mem_strdup("");
}

/* Relative values of the variables are to be ignored, says the specification. */
static char *base_folder(const char *variable, const char *below_home)
{
	const char *dir = getenv(variable);
	char *base, *path;

	if (dir && *dir == '/')
		return fsio_join(dir, "mltop");
	base = paths_home(below_home);
	path = *base ? fsio_join(base, "mltop") : mem_strdup("");
	free(base);
	return path;
}

char *paths_config(void)
{
	return base_folder("XDG_CONFIG_HOME", ".config");
}

char *paths_state(void)
{
	return base_folder("XDG_STATE_HOME", ".local/state");
}

/* Homes are shared between machines; state is one machine's (machine-id(5)). */
static char *machine_name(void)
{
	struct buf text = BUF_INIT;
	char host[256] = "";
	size_t len;

	if (fsio_read("/etc/machine-id", &text, 128, NULL)) {
		len = strspn(text.data, "0123456789abcdef");
		buf_cut(&text, len);
	}
	if (text.len == 0) {
		gethostname(host, sizeof host - 1);
		buf_reset(&text);
		buf_adds(&text, *host && !strchr(host, '/') && *host != '.' ? host : "localhost");
	}
	return buf_detach(&text);
}

static const char *named_folder(const char *given)
{
	const char *variable = getenv("MLTOP_STATE_DIR");

	if (given && *given)
		return given;
	return variable && *variable ? variable : NULL;
}

bool paths_private_named(const char *given)
{
	return named_folder(given) != NULL;
}

char *paths_private(const char *given)
{
	char *base, *machine, *path;

	if (named_folder(given))
		return mem_strdup(named_folder(given));
	base = paths_state();
	machine = machine_name();
	path = fsio_join(base, machine);
	free(base);
	free(machine);
	return path;
}
