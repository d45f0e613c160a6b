#include "base/log.h"

#include "base/fsio.h"
#include "base/num.h"
#include "base/sanitize.h"
#include "base/timefmt.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record holds no more than this of its caller's text: one line must not fill a disk. */
enum { LOG_TEXT_MAX = 8192 };

static atomic_int log_most = LOG_INFO;

void log_set_level(enum log_level most)
{
	atomic_store(&log_most, (int)most);
}

/*
 * True when standard error is the journal, which stamps the time itself: JOURNAL_STREAM is
 * "device:inode" of it (systemd.exec(5)), and is inherited by programs whose stderr is not.
 */
static bool goes_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	const char *colon = stream ? strchr(stream, ':') : NULL;
	char device[24];
	uint64_t dev, ino;
	struct stat st;

	if (colon == NULL || (size_t)(colon - stream) >= sizeof device)
		return false;
	memcpy(device, stream, (size_t)(colon - stream));
	device[colon - stream] = '\0';
	return num_u64(device, UINT64_MAX, &dev) && num_u64(colon + 1, UINT64_MAX, &ino) &&
		fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static void add_head(struct buf *line, enum log_level level)
{
	static const char *const names[] = {"ERROR", "WARN", "INFO", "DEBUG"};
	char now[TIMEFMT_SIZE];

	if (!goes_to_journal()) {
		timefmt_rfc3339(now, time_now_ms());
		buf_addf(line, "%s ", now);
	}
	buf_addf(line, "%s ", names[level]);
}

void log_line(enum log_level level, const char *format, ...)
{
	struct buf line = BUF_INIT, text = BUF_INIT;
	va_list ap;

	if ((int)level > atomic_load(&log_most))
		return;
	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	add_head(&line, level);
	sanitize_text(&line, text.data, text.len < LOG_TEXT_MAX ? text.len : LOG_TEXT_MAX);
	buf_addc(&line, '\n');
	/* One write a record: lines of several threads and of the shims do not mix. */
	(void)fsio_write_all(STDERR_FILENO, line.data, line.len);
	buf_release(&text);
	buf_release(&line);
}
