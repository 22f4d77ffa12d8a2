#!/usr/bin/env python3
"""Fits the machines of a round to the calibration cells that were just measured, end to end: on the machine with the GPU, before a
judged cell is measured.

usage: fit_calibration.py MEGASCOPE BASE.json CALIBRATION.json MEASURED.json OUT_FOLDER

Writes OUT_FOLDER/machine-static.json, -aot, -hybrid, -jit, the same three with -0 (no schedulers) and -batch. BASE has the measured primitives. Each step fits a few numbers of
its own to its cells and keeps those of the steps before (STEPS). Least absolute log errors, by Nelder and Mead's simplex; prints each
tenth step, and the errors at the end. FIT_SECONDS (environment; 110) is about how long all steps look together at most.
"""
import json
import os
import sys
import time

import fit_to_cells
from blind import machine_name
from fit_to_cells import LINEARS, put, read, simplex, sm_ports

WARPS = 11  # gpu_backend/cuda/kernel_args.h, DeviceShape
LANES = 32
SOURCE = "fitted to this round's calibration cells (fit_calibration.py)"


def scale(number, factor):
    put(number, number["value"] * factor, SOURCE)


def put_new(group, name, value, source=SOURCE):
    group[name] = {"value": value, "source": source}


def prepared(base):
    """The measured primitives, and what the kernel is."""
    machine = json.loads(json.dumps(base))
    one = machine["memory"]["curve"][0]
    top = machine["memory"]["curve"][-1]
    # Points between hold the limit of shared ports, which gpc_bandwidth has: with both, 48 to 80 SMs would pay for it twice.
    knee = json.loads(json.dumps(top))
    knee["active"]["value"] = top["bandwidth"]["value"] / one["bandwidth"]["value"]
    machine["memory"]["curve"] = [one, knee, top]
    machine["sm_port"] = [{"value": p, "source": "order in which recorded launches fill SMs"} for p in sm_ports()]
    for kind in LINEARS:
        put_new(machine["bodies"][kind], "warps", WARPS, "kernel_args.h: DeviceShape")
    put_new(machine["protocol"], "scheduler_lanes", LANES, "gpu_backend/cuda/warp_team.cuh")
    # A worker looks its list up while a body runs, so that a turn is one number (round 3's calibrate said the same).
    for name in ("dispatch", "observe"):
        put(machine["protocol"][name]["typical"], 0, "part of protocol.fetch, the turn")
    put(machine["protocol"]["fetch_batch"], 1, "the turn is a time a task")
    return machine


def static(machine, numbers):
    turn, constants, silu, limits, memory, port, enough = numbers
    put(machine["protocol"]["fetch"]["typical"], turn, SOURCE)
    for kind in LINEARS:
        body = machine["bodies"][kind]
        for part in ("start_up", "epilogue", "fixed"):
            scale(body[part], silu if kind == "silu_linear" else constants)
        scale(body["port_limit"], limits)
        put_new(body, "enough_warps", min(WARPS, enough))
    for point in machine["memory"]["curve"][1:]:
        scale(point["bandwidth"], memory)
    put(machine["gpc_bandwidth"], port, SOURCE)


def preload(machine, numbers):
    put_new(machine["shared_memory"], "hold", numbers[0])


def policy(machine, numbers):
    fetch, dequeue, enqueue, push, look = numbers
    protocol = machine["protocol"]
    put(protocol["fetch"]["typical"], fetch, SOURCE)
    put(protocol["dequeue"]["typical"], dequeue, SOURCE)
    put(protocol["enqueue"]["typical"], enqueue, SOURCE)
    put_new(protocol, "broadcast_push", push)
    put_new(protocol, "broadcast_look", look)


def alone(machine, numbers):
    """Without schedulers a worker pushes each task by itself, another way than a scheduler does."""
    put_new(machine["protocol"], "publish", numbers[0])


def batch(machine, numbers):
    constants, activations, limits, flops, others = numbers
    for kind in LINEARS:
        body = machine["bodies"][kind]
        for part in ("start_up", "epilogue", "fixed"):
            scale(body[part], constants)
        put(body["per_activation"], activations, SOURCE)
        scale(body["port_limit"], limits)
        put(body["flops_per_cycle"], 1000 * flops, SOURCE)
    for kind in ("attention", "silu_mul"):
        for part in ("fixed", "per_activation"):
            if part in machine["bodies"][kind]:
                scale(machine["bodies"][kind][part], others)


# What is fitted, from which numbers on (where valleys are several, from several), for how many steps, on the machine of which step before, for what share of the time.
STEPS = {
    "bodies": (static, [1.2, 0.57, 0.42, 1.1, 1.1, 208.0, 5.0], 300, None, 0.3),
    "preload": (preload, [0.6], 16, "bodies", 0.06),
    "aot": (policy, [2.0, 1.2, 0.05, 0.5, 0.3], 150, "preload", 0.12),
    "hybrid": (policy, [2.0, 5.0, 0.05, 0.5, 0.7], 200, "preload", 0.17),
    "jit": (policy, [2.0, 5.0, 0.2, 0.5, 0.7], 200, "preload", 0.17),
    "aot-0": (alone, [0.5], 10, "aot", 0.02),
    "hybrid-0": (alone, [0.5], 10, "hybrid", 0.02),
    "jit-0": (alone, [0.5], 10, "jit", 0.02),
    "batch": (batch, [[1.0, 0.01, 1.0, 2.0, 1.0], [1.0, 0.05, 1.0, 0.4, 1.0], [1.5, 0.003, 0.8, 10.0, 1.0]], 200, "preload", 0.14),
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
        cost, numbers = min(simplex(fit.cost, one, 0.25, steps, time.monotonic() + share * seconds / len(starts)) for one in starts)
        machines[name] = machine_of(numbers)
        write(name, machines[name], out)
        print(f"{name}: mean |log error| {cost:.4f}:", [round(n, 4) for n in numbers])
        for us, cell in zip(fit.all_predicted(numbers), fit.cells):
            print(f"  {cell[0]:24} fitted {us:8.1f} measured {cell[3]:8.1f} {us / cell[3] - 1:+.1%}", flush=True)


if __name__ == "__main__":
    main()
