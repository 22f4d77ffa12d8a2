#!/usr/bin/env python3
"""Fits the machines of a round to the calibration cells that were just measured, end to end: on the machine with the GPU, before a
judged cell is measured.

usage: fit_calibration.py MEGASCOPE BASE.json CALIBRATION.json MEASURED.json OUT_FOLDER

Writes OUT_FOLDER/machine-static.json, -aot, -hybrid, -jit, the same three with -0 (no schedulers) and -batch. BASE has the primitives of this very
kernel (`microbench`): most factors on them should come out near 1. (Rounds 5 and 6 were fitted by this file as of 42c01ed.) Each step fits a few numbers of
its own to its cells and keeps those of the steps before (STEPS). Least absolute log errors, by Nelder and Mead's simplex; prints each
tenth step, and the errors at the end. FIT_SECONDS (environment; 110) is about how long all steps look together at most.
"""
import json
import os
import sys
import time

import fit_to_cells
from blind import machine_name
from fit_to_cells import LINEARS, put, read, simplex

WARPS = 11  # gpu_backend/cuda/kernel_args.h, DeviceShape
LANES = 32
RATES = ("port_limit", "pair_limit", "row_limit")  # of a linear body, by how many rows a chunk holds
SOURCE = "fitted to this round's calibration cells (fit_calibration.py)"


def scale(number, factor):
    put(number, number["value"] * factor, SOURCE)


def put_new(group, name, value, source=SOURCE):
    group[name] = {"value": value, "source": source}


def supply(curve):
    """The memory's curve as workers meet it. Of a microbench that launched 132 blocks and let N of them read (read_bandwidth_N), the
    points below half of the SMs are left out: these blocks lie elsewhere than N workers, who get more (README, round 6 looked into again).
    One SM's rate holds until the first point that stays."""
    if "stream_bandwidth" in curve[0]["bandwidth"]["source"]:
        return curve
    one, rest = curve[0], [point for point in curve if point["active"]["value"] >= 64]
    knee = json.loads(json.dumps(rest[0]))
    knee["active"]["value"] = rest[0]["bandwidth"]["value"] / one["bandwidth"]["value"]
    return [one, knee, *rest]


def prepared(base):
    """The measured primitives, and what the kernel is."""
    machine = json.loads(json.dumps(base))
    machine["memory"]["curve"] = supply(machine["memory"]["curve"])
    for kind in LINEARS:
        body = machine["bodies"][kind]
        if "warps" not in body or body["warps"]["value"] == 0:
            put_new(body, "warps", WARPS, "kernel_args.h: DeviceShape")
    put_new(machine["protocol"], "scheduler_lanes", LANES, "gpu_backend/cuda/warp_team.cuh")
    return machine


def static(machine, numbers):
    hop, constants, activations, limits, memory, enough = numbers
    put(machine["protocol"]["dispatch"]["typical"], hop, SOURCE)
    for kind in LINEARS:
        body = machine["bodies"][kind]
        for part in ("start_up", "epilogue", "fixed"):
            scale(body[part], constants)
        scale(body["per_activation"], activations)
        for rate in RATES:
            if body.get(rate, {}).get("value", 0) > 0:
                scale(body[rate], limits)
        put_new(body, "enough_warps", min(WARPS, enough))
    for point in machine["memory"]["curve"][1:]:
        scale(point["bandwidth"], memory)


def preload(machine, numbers):
    put_new(machine["shared_memory"], "hold", numbers[0])


def policy(*names):
    """A step that fits these numbers of the protocol. A fetch is a time a task there: the list is read while it is run."""
    def change(machine, numbers):
        protocol = machine["protocol"]
        put(protocol["fetch_batch"], 1, "a fetch is fitted as a time a task")
        for name, value in zip(names, numbers):
            if name in ("enqueue_aot", "broadcast_look"):
                put_new(protocol, name, value)
            else:
                put(protocol[name]["typical"], value, SOURCE)
    return change


def alone(machine, numbers):
    """Without schedulers a worker pushes each task by itself, another way than a scheduler does."""
    put_new(machine["protocol"], "publish", numbers[0])


def batch(machine, numbers):
    """Of several tokens it is another body: tensor cores, inputs of all of them. What the measured body of one token says of its constant
    times and of its stream holds; not what the memory gives: its warps share out columns, so that other chunks are asked for."""
    activations, flops, others, memory = numbers
    for kind in LINEARS:
        scale(machine["bodies"][kind]["per_activation"], activations)
        scale(machine["bodies"][kind]["flops_per_cycle"], flops)
    for kind in ("attention", "silu_mul"):
        for part in ("fixed", "per_activation"):
            if part in machine["bodies"][kind]:
                scale(machine["bodies"][kind][part], others)
    for point in machine["memory"]["curve"][1:]:
        scale(point["bandwidth"], memory)


# What is fitted, from which numbers on (where valleys are several, from several), for how many steps, on the machine of which step before, for what share of the time.
STEPS = {
    "bodies": (static, [0.58, 1.0, 1.0, 1.0, 1.0, 4.0], 300, None, 0.3),
    "preload": (preload, [0.6], 16, "bodies", 0.06),
    "aot": (policy("fetch", "enqueue_aot", "broadcast_look"), [1.5, 0.6, 0.8], 150, "preload", 0.12),
    "hybrid": (policy("fetch", "dequeue", "enqueue_aot", "broadcast_look"), [[1.5, 2.0, 0.6, 0.8], [4.7, 0.3, 0.4, 0.7]], 200, "preload", 0.17),
    "jit": (policy("fetch", "dequeue", "enqueue", "broadcast_look"), [1.5, 2.0, 0.45, 0.8], 200, "preload", 0.17),
    "aot-0": (alone, [0.1], 10, "aot", 0.02),
    "hybrid-0": (alone, [0.1], 10, "hybrid", 0.02),
    "jit-0": (alone, [0.1], 10, "jit", 0.02),
    "batch": (batch, [0.5, 1.1, 2.0, 1.0], 200, "preload", 0.14),
}
FILES = {"bodies": "static", "preload": "static"}  # the later one in place of the other; else as the step is called


def write(step, machine, out):
    """At once: what is there when the time is up can be used."""
    with open(f"{out}/machine-{FILES.get(step, step)}.json", "w") as stream:
        json.dump(machine, stream, indent=1)
        stream.write("\n")


def step_of(cell):
    own = machine_name(cell["flags"])
    if own != "static":
        return own
    return "preload" if cell.get("preload") == "on" else "bodies"


class CellFit(fit_to_cells.Fit):
    """Cells with their preloads as they were measured."""

    def flags_of(self, cell):
        return ["--mechanism", f"preload={cell[4]}", "--context", "16", "--iterations", "2"]


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    megascope, base, calibration, measured, out = sys.argv[1:]
    rounds = read(measured)
    cells = {name: [] for name in STEPS}
    for cell in read(calibration):
        us = [r[cell["name"]] for r in rounds if isinstance(r.get(cell["name"]), float)]
        if us:
            cells[step_of(cell)].append((cell["name"], cell["model"], cell["flags"], sum(us) / len(us), cell.get("preload", "off")))
        else:
            print(f"not measured: {cell['name']}")
    machines = {None: prepared(read(base))}
    seconds = float(os.environ.get("FIT_SECONDS", "110"))
    for name, (change, start, steps, before, share) in STEPS.items():
        def machine_of(numbers, before=before, change=change):
            machine = json.loads(json.dumps(machines[before]))
            change(machine, numbers)
            return machine
        if not cells[name]:
            machines[name] = machines[before]
            write(name, machines[name], out)
            continue
        fit = CellFit(megascope, machine_of, cells[name])
        starts = start if isinstance(start[0], list) else [start]
        # From the best point once more: a simplex that has become flat finds nothing along what it lost.
        until = time.monotonic() + share * seconds
        half = time.monotonic() + share * seconds / 2 / len(starts)
        first = min(simplex(fit.cost, one, 0.25, steps, half + n * share * seconds / 2 / len(starts)) for n, one in enumerate(starts))
        cost, numbers = min(first, simplex(fit.cost, first[1], 0.15, steps, until))
        machines[name] = machine_of(numbers)
        write(name, machines[name], out)
        print(f"{name}: mean |log error| {cost:.4f}:", [round(n, 4) for n in numbers])
        for us, cell in zip(fit.all_predicted(numbers), fit.cells):
            print(f"  {cell[0]:24} fitted {us:8.1f} measured {cell[3]:8.1f} {us / cell[3] - 1:+.1%}", flush=True)


if __name__ == "__main__":
    main()
