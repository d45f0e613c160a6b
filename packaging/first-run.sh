#!/bin/sh
# make run: the dashboard with a real training job on it, or, without a terminal, that job's log
# to its end and its result as exit code.
build=$1
# numpy is Debian's, and so must be the python3 that finds it.
package=$build/mltop-digits-0.1.tar.gz
/usr/bin/python3 examples/digits/pack.py "$build" >/dev/null || exit 1
if [ -t 0 ] && [ -t 1 ]; then
	# Once is enough: the next `make run` finds the job on the list.
	"$build/mltop" jobs describe digits >/dev/null 2>&1 ||
		"$build/mltop" jobs submit --job-name digits --module-name digits.train \
			--trainer-uri "file://$(realpath "$package")" --env "PATH=/usr/bin:/bin:$PATH" >/dev/null || exit 1
	exec "$build/mltop"
fi
name=digits-$(date +%Y%m%d-%H%M%S)-$$
"$build/mltop" jobs submit --job-name "$name" --module-name digits.train \
	--trainer-uri "file://$(realpath "$package")" --env "PATH=/usr/bin:/bin:$PATH" >/dev/null || exit 1
exec "$build/mltop" jobs logs "$name" -f --exit-code
