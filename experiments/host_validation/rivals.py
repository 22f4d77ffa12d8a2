"""The naive predictions that a simulator has to beat, from what calibration knows.

    bytes              streamed bytes / the bandwidth that as many workers reach
    bytes+operators    that, and a constant an operator, fitted to the configuration that interventions change
    isolated           the bodies one after the other, alone on the machine / workers
    list               list scheduling on as many workers with the mean isolated duration of each operator's tasks
"""
import heapq
import sqlite3
import statistics


class Isolated:
    """One iteration, the last, of a run on one worker: its tasks in linear order with their durations."""

    def __init__(self, trace):
        with sqlite3.connect(f"file:{trace}?mode=ro", uri=True) as db:
            last = db.execute("SELECT max(iteration) FROM slice").fetchone()[0]
            self.tasks = db.execute(
                "SELECT t.id, t.operator, t.dependent_event, t.triggering_event, s.end_ns - s.start_ns"
                " FROM task t JOIN slice s ON s.task = t.id WHERE s.iteration = ? ORDER BY t.id", (last,)).fetchall()
            self.operators = db.execute("SELECT count(*) FROM operator").fetchone()[0]

    def sum_us(self, workers):
        return sum(task[4] for task in self.tasks) / workers * 1e-3

    def list_us(self, workers):
        of_operator = {}
        for _, operator, _, _, ns in self.tasks:
            of_operator.setdefault(operator, []).append(ns)
        mean = {operator: statistics.mean(ns) for operator, ns in of_operator.items()}
        active, free = {0: 0.0}, [0.0] * workers
        for _, operator, dependent, triggering, _ in self.tasks:  # linear order: producers stand before consumers
            end = max(heapq.heappop(free), active[dependent]) + mean[operator]
            heapq.heappush(free, end)
            active[triggering] = max(active.get(triggering, 0.0), end)
        return max(free) * 1e-3


def rivals(bytes_us, isolated, workers, per_operator_us):
    return {"bytes": bytes_us, "bytes+operators": bytes_us + isolated.operators * per_operator_us,
            "isolated": isolated.sum_us(workers), "list": isolated.list_us(workers)}
