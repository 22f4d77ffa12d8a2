#!/usr/bin/env python3
"""Writes report.html and its pictures from what `megascope reproduce` left in a folder: results.json, CSV, traces.

usage: paper_report.py FOLDER

Makes no number: it draws and typesets. A figure that cannot be drawn is named on stderr and in the report; the rest is still there,
and the exit status is 1.
"""

import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import charts  # noqa: E402
import paper_charts  # noqa: E402
from page import Page  # noqa: E402
from wording import answer_of, interval, sensitivity_of, shown  # noqa: E402

VERDICTS = ["explained", "insensitive", "unexplained"]
# How a figure was obtained: its `how` in results.json, and the short form of it.
HOWS = {
    "simulated with published constants": "published constants",
    "simulated with calibrated constants": "calibrated constants",
    "run on host threads": "host threads",
    "run on GPU": "GPU",
    "compiled": "compiler",
}


def read_rows(path):
    """Rows that have a prediction."""
    with open(path, newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if not row.get("refused")]


def short_how(claim):
    return HOWS.get(claim["how"], claim["how"].split(":")[0])


def percent(value):
    return "-" if value is None else "inside" if value == 0 else f"{value * 100:+.1f} %"


def is_met(claim):
    return claim["ours"] is not None and claim["error"] is not None and abs(claim["error"]) <= .1


def is_question(study):
    return study["title"].startswith("Question ")


class Report:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.results = json.loads((self.folder / "results.json").read_text(encoding="utf-8"))
        self.problems = list(self.results["problems"])
        self.page = Page("Megascope: the paper's experiments and its open questions")

    def claims(self):
        return [claim for study in self.results["studies"] for claim in study["claims"]]

    def picture(self, name, draw):
        """The inline SVG, kept as NAME.svg too; "" where there is nothing to show, or it could not be drawn: a problem then."""
        try:
            figure = draw()
        except (OSError, ValueError, KeyError, StopIteration) as error:
            self.problems.append(f"{name}: {error}")
            return ""
        if figure is None:  # nothing to show, and nothing wrong
            return ""
        svg = charts.as_svg(figure)
        charts.plt.close(figure)
        (self.folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        return svg

    def summary(self):
        claims = [c for c in self.claims() if c["published"]]
        published = [c for c in claims if c["reference"] == "published"]
        run = [c for c in published if c["ours"] is not None]
        here = [c for c in claims if c["reference"] == "measured here" and c["ours"] is not None]
        count = {v: sum(c["verdict"] == v for c in run) for v in VERDICTS}
        ways = {how: sum(short_how(c) == how and c["ours"] is not None for c in self.claims()) for how in HOWS.values()}
        self.page.text("Each number of the paper and of its users is held against ours. A verdict is a rule, not an opinion (last section); no constant was "
                       "fitted to these totals, and the machine files are frozen by hash.", "note")
        self.page.cards([
            (f"{sum(map(is_met, run))} of {len(run)}", f"published numbers that ours meets, each range 10 % wider at both ends; {len(published) - len(run)} more were not run"),
            (f"{count['explained']} / {count['insensitive']} / {count['unexplained']}", "of them explained / insensitive / unexplained"),
            (f"{sum(map(is_met, here))} of {len(here)}", "predictions within 10 % of what we measured ourselves on an H100"),
            (" / ".join(str(n) for n in ways.values()), "figures by " + " / ".join(ways)),
        ])
        self.by_study()
        self.questions()
        self.how_sure(run, here)

    def by_study(self):
        rows = []
        for study in self.results["studies"]:
            run = [c for c in study["claims"] if c["published"] and c["ours"] is not None]
            if run:
                rows.append([study["title"], f"{sum(map(is_met, run))} of {len(run)}",
                             *[str(sum(c["verdict"] == v for c in run) or "") for v in VERDICTS]])
        if rows:
            self.page.text("What holds, and what does not:")
            self.page.table(["study", ">inside", *[">" + v for v in VERDICTS]], rows)

    def questions(self):
        rows = [[study["title"].split(": ", 1)[-1], answer_of(study)] for study in self.results["studies"] if is_question(study)]
        if rows:
            self.page.text("The open questions, answered (each has its section, with what the answer is sensitive to):")
            self.page.table(["question", "answer"], rows)

    def how_sure(self, run, here):
        off = [c for c in run if not is_met(c)]
        if run:
            self.page.text(f"How sure: {len(off)} numbers lie outside. Of these, one switch accounts for half of the difference in "
                           f"{sum(c['verdict'] == 'explained' for c in off)}, the sources of the constants leave the answer open in "
                           f"{sum(c['verdict'] == 'insensitive' for c in off)}, and {sum(c['verdict'] == 'unexplained' for c in off)} "
                           "have no explanation that the simulator knows; what is a measurement of ours has no verdict. The largest are named next, each with its reason.")

    def overview(self):
        """All numbers in one picture, then those outside and those without a figure, with reasons."""
        self.page.heading("All numbers at a glance")
        run = [c for c in self.claims() if c["published"] and c["ours"] is not None]
        for name, reference, what in (("summary", "published", "what was published"), ("summary-measured", "measured here", "what we measured on an H100")):
            simulated = [c for c in run if c["how"].startswith("simulated") and c["reference"] == reference]
            svg = self.picture(name, lambda: paper_charts.claims_plot(simulated))
            if svg:
                self.page.figure(svg, f"Every simulated number against {what}, on the scale of that value. Dot: ours; hollow where the constants were calibrated. Line: what the "
                                 "machine file's open constants allow (16 joint draws from their ranges). A line that crosses the grey says that the "
                                 "point cannot decide against the model.", "megascope reproduce -o DIR")
        off = sorted((c for c in run if not is_met(c)), key=lambda c: -abs(c["error"]))
        if off:
            self.page.text("Outside the range, farthest first:")
            self.page.table(["number", ">reference", ">ours", ">error", "verdict", "why"],
                            [[c["id"], c["published"], shown(c), percent(c["error"]), c["verdict"], c["why"]] for c in off])
        missing = [c for c in self.claims() if c["ours"] is None]
        if missing:
            self.page.text("Without a figure:")
            self.page.table(["number", "", "why"], [[c["id"], c["verdict"], c["why"]] for c in missing])

    def study(self, study):
        self.page.heading(study["title"])
        self.page.text(study["question"])
        self.page.text("Baseline: " + study["baseline"], "note")
        command = f"megascope reproduce {study['id']} -o DIR"
        if study["answer"]:
            self.page.quote(answer_of(study))
        if study.get("sensitivity"):
            self.page.text("Sensitivity: " + sensitivity_of(study))
        if study.get("refusal"):
            self.page.text(f"{study['refused']} of {study['points']} points have no prediction: {study['refusal']}", "warning")
        table = self.folder / f"{study['id']}.csv"
        for figure in study["figures"]:
            self.figure(study, figure, table)
        self.claim_table(study["claims"], command)

    def figure(self, study, figure, table):
        if figure["kind"] == "timelines":
            return self.timelines(study, figure)
        if study["refused"] == study["points"]:
            return None
        svg = self.picture(figure["name"], lambda: paper_charts.chart(figure, read_rows(table), study["claims"]))
        if svg:
            self.page.figure(svg, figure["caption"], f"megascope sweep --spec DIR/{study['id']}.sweep.json -o DIR/points.db --format csv")
        return None

    def timelines(self, study, figure):
        """As the viewer drew them; where it drew none, our own, and it says so."""
        drawn = [(self.folder / file).with_suffix(".png") for file, _ in figure["traces"]]
        view = [f"megascope view DIR/{file}" for file, _ in figure["traces"]]
        if all(path.exists() for path in drawn):
            pictures = "".join(charts.png_from(path, title) for path, (_, title) in zip(drawn, figure["traces"]))
            self.page.figure(pictures, figure["caption"] + " Drawn by the viewer.", f"megascope reproduce {study['id']} -o DIR", *view)
            return
        svg = self.picture(figure["name"], lambda: paper_charts.timelines(figure, self.folder))
        if svg:
            self.page.figure(svg, figure["caption"] + " Drawn by this report: the build has no viewer.", f"megascope reproduce {study['id']} -o DIR", *view)

    def claim_table(self, claims, command):
        if not claims:
            return
        rows = [[c["what"], reference(c), shown(c), percent(c["error"]), interval(c), c["verdict"], c["why"] or decider(c), how(c)] for c in claims]
        self.page.table(["what", ">reference", ">ours", ">error", ">range", "verdict", "why; what decides", "obtained by"], rows)
        self.page.command(command)

    def rules(self):
        self.page.heading("How to read a verdict")
        self.page.text("explained: ours lies in the published range, 10 % wider, and some switch or some constant's range would move it out; or it lies "
                       "outside, and one mechanism's switch accounts for at least half of the difference. insensitive: nothing moves it out, so the point "
                       "cannot tell our model from one without its mechanisms; or it lies outside, but the open constants cover the published range. "
                       "unexplained: neither. measured: ours is a measurement, so that there is no model to judge.")
        self.page.text("range: of a simulated figure, what 16 joint draws of the machine's open constants span; of a measured one, what its launches or quartiles span. "
                       "obtained by: published constants = simulated with constants that others published; calibrated constants = simulated on a machine "
                       "file that was fitted to other runs; host threads = run on this machine's processor; GPU = run on a GPU, with which and when. What needs a GPU and "
                       "was not run says so; no simulation stands in for it.")
        self.page.text("Constants come from primitives and documented sources; the machine files, by hash: "
                       + ", ".join(f"{m} {h}" for m, h in self.results["machines"].items()) + f". Simulator {self.results['simulator']}, "
                       f"megascope {self.results['version']}.", "note")

    def write(self):
        self.summary()
        self.overview()
        for study in self.results["studies"]:
            self.study(study)
        self.rules()
        if self.problems:
            self.page.heading("What went wrong")
            for problem in self.problems:
                self.page.text(problem, "warning")
        (self.folder / "report.html").write_text(self.page.html(), encoding="utf-8")
        new = self.problems[len(self.results["problems"]):]
        for problem in new:
            print(problem, file=sys.stderr)
        return 1 if new else 0


def reference(claim):
    if not claim["published"]:
        return "-"
    return claim["published"] + (" (measured)" if claim["reference"] == "measured here" else "")


def how(claim):
    """With where and when, if it was run."""
    return short_how(claim) + (f": {claim['where']}" if claim["where"] else "")


def decider(claim):
    parts = []
    for key in ("strongest_switch", "strongest_constant"):
        if claim.get(key):
            parts.append(f"{claim[key]['name']} -> {claim[key]['value']:.3g}")
    return "; ".join(parts)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(Report(sys.argv[1]).write())
