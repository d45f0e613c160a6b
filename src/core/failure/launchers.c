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

size_t read_mpi(struct lines *l, size_t at, struct errors *out)
{
	const char *s = l->all.items[at].text, *rank, *how;

	rank = behind(s, "MPI_ABORT was invoked on rank ");
	if (rank) {
		const char *next = line_of(l, at + 1, at);

		how = next ? strstr(next, "errorcode ") : NULL;
		error_add(out, l, at, WEIGHT_LAUNCHER, "MPI_Abort%s%.*s",
			how ? ", error code " : "", how ? (int)strspn(how + 10, "-0123456789") : 0,
			how ? how + 10 : "");
	} else if ((rank = strstr(s, "noticed that process rank ")) != NULL) {
		rank += 26;
		how = strstr(s, "exited on signal ");
		if (!how)
			return 0;
		const char *name = failure_signal(number_at(how + 17));

		error_add(out, l, at, WEIGHT_LAUNCHER, "%s", name ? name : how);
	} else {
		return 0;
	}
	l->cause_rank = l->cause_rank >= 0 ? l->cause_rank : number_at(rank);
	l->ranks = true;
	out->all.items[out->all.len - 1].rank = number_at(rank);
	return 1;
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
