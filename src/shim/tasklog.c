#include "tasklog.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	INDEX_MS = 1000,
	INDEX_BYTES = 64 * 1024,
	RETRY_MS = 100,        /* between tries on a disk that refuses */
	ROOM_STEP = 1 << 20,   /* bytes between two looks at the free space */
	RESUME_PART = 8,       /* of the reserve: so much more must be free before it goes on */
	SEGMENTS_AT_LIMIT = 4, /* a limited log is dropped in quarters at most */
};

static void segment_name(char out[24], uint64_t first)
{
	snprintf(out, 24, "%020llu", (unsigned long long)first);
}

bool tasklog_open(struct tasklog *log, int folder, const struct task_spec *spec, struct err *e)
{
	int64_t target = spec->segment_size, limit = spec->log_limit;

	if (limit > 0 && target > limit / SEGMENTS_AT_LIMIT)
		target = limit / SEGMENTS_AT_LIMIT;
	/* So that every segment of a limited log has its place in the ring. */
	if (limit > 0 && target < limit / (TASKLOG_KEPT / 2))
		target = limit / (TASKLOG_KEPT / 2);
	*log = (struct tasklog){.folder = -1,
		.segment = -1,
		.index = -1,
		.gaps = -1,
		.target = target > 0 ? target : 1,
		.limit = limit,
		.reserve = spec->log_reserve};
	if (mkdirat(folder, "log", 0700) < 0 && errno != EEXIST)
		return err_errno(e, errno, "cannot make the task's folder", "log");
	log->folder = openat(folder, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (log->folder < 0)
		return err_errno(e, errno, "cannot open the task's folder", "log");
	return true;
}

/* The folder may be writable to the task: never open what it put there. */
static int create(const struct tasklog *log, const char *name)
{
	return openat(log->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
}

/* Appends a fixed-size entry; a torn one is written over by the next. */
static bool put_entry(const struct tasklog *log, int *fd, const char *name, uint64_t *length,
	const uint64_t *words, size_t count)
{
	uint64_t bytes[3];

	if (*fd < 0)
		*fd = create(log, name);
	if (*fd < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		bytes[i] = htole64(words[i]);
	if (pwrite(*fd, bytes, count * 8, (off_t)*length) != (ssize_t)(count * 8))
		return false;
	*length += count * 8;
	return true;
}

static bool put_gap(struct tasklog *log, uint64_t at, uint64_t lost, int64_t wall)
{
	const uint64_t words[] = {at, lost, (uint64_t)wall};

	return put_entry(log, &log->gaps, "gaps", &log->gaps_length, words, 3);
}

/* Remembers the time of offset `at` when a second or 64 KiB passed since the last entry. */
static void put_index(struct tasklog *log, uint64_t at, int64_t wall)
{
	const uint64_t words[] = {(uint64_t)wall, at};

	if (log->index_length > 0 && wall - log->indexed_ms < INDEX_MS &&
		at - log->indexed_at < INDEX_BYTES)
		return;
	if (put_entry(log, &log->index, "index", &log->index_length, words, 2)) {
		log->indexed_ms = wall;
		log->indexed_at = at;
	}
}

static void drop_oldest(struct tasklog *log, int64_t wall)
{
	const struct tasklog_segment old = log->kept[log->kept_from];
	char name[24];

	segment_name(name, old.first);
	log->kept_from = (log->kept_from + 1) % TASKLOG_KEPT;
	log->kept_count--;
	log->kept_bytes -= old.length;
	if (log->limit == 0)
		return; /* only forgotten: the ring is full */
	/* The record first: a reader that finds the file gone must find out why. */
	put_gap(log, old.first, old.length, wall);
	unlinkat(log->folder, name, 0);
}

static void keep(struct tasklog *log, uint64_t first, uint64_t length, int64_t wall)
{
	if (log->kept_count == TASKLOG_KEPT)
		drop_oldest(log, wall);
	log->kept[(log->kept_from + log->kept_count) % TASKLOG_KEPT] = (struct tasklog_segment){
		first, length};
	log->kept_count++;
	log->kept_bytes += length;
	while (log->limit > 0 && log->kept_count > 0 &&
		log->kept_bytes + (uint64_t)log->target > (uint64_t)log->limit)
		drop_oldest(log, wall);
}

/* Closes the open segment; one without a byte is removed, for its name promises one. */
static void end_segment(struct tasklog *log, int64_t wall)
{
	uint64_t length = log->end - log->first;
	char name[24];

	if (log->segment < 0)
		return;
	segment_name(name, log->first);
	if (length > 0) {
		/* Starts writing back without waiting, so that little is left for the end. */
		sync_file_range(log->segment, 0, 0, SYNC_FILE_RANGE_WRITE);
		keep(log, log->first, length, wall);
	} else {
		unlinkat(log->folder, name, 0);
	}
	close(log->segment);
	log->segment = -1;
}

static bool begin_segment(struct tasklog *log)
{
	char name[24];

	segment_name(name, log->end);
	log->segment = create(log, name);
	log->first = log->end;
	log->at_line_end = false;
	return log->segment >= 0;
}

/* True while the bytes just before `end` are lost ones. */
static bool is_losing(const struct tasklog *log)
{
	return log->gap_length > 0 && log->gap_at + log->gap_length == log->end;
}

static void lose(struct tasklog *log, size_t len, int64_t wall, int64_t mono)
{
	end_segment(log, wall);
	if (!is_losing(
		    log)) { /* an older gap still without a record is told by the segments' names */
		log->gap_at = log->end;
		log->gap_ms = wall;
		log->gap_length = 0;
	}
	log->gap_length += len;
	log->lost += len;
	log->end += len;
	if (mono >= log->retry_ms)
		log->retry_ms = mono + RETRY_MS;
}

/* May so many bytes be written? Once it has run out there must be some more than the reserve. */
static bool has_room(struct tasklog *log, size_t len)
{
	struct statvfs disk;
	int64_t free;

	if (log->reserve <= 0)
		return true;
	if (log->room < (int64_t)len) {
		if (fstatvfs(log->folder, &disk) < 0)
			return true;
		free = (int64_t)(disk.f_bavail * disk.f_frsize) - log->reserve;
		if (is_losing(log))
			free -= log->reserve / RESUME_PART;
		log->room = free < ROOM_STEP ? free : ROOM_STEP;
	}
	if (log->room < (int64_t)len) {
		log->room = 0; /* a smaller piece would not fit any better */
		return false;
	}
	log->room -= (int64_t)len;
	return true;
}

/*
 * How many of the bytes belong into the open segment: up to the last line end within its size; else,
 * when it holds an unfinished line, up to that line's end, but no more than twice the size. 0: none.
 */
static size_t fits(const struct tasklog *log, const char *bytes, size_t len)
{
	uint64_t used = log->end - log->first, target = (uint64_t)log->target;
	size_t room = used < target ? (size_t)(target - used) : 0;
	size_t most = (size_t)(2 * target - used);
	const char *lf;

	if (len <= room)
		return len;
	lf = memrchr(bytes, '\n', room);
	if (lf != NULL)
		return (size_t)(lf - bytes) + 1;
	if (used > 0 && log->at_line_end)
		return 0;
	lf = memchr(bytes + room, '\n', len - room);
	if (lf != NULL)
		len = (size_t)(lf - bytes) + 1;
	return len < most ? len : most;
}

/* Writes to the open segment; returns the bytes written, short when the disk refuses. */
static size_t append(struct tasklog *log, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(log->segment, bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done > 0)
		log->at_line_end = bytes[done - 1] == '\n';
	log->end += done;
	return done;
}

/* Space is back when bytes were written: only now the record of the gap can be, too. */
static void close_gap(struct tasklog *log)
{
	if (log->gap_length > 0 && put_gap(log, log->gap_at, log->gap_length, log->gap_ms))
		log->gap_length = 0;
}

/* One piece, into one segment; returns how many bytes of it are dealt with, lost ones too. */
static size_t add_piece(struct tasklog *log, const char *bytes, size_t len, int64_t wall,
	int64_t mono)
{
	uint64_t at = log->end;
	size_t take, done = 0;

	if (!has_room(log, len) || (log->segment < 0 && !begin_segment(log))) {
		lose(log, len, wall, mono);
		return len;
	}
	take = fits(log, bytes, len);
	if (take == 0) {
		end_segment(log, wall);
		return 0;
	}
	done = append(log, bytes, take);
	if (done > 0) {
		close_gap(log);
		put_index(log, at, wall);
	}
	if (done < take)
		lose(log, take - done, wall, mono);
	return take;
}

void tasklog_add(struct tasklog *log, const char *bytes, size_t len, int64_t wall, int64_t mono)
{
	if (wall < log->indexed_ms)
		wall = log->indexed_ms; /* a clock set back must not unsort the index */
	while (len > 0) {
		size_t done = len;

		if (is_losing(log) && mono < log->retry_ms)
			lose(log, len, wall, mono);
		else
			done = add_piece(log, bytes, len, wall, mono);
		bytes += done;
		len -= done;
	}
}

/* 0, or the first errno that said that bytes may not be on the disk. */
static int sync_kept(const struct tasklog *log)
{
	int failed = 0;

	for (size_t i = 0; i < log->kept_count; i++) {
		char name[24];
		int fd;

		segment_name(name, log->kept[(log->kept_from + i) % TASKLOG_KEPT].first);
		fd = openat(log->folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0) {
			if (fdatasync(fd) < 0 && failed == 0)
				failed = errno;
			close(fd);
		}
	}
	return failed;
}

int tasklog_close(struct tasklog *log, int64_t wall)
{
	int *const files[] = {&log->segment, &log->index, &log->gaps, &log->folder};
	bool wrote = log->end > 0;
	int failed = 0;

	close_gap(log);
	if (log->kept_count > 0)
		failed = sync_kept(log);
	if (log->segment >= 0 && log->end == log->first)
		end_segment(log, wall);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (*files[i] >= 0 && wrote && files[i] != &log->index &&
			fdatasync(*files[i]) < 0 && failed == 0)
			failed = errno;
		if (*files[i] >= 0)
			close(*files[i]);
		*files[i] = -1;
	}
	return failed;
}
