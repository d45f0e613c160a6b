#!/bin/sh
# Installs the Debian packages named, which `make deps` found missing. Says the one line to run
# where it may not.
[ $# -eq 0 ] && exit 0
command -v apt-get >/dev/null || {
	echo "make deps: this is no Debian system; install what these packages are called here: $*" >&2
	exit 1
}
if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
	as_root=sudo
else
	echo "make deps: packages are missing; run this as root:  apt-get install -y $*" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && exit 0
$as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null && exit 0
echo "make deps: apt-get could not install: $*" >&2
exit 1
