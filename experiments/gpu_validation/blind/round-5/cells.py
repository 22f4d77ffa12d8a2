#!/usr/bin/env python3
"""The cells of round 5."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{here}/..")
from cell_kinds import judged, write  # noqa: E402

write(here, judged(
    splits=(33, 36, 39, 45, 51, 57, 61, 65, 67, 71, 74, 78, 82, 86, 91, 95, 99, 103, 107, 114, 119, 123, 127, 130),
    preloads=(33, 65, 78, 95, 114), lates=((132, 3), (65, 1), (65, 4), (95, 2)),
    hybrid=((132, 0), (131, 1), (131, 3), (130, 7), (129, 10), (128, 14), (127, 18), (125, 26), (124, 30), (123, 36)),
    aot=((132, 0), (131, 1), (130, 6), (128, 14), (126, 22), (124, 30), (123, 35)),
    jit=((132, 0), (131, 3), (130, 7), (128, 14), (126, 21), (124, 30), (123, 36)),
    few=65, middle=95, many=114, grids=120, small=57, medium=61, large=86))
