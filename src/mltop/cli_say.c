/* What is said of errors on standard error. */
#include "mltop/cli.h"

#include "base/sanitize.h"
#include "base/utf8.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Columns of the terminal that standard error is; 0: it is none. */
static int error_width(void)
{
	struct winsize size;

	return isatty(STDERR_FILENO) && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col
										     : 0;
}

/* Broken between words where it would pass the width (0: none). */
static void fold(const char *text, int width)
{
	while (width > 0 && utf8_width(text) > width) {
		int used;
		size_t fits = utf8_fit(text, width, &used), at = fits;

		while (at > 0 && text[at] != ' ')
			at--;
		if (at == 0)
			at = fits;
		fprintf(stderr, "%.*s\n", (int)at, text);
		text += at + (text[at] == ' ');
	}
	fprintf(stderr, "%s\n", text);
}

/* Everything that goes to standard error is one line and sanitised: texts may be a server's. */
static void complain(const char *text)
{
	struct buf line = BUF_INIT;

	buf_adds(&line, "mltop: ");
	sanitize_text(&line, text, strlen(text));
	fold(line.data, error_width());
	buf_release(&line);
}

void cli_complain(const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	complain(text.data);
	buf_release(&text);
}

int cli_fail(const struct err *e)
{
	complain(e->text);
	switch (e->code) {
	case ERR_UNAVAILABLE: return EXIT_UNREACHABLE;
	case ERR_UNAUTHORIZED:
	case ERR_FORBIDDEN: return EXIT_NOT_AUTHORISED;
	case ERR_NOT_FOUND: return EXIT_NOT_FOUND;
	default: return EXIT_REFUSED;
	}
}

static bool reader_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP));
}

int cli_output_failed(void)
{
	if (reader_gone())
		return 128 + SIGPIPE;
	complain("standard output: could not be written");
	return EXIT_REFUSED;
}

void cli_size_text(char *out, size_t size, int64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t u = 0;

	for (; value >= 1024 && u + 1 < ARRAY_SIZE(units); u++)
		value /= 1024;
	snprintf(out, size, u ? "%.1f %s" : "%.0f %s", value, units[u]);
}

const char *cli_field_given(const struct field *f)
{
	static const char *const words[] = {"", "new", "edit", "new, edit"};

	return words[(f->flags & F_NEW ? 1 : 0) + (f->flags & F_EDIT ? 2 : 0)];
}

void cli_verb_title(const struct verb *v, struct buf *out)
{
	buf_addf(out, "mltop %s%s%s", v->noun ? v->noun : "", v->noun ? " " : "", v->name);
}

int cli_usage(const struct cli *c, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	if (c->verb) {
		buf_adds(&text, " (see `");
		cli_verb_title(c->verb, &text);
		buf_adds(&text, " --help`)");
	}
	complain(text.data);
	buf_release(&text);
	return EXIT_USAGE;
}
