#!/usr/bin/env python3
"""Makes one HTML page, which opens without a network, of what scripts/demo left in a folder.

usage: make_report.py FOLDER -o REPORT.html [--picture FILE.png]

Every figure and table has the command beneath that made its numbers. "Predicted" is what the simulator said, "measured" what a
clock of this machine said; nothing is fitted to the runs that are compared, except where the page says "calibrated".
--picture also writes the first timeline as a PNG file.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import charts  # noqa: E402
from page import Page  # noqa: E402
from results import Results  # noqa: E402

POLICIES = ["hybrid", "aot", "jit", "static", "stream", "graph", "pdl"]


def ms(us):
    return f"{us / 1000:.2f}"


def percent(fraction):
    return f"{fraction * 100:.1f} %"


def comparisons(results):
    names = (results.folder / "comparisons.txt").read_text(encoding="utf-8").split()
    return [(name, results.json(f"run-{name}.json"), results.json(f"compare-{name}.json")) for name in names]


def h100(results):
    return {policy: results.json(f"h100-{policy}.json") for policy in POLICIES}


def summary(page, results):
    answer = results.json("answer.json")
    errors = [c["end_to_end_error"] for _, _, c in comparisons(results)]
    predicted = h100(results)
    fastest = min(predicted, key=lambda policy: predicted[policy]["iteration_us"])
    facts = results.facts()
    page.text(
        f"A model was compiled to a task graph of {results.json('compile.json')['tasks']:,} tasks; host threads ran it for real, and a "
        "simulator predicted other runs of it on this machine after calibration on one. The same simulator predicts a GPU that is "
        "not here.")
    page.cards([
        (f"{1e6 / answer['iteration_us']:.1f} tokens/s", "measured decode rate, smollm2-135m, bf16, "
         f"{answer['workers']} threads of {facts['processor'] or 'this machine'}"),
        (percent(statistics.median(errors)), f"median error of the predicted iteration time over {len(errors)} runs that were not "
         f"calibrated on (largest {percent(max(errors))})"),
        (f"{ms(predicted[fastest]['iteration_us'])} ms", f"predicted iteration of Qwen3-8B on an H100 under its fastest policy, {fastest}; "
         f"under graph {ms(predicted['graph']['iteration_us'])} ms"),
    ])


def doubts(page, results):
    facts = results.facts()
    if facts["load"] >= facts["cores_online"]:
        page.text(f"This machine was busy when the runs began (load {facts['load']} on {facts['cores_online']} cores): times that are "
                  "called measured hold what else ran, and the errors of prediction with them.", "warning")


def the_answer(page, results):
    facts, answer = results.facts(), results.json("answer.json")
    page.heading("A real run")
    if facts["speaks"]:
        page.text("SmolLM2-135M-Instruct, its trained weights (4-bit, dequantised exactly), executed task by task:")
        page.quote(f"{facts['question']}\n→ {answer['text']}")
    else:
        page.text("There was no network to fetch trained weights: the weights are synthetic, and the tokens mean nothing.")
    page.text(f"Measured: {ms(answer['iteration_us'])} ms an iteration (median of {answer['iterations']}), "
              f"{answer['streamed_gb_per_second']:.2f} GB/s of weights and KV cache.")
    page.command(results.command("answer.json"))


def timeline_figure(results, picture):
    names = [name for name, _, _ in comparisons(results)]
    name = names[0]
    measured = results.timeline(f"measured-{name}.db")
    predicted = results.timeline(f"predicted-{name}.db", measured.iteration)
    # A few layers: boxes that can be seen.
    end = min(measured.length, predicted.length) / 10
    figure = charts.timelines([("predicted", predicted), ("measured", measured)], 0, end)
    caption = (f"The beginning of iteration {measured.iteration} of the run '{name}': each box is a task on its worker, coloured by "
               "operator. Above what the simulator said, below what the threads did.")
    html = charts.as_png(figure, path=picture)
    return html, caption, [results.command(f"simulate-{name}.json"), results.command(f"run-{name}.json")]


def compared_runs(page, results, picture):
    page.heading("Predicted and measured on this machine")
    rows = comparisons(results)
    page.text("Each run below is one that the machine was not calibrated on: another policy, partition, prompt or number of threads.")
    html, caption, commands = timeline_figure(results, picture)
    page.figure(html, caption, *commands)
    figure = charts.predicted_and_measured(
        [name for name, _, _ in rows], [c["predicted_iteration_us"] / 1000 for _, _, c in rows],
        [c["measured_iteration_us"] / 1000 for _, _, c in rows])
    page.figure(charts.as_svg(figure), "Median iteration time, predicted and measured, warm-up left out.")
    page.table(
        ["run", "policy", ">threads", ">predicted ms", ">measured ms", ">again ms", ">error", ">same worker", ">order τ",
         ">start in layer us",
         ">duration error"],
        [[name, run["policy"], f"{run['workers']}+{run['schedulers']}", ms(c["predicted_iteration_us"]), ms(c["measured_iteration_us"]),
          ms(results.json(f"again-{name}.json")["iteration_us"]), percent(c["end_to_end_error"]),
          percent(c["placement_agreement"]), f"{c['order_agreement']:.3f}",
          f"{c['layer_start_error_us']['median']:.1f}", percent(c["duration_error"]["median"])] for name, run, c in rows])
    page.text("threads: workers + schedulers. again: a second run of the same, without a trace: no prediction can be "
              "closer than runs are to each other. Start in layer and duration error are medians over tasks.", "note")
    page.command(*[results.command(f"compare-{name}.json") for name, _, _ in rows])


def predicted_h100(page, results):
    predicted = h100(results)
    page.heading("Predicted: Qwen3-8B on an H100")
    page.text("No H100 was used for this: machine numbers come from published measurements ('megascope machines h100-sxm' shows each "
              "with its source). One request, one token an iteration, 1,024 tokens of context.")
    bound = min(p["lower_bound_us"] / p["iterations"] for p in predicted.values()) / 1000
    balanced = {row["policy"]: float(row["iteration_us"]) for row in results.rows("h100-balanced.csv")}
    series = {"mpk partition (as published)": [predicted[policy]["iteration_us"] / 1000 for policy in POLICIES],
              "balanced partition": [balanced[policy] / 1000 for policy in POLICIES]}
    page.figure(charts.as_svg(charts.policy_bars(POLICIES, series, bound)),
                "Predicted iteration under each policy; hybrid to static are megakernels, stream to pdl launch a kernel an operator.")
    page.table(
        ["policy", ">iteration ms", ">balanced ms", ">tokens/s", ">of the datasheet's bandwidth", ">lower bound ms"],
        [[policy, ms(p["iteration_us"]), ms(balanced[policy]), f"{p['tokens_per_second']:.1f}", percent(p["hbm_fraction"]),
          ms(p["lower_bound_us"] / p["iterations"])] for policy, p in predicted.items()])
    page.text("All columns but 'balanced' are of the mpk partition; the lower bound is one that no schedule of these tasks beats.", "note")
    page.command(*[results.command(f"h100-{policy}.json") for policy in POLICIES], results.command("h100-balanced.csv"))
    splits(page, results)
    timeline = results.timeline("h100-hybrid.db")
    layer = timeline.length / 36
    figure = charts.timelines([("hybrid, predicted: 128 workers", timeline)], layer * 4, layer * 6, row_height=4.5)
    page.figure(charts.as_png(figure), "About two of the 36 layers: each row is a worker, each box a task.",
                results.command("h100-hybrid.json"))


def splits(page, results):
    rows = results.rows("h100-splits.csv")
    panels = {}
    for row in rows:
        series = panels.setdefault(row["policy"], {})
        series.setdefault(row["schedulers"], []).append((int(row["workers"]), float(row["iteration_us"]) / 1000))
    page.figure(charts.as_svg(charts.split_lines(panels)), "Predicted iteration for each split of the 132 SMs (4 schedulers take one).")
    best = {}
    for row in rows:
        if row["policy"] not in best or float(row["iteration_us"]) < float(best[row["policy"]]["iteration_us"]):
            best[row["policy"]] = row
    page.table(["policy", ">best workers", ">best schedulers", ">iteration ms", ">tokens/s"],
               [[r["policy"], r["workers"], r["schedulers"], ms(float(r["iteration_us"])), f"{float(r['tokens_per_second']):.1f}"]
                for r in best.values()])
    page.command(results.command("h100-splits.csv"))


def this_machine(page, results):
    page.heading("This machine: primitives and calibration")
    page.table(["primitive", ">measured", "unit", ">spread"],
               [[p["name"], f"{p['value']:.4g}", p["unit"], percent(p["spread"])] for p in results.json("primitives.json")])
    page.command(results.command("primitives.json"))
    calibration = results.json("calibration.json")
    page.text("Numbers fitted to one measured run; all others stay as measured above. Residual: median relative distance of the "
              "records from the fit.")
    page.table(["number", ">before", ">fitted", ">residual", ">records"],
               [[n["path"], f"{n['before']:.4g}", f"{n['value']:.4g}", percent(n["residual"]), n["count"]]
                for n in calibration["numbers"]])
    for note in calibration["notes"]:
        page.text(note, "note")
    page.command(results.command("calibration-run.json"), results.command("calibration.json"))


def the_graph(page, results):
    page.heading("The task graph")
    c = results.json("compile.json")
    page.table(["operators", ">tasks", ">events", ">task pairs", ">pairs an event", ">compile time ms"],
               [[c["operators"], f"{c['tasks']:,}", f"{c['events']:,}", f"{c['task_pairs']:,}", f"{c['event_fusion_ratio']:.1f}",
                 f"{c['compile_seconds'] * 1000:.1f}"]])
    page.command(results.command("compile.json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--picture", type=Path, help="also write the first timeline as PNG")
    arguments = parser.parse_args()
    results = Results(arguments.folder)
    page = Page("Megascope: one task graph, predicted and measured")
    summary(page, results)
    doubts(page, results)
    the_answer(page, results)
    compared_runs(page, results, arguments.picture)
    predicted_h100(page, results)
    this_machine(page, results)
    the_graph(page, results)
    arguments.output.write_text(page.html(), encoding="utf-8")


if __name__ == "__main__":
    main()
