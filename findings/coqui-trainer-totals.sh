#!/bin/sh
# The trainer of Coqui TTS names the last epoch and the last step, not how many there are: 2 epochs of 20 steps are
# "EPOCH: 0/1", "EPOCH: 1/1" and "STEP: 15/19". Read as "of", the first epoch would be the whole job, and in the second
# one more than all of it would be done. The steps of the evaluation stand in the same words ("--> STEP: 3").
# Installs torch (some 5 GB unpacked).
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q --no-compile --only-binary :all: torch==2.15.0 numpy==2.4.6 coqui-tts-trainer==0.4.0
cp "$(dirname "$0")/../tests/corpus/make/scripts/coqui-trainer.py" "$place/train.py"
"$place/env/bin/python" -c 'import importlib.metadata as m; print("coqui-tts-trainer", m.version("coqui-tts-trainer"))'
grep -n 'epochs: int\|batch_size: int\|torch.randn' "$place/train.py"
(cd "$place" && env/bin/python train.py) > "$place/out" 2>&1
sed 's/\x1b\[[0-9;]*m//g' "$place/out" | grep 'EPOCH: \| STEP: ' | tee "$place/heads"
if grep -q 'EPOCH: 0/1$' "$place/heads" && grep -q 'EPOCH: 1/1$' "$place/heads" && grep -q ' STEP: 15/19 ' "$place/heads"; then
	echo "as found: what stands after the stroke is the last one's number, not how many there are"
else
	echo "changed: epochs or steps are counted otherwise"
	exit 1
fi
