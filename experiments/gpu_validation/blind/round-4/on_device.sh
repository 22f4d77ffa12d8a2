#!/usr/bin/env bash
# All of the run of 2026-11-26 afternoon on one H100, most wanted first, fuzzers on the idle processors beside it. Needs build/gpu_check
# (../../run --pack) and build/gpu_fuzz; results in OUT/results.tgz and OUT/log.
#
# usage: on_device.sh OUT SECONDS
set -uo pipefail
out=$1 until=$((SECONDS + $2))
here=$(cd "$(dirname "$0")" && pwd)
root=$(pwd)
packed=$root/build/gpu_check
export LD_LIBRARY_PATH=$packed
mkdir -p /tmp/r "$out"
exec > >(tee -a "$out/log") 2>&1
step() {
  local name=$1 limit=$2 left=$((until - SECONDS)) begin=$SECONDS status=0
  shift 2
  [ "$left" -gt 5 ] || { echo "$name: skipped, the time is up"; return; }
  [ "$limit" -lt "$left" ] || limit=$left
  timeout -k 3 "$limit" "$@" >"/tmp/r/$name.log" 2>&1 || status=$?
  echo "$(date -u +%H:%M:%S) $name: exit $status after $((SECONDS - begin)) s"
  tail -n 3 "/tmp/r/$name.log" | cut -c1-300
}
nvidia-smi >/tmp/r/nvidia-smi.txt 2>&1
python3 build/gpu_fuzz/fuzz.py 13 $(($2 - 75)) /tmp/r/fuzz >/tmp/r/fuzz.log 2>&1 &
fuzz=$!
sha256sum "$here/predictions.json"
step cells 260 python3 "$here/../blind.py" measure "$here/cells.json" "$packed/megascope" /tmp/r/measured.json
step correctness 100 "$packed/megascope_gpu_check" --only correctness --out /tmp/r --limit 95
mkdir -p /tmp/r/capture
step capture 75 bash experiments/gpu_validation/run_capture /tmp/r/capture
for tool in memcheck synccheck racecheck; do
  step "sanitizer-$tool" 40 compute-sanitizer --tool "$tool" "$packed/megascope_gpu_check" --only correctness --case "llama, fused" --limit 38 --out /tmp/r
done
step speed-batch-8 60 "$packed/megascope_gpu_check" --only speed --models llama-3.2-1b --batches 8 --out /tmp/r --limit 58
nvidia-smi >>/tmp/r/nvidia-smi.txt 2>&1
wait $fuzz
cat /tmp/r/fuzz.log | tail -n 2
rm -f /tmp/r/fuzz/merge-*.log
find /tmp/r -name '*.db' -size +6M -delete
tar czf "$out/results.tgz" -C /tmp r
ls -la "$out"
