/*
 * Tar archives from strangers: a Python source distribution is listed, checked and unpacked here
 * and nowhere else. libarchive reads tar (ustar, pax, GNU), plain or packed once by gzip, bzip2, xz
 * or zstd, which io/decoder.h unpacks in bounded memory; every other format is refused.
 *
 * An archive is hostile until shown otherwise. Refused, with the entry named: absolute paths, `..`,
 * names that are empty, longer than 1,024 bytes or hold control characters, symbolic and hard
 * links, devices, fifos, sockets, the same file twice, a file where a folder must be, folders nested
 * deeper than can be given to a task's user (FSIO_LEVELS_MAX), and whatever passes the limits. Only regular files and folders come out; of their mode only the owner's x bit
 * is kept; owner, times, ACLs and extended attributes are ignored.
 *
 * All functions block on the disk: call them from a worker thread (uv_queue_work). They keep no
 * state and may run in several threads at once.
 */
#ifndef MLTOP_IO_ARCHIVE_H
#define MLTOP_IO_ARCHIVE_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARCHIVE_ROOT_SIZE = 1040 };

struct archive_limits {
	int64_t entries;   /* files and folders together, with folders that only stand in paths */
	int64_t unpacked;  /* bytes of all files together */
	int64_t ratio;     /* unpacked bytes for each packed one, from 256 MiB unpacked on */
	int64_t memory;    /* bytes that unpacking may take while it goes on; 0: the default */
	atomic_bool *stop; /* once it is set: ERR_UNAVAILABLE, soon; NULL: never */
};
extern const struct archive_limits archive_limits_default; /* 20,000; 2 GiB; 200; 40 MiB */

/* As far as settings go: what was checked by a platform's own limits is unpacked by these. */
extern const struct archive_limits archive_limits_most;

/*
 * Unpacks `path` so that `dest_dir` holds its entries. dest_dir must not exist, its parent must:
 * all is unpacked aside (dest_dir + ".part", removed first and on failure) and renamed whole.
 * Folders are 0700, files 0600 or 0700. `limits` NULL: the default ones.
 * ERR_NOT_FOUND: no such file; ERR_UNPROCESSABLE: not an archive, or one that is refused.
 */
bool archive_unpack(const char *path, const char *dest_dir, const struct archive_limits *limits,
	struct err *e);

/*
 * Checks the whole archive by the same rules without writing anything, and finds the Python module
 * (`digits.train`: .../digits/train.py or .../digits/train/__main__.py) in it. Looked for at the
 * top, in the one folder at the top (as an sdist has it), and in `src` below either. `root` gets
 * the folder, relative to the archive, that belongs on PYTHONPATH: "", "digits-0.1",
 * "digits-0.1/src". ERR_UNPROCESSABLE `module X is not in LABEL; did you mean Y?`. Sentences name the
 * package by `label`, NULL: by the file's name, never by the folder that it lies in.
 */
bool archive_find_module(const char *path, const char *label, const char *module,
	const struct archive_limits *limits, char root[ARCHIVE_ROOT_SIZE], struct err *e);

/* Only checks it by the rules above. */
bool archive_check(const char *path, const char *label, const struct archive_limits *limits,
	struct err *e);

/* Writes a new tar file (0600, synced, renamed into place) of plain files, for backups. */
struct archive_file {
	const char *name, *path; /* in the archive; on the disk */
};
bool archive_pack(const char *path, const struct archive_file *files, size_t count, struct err *e);

/*
 * Packs a folder for an upload: a gzipped tar with `top` as its one folder at the top, the same
 * bytes for the same files (order by name, no times, no owners, of modes the owner's x bit), written
 * to `fd` from where it stands. `skip` (may be NULL) is asked for everything below the folder, by
 * its path relative to it; what it names stays behind, folders with all they hold.
 *
 * Links are followed as long as they stay in the folder: what is packed is a copy. ERR_UNPROCESSABLE
 * names what is refused: links that lead out, go in circles or lead nowhere, devices, fifos,
 * sockets, names that no platform takes, and what passes the limits (NULL: the default ones; the
 * ratio is not looked at).
 */
struct archive_folder {
	const char *path, *top;
	bool (*skip)(void *ctx, const char *path, bool folder);
	void *ctx;
	const struct archive_limits *limits;
};
bool archive_pack_folder(int fd, const struct archive_folder *f, struct err *e);

/* The same search in a folder that archive_unpack made. */
bool archive_module_root(const char *dir, const char *module, char root[ARCHIVE_ROOT_SIZE],
	struct err *e);

#endif
