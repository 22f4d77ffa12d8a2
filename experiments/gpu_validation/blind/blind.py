#!/usr/bin/env python3
"""Blind test of the simulator on a GPU: predictions are written and hashed before the runs are made.

usage: blind.py predict CELLS.json MEGASCOPE MACHINE.json OUT.json   where the simulator is; prints the file's SHA-256
       blind.py measure CELLS.json MEGASCOPE OUT.json                where the GPU is; each cell twice, in two rounds
       blind.py judge PREDICTIONS.json MEASURED.json                 a Markdown table, and the summary under it

A cell is a model and the flags that `megascope simulate` and `megascope run --backend cuda` share. Measured: the median
iteration of a run with the recorder off, of the steady iterations that `run` reports. The second round goes backwards, so that
a drift of the machine does not look like a difference between cells; the two rounds of a cell are its A/A pair.
"""
import hashlib
import json
import statistics
import subprocess
import sys

PROMPT = "11,48,85,122"
GENERATE = "24"


def iteration_us(words):
    run = subprocess.run(words, capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        return None, run.stderr.strip().splitlines()[-1:]
    result = json.loads(run.stdout)
    return result["iteration_us"], result


def cells_of(path):
    with open(path) as file:
        return [(c["name"], c["varies"], c["model"], c["flags"]) for c in json.load(file)]


def predict(cells_file, megascope, machine, out):
    with open(machine, "rb") as file:
        machine_hash = hashlib.sha256(file.read()).hexdigest()
    cells = {}
    for name, what, model, flags in cells_of(cells_file):
        words = [megascope, "simulate", model, "--machine", machine, *flags.split(), "--mechanism", "preload=off",
                 "--prompt-tokens", str(PROMPT.count(",") + 1), "--generate", GENERATE, "--format", "json"]
        us, result = iteration_us(words)
        # The naive rivals: bytes over the bandwidth of a plain read, and the longest of the simulator's lower bounds.
        bound = result["lower_bound_us"] if us else None
        cells[name] = {"varies": what, "model": model, "flags": flags, "us": us, "whole_run_lower_bound_us": bound}
        if us is None:
            cells[name]["why"] = result
    text = json.dumps({"machine_sha256": machine_hash, "cells": cells}, indent=1) + "\n"
    with open(out, "w") as file:
        file.write(text)
    print(hashlib.sha256(text.encode()).hexdigest())


def measure(cells_file, megascope, out):
    rounds = []
    cells = cells_of(cells_file)
    for order in (cells, cells[::-1]):
        one = {}
        for name, _, model, flags in order:
            words = [megascope, "run", model, "--backend", "cuda", "--preload", "off", *flags.split(), "--prompt", PROMPT,
                     "--generate", GENERATE, "--format", "json"]
            us, result = iteration_us(words)
            one[name] = us if us is not None else result
            print(name, one[name], file=sys.stderr, flush=True)
        rounds.append(one)
        with open(out, "w") as file:
            json.dump(rounds, file, indent=1)


def judge(predictions, measured):
    with open(predictions) as file:
        cells = json.load(file)["cells"]
    with open(measured) as file:
        rounds = json.load(file)
    print("| cell | varies | predicted us | measured us (A, A') | error | A/A |")
    print("|---|---|--:|--:|--:|--:|")
    errors = {}
    for name, cell in cells.items():
        a, b = rounds[0][name], rounds[1][name]
        if cell["us"] is None or not isinstance(a, float) or not isinstance(b, float):
            print(f"| {name} | {cell['varies']} | {cell['us']} | {a}, {b} | not comparable | |")
            continue
        mean = (a + b) / 2
        error = cell["us"] / mean - 1
        errors.setdefault(cell["varies"], []).append(abs(error))
        print(f"| {name} | {cell['varies']} | {cell['us']:.1f} | {a:.1f}, {b:.1f} | {error:+.1%} | {abs(a - b) / mean:.1%} |")
    print()
    for what, values in errors.items():
        print(f"- {what}: median {statistics.median(values):.1%}, worst {max(values):.1%} of {len(values)}")
    splits = [n for n in cells if cells[n]["varies"] in ("split", "seen")]
    print(f"- Kendall's tau of the splits: {kendall([cells[n]['us'] for n in splits], [rounds[0][n] + rounds[1][n] for n in splits]):.2f}")
    base = "seen"
    pairs = []
    for name in cells:
        if cells[name]["varies"] == "intervention":
            change = (rounds[0][name] + rounds[1][name] - rounds[0][base] - rounds[1][base]) / 2
            pairs.append((change, cells[name]["us"] - cells[base]["us"]))
    if pairs:
        slope = sum(m * p for m, p in pairs) / sum(m * m for m, _ in pairs)
        print("- interventions, (measured, predicted) change in us: " + ", ".join(f"({m:.0f}, {p:.0f})" for m, p in pairs)
              + f"; slope of predicted on measured {slope:.2f}")


def kendall(a, b):
    agree = [(x - y) * (u - v) > 0 for i, (x, u) in enumerate(zip(a, b)) for y, v in list(zip(a, b))[:i]]
    return 2 * sum(agree) / len(agree) - 1


if __name__ == "__main__":
    verbs = {"predict": (predict, 4), "measure": (measure, 3), "judge": (judge, 2)}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs or len(sys.argv) - 2 != verbs[sys.argv[1]][1]:
        sys.exit(__doc__)
    verbs[sys.argv[1]][0](*sys.argv[2:])
