#!/usr/bin/env python3
"""Predicts runs of the host backend, then measures them. See README.md.

    study.py calibrate DIR             measures primitives and the calibration runs, fits a machine a level (wants a quiet machine)
    study.py predict DIR               predicts every cell, writes predictions.json and its hash
    study.py measure DIR --seconds N   measures block after block for N seconds; again: goes on (wants a quiet machine)
    judge.py DIR                       holds both against each other
    study.py all DIR --seconds N       the three, one after the other, then judge.py
"""
import argparse
import functools
import hashlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from cells import BASE, BY_NAME, CALIBRATION, CELLS, SEEDED, SPREAD_SEEDS
from rivals import Isolated, rivals

HERE = os.path.dirname(os.path.abspath(__file__))
MEGASCOPE = os.environ.get("MEGASCOPE", "build/release/bin/megascope")
# Others use the machine: without real-time priority their time slices (4 ms) stand in every second iteration.
PRIORITY = ["chrt", "--fifo", "50"]
MEASURES = ("run", "microbench")
LEVELS = ("L1", "by-workers", "L2", "wrong")
SEEDS = (1,)
# Of each seen cell, with a probe behind each pair: the machine drifts by some percent within a minute.
CALIBRATION_LAUNCHES = 12
# What two threads read, as a share of the reference: predictions are made for each, before anything is measured.
SHARES = (0.5, 0.7, 0.9, 1.0, 1.2)


def megascope(*words):
    priority = PRIORITY if words[0] in MEASURES and has_priority() else []
    done = subprocess.run([*priority, MEGASCOPE, *words, "--format", "json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"megascope {' '.join(words)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


@functools.cache
def has_priority():
    may = subprocess.run([*PRIORITY, "true"], capture_output=True, check=False).returncode == 0
    if not may:
        print("no real-time priority: other processes will be measured too", file=sys.stderr)
    return may


def steady_us(answer):
    """The median iteration after the first."""
    return statistics.median(answer["iterations_us"][1:])


def probe():
    """GB/s that one and two threads read, right now."""
    rows = megascope("microbench", "--bandwidth-only")
    return {row["name"].rsplit("_", 1)[1]: row["value"] for row in rows}


def write_json(path, value):
    text = json.dumps(value, indent=1, sort_keys=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return text


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def calibrate(folder):
    """A machine for each level. L1: one, from other runs of seen cells. by-workers: one for each number of workers, from those of as many:
    what a task costs beside another worker (activations in the other core's cache, a last level cache and a memory for two) is in no
    number of the machine. L2: from primitives, and bodies alone on the machine in a model that no cell runs. wrong: L1 spoilt, which must
    fail: events cost nothing and memory gives whatever is asked for."""
    os.makedirs(folder, exist_ok=True)
    probes = [probe()]
    primitives, isolated = f"{folder}/primitives.json", f"{folder}/isolated.db"
    megascope("microbench", "-o", primitives)
    megascope("run", f"{HERE}/isolated_bodies.json", "--policy", "static", "--workers", "1", "--partition-workers", "2",
              "--weights", "synthetic", "--prompt", "1,2,3", "--generate", "12", "-o", isolated)
    traces = []
    for launch in range(CALIBRATION_LAUNCHES):
        for name in CALIBRATION:
            traces.append(f"{folder}/calibration-{name}-{launch}.db")
            megascope(*BY_NAME[name].run(traces[-1]))
        probes.append(probe())
    megascope("calibrate", isolated, "--machine", primitives, "-o", f"{folder}/L2.json")
    megascope("calibrate", *traces, "--machine", primitives, "-o", f"{folder}/L1.json")
    write_json(f"{folder}/wrong.json", without_costs(read_json(f"{folder}/L1.json")))
    for workers in {BY_NAME[name].workers for name in CALIBRATION}:
        with_as_many = [t for t in traces if f"-{workers}w-" in t]
        megascope("calibrate", *with_as_many, "--machine", primitives, "-o", f"{folder}/by-workers-{workers}w.json")
    write_json(f"{folder}/probe.json", {n: statistics.median(p[n] for p in probes) for n in probes[0]})


def machine_file(folder, level, workers):
    """That of as many workers, where the level has one."""
    own = f"{folder}/{level}-{workers}w.json"
    return own if os.path.exists(own) else f"{folder}/{level}.json"


def without_costs(machine):
    for key in ("notify", "observe", "dispatch", "fetch", "activate", "dequeue", "enqueue"):
        scale(machine["protocol"][key]["typical"], 0)
    for row in machine["memory"]["curve"]:
        scale(row["bandwidth"], 1000)
    return machine


def scale(number, factor):
    for key in ("low", "high", "value"):
        number[key] = number.get(key, number["value"]) * factor


def predict(folder):
    cells = {}
    for cell in CELLS:
        levels = {level: {str(share): at_share(folder, cell, level, share) for share in SHARES} for level in LEVELS}
        l1 = machine_file(folder, "L1", cell.workers)
        answer = megascope(*cell.simulate(l1, 1), "-o", f"{folder}/predicted-{cell.name}.db")
        cells[cell.name] = {"levels": levels, "bytes_us": answer["lower_bounds_us"]["bytes"] / answer["iterations"]}
        if cell.name in SEEDED:
            cells[cell.name]["seeds"] = [steady_us(megascope(*cell.simulate(l1, seed))) for seed in SPREAD_SEEDS]
    add_rivals(folder, cells)
    text = write_json(f"{folder}/predictions.json", {"probe": read_json(f"{folder}/probe.json"), "cells": cells, "time": time.time()})
    with open(f"{folder}/predictions.sha256", "w", encoding="utf-8") as file:
        file.write(hashlib.sha256(text.encode()).hexdigest() + "\n")


def at_share(folder, cell, level, share):
    """The cell's iteration where two streams get that share of what they got when the machine was calibrated."""
    machine = read_json(machine_file(folder, level, cell.workers))
    for row in machine["memory"]["curve"]:
        if row["active"]["value"] > 1:
            scale(row["bandwidth"], share)
    path = f"{folder}/scaled.json"
    write_json(path, machine)
    return statistics.median(steady_us(megascope(*cell.simulate(path, seed))) for seed in SEEDS)


def add_rivals(folder, cells):
    """The constant an operator is fitted to the calibration runs of BASE, as the simulator is."""
    isolated = {cell.name: isolated_bodies(folder, cell) for cell in CELLS if not cell.inject}
    seen = statistics.median(us for launch in range(CALIBRATION_LAUNCHES) for us in iterations_of(f"{folder}/calibration-{BASE}-{launch}.db"))
    per_operator = (seen - cells[BASE]["bytes_us"]) / isolated[BASE].operators
    for name, bodies in isolated.items():
        cells[name]["rivals"] = rivals(cells[name]["bytes_us"], bodies, BY_NAME[name].workers, per_operator)


def isolated_bodies(folder, cell):
    """The cell's last iteration on one worker alone, as L1 predicts its bodies."""
    trace = f"{folder}/alone-{cell.name}.db"
    megascope("simulate", *cell.graph(), "--policy", "static", "--workers", "1", "--machine", machine_file(folder, "L1", 1),
              "--prompt-tokens", str(len(cell.prompt)), "--generate", "1", "-o", trace)
    bodies = Isolated(trace)
    os.remove(trace)
    return bodies


def iterations_of(trace):
    with sqlite3.connect(f"file:{trace}?mode=ro", uri=True) as db:
        return [(end - start) * 1e-3 for start, end in db.execute("SELECT start_ns, end_ns FROM iteration WHERE id > 0")]


def measure(folder, seconds):
    rows = read_rows(folder)
    block = 1 + max((row["block"] for row in rows), default=-1)
    started, longest = time.time(), 0.0
    while time.time() - started + longest < seconds:
        begun = time.time()
        found = measure_block(folder, block)
        with open(f"{folder}/measurements.jsonl", "a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in found)
        longest = max(longest, time.time() - begun)
        print(f"block {block}: {time.time() - begun:.0f} s", file=sys.stderr)
        block += 1


def measure_block(folder, block):
    """A probe, every cell in a random order, a probe, the cells in the reverse order, a probe (ABBA): each pair of a cell is A/A. The
    traces of the first block are kept, and where placement is free those of all."""
    order = [cell.name for cell in CELLS]
    random.Random(block).shuffle(order)
    rows, probes = [], [probe()]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as scratch:
        for half, names in enumerate((order, order[::-1])):
            for name in names:
                kept = block == 0 or BY_NAME[name].places_freely()
                trace = f"{folder if kept else scratch}/measured-{name}-{2 * block + half}.db"
                at = time.time()
                rows.append({"block": block, "half": half, "cell": name, "us": steady_us(megascope(*BY_NAME[name].run(trace))), "time": at})
                if not kept:
                    os.remove(trace)
            probes.append(probe())
    for row in rows:
        around = probes[row["half"]:row["half"] + 2]
        row["probe"] = {n: statistics.mean(p[n] for p in around) for n in around[0]}
    return rows


def read_rows(folder):
    try:
        with open(f"{folder}/measurements.jsonl", encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("calibrate", "predict", "measure", "all"))
    parser.add_argument("folder")
    parser.add_argument("--seconds", type=float, default=100)
    arguments = parser.parse_args()
    steps = {"calibrate": calibrate, "predict": predict, "measure": functools.partial(measure, seconds=arguments.seconds)}
    for name in steps if arguments.what == "all" else (arguments.what,):
        begun = time.time()
        steps[name](arguments.folder)
        print(f"{name}: {time.time() - begun:.0f} s", file=sys.stderr)
    if arguments.what == "all":
        sys.exit(subprocess.run([sys.executable, f"{HERE}/judge.py", arguments.folder], check=False).returncode)


if __name__ == "__main__":
    main()
