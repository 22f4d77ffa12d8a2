#!/usr/bin/env python3
"""Writes experiments/STUDY/README.md of each study in a folder that `megascope reproduce` left: question, baseline, result, verdict.

usage: study_readmes.py FOLDER

The numbers are those of that run; the command that makes them stands beneath. Run it again when they have changed.
"""

import json
import sys
from pathlib import Path

EXPERIMENTS = Path(__file__).resolve().parent.parent


def shown(claim):
    if claim["ours"] is None:
        return "not run"
    unit = claim["unit"]
    return f"{claim['ours']:.4g}" + {"x": "x", "": ""}.get(unit, " " + unit)


def in_words(claim):
    if claim["ours"] is None:
        return "(not run)"
    return f"{claim['ours']:.3g}" + ("" if claim["unit"] in ("x", "") else " " + claim["unit"])


def constants_allow(claim):
    return f"{claim['low']:.3g} .. {claim['high']:.3g}" if claim.get("low") is not None else "-"


def readme(study, simulator):
    rows = [f"| {c['what']} | {c['published'] or '-'} | {shown(c)} | {constants_allow(c)} | {c['verdict']} | {c['why']} | {c['source'] or '-'} |"
            for c in study["claims"]]
    answer = study["answer"].format(*[in_words(c) for c in study["claims"]])
    return "\n".join([
        f"# {study['title']}", "", f"**Question.** {study['question']}", "", f"**Recipe.** [{study['id']}.json]({study['id']}.json)", "",
        f"**Baseline.** {study['baseline']}", "", f"**Result.** {answer}", "",
        "| what | published | ours | constants allow | verdict | why | source |", "|---|---|---|---|---|---|---|", *rows, "",
        f"Made by `megascope reproduce {study['id']} -o DIR` with simulator {simulator}; `experiments/report/study_readmes.py DIR` wrote this page.", ""])


def main(folder):
    results = json.loads((Path(folder) / "results.json").read_text(encoding="utf-8"))
    for study in results["studies"]:
        place = EXPERIMENTS / study["id"]
        if place.is_dir():
            (place / "README.md").write_text(readme(study, results["simulator"]), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
