#!/bin/sh
# `podman run --env NAME` takes the value from podman's own environment, which keeps it out of arguments, but podman
# then writes it in the clear into its database, where it stays as long as the container does (and often longer: pages
# of a database are not wiped). Whoever gives a container a secret so has it on the disk. A file that is bind-mounted is
# not written anywhere. With `--rm`, too, while the container is there. Debian's podman 4.3.1.
set -eu
place=$(mktemp -d)
p="podman --storage-driver vfs --root $place/root --runroot $place/run"
trap '$p rm -f -a >/dev/null 2>&1 || true; rm -rf "$place"' EXIT
podman --version
mkdir "$place/image" && touch "$place/image/file"
tar -C "$place/image" -c . | $p import - localhost/empty:1 >/dev/null 2>&1
value=of-the-environment-$$
VALUE=$value $p create --env VALUE localhost/empty:1 /file >/dev/null
found=$(grep -rlF "$value" "$place/root" "$place/run" | sed "s|$place|PLACE|; s|[0-9a-f]\{64\}|ID|" | sort)
echo "the value is in: ${found:-nothing}"
case $found in
*PLACE*) echo "as found: the environment of a container is written down in the clear" ;;
*) echo "changed: the environment of a container is no longer found below podman's folders" && exit 1 ;;
esac
