#!/usr/bin/env python3
"""The cells of round 8: those of the rounds before at other splits, of the worker that lets a task start before it keeps its books."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(35, 37, 39, 43, 46, 50, 55, 59, 62, 65, 70, 74, 78, 82, 86, 92, 97, 101, 105, 108, 113, 118, 122, 130),
    preloads=(37, 62, 78, 97, 113), lates=((132, 3), (62, 1), (62, 4), (97, 2)),
    hybrid=((132, 0), (131, 4), (130, 6), (130, 8), (129, 12), (128, 13), (127, 19), (125, 26), (124, 32), (123, 35)),
    aot=((132, 0), (131, 3), (130, 5), (128, 13), (126, 24), (124, 32), (123, 35)),
    jit=((132, 0), (131, 4), (130, 8), (128, 13), (126, 23), (124, 32), (123, 35)),
    few=62, middle=97, many=113, grids=116, small=59, medium=70, large=86))
