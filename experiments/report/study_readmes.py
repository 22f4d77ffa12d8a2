#!/usr/bin/env python3
"""Writes experiments/STUDY/README.md of each study in a folder that `megascope reproduce` left: question, baseline, result, verdict.

usage: study_readmes.py FOLDER

The numbers are those of that run; the command that makes them stands beneath. Run it again when they have changed.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from wording import answer_of, interval, sensitivity_of, shown  # noqa: E402

EXPERIMENTS = Path(__file__).resolve().parent.parent


def readme(study, simulator):
    rows = [f"| {c['what']} | {c['published'] or '-'} | {shown(c)} | {interval(c)} | {c['verdict']} | {c['why']} | {how(c)} | {c['source'] or '-'} |"
            for c in study["claims"]]
    sensitivity = ["**Sensitivity.** " + sensitivity_of(study), ""] if study.get("sensitivity") else []
    return "\n".join([
        f"# {study['title']}", "", f"**Question.** {study['question']}", "", f"**Recipe.** [{study['id']}.json]({study['id']}.json)", "",
        f"**Baseline.** {study['baseline']}", "", f"**Result.** {answer_of(study)}", "", *sensitivity,
        "| what | reference | ours | range | verdict | why | obtained by | source |", "|---|---|---|---|---|---|---|---|", *rows, "",
        f"Made by `megascope reproduce {study['id']} -o DIR` with simulator {simulator}; `experiments/report/study_readmes.py DIR` wrote this page.", ""])


def how(claim):
    return claim["how"] + (f": {claim['where']}" if claim["where"] else "")


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
