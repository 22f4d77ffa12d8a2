#!/usr/bin/env python3
"""Kinds of cells of a blind round, and what a round's cells.py calls: write()."""
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



def write(here, calibration, cells):
    """calibration.json and cells.json: what is measured to fit the machines, and what is judged. No judged cell is in the calibration, but
    `seen`, which says whether the same configuration comes out again."""
    judged = [_configuration(c) for c in cells if c["name"] != "seen"]
    assert len({c["name"] for c in cells}) == len(cells) and len(set(judged)) == len(judged)
    assert not {_configuration(c) for c in calibration} & set(judged)
    for name, rows in (("calibration", calibration), ("cells", cells)):
        with open(f"{here}/{name}.json", "w") as file:
            file.write("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n")
        print(name, len(rows))


def _configuration(c):
    return c["flags"] + c.get("preload", "") + c["model"]
