#!/usr/bin/env python3
"""The cells of round 6: those of round 5 at other splits."""
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
    *(static(w) for w in (35, 37, 40, 46, 52, 58, 62, 64, 68, 70, 73, 77, 81, 85, 92, 96, 98, 104, 108, 113, 118, 122, 126, 129)),
    *(on(w) for w in (35, 64, 77, 96, 113)),
    static(132, "preload", name="seen-preload", preload="on", base="seen"),
    late(132, 4), late(64, 1), late(64, 3), late(96, 2),
    *(dynamic("hybrid", w, s) for w, s in ((132, 0), (131, 1), (131, 4), (130, 6), (129, 9), (128, 13), (127, 19), (125, 27), (124, 31), (123, 35))),
    *(dynamic("aot", w, s) for w, s in ((132, 0), (131, 1), (130, 7), (128, 13), (126, 21), (124, 29), (123, 36))),
    *(dynamic("jit", w, s) for w, s in ((132, 0), (131, 4), (130, 6), (128, 13), (126, 22), (124, 29), (123, 35))),
    static(113, "granularity", name="gcd-113", shape="--partition balanced --fuse norm-linear --events gcd"),
    static(96, "granularity", name="unfused-96", shape="--partition balanced --fuse none --events operator"),
    static(116, "partition", name="mpk-116", shape="--partition mpk --fuse norm-linear --events operator"),
    *(batch(t, w) for t, w in ((2, 132), (4, 132), (8, 113), (8, 64), (3, 96))),
    *(static(w, "model and split", SMALL) for w in (113, 58)),
    on(113, SMALL),
    batch(8, 113, SMALL), batch(4, 132, SMALL),
    *(static(w, "model and split", MIDDLE) for w in (132, 96, 62)),
    on(132, MIDDLE),
    batch(8, 132, MIDDLE), batch(4, 113, MIDDLE),
    *(static(w, "model and split", LARGE) for w in (132, 85)),
    *(static(w, "model and split", LARGEST) for w in (132, 64)),
    on(132, LARGEST), batch(8, 132, LARGEST),
]

write(here, CALIBRATION, CELLS)
