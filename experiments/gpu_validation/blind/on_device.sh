#!/usr/bin/env bash
# A round in one go, on a machine with an H100: measures the calibration cells, fits the machines, predicts every judged cell, prints
# the hash of the predictions, and only then measures the judged cells, each twice, the second time backwards. Nobody chooses anything
# in between. BASE (environment): the machine of this kernel's primitives; without it `microbench` measures one first, OUT/machine-measured.json.
# From that machine alone, nothing fitted, all judged cells are predicted, too. Needs build/gpu_check (../run --pack). A step that fails is said
# and passed over; all ends before SECONDS are up.
#
# usage: on_device.sh ROUND OUT SECONDS       (from the repository's root; back home: score.sh MEGASCOPE OUT)
set -uo pipefail
out=$2 until=$((SECONDS + $3))
blind=$(cd "$(dirname "$0")" && pwd)
here=$blind/$1
packed=${PACKED:-build/gpu_check}
export LD_LIBRARY_PATH=$packed${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
mkdir -p "$out/calibration"
exec > >(tee -a "$out/log") 2>&1
say() { echo "$(date -u +%H:%M:%S) $*"; }
# step NAME LIMIT COMMAND ...: its output is in OUT/NAME.txt
step() {
  local name=$1 limit=$2 left=$((until - SECONDS)) begin=$SECONDS status=0
  shift 2
  [ "$left" -gt 3 ] || { say "$name: skipped, the time is up"; return 1; }
  [ "$limit" -lt "$left" ] || limit=$left
  timeout -k 3 "$limit" "$@" >"$out/$name.txt" 2>&1 || status=$?
  say "$name: exit $status after $((SECONDS - begin)) s"
  [ "$status" -eq 0 ] || tail -n 3 "$out/$name.txt"
  return "$status"
}
# One steady iteration of `seen`, the twelfth, for the tables of tasks.
record() {
  step "$1" 25 "$packed/megascope" run llama-3.2-1b --backend cuda --policy static --workers 132 --preload off --partition balanced \
    --fuse norm-linear --events operator --prompt 11,48,85,122 --generate 24 --capture 12:13 -o "$out/$1.db"
}
nvidia-smi >"$out/nvidia-smi.txt" 2>&1 || true
cp "$here/cells.json" "$here/calibration.json" "$out/"
base=${BASE:-$out/machine-measured.json}
[ -e "$base" ] || step microbench 110 "$packed/megascope" microbench --backend cuda -o "$base"
[ -e "$base" ] || { base=$blind/../h100-2026-11-27/machine-again.json && say "nothing measured: primitives of $base"; }
step calibration 90 "$packed/megascope_gpu_check" --cells "$here/calibration.json" --out "$out/calibration" --limit 85
step fit "${FIT_LIMIT:-150}" python3 "$blind/fit_calibration.py" "$packed/megascope" "$base" "$here/calibration.json" \
  "$out/calibration/measured.json" "$out" || [ -e "$out/machine-static.json" ] || { say "no machine, so nothing to judge"; exit 1; }
step predict "${PREDICT_LIMIT:-90}" env BLIND_ITERATIONS=4 python3 "$blind/blind.py" predict "$here/cells.json" "$packed/megascope" "$out/machine-POLICY.json" "$out/predictions.json" ||
  { say "no predictions, so nothing to judge"; exit 1; }
step primitives "${PREDICT_LIMIT:-90}" env BLIND_ITERATIONS=4 python3 "$blind/blind.py" predict "$here/cells.json" "$packed/megascope" "$base" "$out/predictions-primitives.json" &&
  say "from primitives alone, before the first judged cell: $(sha256sum "$out/predictions-primitives.json" | cut -d' ' -f1)"
say "predictions, before the first judged cell: $(sha256sum "$out/predictions.json" | cut -d' ' -f1)"
sha256sum "$out"/machine-*.json
step cells 230 "$packed/megascope_gpu_check" --cells "$here/cells.json" --out "$out" --limit 225
record seen-a
record seen-b
nvidia-smi >>"$out/nvidia-smi.txt" 2>&1 || true
step score 30 bash "$blind/score.sh" "$packed/megascope" "$out" "$out/predictions-primitives.json"
say "done"
