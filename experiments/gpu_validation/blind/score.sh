#!/usr/bin/env bash
# What a round's folder says: the table of cells, and errors of tasks beside the A/A floor (issue 8, point 4). The predicted trace is
# simulated again from the machine that was fitted before the measurement: same inputs, same bytes.
#
# usage: score.sh MEGASCOPE ROUND_FOLDER [PREDICTIONS.json ...]   further predictions of the same cells, made elsewhere
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
megascope=$1 out=$2
shift 2
for predictions in "$out/predictions.json" "$@"; do
  [[ -e $predictions ]] || continue
  printf '\n%s (SHA-256 %s)\n\n' "$predictions" "$(sha256sum "$predictions" | cut -d' ' -f1)"
  python3 "$here/blind.py" judge "$predictions" "$out/measured.json"
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$megascope" simulate llama-3.2-1b --machine "$out/machine-static.json" --policy static --workers 132 --partition balanced --fuse norm-linear \
  --events operator --mechanism preload=off --prompt-tokens 4 --generate 24 -o "$scratch/predicted.db" >/dev/null
printf '\ntasks of seen: '
sha256sum "$scratch/predicted.db" | cut -d' ' -f1
"$megascope" compare "$scratch/predicted.db" "$out/seen-a.db" --tasks 0 --parts --floor "$out/seen-b.db"
"$megascope" analyze "$out/seen-a.db" --replay --machine "$out/machine-static.json" | sed -n '/all iterations again/,$p'
