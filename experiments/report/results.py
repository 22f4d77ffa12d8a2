"""What scripts/demo left in its folder: JSON and CSV that megascope printed, traces, and the command behind each file."""

import csv
import json
import sqlite3
from pathlib import Path


class Results:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.commands = self._read_commands()

    def _read_commands(self):
        """commands.tsv: file <tab> command line, one line a file."""
        lines = (self.folder / "commands.tsv").read_text(encoding="utf-8").splitlines()
        return dict(line.split("\t", 1) for line in lines)

    def has(self, name):
        return (self.folder / name).exists()

    def json(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def rows(self, name):
        with open(self.folder / name, newline="", encoding="utf-8") as file:
            return [dict(row) for row in csv.DictReader(file)]

    def facts(self):
        """facts.json: what the demo itself knows (machine, model, whether weights are trained)."""
        return self.json("facts.json")

    def command(self, name):
        return self.commands.get(name, "")

    def timeline(self, name, iteration=None):
        return Timeline.read(self.folder / name, iteration)


class Timeline:
    """Worker slices of one iteration of a trace: (lane, operator, start, end) in us from the iteration's start."""

    def __init__(self, slices, lanes, length, iteration):
        self.slices = slices
        self.lanes = lanes
        self.length = length
        self.iteration = iteration

    @staticmethod
    def read(path, iteration=None):
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as db:
            iterations = db.execute("SELECT id, start_ns, end_ns FROM iteration ORDER BY id").fetchall()
            if iteration is None:
                by_length = sorted(iterations[1:] or iterations, key=lambda row: row[2] - row[1])
                iteration = by_length[len(by_length) // 2][0]  # of median length, the first left out
            start, end = next((s, e) for i, s, e in iterations if i == iteration)
            lanes = db.execute("SELECT id, number FROM lane WHERE kind = 'worker' ORDER BY device, number").fetchall()
            rows = db.execute(
                "SELECT slice.lane, operator.name, slice.start_ns, slice.end_ns FROM slice"
                " JOIN iteration ON iteration.id = slice.iteration"
                " JOIN task ON task.graph = iteration.graph AND task.id = slice.task"
                " JOIN operator ON operator.graph = iteration.graph AND operator.id = task.operator"
                " WHERE slice.iteration = ?", (iteration,)).fetchall()
        place = {lane: index for index, (lane, _) in enumerate(lanes)}
        slices = [(place[lane], operator, (s - start) / 1000, (e - start) / 1000)
                  for lane, operator, s, e in rows if lane in place]
        return Timeline(slices, len(lanes), (end - start) / 1000, iteration)
