#include "engine/local/loopback.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define REFUSED "0x4dffffff"

/* Names are of letters, digits and underscores there. */
static void table_name(const char *id, struct buf *out)
{
	size_t from = out->len;

	buf_addf(out, "inet %s", id);
	for (char *at = out->data + from; *at; at++)
		if (*at == '-')
			*at = '_';
}

static const char *nft_path(void)
{
	static const char *const places[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", NULL};

	for (size_t i = 0; places[i]; i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* A file without a name for what nft reads or says. */
static int scratch(const struct buf *bytes)
{
	int fd = memfd_create("nft", MFD_CLOEXEC);

	if (fd >= 0 &&
		(!fsio_write_all(fd, bytes->data, bytes->len) || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool nft_spawn(const char *path, int in, int said, int *status)
{
	char *const argv[] = {(char[]){"nft"}, (char[]){"-f"}, (char[]){"-"}, NULL};
	char *const env[] = {(char[]){"LC_ALL=C"}, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid;
	int failed;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_adddup2(&files, said, 1);
	posix_spawn_file_actions_adddup2(&files, said, 2);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	failed = posix_spawn(&pid, path, &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	while (failed == 0 && waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return failed == 0;
}

static bool nft_run(const struct buf *rules, struct err *e)
{
	const char *path = nft_path();
	struct buf none = BUF_INIT;
	char text[200] = "";
	int in, said, status = 0;
	bool good;

	if (path == NULL)
		return err_set(e, ERR_UNAVAILABLE, "there is no nft: install the package nftables");
	in = scratch(rules);
	said = scratch(&none);
	good = in >= 0 && said >= 0 && nft_spawn(path, in, said, &status) && WIFEXITED(status) &&
		WEXITSTATUS(status) == 0;
	if (!good && said >= 0 && pread(said, text, sizeof text - 1, 0) < 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!good)
		err_set(e, ERR_UNAVAILABLE, "nft does not take our rules: %s",
			text[0] ? text : "it said nothing");
	if (in >= 0)
		close(in);
	if (said >= 0)
		close(said);
	return good;
}

/*
 * The sets stay as they are: tasks of an earlier daemon may run. The order of the rules: what was
 * refused is told to who sends again; then datagrams; then who opens; then who answers.
 */
bool local_loopback_close(const char *id, struct err *e)
{
	static const char *const lines[] = {
		"oifname != \"lo\" accept",
		"ct direction original ct mark " REFUSED " meta l4proto tcp reject with tcp reset",
		"meta skuid @orgs udp dport 53 accept",
		"meta skuid @orgs meta l4proto != { tcp, icmp, ipv6-icmp } reject",
		"ct direction original ct state new ct mark set meta skuid map @opens",
		"ct direction original ct state new meta skuid 0 meta mark @marks "
		"ct mark set meta mark",
		"ct direction reply meta skuid @orgs ct mark @marks "
		"meta skuid . ct mark != @own ct mark set " REFUSED " drop",
	};
	struct buf rules = BUF_INIT, table = BUF_INIT;
	bool good;

	table_name(id, &table);
	buf_addf(&rules,
		"table %s {\n"
		"set orgs { type uid; }\n"
		"set marks { type mark; }\n"
		"set own { type uid . mark; }\n"
		"map opens { type uid : mark; }\n"
		"chain output { type filter hook output priority 0; policy accept; }\n"
		"}\n"
		"flush chain %s output\n",
		table.data, table.data);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		buf_addf(&rules, "add rule %s output %s\n", table.data, lines[i]);
	good = nft_run(&rules, e);
	buf_release(&rules);
	buf_release(&table);
	return good;
}

bool local_loopback_add(const char *id, unsigned uid, struct err *e)
{
	struct buf rules = BUF_INIT, table = BUF_INIT;
	unsigned mark = engine_mark(uid);
	bool good;

	table_name(id, &table);
	buf_addf(&rules,
		"add element %s marks { %u }\nadd element %s own { %u . %u }\n"
		"add element %s opens { %u : %u }\nadd element %s orgs { %u }\n",
		table.data, mark, table.data, uid, mark, table.data, uid, mark, table.data, uid);
	good = nft_run(&rules, e);
	buf_release(&rules);
	buf_release(&table);
	return good;
}

void local_loopback_open(const char *id)
{
	struct buf rules = BUF_INIT;

	buf_adds(&rules, "delete table ");
	table_name(id, &rules);
	buf_addc(&rules, '\n');
	nft_run(&rules, NULL);
	buf_release(&rules);
}
