#!/bin/sh
# Finds calls that docs/STYLE.md bans in the objects themselves, so that no macro hides one, and
# curses outside src/mltop/term*.c; then in the sources, because glibc's headers turn atoi into
# strtol, and alloca never is a symbol. Usage: tests/banned.sh [BUILD FOLDER [SOURCE FOLDER]]
src=${2:-$(dirname "$0")/../src}
build=${1:-${MLTOP_BUILD:-$(dirname "$0")/../build}}
[ -d "$build" ] || build=$MLTOP_ROOT/$build
banned='strcpy strcat sprintf vsprintf strtok atoi atol atof gets system popen mktemp tmpnam alloca'
drawing='initscr newterm endwin refresh wrefresh doupdate wnoutrefresh waddch waddstr waddnstr wadd_wch
waddnwstr wadd_wchnstr waddwstr mvwadd_wch wprintw printw addstr addch tputs putp'

objects=$(find "$build/o" -name '*.o' ! -path "$build/o/tests/*" 2>/dev/null)
[ -n "$objects" ] || { echo "banned: no objects under $build/o; run make first" >&2; exit 2; }

# _FORTIFY_SOURCE turns f into __f_chk, glibc's C99 modes turn some into __isoc99_f.
# shellcheck disable=SC2086
nm -A -u $objects | awk -v banned="$banned" -v drawing="$drawing" '
BEGIN {
	split(banned, b); for (i in b) bad[b[i]] = 1
	split(drawing, d); for (i in d) curses[d[i]] = 1
}
{
	name = $NF
	sub(/@.*/, "", name); sub(/^__isoc99_/, "", name)
	if (name ~ /^__.*_chk$/) { sub(/^__/, "", name); sub(/_chk$/, "", name) }
	file = $1; sub(/:.*/, "", file)
	if (name in bad) { print file ": calls " name; found++ }
	if (name in curses && file !~ /\/mltop\/term[a-z_]*\.o$/) { print file ": draws with " name; found++ }
}
END { if (found) exit 1 }' || exit 1
# Lines that begin with a star are comments.
calls=$(echo "$banned" | tr ' ' '|')
if grep -rnE --include='*.[ch]' "(^|[^A-Za-z0-9_])($calls)[[:space:]]*\\(" "$src" |
	grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)'; then
	echo "banned: these lines call what docs/STYLE.md bans"
	exit 1
fi
echo "banned: $(echo "$objects" | wc -l) objects are clean"
