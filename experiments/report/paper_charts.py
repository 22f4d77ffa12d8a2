"""Figures of `megascope reproduce`, each a function from rows of a study's CSV and a recipe's figure to a matplotlib figure.

A recipe's figure: name, kind (lines, bars, timelines), x, by (axes that make a series), y (a column; iteration_us unless told),
panel (an axis: one panel a value), where (axis: value or list; only these rows), relative_to (axis: value; y is the time of that
row over the row's own: above 1 is faster), saved_from (the same, as the part in % that the row saves), log_x, log_y, labels.
Rows that differ in their seed alone are one point: their mean, with a bar from the smallest to the largest.
"""

import statistics

import charts
from charts import plt
from results import Timeline

# What a scenario is made of: rows that are set against each other must agree in all of these but those that are named.
SCENARIO = ["model", "machine", "experts", "expert_skew", "batch_tokens", "requests", "context", "tp", "fuse", "partition", "set", "mechanism", "inject", "what_if",
            "seed", "events", "placement", "overlap", "policy", "worker_queue"]
FREE_FOR_KERNELS = {"partition", "placement", "events", "overlap", "set", "worker_queue"}  # kernels do not depend on these
KERNELS = {"stream", "graph", "pdl"}
COLOURS = {"hybrid": "#2b6cb0", "aot": "#2f855a", "jit": "#d69e2e", "static": "#805ad5", "stream": "#a0aec0", "graph": "#4a5568",
           "pdl": "#e53e3e"}
WORDS = {"": "all on", "hybrid": "hybrid", "aot": "aot", "jit": "jit", "static": "static", "stream": "stream", "graph": "graph", "pdl": "pdl",
         "qwen3-0.6b": "Qwen3-0.6B", "qwen3-1.7b": "Qwen3-1.7B", "qwen3-4b": "Qwen3-4B", "qwen3-8b": "Qwen3-8B",
         "qwen3-30b-a3b": "Qwen3-30B-A3B", "llama-3.2-1b": "Llama-3.2-1B", "llama-3.1-8b": "Llama-3.1-8B", "a100-40": "A100-40",
         "a100-80": "A100-80", "h100-sxm": "H100", "h200": "H200", "b200": "B200", "l4": "L4"}


X_LABELS = {"workers": "workers", "inject": "added to each notify", "tp": "GPUs", "policy": "policy"}


def word(axis, value):
    if value == "":
        return {"set": "default", "what_if": "as published", "inject": "none"}.get(axis, "all on")
    if axis in ("requests", "batch_tokens"):
        return f"batch {value}"
    if axis == "mechanism" and value.count("=off") == 1:
        return value.removesuffix("=off") + " off"
    for prefix in ("lm_head.tasks=", "notify_delay_us=", "bodies.linear.spread="):
        if value.startswith(prefix):
            return {"lm_head.tasks=": "{} tasks", "notify_delay_us=": "{} us", "bodies.linear.spread=": "spread {}"}[prefix].format(
                value[len(prefix):])
    return WORDS.get(value, value)


def fits(row, where):
    for axis, wanted in where.items():
        if str(row[axis]) not in [str(w) for w in (wanted if isinstance(wanted, list) else [wanted])]:
            return False
    return True


def time_of(row, figure):
    return float(row[figure.get("y", "iteration_us")])


def setting(row, axis):
    """What is off but for aot_enqueue: only hybrid knows that one, so that no baseline has it off."""
    return "+".join(w for w in row[axis].split("+") if w != "aot_enqueue=off") if axis == "mechanism" else row[axis]


def partner(rows, row, changed):
    """The row of the same scenario with the axes of `changed` at these values; none where there is none."""
    loose = set(changed) | (FREE_FOR_KERNELS if changed.get("policy") in KERNELS else set())
    for other in rows:
        if fits(other, changed) and all(setting(other, a) == setting(row, a) for a in SCENARIO if a not in loose):
            return other
    return None


def value_of(rows, row, figure):
    """What is drawn of a row: ms (or us of a span), a speed-up, or the part in % that it saves."""
    own = time_of(row, figure)
    if "relative_to" in figure:
        base = partner(rows, row, figure["relative_to"])
        return None if base is None else time_of(base, figure) / own
    if "saved_from" in figure:
        base = partner(rows, row, figure["saved_from"])
        return None if base is None else (1 - own / time_of(base, figure)) * 100
    return own if figure.get("y") == "span_us" else own / 1000


def sorted_values(rows, axis):
    values = {row[axis] for row in rows}
    try:
        return sorted(values, key=float)
    except ValueError:
        order = list(WORDS)
        return sorted(values, key=lambda v: (order.index(v) if v in order else len(order), v))


def series_of(rows, figure):
    """(series label, its policy where policies are told apart) -> x -> values (one a seed), for rows that have a value."""
    by = figure.get("by", [])
    shown = [axis for axis in by if len({row[axis] for row in rows}) > 1] or by[:1]
    series = {}
    for row in rows:
        value = row["_value"]
        if value is None:
            continue
        axes = [a for a in shown if not (row["policy"] in KERNELS | {"static"} and a == "schedulers")]
        label = ", ".join(word(a, row[a]) + (" schedulers" if a == "schedulers" else "") for a in axes)
        policy = row["policy"] if "policy" in by else None
        series.setdefault((label, policy), {}).setdefault(row[figure["x"]], []).append(value)
    return series


def ends(values):
    mean = statistics.fmean(values)
    return mean, mean - min(values), max(values) - mean


def draw_lines(axes, rows, figure):
    for index, ((label, policy), points) in enumerate(series_of(rows, figure).items()):
        xs = sorted(points, key=float)
        stats = [ends(points[x]) for x in xs]
        same = [key for key in series_of(rows, figure) if key[1] == policy]
        colour = COLOURS.get(policy, f"C{index}")
        style = ["-", "--", ":", "-."][same.index((label, policy)) % 4] if policy else "-"
        axes.errorbar([float(x) for x in xs], [m for m, _, _ in stats], yerr=[[lo for _, lo, _ in stats], [hi for _, _, hi in stats]],
                      marker="o", markersize=2.5, linewidth=1.3, linestyle=style, color=colour, label=label or None)
    if figure.get("log_x"):
        axes.set_xscale("log", base=2)
        ticks = sorted({float(row[figure["x"]]) for row in rows})
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()


def draw_bars(axes, rows, figure):
    series = series_of(rows, figure)
    groups = sorted_values([r for r in rows if r["_value"] is not None], figure["x"])
    width = .82 / max(1, len(series))
    for index, ((label, policy), points) in enumerate(series.items()):
        places = [g + (index - (len(series) - 1) / 2) * width for g, x in enumerate(groups) if x in points]
        stats = [ends(points[x]) for x in groups if x in points]
        colour = COLOURS.get(policy, f"C{index}")
        shade = 1
        if figure["x"] == "policy":
            colour = [COLOURS[x] for x in groups if x in points]
            shade = 1 - .55 * index / max(1, len(series) - 1)
        bars = axes.bar(places, [m for m, _, _ in stats], width=width * .94, color=colour, alpha=shade, label=label or None)
        if any(lo or hi for _, lo, hi in stats):
            axes.errorbar(places, [m for m, _, _ in stats], yerr=[[lo for _, lo, _ in stats], [hi for _, _, hi in stats]], fmt="none",
                          ecolor="#1a202c", linewidth=.8, capsize=2)
        if len(series) * len(groups) <= 16:
            axes.bar_label(bars, fmt="%.3g", padding=2, fontsize=7)
    tilted = sum(len(word(figure["x"], g)) for g in groups) > 45
    axes.set_xticks(range(len(groups)), [word(figure["x"], g) for g in groups], rotation=25 if tilted else 0,
                    ha="right" if tilted else "center", fontsize=8)


def finish(panel, figure, first):
    if "relative_to" in figure:
        panel.axhline(1, color="#1a202c", linewidth=.8, linestyle=":")
        low, high = panel.get_ylim()
        panel.set_ylim(min(low, .9), high * 1.04)
    if figure.get("log_y"):
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
        panel.yaxis.set_minor_formatter(lambda v, _: f"{v:g}" if round(v, 6) in (2, 3, 5, 7, 20, 30, 50) else "")
        panel.tick_params(axis="y", which="minor", labelsize=7)
    panel.set_xlabel(figure.get("x_label", X_LABELS.get(figure["x"], "")))
    if first:
        panel.set_ylabel(figure.get("y_label", ""))


def draw_measured(panel, figure, claims, of_panel):
    """figure["measured"]: [[x, claim] ...]; the measured figures of these claims as points with bars, on the panel that `measured_panel` names (all where there is none)."""
    if of_panel is not None and figure.get("measured_panel", of_panel) != of_panel:
        return
    by_name = {claim["id"].split("/")[-1]: claim for claim in claims}
    points = [(x, by_name[name]) for x, name in figure.get("measured", []) if by_name[name]["ours"] is not None]
    if not points:
        return
    ours = [c["ours"] for _, c in points]
    panel.errorbar([x for x, _ in points], ours, yerr=[[c["ours"] - c.get("low", c["ours"]) for _, c in points], [c.get("high", c["ours"]) - c["ours"] for _, c in points]],
                   fmt="D", color=charts.MEASURED, markersize=4.5, capsize=2, label="measured", zorder=4)


def chart(figure, rows, claims=()):
    """A matplotlib figure. Refuses, by name, a figure of which no row is left."""
    for row in rows:
        row["_value"] = value_of(rows, row, figure)
    rows = [row for row in rows if fits(row, figure.get("where", {})) and row["_value"] is not None
            and not ("saved_from" in figure and fits(row, figure["saved_from"]))]
    if not rows:
        raise ValueError(f"figure {figure['name']}: no row has what it shows")
    panels = sorted_values(rows, figure["panel"]) if "panel" in figure else [None]
    columns = min(len(panels), 3)
    lines = -(-len(panels) // columns)
    drawn, grid = plt.subplots(lines, columns, figsize=(10, 2.9 * lines + .3), sharey=figure["kind"] == "lines" and lines == 1,
                               squeeze=False)
    cells = list(grid.flat)
    for panel, value in zip(cells, panels):
        own = rows if value is None else [row for row in rows if row[figure["panel"]] == value]
        (draw_lines if figure["kind"] == "lines" else draw_bars)(panel, own, figure)
        draw_measured(panel, figure, claims, value)
        if value is not None:
            panel.set_title(word(figure["panel"], value), fontsize=9, loc="left")
    for place, panel in enumerate(cells[:len(panels)]):  # when all are drawn: limits are shared
        finish(panel, figure, place % columns == 0)
    for panel in cells[len(panels):]:
        panel.set_visible(False)
    drawn.tight_layout()
    handles = {}
    for panel in cells[:len(panels)]:
        handles.update(dict(zip(*reversed(panel.get_legend_handles_labels()))))
    if len(handles) > 1:
        drawn.legend(handles.values(), handles.keys(), loc="upper center", bbox_to_anchor=(.5, 0), ncol=min(6, len(handles)), fontsize=8)
    return drawn


def timelines(figure, folder):
    entries = [(title, Timeline.read(folder / file)) for file, title in figure["traces"]]
    return charts.timelines(entries, figure["begin"], figure["end"], row_height=2.2)


def claims_plot(claims):
    """Published range (grey), ours with the range of the joint draws, one line a claim; on the axis ours / published."""
    shown = [c for c in claims if c["ours"] is not None and c["published"] and c["unit"] in ("x", "ms", "%")]
    if not shown:
        return None
    drawn, axes = plt.subplots(figsize=(10, .27 * len(shown) + .9))
    colours = {"explained": "#2f855a", "insensitive": "#d69e2e", "unexplained": "#e53e3e"}
    for place, claim in enumerate(shown):
        ends_ = [float(w) for w in claim["published"].split(" .. ")]
        low, high = ends_[0], ends_[-1]
        middle = (low + high) / 2
        axes.barh(place, (high - low) / middle, left=low / middle, height=.6, color="#cbd5e0")
        axes.plot([1, 1] if low == high else [], [place - .3, place + .3] if low == high else [], color="#718096", linewidth=2)
        if claim.get("low") is not None:
            axes.plot([claim["low"] / middle, claim["high"] / middle], [place, place], color=colours[claim["verdict"]], linewidth=1.4)
        hollow = "calibrated" in claim["how"]
        axes.plot([claim["ours"] / middle], [place], "o", color=colours[claim["verdict"]], markersize=4.5,
                  markerfacecolor="white" if hollow else colours[claim["verdict"]])
    axes.set_yticks(range(len(shown)), [c["id"] for c in shown], fontsize=7.5)
    axes.invert_yaxis()
    axes.set_xscale("log")
    ticks = [.1, .2, .5, .75, 1, 1.5, 2, 4, 8]
    low, high = axes.get_xlim()
    axes.set_xticks([t for t in ticks if low <= t <= high], [f"{t:g}" for t in ticks if low <= t <= high])
    axes.minorticks_off()
    axes.grid(axis="x", color="#e3e6ea")
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("ours / middle of the published range (grey: the range)")
    for verdict, colour in colours.items():
        axes.plot([], [], "o-", color=colour, label=verdict, markersize=4.5)
    axes.legend(loc="lower center", bbox_to_anchor=(.5, 1), ncol=3, fontsize=8)
    return drawn
