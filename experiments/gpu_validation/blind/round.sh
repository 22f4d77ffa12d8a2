#!/usr/bin/env bash
# One blind round on a machine with a GPU, in one go: records the calibration runs, fits a machine a policy, predicts every cell and
# hashes the predictions, and only then measures the cells; then records `seen` twice for the tables of tasks. The script is
# committed before the run, so nobody sees a cell before its prediction is fixed. A step that fails is said and passed over.
#
# usage: round.sh MEGASCOPE CELLS.json BASE_MACHINE.json OUT      (OUT/log says when what was done; back home: score.sh OUT)
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
megascope=$1 cells=$2 base=$3 out=$4
mkdir -p "$out"
exec > >(tee -a "$out/log") 2>&1
shape="--partition balanced --fuse norm-linear --events operator"
say() { echo "$(date -u +%H:%M:%S) $*"; }

# record NAME FLAGS ...: one steady iteration of Llama-3.2-1B, the twelfth.
record() {
  local name=$1
  shift
  timeout 60 "$megascope" run llama-3.2-1b --backend cuda --preload off $shape "$@" --prompt 11,48,85,122 --generate 24 \
    --capture 12:13 -o "$out/$name.db" >/dev/null || say "failed: $name"
}

say "calibration runs"
record cal-static-132 --policy static --workers 132
record cal-static-64 --policy static --workers 64
record cal-static-32 --policy static --workers 32
record cal-aot --policy aot --workers 128 --schedulers 16
record cal-hybrid --policy hybrid --workers 128 --schedulers 16
record cal-jit --policy jit --workers 128 --schedulers 16

say "machines"
for policy in static aot hybrid jit; do
  traces=("$out"/cal-static-*.db)
  [[ $policy == static ]] || traces+=("$out/cal-$policy.db")
  timeout 60 "$megascope" calibrate "${traces[@]}" --machine "$base" -o "$out/machine-$policy.json" >"$out/calibrate-$policy.txt" ||
    say "failed: machine-$policy"
done

say "predictions"
timeout 120 python3 "$here/blind.py" predict "$cells" "$megascope" "$out/machine-POLICY.json" "$out/predictions.json"
# The traces for the tables of tasks: the same run, whole; `compare` takes the iteration that the recorder had.
timeout 60 "$megascope" simulate llama-3.2-1b --machine "$out/machine-static.json" --policy static --workers 132 $shape \
  --mechanism preload=off --prompt-tokens 4 --generate 24 -o /tmp/predicted-seen.db >/dev/null && sha256sum /tmp/predicted-seen.db

say "measurements"
timeout 300 python3 "$here/blind.py" measure "$cells" "$megascope" "$out/measured.json"
record seen-a --policy static --workers 132
record seen-b --policy static --workers 132
say "done"
