#!/usr/bin/env bash
# Makes calibrated.json: the H100's measured primitives, its bodies fitted to recorded runs of two models (static, 132 workers, no
# preloads), and the hand-off taken from the recorder's median, since `calibrate` cannot tell it apart under static.
#
# usage: machine.sh MEGASCOPE LLAMA.db QWEN.db
set -euo pipefail
cd "$(dirname "$0")"
"$1" calibrate "$2" "$3" --machine ../h100-2026-11-25/machine.json -o calibrated.json
python3 - <<'PY'
import json
with open("calibrated.json") as file:
    machine = json.load(file)
for name, us in (("observe", 0.1536), ("dispatch", 0.48 - 0.1536)):
    number = machine["protocol"][name]["typical"]
    number.update(value=us, source="recorder's median of start after ready on 2026-11-26, 0.48 us, observe as measured alone")
    number.pop("low", None), number.pop("high", None)
with open("calibrated.json", "w") as file:
    json.dump(machine, file, indent=2)
    file.write("\n")
PY
