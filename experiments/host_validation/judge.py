#!/usr/bin/env python3
"""Holds the measurements of study.py against its predictions: prints the tables of README.md, writes DIR/results.json.

Exit status: 0 every gate passed, 3 one failed (the report says which), 1 the predictions are not those that were hashed.
"""
import glob
import hashlib
import json
import os
import statistics
import sys

import task_errors
from cells import BASE, BY_NAME, CELLS, GATES, INTERVENTIONS, RIVAL_SHARE, SLOPE, SPREAD_SEEDS
from statistics_of_blocks import interval, median_of_all, percentile, slope
from study import LEVELS, machine_file, megascope, read_rows


def load(folder):
    with open(f"{folder}/predictions.json", encoding="utf-8") as file:
        text = file.read()
    with open(f"{folder}/predictions.sha256", encoding="utf-8") as file:
        if file.read().strip() != hashlib.sha256(text.encode()).hexdigest():
            sys.exit("judge: predictions.json is not what was hashed before the measurement")
    predictions = json.loads(text)
    rows = read_rows(folder)
    if min(row["time"] for row in rows) < predictions["time"]:
        sys.exit("judge: a measurement is older than the predictions")
    return predictions, rows


def at(prediction, share):
    """Of predictions at several shares of the reference's bandwidth, the one between its neighbours; the nearest outside."""
    known = sorted((float(s), us) for s, us in prediction.items())
    below = max((k for k in known if k[0] <= share), default=known[0])
    above = min((k for k in known if k[0] >= share), default=known[-1])
    if above[0] <= below[0]:
        return below[1] if share >= below[0] else above[1]
    return below[1] + (above[1] - below[1]) * (share - below[0]) / (above[0] - below[0])


def share_of(predictions, row):
    """What two threads read around a launch, as a share of what they read when the machine was calibrated."""
    return row["probe"]["2"] / predictions["probe"]["2"]


def by_block(rows, name, value):
    found = {}
    for row in rows:
        if row["cell"] == name:
            found.setdefault(row["block"], []).append(value(row))
    return found


def rival_at(predictions, name, rival, share):
    """Bytes over bandwidth moves with the bandwidth, what is known of isolated bodies does not."""
    cell = predictions["cells"][name]
    us = cell["rivals"][rival]
    if not rival.startswith("bytes") or BY_NAME[name].workers == 1:
        return us
    return us + cell["bytes_us"] * (1 / share - 1)


def accuracy(predictions, rows, level):
    table = []
    for cell in CELLS:
        if cell.group == "intervention":
            continue
        prediction = predictions["cells"][cell.name]["levels"][level]
        ratios = by_block(rows, cell.name, lambda row, p=prediction: at(p, share_of(predictions, row)) / row["us"])
        middle, low, high = interval(ratios, lambda drawn: abs(median_of_all(drawn) - 1))
        launches = [abs(ratio - 1) for block in ratios.values() for ratio in block]
        measured = statistics.median(row["us"] for row in rows if row["cell"] == cell.name)
        against = {rival: abs(median_of_all(by_block(
            rows, cell.name, lambda row, r=rival: rival_at(predictions, row["cell"], r, share_of(predictions, row)) / row["us"]).values()) - 1)
            for rival in predictions["cells"][cell.name]["rivals"]}
        best = min(against, key=against.get)
        table.append({"cell": cell.name, "group": cell.group, "launches": len(launches), "measured_us": measured,
                      "ratio": median_of_all(ratios.values()), "error": middle, "low": low, "high": high, "p90": percentile(launches, 0.9),
                      "worst": max(launches), "rivals": against, "best_rival": best, "passes_gate": high <= GATES[cell.group],
                      "beats_rivals": middle <= RIVAL_SHARE * against[best]})
    return table


def one_rival(table):
    """The verdict with one rival for all cells, as somebody would have to choose it beforehand: medians of the cells' errors, over those
    that calibration has not seen, and over all."""
    def medians(error):
        unseen = [error(row) for row in table if row["group"] != "seen"]
        return {"unseen": statistics.median(unseen), "all": statistics.median(error(row) for row in table)}
    ours = medians(lambda row: row["error"])
    against = {rival: medians(lambda row, r=rival: row["rivals"][r]) for rival in table[0]["rivals"]}
    best = {cells: min(against, key=lambda rival, c=cells: against[rival][c]) for cells in ours}
    return {"ours": ours, "rivals": against, "best": best,
            "passes": {cells: ours[cells] <= RIVAL_SHARE * against[best[cells]][cells] for cells in ours}}


def predicted_range(predictions, name):
    """2.5th and 97.5th percentile of the change that L1 predicts from one launch to another, which draw their noise apart."""
    found = [cell - base for cell in predictions["cells"][name]["seeds"] for base in predictions["cells"][BASE]["seeds"]]
    return percentile(found, 0.025), percentile(found, 0.975)


def is_told(low, high):
    return low > 0 or high < 0


def sign_of(row):
    """A sign is claimed, and held against the measured one, only where both changes are told from 0."""
    if not is_told(*row["predicted_range"]):
        return "not claimed, measured is not 0" if is_told(row["low"], row["high"]) else "not claimed"
    if not is_told(row["low"], row["high"]):
        return "measured not told from 0"
    return "right" if row["predicted_us"] * row["measured_us"] > 0 else "WRONG"


def changes(predictions, rows, level):
    """Change of the iteration against BASE, us, predicted at the probe of each block and measured within it. Every prediction counts for
    the slope, whether or not it is told from 0."""
    pairs, table = {}, []
    for name in INTERVENTIONS:
        found = {}
        for block in {row["block"] for row in rows}:
            here = [row for row in rows if row["block"] == block]
            share = statistics.mean(share_of(predictions, row) for row in here)
            predicted = [at(predictions["cells"][cell]["levels"][level], share) for cell in (name, BASE)]
            measured = [statistics.mean(row["us"] for row in here if row["cell"] == cell) for cell in (name, BASE)]
            found[block] = (predicted[0] - predicted[1], measured[0] - measured[1])
            pairs.setdefault(block, []).append(found[block])
        middle, low, high = interval(found, lambda drawn: statistics.median(pair[1] for pair in drawn))
        predicted = statistics.median(pair[0] for pair in found.values())
        table.append({"intervention": name, "predicted_us": predicted, "predicted_range": predicted_range(predictions, name),
                      "measured_us": middle, "low": low, "high": high})
        table[-1]["sign"] = sign_of(table[-1])
    middle, low, high = interval(pairs, lambda drawn: slope([pair for block in drawn for pair in block]))
    return {"rows": table, "slope": middle, "low": low, "high": high,
            "passes": SLOPE[0] <= low and high <= SLOPE[1] and all(row["sign"] != "WRONG" for row in table)}


HAND_OFFS = ("as recorded", "fitted to the launch", "L1")


def replays(folder):
    """L0: the kept launches' bodies, as long as they were recorded, in the placement that was recorded; with the hand-offs as recorded,
    and, drawn once a seed, with those of a machine fitted to the launch and those of the cell's L1 machine. Of each launch the measured
    time of all iterations, and the replayed ones."""
    table = []
    for cell in CELLS:
        launches = [] if cell.inject else sorted(glob.glob(f"{folder}/measured-{cell.name}-[0-9]*.db"))
        for trace in launches:
            answer = megascope("analyze", trace, "--replay", "--machine", machine_file(folder, "L1", cell.workers),
                               "--seeds", str(len(SPREAD_SEEDS)))
            table.append({"cell": cell.name, "measured_us": answer["replays"][0]["measured_us"], "notes": answer["replay_notes"],
                          "replayed_us": dict(zip(HAND_OFFS, (r["by_seed_us"] for r in answer["replays"])))})
    return table


def replay_errors(table, cell, hand_offs):
    return [us / row["measured_us"] - 1 for row in table if row["cell"] == cell for us in row["replayed_us"][hand_offs]]


def distance(a, b):
    """Kolmogorov-Smirnov's."""
    return max(abs(share_below(a, x) - share_below(b, x)) for x in a + b)


def about_median(values):
    return [x / statistics.median(values) for x in values]


def tenths(values):
    return [percentile(values, 0.1), percentile(values, 0.9)]


def spreads(predictions, rows, replayed):
    """Free placement, as distributions. `free`: how launches of a cell lie about their median, beside how seeds do; each launch is divided
    by what is predicted at the bandwidth around it, so that the machine's drift is in neither. `replayed`: the kept launches with their
    own placement and bodies, hops drawn as the L1 machine has them: their times, not about a median, beside the measured ones."""
    table = []
    for cell in CELLS:
        if not cell.places_freely():
            continue
        prediction = predictions["cells"][cell.name]
        launches = [row["us"] / at(prediction["levels"]["L1"], share_of(predictions, row)) for row in rows if row["cell"] == cell.name]
        measured, free = about_median(launches), about_median(prediction["seeds"])
        kept = [row for row in replayed if row["cell"] == cell.name]
        errors = [1 + error for error in replay_errors(replayed, cell.name, "L1")]
        table.append({"cell": cell.name, "launches": len(launches), "seeds": len(prediction["seeds"]), "measured": tenths(measured),
                      "free": {"ratio": 1 / statistics.median(launches), "tenths": tenths(free), "distance": distance(measured, free)},
                      "replayed": {"launches": len(kept), "ratio": statistics.median(errors), "tenths": tenths(errors),
                                   "distance": distance([row["measured_us"] for row in kept],
                                                        [us for row in kept for us in row["replayed_us"]["L1"]])}})
    return table


def share_below(values, limit):
    return sum(value <= limit for value in values) / len(values)


def a_a(rows):
    """How far two launches of a block differ: the floor under every error."""
    pairs = [max(us) / min(us) - 1 for cell in CELLS for us in by_block(rows, cell.name, lambda row: row["us"]).values()]
    return {"median": statistics.median(pairs), "p90": percentile(pairs, 0.9)}


def tasks_of(folder, name):
    predicted = task_errors.Tasks(f"{folder}/predicted-{name}.db")
    first, second = (task_errors.Tasks(f"{folder}/measured-{name}-{half}.db") for half in (0, 1))
    skew, last = zip(*(trace.skews() for trace in (predicted, first, second)))
    return {"error": task_errors.errors(predicted, first), "floor": task_errors.errors(second, first), "skew": skew, "last": last}


def percent(value):
    return f"{100 * value:.1f} %"


def print_accuracy(title, table):
    print(f"\n{title}\n| cell | launches | measured ms | predicted / measured | error [95 %] | p90 | worst | best rival | gate | half of rival |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|---|---|")
    for r in table:
        print(f"| {r['cell']} | {r['launches']} | {r['measured_us'] / 1e3:.2f} | {r['ratio']:.3f} | "
              f"{percent(r['error'])} [{percent(r['low'])}, {percent(r['high'])}] | {percent(r['p90'])} | {percent(r['worst'])} | "
              f"{r['best_rival']} {percent(r['rivals'][r['best_rival']])} | {'pass' if r['passes_gate'] else 'FAIL'} | "
              f"{'pass' if r['beats_rivals'] else 'FAIL'} |")


def print_one_rival(title, found):
    print(f"\n{title}\n| median error of the cells | unseen | all |\n|---|--:|--:|")
    for name, error in [("ours", found["ours"]), *found["rivals"].items()]:
        print(f"| {name} | {percent(error['unseen'])} | {percent(error['all'])} |")
    for cells, passes in found["passes"].items():
        print(f"{cells} cells: at most half of {found['best'][cells]}: {'pass' if passes else 'FAIL'}")


def print_changes(title, found):
    print(f"\n{title}: slope {found['slope']:.2f} [{found['low']:.2f}, {found['high']:.2f}], {'pass' if found['passes'] else 'FAIL'}")
    print("| intervention | predicted us [L1's seeds, 95 %] | measured us [95 %] | sign |\n|---|--:|--:|---|")
    for r in found["rows"]:
        low, high = r["predicted_range"]
        print(f"| {r['intervention']} | {r['predicted_us']:+.0f} [{low:+.0f}, {high:+.0f}] | "
              f"{r['measured_us']:+.0f} [{r['low']:+.0f}, {r['high']:+.0f}] | {r['sign']} |")


def print_tasks(name, found):
    print(f"\nTasks of {name}, medians of |error| in us, beside two measured runs against each other")
    print("| operator | start = inherited + queue + hand-off | floor | duration | floor | skew predicted, measured twice |\n|---|---|---|--:|--:|---|")
    for operator, e in found["error"].items():
        f = found["floor"].get(operator)
        sums = [f"{x['start']:.1f}: {x['ready']:.1f}, {x['queue']:.2f}, {x['hand_off']:.2f}" for x in (e, f)]
        skew = ", ".join(f"{s[operator]:.1f}" if operator in s else "-" for s in found["skew"])
        print(f"| {operator} | {sums[0]} | {sums[1]} | {e['duration']:.2f} | {f['duration']:.2f} | {skew} |")
    print(f"\nLane that finished an operator last, how often (predicted, measured twice): {found['last']}")


def print_replays(table):
    print("\n### L0: recorded bodies in the recorded placement, error of all iterations: least .. most of launches and seeds\n"
          f"| cell | launches | {' | '.join(HAND_OFFS)} |\n|---|--:|--:|--:|--:|")
    for cell in dict.fromkeys(r["cell"] for r in table):
        errors = [replay_errors(table, cell, hand_offs) for hand_offs in HAND_OFFS]
        ranges = (f"{100 * min(e):+.2f} .. {100 * max(e):+.2f} %" for e in errors)
        print(f"| {cell} | {sum(r['cell'] == cell for r in table)} | {' | '.join(ranges)} |")
    for note in sorted({note for r in table for note in r["notes"]}):
        print(f"note: {note}")


def print_spreads(table):
    print("\n### Free placement: p10, p90 of launches about their median; of predictions, over measured\n"
          "| cell | launches | placement | of | p10, p90 | predicted / measured | distance |\n|---|--:|---|--:|---|--:|--:|")
    for r in table:
        text = {name: f"{low:.3f}, {high:.3f}" for name, (low, high) in
                (("measured", r["measured"]), ("replayed", r["replayed"]["tenths"]), ("free", r["free"]["tenths"]))}
        print(f"| {r['cell']} | {r['launches']} | measured | {r['launches']} launches | {text['measured']} | | |")
        of = {"replayed": f"{r['replayed']['launches']} launches, {r['seeds']} seeds each", "free": f"{r['seeds']} seeds, about their median"}
        for name, what in of.items():
            print(f"| {r['cell']} | | {name} | {what} | {text[name]} | {r[name]['ratio']:.3f} | {r[name]['distance']:.2f} |")


def main(folder):
    predictions, rows = load(folder)
    results = {"blocks": len({row["block"] for row in rows}), "a_a": a_a(rows)}
    print(f"{results['blocks']} blocks, {len(rows)} launches; two launches of a block differ by {percent(results['a_a']['median'])} "
          f"(median), {percent(results['a_a']['p90'])} (p90)")
    for level in LEVELS:
        table = accuracy(predictions, rows, level)
        results[level] = {"accuracy": table, "one_rival": one_rival(table), "changes": changes(predictions, rows, level)}
        print_accuracy(f"### {level}: iteration", table)
        print_one_rival(f"### {level}: one rival for all cells", results[level]["one_rival"])
        print_changes(f"### {level}: interventions", results[level]["changes"])
    results["L0"] = replays(folder)
    results["spreads"] = spreads(predictions, rows, results["L0"])
    print_replays(results["L0"])
    print_spreads(results["spreads"])
    results["tasks"] = {name: tasks_of(folder, name) for name in (BASE, "partition-balanced")
                        if os.path.exists(f"{folder}/measured-{name}-1.db")}
    for name, found in results["tasks"].items():
        print_tasks(name, found)
    with open(f"{folder}/results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    l1 = results["L1"]
    good = [r["passes_gate"] and r["beats_rivals"] for r in l1["accuracy"]] + [*l1["one_rival"]["passes"].values(), l1["changes"]["passes"]]
    caught = not all([r["passes_gate"] for r in results["wrong"]["accuracy"]] + [results["wrong"]["changes"]["passes"]])
    print(f"\nL1 passes {sum(good)} of {len(good)} gates; the wrong model is {'caught' if caught else 'NOT CAUGHT'}")
    return 0 if all(good) and caught else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
