"""Where a task's start error comes from, and barrier skew, from a predicted and a measured trace of one configuration.

From its iteration's begin, a task starts at  ready + queue + hand-off:  ready = its event's activation, queue = how much later its
worker was free (0 if it was free before), hand-off = the rest. So the error of its start is the error of the activation (inherited)
plus that of the queue plus that of the hand-off, exactly. The same between two measured traces is the floor.
"""
import sqlite3
import statistics


class Tasks:
    """start, ready, queue, hand_off and duration in us of each task of each steady iteration, by (iteration, task)."""

    def __init__(self, trace):
        self.rows, self.operator_of, self.finish = {}, {}, {}
        with sqlite3.connect(f"file:{trace}?mode=ro", uri=True) as db:
            names = dict(db.execute("SELECT id, name FROM operator"))
            begins = dict(db.execute("SELECT id, start_ns FROM iteration"))
            self.operator_of = {task: names[operator] for task, operator in db.execute("SELECT id, operator FROM task")}
            layers = dict(db.execute("SELECT id, operator FROM task"))
            free, slices = {}, db.execute(
                "SELECT lane, task, iteration, ready_ns, start_ns, end_ns, notified_ns FROM slice WHERE task IS NOT NULL ORDER BY start_ns")
            for lane, task, iteration, ready, start, end, notified in slices:
                was_free = free.get(lane, begins[iteration])
                free[lane] = notified if notified is not None else end
                if iteration == 0 or ready is None:
                    continue
                begin = begins[iteration]
                queue = max(0, was_free - ready)
                self.rows[iteration, task] = {
                    "start": (start - begin) * 1e-3, "ready": (ready - begin) * 1e-3, "queue": queue * 1e-3,
                    "hand_off": (start - max(ready, was_free)) * 1e-3, "duration": (end - start) * 1e-3}
                self.finish.setdefault((iteration, layers[task]), []).append(((end - begin) * 1e-3, lane))
        self.names_by_operator = names

    def skews(self):
        """Last minus median finisher of each operator of several tasks, us, and how often each lane was last."""
        skew, last = {}, {}
        for (_, operator), ends in self.finish.items():
            if len(ends) < 2:
                continue
            skew.setdefault(self.names_by_operator[operator], []).append(max(ends)[0] - statistics.median(e for e, _ in ends))
            last[max(ends)[1]] = last.get(max(ends)[1], 0) + 1
        return {name: statistics.median(values) for name, values in skew.items()}, last


PARTS = ("ready", "queue", "hand_off")


def errors(predicted, measured):
    """By operator: medians of |error| of start, its three parts and the duration, us. Checks that the parts add up."""
    found = {}
    for key, m in measured.rows.items():
        p = predicted.rows.get(key)
        if p is None:
            continue
        error = {part: p[part] - m[part] for part in (*PARTS, "start", "duration")}
        assert abs(error["start"] - sum(error[part] for part in PARTS)) < 1e-6, "the parts of a start error add up"
        found.setdefault(measured.operator_of[key[1]], []).append(error)
    return {operator: {part: statistics.median(abs(e[part]) for e in rows) for part in (*PARTS, "start", "duration")}
            for operator, rows in found.items()}
