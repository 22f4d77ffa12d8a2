#!/usr/bin/env python3
"""Fits a few numbers of the H100's machine to the measured cells of earlier rounds, end to end, where their traces are not kept.

usage: fit_to_cells.py MEGASCOPE BASE.json HOPS.json OUT.json ROUND_FOLDER ...            static: the cells of those rounds
       fit_to_cells.py MEGASCOPE --policy P STATIC.json HOPS.json OUT.json ROUND_FOLDER   P: bodies of STATIC, one number of its own

The machine is BASE's (measured primitives) with the protocol of HOPS.json (`calibrate` on recorded runs), ports shared as on an H100
(sm_ports), and: the turn (`protocol.fetch`), what streams get of one port together, factors on what isolated bodies say (constant
times, those of `silu_linear` apart; streams' limits) and on the memory's curve. Least absolute log errors, by Nelder and Mead's
simplex; prints each tenth step, and the errors at the end. The policies with schedulers keep all that, and fit a factor on the
hand-offs of HOPS.json.
"""
import concurrent.futures
import json
import math
import os
import subprocess
import sys
import tempfile
import time

LINEARS = ("linear", "norm_linear", "silu_linear")
NAMES = ("turn", "constants", "silu's constant", "limits", "memory", "port")
START = [1.2, 0.6, 0.6, 1.0, 1.0, 195.0]
DISTURBED = ("--inject",)


def read(path):
    with open(path) as file:
        return json.load(file)


def sm_ports():
    """The port of the i-th SM that a launch on an H100 fills, as recorded runs show it: 18 ports of three TPCs and 6 of two; four
    TPCs with both SMs first, then one SM of each other TPC, port by port in turn, then the other SMs."""
    left = [3] * 18 + [2] * 6
    order = []
    for port in (0, 1, 2, 18):
        left[port] -= 1
        order += [port, port]
    turns = [port for turn in range(3) for port in range(24) if left[port] > turn]
    return order + turns + turns


def known_cells(folders, wanted):
    """(name, model, flags, measured us) of each cell of those rounds that ran undisturbed under a policy of `wanted`."""
    found = {}
    for folder in folders:
        rounds = read(f"{folder}/measured.json")
        for cell in read(f"{folder}/cells.json"):
            us = [r[cell["name"]] for r in rounds if cell["name"] in r]
            policy = cell["flags"].split("--policy ")[1].split()[0]
            if us and policy in wanted and all(isinstance(u, float) for u in us) and not any(d in cell["flags"] for d in DISTURBED):
                found[cell["name"]] = (cell["name"], cell["model"], cell["flags"], sum(us) / len(us))
    return list(found.values())


def put(number, value, source):
    number.clear()
    number.update(value=value, source=source)


def static_machine(base, hops, source, numbers):
    turn, constants, silu, limits, memory, port = numbers
    machine = json.loads(json.dumps(base))
    machine["protocol"] = json.loads(json.dumps(hops["protocol"]))
    put(machine["protocol"]["fetch"]["typical"], turn, source)
    for kind in LINEARS:
        body = machine["bodies"][kind]
        for part in ("start_up", "epilogue", "fixed"):
            put(body[part], body[part]["value"] * (silu if kind == "silu_linear" else constants), source)
        put(body["port_limit"], body["port_limit"]["value"] * limits, source)
    for point in machine["memory"]["curve"]:
        put(point["bandwidth"], point["bandwidth"]["value"] * memory, source)
    put(machine["gpc_bandwidth"], port, source)
    machine["sm_port"] = [{"value": p, "source": "order in which recorded launches fill SMs"} for p in sm_ports()]
    return machine


def policy_machine(static, hops, source, numbers):
    machine = json.loads(json.dumps(static))
    machine["protocol"] = json.loads(json.dumps(hops["protocol"]))
    for name in ("fetch", "dispatch", "dequeue", "enqueue", "activate"):
        number = machine["protocol"][name]["typical"]
        put(number, number["value"] * numbers[0], source)
    return machine


class Fit:
    def __init__(self, megascope, machine_of, cells):
        self.megascope, self.machine_of, self.cells = megascope, machine_of, cells
        self.pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        self.scratch = tempfile.NamedTemporaryFile("w", suffix=".json")

    def flags_of(self, cell):
        return ["--mechanism", "preload=off", "--context", "16", "--iterations", "1"]

    def predicted(self, cell):
        model, flags = cell[1:3]
        words = [self.megascope, "simulate", model, "--machine", self.scratch.name, *flags.split(), *self.flags_of(cell), "--format", "json"]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["iteration_us"]

    def all_predicted(self, numbers):
        with open(self.scratch.name, "w") as file:
            json.dump(self.machine_of(numbers), file)
        return list(self.pool.map(self.predicted, self.cells))

    def cost(self, numbers):
        if min(numbers) <= 0:
            return math.inf
        return sum(abs(math.log(us / cell[3])) for us, cell in zip(self.all_predicted(numbers), self.cells)) / len(self.cells)


def simplex(cost, start, step, rounds, until=math.inf):
    """(cost, numbers) of the best point; looks on for so many steps, or until that instant (time.monotonic)."""
    points = [(cost(start), start)]
    for i in range(len(start)):
        moved = [v * (1 + step) if i == k else v for k, v in enumerate(start)]
        points.append((cost(moved), moved))
    for number in range(rounds):
        points.sort()
        if time.monotonic() > until:
            break
        if number % 10 == 0:
            print(number, points[0], flush=True)
        middle = [sum(p[1][i] for p in points[:-1]) / (len(points) - 1) for i in range(len(start))]
        worst = points[-1][1]

        def along(t):
            moved = [m + t * (m - w) for m, w in zip(middle, worst)]
            return cost(moved), moved

        reflected = along(1)
        if reflected[0] < points[0][0]:
            points[-1] = min(reflected, along(2))
        elif reflected[0] < points[-2][0]:
            points[-1] = reflected
        else:
            inside = along(-0.5)
            if inside[0] < points[-1][0]:
                points[-1] = inside
            else:
                best = points[0][1]
                halves = [[(b + v) / 2 for b, v in zip(best, p[1])] for p in points[1:]]
                points = [points[0]] + [(cost(h), h) for h in halves]
    return min(points)


def main():
    words = sys.argv[1:]
    policy = None
    if "--policy" in words:
        at = words.index("--policy")
        policy = words[at + 1]
        del words[at:at + 2]
    if len(words) < 5:
        sys.exit(__doc__)
    megascope, base, hops, out, *folders = words
    source = "fitted to the measured cells of " + ", ".join(os.path.basename(f.rstrip("/")) for f in folders) + " (fit_to_cells.py)"
    make = policy_machine if policy else static_machine
    base, hops = read(base), read(hops)
    fit = Fit(megascope, lambda numbers: make(base, hops, source, numbers), known_cells(folders, [policy or "static"]))
    start, rounds = ([1.0], 12) if policy else (START, int(os.environ.get("ROUNDS", "70")))
    cost, numbers = simplex(fit.cost, start, 0.25, rounds)
    with open(out, "w") as file:
        json.dump(fit.machine_of(numbers), file, indent=1)
        file.write("\n")
    print(f"mean |log error| {cost:.4f}:", dict(zip(["factor"] if policy else NAMES, numbers)))
    for us, cell in zip(fit.all_predicted(numbers), fit.cells):
        print(f"  {cell[0]:20} fitted {us:8.1f} measured {cell[3]:8.1f} {us / cell[3] - 1:+.1%}")


if __name__ == "__main__":
    main()
