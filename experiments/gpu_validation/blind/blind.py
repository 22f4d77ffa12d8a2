#!/usr/bin/env python3
"""Blind test of the simulator on a GPU: predictions are written and hashed before the runs are made.

usage: blind.py predict CELLS.json MEGASCOPE MACHINE.json OUT.json   where the simulator is; prints the file's SHA-256
       blind.py measure CELLS.json MEGASCOPE OUT.json                where the GPU is; each cell twice, in two rounds
       blind.py judge PREDICTIONS.json MEASURED.json                 a Markdown table, and the summary under it
       blind.py draw PREDICTIONS.json MEASURED.json OUT.png          splits, predicted and measured, in one picture (matplotlib)

MACHINE.json may hold "POLICY": then each cell is predicted with the machine of its policy ("-0" behind it: without
schedulers), of "batch" where it has several tokens, or with static's where there is none.
A cell's "base" names the cell from which it differs in one thing: changes are predicted and measured against that one, else against `seen`.
A cell that is marked "once" is measured in the first round only; "preload": "on" lets it ask for weights ahead. The naive rivals, each fitted to `seen` where it has a constant:
bytes over the bandwidth of a plain read; that and a constant an operator; the sum of bodies over the workers.

A cell is a model and the flags that `megascope simulate` and `megascope run --backend cuda` share. Measured: the median
iteration of a run with the recorder off, of the steady iterations that `run` reports. The second round goes backwards, so that
a drift of the machine does not look like a difference between cells; the two rounds of a cell are its A/A pair.
"""
import concurrent.futures
import hashlib
import json
import os
import statistics
import subprocess
import sys

PROMPT = "11,48,85,122"
GENERATE = "24"
# How long a predicted run is: as the measured one, or so many iterations at its middle context, a seventh of the time for the same to 0.3 %.
STEADY = os.environ.get("BLIND_ITERATIONS")
LENGTH = ["--context", "16", "--iterations", STEADY] if STEADY else ["--prompt-tokens", "4", "--generate", GENERATE]
RUN_ONLY = ("--policy", "--schedulers", "--inject")  # flags that `compile` does not take


def iteration_us(words):
    run = subprocess.run(words, capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        return None, run.stderr.strip().splitlines()[-1:]
    result = json.loads(run.stdout)
    return result["iteration_us"], result


def cells_of(path):
    with open(path) as file:
        return [(c["name"], c["varies"], c["model"], c["flags"], c.get("preload", "off"), c.get("base", "seen")) for c in json.load(file)]


def machine_name(flags):
    """What stands for POLICY where the cell has a machine of its own."""
    policy = flags.split("--policy ")[1].split()[0] + ("-0" if "--schedulers 0 " in flags else "")
    return "batch" if "--batch-tokens" in flags else policy


def machine_of(pattern, flags):
    """The cell's machine, static's where it has none."""
    own = pattern.replace("POLICY", machine_name(flags))
    return own if os.path.exists(own) else pattern.replace("POLICY", "static")


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def predict(cells_file, megascope, pattern, out):
    chosen = cells_of(cells_file)
    machines = {name: machine_of(pattern, flags) for name, _, _, flags, *_ in chosen}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        cells = dict(zip(machines, pool.map(lambda cell: predict_cell(megascope, machines[cell[0]], *cell[1:]), chosen)))
    hashes = {os.path.basename(m): sha256_of(m) for m in machines.values()}
    text = json.dumps({"machine_sha256": hashes, "cells": cells}, indent=1) + "\n"
    with open(out, "w") as file:
        file.write(text)
    print(hashlib.sha256(text.encode()).hexdigest())


def predict_cell(megascope, machine, what, model, flags, preload, base):
    words = [megascope, "simulate", model, "--machine", machine, *flags.split(), "--mechanism", f"preload={preload}",
             *LENGTH, "--format", "json"]
    us, result = iteration_us(words)
    cell = {"varies": what, "model": model, "flags": flags, "us": us, "base": base}
    if us is None:
        return dict(cell, why=result)
    # What the naive rivals know, of one iteration.
    bounds = {k: v / result["iterations"] for k, v in result["lower_bounds_us"].items()}
    return dict(cell, bytes_us=bounds["bytes"], work_us=bounds["work"], operators=operators_of(megascope, model, flags))


def operators_of(megascope, model, flags):
    """How many operators the cell's graph has."""
    shape = [w for pair in zip(flags.split()[::2], flags.split()[1::2]) if pair[0] not in RUN_ONLY for w in pair]
    done = subprocess.run([megascope, "compile", model, *shape, "--format", "json"], capture_output=True, text=True)
    return json.loads(done.stdout)["operators"] if done.returncode == 0 else None


def measure(cells_file, megascope, out):
    rounds = []
    cells = cells_of(cells_file)
    with open(cells_file) as file:
        once = {c["name"] for c in json.load(file) if c.get("once")}
    for order in (cells, [c for c in cells[::-1] if c[0] not in once]):
        one = {}
        for name, _, model, flags, preload, _ in order:
            words = [megascope, "run", model, "--backend", "cuda", "--preload", preload, *flags.split(), "--prompt", PROMPT,
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
    times = {n: [r[n] for r in rounds if n in r] for n in cells if any(n in r for r in rounds)}
    good = {n: ms for n, ms in times.items() if cells[n]["us"] is not None and all(isinstance(m, float) for m in ms)}
    means = {n: statistics.mean(ms) for n, ms in good.items()}
    rival_errors = rivals_of(cells, means)
    print("| cell | varies | predicted us | measured us (A, A') | error | A/A | best rival |")
    print("|---|---|--:|--:|--:|--:|--:|")
    errors = {}
    for name, cell in cells.items():
        if name not in good:
            print(f"| {name} | {cell['varies']} | {cell['us'] or 'refused'} | {times.get(name, 'not run')} | not comparable | | |")
            continue
        error = cell["us"] / means[name] - 1
        errors.setdefault(cell["varies"], []).append((abs(error), rival_errors.get(name, (None, ""))))
        floor = f"{abs(good[name][0] - good[name][1]) / means[name]:.1%}" if len(good[name]) == 2 else ""
        rival = "{1} {0:.1%}".format(*rival_errors[name]) if name in rival_errors else ""
        print(f"| {name} | {cell['varies']} | {cell['us']:.1f} | {', '.join(f'{m:.1f}' for m in good[name])} | {error:+.1%} | {floor} | {rival} |")
    print()
    for what, rows in errors.items():
        values = [error for error, _ in rows]
        skill = [error <= 0.5 * rival for error, (rival, _) in rows if rival is not None]
        beats = f"; at most half of the best rival's error in {sum(skill)} of {len(skill)}" if skill else ""
        print(f"- {what}: median {statistics.median(values):.1%}, worst {max(values):.1%} of {len(values)}{beats}")
    for what in ("split", "hybrid split", "aot split", "jit split"):
        judge_splits(cells, means, what)
    for what in ("intervention", "preload"):
        judge_changes(cells, means, what)


def draw(predictions, measured, out):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    with open(predictions) as file:
        cells = json.load(file)["cells"]
    with open(measured) as file:
        rounds = json.load(file)
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    panels = ((axes[0], "workers", "--workers ", (("split", "static"),)),
              (axes[1], "scheduler warps", "--schedulers ", (("hybrid split", "hybrid"), ("aot split", "aot"), ("jit split", "jit"))))
    for panel, label, flag, series in panels:
        for color, (varies, title) in enumerate(series):
            names = [n for n, c in cells.items() if c["varies"] in (varies, "seen" if varies == "split" else varies)]
            points = sorted((int(cells[n]["flags"].split(flag)[1].split()[0]), cells[n]["us"], rounds[0][n]) for n in names
                            if cells[n]["us"] and isinstance(rounds[0].get(n), float))
            where = [p[0] for p in points]
            panel.plot(where, [p[2] for p in points], "o-", color=f"C{color}", markersize=4, label=f"{title}, measured")
            panel.plot(where, [p[1] for p in points], "--", color=f"C{color}", label=f"{title}, predicted before")
        panel.set(xlabel=label, ylabel="us an iteration", ylim=(0, None))
        panel.legend(fontsize=6.5, loc="lower center", ncols=len(series), columnspacing=1, handlelength=1.5)
    figure.savefig(out, dpi=90)


def rivals_of(cells, means):
    """Of each cell but `seen`, which one of them knows: (error, name) of the rival that comes nearest."""
    if "seen" not in means or "bytes_us" not in cells["seen"]:
        return {}
    each = (means["seen"] - cells["seen"]["bytes_us"]) / cells["seen"]["operators"]
    found = {}
    for name in means:
        c = cells[name]
        if name == "seen" or not c.get("operators"):
            continue
        said = {"bytes": c["bytes_us"], "bytes+operators": c["bytes_us"] + each * c["operators"], "work": c["work_us"]}
        found[name] = min((abs(us / means[name] - 1), rival) for rival, us in said.items())
    return found


def judge_splits(cells, means, what):
    splits = [n for n in means if cells[n]["varies"] in (what, "seen" if what == "split" else what)]
    if len(splits) < 2:
        return
    tau = kendall([cells[n]["us"] for n in splits], [means[n] for n in splits])
    chosen, best = min(splits, key=lambda n: cells[n]["us"]), min(splits, key=lambda n: means[n])
    print(f"- {what}: Kendall's tau {tau:.2f}; predicted best {chosen}, measured best {best}, regret {means[chosen] / means[best] - 1:.1%}")


def judge_changes(cells, means, what):
    """Of the cells that vary that, what they change against the cell from which they differ in it alone."""
    base = {n: cells[n].get("base", "seen") for n in means if cells[n]["varies"] == what}
    pairs = {n: (means[n] - means[b], cells[n]["us"] - cells[b]["us"]) for n, b in base.items() if b in means}
    if pairs:
        slope = sum(m * p for m, p in pairs.values()) / sum(m * m for m, _ in pairs.values())
        print(f"- {what}, (measured, predicted) change in us: " + ", ".join(f"{n} ({m:.0f}, {p:.0f})" for n, (m, p) in pairs.items())
              + f"; slope of predicted on measured {slope:.2f}")


def kendall(a, b):
    agree = [(x - y) * (u - v) > 0 for i, (x, u) in enumerate(zip(a, b)) for y, v in list(zip(a, b))[:i]]
    return 2 * sum(agree) / len(agree) - 1


if __name__ == "__main__":
    verbs = {"predict": (predict, 4), "measure": (measure, 3), "judge": (judge, 2), "draw": (draw, 3)}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs or len(sys.argv) - 2 != verbs[sys.argv[1]][1]:
        sys.exit(__doc__)
    verbs[sys.argv[1]][0](*sys.argv[2:])
