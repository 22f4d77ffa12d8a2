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

VERDICTS = ["explained", "insensitive", "unexplained"]


def read_rows(path):
    """Rows that have a prediction."""
    with open(path, newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if not row.get("refused")]


def shown(claim, key="ours"):
    value = claim.get(key)
    if value is None:
        return "not run" if key == "ours" else "-"
    unit = claim["unit"]
    return f"{value:.4g}" + {"x": "x", "": ""}.get(unit, " " + unit)


def in_words(claim):
    """As it stands in a sentence: "1.07" times, "12.5 ms", "3.2 %"."""
    if claim["ours"] is None:
        return "(not run)"
    return f"{claim['ours']:.3g}" + ("" if claim["unit"] in ("x", "") else " " + claim["unit"])


def percent(value):
    return "-" if value is None else "inside" if value == 0 else f"{value * 100:+.1f} %"


def interval(claim):
    if claim.get("low") is None:
        return "-"
    return f"{claim['low']:.3g} .. {claim['high']:.3g}"


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
        published = [c for c in self.claims() if c["published"]]
        run = [c for c in published if c["ours"] is not None]
        simulated = [c for c in run if c["how"].startswith("simulated")]
        inside = [c for c in run if abs(c["error"]) <= .1]
        count = {v: sum(c["verdict"] == v for c in run) for v in VERDICTS}
        self.page.text("Everything here is a prediction with constants that others published, unless a line says otherwise; no constant was fitted to "
                       "these totals. A verdict is a rule, not an opinion: see the end of this page.", "note")
        self.page.cards([
            (f"{len(inside)} of {len(run)}", "published numbers that ours meets, each range 10 % wider at both ends"),
            (f"{count['explained']} / {count['insensitive']} / {count['unexplained']}", "explained / insensitive / unexplained"),
            (f"{len(published) - len(run)}", "published numbers not run: they need a GPU, or what the simulator refuses"),
            (f"{self.results['points']:,}", "points predicted in all, with every switch and constant varied"),
        ])
        svg = self.picture("summary", lambda: paper_charts.claims_plot(simulated))
        if svg:
            self.page.figure(svg, "Every simulated number against what was published, on the scale of the published value. Dot: ours. Line: what the "
                             "machine file's open constants allow (16 joint draws from their ranges). A line that crosses the grey says that the "
                             "point cannot decide against the model.", "megascope reproduce -o DIR")
        self.lists(run)

    def lists(self, run):
        by_study = []
        for study in self.results["studies"]:
            own = [c for c in run if c in study["claims"]]
            met = [c for c in own if abs(c["error"]) <= .1]
            if met:
                by_study.append(f"{study['id']} {len(met)} of {len(own)}")
        self.page.text("What holds: " + (", ".join(by_study) or "nothing") + ".")
        off = [c for c in run if abs(c["error"]) > .1]
        if off:
            self.page.text("What does not, and how sure that is:")
            self.page.table(["number", ">published", ">ours", ">error", "verdict", "why"],
                            [[c["id"], c["published"], shown(c), percent(c["error"]), c["verdict"], c["why"]] for c in off])
        missing = [c for c in self.claims() if c["ours"] is None]
        if missing:
            self.page.text("Not run:")
            self.page.table(["number", "why"], [[c["id"], c["why"]] for c in missing])

    def study(self, study):
        self.page.heading(study["title"])
        self.page.text(study["question"])
        self.page.text("Baseline: " + study["baseline"], "note")
        command = f"megascope reproduce {study['id']} -o DIR"
        if study["answer"]:
            self.page.quote(study["answer"].format(*[in_words(c) for c in study["claims"]]))
        if study.get("refusal"):
            self.page.text(f"{study['refused']} of {study['points']} points have no prediction: {study['refusal']}", "warning")
        table = self.folder / f"{study['id']}.csv"
        for figure in study["figures"]:
            self.figure(study, figure, table)
        self.claim_table(study["claims"], command)

    def figure(self, study, figure, table):
        if figure["kind"] == "timelines":
            svg = self.picture(figure["name"], lambda: paper_charts.timelines(figure, self.folder))
            commands = [f"megascope reproduce {study['id']} -o DIR", *[f"megascope view DIR/{file}" for file, _ in figure["traces"]]]
        else:
            if study["refused"] == study["points"]:
                return
            svg = self.picture(figure["name"], lambda: paper_charts.chart(figure, read_rows(table)))
            commands = [f"megascope sweep --spec DIR/{study['id']}.sweep.json -o DIR/points.db --format csv"]
        if svg:
            self.page.figure(svg, figure["caption"], *commands)

    def claim_table(self, claims, command):
        if not claims:
            return
        rows = [[c["what"], c["published"] or "-", shown(c), percent(c["error"]), interval(c), seeds(c),
                 c["verdict"], c["why"] or decider(c), c["how"]] for c in claims]
        self.page.table(["what", ">published", ">ours", ">error", ">constants allow", ">5 seeds", "verdict", "why; what decides", "how"], rows)
        self.page.command(command)

    def rules(self):
        self.page.heading("How to read a verdict")
        self.page.text("explained: ours lies in the published range, 10 % wider, and some switch or some constant's range would move it out; or it lies "
                       "outside, and one mechanism's switch accounts for at least half of the difference. insensitive: nothing moves it out, so the point "
                       "cannot tell our model from one without its mechanisms; or it lies outside, but the open constants cover the published range. "
                       "unexplained: neither.")
        self.page.text("Constants come from primitives and documented sources; the machine files, by hash: "
                       + ", ".join(f"{m} {h}" for m, h in self.results["machines"].items()) + f". Simulator {self.results['simulator']}, "
                       f"megascope {self.results['version']}.", "note")

    def write(self):
        self.summary()
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


def seeds(claim):
    if claim.get("seed_low") is None:
        return "-"
    return f"{claim['seed_low']:.3g} .. {claim['seed_high']:.3g}"


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
