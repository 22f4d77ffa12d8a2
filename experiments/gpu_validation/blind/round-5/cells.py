#!/usr/bin/env python3
"""The cells of round 5."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import LARGE, LARGEST, LLAMA, MIDDLE, SMALL, batch, dynamic, late, on, static, write  # noqa: E402

CALIBRATION = [
    *(static(w, "calibration") for w in (132, 121, 110, 90, 75, 66, 54, 42, 34)),
    *(static(w, "calibration", name=f"{LLAMA}-{w}-preload", preload="on") for w in (121, 75, 54)),
    *(dynamic("aot", w, s) for w, s in ((131, 2), (128, 15), (123, 33), (126, 0))),
    *(dynamic("hybrid", w, s) for w, s in ((131, 2), (129, 11), (127, 17), (125, 25), (123, 33), (126, 0))),
    *(dynamic("jit", w, s) for w, s in ((131, 2), (129, 11), (127, 17), (125, 25), (123, 33), (126, 0))),
    *(batch(t, w) for t, w in ((8, 128), (8, 90), (8, 54), (5, 128))),
    *(static(w, "calibration", SMALL) for w in (132, 75)),
    static(132, "calibration", SMALL, f"{SMALL}-132-preload", preload="on"),
    batch(8, 128, SMALL),
]
CELLS = [
    static(132, "seen", name="seen"),
    *(static(w) for w in (33, 36, 39, 45, 51, 57, 61, 65, 67, 71, 74, 78, 82, 86, 91, 95, 99, 103, 107, 114, 119, 123, 127, 130)),
    *(on(w) for w in (33, 65, 78, 95, 114)),
    static(132, "preload", name="seen-preload", preload="on", base="seen"),
    late(132, 3), late(65, 1), late(65, 4), late(95, 2),
    *(dynamic("hybrid", w, s) for w, s in ((132, 0), (131, 1), (131, 3), (130, 7), (129, 10), (128, 14), (127, 18), (125, 26), (124, 30), (123, 36))),
    *(dynamic("aot", w, s) for w, s in ((132, 0), (131, 1), (130, 6), (128, 14), (126, 22), (124, 30), (123, 35))),
    *(dynamic("jit", w, s) for w, s in ((132, 0), (131, 3), (130, 7), (128, 14), (126, 21), (124, 30), (123, 36))),
    static(114, "granularity", name="gcd-114", shape="--partition balanced --fuse norm-linear --events gcd"),
    static(95, "granularity", name="unfused-95", shape="--partition balanced --fuse none --events operator"),
    static(120, "partition", name="mpk-120", shape="--partition mpk --fuse norm-linear --events operator"),
    *(batch(t, w) for t, w in ((2, 132), (4, 132), (8, 114), (8, 65), (3, 95))),
    *(static(w, "model and split", SMALL) for w in (114, 57)),
    on(114, SMALL),
    batch(8, 114, SMALL), batch(4, 132, SMALL),
    *(static(w, "model and split", MIDDLE) for w in (132, 95, 61)),
    on(132, MIDDLE),
    batch(8, 132, MIDDLE), batch(4, 114, MIDDLE),
    *(static(w, "model and split", LARGE) for w in (132, 86)),
    *(static(w, "model and split", LARGEST) for w in (132, 65)),
    on(132, LARGEST), batch(8, 132, LARGEST),
]

write(here, CALIBRATION, CELLS)
