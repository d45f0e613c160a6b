/*
 * `mltop secrets create|update`: the value comes from standard input, from a file or, unseen, from the
 * terminal, and never from the command line, where every process of the machine could read it.
 */
#include "mltop/cli.h"

#include "base/base64.h"
#include "base/fsio.h"
#include "core/kinds/secret.h"
#include "core/schema/ftype.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

/* Room for it is made once, so that no copy of it is left where it grew. */
static bool value_begin(struct buf *value)
{
	prctl(PR_SET_DUMPABLE, 0); /* nor in a core */
	return buf_reserve(value, SECRET_BYTES_MAX + 2);
}

static void value_end(struct buf *value)
{
	explicit_bzero(value->data, value->cap);
	buf_release(value);
}

static bool too_long(struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "the value is longer than %d bytes, the most of a secret",
		SECRET_BYTES_MAX);
}

/* ---- From the terminal ---- */

/* What was pasted behind the first line must not become the next command of the shell. */
static bool line_ends(int tty, struct err *e)
{
	int more = 0;

	return ioctl(tty, FIONREAD, &more) != 0 || more == 0 ||
		err_set(e, ERR_INVALID,
			"the value has several lines: write it into a file and give --from-file FILE, or "
			"pipe it in");
}

/* One byte of the terminal; *over: the line ends with it. */
static bool key_take(int tty, char c, struct buf *value, bool *over, struct err *e)
{
	enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

	*over = c == '\n' || c == '\r';
	if (*over)
		return line_ends(tty, e);
	if (c == CTRL_C || c == CTRL_D)
		return err_set(e, ERR_INVALID, "nothing was sent: no value was given");
	if (c == CTRL_U)
		buf_reset(value);
	else if (c == BACKSPACE || c == DELETE)
		do
			buf_cut(value, value->len ? value->len - 1 : 0);
		while (value->len && ((unsigned char)value->data[value->len] & 0xC0) == 0x80);
	else if (value->len >= SECRET_BYTES_MAX)
		return too_long(e);
	else
		buf_addc(value, c);
	return true;
}

static bool keys_read(int tty, struct buf *value, struct err *e)
{
	bool over = false;
	char c;

	while (!over) {
		ssize_t n = read(tty, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_INVALID, "the terminal is gone: nothing was sent");
		if (!key_take(tty, c, value, &over, e))
			return false;
	}
	return true;
}

/* Keys come one by one: a line of the terminal's own would end at 4,095 bytes, and show. */
static bool value_ask(const char *name, struct buf *value, struct err *e)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, quiet;
	bool ok = tty >= 0 && tcgetattr(tty, &before) == 0;

	if (!ok) {
		err_set(e, ERR_INVALID,
			"nobody can be asked for the value here: pipe it in, or give --from-file FILE");
	} else {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
		quiet.c_cc[VMIN] = 1;
		quiet.c_cc[VTIME] = 0;
		tcsetattr(tty, TCSAFLUSH, &quiet);
		dprintf(tty, "Value of %s (not shown): ", name);
		ok = keys_read(tty, value, e);
		tcsetattr(tty, TCSAFLUSH, &before);
		dprintf(tty, "\n");
	}
	if (tty >= 0)
		close(tty);
	return ok;
}

/* ---- From elsewhere ---- */

static bool bytes_read(int fd, const char *what, struct buf *value, struct err *e)
{
	ssize_t n;

	while ((n = read(fd, value->data + value->len, value->cap - 1 - value->len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "the value", what);
		value->len += (size_t)n;
		if (value->len > SECRET_BYTES_MAX + 1)
			return too_long(e);
	}
	value->data[value->len] = '\0';
	return true;
}

/* Byte for byte. */
static bool file_read(const char *path, struct buf *value, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return err_errno(e, errno, "the value", path);
	ok = bytes_read(fd, path, value, e);
	close(fd);
	return ok;
}

/* `echo` ends it with a line end that is not meant. */
static bool input_read(struct buf *value, struct err *e)
{
	if (!bytes_read(STDIN_FILENO, "standard input", value, e))
		return false;
	if (value->len && value->data[value->len - 1] == '\n')
		buf_cut(value, value->len - 1);
	if (value->len && value->data[value->len - 1] == '\r')
		buf_cut(value, value->len - 1);
	return true;
}

static bool value_get(struct cli *c, struct buf *value, struct err *e)
{
	const char *path = cli_value(c, "from-file");
	bool ok = path                 ? file_read(path, value, e)
		: isatty(STDIN_FILENO) ? value_ask(c->args[0], value, e)
				       : input_read(value, e);

	if (ok && value->len == 0)
		return err_set(e, ERR_INVALID, "the value is empty: a secret has one");
	return ok && (value->len <= SECRET_BYTES_MAX || too_long(e));
}

/* As text where it is one, so that others see in the request what they would write. */
static bool value_put(const struct buf *value, json_t *body)
{
	bool text = text_refusal(value->data, value->len, true) == NULL;
	struct buf coded = BUF_INIT;

	if (text)
		return json_object_set_new(body, "value", json_stringn(value->data, value->len)) ==
			0;
	buf_reserve(&coded, BASE64_LEN(value->len));
	base64_encode(&coded, value->data, value->len);
	json_object_set_new(body, "data", json_string(coded.data));
	value_end(&coded);
	return true;
}

static bool secret_send(struct cli *c, const char *method, const char *path, json_t *body,
	json_t **answer, struct err *e)
{
	struct buf value = BUF_INIT;
	bool ok = value_begin(&value) && value_get(c, &value, e) && value_put(&value, body);

	value_end(&value);
	return ok && cli_call(c, method, path, body, answer, e);
}

/* ---- The verbs ---- */

int cli_secret_create(struct cli *c)
{
	const struct kind *k = c->verb->kind;
	json_t *body = json_pack("{s:s}", kind_key(k)->name, c->args[0]), *answer = NULL;
	const char *description = cli_value(c, "description");
	struct err e = ERR_INIT;
	bool ok;

	if (description)
		json_object_set_new(body, "description", json_string(description));
	ok = cli_check(k, body, &e) && secret_send(c, "POST", k->path, body, &answer, &e);
	if (ok && (cli_has(c, "json") || cli_has(c, "output"))) {
		ok = output_one(c, k, answer, &e);
	} else if (ok) {
		output_text(c, cli_name_of(k, answer, body));
		putchar('\n');
	}
	json_decref(body);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* Asked whether it is there before anybody types a value. */
int cli_secret_update(struct cli *c)
{
	const struct kind *k = c->verb->kind;
	json_t *body = json_object(), *object = NULL, *answer = NULL;
	char *path = cli_path(k, c->args[0], "");
	struct err e = ERR_INIT;
	bool ok = cli_find(c, k, c->args[0], &object, &e) &&
		secret_send(c, "PUT", path, body, &answer, &e);

	if (ok && (cli_has(c, "json") || cli_has(c, "output"))) {
		ok = output_one(c, k, answer, &e);
	} else if (ok) {
		output_text(c, c->args[0]);
		puts(" has its new value");
	}
	free(path);
	json_decref(body);
	json_decref(object);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}
