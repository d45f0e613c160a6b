/* links: core base */
/*
 * Any text as a filter and as the beginning of one to complete. It parses or says where it does
 * not; a filter that parses can be asked; every completion is a term that begins like what was
 * typed.
 */
#include "core/kinds/job.h"
#include "core/schema/schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct job sample(void)
{
	static const struct label labels[] = {{"team", "vision"}};
	static const char *const command[] = {"python3", "train.py"};
	struct job j = {0};

	job_set(&j, job_name, "resnet50-a");
	job_set(&j, owner, "lin");
	job_set(&j, state, WORK_RUNNING);
	job_set(&j, gpu_limit, 8);
	job_set(&j, create_time, (struct when){1767236400000});
	job_set(&j, labels, ((struct labels){labels, 1}));
	job_set(&j, command, ((struct strings){command, 2}));
	return j;
}

static void check_completions(const char *text, size_t cursor)
{
	struct buf out = BUF_INIT;

	filter_complete(&job_kind, text, cursor, &out);
	must(out.len == 0 || out.data[out.len - 1] == '\0');
	for (size_t at = 0; at < out.len; at += strlen(out.data + at) + 1)
		must(out.data[at] != '\0');
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct job j = sample(), empty = {0};
	struct err e = ERR_INIT;
	char *text = malloc(size + 1);
	struct filter *f;

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	f = filter_parse(&job_kind, text, &e);
	must((f == NULL) == (e.text[0] != '\0'));
	must(f != NULL || strlen(e.text) > strlen("column 4096: "));
	if (f) {
		filter_match(f, &j, 1767236400000);
		filter_match(f, &empty, 0);
		filter_uses_time(f);
	}
	filter_free(f);
	check_completions(text, size);
	check_completions(text, size / 2);
	free(text);
	return 0;
}
