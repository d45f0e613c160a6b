#!/bin/sh
# Who may include whom, as docs/STYLE.md and docs/ARCHITECTURE.md have it. Prints each breach as
# file: header and fails. Usage: tests/layers.sh [FOLDER OF THE LAYERS]
src=${1:-$(dirname "$0")/../src}
cd "$src" || exit 2

find . -name '*.[ch]' | sed 's|^\./||' | LC_ALL=C sort | xargs grep -HE '^[[:space:]]*#[[:space:]]*include' |
awk -F: '
BEGIN {
	# Each folder and the folders of ours that it may include; itself always. A later line may name
	# an earlier one: what that one may is not inherited, so that each line is the whole truth.
	core = "core/wire core/plan core/kinds core/usage core/service core/schema core/failure core/progress core/events core/text"
	may["base"] = ""; may["io"] = core " base"
	may["core/text"] = "base"; may["core/progress"] = "core/text base"; may["core/failure"] = "base"
	may["core/events"] = "base"; may["core/usage"] = "base"; may["core/service"] = "base"
	may["core/schema"] = "core/text base"
	may["core/kinds"] = "core/usage core/schema core/progress core/text base"
	may["core/plan"] = "core/kinds core/schema base"; may["core/wire"] = "base"
	may["client"] = "io " core " base"; may["store"] = core " base"
	may["engine"] = core " base"
	# It knows how the engine goes on with what it makes up.
	may["demo"] = "store engine/fake " core " base"
	may["ui/kit"] = core " base"; may["ui/app"] = "ui/kit " core " base"
	may["ui/screens"] = "ui/app ui/kit " core " base"
	may["engine/gpu"] = "base"
	may["engine/fake"] = "engine io " core " base"
	may["engine/local"] = "engine engine/gpu io " core " base"
	may["shim"] = "base"
	may["mltop"] = "ui/screens ui/app ui/kit client io " core " base"
	may["http"] = "base"
	may["balance"] = "http base"
	may["serve"] = "http io " core " base"
	may["model"] = "store " core " base"
	may["work"] = "model engine io " core " base"
	may["kinds"] = "work balance http serve model store engine io " core " base"
	may["mltopd"] = "demo kinds work balance serve model store engine engine/local engine/fake engine/gpu io " core " base"
	# Headers of others, by what their names begin with, and the files that may have them.
	only["curses.h"] = only["ncurses"] = only["<term.h"] = "^mltop/term[a-z_]*[.]c$"
	only["sqlite3"] = "^store/"
	only["curl/"] = only["wslay/"] = "^io/"
	only["uv.h"] = "^(io|serve|balance|work|kinds|mltopd|engine|client|mltop)/"
	only["jansson"] = "^(core|io|client|store|engine|ui|mltop|serve|model|work|kinds|mltopd)/"
	only["openssl/"] = "^(core|io|client|store|engine|mltop|serve|kinds|mltopd)/"
	only["yaml.h"] = only["archive.h"] = only["zlib.h"] = only["bzlib.h"] = "^io/"
	only["protobuf-c/"] = "^core/events/"
	only["lzma.h"] = only["zstd"] = "^io/"
}
function breach() { print $1 ": may not include " header; bad++ }
{
	files[$1] = 1
	header = $0
	ours = header !~ /include[ \t]*</
	sub(/^[^"<]*["<]/, "", header); sub(/[">].*/, "", header)
	for (name in only)
		if (index((ours ? "" : "<") header, name) == 1 || index(header, name) == 1)
			if ($1 !~ only[name]) breach()
	from = $1; sub(/\/[^\/]*$/, "", from)
	to = header; sub(/\/?[^\/]*$/, "", to)
	if (!(from in may)) { print $1 ": no folder of that name"; bad++ }
	else if (ours && to != "" && to != from && !index(" " may[from] " ", " " to " "))
		breach()
}
END {
	for (f in files) count++
	if (!count) { print "no files were found"; exit 2 }
	if (bad) exit 1
	print "layers: " count " files keep to them"
}'
