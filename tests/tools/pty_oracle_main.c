/*
 * The oracle and the corpus for scripts.
 *   pty_oracle plain|text|live|screen < BYTES   exit 1 and the first fault when something is not allowed
 *   pty_oracle --list                      names of the attacks, one a line
 *   pty_oracle --case NAME                 the bytes of one
 * Build: cc -D_GNU_SOURCE -Itests -o pty_oracle tests/tools/pty_oracle_main.c tests/pty_oracle.c
 */
#include "attack_corpus.h"
#include "pty_oracle.h"

#include <stdio.h>
#include <string.h>

static int list(void)
{
	for (size_t i = 0; i < ATTACK_COUNT; i++)
		puts(attacks[i].name);
	for (size_t i = 0; i < ATTACK_LONG_COUNT; i++)
		puts(attacks_long[i].name);
	return 0;
}

static int write_case(const char *name)
{
	for (size_t i = 0; i < ATTACK_COUNT; i++)
		if (strcmp(attacks[i].name, name) == 0)
			return fwrite(attacks[i].bytes, 1, attacks[i].len, stdout) !=
				attacks[i].len;
	for (size_t i = 0; i < ATTACK_LONG_COUNT; i++) {
		const struct attack_long *a = &attacks_long[i];

		if (strcmp(a->name, name) != 0)
			continue;
		fputs(a->head, stdout);
		for (size_t n = 0; n < a->times; n++)
			fputs(a->unit, stdout);
		fputs(a->tail, stdout);
		return 0;
	}
	fprintf(stderr, "pty_oracle: no attack is named %s; --list names them\n", name);
	return 2;
}

static int judge(const char *const *allowed)
{
	struct pty_oracle o;
	char bytes[65536];
	size_t n;

	pty_oracle_init(&o, allowed);
	while ((n = fread(bytes, 1, sizeof bytes, stdin)) > 0)
		pty_oracle_feed(&o, bytes, n);
	if (pty_oracle_end(&o))
		return 0;
	fprintf(stderr, "pty_oracle: %s (%zu in all)\n", o.first, o.faults);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list();
	if (argc == 3 && strcmp(argv[1], "--case") == 0)
		return write_case(argv[2]);
	if (argc == 2 && strcmp(argv[1], "plain") == 0)
		return judge(pty_allow_plain);
	if (argc == 2 && strcmp(argv[1], "text") == 0)
		return judge(pty_allow_text);
	if (argc == 2 && strcmp(argv[1], "live") == 0)
		return judge(pty_allow_live);
	if (argc == 2 && strcmp(argv[1], "screen") == 0)
		return judge(pty_allow_screen);
	fputs("usage: pty_oracle plain|text|live|screen < BYTES | --list | --case NAME\n", stderr);
	return 2;
}
