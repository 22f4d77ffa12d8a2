#!/usr/bin/env bash
# Makes OUT.json: the H100's measured primitives, its bodies fitted to recorded runs (static, no preloads), and the hand-off
# taken from the recorder's median, since `calibrate` cannot tell it apart under static.
#
# usage: machine.sh MEGASCOPE OUT.json TRACE.db ...
set -euo pipefail
megascope=$1 out=$2
shift 2
"$megascope" calibrate "$@" --machine "$(dirname "$0")/../h100-2026-11-25/machine.json" -o "$out"
python3 - "$out" <<'PY'
import json
import sys
with open(sys.argv[1]) as file:
    machine = json.load(file)
for name, us in (("observe", 0.1536), ("dispatch", 0.48 - 0.1536)):
    number = machine["protocol"][name]["typical"]
    number.update(value=us, source="recorder's median of start after ready on 2026-11-26, 0.48 us, observe as measured alone")
    number.pop("low", None), number.pop("high", None)
with open(sys.argv[1], "w") as file:
    json.dump(machine, file, indent=2)
    file.write("\n")
PY
