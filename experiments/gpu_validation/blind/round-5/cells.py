#!/usr/bin/env python3
"""Writes calibration.json and cells.json of this round beside itself: what is measured to fit the machines, and what is judged. No judged
cell is in the calibration, but `seen`, which says whether the same configuration comes out again."""
import json
import os

FUSED = "--partition balanced --fuse norm-linear --events operator"
BATCH = "--partition balanced --fuse norm --events operator"
LLAMA, SMALL, MIDDLE, LARGE, LARGEST = "llama-3.2-1b", "qwen3-0.6b", "qwen3-1.7b", "qwen3-4b", "qwen3-8b"


def cell(name, varies, model, policy, workers, schedulers=0, shape=FUSED, **more):
    split = f"--workers {workers}" + (f" --schedulers {schedulers}" if policy != "static" else "")
    extra = "".join(f" {flag}" for flag in more.pop("flags", []))
    return {"name": name, "varies": varies, "model": model, "flags": f"--policy {policy} {split} {shape}{extra}", **more}


def static(workers, varies="split", model=LLAMA, name=None, **more):
    return cell(name or f"{model}-{workers}", varies, model, "static", workers, **more)


def on(workers, model=LLAMA):
    return static(workers, "preload", model, f"{model}-{workers}-preload", preload="on", base=f"{model}-{workers}")


def dynamic(policy, workers, schedulers):
    return cell(f"{policy}-{workers}+{schedulers}", f"{policy} split", LLAMA, policy, workers, schedulers)


def batch(tokens, workers, model=LLAMA, policy="static", schedulers=0):
    return cell(f"{model}-batch-{tokens}-{policy}-{workers}", "batch", model, policy, workers, schedulers, BATCH,
                flags=[f"--batch-tokens {tokens} --requests {tokens}"])


def late(workers, us):
    return static(workers, "intervention", name=f"notify+{us}us-{workers}", flags=[f"--inject notify_delay_us={us}"],
                  base="seen" if workers == 132 else f"{LLAMA}-{workers}")


CALIBRATION = [
    *(static(w, "calibration") for w in (132, 121, 110, 90, 75, 66, 54, 42, 34)),
    *(static(w, "calibration", name=f"{LLAMA}-{w}-preload", preload="on") for w in (121, 75, 54)),
    *(dynamic("aot", w, s) for w, s in ((131, 2), (128, 15), (123, 33), (126, 0))),
    *(dynamic("hybrid", w, s) for w, s in ((131, 2), (129, 11), (127, 17), (125, 25), (123, 33), (126, 0))),
    *(dynamic("jit", w, s) for w, s in ((131, 2), (129, 11), (127, 17), (125, 25), (123, 33), (126, 0))),
    *(batch(t, w) for t, w in ((8, 128), (8, 90), (8, 54), (5, 128))),
    *(static(w, "calibration", SMALL) for w in (132, 75)),
    static(132, "calibration", SMALL, f"{SMALL}-132-preload", preload="on"),
    batch(8, 128, SMALL),
]
CELLS = [
    static(132, "seen", name="seen"),
    *(static(w) for w in (33, 36, 39, 45, 51, 57, 61, 65, 67, 71, 74, 78, 82, 86, 91, 95, 99, 103, 107, 114, 119, 123, 127, 130)),
    *(on(w) for w in (33, 65, 78, 95, 114)),
    static(132, "preload", name="seen-preload", preload="on", base="seen"),
    late(132, 3), late(65, 1), late(65, 4), late(95, 2),
    *(dynamic("hybrid", w, s) for w, s in ((132, 0), (131, 1), (131, 3), (130, 7), (129, 10), (128, 14), (127, 18), (125, 26), (124, 30), (123, 36))),
    *(dynamic("aot", w, s) for w, s in ((132, 0), (131, 1), (130, 6), (128, 14), (126, 22), (124, 30), (123, 35))),
    *(dynamic("jit", w, s) for w, s in ((132, 0), (131, 3), (130, 7), (128, 14), (126, 21), (124, 30), (123, 36))),
    static(114, "granularity", name="gcd-114", shape="--partition balanced --fuse norm-linear --events gcd"),
    static(95, "granularity", name="unfused-95", shape="--partition balanced --fuse none --events operator"),
    static(120, "partition", name="mpk-120", shape="--partition mpk --fuse norm-linear --events operator"),
    *(batch(t, w) for t, w in ((2, 132), (4, 132), (8, 114), (8, 65), (3, 95))),
    *(static(w, "model and split", SMALL) for w in (114, 57)),
    on(114, SMALL),
    batch(8, 114, SMALL), batch(4, 132, SMALL),
    *(static(w, "model and split", MIDDLE) for w in (132, 95, 61)),
    on(132, MIDDLE),
    batch(8, 132, MIDDLE), batch(4, 114, MIDDLE),
    *(static(w, "model and split", LARGE) for w in (132, 86)),
    *(static(w, "model and split", LARGEST) for w in (132, 65)),
    on(132, LARGEST), batch(8, 132, LARGEST),
]

here = os.path.dirname(os.path.abspath(__file__))
judged = [c["flags"] + c.get("preload", "") + c["model"] for c in CELLS if c["name"] != "seen"]
assert len({c["name"] for c in CELLS}) == len(CELLS) and len(set(judged)) == len(judged)
assert not {c["flags"] + c.get("preload", "") + c["model"] for c in CALIBRATION} & set(judged)
for name, cells in (("calibration", CALIBRATION), ("cells", CELLS)):
    with open(f"{here}/{name}.json", "w") as file:
        file.write("[\n" + ",\n".join(" " + json.dumps(c) for c in cells) + "\n]\n")
    print(name, len(cells))
