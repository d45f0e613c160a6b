/*
 * Giving the terminal back. A writer blocked by a terminal that takes nothing holds the kernel's
 * lock on writes to it, so the words that leave the screen go through an open file of their own
 * that never blocks: leaving late is worse than leaving without them.
 */
#include "mltop/term.h"
#include "mltop/term_inside.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct {
	volatile sig_atomic_t armed;
	int fd;
	bool known; /* modes hold */
	struct termios modes;
	char text[256];
	size_t len;
} saved = {.fd = -1};

const char restore_modes_off[] = "\033[?1006l\033[?1000l\033[?2004l\033[0m";

void restore_take(void)
{
	saved.known = tcgetattr(STDIN_FILENO, &saved.modes) == 0;
	if (saved.fd < 0)
		saved.fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* Somebody else's terminal (su) cannot be opened again: then it may block. */
	if (saved.fd < 0)
		saved.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

void restore_arm(const char *text, size_t len)
{
	saved.len = len < sizeof saved.text ? len : 0;
	memcpy(saved.text, text, saved.len);
	saved.armed = 1;
}

void restore_disarm(void)
{
	saved.armed = 0;
}

void restore_flush(void)
{
	tcflush(saved.fd, TCOFLUSH);
}

void restore_modes(void)
{
	if (saved.known)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved.modes);
}

void restore_release(void)
{
	if (saved.fd >= 0)
		close(saved.fd);
	saved.fd = -1;
}

void term_restore(void)
{
	if (!saved.armed)
		return;
	saved.armed = 0;
	/* What the terminal has not taken yet would come after our words: drop it. */
	restore_flush();
	ssize_t n = write(saved.fd, saved.text, saved.len);
	(void)n;
	restore_modes();
}
