#!/bin/sh
# Who may include whom, as docs/STYLE.md and docs/ARCHITECTURE.md have it. Prints each breach as
# file: header and fails. Usage: tests/layers.sh [FOLDER OF THE LAYERS]
src=${1:-$(dirname "$0")/../src}
cd "$src" || exit 2

find . -name '*.[ch]' | sed 's|^\./||' | LC_ALL=C sort | xargs grep -HE '^[[:space:]]*#[[:space:]]*include' |
awk -F: '
BEGIN {
	# Each layer and what it may include of ours; itself always.
	may["base"] = ""; may["core"] = "base"; may["io"] = "base"
	may["client"] = "core io base"; may["store"] = "core base"
	may["engine"] = "core io base"; may["ui"] = "core base"; may["shim"] = "base"
	may["mltop"] = "ui client core io base"; may["mltopd"] = "store engine io core base"
	# Headers of others, by what their names begin with, and the files that may have them.
	only["curses.h"] = only["ncurses"] = only["<term.h"] = "^mltop/term[a-z_]*[.]c$"
	only["sqlite3"] = "^store/"
	only["curl/"] = only["wslay/"] = "^io/"
	only["libwebsockets"] = "^mltopd/"
	only["uv.h"] = "^(io|mltopd|engine|client|mltop)/"
	only["jansson"] = "^(core|io|client|store|engine|ui|mltop|mltopd)/"
	only["openssl/"] = "^(core|io|client|store|engine|mltop|mltopd)/"
	only["yaml.h"] = "^io/"
}
function breach() { print $1 ": may not include " header; bad++ }
{
	files[$1] = 1
	split($1, path, "/")
	header = $0
	ours = header !~ /include[ \t]*</
	sub(/^[^"<]*["<]/, "", header); sub(/[">].*/, "", header)
	for (name in only)
		if (index((ours ? "" : "<") header, name) == 1 || index(header, name) == 1)
			if ($1 !~ only[name]) breach()
	split(header, part, "/")
	if (!(path[1] in may)) { print $1 ": no layer of that name"; bad++ }
	else if (part[1] in may && part[1] != path[1] && !index(" " may[path[1]] " ", " " part[1] " "))
		breach()
}
END {
	for (f in files) count++
	if (!count) { print "no files were found"; exit 2 }
	if (bad) exit 1
	print "layers: " count " files keep to them"
}'
