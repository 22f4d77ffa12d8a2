#!/usr/bin/env python3
"""Kinds of cells of a blind round, and its design since round 5: what calibrates, and what is judged at the splits that a round's cells.py
names."""
import json

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


def judged(splits, preloads, lates, hybrid, aot, jit, few, middle, many, grids, small, medium, large):
    """`splits`, `preloads`: workers of Llama-3.2-1B. `lates`: workers and us. `hybrid`, `aot`, `jit`: workers and schedulers. Workers of the
    other cells: `few`, `middle` and `many`; of the published grids, and of Qwen3-0.6B, 1.7B and 4B beside all."""
    return [
        static(132, "seen", name="seen"),
        *(static(w) for w in splits),
        *(on(w) for w in preloads),
        static(132, "preload", name="seen-preload", preload="on", base="seen"),
        *(late(w, us) for w, us in lates),
        *(dynamic(policy, w, s) for policy, places in (("hybrid", hybrid), ("aot", aot), ("jit", jit)) for w, s in places),
        static(many, "granularity", name=f"gcd-{many}", shape="--partition balanced --fuse norm-linear --events gcd"),
        static(middle, "granularity", name=f"unfused-{middle}", shape="--partition balanced --fuse none --events operator"),
        static(grids, "partition", name=f"mpk-{grids}", shape="--partition mpk --fuse norm-linear --events operator"),
        *(batch(t, w) for t, w in ((2, 132), (4, 132), (8, many), (8, few), (3, middle))),
        *(static(w, "model and split", SMALL) for w in (many, small)),
        on(many, SMALL),
        batch(8, many, SMALL), batch(4, 132, SMALL),
        *(static(w, "model and split", MIDDLE) for w in (132, middle, medium)),
        on(132, MIDDLE),
        batch(8, 132, MIDDLE), batch(4, many, MIDDLE),
        *(static(w, "model and split", LARGE) for w in (132, large)),
        *(static(w, "model and split", LARGEST) for w in (132, few)),
        on(132, LARGEST), batch(8, 132, LARGEST),
    ]


def write(here, cells):
    """calibration.json and cells.json: what is measured to fit the machines, and what is judged. No judged cell is in the calibration, but
    `seen`, which says whether the same configuration comes out again."""
    configurations = [_configuration(c) for c in cells if c["name"] != "seen"]
    assert len({c["name"] for c in cells}) == len(cells) and len(set(configurations)) == len(configurations)
    assert not {_configuration(c) for c in CALIBRATION} & set(configurations)
    for name, rows in (("calibration", CALIBRATION), ("cells", cells)):
        with open(f"{here}/{name}.json", "w") as file:
            file.write("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n")
        print(name, len(rows))


def _configuration(c):
    return c["flags"] + c.get("preload", "") + c["model"]
