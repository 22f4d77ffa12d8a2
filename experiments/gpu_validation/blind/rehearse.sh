#!/usr/bin/env bash
# The whole of on_device.sh against a simulated GPU: a machine of known numbers, other than those that the fit begins with, stands in for
# the device, and each measurement is up to 0.2 % off.
#
# usage: rehearse.sh MEGASCOPE TRUTH.json ROUND OUT SECONDS
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
megascope=$(realpath "$1") truth=$(realpath "$2") round=$3 out=$4 seconds=$5
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT
cat >"$packed/megascope" <<PROGRAM
#!/usr/bin/env python3
import os, sys
words = sys.argv[1:]
if words[0] != "run":
    os.execv("$megascope", ["$megascope", *words])
kept, skip = ["simulate", words[1], "--machine", "$truth", "--prompt-tokens", "4", "--mechanism", "preload=off"], 0
for flag, value in zip(words[2::2], words[3::2]):
    if flag not in ("--backend", "--preload", "--prompt", "--capture"):
        kept += [flag, value]
os.execv("$megascope", ["$megascope", *kept])
PROGRAM
cat >"$packed/megascope_gpu_check" <<PROGRAM
#!/usr/bin/env python3
import concurrent.futures, json, os, random, subprocess, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
with open(given["--cells"]) as file:
    cells = json.load(file)
def time(cell):
    words = ["$megascope", "simulate", cell["model"], "--machine", "$truth", *cell["flags"].split(), "--mechanism",
             "preload=" + cell.get("preload", "off"), "--context", "16", "--iterations", "2", "--format", "json", "--seed", "5"]
    done = subprocess.run(words, capture_output=True, text=True)
    return json.loads(done.stdout)["iteration_us"] if done.returncode == 0 else [done.stderr.strip()]
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    us = dict(zip((c["name"] for c in cells), pool.map(time, cells)))
draw = random.Random(1)
rounds = [{n: u * draw.uniform(0.998, 1.002) if isinstance(u, float) else u for n, u in us.items()} for _ in range(2)]
with open(given["--out"] + "/measured.json", "w") as file:
    json.dump(rounds, file, indent=1)
PROGRAM
chmod +x "$packed"/*
PACKED=$packed "$here/on_device.sh" "$round" "$out" "$seconds"
