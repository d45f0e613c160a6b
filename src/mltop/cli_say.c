/* What is said of errors on standard error, and help on standard output. */
#include "mltop/cli.h"

#include "base/sanitize.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* Everything that goes to standard error is one line and sanitised: texts may be a server's. */
static void complain(const char *text)
{
	struct buf line = BUF_INIT;

	sanitize_text(&line, text, strlen(text));
	fprintf(stderr, "mltop: %s\n", line.data);
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

static void verb_title(const struct verb *v, struct buf *out)
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
		verb_title(c->verb, &text);
		buf_adds(&text, " --help`)");
	}
	complain(text.data);
	buf_release(&text);
	return EXIT_USAGE;
}

/* ---- Help ---- */

static void help_flag(const char *name, char letter, const char *value, const char *doc)
{
	char left[64];

	if (letter)
		snprintf(left, sizeof left, "-%c, --%s%s%s", letter, name, value ? " " : "",
			value ? value : "");
	else
		snprintf(left, sizeof left, "    --%s%s%s", name, value ? " " : "",
			value ? value : "");
	printf("  %-28s %s\n", left, doc);
}

static void help_flags(const char *title, const struct cli_flag *flags)
{
	if (flags == NULL || flags->name == NULL)
		return;
	printf("\n%s\n", title);
	for (; flags->name; flags++)
		help_flag(flags->name, flags->letter, flags->value, flags->doc);
}

static void help_fields(const struct verb *v)
{
	const struct kind *k = v->kind;

	printf("\nFields of a %s\n", k->name);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		struct buf name = BUF_INIT;

		if ((f->flags & F_NEW) && !(f->flags & F_HIDDEN) && !cli_own_flag(v, f->name)) {
			kind_flag_name(f, &name);
			help_flag(name.data, 0, f->hint ? f->hint : "VALUE", f->doc);
		}
		buf_release(&name);
	}
}

int cli_help_verb(const struct verb *v)
{
	struct buf title = BUF_INIT;

	verb_title(v, &title);
	printf("%s%s%s: %s\n", title.data, *v->args ? " " : "", v->args, v->doc);
	buf_release(&title);
	help_flags("Flags", v->own);
	if (v->flags & VERB_FIELDS)
		help_fields(v);
	for (const struct cli_flags *t = cli_flags; t->flags; t++)
		if (cli_takes(v, t))
			help_flags(t->title, t->flags);
	return EXIT_DONE;
}

int cli_help_all(const char *noun)
{
	printf("mltop: the console of a deep-learning platform\n\n"
	       "  mltop                        the dashboard\n");
	for (const struct verb *v = verbs; v->name; v++) {
		struct buf left = BUF_INIT;

		if (noun && (v->noun == NULL || strcmp(v->noun, noun) != 0))
			continue;
		verb_title(v, &left);
		buf_addf(&left, " %s", v->args);
		printf("  %-28s %s\n", left.data, v->doc);
		buf_release(&left);
	}
	printf("\n`mltop VERB --help` lists a verb's flags. Exit codes: 0 done, 1 refused or failed,\n"
	       "2 usage, 3 not reachable, 4 not authorised, 5 not found.\n");
	return EXIT_DONE;
}
