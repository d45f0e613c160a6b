/* Who starts programs: torchrun, Open MPI, shells; and the communication between ranks. */
#include "core/failure/readers.h"

#include "base/num.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number_at(const char *s)
{
	char digits[12];
	int64_t n = -1;
	size_t len = strspn(s, "-0123456789");

	snprintf(digits, sizeof digits, "%.*s", (int)(len < 11 ? len : 11), s);
	return num_i64(digits, -99999, 9999999, &n) ? (int)n : -1;
}

/* ---- torchrun ---- */

/* "  exitcode  : -9 (pid: 5)": what stands behind the colon. */
static const char *value_of(const char *s, const char *name)
{
	s += strspn(s, " ");
	if (!starts(s, name))
		return NULL;
	s = strchr(s, ':');
	return s ? s + 1 + strspn(s + 1, " ") : NULL;
}

size_t read_torchrun(struct lines *l, size_t at, struct errors *out)
{
	int rank = -1, code = 0;
	const char *value, *said = NULL;

	if (!starts(l->all.items[at].text, "Root Cause (first observed failure):"))
		return 0;
	for (size_t i = 1; i < 9; i++) {
		const char *s = line_of(l, at + i, at);

		if (!s || starts(s, "===="))
			break;
		if ((value = value_of(s, "rank ")) != NULL)
			rank = number_at(value);
		else if ((value = value_of(s, "exitcode ")) != NULL)
			code = number_at(value);
		else if ((value = value_of(s, "traceback ")) != NULL && starts(value, "Signal "))
			said = value;
	}
	if (rank < 0)
		return 0;
	l->cause_rank = rank;
	l->ranks = true;
	if (code < 0 && failure_signal(-code))
		error_add(out, l, at, WEIGHT_LAUNCHER, "%s", failure_signal(-code));
	else if (said)
		error_add(out, l, at, WEIGHT_LAUNCHER, "%s", said);
	else
		error_add(out, l, at, WEIGHT_LAUNCHER, "exit code %d", code);
	out->all.items[out->all.len - 1].rank = rank;
	return 1;
}

/* ---- MPI ---- */

/* The error that was added last is of that rank, and the first that is named is the cause. */
static void of_rank(struct lines *l, struct errors *out, const char *rank)
{
	l->cause_rank = l->cause_rank >= 0 ? l->cause_rank : number_at(rank);
	l->ranks = true;
	out->all.items[out->all.len - 1].rank = number_at(rank);
}

static void add_abort(struct lines *l, size_t at, struct errors *out, const char *code)
{
	error_add(out, l, at, WEIGHT_LAUNCHER, "MPI_Abort%s%.*s", code ? ", error code " : "",
		code ? (int)strspn(code, "-0123456789") : 0, code ? code : "");
}

/* Text of one of the few lines behind `at`, behind that word; NULL: there is none. */
static const char *soon(const struct lines *l, size_t at, const char *word)
{
	for (size_t i = 1; i < 5; i++) {
		const char *s = line_of(l, at + i, at), *found = s ? strstr(s, word) : NULL;

		if (found)
			return found + strlen(word);
	}
	return NULL;
}

/* What mpirun of Open MPI says of the first process that went. */
static const char *openmpi_launcher(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *rank = behind(s, "MPI_ABORT was invoked on rank ");
	const char *how = strstr(s, "exited on signal "), *name;

	if (rank) {
		add_abort(l, at, out, soon(l, at, "errorcode "));
		return rank;
	}
	rank = strstr(s, "noticed that process rank ");
	if (rank && how) {
		name = failure_signal(number_at(how + 17));
		error_add(out, l, at, WEIGHT_LAUNCHER, "%s", name ? name : how);
		return rank + 26;
	}
	/* "  Process name: [[12481,1],1]", and below "  Exit code:    3". */
	rank = behind(s, "  Process name: [[");
	rank = rank ? strstr(rank, "],") : NULL;
	how = rank ? soon(l, at, "Exit code:") : NULL;
	if (!how)
		return NULL;
	error_add(out, l, at, WEIGHT_LAUNCHER, "exit code %d", number_at(how + strspn(how, " ")));
	return rank + 2;
}

/*
 *	[vm:23844] *** An error occurred in MPI_Send
 *	[vm:23844] *** reported by process [836960257,1]
 *	[vm:23844] *** on communicator MPI_COMM_WORLD
 *	[vm:23844] *** MPI_ERR_RANK: invalid rank
 */
static const char *openmpi_error(struct lines *l, size_t at, struct errors *out)
{
	const char *call = strstr(l->all.items[at].text, "*** An error occurred in ");
	const char *rank = call ? soon(l, at, "*** reported by process [") : NULL;
	const char *what = call ? soon(l, at, "*** MPI_ERR_") : NULL;

	rank = rank ? strchr(rank, ',') : NULL;
	if (!what || !rank)
		return NULL;
	error_add(out, l, at, WEIGHT_ERROR, "%.40s: MPI_ERR_%s", call + 25, what);
	return rank + 1;
}

/*
 *	Abort(3) on node 1 (rank 1 in comm 0): application called MPI_Abort(MPI_COMM_WORLD, 3) - process 1
 *	Abort(269109766) on node 1 (rank 1 in comm 0): Fatal error in internal_Send: Invalid rank, error stack:
 */
static const char *mpich_abort(struct lines *l, size_t at, struct errors *out)
{
	const char *code = behind(l->all.items[at].text, "Abort(");
	const char *rank = code ? strstr(code, "(rank ") : NULL;
	const char *what = rank ? strstr(rank, "): ") : NULL, *end;

	if (!what)
		return NULL;
	what += 3;
	end = strstr(what, ", error stack:");
	if (starts(what, "application called MPI_Abort"))
		add_abort(l, at, out, code);
	else
		error_add(out, l, at, WEIGHT_ERROR, "%.*s",
			(int)(end ? end - what : (ptrdiff_t)strlen(what)), what);
	return rank + 6;
}

/* Hydra of MPICH does not say whose signal it was. */
static bool mpich_signal(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *number = strstr(s, "(signal ");
	const char *name = number ? failure_signal(number_at(number + 8)) : NULL;

	if (!name || !starts(s, "YOUR APPLICATION TERMINATED WITH THE EXIT STRING: "))
		return false;
	error_add(out, l, at, WEIGHT_LAUNCHER, "%s", name);
	return true;
}

size_t read_mpi(struct lines *l, size_t at, struct errors *out)
{
	const char *rank = openmpi_launcher(l, at, out);

	rank = rank ? rank : openmpi_error(l, at, out);
	rank = rank ? rank : mpich_abort(l, at, out);
	if (rank)
		of_rank(l, out, rank);
	return rank || mpich_signal(l, at, out);
}

/* ---- NCCL ---- */

size_t read_nccl(struct lines *l, size_t at, struct errors *out)
{
	const char *s = strstr(l->all.items[at].text,
		"Watchdog caught collective operation timeout: ");

	if (!s)
		return 0;
	error_add(out, l, at, WEIGHT_SYMPTOM, "NCCL: %s", s + 16);
	return 1;
}

/* ---- Shells and interpreters ---- */

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n > m && strcmp(s + n - m, with) == 0;
}

/* "sh: 1: train: not found" of dash, whatever the path it was called by. */
static bool is_dash(const char *s)
{
	size_t word = strcspn(s, " ");

	return word >= 3 && strncmp(s + word - 3, "sh:", 3) == 0 &&
		isdigit((unsigned char)s[word + (s[word] == ' ')]) && ends(s, ": not found");
}

size_t read_not_found(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text;
	bool shell = ends(s, ": command not found") || is_dash(s);
	bool python = (starts(s, "python") || strstr(s, "/python")) &&
		(strstr(s, ": can't open file ") || strstr(s, ": No module named "));

	if (!shell && !python)
		return 0;
	error_add(out, l, at, python ? WEIGHT_ERROR : WEIGHT_HINT, "%s", s);
	return 1;
}

/* argparse: "train.py: error: unrecognized arguments: --epoch 3", below its usage. */
size_t read_usage(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *colon = strstr(s, ": error: ");

	if (!colon || strcspn(s, " ") < (size_t)(colon - s))
		return 0;
	for (size_t back = 1; back < 30 && back <= at; back++) {
		if (!starts(l->all.items[at - back].text, "usage: "))
			continue;
		error_add(out, l, at, WEIGHT_ERROR, "%s", s);
		return 1;
	}
	return 0;
}

/* A line that calls itself an error, among the last ones. */
size_t read_hint(struct lines *l, size_t at, struct errors *out)
{
	static const char *const words[] = {"ERROR", "Error:", "error:", "FATAL",
		"fatal:", "Fatal:", "CRITICAL", "Fatal error"};
	const char *s = l->all.items[at].text;

	if (l->all.len - at > 20)
		return 0;
	s += strspn(s, "[ ");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (starts(s, words[i])) {
			error_add(out, l, at, WEIGHT_HINT, "%s", l->all.items[at].text);
			return 1;
		}
	return 0;
}
