#include "core/progress/clean.h"
#include "core/progress/line.h"

void ranks_init(struct rank_table *r)
{
	memset(r, 0, sizeof *r);
	r->lowest = -1;
}

/* A number of at most four digits, as ranks have it. */
static const char *take_rank(const char *s, int *rank)
{
	int n = 0, digits = 0;

	for (; is_digit(*s) && digits < 5; s++, digits++)
		n = n * 10 + (*s - '0');
	if (digits == 0 || digits > 4)
		return NULL;
	*rank = n;
	return s;
}

/* "rank 1", "RANK 0", "rank=2", "[rank3]:"; not "local_rank". */
static bool rank_in_text(const char *s, int *rank)
{
	for (const char *at = strpbrk(s, "rR"); at; at = strpbrk(at + 1, "rR")) {
		const char *n = at + 4;

		if (!starts_with(at, "rank") || (at > s && (is_letter(at[-1]) || at[-1] == '_')))
			continue;
		if (*n == ' ' || *n == '_' || *n == '=' || *n == ':')
			n++;
		if (*n == ' ')
			n++;
		n = take_rank(n, rank);
		if (n && !is_letter(*n) && *n != '_' && !(*n == '.' && is_digit(n[1])))
			return true;
	}
	return false;
}

/* "[default1]:", "[trainer0]:" */
static const char *take_torchrun(const char *s, int *rank)
{
	const char *at = s + 1;

	if (*s != '[' || !is_letter(*at))
		return NULL;
	while (is_letter(*at) || *at == '_' || *at == '-')
		at++;
	at = take_rank(at, rank);
	return at && at[0] == ']' && at[1] == ':' ? at + 2 : NULL;
}

/* "[1,0]<stdout>:" of Open MPI 4, and with a blank of 5. */
static const char *take_openmpi(const char *s, int *rank)
{
	int job;
	const char *at;

	if (*s != '[' || (at = take_rank(s + 1, &job)) == NULL || *at != ',' ||
		(at = take_rank(at + 1, rank)) == NULL || *at != ']')
		return NULL;
	at++;
	if (starts_with(at, "<stdout>:") || starts_with(at, "<stderr>:"))
		return at + 9 + (at[9] == ' ');
	return starts_with(at, "<stddiag>:") ? at + 10 : NULL;
}

/* "[1] " of MPICH. */
static const char *take_mpich(const char *s, int *rank)
{
	const char *at = *s == '[' ? take_rank(s + 1, rank) : NULL;

	return at && at[0] == ']' && at[1] == ' ' ? at + 2 : NULL;
}

/* "0: ", " 12: " of srun --label. */
static const char *take_srun(const char *s, int *rank)
{
	const char *at = take_rank(skip_blanks(s), rank);

	return at && at[0] == ':' && at[1] == ' ' ? at + 2 : NULL;
}

/* Does the line itself tell where it is? A number in front of it is a rank then, and no step. */
static bool tells(const char *s)
{
	return find_word(s, "step") || find_word(s, "iter") || find_word(s, "iteration") ||
		find_word(s, "epoch") || find_word(s, "batch") || strstr(s, "%|") ||
		strstr(s, "it/s") || strstr(s, "s/it");
}

static int tag_number(struct rank_table *r, const char *tag, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)tag[i]) * 16777619u;
	for (int i = 0; i < r->tag_count; i++)
		if (r->tags[i] == hash)
			return i;
	if (r->tag_count == TAGS_MAX)
		return TAGS_MAX;
	r->tags[r->tag_count] = hash;
	return r->tag_count++;
}

/* The number that a name ends with; else its place among the names. */
static int number_of_tag(struct rank_table *r, const char *tag, size_t len)
{
	size_t at = len;
	int rank;

	while (at > 0 && is_digit(tag[at - 1]))
		at--;
	return at < len && len - at < 4 && take_rank(tag + at, &rank) ? rank
								      : tag_number(r, tag, len);
}

/* "18:00:10 worker.1 | " of honcho, which numbers a name's copies, and "name | ". */
static const char *take_honcho(struct rank_table *r, const char *s, int *rank)
{
	const char *name, *at, *dot;

	for (int i = 0; i < 8; i++)
		if (i % 3 == 2 ? s[i] != ':' : !is_digit(s[i]))
			return NULL;
	name = skip_blanks(s + 8);
	for (at = name; is_letter(*at) || is_digit(*at) || *at == '_' || *at == '-' || *at == '.';)
		at++;
	if (at == name || skip_blanks(at)[0] != '|' || skip_blanks(at)[1] != ' ')
		return NULL;
	dot = at;
	while (dot > name && is_digit(dot[-1]))
		dot--;
	if (dot == at || dot == name || dot[-1] != '.')
		return NULL;
	/* "rank0.1": the number of the name; "worker.2": of the copy. */
	if (dot - 1 > name && is_digit(dot[-2]))
		*rank = number_of_tag(r, name, (size_t)(dot - 1 - name));
	else if (take_rank(dot, rank) == NULL)
		return NULL;
	return skip_blanks(at) + 2;
}

/* A word and a tab, before a line that tells where it is: GNU parallel --tag. */
static const char *take_parallel(struct rank_table *r, const char *s, int *rank)
{
	const char *at = s;

	while (is_letter(*at) || is_digit(*at) || *at == '_' || *at == '-' || *at == '.')
		at++;
	if (at == s || *at != '\t' || !tells(at + 1))
		return NULL;
	*rank = number_of_tag(r, s, (size_t)(at - s));
	return at + 1;
}

/* "(RayTrainWorker pid=123, ip=10.0.0.1) ". */
static const char *take_ray(struct rank_table *r, const char *s, int *rank)
{
	const char *pid, *end;

	if (*s != '(' || (pid = strstr(s, "pid=")) == NULL || (end = strchr(s, ')')) == NULL ||
		pid > end || end[1] != ' ')
		return NULL;
	*rank = tag_number(r, s, (size_t)(end - s));
	return end + 2;
}

static const char *take_label(struct rank_table *r, const char *s, enum label *label, int *rank)
{
	const char *at;

	if ((at = take_torchrun(s, rank)) != NULL)
		*label = LABEL_TORCHRUN;
	else if ((at = take_openmpi(s, rank)) != NULL)
		*label = LABEL_OPENMPI;
	else if ((at = take_mpich(s, rank)) != NULL && (tells(at) || *skip_blanks(at) == '\0'))
		*label = LABEL_MPICH;
	else if ((at = take_srun(s, rank)) != NULL && tells(at))
		*label = LABEL_SRUN;
	else if ((at = take_honcho(r, s, rank)) != NULL)
		*label = LABEL_HONCHO;
	else if ((at = take_ray(r, s, rank)) != NULL || (at = take_parallel(r, s, rank)) != NULL)
		*label = LABEL_TAG;
	else
		at = NULL;
	return at;
}

const char *label_take(struct rank_table *r, const char *text, enum label *label, int *rank)
{
	const char *at;
	int inner;

	*label = LABEL_NONE;
	at = take_label(r, text, label, rank);
	if (at == NULL)
		at = text;
	if (rank_in_text(at, &inner)) {
		*rank = inner;
		if (*label == LABEL_NONE)
			*label = LABEL_TEXT;
	}
	return at;
}

const char *label_within(const char *text, enum label label)
{
	for (const char *at = strchr(text, '['); at; at = strchr(at + 1, '[')) {
		int rank;

		if (at == text)
			continue;
		switch (label) {
		case LABEL_TEXT:
			if (starts_with(at, "[rank") && rank_in_text(at + 1, &rank))
				return at;
			break;
		case LABEL_TORCHRUN:
			if (take_torchrun(at, &rank))
				return at;
			break;
		case LABEL_OPENMPI:
			if (take_openmpi(at, &rank))
				return at;
			break;
		case LABEL_MPICH:
			if (take_mpich(at, &rank) && !is_blank(at[-1]))
				return at;
			break;
		default: return NULL;
		}
	}
	return NULL;
}

void ranks_step(struct rank_table *r, int rank, int64_t epoch, int64_t step)
{
	if (rank < 0 || rank >= RANK_BITS)
		return;
	r->seen[rank / 64] |= (uint64_t)1 << (rank % 64);
	for (int i = 0; i < r->count; i++)
		if (r->rows[i].rank == rank) {
			r->rows[i].step = step;
			r->rows[i].epoch = (int32_t)epoch;
			return;
		}
	if (r->count == RANKS_MAX)
		return;
	r->rows[r->count].step = step;
	r->rows[r->count].epoch = (int32_t)epoch;
	r->rows[r->count++].rank = rank;
}
