/* Trees: removed, given away, counted, whatever stands in them or is put there meanwhile. */
#include "base_fsio_root.h"

#include <sys/syscall.h>

/* 3,000 folders deep: past PATH_MAX, so no path can name the bottom. */
static void make_deep(const char *path)
{
	int fd;

	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 3000; i++) {
		int below;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		below = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		assert_true(below >= 0);
		close(openat(below, "file", O_CREAT | O_WRONLY, 0600));
		close(fd);
		fd = below;
	}
	close(fd);
}

static void trees_of_any_depth_are_removed(void **state)
{
	struct err e = ERR_INIT;
	char *deep = at("deep");

	(void)state;
	make_deep(deep);
	if (!fsio_remove_tree(deep, &e))
		fail_msg("%s", e.text);
	assert_false(exists(deep));
	assert_true(fsio_remove_tree(deep, &e));
	free(deep);
}

static void removal_gives_up(void **state)
{
	struct err e = ERR_INIT;
	atomic_bool stop = true;
	char *tree = at("given-up"), *file = at("given-up/sub/file");

	(void)state;
	char *sub = at("given-up/sub");

	assert_true(fsio_mkdirs(sub, 0700, &e) && fsio_write(file, "x", 1, 0600, &e));
	assert_false(fsio_remove_tree_until(tree, &stop, &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_true(exists(file));
	assert_int_equal(fsio_tree_bytes_until(AT_FDCWD, tree, &stop), 0);
	atomic_store(&stop, false);
	assert_true(fsio_tree_bytes_until(AT_FDCWD, tree, &stop) > 0);
	assert_true(fsio_remove_tree_until(tree, &stop, NULL));
	assert_false(exists(tree));
	free(tree);
	free(sub);
	free(file);
}

static void links_are_not_followed(void **state)
{
	struct err e = ERR_INIT;
	char *kept = at("kept"), *inside = at("kept/file"), *tree = at("tree"),
	     *link1 = at("tree/link");
	char *sub = at("tree/sub"), *link2 = at("tree/sub/link"), *lone = at("lone");

	(void)state;
	assert_true(fsio_mkdirs(kept, 0700, &e) && fsio_mkdirs(sub, 0700, &e));
	assert_true(fsio_write(inside, "x", 1, 0600, &e));
	assert_int_equal(symlink(kept, link1) | symlink(kept, link2) | symlink(kept, lone), 0);
	assert_true(fsio_remove_tree(tree, &e));
	assert_true(fsio_remove_tree(lone, &e));
	assert_false(exists(tree) || exists(lone));
	assert_true(exists(inside));
	free(kept);
	free(inside);
	free(tree);
	free(link1);
	free(sub);
	free(link2);
	free(lone);
}

/* Armed, the next change of a mode finds that a link has just taken the place of its folder. */
static char *swapped_folder, *swapped_link;

static void swap_now(void)
{
	const char *folder = swapped_folder;

	swapped_folder = NULL;
	if (folder)
		assert_int_equal(
			renameat2(AT_FDCWD, folder, AT_FDCWD, swapped_link, RENAME_EXCHANGE), 0);
}

/* In the place of the C library's. */
int chmod(const char *path, mode_t mode)
{
	swap_now();
	return (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

int fchmodat(int parent, const char *path, mode_t mode, int flags)
{
	(void)flags;
	swap_now();
	return (int)syscall(SYS_fchmodat, parent, path, mode);
}

/* A task swaps a folder that is being removed for a link: what the link leads to keeps its mode. */
static void a_swapped_folder_leads_nowhere(void **state)
{
	struct err e = ERR_INIT;
	char *kept = at("kept-mode"), *sub = at("racy/sub"), *deep = at("racy/sub/deep/er");
	char *folder = at("racy/sub/deep"), *link = at("racy-link"), *tree = at("racy");
	struct stat st;

	(void)state;
	assert_true(fsio_mkdirs(kept, 0755, &e) && fsio_mkdirs(deep, 0700, &e));
	assert_int_equal(chmod(kept, 0755) | symlink(kept, link), 0);
	swapped_folder = folder;
	swapped_link = link;
	assert_true(fsio_remove_tree(tree, &e));
	assert_null(swapped_folder); /* it was swapped */
	assert_int_equal(stat(kept, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_false(exists(tree));
	assert_true(fsio_remove_tree(link, &e)); /* the folder, by now */
	free(kept);
	free(sub);
	free(deep);
	free(folder);
	free(link);
	free(tree);
}

/* ---- Giving ---- */

static uid_t owner_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

/* top/a/file and what `more` makes of top/a/odd; given to another user. */
static bool given(const char *name, int (*more)(const char *from, const char *to), struct err *e)
{
	char *top = at(name), *a = fsio_join(top, "a"), *file = fsio_join(a, "file");
	char *odd = fsio_join(a, "odd"), *from = at("of-root");
	bool good;

	assert_true(fsio_mkdirs(a, 0700, NULL) && fsio_write(file, "x", 1, 0600, NULL));
	assert_true(fsio_write(from, "root's", 6, 0600, NULL));
	if (more)
		assert_int_equal(more(from, odd), 0);
	good = fsio_give_tree(AT_FDCWD, top, 65534, 65534, e);
	assert_int_equal(owner_of(from), 0);
	assert_int_equal(owner_of(top), good ? 65534 : 0);
	if (good)
		assert_int_equal(owner_of(a) + owner_of(file), 2 * 65534);
	free(top);
	free(a);
	free(file);
	free(odd);
	free(from);
	return good;
}

static void trees_are_given(void **state)
{
	struct err e = ERR_INIT, links = ERR_INIT, names = ERR_INIT, deep = ERR_INIT;
	char *path = at("deep-gift"), *gift = at("gift");

	(void)state;
	if (geteuid() != 0) {
		print_message("not shown: only root gives files away\n");
		return;
	}
	assert_true(given("gift", NULL, &e));
	/* It is no longer ours: nobody is given what he may be changing. */
	assert_false(fsio_give_tree(AT_FDCWD, gift, 65534, 65534, &e));
	assert_false(given("gift-link", symlink, &links));
	assert_false(given("gift-names", link, &names));
	assert_non_null(strstr(links.text, "cannot give odd"));
	assert_non_null(strstr(names.text, "cannot give odd"));
	make_deep(path);
	assert_false(fsio_give_tree(AT_FDCWD, path, 65534, 65534, &deep));
	assert_non_null(strstr(deep.text, "nested deeper"));
	assert_int_equal(owner_of(path), 0);
	free(path);
	free(gift);
}

static void sizes_are_counted(void **state)
{
	struct err e = ERR_INIT;
	char *top = at("sized"), *below = at("sized/a/b"), *file = at("sized/a/b/file");
	char *other = at("elsewhere"), *link = at("sized/link");

	(void)state;
	assert_true(fsio_mkdirs(below, 0700, &e) && fsio_write(file, "x", 1, 0600, &e));
	assert_true(fsio_write(other, "x", 1, 0600, &e));
	assert_int_equal(symlink(root, link), 0);
	assert_int_equal(fsio_tree_bytes(AT_FDCWD, other), 4096);
	assert_int_equal(fsio_tree_bytes(AT_FDCWD, top), 4096);
	assert_int_equal(fsio_tree_bytes(AT_FDCWD, link), 0);
	free(link);
	link = at("sized/none");
	assert_int_equal(fsio_tree_bytes(AT_FDCWD, link), 0);
	free(top);
	free(below);
	free(file);
	free(other);
	free(link);
}

/* As another user, when we are root: root needs no permission, so nothing would be shown. */
static void closed_folders_are_removed(void **state)
{
	/* The two below the first are deep enough to be moved, which takes a permission of its own. */
	static const char *const folders[] = {"closed/sub/a/b", "closed/sub/a", "closed/sub",
		"closed"};
	static const mode_t modes[] = {0500, 0, 0500, 0};
	char *tree = at("closed"), *deep = at(folders[0]), *file = at("closed/sub/a/b/file");
	struct err e = ERR_INIT;
	int status;
	pid_t child;

	(void)state;
	assert_true(fsio_mkdirs(deep, 0700, &e) && fsio_write(file, "x", 1, 0600, &e));
	if (geteuid() == 0)
		assert_int_equal(chmod(root, 0777), 0);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char *folder = at(folders[i]);

		if (geteuid() == 0)
			assert_int_equal(chown(folder, 65534, 65534), 0);
		assert_int_equal(chmod(folder, modes[i]), 0);
		free(folder);
	}
	child = fork();
	if (child == 0) {
		if (chdir(root) < 0)
			_exit(2);
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(3);
		_exit(!fsio_remove_tree("closed", NULL));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_false(exists(tree));
	free(tree);
	free(deep);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_of_any_depth_are_removed),
		cmocka_unit_test(removal_gives_up),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(a_swapped_folder_leads_nowhere),
		cmocka_unit_test(trees_are_given),
		cmocka_unit_test(sizes_are_counted),
		cmocka_unit_test(closed_folders_are_removed),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
