#!/usr/bin/env python3
"""Fits four numbers of the H100's machine to the measured cells of earlier rounds, end to end, where their traces are not kept.

usage: fit_to_cells.py MEGASCOPE HOPS.json OUT.json

The machine is that of ../h100-2026-11-25 (primitives), with the protocol of HOPS.json (`calibrate` on ../../../traces/samples/h100.db)
and factors on what isolated bodies say: of their constant times, of their streams' limits, of the memory's curve; and the turn
(`protocol.fetch`). Least absolute log errors of the static cells, by Nelder and Mead's simplex; prints each tenth step.
"""
import json
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LINEARS = ("linear", "norm_linear", "silu_linear")
SOURCE = "fitted to the measured cells of rounds 1 and 2 (fit_to_cells.py)"


def read(path):
    with open(path) as file:
        return json.load(file)


def known_cells():
    """(model, flags, measured us) of each static cell of rounds 1 and 2."""
    found = {}
    for folder in ("round-1", "round-2"):
        rounds = read(f"{HERE}/{folder}/measured.json")
        for cell in read(f"{HERE}/{folder}/cells.json"):
            if cell["varies"] != "policy":
                found.setdefault(cell["name"], (cell["model"], cell["flags"], sum(r[cell["name"]] for r in rounds) / len(rounds)))
    return list(found.values())


def machine_with(primitives, hops, numbers):
    turn, constants, limits, memory = numbers
    machine = json.loads(json.dumps(primitives))
    machine["protocol"] = json.loads(json.dumps(hops["protocol"]))

    def put(number, value):
        number.clear()
        number.update(value=value, source=SOURCE)

    put(machine["protocol"]["fetch"]["typical"], turn)
    for kind in LINEARS:
        body = machine["bodies"][kind]
        for part in ("start_up", "epilogue", "fixed"):
            put(body[part], body[part]["value"] * constants)
        put(body["port_limit"], body["port_limit"]["value"] * limits)
    for point in machine["memory"]["curve"]:
        put(point["bandwidth"], point["bandwidth"]["value"] * memory)
    return machine


class Fit:
    def __init__(self, megascope, hops, out):
        self.megascope, self.out = megascope, out
        self.primitives, self.hops, self.cells = read(f"{HERE}/../h100-2026-11-25/machine.json"), read(hops), known_cells()

    def write(self, numbers):
        with open(self.out, "w") as file:
            json.dump(machine_with(self.primitives, self.hops, numbers), file, indent=1)
            file.write("\n")

    def predicted(self, model, flags):
        words = [self.megascope, "simulate", model, "--machine", self.out, *flags.split(), "--mechanism", "preload=off", "--context", "16",
                 "--iterations", "1", "--format", "json"]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["iteration_us"]

    def cost(self, numbers):
        if min(numbers) <= 0:
            return math.inf
        self.write(numbers)
        return sum(abs(math.log(self.predicted(m, f) / us)) for m, f, us in self.cells) / len(self.cells)


def simplex(cost, start, step, rounds):
    points = [(cost(start), start)]
    for i in range(len(start)):
        moved = [v * (1 + step) if i == k else v for k, v in enumerate(start)]
        points.append((cost(moved), moved))
    for number in range(rounds):
        points.sort()
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
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    fit = Fit(*sys.argv[1:])
    best = simplex(fit.cost, [2.0, 0.6, 1.0, 0.9], 0.25, 60)
    fit.write(best[1])
    print("turn us, factors of constants, limits, memory:", best)


if __name__ == "__main__":
    main()
