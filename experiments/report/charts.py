"""Pictures of the report, each a function from numbers to an inline SVG or PNG."""

import base64
import html
import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402

matplotlib.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.grid.axis": "y", "grid.color": "#e3e6ea", "axes.axisbelow": True,
    "svg.fonttype": "path", "svg.hashsalt": "megascope", "legend.frameon": False,
})

PREDICTED = "#2b6cb0"
PREDICTED_SHADES = ["#2b6cb0", "#90cdf4"]
MEASURED = "#dd6b20"

# One colour an operator, the same in every picture. Names that are not here share the last colour.
OPERATOR_COLOURS = {
    "embedding": "#a0aec0", "embed": "#a0aec0", "input_norm": "#805ad5", "post_norm": "#b794f4", "final_norm": "#805ad5",
    "qkv": "#2b6cb0", "attention": "#e53e3e", "o_proj": "#63b3ed", "gate_up": "#2f855a", "silu_mul": "#d69e2e",
    "down": "#68d391", "lm_head": "#2c7a7b", "argmax_partial": "#ed64a6", "argmax_reduce": "#97266d",
}
OTHER_COLOUR = "#4a5568"


def colour_of(operator):
    return OPERATOR_COLOURS.get(operator, OTHER_COLOUR)


def as_svg(figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg"):]


def as_png(figure, path=None, dpi=110):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", dpi=dpi)
    plt.close(figure)
    if path is not None:
        path.write_bytes(buffer.getvalue())
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="" src="data:image/png;base64,{data}">'


def png_from(path, title):
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p class="note">{html.escape(title)}</p><img alt="{html.escape(title)}" src="data:image/png;base64,{data}">'


def draw_timeline(axes, timeline, title, begin, end):
    shown = [s for s in timeline.slices if s[3] >= begin and s[2] <= end]
    boxes = [[(s, lane - .42), (e, lane - .42), (e, lane + .42), (s, lane + .42)] for lane, _, s, e in shown]
    axes.add_collection(PolyCollection(boxes, facecolors=[colour_of(op) for _, op, _, _ in shown], linewidths=0))
    axes.set_xlim(begin, end)
    axes.set_ylim(timeline.lanes - .5, -.5)
    axes.set_title(title, loc="left", fontsize=9)
    axes.set_ylabel("worker")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(False)


def operator_legend(figure, operators):
    patches = [Patch(color=colour_of(op), label=op) for op in OPERATOR_COLOURS if op in operators]
    figure.legend(handles=patches, loc="lower center", ncol=7, fontsize=8, bbox_to_anchor=(.5, -.06 * 6 / figure.get_figheight()))


def timelines(entries, begin=0.0, end=None, row_height=1.5):
    """`entries`: (title, Timeline), one above the other on one time axis."""
    end = end if end is not None else max(t.length for _, t in entries)
    figure, axes = plt.subplots(len(entries), 1, figsize=(10, row_height * len(entries) + .5), sharex=True, squeeze=False)
    for row, (title, timeline) in zip(axes[:, 0], entries):
        draw_timeline(row, timeline, title, begin, end)
    axes[-1, 0].set_xlabel("us since the iteration began")
    figure.tight_layout()
    operator_legend(figure, {op for _, t in entries for _, op, _, _ in t.slices})
    return figure


def predicted_and_measured(labels, predicted, measured):
    """Grouped bars: median iteration times of each run, in ms."""
    figure, axes = plt.subplots(figsize=(10, .52 * len(labels) + .9))
    places = range(len(labels))
    axes.barh([p - .19 for p in places], measured, height=.36, color=MEASURED, label="measured")
    axes.barh([p + .19 for p in places], predicted, height=.36, color=PREDICTED, label="predicted")
    axes.set_yticks(list(places), labels)
    axes.invert_yaxis()
    axes.set_xlabel("median iteration, ms")
    axes.grid(axis="x", color="#e3e6ea")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower right", ncol=2, bbox_to_anchor=(1, 1))
    return figure


def policy_bars(names, series, floor):
    """`series`: label -> ms by name, bars side by side."""
    figure, axes = plt.subplots(figsize=(10, 2.8))
    width = .8 / len(series)
    for index, (label, milliseconds) in enumerate(series.items()):
        places = [n + (index - (len(series) - 1) / 2) * width for n in range(len(names))]
        bars = axes.bar(places, milliseconds, width=width * .92, label=label, color=PREDICTED_SHADES[index])
        axes.bar_label(bars, fmt="%.2f", padding=2, fontsize=7)
    axes.set_xticks(range(len(names)), names)
    axes.axhline(floor, color="#4a5568", linewidth=1, linestyle="--")
    axes.annotate(f"lower bound\n{floor:.2f} ms", (1, floor), xycoords=("axes fraction", "data"), xytext=(4, 0),
                  textcoords="offset points", va="center", fontsize=8, color="#4a5568")
    axes.set_ylabel("iteration, ms (predicted)")
    axes.legend(ncol=2, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1))
    return figure


def split_lines(panels):
    """`panels`: policy -> schedulers -> [(workers, ms)], one panel a policy on a common scale. One legend for all, beside them: over lines it hid some."""
    figure, axes = plt.subplots(1, len(panels), figsize=(10, 2.8), sharey=True, squeeze=False)
    for panel, (policy, series) in zip(axes[0], panels.items()):
        for index, (label, points) in enumerate(series.items()):
            panel.plot(*zip(*sorted(points)), marker="o", markersize=2.5, linewidth=1.2, label=label,
                       color=f"C{index}" if len(series) > 1 else "0.25")
        panel.set_title(policy, fontsize=9)
        panel.set_xlabel("workers")
    axes[0][0].set_ylabel("iteration, ms (predicted)")
    figure.tight_layout()
    most = max(axes[0], key=lambda panel: len(panel.lines))
    if len(most.lines) > 1:
        figure.legend(handles=most.lines, fontsize=8, title="schedulers", title_fontsize=8, loc="center left", bbox_to_anchor=(1, .5))
    return figure
