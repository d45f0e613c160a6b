/*
 * The daemon's log: one line a record on standard error, "LEVEL what: why key=value ...", with a
 * time unless systemd adds one (JOURNAL_STREAM set). Programs only; libraries return errors.
 * Text is sanitised here, so callers may pass outside bytes; never pass a secret.
 */
#ifndef MLTOP_BASE_LOG_H
#define MLTOP_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level most);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
