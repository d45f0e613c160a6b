#include "core/failure/readers.h"

#include "base/sanitize.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* In this order at each line; the first that knows it takes it. */
static reader *const readers[] = {read_python, read_python_alone, read_terminate, read_abort,
	read_sanitizer, read_faulthandler, read_java, read_node, read_go, read_rust, read_julia,
	read_r, read_torchrun, read_mpi, read_nccl, read_not_found, read_usage, read_hint};

static void read_all(struct lines *l, struct errors *out)
{
	for (size_t at = 0; at < l->all.len;) {
		size_t took = *l->all.items[at].text ? 0 : 1;

		for (size_t i = 0; i < sizeof readers / sizeof *readers && took == 0 &&
			!l->all.items[at].taken;
			i++)
			took = readers[i](l, at, out);
		at += took ? took : 1;
	}
}

/*
 * Of one program the last error is why it ended: what it has survived was before. Of several ranks
 * the first is: of the one that a launcher names, where it does.
 */
static const struct error *choose(const struct lines *l, const struct errors *all)
{
	const struct error *best = NULL;

	for (size_t i = 0; i < all->all.len; i++) {
		const struct error *e = &all->all.items[i];
		bool named = l->cause_rank >= 0 && e->rank == l->cause_rank;
		bool best_named = best && l->cause_rank >= 0 && best->rank == l->cause_rank;
		bool strong = e->weight >= WEIGHT_SYMPTOM;

		if (!best)
			best = e;
		else if (strong && named != best_named && best->weight >= WEIGHT_SYMPTOM)
			best = named && e->weight >= best->weight ? e : best;
		else if (e->weight != best->weight)
			best = e->weight > best->weight ? e : best;
		else if (!l->ranks || !strong)
			best = e;
	}
	return best;
}

/* One line, clean, whole characters. */
static void finish(struct failure *f, const struct lines *l, const struct error *e)
{
	struct buf clean = BUF_INIT;
	char rank[24] = "";
	size_t n;

	if (l->ranks && e->rank >= 0)
		snprintf(rank, sizeof rank, "rank %d: ", e->rank);
	buf_adds(&clean, rank);
	sanitize_text(&clean, e->text, strlen(e->text));
	n = clean.len;
	if (n > FAILURE_BYTES) {
		n = FAILURE_BYTES - 3;
		while (n > 0 && ((unsigned char)clean.data[n] & 0xC0) == 0x80)
			n--;
	}
	snprintf(f->text, sizeof f->text, "%.*s%s", (int)n, clean.data, n < clean.len ? "..." : "");
	f->offset = l->all.items[e->line].offset;
	f->first_failed = l->cause_rank;
	buf_release(&clean);
}

bool failure_read(struct failure *f, const char *bytes, size_t len, uint64_t offset)
{
	size_t skip = len > FAILURE_TAIL ? len - FAILURE_TAIL : 0;
	struct lines l;
	struct errors all = {0};
	const struct error *e;

	lines_init(&l, bytes + skip, len - skip, offset + skip);
	read_all(&l, &all);
	e = choose(&l, &all);
	if (e)
		finish(f, &l, e);
	vec_release(&all.all);
	lines_release(&l);
	return e != NULL;
}

/* ---- Names ---- */

static const struct {
	int number;
	const char *name;
} signals[] = {{1, "SIGHUP (hangup)"}, {2, "SIGINT (interrupt)"}, {3, "SIGQUIT (quit)"},
	{4, "SIGILL (illegal instruction)"}, {5, "SIGTRAP (trap)"}, {6, "SIGABRT (abort)"},
	{7, "SIGBUS (bus error)"}, {8, "SIGFPE (arithmetic error)"}, {9, "SIGKILL (killed)"},
	{11, "SIGSEGV (segmentation fault)"}, {13, "SIGPIPE (broken pipe)"},
	{14, "SIGALRM (alarm)"}, {15, "SIGTERM (terminated)"}, {24, "SIGXCPU (CPU time limit)"},
	{25, "SIGXFSZ (file size limit)"}, {31, "SIGSYS (bad system call)"}};

const char *failure_signal(int number)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (signals[i].number == number)
			return signals[i].name;
	return NULL;
}

const char *failure_exit_code(int64_t code)
{
	static _Thread_local char text[96];
	const char *name = code > 128 && code < 192 ? failure_signal((int)code - 128) : NULL;

	if (code == 127)
		return "command not found (exit 127)";
	if (code == 126)
		return "command cannot be executed (exit 126)";
	if (!name)
		return NULL;
	snprintf(text, sizeof text, "%s, of a program that it had started", name);
	return text;
}
