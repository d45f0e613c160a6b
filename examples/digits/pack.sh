#!/bin/sh
# Packs the trainer as a source distribution: pack.sh [FOLDER] (default: the present one).
exec python3 "$(dirname "$0")/pack.py" "$@"
