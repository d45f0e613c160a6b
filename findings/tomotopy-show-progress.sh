#!/bin/sh
# tomotopy's train(show_progress=True) does not train: its list of callbacks calls itself until Python gives up, so the
# program ends with RecursionError before the first redraw. Without show_progress the same call is fine. Whoever turns
# progress on to see something gets a failed job instead.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q --only-binary :all: tomotopy==0.14.0
cat > "$place/train.py" <<'P'
import sys

import tomotopy

print("tomotopy", tomotopy.__version__)
model = tomotopy.LDAModel(k=2, seed=1)
for i in range(20):
    model.add_doc(["a", "b", "c"] if i % 2 else ["d", "e", "f"])
model.train(10, workers=1, show_progress=sys.argv[1] == "yes")
print("trained, log likelihood a word:", round(model.ll_per_word, 3))
P
echo "== show_progress=False"
"$place/env/bin/python" "$place/train.py" no
echo "== show_progress=True"
status=0
"$place/env/bin/python" "$place/train.py" yes > "$place/out" 2>&1 || status=$?
sed "s|$place|PLACE|g" "$place/out" | tail -n 6
echo "exit status $status"
if [ "$status" = 1 ] && grep -q '^RecursionError' "$place/out"; then
	echo "as found: show_progress=True ends the training"
else
	echo "changed: show_progress=True no longer ends with RecursionError"
	exit 1
fi
