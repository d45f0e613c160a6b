#include "mltop/cli_packing.h"

#include "base/timefmt.h"
#include "mltop/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TELL_MS = 100, SPEAK_OF = 1 << 20 }; /* what is big in less than that is no matter */

void packing_begin(struct packing *p, const struct ignore *rules, const char *folder)
{
	*p = (struct packing){.rules = rules,
		.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

static void add_big(struct packing *p, const char *path, int64_t bytes)
{
	size_t at = 0, last = PACKING_BIGGEST - 1;

	while (at <= last && p->big[at].path && p->big[at].bytes >= bytes)
		at++;
	if (at > last)
		return;
	free(p->big[last].path);
	memmove(p->big + at + 1, p->big + at, (last - at) * sizeof p->big[0]);
	p->big[at].path = mem_strdup(path);
	p->big[at].bytes = bytes;
}

static void tell_packing(struct packing *p)
{
	int64_t now = time_mono_ms();

	if (now - p->told < TELL_MS || !isatty(STDERR_FILENO))
		return;
	p->told = now;
	fprintf(stderr, "\rmltop: packing: %lld file%s, %.1f MiB\033[K", (long long)p->files,
		p->files == 1 ? "" : "s", (double)p->bytes / (1 << 20));
	fflush(stderr);
}

bool packing_skips(void *ctx, const char *path, bool folder)
{
	struct packing *p = ctx;
	struct stat st;

	if (ignore_match(p->rules, path, folder))
		return true;
	if (!folder && fstatat(p->folder, path, &st, 0) == 0) {
		p->files++;
		p->bytes += st.st_size;
		add_big(p, path, st.st_size);
		tell_packing(p);
	}
	return false;
}

/* How much goes along, and what is big in it: data that was not meant to is seen here. */
static void tell_packed(const struct packing *p, int64_t packed)
{
	struct buf text = BUF_INIT;
	char size[32], packed_size[32];

	cli_size_text(size, sizeof size, p->bytes);
	cli_size_text(packed_size, sizeof packed_size, packed);
	buf_addf(&text, "sending %lld file%s, %s (%s packed)", (long long)p->files,
		p->files == 1 ? "" : "s", size, packed_size);
	for (size_t i = 0; i < PACKING_BIGGEST && p->big[i].path && p->bytes > SPEAK_OF; i++) {
		cli_size_text(size, sizeof size, p->big[i].bytes);
		buf_addf(&text, "%s%s %s", i ? ", " : "; biggest: ", p->big[i].path, size);
	}
	cli_complain("%s", text.data);
	buf_release(&text);
}

void packing_done(struct packing *p, int fd, bool good)
{
	struct stat st = {0};

	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r\033[K");
		if (good && fstat(fd, &st) == 0)
			tell_packed(p, st.st_size);
	}
	for (size_t i = 0; i < PACKING_BIGGEST; i++)
		free(p->big[i].path);
	if (p->folder >= 0)
		close(p->folder);
}
